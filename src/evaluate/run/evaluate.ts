import { createHash } from "node:crypto";
import { filledText, integer, invalidArgument } from "../../check.js";
import { ImageError } from "../../errors.js";
import { diagnose, version } from "../../index.js";
import { attacksNamed, suiteVersion } from "../attacks/suite.js";
import { each } from "./each.js";
import { jobOf, type Listed, type ListItem, makeList } from "./list.js";
import { type Measured, methodKey, rowFrom } from "./measured.js";
import { fastMethod, plainMethod } from "../methods/hashes.js";
import type { EvaluationMethod } from "../methods/method.js";
import { checkEvaluation, type EvaluateOptions } from "./options.js";
import { plan, type PlannedQuery } from "./plan.js";
import { Pool } from "./pool.js";
import { reportOf } from "../report/report.js";
import type { EvaluationReport } from "../report/types.js";
import { sharpVersions, workingSide } from "../sharp.js";
import { keyOf, type Row, State } from "./state.js";
import { evaluateClips } from "../video/clips.js";
import { editsNamed } from "../video/edits.js";

function checkMethods(methods: readonly EvaluationMethod[]): readonly EvaluationMethod[] {
  if (!Array.isArray(methods) || methods.length === 0) throw invalidArgument("methods", "array of methods", methods);
  for (const method of methods) {
    if (typeof method?.name !== "string" || typeof method.prepare !== "function" || typeof method.find !== "function") {
      throw invalidArgument("methods", "array of {name, bits, radius, prepare, find}", method);
    }
    integer("bits", method.bits, 1, 65_535);
    integer("radius", method.radius, 0, method.bits);
    if (method.reviewRadius !== undefined) integer("reviewRadius", method.reviewRadius, method.radius, method.bits);
  }
  if (new Set(methods.map(({ name }) => name)).size < methods.length) {
    throw invalidArgument("methods", "methods of different names", methods);
  }
  return methods;
}

/** Returns the versions that a row depends on besides its query and method. */
async function versionsOf(): Promise<Record<string, string>> {
  const { kernel } = await diagnose();
  const node = process.version;
  return { empreinte: version, suite: String(suiteVersion), ...sharpVersions(), node, kernel: kernel ?? "none" };
}

function headerOf(items: readonly ListItem[], seed: number, versions: Record<string, string>): string {
  const list = createHash("sha256");
  for (const { name, digest } of items) list.update(`${name}\u0000${digest}\n`);
  const { empreinte, suite, sharp, libvips } = versions;
  const by = { empreinte, suite, sharp, libvips, workingSide, seed, list: list.digest("hex") };
  return JSON.stringify({ empreinteEvaluation: 1, ...by });
}

/** Makes the error for a folder without anything to measure. */
function nothingListed(folder: string, { unreadable, lowQuality }: Listed): ImageError {
  const [first] = unreadable;
  const reasons = [
    ...(first === undefined ? [] : [`${first.name}: ${first.reason}`]),
    ...(lowQuality.length === 0 ? [] : [`${lowQuality[0]!.name} has quality ${lowQuality[0]!.quality}`]),
  ];
  const why = reasons.length === 0 ? "" : ` (${reasons.join("; ")})`;
  return new ImageError("ERR_EMPREINTE_EMPTY", `${folder} has no image that can be listed${why}`);
}

/**
 * Measures how well altered copies of the images in a folder are found. It applies the attack suite to each image,
 * searches for the results with each method among the originals, unrelated and generated images, and counts.
 *
 * The same images, seed and versions give the same figures, except for times. Images that are equal byte for byte count
 * once. Originals within 31 bits of one another count as the same image. The report names files that cannot be read.
 *
 * @param folder the folder of the originals, with all folders in it.
 * @throws {InvalidArgumentError} `ERR_EMPREINTE_INVALID_ARGUMENT` for an option that does not fit.
 * @throws {ImageError} `ERR_EMPREINTE_READ` for a folder that cannot be read, `ERR_EMPREINTE_EMPTY` for one without a
 * usable image.
 * @throws {EmpreinteError} `ERR_EMPREINTE_WRITE` if the state cannot be written; or the signal's reason.
 *
 * @example
 * const report = await evaluate("photos", { attacks: "quick" });
 * console.log(report.methods.map(({ name, recall }) => [name, recall.match]));
 */
export async function evaluate(folder: string, options?: EvaluateOptions): Promise<EvaluationReport> {
  const given = checkEvaluation(options);
  filledText("folder", folder, "path");
  const attacks = attacksNamed(given.attacks);
  const { methods: givenMethods = [plainMethod(), fastMethod()] } = given;
  const methods = checkMethods(givenMethods);
  const { generated, similar, changes, seed, concurrency, listSize, queriesPerDay, previews, onProgress, signal } =
    given;
  signal?.throwIfAborted();
  const versions = await versionsOf();
  const pool = new Pool(concurrency);
  try {
    let images = 0;
    const onImage = (): void => onProgress?.({ step: "list", done: ++images, total: undefined });
    const { unrelated } = given;
    const listed = await makeList(
      { originals: folder, unrelated, generated, similar, seed, concurrency, signal, onImage },
      pool,
    );
    const { items } = listed;
    if (!items.some(({ stratum }) => stratum === "original") && listed.videos.length === 0)
      throw nothingListed(folder, listed);
    const state = await State.open(given.folder, headerOf(items, seed, versions), given.restart);
    const failed: Measured["failed"] = [];
    try {
      const queries = plan(items, attacks, changes, seed);
      const open = methods.map((method) => ({ method, key: methodKey(method) }));
      const missing = (query: PlannedQuery): typeof open =>
        open.filter(({ key }) => !state.rows.has(keyOf(query.name, key)));
      const todo = queries.filter((query) => missing(query).length > 0);
      if (todo.length > 0) for (const { method } of open) await method.prepare(items);
      let done = queries.length - todo.length;
      await each(todo, 2 * concurrency, async (query) => {
        signal?.throwIfAborted();
        let bytes: Uint8Array;
        try {
          bytes = await pool.make(jobOf(items[query.listIndex]!, query.attack, seed));
        } catch (error) {
          failed.push({ name: query.name, reason: (error as Error).message });
          return;
        }
        for (const { method } of missing(query)) {
          signal?.throwIfAborted();
          const start = performance.now();
          const answer = await method.find({ name: query.name, bytes });
          state.add(rowFrom(query, method, items, answer, performance.now() - start));
        }
        onProgress?.({ step: "queries", done: ++done, total: queries.length });
      });
      const onClip = (count: number, total: number): void => onProgress?.({ step: "videos", done: count, total });
      const edits = editsNamed(given.attacks);
      // Clips are searched at the level of the images, and at least at "standard".
      const level = methods.some(({ name }) => name === "thorough") ? "thorough" : "standard";
      const clips = await evaluateClips(listed.videos, edits, state, { seed, level, concurrency, signal, onClip });
      await state.flush();
      const rowOf = (query: PlannedQuery, method: EvaluationMethod): Row | undefined =>
        state.rows.get(keyOf(query.name, methodKey(method)));
      const measured: Measured = {
        listed,
        attacks,
        methods,
        queries,
        rowOf,
        failed,
        clips,
        versions,
        seed,
        listSize,
        queriesPerDay,
      };
      return await reportOf(measured, { pool, previews, signal });
    } finally {
      await state.close();
    }
  } finally {
    await pool.close();
    for (const method of methods) method.close?.();
  }
}
