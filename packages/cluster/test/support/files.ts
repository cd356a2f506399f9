/** What is in the files below a folder. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { lying } from "../../../../test/support/bank/bytes.ts";

/**
 * Which of the hashes are in a file below the folder, in whole or in half. Not for an open store of this process:
 * reading its file here would release its locks.
 */
export function hashesBelow(folder: string, values: readonly string[]): string[] {
  if (!existsSync(folder)) return [];
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => join(folder, name));
  const bytes = files.filter((file) => statSync(file).isFile()).map((file) => readFileSync(file));
  return lying(folder, values, Buffer.concat(bytes));
}
