import type { Orientation } from "../hash/orientations.js";
import type { NativeSegment, Timeline } from "../search/align.js";
import type { Match } from "../search/match.js";
import type { VideoSignature } from "../video/signature.js";
import type { Region, ViewName } from "../views/views.js";
import type { VideoId } from "./search-options.js";
import { distanceBetween } from "./timeline.js";

/** A stretch of the query that is the same as a stretch of a known video, or an image on either side. */
export interface VideoSegment {
  /** Where the segment begins in the query, in seconds. It is 0 when the query is an image. */
  queryFrom: number;
  /** Where the segment ends in the query, in seconds. It is 0 when the query is an image. */
  queryTo: number;
  /** Where the segment begins in the known video, in seconds. It is 0 for a known image. */
  knownFrom: number;
  /** Where the segment ends in the known video, in seconds. It is 0 for a known image. */
  knownTo: number;
  /**
   * The seconds of the known video that pass in one second of the query, for instance 1.25 when it was sped up by a
   * quarter.
   */
  speed: number;
  /** The mean number of differing bits of the frames that match, 0 … 256. */
  distance: number;
  /** The share of the segment's frames that match, 0 … 1, on the side that has fewer. */
  share: number;
  /** The number of frames that match. */
  matches: number;
  /** The view of the query's frames through which the segment was found. `VideoIndex.searchVideo` sets it. */
  view?: ViewName;
  /** With `view`: where in the query's frames the known video is. It exceeds 0 … 1 where the frames were cropped. */
  region?: Region;
  /** With `view`: the orientation of the known video there. */
  orientation?: Orientation;
}

/**
 * A known video or image that has something in common with the query. It is a lead for a person to look at, not a
 * verdict. Its `distance` is the smallest distance of its segments. `view` and `region` are those of the segment with
 * that distance.
 */
export interface VideoMatch extends Match {
  /** The id under which the video or image was added. */
  id: VideoId;
  /** Whether a video or an image matches. */
  kind: "video" | "image";
  /** True when the query matches without what surrounds its frames, and matches less or not at all with it. */
  trimmed?: true;
  /** The segments in common, sorted by their place in the query. */
  segments: VideoSegment[];
  /** The share of the query's time that the segments cover, 0 … 1. It is 1 for an image. */
  queryShare: number;
  /** The share of the known video's time that the segments cover, 0 … 1. It is 1 for an image. */
  knownShare: number;
}

/** The result of `VideoIndex.searchVideo`. */
export interface VideoSearchResult {
  /** The matches, the best first. */
  matches: VideoMatch[];
  /** The signature of the query with all orientations, and from the level `"standard"` on with trimmed frames. */
  signature: VideoSignature;
}

/** The result of `VideoIndex.searchImage`. */
export interface VideoImageSearchResult {
  /** The matches, the best first. */
  matches: VideoMatch[];
  /** The hash of the query as 64 lower-case hex digits. */
  hash: string;
  /** The quality of the hash, 0 … 100. */
  quality: number;
  /** False when the hash is rounding noise, which matches nothing. */
  stable: boolean;
}

/** How far apart matching frames may be, in seconds, that count as one stretch of an image. */
const stretchGapSeconds = 1;

/** A stretch of a video in which a single image is shown. */
interface ImageStretch {
  from: number;
  to: number;
  /** The mean distance of its frames. */
  distance: number;
  matches: number;
}

/** Returns the share of `duration` that the intervals cover. */
export function coveredShare(intervals: readonly [from: number, to: number][], duration: number): number {
  let sum = 0;
  let end = 0;
  for (const [from, to] of intervals.toSorted((a, b) => a[0] - b[0])) {
    sum += Math.max(0, to - Math.max(from, end));
    end = Math.max(end, to);
  }
  return duration > 0 ? Math.min(1, sum / duration) : 1;
}

function segmentOf(aligned: NativeSegment): VideoSegment {
  const { queryFrom, queryTo, knownFrom, knownTo, speed, distance, share, matches } = aligned;
  return { queryFrom, queryTo, knownFrom, knownTo, speed, distance, share, matches };
}

/** The match of a known video, from the segments that the aligner found. */
export function videoMatch(
  id: VideoId,
  orientation: Orientation,
  aligned: readonly NativeSegment[],
  queryDuration: number,
  knownDuration: number,
): VideoMatch {
  const segments = aligned.map(segmentOf);
  const inQuery = segments.map(({ queryFrom, queryTo }): [number, number] => [queryFrom, queryTo]);
  const inKnown = segments.map(({ knownFrom, knownTo }): [number, number] => [knownFrom, knownTo]);
  return {
    id,
    kind: "video",
    orientation,
    segments,
    queryShare: coveredShare(inQuery, queryDuration),
    knownShare: coveredShare(inKnown, knownDuration),
    distance: Math.min(...segments.map(({ distance }) => distance)),
  };
}

/** Finds the stretches of frames that are within the radius of an image. */
export function imageStretches(image: Uint8Array, { hashes, from, to }: Timeline, radius: number): ImageStretch[] {
  const stretches: ImageStretch[] = [];
  let sum = 0;
  from.forEach((start, i) => {
    const distance = distanceBetween(hashes, i, image, 0);
    if (distance > radius) return;
    const last = stretches.at(-1);
    if (last === undefined || start - last.to > stretchGapSeconds) {
      sum = distance;
      stretches.push({ from: start, to: to[i]!, distance, matches: 1 });
      return;
    }
    last.to = Math.max(last.to, to[i]!);
    last.distance = (sum += distance) / ++last.matches;
  });
  return stretches;
}

const wholeImage = { speed: 1, share: 1 };

/** Returns the match of a known image in a query video. */
export function imageInVideoMatch(
  id: VideoId,
  orientation: Orientation,
  stretches: readonly ImageStretch[],
  queryDuration: number,
): VideoMatch {
  const segments = stretches.map(({ from, to, distance, matches }): VideoSegment => {
    return { queryFrom: from, queryTo: to, knownFrom: 0, knownTo: 0, distance, matches, ...wholeImage };
  });
  const within = stretches.map(({ from, to }): [number, number] => [from, to]);
  const distance = Math.min(...stretches.map((stretch) => stretch.distance));
  const queryShare = coveredShare(within, queryDuration);
  return { id, kind: "image", orientation, segments, queryShare, knownShare: 1, distance };
}

/** Returns the match of a query image in a known video or image. */
export function imageMatch(
  { id, kind, timeline }: { id: VideoId; kind: VideoMatch["kind"]; timeline: Timeline },
  orientation: Orientation,
  stretches: readonly ImageStretch[],
): VideoMatch {
  const segments = stretches.map(({ from, to, distance, matches }): VideoSegment => {
    return { queryFrom: 0, queryTo: 0, knownFrom: from, knownTo: to, distance, matches, ...wholeImage };
  });
  const within = stretches.map(({ from, to }): [number, number] => [from, to]);
  const knownShare = kind === "image" ? 1 : coveredShare(within, timeline.duration);
  const distance = Math.min(...stretches.map((stretch) => stretch.distance));
  return { id, kind, orientation, segments, queryShare: 1, knownShare, distance };
}

/** Sorts the best matches first: by the larger of the two shares, then by distance. */
export function sortMatches(matches: VideoMatch[]): VideoMatch[] {
  const share = ({ queryShare, knownShare }: VideoMatch): number => Math.max(queryShare, knownShare);
  return matches.sort((a, b) => share(b) - share(a) || a.distance - b.distance);
}
