/** The screening: what holds an entry back at import. */
import { integer, invalidArgument, isBytes } from "../../check.js";
import { orientationNames } from "../../hash/orientations.js";
import { type HashLike, hashToBytes, trivialHashReason } from "../../hash/value.js";
import { HashIndex } from "../../search/hash-index.js";
import { leastQuality, matchRadius } from "../../thresholds.js";
import { nearTypes } from "../storage/signals.js";
import type { Screen } from "./counts.js";
import { beginsPeriodic, isGrid, isNearlyConstant } from "./grid.js";

/**
 * An image that is known to be harmless: its hash, or a result of `hashImage`, with all `orientations` where it has
 * them.
 */
export type BenignImage = HashLike | { hash: HashLike; orientations?: Readonly<Record<string, HashLike>> };

export interface ScreenOptions {
  /** Entries with a known quality below this are quarantined, 0 … 100. Default 50. */
  minQuality?: number;
  /** The operator's own sample of harmless images. Entries with a hash near one of these are quarantined. */
  benign?: Iterable<BenignImage>;
  /** The most differing bits at which a hash is near one of `benign`, 0 … 256. Default 31. */
  benignRadius?: number;
}

export interface Screening {
  screen: Screen;
  /** Frees the benign sample. */
  close(): void;
}

/**
 * Prepares the screening. It holds back an entry with a hash that would match unrelated images (all zero, constant,
 * nearly constant, periodic or a grid), an entry with a known quality below `minQuality`, and an entry that hits the
 * benign sample.
 * @throws {InvalidArgumentError} @throws {InvalidHashError}
 */
export function screening({ minQuality = leastQuality, benign, benignRadius = matchRadius }: ScreenOptions): Screening {
  const least = integer("minQuality", minQuality, 0, 100);
  const radius = integer("benignRadius", benignRadius, 0, 256);
  const sample = benign === undefined ? undefined : sampleOf(benign);
  const screen: Screen = (signals) => {
    for (const { type, value, quality } of signals) {
      if (!nearTypes.includes(type)) continue;
      const reason = patternReason(value);
      if (reason !== undefined) return reason;
      if (quality !== undefined && quality < least) return `quality ${quality} is below ${least}`;
      const [hit] = sample?.nearestSync(value, { radius }) ?? [];
      if (hit !== undefined) return `hits the benign sample, at distance ${hit.distance}`;
    }
    return undefined;
  };
  return { screen, close: () => sample?.close() };
}

function patternReason(value: Uint8Array): string | undefined {
  const unbalanced = isNearlyConstant(value);
  // Every trivial hash is unbalanced or periodic, so that ordinary hashes need no call into native code.
  const trivial = unbalanced || beginsPeriodic(value) ? trivialHashReason(value) : undefined;
  if (trivial !== undefined) return trivial;
  if (unbalanced) return "nearly constant: such a hash would match unrelated images";
  if (isGrid(value)) return "a grid: such a hash would match unrelated grids, frames and forms";
  return undefined;
}

function sampleOf(benign: Iterable<BenignImage>): HashIndex {
  if (typeof benign !== "object" || benign === null || !(Symbol.iterator in benign)) {
    throw invalidArgument("benign", "iterable of hashes", benign);
  }
  const hashes: Uint8Array[] = [];
  for (const image of benign) {
    if (typeof image === "string" || isBytes(image)) {
      hashes.push(hashToBytes(image));
      continue;
    }
    if (typeof image !== "object" || image === null) throw invalidArgument("benign", "iterable of hashes", image);
    hashes.push(hashToBytes(image.hash));
    const { orientations } = image;
    if (orientations !== undefined) hashes.push(...orientationNames.map((name) => hashToBytes(orientations[name]!)));
  }
  const index = new HashIndex();
  const ids = hashes.map((_, i) => i);
  if (ids.length > 0) index.addManySync(ids, Buffer.concat(hashes));
  return index;
}
