/** Finding the entries that match a query: by the index, by what was found before, and by the policies. */
import { type Orientation, orientationNames } from "../../hash/orientations.js";
import { hashDistance } from "../../hash/value.js";
import type { IndexMatch } from "../../search/match.js";
import { matchRadius } from "../../thresholds.js";
import { wipedFlag } from "../storage/pages.js";
import { nearTypes } from "../storage/signals.js";
import type { DecisionMatch } from "./match.js";
import { entryCounter, matchSignals, type NearSignal } from "./match-signals.js";
import type { Bank } from "./policy.js";
import { type CheckedQuery, uploadKey } from "./query.js";
import { isSampled } from "./sampling.js";
import { searchDigests } from "./search-entries.js";
import type { Snapshot } from "./snapshot.js";
import { matchFrames, matchVideos } from "./video-matches.js";

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

/** Searches the query's hash, in the orientations that the policies want. */
function searchByDistance(snapshot: Snapshot, query: CheckedQuery, ahead: Hits | undefined): NearSignal[] {
  const search = distanceSearch(snapshot.banks(), query);
  if (search === undefined) return [];
  const found = ahead ?? snapshot.search(search.hashes, search.radius, nearTypes);
  return found.flatMap((hits, i) =>
    hits.map(({ id, distance }): NearSignal => {
      const orientation = search.orientations[i]!;
      return { signal: id, kind: "near", distance, orientation, quality: query.quality };
    }),
  );
}

/** Searches the query's digests. */
function searchByDigests(snapshot: Snapshot, { digests, quality }: CheckedQuery): NearSignal[] {
  return searchDigests(snapshot, digests).map(({ id }): NearSignal => {
    return { signal: id, kind: "exact", distance: 0, orientation: "orig", quality };
  });
}

/** Compares the views that were found before with their signals, as far as those still match. */
function recheckCopies(snapshot: Snapshot, { copies = [] }: CheckedQuery): NearSignal[] {
  return copies.flatMap((copy): NearSignal[] => {
    const record = snapshot.signal(copy.signal);
    if (record === undefined || (record.flags & wipedFlag) !== 0 || !nearTypes.includes(record.type)) return [];
    const distance = hashDistance(copy.hash, record.value);
    const tier = distance > matchRadius ? "review" : copy.tier;
    const { signal, quality, orientation = "orig" } = copy;
    return [{ signal, kind: "copy", distance, orientation, quality, copy: { ...copy, tier } }];
  });
}

/** The hits of each hash of a `DistanceSearch`. */
export type Hits = readonly (readonly Pick<IndexMatch, "id" | "distance">[])[];

/**
 * Returns every entry that its bank counts. Of a video, an entry may match several times: see `bestOfEach`.
 * @param ahead what `distanceSearch` found at this revision. Without it the search is made here.
 */
export function findMatches(snapshot: Snapshot, query: CheckedQuery, time: number, ahead?: Hits): DecisionMatch[] {
  const counted = entryCounter(snapshot, uploadKey(query), time);
  const near = [
    ...searchByDigests(snapshot, query),
    ...searchByDistance(snapshot, query, ahead),
    ...recheckCopies(snapshot, query),
  ];
  const { video } = query;
  return [
    ...matchSignals(snapshot, near, counted),
    ...(video === undefined
      ? []
      : [...matchFrames(snapshot, video, counted), ...matchVideos(snapshot, video, counted)]),
  ];
}
