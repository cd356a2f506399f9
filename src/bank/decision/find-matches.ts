/** Finding the entries that match a query: by the index, by what was found before, and by the policies. */
import { hashDistance } from "../../hash/value.js";
import { wipedFlag } from "../storage/pages.js";
import { nearTypes } from "../storage/signals.js";
import { distanceSearch, type SearchAhead } from "./distance-search.js";
import { matchLocal } from "./local-matches.js";
import type { DecisionMatch } from "./match.js";
import { entryCounter, furthestMatch, matchSignals, type NearSignal } from "./match-signals.js";
import { type CheckedQuery, uploadKey } from "./query.js";
import { searchDigests } from "./search-entries.js";
import type { Snapshot } from "./snapshot.js";
import { matchFrames, matchVideos } from "./video-matches.js";

/** Searches the query's hash, in the orientations that the policies want. */
function searchByDistance(snapshot: Snapshot, query: CheckedQuery, ahead: SearchAhead | undefined): NearSignal[] {
  const known = ahead?.revision === snapshot.revision ? ahead : undefined;
  const search = known === undefined ? distanceSearch(snapshot.banks(), query) : known.search;
  if (search === undefined) return [];
  const found = known?.hits ?? snapshot.search(search.hashes, search.radius, nearTypes);
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
    const tier = distance > furthestMatch(copy) ? "review" : copy.tier;
    const { signal, quality, orientation = "orig" } = copy;
    return [{ signal, kind: "copy", distance, orientation, quality, copy: { ...copy, tier } }];
  });
}

/**
 * Returns every entry that its bank counts. Of a video, an entry may match several times: see `bestOfEach`.
 * @param ahead what was searched before. At another revision the search is made here.
 */
export function findMatches(
  snapshot: Snapshot,
  query: CheckedQuery,
  time: number,
  ahead?: SearchAhead,
): DecisionMatch[] {
  const counted = entryCounter(snapshot, uploadKey(query), time);
  const near = [
    ...searchByDigests(snapshot, query),
    ...searchByDistance(snapshot, query, ahead),
    ...recheckCopies(snapshot, query),
  ];
  const { video, local } = query;
  return [
    ...matchSignals(snapshot, near, counted),
    ...(local === undefined ? [] : matchLocal(snapshot, local, counted)),
    ...(video === undefined
      ? []
      : [...matchFrames(snapshot, video, counted), ...matchVideos(snapshot, video, counted)]),
  ];
}
