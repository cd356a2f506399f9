import { hashImage, HashIndex, type ImageHash, orientationNames } from "../../index.js";
import { matchRadius, leastQuality, reviewRadius } from "../../thresholds.js";
import { DistancesToAll } from "./distances-to-all.js";
import type { EvaluationMatch, EvaluationMethod } from "./method.js";

/**
 * Measures the plain search: one hash for each query, radius 31.
 *
 * @example
 * const report = await evaluate("photos", { methods: [plainMethod()] });
 */
export function plainMethod(): EvaluationMethod {
  return hashMethod("plain", ({ hash }) => [hash], false);
}

/**
 * Measures the search in all eight orientations of a query, which one hashing gives.
 *
 * @example
 * const report = await evaluate("photos", { methods: [plainMethod(), fastMethod()] });
 */
export function fastMethod(): EvaluationMethod {
  const hashesOf = ({ hash, orientations }: ImageHash): string[] =>
    orientationNames.map((name) => (name === "orig" ? hash : orientations![name]));
  return hashMethod("fast", hashesOf, true);
}

/** Hashes and searches as `empreinte scan` does. The figures also need the distances to all listed images. */
function hashMethod(name: string, hashesOf: (hash: ImageHash) => string[], orientations: boolean): EvaluationMethod {
  let distances: DistancesToAll;
  let index: HashIndex | undefined;
  return {
    name,
    bits: 256,
    radius: matchRadius,
    reviewRadius,
    prepare(list) {
      const known = list.map(({ hash }) => hash);
      distances = new DistancesToAll(known);
      index = new HashIndex({ memory: "rows" });
      index.addManySync([...known.keys()], known);
    },
    async find({ bytes }) {
      const start = performance.now();
      const hash = await hashImage(bytes, { orientations });
      const hashes = hashesOf(hash);
      index!.searchManySync(hashes, { radius: matchRadius });
      const milliseconds = performance.now() - start;
      const usable = hash.quality >= leastQuality && hash.stable;
      return {
        matches: matchesOf(hashes.map((one) => distances.from(one))),
        usable,
        hashes: hashes.length,
        milliseconds,
      };
    },
    close: () => index?.close(),
  };
}

/**
 * Returns the nearest orientation of each listed image. @param distances for each orientation, to each listed image.
 */
function matchesOf(distances: readonly Uint16Array[]): EvaluationMatch[] {
  return Array.from(distances[0]!, (_, listIndex): EvaluationMatch => {
    let best = 0;
    for (let i = 1; i < distances.length; i++) if (distances[i]![listIndex]! < distances[best]![listIndex]!) best = i;
    const view = best === 0 ? "original" : orientationNames[best]!;
    return { listIndex, distance: distances[best]![listIndex]!, view };
  });
}
