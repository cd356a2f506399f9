import { integer, invalidArgument } from "../../check.js";
import { orientationNames } from "../../hash/orientations.js";
import { trivialHashReason, hashToBytes, type HashLike } from "../../hash/value.js";
import { HashIndex } from "../../search/hash-index.js";
import type { Screen } from "./counts.js";
import { beginsPeriodic, isGrid, isNearlyConstant } from "./grid.js";
import { nearTypes } from "../storage/signals.js";

/** A picture that is known to be harmless: its hash, or what `hashImage` gives, with `orientations` for all eight turns of it. */
export type BenignPicture = HashLike | { hash: HashLike; orientations?: Readonly<Record<string, HashLike>> };

export interface ScreenOptions {
  /** Entries with a known quality below it are quarantined. Default 50. */
  minQuality?: number;
  /** A sample of the operator's own: entries with a hash near one of these are quarantined. */
  benign?: Iterable<BenignPicture>;
  /** Differing bits up to which a hash is near one of `benign`, 0 … 256. Default 31. */
  benignRadius?: number;
}

export interface Screening {
  screen: Screen;
  close(): void;
}

/**
 * What holds an entry back at import: a hash that would match unrelated pictures (all zero, constant, nearly so, periodic,
 * a grid), one of a quality below `minQuality` where the source gives it, one that hits the benign sample.
 * @throws {InvalidArgumentError} @throws {InvalidHashError}
 */
export function screening({ minQuality = 50, benign, benignRadius = 31 }: ScreenOptions): Screening {
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
  // A degenerate hash is one or the other; of a million ordinary ones none is asked for in native code.
  const degenerate = unbalanced || beginsPeriodic(value) ? trivialHashReason(value) : undefined;
  if (degenerate !== undefined) return degenerate;
  if (unbalanced) return "nearly constant: such a hash would match unrelated pictures";
  if (isGrid(value)) return "a grid: such a hash would match unrelated grids, frames and forms";
  return undefined;
}

function sampleOf(benign: Iterable<BenignPicture>): HashIndex {
  if (typeof benign !== "object" || benign === null || !(Symbol.iterator in benign)) {
    throw invalidArgument("benign", "iterable of hashes", benign);
  }
  const hashes: Uint8Array[] = [];
  for (const picture of benign) {
    if (typeof picture === "string" || picture instanceof Uint8Array) {
      hashes.push(hashToBytes(picture));
      continue;
    }
    if (typeof picture !== "object" || picture === null) throw invalidArgument("benign", "iterable of hashes", picture);
    hashes.push(hashToBytes(picture.hash));
    const { orientations } = picture;
    if (orientations !== undefined) hashes.push(...orientationNames.map((name) => hashToBytes(orientations[name]!)));
  }
  const index = new HashIndex();
  const ids = hashes.map((_, i) => i);
  if (ids.length > 0) index.addManySync(ids, Buffer.concat(hashes));
  return index;
}
