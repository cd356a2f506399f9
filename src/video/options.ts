import { availableParallelism } from "node:os";
import { boolean, integer, invalidArgument, oneOf, checkOptions, positive, checkSignal } from "../check.js";
import { InvalidArgumentError } from "../errors.js";
import { defaultVideoLimits, type VideoLimits } from "../limits.js";
import { checkSampling } from "./sampling.js";
import type { Sampling } from "./signature.js";

/** How far a video is. */
export interface VideoProgress {
  /** Frames decoded so far. */
  frames: number;
  /** Of the last one, from the beginning of the video. */
  timestampSeconds: number;
  /** Of the whole video, as its container states it; absent where it does not. */
  durationSeconds?: number;
}

/** What decoding takes, whatever is done with the frames. */
export interface DecodeVideoOptions extends VideoLimits {
  /** Ends the work: the child is killed, the promise rejects with the signal's reason. */
  signal?: AbortSignal;
  /** Called a few times a second. */
  onProgress?: (progress: VideoProgress) => void;
  /** The ffmpeg to decode with. Default: `EMPREINTE_FFMPEG`, PATH, then the one inside `@ffmpeg-installer/ffmpeg`. */
  ffmpegPath?: string;
  /** Threads of the decoder, 1 … 64. The frames are the same. Default: as many as there are processors, at most 4. */
  threads?: number;
  /** Turn the frames as the container asks. Default false, as the reference: the orientation hashes cover the turn. */
  rotate?: boolean;
  /** Stretch the frames to square pixels where the container has others. Default false, as the reference. */
  squarePixels?: boolean;
  /** What errors call the input, for instance where a stream comes from. Default: the path, "buffer", "stream" or "frames". */
  name?: string;
}

export interface HashVideoOptions extends DecodeVideoOptions {
  /** Which frames are hashed. Default `{ fps: 1 }`, vPDQ's rule. */
  sampling?: Sampling;
  /** `"vpdq"`: numbers, times and RGB as the reference takes them. With `{ fps }` or `"all"` only. */
  compat?: "vpdq";
  /** Also give the hashes of each frame turned and mirrored. Default false. */
  orientations?: boolean;
  /**
   * Of frames that have a border, bars, or another picture around them, also give the hashes without those, for queries: an
   * altered copy is then found by a `VideoIndex` that knows the plain video. One region is chosen for each shot. Not with
   * `compat: "vpdq"`. Default false.
   */
  trim?: boolean;
  /** Of a damaged, cut or over-long video, give what could be read, marked as such, instead of rejecting. Default false. */
  partial?: boolean;
  /** Frames a second of frames of one's own, for `sampling: { fps }`. Default: by their timestamps. */
  frameRate?: number;
}

/** The options, checked and complete. */
export interface CheckedVideoOptions {
  limits: Required<VideoLimits>;
  signal: AbortSignal | undefined;
  onProgress: ((progress: VideoProgress) => void) | undefined;
  ffmpegPath: string | undefined;
  threads: number;
  rotate: boolean;
  squarePixels: boolean;
  name: string | undefined;
  sampling: Sampling;
  vpdq: boolean;
  orientations: boolean;
  trim: boolean;
  partial: boolean;
  frameRate: number | undefined;
}

const names = (text: string): readonly string[] => text.split(" ");
export const decodeOptionNames: readonly string[] = names(
  "maxPixels maxBytes maxFrames maxSeconds maxStallSeconds maxMemoryBytes " +
    "signal onProgress ffmpegPath threads rotate squarePixels name",
);
const hashVideoOptionNames = [...decodeOptionNames, ...names("sampling compat orientations trim partial frameRate")];

function text(name: string, value: unknown): string | undefined {
  if (value === undefined || typeof value === "string") return value;
  throw invalidArgument(name, "string", value);
}

function whether(name: string, value: unknown): boolean {
  return value === undefined ? false : boolean(name, value);
}

function checkLimits(given: VideoLimits): Required<VideoLimits> {
  const most = Number.MAX_SAFE_INTEGER;
  const limit = (name: keyof VideoLimits): unknown => given[name] ?? defaultVideoLimits[name];
  return {
    maxPixels: integer("maxPixels", limit("maxPixels"), 1, 2 ** 31 - 1),
    maxBytes: integer("maxBytes", limit("maxBytes"), 1, most),
    maxFrames: integer("maxFrames", limit("maxFrames"), 1, most),
    maxSeconds: positive("maxSeconds", limit("maxSeconds")),
    maxStallSeconds: positive("maxStallSeconds", limit("maxStallSeconds")),
    maxMemoryBytes: integer("maxMemoryBytes", limit("maxMemoryBytes"), 1, most),
  };
}

/** @throws {InvalidArgumentError} */
export function checkVideoOptions(
  options: HashVideoOptions | undefined,
  names: readonly string[] = hashVideoOptionNames,
): CheckedVideoOptions {
  const given = checkOptions(options, names) as HashVideoOptions;
  const { onProgress, threads, compat, frameRate } = given;
  if (onProgress !== undefined && typeof onProgress !== "function")
    throw invalidArgument("onProgress", "function", onProgress);
  const sampling = checkSampling(given.sampling);
  const vpdq = compat !== undefined && oneOf("compat", compat, ["vpdq"]) === "vpdq";
  if (vpdq && (sampling === "keyframes" || sampling === "adaptive")) {
    throw new InvalidArgumentError(
      `Expected {fps} or "all" for sampling with compat "vpdq" but received "${sampling}"`,
    );
  }
  const trim = whether("trim", given.trim);
  if (vpdq && trim) throw new InvalidArgumentError('Expected trim without compat "vpdq", which has plain hashes only');
  return {
    limits: checkLimits(given),
    signal: checkSignal(given.signal),
    onProgress,
    ffmpegPath: text("ffmpegPath", given.ffmpegPath),
    threads: threads === undefined ? Math.min(4, availableParallelism()) : integer("threads", threads, 1, 64),
    rotate: whether("rotate", given.rotate),
    squarePixels: whether("squarePixels", given.squarePixels),
    name: text("name", given.name),
    sampling,
    vpdq,
    orientations: whether("orientations", given.orientations),
    trim,
    partial: whether("partial", given.partial),
    frameRate: frameRate === undefined ? undefined : positive("frameRate", frameRate),
  };
}
