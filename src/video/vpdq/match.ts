import { boolean, integer, checkOptions } from "../../check.js";
import { hashToBytes } from "../../hash/value.js";
import { native } from "../../native/load.js";
import { matchRadius, leastQuality } from "../../thresholds.js";
import { checkFrames, type VpdqFrame } from "./frames.js";

/** Options of `compareVpdq`. */
export interface VpdqMatchOptions {
  /** The most differing bits of frames that match, 0 … 256. Default 31. */
  radius?: number;
  /** Whether a distance of exactly `radius` is no match, as in the C++ tool. Default false. */
  strictlyBelow?: boolean;
  /** Frames of lower quality are left out, 0 … 100. Default 50. */
  minQuality?: number;
  /** Whether each hash of a side counts once, as in python-threatexchange. Default false. */
  distinct?: boolean;
}

/**
 * The result of `compareVpdq`: percentages 0 … 100 of the frames that are not of low quality. Without such frames they
 * are 0.
 */
export interface VpdqMatch {
  /** The percentage of the query's frames that match a compared frame. */
  queryMatchPercent: number;
  /** The percentage of the compared frames that match a frame of the query. */
  comparedMatchPercent: number;
}

function hashesOf(frames: readonly VpdqFrame[], minQuality: number, distinct: boolean): Uint8Array[] {
  const hashes = frames.filter(({ quality }) => quality >= minQuality).map(({ hash }) => hash);
  return (distinct ? [...new Set(hashes)] : hashes).map((hash) => hashToBytes(hash));
}

/**
 * Compares two signatures by vPDQ's rule: which share of each one's frames matches a frame of the other. The rule
 * ignores the order of the frames.
 *
 * @throws {InvalidArgumentError} `ERR_EMPREINTE_INVALID_ARGUMENT`: an option or a frame's field is of the wrong kind.
 * @throws {InvalidHashError} `ERR_EMPREINTE_INVALID_HASH`: a frame's hash is malformed.
 *
 * @example
 * const { queryMatchPercent } = compareVpdq(upload.frames, readVpdq(text));
 */
export function compareVpdq(
  query: Iterable<VpdqFrame>,
  compared: Iterable<VpdqFrame>,
  options?: VpdqMatchOptions,
): VpdqMatch {
  const given = checkOptions(options, ["radius", "strictlyBelow", "minQuality", "distinct"]);
  const { radius = matchRadius, minQuality = leastQuality, strictlyBelow = false, distinct = false } = given;
  integer("radius", radius, 0, 256);
  integer("minQuality", minQuality, 0, 100);
  boolean("distinct", distinct);
  const most = boolean("strictlyBelow", strictlyBelow) ? radius - 1 : radius;
  const queries = hashesOf(checkFrames("query", query), minQuality, distinct);
  const others = hashesOf(checkFrames("compared", compared), minQuality, distinct);
  const matched = new Uint8Array(others.length);
  let found = 0;
  for (const hash of queries) {
    let any = false;
    for (const [i, other] of others.entries()) {
      // A pair is skipped when both sides already match.
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
