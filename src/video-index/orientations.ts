import { type Orientation, orientationNames } from "../hash/orientations.js";
import { hashToBytes } from "../hash/value.js";
import type { VideoSignature } from "../video/signature.js";
import type { ImageQuery } from "./arguments.js";
import type { VideoSegment, VideoView } from "./results.js";
import { type Query, timelineOf } from "./timeline.js";

/** One of the images of a query that are searched. */
export interface Variant {
  name: Orientation;
  /** Without what lies around its frames. */
  trimmed?: boolean;
  /** Of a video. */
  timeline?: Query;
  /** Of a picture. */
  hash?: Uint8Array;
  /** Of frames that were seen through views: how far they are from what was cut off, and which view a segment has. */
  views?: { radius: number; supportRadius: number; of: (segment: VideoSegment) => VideoView };
}

/** Of frames of at least that quality. */
export function videoVariants(query: VideoSignature, minQuality: number, orientations: boolean): Variant[] {
  const names: readonly Orientation[] =
    orientations && query.frames.some((frame) => frame.orientations !== undefined) ? orientationNames : ["orig"];
  // The plain ones first: of two that say the same the plain one is told.
  const kinds = query.frames.some((frame) => frame.trimmed !== undefined) ? [false, true] : [false];
  return kinds.flatMap((trimmed) =>
    names.map((name) => ({ name, trimmed, timeline: timelineOf(query, minQuality, name, trimmed) })),
  );
}

/** None of a picture of less quality. */
export function pictureVariants(query: ImageQuery, minQuality: number, orientations: boolean): Variant[] {
  const hash = hashToBytes(query.hash);
  if (query.quality < minQuality || !query.stable) return [];
  if (!orientations || query.orientations === undefined) return [{ name: "orig", hash }];
  return orientationNames.map((name, i) => ({ name, hash: i === 0 ? hash : hashToBytes(query.orientations![name]) }));
}
