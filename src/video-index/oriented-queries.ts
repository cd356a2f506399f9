import { type Orientation, orientationNames } from "../hash/orientations.js";
import { hashToBytes } from "../hash/value.js";
import type { VideoSignature } from "../video/signature.js";
import type { Region, ViewName } from "../views/views.js";
import type { VideoSegment } from "./results.js";
import type { HashedQuery } from "./search-options.js";
import { type QueryTimeline, timelineOf } from "./timeline.js";

/** Where in the query's frames a segment was found. */
export interface SegmentView {
  view: ViewName;
  region: Region;
  orientation: Orientation;
}

/** A query video in one orientation. */
export interface OrientedVideo {
  orientation: Orientation;
  timeline: QueryTimeline;
  /** Whether its hashes are of the frames without what surrounds their content. */
  trimmed: boolean;
  /**
   * For frames that were hashed through views: the radii, which allow for what was cropped, and the view of a segment.
   */
  views?: { radius: number; supportRadius: number; of: (segment: VideoSegment) => SegmentView };
}

/** A query image in one orientation. */
export interface OrientedImage {
  orientation: Orientation;
  hash: Uint8Array;
}

/**
 * Returns the forms of a query video that are searched: its orientations, and where it has trimmed frames those of
 * them.
 */
export function orientedVideos(query: VideoSignature, minQuality: number, orientations: boolean): OrientedVideo[] {
  const names: readonly Orientation[] =
    orientations && query.frames.some((frame) => frame.orientations !== undefined) ? orientationNames : ["orig"];
  // The plain frames come first: of two equal matches the first one counts.
  const kinds = query.frames.some((frame) => frame.trimmed !== undefined) ? [false, true] : [false];
  return kinds.flatMap((trimmed) =>
    names.map((orientation) => {
      return { orientation, trimmed, timeline: timelineOf(query, minQuality, orientation, trimmed) };
    }),
  );
}

/** Returns the orientations of a query image. There are none when its quality is too low or its hash is not stable. */
export function orientedImages(
  query: HashedQuery & { quality: number; stable: boolean },
  minQuality: number,
  orientations: boolean,
): OrientedImage[] {
  const hash = hashToBytes(query.hash);
  const all = query.orientations;
  if (query.quality < minQuality || !query.stable) return [];
  if (!orientations || all === undefined) return [{ orientation: "orig", hash }];
  return orientationNames.map((orientation, i) => {
    return { orientation, hash: i === 0 ? hash : hashToBytes(all[orientation]) };
  });
}
