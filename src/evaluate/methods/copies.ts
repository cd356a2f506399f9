import { type CopyLevel, hashWithCrops, HashIndex } from "../../index.js";
import type { LocalIndex } from "../../doors/local.js";
import { matchRadius, leastQuality, reviewRadius } from "../../thresholds.js";
import type { EvaluationAnswer, EvaluationMethod, EvaluationQuery } from "./method.js";

/**
 * Measures the search for altered copies at a level, among the hashes of the listed images.
 *
 * @param level the level of the search. Default `"standard"`.
 *
 * @example
 * const report = await evaluate("photos", { methods: [plainMethod(), copiesMethod("thorough")] });
 */
export function copiesMethod(level: CopyLevel = "standard"): EvaluationMethod {
  let index: HashIndex | undefined;
  return {
    name: level,
    bits: 256,
    radius: matchRadius,
    reviewRadius,
    prepare(list) {
      index = new HashIndex({ memory: "rows" });
      index.addManySync(
        list.map((_, listIndex) => listIndex),
        list.map(({ hash }) => hash),
      );
    },
    find: (query) => search(index!, query, level),
    close: () => index?.close(),
  };
}

/**
 * Measures the search for altered copies at a level, where every listed image was added with the hashes of its crops.
 *
 * @param level the level of the search. Default `"thorough"`.
 *
 * @example
 * const report = await evaluate("photos", { methods: [plainMethod(), registeredMethod()] });
 */
export function registeredMethod(level: CopyLevel = "thorough"): EvaluationMethod {
  let index: HashIndex | undefined;
  return {
    name: level === "thorough" ? "registered" : `registered-${level}`,
    bits: 256,
    radius: matchRadius,
    reviewRadius,
    async prepare(list) {
      index = new HashIndex({ memory: "rows" });
      for (const [listIndex, { name, bytes }] of list.entries()) {
        index.addWithCrops(listIndex, await hashWithCrops(await bytes(), { level: "thorough", name }));
      }
    },
    find: (query) => search(index!, query, level),
    close: () => index?.close(),
  };
}

const search = (index: HashIndex, query: EvaluationQuery, level: CopyLevel): Promise<EvaluationAnswer> =>
  searchIn(index, query, { level });

/** Searches an index whose ids are the positions in the list. */
export async function searchIn(
  index: HashIndex,
  { bytes }: EvaluationQuery,
  options: { level: CopyLevel; local?: LocalIndex },
): Promise<EvaluationAnswer> {
  const { matches, quality, stages } = await index.searchImage(bytes, options);
  return {
    matches: matches.map(({ id, distance, tier, view }) => ({
      listIndex: id,
      distance,
      ...(tier && { tier }),
      ...(view && { view }),
    })),
    usable: quality >= leastQuality,
    hashes: stages.reduce((sum, stage) => sum + stage.hashes, 0),
    stages,
  };
}
