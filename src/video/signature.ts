import type { OrientationHashes } from "../hash/orientations.js";

/**
 * Which frames of a video are hashed.
 *
 * - `{ fps: n }`: n frames a second. It takes every m-th frame, with m = max(1, ⌊average frame rate / n⌋). `{ fps: 1 }`
 *   is vPDQ's rule.
 * - `"all"`: every frame.
 * - `"keyframes"`: only keyframes, and the decoder skips the rest.
 * - `"adaptive"`: every frame is hashed, and each run of frames that are nearly the same is stored once.
 */
export type Sampling = { fps: number } | "all" | "keyframes" | "adaptive";

/** A part of a frame, as shares 0 … 1 of its width and height, measured from the top left corner. */
export interface FrameRegion {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** The hash of the content inside a border, bars or another image. */
export interface TrimmedFrame {
  /** The hash as 64 lower-case hex digits. */
  hash: string;
  /** The quality of the hash, 0 … 100. */
  quality: number;
  /** False when the hash is rounding noise. */
  stable: boolean;
  /** How synthetic the content looks, 0 … 100. See `SignatureFrame.syntheticScore`. */
  syntheticScore: number;
  /** Which part of the frame was hashed. It is the same throughout a shot. */
  region: FrameRegion;
  /** The hashes of the eight orientations, with the option `orientations`. */
  orientations?: OrientationHashes;
}

/** One hashed frame, or with adaptive sampling a run of frames that are nearly the same. */
export interface SignatureFrame {
  /** The frame's number among the decoded frames, from 0. For a run it is the number of its best frame. */
  number: number;
  /** The time of the frame, or of the first frame of a run. With `compat: "vpdq"` it is number / frame rate. */
  timestampSeconds: number;
  /** The time of the last frame of a run. Otherwise it equals `timestampSeconds`. */
  lastTimestampSeconds: number;
  /** The hash as 64 lower-case hex digits. For a run it is the hash of its best frame. */
  hash: string;
  /** The quality of the hash, 0 … 100. A hash below 50 should be neither listed nor matched. */
  quality: number;
  /** False when the hash is rounding noise, as of constant images, gradients and stripes. Do not match on it. */
  stable: boolean;
  /**
   * How synthetic the image looks, 0 … 100: the percentage of its change in brightness that is in the tenth of it that
   * changes most. Most camera images are below 50. Title cards, countdowns and test patterns are above 57. A
   * `VideoIndex` gives such frames of a query little weight where two videos have only a part in common. Images with a
   * side below 64 pixels have 0. vPDQ files do not carry it.
   */
  syntheticScore?: number;
  /** The hashes of the eight orientations, with the option `orientations`. */
  orientations?: OrientationHashes;
  /**
   * The hash of the content without its surroundings, with the option `trim`. It is present where a border, bars or
   * another image surround the content. vPDQ files do not carry it.
   */
  trimmed?: TrimmedFrame;
}

/** The hashes of a video over time. It contains no images. */
export interface VideoSignature {
  /** The sampling that chose the frames. */
  sampling: Sampling;
  /** `"vpdq"` when frames, times and pixels follow the reference. */
  compat?: "vpdq";
  /** The hashed frames, sorted by time. */
  frames: SignatureFrame[];
  /** The seconds from the first frame to the end of the last one. */
  durationSeconds: number;
  /** The average frames a second over the video. */
  frameRate: number;
  /**
   * How many video streams the file has, without cover images. It is present where there are several. Only the one of
   * the option `stream` was read.
   */
  streamCount?: number;
  /** The width of the first frame in pixels. */
  width: number;
  /** The height of the first frame in pixels. */
  height: number;
  /** How many frames were decoded. */
  frameCount: number;
  /** True when only the beginning of the video could be read, and the option `partial` allowed that. */
  partial: boolean;
  /** A sentence that says why the rest could not be read. It is present with `partial` only. */
  problem?: string;
}
