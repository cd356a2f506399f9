import { findCopies } from "../../copies/search-copies.js";
import type { CopyLevel, CopyMatch } from "../../copies/types.js";
import { addRegistration, hashWithCrops, registeredEntry } from "../../copies/crop-hashes.js";
import { HashIndex } from "../../search/hash-index.js";
import { type EvaluationMethod, type FoundEntry, leastQuality } from "./methods.js";

const radius = 31;
const reviewRadius = 50;

function foundEntry({ entry, distance, tier, view }: CopyMatch): FoundEntry {
  return { entry, distance, tier, view };
}

/**
 * `findCopies` at a level, among standard hashes.
 * @param level default `"standard"`.
 */
export function copiesMethod(level: CopyLevel = "standard"): EvaluationMethod {
  let index: HashIndex | undefined;
  return {
    name: level,
    bits: 256,
    radius,
    reviewRadius,
    prepare(list) {
      index = new HashIndex({ memory: "rows" });
      index.addManySync(
        list.map((_, entry) => entry),
        list.map(({ hash }) => hash),
      );
    },
    async find({ bytes }) {
      const { matches, quality, stages } = await findCopies(bytes, index!, { level });
      const hashes = stages.reduce((sum, stage) => sum + stage.hashes, 0);
      return { entries: matches.map(foundEntry), usable: quality >= leastQuality, hashes, stages };
    },
    close: () => index?.close(),
  };
}

/**
 * `findCopies` at a level, where every image of the list was registered with the hashes of its crops.
 * @param level default `"thorough"`.
 */
export function registeredMethod(level: CopyLevel = "thorough"): EvaluationMethod {
  let index: HashIndex | undefined;
  return {
    name: level === "thorough" ? "registered" : `registered-${level}`,
    bits: 256,
    radius,
    reviewRadius,
    async prepare(list) {
      index = new HashIndex({ memory: "rows" });
      for (const [entry, { name, bytes }] of list.entries()) {
        addRegistration(index, entry, await hashWithCrops(await bytes(), { level: "thorough", name }));
      }
    },
    async find({ bytes }) {
      const { matches, quality, stages } = await findCopies(bytes, index!, { level, entryOf: registeredEntry });
      const hashes = stages.reduce((sum, stage) => sum + stage.hashes, 0);
      return { entries: matches.map(foundEntry), usable: quality >= leastQuality, hashes, stages };
    },
    close: () => index?.close(),
  };
}
