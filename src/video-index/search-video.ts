import { checkOptions } from "../check.js";
import { regionOf } from "../copies/candidates.js";
import { checkLevel } from "../copies/level.js";
import type { CopyLevel } from "../copies/types.js";
import { watchVideo } from "../video/hash-video.js";
import { type CheckedVideoOptions, checkVideoOptions, decodeOptionNames } from "../video/options.js";
import type { VideoSignature } from "../video/signature.js";
import type { VideoInput } from "../video/source.js";
import { orientedVideos, type OrientedVideo, type SegmentView } from "./oriented-queries.js";
import type { SearchContext } from "./probe-hits.js";
import type { VideoSearchResult, VideoSegment } from "./results.js";
import {
  type CheckedVideoSearch,
  checkVideoSearch,
  type SearchVideoOptions,
  videoSearchNames,
} from "./search-options.js";
import { searchVideos } from "./search.js";
import { keptSeconds, ShotFrames } from "./shot-frames.js";
import { type ShotView, ShotViews } from "./shot-views.js";
import { timelineOf } from "./timeline.js";

const hashNames: readonly string[] = [...decodeOptionNames, "sampling", "partial", "frameRate"];
const searchNames: readonly string[] = videoSearchNames.filter((name) => name !== "orientations");

export interface CheckedSearchVideo {
  level: CopyLevel;
  hash: CheckedVideoOptions;
  search: CheckedVideoSearch;
}

/** Checks options and fills in defaults. @throws {InvalidArgumentError} An option is of the wrong kind. */
export function checkSearchVideo(options: SearchVideoOptions | undefined): CheckedSearchVideo {
  const given = checkOptions(options, [...new Set(["level", ...hashNames, ...searchNames])]) as SearchVideoOptions;
  const { level: givenLevel = "fast" } = given;
  const level = checkLevel(givenLevel);
  const only = (names: readonly string[]): object =>
    Object.fromEntries(Object.entries(given).filter(([name]) => names.includes(name)));
  const hash = { sampling: "all" as const, ...only(hashNames), orientations: true, trim: level !== "fast" };
  return { level, hash: checkVideoOptions(hash), search: checkVideoSearch(only(searchNames)) };
}

/** A video that was hashed, with the views of its shots. */
export interface WatchedVideo {
  signature: VideoSignature;
  views: Pick<ShotViews, "frames" | "views">;
}

/** Hashes a video, and chooses views of its shots meanwhile. */
export async function hashForSearch(
  input: VideoInput,
  { level, hash }: Pick<CheckedSearchVideo, "level" | "hash">,
  context: SearchContext,
): Promise<WatchedVideo> {
  let views = new ShotViews(context, level);
  let shots = new ShotFrames((shot) => views.addShot(shot));
  const signature = await watchVideo(input, hash, () => {
    if (level === "fast") return undefined;
    // A damaged video is read twice, and the second reading begins anew.
    views = new ShotViews(context, level);
    shots = new ShotFrames((shot) => views.addShot(shot));
    return shots;
  });
  await shots.end();
  await views.end();
  return { signature, views };
}

/** Returns the forms of a hashed video that are searched: as it is, and through the views of its shots. */
export function formsOf({ signature, views }: WatchedVideo, options: CheckedVideoSearch): OrientedVideo[] {
  const videos = orientedVideos(signature, options.minQuality, true);
  if (views.frames.length > 0) videos.push(throughViews(signature, views, options));
  return videos;
}

/** Hashes a video and searches for it, as it is and through views of its shots. */
export async function searchVideo(
  input: VideoInput,
  checked: CheckedSearchVideo,
  context: SearchContext,
): Promise<VideoSearchResult> {
  const watched = await hashForSearch(input, checked, context);
  const { signature } = watched;
  const matches = await searchVideos(formsOf(watched, context.options), signature.frames.length, context);
  return { matches, signature };
}

/** Returns the query as its frames are seen through the views of their shots. */
function throughViews(
  signature: VideoSignature,
  views: WatchedVideo["views"],
  { minQuality, radius }: CheckedVideoSearch,
): OrientedVideo {
  const { sampling } = signature;
  const most = 1 / keptSeconds;
  const fps = typeof sampling === "object" ? Math.min(most, sampling.fps) : most;
  const altered = { ...signature, frames: views.frames, sampling: sampling === "keyframes" ? sampling : { fps } };
  return {
    orientation: "orig",
    trimmed: false,
    timeline: timelineOf(altered, minQuality, undefined),
    views: {
      radius: Math.min(256, Math.floor(1.5 * radius)),
      supportRadius: Math.min(256, 2 * radius),
      of: (segment) => viewOf(views.views, segment),
    },
  };
}

/** Returns the view of the shot with most of the segment. */
function viewOf(views: readonly ShotView[], { queryFrom, queryTo }: VideoSegment): SegmentView {
  const within = ({ from, to }: ShotView): number => Math.min(to, queryTo) - Math.max(from, queryFrom);
  const most = views.toSorted((a, b) => within(b) - within(a))[0]!;
  return { view: most.name, region: regionOf(most.corners), orientation: most.orientation };
}
