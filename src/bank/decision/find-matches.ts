/** Finding the entries that match a query: by the index, by what was found before, and by the policies. */
import { orientationNames } from "../../hash/orientations.js";
import { hashDistance } from "../../hash/value.js";
import { matchRadius } from "../../thresholds.js";
import { wipedFlag } from "../storage/pages.js";
import { nearTypes } from "../storage/signals.js";
import type { DecisionMatch } from "./match.js";
import { entryCounter, matchSignals, type NearSignal } from "./match-signals.js";
import { type CheckedQuery, uploadKey } from "./query.js";
import { isSampled } from "./sampling.js";
import { searchDigests } from "./search-entries.js";
import type { Snapshot } from "./snapshot.js";
import { matchFrames, matchVideos } from "./video-matches.js";

/** Searches the query's hash, in the orientations that the policies want. */
function searchByDistance(snapshot: Snapshot, query: CheckedQuery): NearSignal[] {
  const { hash, quality } = query;
  if (!query.stable || hash === undefined) return [];
  const policies = [...snapshot.banks().values()]
    .map(({ policy }) => policy)
    .filter((policy) => quality >= policy.minQuality && isSampled(policy, hash));
  if (policies.length === 0) return [];
  const radius = Math.max(...policies.map((policy) => policy.radius));
  const orientations = orientationNames.filter(
    (name) =>
      policies.some((policy) => policy.orientations.includes(name)) &&
      (name === "orig" || query.orientations !== undefined),
  );
  // It takes the image's own hash, not `orientations.orig`: they may differ for an image of exactly 64×64 pixels.
  const hashes = orientations.map((name) => Buffer.from(name === "orig" ? hash : query.orientations![name], "hex"));
  if (hashes.length === 0) return [];
  return snapshot.search(Buffer.concat(hashes), radius, nearTypes).flatMap((hits, i) =>
    hits.map(({ id, distance }): NearSignal => {
      return { signal: id, kind: "near", distance, orientation: orientations[i]!, quality };
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

/** Answers every entry that its bank counts. Of a video, an entry may match several times: see `bestOfEach`. */
export function findMatches(snapshot: Snapshot, query: CheckedQuery, time: number): DecisionMatch[] {
  const counted = entryCounter(snapshot, uploadKey(query), time);
  const near = [
    ...searchByDigests(snapshot, query),
    ...searchByDistance(snapshot, query),
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
