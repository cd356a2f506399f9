import { hashWithCrops } from "../../copies/crop-hashes.js";
import type { CopyLevel } from "../../copies/types.js";
import { matchRadius, minQuality, reviewRadius } from "../../hash/thresholds.js";
import { HashIndex } from "../../search/hash-index.js";
import type { IndexMatch } from "../../search/match.js";
import type { ImageSearchResult } from "../../search/search-image.js";
import type { EvaluationMethod, FoundEntries } from "./methods.js";

function foundEntries({ matches, quality, stages }: ImageSearchResult<IndexMatch>): FoundEntries {
  return {
    entries: matches.map(({ id, distance, tier, view }) => ({
      entry: id,
      distance,
      ...(tier && { tier }),
      ...(view && { view }),
    })),
    usable: quality >= minQuality,
    hashes: stages.reduce((sum, stage) => sum + stage.hashes, 0),
    stages,
  };
}

/**
 * `HashIndex.searchImage` at a level, among standard hashes.
 * @param level default `"standard"`.
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
        list.map((_, entry) => entry),
        list.map(({ hash }) => hash),
      );
    },
    async find({ bytes }) {
      return foundEntries(await index!.searchImage(bytes, { level }));
    },
    close: () => index?.close(),
  };
}

/**
 * `HashIndex.searchImage` at a level, where every image of the list was added with the hashes of its crops.
 * @param level default `"thorough"`.
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
      for (const [entry, { name, bytes }] of list.entries()) {
        index.addWithCrops(entry, await hashWithCrops(await bytes(), { level: "thorough", name }));
      }
    },
    async find({ bytes }) {
      return foundEntries(await index!.searchImage(bytes, { level }));
    },
    close: () => index?.close(),
  };
}
