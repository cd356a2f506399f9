/** What is in the files of a store, byte for byte. */
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { rowInIndexFile } from "../hashes.ts";

/**
 * Every file of the store's folder, whatever its name: the store, its log, the snapshot, what was left behind. Read by
 * another process: one that closes a file loses all its locks on it, and SQLite's in this process are among them.
 */
export function everyByte(of: string): Buffer {
  const names = readdirSync(of).map((name) => join(of, name));
  const { status, stdout } = spawnSync("cat", names, { maxBuffer: 2 ** 30 });
  if (status !== 0) throw new Error("the files could not be read");
  return stdout;
}

/** Which of the hashes lie somewhere in the folder: half a hash is enough, as bytes, as text or as an index file has it. */
export function lying(of: string, values: readonly string[], bytes: Buffer = everyByte(of)): string[] {
  return values.filter((value) => {
    const all = Buffer.from(value, "hex");
    const forms = [all.subarray(0, 16), all.subarray(16), value.slice(0, 32), value.slice(32), all.toString("base64")];
    return [...forms, rowInIndexFile(value)].some((form) => bytes.includes(form));
  });
}
