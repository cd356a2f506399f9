import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { unwritable } from "../../errors.js";
import { replaceFile, writeAll } from "../../files/atomic-file.js";
import { csvOf } from "./csv.js";
import { htmlOf } from "./html.js";
import type { EvaluationReport } from "./types.js";

/**
 * Writes a report into a folder, as report.json, report.csv and report.html, each of mode 0600. The folder is created.
 * The page needs no other file, and shows images only as blurhashes.
 *
 * @throws {EmpreinteError} `ERR_EMPREINTE_WRITE` if the folder or a file cannot be written.
 *
 * @example
 * await writeEvaluation(await evaluate("photos"), "report");
 */
export async function writeEvaluation(report: EvaluationReport, folder: string): Promise<void> {
  const write = async (name: string, text: string): Promise<void> => {
    const path = join(folder, name);
    await replaceFile(path, (descriptor) => writeAll(descriptor, Buffer.from(text))).catch(refuse(path));
  };
  await mkdir(folder, { recursive: true }).catch(refuse(folder));
  await write("report.json", `${JSON.stringify(report, undefined, 1)}\n`);
  await write("report.csv", csvOf(report));
  await write("report.html", await htmlOf(report));
}

/** Names the file or folder that could not be written. */
function refuse(path: string): (cause: unknown) => never {
  return (cause) => {
    throw unwritable(path, cause);
  };
}
