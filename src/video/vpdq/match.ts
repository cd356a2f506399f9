import { boolean, integer, checkOptions } from "../../check.js";
import { hashToBytes } from "../../hash/value.js";
import { native } from "../../native/load.js";
import type { VpdqFrame } from "./text.js";

export interface VpdqMatchOptions {
  /** Most bits between frames that match, 0 … 256. Default 31. */
  distance?: number;
  /** Count a distance of exactly `distance` as no match, as the C++ tool does. Default false. */
  strictlyBelow?: boolean;
  /** Frames of less are left out, 0 … 100. Default 50. */
  minQuality?: number;
  /** Take each hash of a side once, as python-threatexchange does. Default false. */
  distinct?: boolean;
}

/** Percentages 0 … 100, of the frames that are left after dropping those of low quality; 0 when none are. */
export interface VpdqMatch {
  /** Of the query's frames, how many have a partner among the compared. */
  queryMatchPercent: number;
  /** Of the compared frames, how many have a partner in the query. */
  comparedMatchPercent: number;
}

function hashesOf(frames: Iterable<VpdqFrame>, minQuality: number, distinct: boolean): Uint8Array[] {
  const hashes = Array.from(frames)
    .filter(({ quality }) => quality >= minQuality)
    .map(({ hash }) => hash);
  return (distinct ? [...new Set(hashes)] : hashes).map((hash) => hashToBytes(hash));
}

/**
 * vPDQ's match of two signatures: which share of each has a partner in the other. It knows nothing of time.
 * @throws {InvalidArgumentError} @throws {InvalidHashError}
 *
 * @example
 * const { queryMatchPercent } = matchVpdq(upload.frames, readVpdq(text));
 */
export function matchVpdq(
  query: Iterable<VpdqFrame>,
  compared: Iterable<VpdqFrame>,
  options?: VpdqMatchOptions,
): VpdqMatch {
  const given = checkOptions(options, ["distance", "strictlyBelow", "minQuality", "distinct"]);
  const distance = integer("distance", given.distance ?? 31, 0, 256);
  const minQuality = integer("minQuality", given.minQuality ?? 50, 0, 100);
  const below = given.strictlyBelow === undefined ? false : boolean("strictlyBelow", given.strictlyBelow);
  const distinct = given.distinct === undefined ? false : boolean("distinct", given.distinct);
  const most = below ? distance - 1 : distance;
  const queries = hashesOf(query, minQuality, distinct);
  const others = hashesOf(compared, minQuality, distinct);
  const matched = new Uint8Array(others.length);
  let found = 0;
  for (const hash of queries) {
    let any = false;
    for (const [i, other] of others.entries()) {
      // A pair that could tell neither side anything new is not looked at.
      if ((any && matched[i] === 1) || native.distance(hash, other) > most) continue;
      any = true;
      matched[i] = 1;
    }
    if (any) found++;
  }
  const percent = (count: number, all: number): number => (all === 0 ? 0 : (100 * count) / all);
  const comparedFound = matched.reduce((count, one) => count + one, 0);
  return {
    queryMatchPercent: percent(found, queries.length),
    comparedMatchPercent: percent(comparedFound, others.length),
  };
}
