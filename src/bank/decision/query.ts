/** What is asked of a store, checked. */
import { boolean, integer, invalidArgument, oneOf } from "../../check.js";
import { type OrientationHashes, type Orientation, orientationNames } from "../../hash/orientations.js";
import { hashToHex } from "../../hash/value.js";
import { type Region, type ViewName, viewNames } from "../../views/views.js";
import { exactTypes, signalTypes, valueBytes, valueText } from "../storage/signals.js";

/**
 * What is asked of a picture: the result of `hashImage` with `orientations`, and digests of the file's bytes. Of a file that is
 * no picture, or a damaged one, the digests alone.
 */
export interface CheckQuery {
  hash?: string;
  /** 0 … 100. Default 0. */
  quality?: number;
  /** Default false. */
  stable?: boolean;
  orientations?: OrientationHashes;
  /** Hex; they match the same bytes and nothing else. */
  digests?: { md5?: string; sha1?: string; sha256?: string };
  /** What of the store a look for altered copies came near, `Matcher.checkCopies`: with it the decision can be made again. */
  copies?: readonly QueryCopy[];
}

/** A view of the upload that is near a signal of the store. Its distance and whether it counts, each check finds anew. */
export interface QueryCopy {
  /** The store's number of the signal. */
  signal: number;
  /** Of the view: 64 hex digits. */
  hash: string;
  /** Of the view: 0 … 100. */
  quality: number;
  /** As `CopyMatch` has it. */
  tier: "match" | "review";
  view: ViewName;
  /** How the view is turned or mirrored, where it is. */
  orientation?: Orientation;
  /** Where in the upload the original lies, or the part of it that the signal is the hash of. */
  region?: Region;
  /** How many views of the upload, or hashes of the entry, say so. */
  supportCount: number;
}

/** A query that fits. */
export interface CheckedQuery extends CheckQuery {
  quality: number;
  stable: boolean;
}

function checkCopy(copy: QueryCopy): QueryCopy {
  if (typeof copy !== "object" || copy === null) throw invalidArgument("copies", "{signal, hash, tier, …}", copy);
  const { orientation, region } = copy;
  const corner = (at: unknown): boolean => Array.isArray(at) && at.length === 2 && at.every(Number.isFinite);
  if (region !== undefined && !(Array.isArray(region) && region.length === 4 && region.every(corner))) {
    throw invalidArgument("region", "four corners", region);
  }
  return {
    signal: integer("signal", copy.signal, 0, Number.MAX_SAFE_INTEGER),
    hash: hashToHex(copy.hash),
    quality: integer("quality", copy.quality, 0, 100),
    tier: oneOf("tier", copy.tier, ["match", "review"]),
    view: oneOf("view", copy.view, viewNames),
    ...(orientation !== undefined && { orientation: oneOf("orientation", orientation, orientationNames) }),
    ...(region !== undefined && { region: region.map(([x, y]): [number, number] => [x, y]) }),
    supportCount: integer("supportCount", copy.supportCount, 1, Number.MAX_SAFE_INTEGER),
  };
}

/** @throws {InvalidArgumentError} @throws {InvalidHashError} */
export function checkQuery(query: CheckQuery): CheckedQuery {
  if (typeof query !== "object" || query === null) throw invalidArgument("query", "{hash, quality, stable}", query);
  const { hash, orientations, digests, copies = [], quality = 0, stable = false } = query;
  const known = exactTypes.map((type) => signalTypes[type] as "md5" | "sha1" | "sha256");
  const given = known.flatMap((name) => {
    const value = digests?.[name];
    return value === undefined
      ? []
      : [[name, valueText(signalTypes.indexOf(name), valueBytes(signalTypes.indexOf(name), value))]];
  });
  if (!Array.isArray(copies)) throw invalidArgument("copies", "array", copies);
  if (hash === undefined && given.length === 0) throw invalidArgument("query", "hash or digests", query);
  return {
    ...(hash !== undefined && { hash: hashToHex(hash) }),
    quality: integer("quality", quality, 0, 100),
    stable: boolean("stable", stable) && hash !== undefined,
    ...(hash !== undefined &&
      orientations !== undefined && {
        orientations: Object.fromEntries(
          orientationNames.map((name) => [name, hashToHex(orientations[name])]),
        ) as OrientationHashes,
      }),
    ...(copies.length > 0 && { copies: copies.map(checkCopy) }),
    ...(given.length > 0 && { digests: Object.fromEntries(given) as NonNullable<CheckQuery["digests"]> }),
  };
}

/** What an upload is called when shares are drawn and uploads are counted. */
export function uploadKey({ hash, digests }: CheckQuery): string {
  return hash ?? digests?.sha256 ?? digests?.sha1 ?? digests?.md5 ?? "";
}
