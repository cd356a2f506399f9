/** What a check of a video looks up: what was found near signals, as evidence that each decision compares again. */
import { filledText, integer, invalidArgument, oneOf } from "../../check.js";
import { type Orientation, orientationNames } from "../../hash/orientations.js";
import { hashToHex } from "../../hash/value.js";
import type { VideoSegment } from "../../video-index/results.js";
import { type Region, type ViewName, viewNames } from "../../views/views.js";

/** What `Matcher.checkVideo` found of a video. With it `explain` repeats the decision without the video. */
export interface QueryVideo {
  /** The SHA-256 of the frames' hashes, in hex digits. */
  key: string;
  durationSeconds: number;
  /** How many frames were hashed. */
  frameCount: number;
  /** Why only a part of the video was hashed. Present with the option `partial` only. */
  problem?: string;
  /** How many video streams the file has, present where there are several. One of them was hashed. */
  streamCount?: number;
  /** Which frames are near known images: of each entry the nearest, and what suppresses it. */
  frames: QueryFrame[];
  /** Which known videos have stretches in common with it. */
  videos: QuerySegments[];
}

/** A frame of the upload that is near a signal. Each check computes its distance anew. */
export interface QueryFrame {
  /** The store's number of the signal. */
  signal: number;
  /** The hash of the frame in its orientation: 64 hex digits. */
  hash: string;
  quality: number;
  orientation: Orientation;
  timestampSeconds: number;
  /** Set where it is the hash of the frame without what surrounds its content. */
  trimmed?: true;
}

/** The stretches that the upload shares with one known video. */
export interface QuerySegments {
  /** The orientation of the upload, or of the first view. */
  orientation: Orientation;
  trimmed?: true;
  /** The radius and the least quality that the video was searched with. */
  radius: number;
  minQuality: number;
  queryShare: number;
  knownShare: number;
  segments: QuerySegment[];
}

/** A stretch, with pairs of frames that match, at most 64 and evenly spaced. Their distances are computed anew. */
export interface QuerySegment extends Omit<VideoSegment, "distance"> {
  pairs: { signal: number; hash: string }[];
}

const most = Number.MAX_SAFE_INTEGER;

function objects<T>(name: string, value: readonly T[]): readonly T[] {
  const isObject = (one: unknown): boolean => typeof one === "object" && one !== null;
  if (Array.isArray(value) && value.every(isObject)) return value;
  throw invalidArgument(name, "array of objects", value);
}

function number(name: string, value: unknown, upTo: number): number {
  if (typeof value === "number" && value >= 0 && value <= upTo) return value;
  throw invalidArgument(name, "number of at least 0", value);
}

/** Copies a region. @throws {InvalidArgumentError} */
export function checkRegion(region: Region): Region {
  const isCorner = (at: unknown): boolean => Array.isArray(at) && at.length === 2 && at.every(Number.isFinite);
  if (!(Array.isArray(region) && region.length === 4 && region.every(isCorner))) {
    throw invalidArgument("region", "four corners", region);
  }
  return region.map(([x, y]): [number, number] => [x, y]);
}

const orientationOf = (value: unknown): Orientation => oneOf("orientation", value as Orientation, orientationNames);

function checkSegment(segment: QuerySegment): QuerySegment {
  const { view, region, orientation } = segment;
  const time = (name: "queryFrom" | "queryTo" | "knownFrom" | "knownTo"): number => number(name, segment[name], 1e9);
  const pairs = objects("pairs", segment.pairs);
  if (pairs.length === 0) throw invalidArgument("pairs", "at least one pair", pairs);
  return {
    queryFrom: time("queryFrom"),
    queryTo: time("queryTo"),
    knownFrom: time("knownFrom"),
    knownTo: time("knownTo"),
    speed: number("speed", segment.speed, 1e3),
    share: number("share", segment.share, 1),
    matches: integer("matches", segment.matches, 0, most),
    ...(view !== undefined && { view: oneOf<ViewName>("view", view, viewNames) }),
    ...(region !== undefined && { region: checkRegion(region) }),
    ...(orientation !== undefined && { orientation: orientationOf(orientation) }),
    pairs: pairs.map(({ signal, hash }) => ({ signal: integer("signal", signal, 0, most), hash: hashToHex(hash) })),
  };
}

/** Checks what was found of a video. @throws {InvalidArgumentError} @throws {InvalidHashError} */
export function checkQueryVideo(video: QueryVideo): QueryVideo {
  if (typeof video !== "object" || video === null) throw invalidArgument("video", "{key, frames, videos, …}", video);
  return {
    key: hashToHex(video.key),
    durationSeconds: number("durationSeconds", video.durationSeconds, 1e9),
    frameCount: integer("frameCount", video.frameCount, 0, most),
    ...(video.problem !== undefined && { problem: filledText("problem", video.problem) }),
    ...(video.streamCount !== undefined && { streamCount: integer("streamCount", video.streamCount, 2, most) }),
    frames: objects("frames", video.frames).map((frame): QueryFrame => ({
      signal: integer("signal", frame.signal, 0, most),
      hash: hashToHex(frame.hash),
      quality: integer("quality", frame.quality, 0, 100),
      orientation: orientationOf(frame.orientation),
      timestampSeconds: number("timestampSeconds", frame.timestampSeconds, 1e9),
      ...(frame.trimmed && { trimmed: true }),
    })),
    videos: objects("videos", video.videos).map((one): QuerySegments => ({
      orientation: orientationOf(one.orientation),
      ...(one.trimmed && { trimmed: true }),
      radius: integer("radius", one.radius, 0, 256),
      minQuality: integer("minQuality", one.minQuality, 0, 100),
      queryShare: number("queryShare", one.queryShare, 1),
      knownShare: number("knownShare", one.knownShare, 1),
      segments: objects("segments", one.segments).map(checkSegment),
    })),
  };
}
