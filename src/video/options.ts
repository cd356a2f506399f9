import { availableParallelism } from "node:os";
import {
  boolean,
  checkCallback,
  checkOptions,
  checkSignal,
  integer,
  invalidArgument,
  oneOf,
  positive,
} from "../check.js";
import { InvalidArgumentError } from "../errors.js";
import { defaultVideoLimits, type VideoLimits } from "../limits.js";
import { checkSampling } from "./sampling.js";
import type { Sampling } from "./signature.js";

/** How far the decoding of a video is. */
export interface VideoProgress {
  /** How many frames were decoded so far. */
  frames: number;
  /** The time of the last decoded frame, in seconds from the beginning of the video. */
  timestampSeconds: number;
  /** The duration that the container states. It is absent where the container states none. */
  durationSeconds?: number;
}

/** The options of decoding. */
export interface DecodeVideoOptions extends VideoLimits {
  /** Ends the work: the child is killed, and the promise rejects with the signal's reason. */
  signal?: AbortSignal;
  /** Called a few times a second while the video is decoded. */
  onProgress?: (progress: VideoProgress) => void;
  /** The path of the ffmpeg that decodes. Default: the one that `findFfmpeg` finds. */
  ffmpegPath?: string;
  /** The decoder's threads, 1 … 64. The frames are the same. Default: as many as there are processors, at most 4. */
  threads?: number;
  /**
   * Whether frames are rotated as the container requests. Default false, as in the reference: `orientations` covers
   * rotations.
   */
  rotate?: boolean;
  /**
   * Whether frames are stretched to square pixels where the container has others. Default false, as in the reference.
   */
  squarePixels?: boolean;
  /** Which video stream of a file is decoded, from 0. Cover images are not counted. Default 0. */
  stream?: number;
  /** The name of the input in errors. Default: the path, "buffer", "stream" or "frames". */
  name?: string;
}

/** Options of `hashVideo`. */
export interface HashVideoOptions extends DecodeVideoOptions {
  /** Which frames are hashed. Default `{ fps: 1 }`, vPDQ's rule. */
  sampling?: Sampling;
  /** `"vpdq"`: frame numbers, times and RGB follow the reference. It needs the sampling `{ fps }` or `"all"`. */
  compat?: "vpdq";
  /** Whether each frame also has the hashes of its eight orientations. Default false. */
  orientations?: boolean;
  /**
   * Whether frames inside a border, bars or another image also have the hash of the content alone. With it, a
   * `VideoIndex` of plain videos finds such an altered copy. One region is chosen for each shot. It excludes `compat:
   * "vpdq"`. Default false.
   */
  trim?: boolean;
  /**
   * Whether a damaged, cut or too long video gives the signature of its readable part, marked as `partial`, instead of
   * an error. Default false.
   */
  partial?: boolean;
  /** Frames a second of decoded frames as the input, for `sampling: { fps }`. Default: their timestamps decide. */
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
  stream: number;
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
    "signal onProgress ffmpegPath threads rotate squarePixels stream name",
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
  const limit = (name: keyof VideoLimits): unknown =>
    given[name] === undefined ? defaultVideoLimits[name] : given[name];
  return {
    maxPixels: integer("maxPixels", limit("maxPixels"), 1, 2 ** 31 - 1),
    maxBytes: integer("maxBytes", limit("maxBytes"), 1, most),
    maxFrames: integer("maxFrames", limit("maxFrames"), 1, most),
    maxSeconds: positive("maxSeconds", limit("maxSeconds")),
    maxStallSeconds: positive("maxStallSeconds", limit("maxStallSeconds")),
    maxMemoryBytes: integer("maxMemoryBytes", limit("maxMemoryBytes"), 1, most),
  };
}

/** Checks an argument and returns it in its checked form. @throws {InvalidArgumentError} */
export function checkVideoOptions(
  options: HashVideoOptions | undefined,
  names: readonly string[] = hashVideoOptionNames,
): CheckedVideoOptions {
  const given = checkOptions(options, names) as HashVideoOptions;
  const { threads, compat, frameRate } = given;
  const sampling = checkSampling(given.sampling);
  const vpdq = compat !== undefined && oneOf("compat", compat, ["vpdq"]) === "vpdq";
  if (vpdq && (sampling === "keyframes" || sampling === "adaptive")) {
    throw new InvalidArgumentError(
      `Expected {fps} or "all" for sampling with compat "vpdq" but received "${sampling}"`,
    );
  }
  const trim = whether("trim", given.trim);
  if (vpdq && trim)
    throw new InvalidArgumentError('Expected trim without compat "vpdq", whose files have plain hashes only');
  return {
    limits: checkLimits(given),
    signal: checkSignal(given.signal),
    onProgress: checkCallback("onProgress", given.onProgress),
    ffmpegPath: text("ffmpegPath", given.ffmpegPath),
    threads: threads === undefined ? Math.min(4, availableParallelism()) : integer("threads", threads, 1, 64),
    rotate: whether("rotate", given.rotate),
    squarePixels: whether("squarePixels", given.squarePixels),
    stream: given.stream === undefined ? 0 : integer("stream", given.stream, 0, 1023),
    name: text("name", given.name),
    sampling,
    vpdq,
    orientations: whether("orientations", given.orientations),
    trim,
    partial: whether("partial", given.partial),
    frameRate: frameRate === undefined ? undefined : positive("frameRate", frameRate),
  };
}
