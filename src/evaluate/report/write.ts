import { mkdir, open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { EmpreinteError, systemReason } from "../../errors.js";
import { csvOf } from "./csv.js";
import { htmlOf } from "./html.js";
import type { EvaluationReport } from "./types.js";

/** The file as a whole or not at all. */
async function write(path: string, text: string): Promise<void> {
  const beside = `${path}.${process.pid}.tmp`;
  try {
    const file = await open(beside, "w", 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true }).catch(() => {});
    throw new EmpreinteError("ERR_EMPREINTE_WRITE", `${path} cannot be written: ${systemReason(error)}`, {
      cause: error,
    });
  }
}

/**
 * Writes report.json, report.csv and report.html, each with mode 0600, into a folder, which it makes. The page needs no
 * other file, and shows images only as blurhashes.
 * @throws {EmpreinteError} `ERR_EMPREINTE_WRITE` when a file cannot be written.
 */
export async function writeEvaluation(report: EvaluationReport, folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
  } catch (error) {
    throw new EmpreinteError("ERR_EMPREINTE_WRITE", `${folder} cannot be written: ${systemReason(error)}`, {
      cause: error,
    });
  }
  await write(join(folder, "report.json"), `${JSON.stringify(report, undefined, 1)}\n`);
  await write(join(folder, "report.csv"), csvOf(report));
  await write(join(folder, "report.html"), await htmlOf(report));
}
