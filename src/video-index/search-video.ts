import { oneOf, checkOptions } from "../check.js";
import { type CheckedVideoOptions, checkVideoOptions, decodeOptionNames } from "../video/options.js";
import type { VideoInput } from "../video/source.js";
import { watchVideo } from "../video/hash-video.js";
import type { VideoSignature } from "../video/signature.js";
import { regionOf } from "../copies/candidates.js";
import type { CopyLevel } from "../copies/types.js";
import { type CheckedVideoSearch, checkVideoSearch, videoSearchNames } from "./arguments.js";
import type { VideoCopies, VideoCopyOptions } from "./types.js";
import type { VideoSegment, VideoView } from "./results.js";
import { type Searched, searchVariants } from "./search.js";
import { keptSeconds, ShotFrames } from "./shots.js";
import { timelineOf } from "./timeline.js";
import { type Variant, videoVariants } from "./orientations.js";
import { type ShotView, ShotViews } from "./views.js";

const hashNames: readonly string[] = [...decodeOptionNames, "sampling", "partial", "frameRate"];
const searchNames: readonly string[] = videoSearchNames.filter((name) => name !== "orientations");

export interface CheckedVideoCopies {
  level: CopyLevel;
  hash: CheckedVideoOptions;
  search: CheckedVideoSearch;
}

/** @throws {InvalidArgumentError} */
export function checkVideoCopies(options: VideoCopyOptions | undefined): CheckedVideoCopies {
  const given = checkOptions(options, [...new Set(["level", ...hashNames, ...searchNames])]) as VideoCopyOptions;
  const level = oneOf("level", given.level ?? "standard", ["fast", "standard", "thorough"] as const);
  const of = (names: readonly string[]): object =>
    Object.fromEntries(Object.entries(given).filter(([name]) => names.includes(name)));
  const hash = { sampling: "all" as const, ...of(hashNames), orientations: true, trim: level !== "fast" };
  return { level, hash: checkVideoOptions(hash), search: checkVideoSearch(of(searchNames)) };
}

/** Hashes a video and looks for it, as it is and through views of its shots. */
export async function copiesOf(
  input: VideoInput,
  { level, hash }: CheckedVideoCopies,
  searched: Searched,
): Promise<VideoCopies> {
  let views = new ShotViews(searched, level);
  let shots = new ShotFrames((shot) => views.shot(shot));
  const signature = await watchVideo(input, hash, () => {
    if (level === "fast") return undefined;
    views = new ShotViews(searched, level);
    shots = new ShotFrames((shot) => views.shot(shot));
    return shots;
  });
  await shots.end();
  await views.end();
  const { minQuality } = searched.options;
  const variants = videoVariants(signature, minQuality, true);
  if (views.frames.length > 0) variants.push(seen(signature, views, searched.options));
  return { matches: await searchVariants(variants, signature.frames.length, searched), signature };
}

/** The frames as they were seen through the views. */
function seen(signature: VideoSignature, views: ShotViews, { minQuality, radius }: CheckedVideoSearch): Variant {
  const { sampling } = signature;
  const most = 1 / keptSeconds;
  const fps = typeof sampling === "object" ? Math.min(most, sampling.fps) : most;
  const altered = { ...signature, frames: views.frames, sampling: sampling === "keyframes" ? sampling : { fps } };
  return {
    name: "orig",
    timeline: timelineOf(altered, minQuality, undefined),
    views: {
      radius: Math.min(256, Math.floor(1.5 * radius)),
      supportRadius: Math.min(256, 2 * radius),
      of: (segment) => viewOf(views.views, segment),
    },
  };
}

/** The view of the shot that most of the segment lies in. */
function viewOf(views: readonly ShotView[], { queryFrom, queryTo }: VideoSegment): VideoView {
  const within = ({ from, to }: ShotView): number => Math.min(to, queryTo) - Math.max(from, queryFrom);
  const most = views.toSorted((a, b) => within(b) - within(a))[0]!;
  const { name, turned: orientation, view } = most;
  return { name, region: regionOf(view), ...(orientation !== "orig" && { orientation }) };
}
