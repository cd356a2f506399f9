/** What a query looks up by distance, so that a long search can run on another thread before the decision. */
import { type Orientation, orientationNames } from "../../hash/orientations.js";
import type { IndexMatch } from "../../search/match.js";
import type { Bank } from "./policy.js";
import type { CheckedQuery } from "./query.js";
import { isSampled } from "./sampling.js";

/** What a query looks up by distance. */
export interface DistanceSearch {
  /** The hashes, 32 bytes each. */
  hashes: Buffer;
  /** The orientation of each hash. */
  orientations: Orientation[];
  /** The largest radius of the policies that count the query. */
  radius: number;
}

/** Returns what the policies want looked up of the query's hash, or undefined if nothing may match by distance. */
export function distanceSearch(banks: ReadonlyMap<number, Bank>, query: CheckedQuery): DistanceSearch | undefined {
  const { hash, quality } = query;
  if (!query.stable || hash === undefined) return undefined;
  const policies = [...banks.values()]
    .map(({ policy }) => policy)
    .filter((policy) => quality >= policy.minQuality && isSampled(policy, hash));
  const orientations = orientationNames.filter(
    (name) =>
      policies.some((policy) => policy.orientations.includes(name)) &&
      (name === "orig" || query.orientations !== undefined),
  );
  if (orientations.length === 0) return undefined;
  // It takes the image's own hash, not `orientations.orig`: they may differ for an image of exactly 64×64 pixels.
  const hashes = orientations.map((name) => Buffer.from(name === "orig" ? hash : query.orientations![name], "hex"));
  return {
    hashes: Buffer.concat(hashes),
    orientations,
    radius: Math.max(...policies.map((policy) => policy.radius)),
  };
}

/** A search that was made before the decision. */
export interface SearchAhead {
  /** The revision of the store at which `search` was planned. */
  revision: number;
  search: DistanceSearch | undefined;
  /** The hits of each of its hashes. */
  hits: readonly (readonly Pick<IndexMatch, "id" | "distance">[])[];
}
