import type { Orientation } from "../hash/orientations.js";
import type { NativeSegment, Timeline } from "../search/align.js";
import type { ViewName } from "../views/views.js";
import type { Region } from "../views/views.js";
import type { VideoId } from "./arguments.js";
import { distanceBetween } from "./timeline.js";

/** Where in the frames of a stretch the known video lies. */
export interface VideoView {
  /** Which idea led to it. */
  name: ViewName;
  /** Outside 0 … 1 where the frames were cropped. */
  region: Region;
  /** How it is turned or mirrored, where it is. */
  orientation?: Orientation;
}

/** A stretch of the query that is in a known video, or the frame that is a known picture. */
export interface VideoSegment {
  /** Seconds of the query; 0 when it is a picture. */
  queryFrom: number;
  queryTo: number;
  /** Seconds of the known video; 0 when it is a picture. */
  knownFrom: number;
  knownTo: number;
  /** Seconds of the known video that pass in one of the query: 1.25 when it was sped up by a quarter. */
  speed: number;
  /** Mean of the differing bits of the frames that match, 0 … 256. */
  distance: number;
  /** Of the stretch's frames, on the side that has fewer, the share that match, 0 … 1. */
  share: number;
  /** How many pictures match. */
  matches: number;
  /** Where in the query's frames it lies, if it was found through a view of them: by `VideoIndex.findCopies`. */
  view?: VideoView;
}

/** A known video or picture that has something in common with the query. A lead for a person to look at, not a verdict. */
export interface VideoMatch {
  id: VideoId;
  kind: "video" | "picture";
  /** Which image of the query matches. */
  orientation: Orientation;
  /** It matches without what lies around the query's frames, and not, or less of it, with that. */
  trimmed?: true;
  /** By where they stand in the query. */
  segments: VideoSegment[];
  /** Share of the query's time that is in the segments, 0 … 1; 1 of a picture. */
  queryShare: number;
  /** Share of the known video's time that is in the segments, 0 … 1; 1 of a picture. */
  knownShare: number;
  /** The smallest of its segments' distances. */
  distance: number;
}

/** Seconds between frames of one stretch of a single picture. */
const stillGap = 1;

/** The share of `duration` that lies in any of the intervals. */
export function coveredShare(intervals: readonly [from: number, to: number][], duration: number): number {
  let sum = 0;
  let end = 0;
  for (const [from, to] of intervals.toSorted((a, b) => a[0] - b[0])) {
    sum += Math.max(0, to - Math.max(from, end));
    end = Math.max(end, to);
  }
  return duration > 0 ? Math.min(1, sum / duration) : 1;
}

export function videoSegments(aligned: readonly NativeSegment[]): VideoSegment[] {
  return aligned.map(({ queryFrom, queryTo, knownFrom, knownTo, speed, distance, share, matches }) => ({
    queryFrom,
    queryTo,
    knownFrom,
    knownTo,
    speed,
    distance,
    share,
    matches,
  }));
}

/** Where a single picture is in a video: from–to, and how near, for each stretch of frames within the radius. */
export function pictureStretches(
  picture: Uint8Array,
  { hashes, from, to }: Timeline,
  radius: number,
): { from: number; to: number; distance: number; matches: number }[] {
  const stretches: { from: number; to: number; distance: number; matches: number }[] = [];
  let sum = 0;
  from.forEach((start, i) => {
    const distance = distanceBetween(hashes, i, picture, 0);
    if (distance > radius) return;
    const last = stretches.at(-1);
    if (last === undefined || start - last.to > stillGap) {
      sum = distance;
      stretches.push({ from: start, to: to[i]!, distance, matches: 1 });
      return;
    }
    last.to = Math.max(last.to, to[i]!);
    last.distance = (sum += distance) / ++last.matches;
  });
  return stretches;
}

/** Best first: by the longer of the two shares, then by distance. */
export function sortMatches(matches: VideoMatch[]): VideoMatch[] {
  const share = ({ queryShare, knownShare }: VideoMatch): number => Math.max(queryShare, knownShare);
  return matches.sort((a, b) => share(b) - share(a) || a.distance - b.distance);
}
