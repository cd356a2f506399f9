import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { checkCallback, checkOptions, checkSignal, filledText } from "../../check.js";
import { unwritable } from "../../errors.js";
import { sniffImage } from "../../index.js";
import { attacksNamed } from "../attacks/suite.js";
import { each } from "./each.js";
import { jobOf, makeList } from "./list.js";
import { checkFolder, checkImages, type EvaluateOptions } from "./options.js";
import { plan } from "./plan.js";
import { Pool } from "./pool.js";

/** Options of `writeAttackedImages`. Except for `onProblem` they are those of `evaluate`. */
export interface WriteImagesOptions extends Pick<
  EvaluateOptions,
  "attacks" | "unrelated" | "generated" | "unrelatedAttacks" | "seed" | "concurrency" | "onProgress" | "signal"
> {
  /** Called for each file that cannot be read, and each altered image that could not be made. They are left out. */
  onProblem?: (problem: { name: string; reason: string }) => void;
}

const optionNames = [
  "attacks",
  "unrelated",
  "generated",
  "unrelatedAttacks",
  "seed",
  "concurrency",
  "onProgress",
  "onProblem",
  "signal",
] as const;

const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;

/**
 * Writes the images that `evaluate` searches for, altered and not, for hashers elsewhere. The files have numbers as
 * names. queries.csv has the columns file, query and image (the listed image that it is a copy of). The queries
 * "none/…" are the listed images themselves. The images are not blurred; remove them when you are done.
 *
 * @param folder the folder of the originals.
 * @param out the folder to write to. It is created with mode 0700.
 * @returns how many images were written.
 * @throws {InvalidArgumentError} `ERR_EMPREINTE_INVALID_ARGUMENT` for an option that does not fit.
 * @throws {ImageError} `ERR_EMPREINTE_READ` for a folder that cannot be read.
 * @throws {EmpreinteError} `ERR_EMPREINTE_WRITE` if a file cannot be written; or the signal's reason.
 *
 * @example
 * const count = await writeAttackedImages("photos", "attacked", { attacks: "quick" });
 */
export async function writeAttackedImages(folder: string, out: string, options?: WriteImagesOptions): Promise<number> {
  const given = checkOptions(options, optionNames);
  filledText("folder", folder, "path");
  filledText("out", out, "path");
  const { onProblem, onProgress, attacks: attackNames = "suite" } = given;
  checkCallback("onProblem", onProblem);
  checkCallback("onProgress", onProgress);
  const attacks = attacksNamed(attackNames);
  const { generated, similar, changes, seed, concurrency } = checkImages(given);
  const unrelated = checkFolder("unrelated", given.unrelated);
  const signal = checkSignal(given.signal);
  const pool = new Pool(concurrency);
  try {
    const onImage = (): void => {};
    const { items, unreadable } = await makeList(
      { originals: folder, unrelated, generated, similar, seed, concurrency, signal, onImage },
      pool,
    );
    for (const problem of unreadable) onProblem?.({ ...problem });
    const queries = plan(items, attacks, changes, seed);
    const lines = queries.map(() => "");
    let done = 0;
    try {
      await mkdir(out, { recursive: true, mode: 0o700 });
      await each(queries, 2 * concurrency, async (query, i) => {
        signal?.throwIfAborted();
        const making = pool.make(jobOf(items[query.listIndex]!, query.attack, seed));
        const bytes = await making.catch(
          ({ message: reason }: Error) => void onProblem?.({ name: query.name, reason }),
        );
        if (bytes !== undefined) {
          const file = `${String(i).padStart(7, "0")}.${sniffImage(bytes) ?? "bin"}`;
          await writeFile(join(out, file), bytes, { mode: 0o600 });
          lines[i] = `${file},${quoted(query.name)},${quoted(items[query.listIndex]!.name)}\n`;
        }
        onProgress?.({ step: "queries", done: ++done, total: queries.length });
      });
      await writeFile(join(out, "queries.csv"), `file,query,image\n${lines.join("")}`, { mode: 0o600 });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
      throw unwritable(out, error);
    }
    return lines.filter((line) => line !== "").length;
  } finally {
    await pool.close();
  }
}
