import type { HashVideoOptions } from "../video/options.js";
import type { VideoSignature } from "../video/signature.js";
import type { CopyLevel } from "../copies/types.js";
import type { VideoSearchOptions } from "./arguments.js";
import type { VideoMatch } from "./results.js";

export interface VideoCopyOptions
  extends Omit<HashVideoOptions, "compat" | "orientations" | "trim">, Omit<VideoSearchOptions, "orientations"> {
  /**
   * `"fast"`: the frames as they are, turned and mirrored. `"standard"`: also without borders, bars and what they were put
   * onto, and, of shots that are not found so, cropped, zoomed into, turned by some degrees: two frames of a shot are looked
   * at. `"thorough"`: four frames, and more candidates. Default `"standard"`.
   */
  level?: CopyLevel;
}

/** What was found of a video, and its signature. */
export interface VideoCopies {
  /** Best first. */
  matches: VideoMatch[];
  /** As `hashVideo` gives it, turned and mirrored variants included, and from `"standard"` on trimmed ones. */
  signature: VideoSignature;
}
