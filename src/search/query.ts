import { boolean, integer, invalidArgument, isBytes } from "../check.js";
import { type OrientationHashes, orientationNames } from "../hash/orientations.js";
import { type HashLike, hashToBytes } from "../hash/value.js";
import { matchRadius, leastQuality } from "../thresholds.js";
import type { FileDigests } from "../image/input/digest.js";

/** The query of a search: a hash with its quality, orientations and digests. The result of `hashImage` is one. */
export interface Query {
  /** The hash. Without it the search uses only `digests`. */
  hash?: HashLike;
  /** The quality of the hash, 0 … 100. A hash below the option `minQuality` matches nothing. Default: good enough. */
  quality?: number;
  /** Whether the hash is stable. An unstable hash is rounding noise and matches nothing. Default true. */
  stable?: boolean;
  /** The hashes of all eight orientations. All are searched, and each known hash matches once, by the nearest one. */
  orientations?: OrientationHashes;
  /** The digests of the file's bytes. Holders with digests find exact matches by them. */
  digests?: FileDigests;
}

/** The options that every search has. */
export interface QueryOptions {
  /** The most bits that may differ, 0 … 256. Default 31, which Meta recommends for PDQ. */
  radius?: number;
  /**
   * The least quality of a query, 0 … 100. A lower one matches nothing, because it is near unrelated images. Default
   * 50.
   */
  minQuality?: number;
  /** Whether all eight orientations of the query are searched, if it has them. Default true. */
  orientations?: boolean;
  /** Whether a query that is not stable is searched as well. Default false. */
  allowUnstable?: boolean;
}

export const queryOptionNames = ["radius", "minQuality", "orientations", "allowUnstable"] as const;

/** Checked query options with their defaults. */
export type CheckedQueryOptions = Required<QueryOptions>;

export const defaultQueryOptions: CheckedQueryOptions = {
  radius: matchRadius,
  minQuality: leastQuality,
  orientations: true,
  allowUnstable: false,
};

/** Checks options and fills in defaults. @throws {InvalidArgumentError} */
export function checkQueryOptions(options: QueryOptions, defaultRadius: number): CheckedQueryOptions {
  const { radius = defaultRadius, minQuality = leastQuality, orientations = true, allowUnstable = false } = options;
  return {
    radius: integer("radius", radius, 0, 256),
    minQuality: integer("minQuality", minQuality, 0, 100),
    orientations: boolean("orientations", orientations),
    allowUnstable: boolean("allowUnstable", allowUnstable),
  };
}

/** Returns whether a value has the properties of a query. Its hashes and digests are not checked. */
export function isQuery(value: unknown): value is Query {
  if (typeof value !== "object" || value === null || isBytes(value)) return false;
  return "hash" in value || "digests" in value;
}

/** @throws {InvalidArgumentError} for anything but an object or undefined. */
export function checkDigests(digests: unknown): FileDigests | undefined {
  if (digests === undefined || (typeof digests === "object" && digests !== null)) return digests as FileDigests;
  throw invalidArgument("digests", "{md5, sha1, sha256}", digests);
}

export interface CheckedQuery {
  /** The hashes to search, 32 bytes each: none if nothing may match, one, or the eight orientations in their order. */
  hashes: Uint8Array;
  digests: FileDigests | undefined;
}

/**
 * Reads a query according to the options.
 * @throws {InvalidArgumentError} for a part of the wrong kind; {InvalidHashError} for an invalid hash.
 */
export function checkQuery(query: HashLike | Query, options: CheckedQueryOptions): CheckedQuery {
  if (!isQuery(query)) return { hashes: hashToBytes(query), digests: undefined };
  const digests = checkDigests(query.digests);
  if (query.hash === undefined && digests === undefined) throw invalidArgument("query", "hash or digests", query);
  const none = { hashes: new Uint8Array(0), digests };
  if (query.hash === undefined) return none;
  const quality = query.quality === undefined ? 100 : integer("quality", query.quality, 0, 100);
  const stable = query.stable === undefined ? true : boolean("stable", query.stable);
  const hash = hashToBytes(query.hash);
  if (quality < options.minQuality || (!stable && !options.allowUnstable)) return none;
  const { orientations } = query;
  if (!options.orientations || orientations === undefined) return { hashes: hash, digests };
  const hashes = new Uint8Array(32 * orientationNames.length);
  // The image's own hash, not `orientations.orig`: they may differ for an image of exactly 64×64 pixels.
  orientationNames.forEach((name, i) => hashes.set(i === 0 ? hash : hashToBytes(orientations[name]), 32 * i));
  return { hashes, digests };
}
