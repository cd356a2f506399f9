/** Finding the known videos that share stretches with an upload, with pairs of frames as evidence. */
import { type Orientation, orientationNames } from "../../hash/orientations.js";
import type { Timeline } from "../../search/align.js";
import { type OrientedVideo } from "../../video-index/oriented-queries.js";
import type { VideoMatch, VideoSegment } from "../../video-index/results.js";
import { searchVideos } from "../../video-index/search.js";
import { checkVideoSearch } from "../../video-index/search-options.js";
import { formsOf, type WatchedVideo } from "../../video-index/search-video.js";
import { distanceBetween, firstAtLeast } from "../../video-index/timeline.js";
import { evenlySpaced } from "../../video-index/view-test.js";
import type { DecisionContext } from "../decision/context.js";
import { entryCounter } from "../decision/match-signals.js";
import type { Bank } from "../decision/policy.js";
import type { QuerySegment, QuerySegments } from "../decision/query-video.js";
import { type KnownVideo, KnownVideos } from "./known-videos.js";

/** The most pairs of frames that are kept of a stretch. */
const mostPairs = 64;
/** How far frames of a pair may be apart in time, in seconds, and in steps of the denser video. */
const [pairSeconds, pairSteps] = [0.12, 0.55];

/** Banks whose policies ask for the same search. */
interface PolicyGroup {
  radius: number;
  minQuality: number;
  orientations: readonly Orientation[];
  banks: Set<number>;
}

function policyGroups(banks: ReadonlyMap<number, Bank>): PolicyGroup[] {
  const groups = new Map<string, PolicyGroup>();
  for (const [number, { policy }] of banks) {
    const { radius, minQuality, orientations } = policy;
    const key = JSON.stringify([radius, minQuality, orientations]);
    const group = groups.get(key) ?? { radius, minQuality, orientations, banks: new Set() };
    group.banks.add(number);
    groups.set(key, group);
  }
  return [...groups.values()];
}

/** A frame of each video: its number in the timeline. */
interface Pair {
  query: number;
  known: number;
  distance: number;
}

const middleOf = ({ from, to }: Timeline, i: number): number => (from[i]! + to[i]!) / 2;

/** Returns the numbers of the hashes that are shown at a time between two. */
function shownBetween({ from, to }: Timeline, start: number, end: number): number[] {
  const shown: number[] = [];
  for (let i = firstAtLeast(to, start); i < from.length && from[i]! <= end; i++) shown.push(i);
  return shown;
}

/** Returns pairs of frames that match within a stretch: one for each frame of the video that has fewer. */
function pairsOf(query: Timeline, known: Timeline, segment: VideoSegment, radius: number): Pair[] {
  const byKnown = known.spacing >= query.spacing;
  const [sparse, dense] = byKnown ? [known, query] : [query, known];
  const { queryFrom, queryTo, knownFrom, knownTo, speed } = segment;
  const [from, to] = byKnown ? [knownFrom, knownTo] : [queryFrom, queryTo];
  const within = Math.max(pairSeconds, pairSteps * dense.spacing);
  const pair = (one: number, other: number): Pair => {
    const distance = distanceBetween(sparse.hashes, one, dense.hashes, other);
    return byKnown ? { query: other, known: one, distance } : { query: one, known: other, distance };
  };
  const nearest = (one: number, others: readonly number[]): Pair[] => {
    const [best] = others.map((other) => pair(one, other)).sort((a, b) => a.distance - b.distance);
    return best === undefined ? [] : [best];
  };
  const frames = shownBetween(sparse, from, to);
  const pairs = frames.flatMap((one) => {
    const time = Math.min(to, Math.max(from, middleOf(sparse, one)));
    const there = byKnown ? queryFrom + (time - knownFrom) / speed : knownFrom + (time - queryFrom) * speed;
    return nearest(one, shownBetween(dense, there - within, there + within));
  });
  const matching = pairs.filter(({ distance }) => distance <= radius);
  if (matching.length > 0) return evenlySpaced(matching, mostPairs);
  // The ends of a stretch are estimates: its few frames may be beside them.
  const all = (frames.length > 0 ? frames : Array.from(sparse.from.keys())).flatMap((one) =>
    nearest(one, Array.from(dense.from.keys())),
  );
  return all.sort((a, b) => a.distance - b.distance).slice(0, 1);
}

/** Returns the form of the upload through which a match was found. */
function formOf(forms: readonly OrientedVideo[], { view, trimmed, orientation }: VideoMatch): OrientedVideo {
  return forms.find((form) =>
    view === undefined
      ? form.views === undefined && form.trimmed === (trimmed ?? false) && form.orientation === orientation
      : form.views !== undefined,
  )!;
}

const hexAt = (hashes: Uint8Array, i: number): string =>
  Buffer.from(hashes.subarray(32 * i, 32 * i + 32)).toString("hex");

function evidenceOf(
  match: VideoMatch,
  form: OrientedVideo,
  { entry, signals }: KnownVideo,
  { radius, minQuality }: PolicyGroup,
): QuerySegments {
  const { orientation, trimmed, queryShare, knownShare } = match;
  const support = form.views?.supportRadius ?? Math.min(256, Math.floor(1.5 * radius));
  const segments = match.segments.map((segment): QuerySegment => {
    const { distance: _distance, ...rest } = segment;
    const pairs = pairsOf(form.timeline, entry.timeline, segment, support).map(({ query, known }) => {
      return { signal: signals[known]!, hash: hexAt(form.timeline.hashes, query) };
    });
    return { ...rest, pairs };
  });
  return { orientation, ...(trimmed && { trimmed }), radius, minQuality, queryShare, knownShare, segments };
}

/** The upload as it is searched. */
export interface SearchedUpload {
  watched: WatchedVideo;
  /** The text by which the bank samples the upload. */
  key: string;
  /** When it is decided about. */
  time: number;
  signal: AbortSignal | undefined;
}

/** Finds the known videos of all banks, with the radius, the quality and the orientations of each bank's policy. */
export async function findVideos(
  context: DecisionContext,
  banks: ReadonlyMap<number, Bank>,
  { watched, key, time, signal }: SearchedUpload,
): Promise<QuerySegments[]> {
  const found: QuerySegments[] = [];
  for (const group of policyGroups(banks)) {
    const { radius, minQuality, orientations } = group;
    const known = new KnownVideos(context, minQuality, (entry, snapshot) => {
      const counting = entryCounter(snapshot, key, time)(entry);
      return counting !== undefined && group.banks.has(counting.entry.bank);
    });
    const search = checkVideoSearch({ radius, minQuality, ...(signal && { signal }) });
    const forms = formsOf(watched, search).filter(
      ({ views, orientation }) => views !== undefined || orientations.includes(orientation),
    );
    const matches = await searchVideos(forms, watched.signature.frames.length, known.searchContext(search));
    for (const match of matches) {
      if (!orientations.includes(match.orientation)) continue;
      found.push(evidenceOf(match, formOf(forms, match), known.video(match.id as number), group));
    }
  }
  return found;
}

/** Returns the orientations that any of the policies wants. */
export function wantedOrientations(banks: Iterable<Bank>): Orientation[] {
  const wanted = new Set(Array.from(banks).flatMap(({ policy }) => policy.orientations));
  return orientationNames.filter((name) => wanted.has(name));
}
