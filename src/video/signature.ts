import type { OrientationHashes } from "../hash/orientations.js";

/**
 * Which frames of a video are hashed.
 *
 * - `{ fps: n }`: so many a second: every m-th frame, m = max(1, ⌊average frame rate / n⌋). `{ fps: 1 }` is vPDQ's rule.
 * - `"all"`: every frame.
 * - `"keyframes"`: those that are coded on their own; the decoder skips the rest.
 * - `"adaptive"`: every frame is looked at, and each run of frames that are nearly the same is stored once.
 */
export type Sampling = { fps: number } | "all" | "keyframes" | "adaptive";

/** A part of a frame, in shares of its sides from the top left, 0 … 1. */
export interface FrameRegion {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** The hash of what a border, bars or another picture lie around. */
export interface TrimmedFrame {
  /** 64 lower-case hex digits. */
  hash: string;
  /** 0 … 100 */
  quality: number;
  stable: boolean;
  /** 0 … 100, as the frame's. */
  drawn: number;
  /** Which part of the frame it is the hash of: the same throughout a shot. */
  region: FrameRegion;
  /** The eight turned and mirrored variants, when asked for. */
  orientations?: OrientationHashes;
}

/** One hashed frame, or with adaptive sampling a run of frames that are nearly the same. */
export interface SignatureFrame {
  /** Of the decoded frame, from 0; of a run, its best frame's. */
  number: number;
  /** Of the frame, or of the first frame of a run. From the container; with `compat: "vpdq"`, number / frame rate. */
  timestampSeconds: number;
  /** Of the last frame of a run; otherwise the same as `timestampSeconds`. */
  lastTimestampSeconds: number;
  /** 64 lower-case hex digits; of a run, its best frame's. */
  hash: string;
  /** 0 … 100; below 50 a hash should be neither banked nor matched. */
  quality: number;
  /** False when the hash is rounding noise (constant pictures, gradients, stripes): do not match on it. */
  stable: boolean;
  /**
   * 0 … 100: how much the picture looks drawn, the percentage of its change in brightness that lies in the tenth of it
   * where it changes most. Below 50 of most that a camera saw, above 57 of cards, countdowns and test patterns. Where two
   * videos have only a part in common, a `VideoIndex` gives little for such frames of the query. 0 of pictures with a
   * side below 64 pixels. Not there in vPDQ's files.
   */
  drawn?: number;
  /** The eight turned and mirrored variants, when asked for. */
  orientations?: OrientationHashes;
  /**
   * The frame without what lies around the video, when that is asked for (`trim`) and something does: a border, bars with
   * text or without, a picture that it was put onto. Not there in vPDQ's files.
   */
  trimmed?: TrimmedFrame;
}

/** What a video looks like over time. No picture is in it. */
export interface VideoSignature {
  /** How it was sampled. */
  sampling: Sampling;
  /** `"vpdq"`: frames, times and pixels as the reference takes them. */
  compat?: "vpdq";
  /** By time. */
  frames: SignatureFrame[];
  /** Seconds from the first frame to the end of the last one. */
  durationSeconds: number;
  /** Frames a second, the average over the video. */
  frameRate: number;
  /** Pixels of the first frame. */
  width: number;
  /** Pixels of the first frame. */
  height: number;
  /** Frames that were decoded. */
  frameCount: number;
  /** True when the video could not be read to its end and what was read until then was asked for. */
  partial: boolean;
  /** Why it could not be read to its end, a sentence; with `partial` only. */
  problem?: string;
}
