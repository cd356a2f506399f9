import { invalidArgument } from "../check.js";
import { LimitError, VideoError } from "../errors.js";
import { isRawPixels } from "../hash/raw-pixels.js";
import { isVp9 } from "./containers/matroska.js";
import { jumpsOf } from "./containers/transport-stream.js";
import { type Decoder, usableFfmpeg } from "./ffmpeg/find-ffmpeg.js";
import type { VideoFrame } from "./frame.js";
import { decodeFrames } from "./ffmpeg/decode-frames.js";
import { type DecodeState, newState } from "./ffmpeg/decode-state.js";
import { probeFrameRate } from "./ffmpeg/probe-frame-rate.js";
import { decodeSlots } from "./decode-slots.js";
import { hashFrames } from "./hash-frames.js";
import type { OpenVideo } from "./input.js";
import { type CheckedVideoOptions, checkVideoOptions, type HashVideoOptions } from "./options.js";
import { everyFor, Runs, sampler } from "./sampling.js";
import type { SignatureFrame, VideoSignature } from "./signature.js";
import { type ForeignFrames, openVideoInput, type VideoInput } from "./source.js";

/** A source of frames that are already sampled, with what is learned about the video meanwhile. */
interface Reading {
  name: string;
  state: DecodeState;
  frames: AsyncIterable<VideoFrame>;
  /** Whether no one else can write to the frames' memory or detach it. */
  ownsMemory: boolean;
}

/** Receives the frames of a video while they are hashed, so that nothing is decoded twice. */
export interface FrameWatcher {
  /** Called before a frame is hashed. The frame's data is valid only during the call. */
  frame(frame: VideoFrame): void;
  /** Called with the same frame, hashed, in order and some frames later. The next frames wait for the promise. */
  hashed(frame: SignatureFrame): Promise<void>;
}

async function* watched(frames: AsyncIterable<VideoFrame>, watcher: FrameWatcher): AsyncGenerator<VideoFrame> {
  for await (const frame of frames) {
    watcher.frame(frame);
    yield frame;
  }
}

/** Reports the progress, if there is an `onProgress`. */
function progressOf({ onProgress }: CheckedVideoOptions, state: DecodeState): (() => void) | undefined {
  if (onProgress === undefined) return undefined;
  return () => {
    const { frames, seconds, durationSeconds } = state;
    onProgress({ frames, timestampSeconds: seconds, ...(durationSeconds !== undefined && { durationSeconds }) });
  };
}

function fromFile(
  video: OpenVideo,
  decoder: Decoder,
  options: CheckedVideoOptions,
  { exactRate, libvpx }: { exactRate: number | undefined; libvpx: boolean },
  past: "" | "damage" | "joints" = "",
): Reading {
  const { limits, signal, rotate, squarePixels, stream, sampling, vpdq } = options;
  const state = newState();
  state.frameRate = exactRate;
  const frames = decodeFrames(
    video,
    decoder,
    {
      stream,
      channels: vpdq ? 3 : 1,
      keyframes: sampling === "keyframes",
      every: everyFor(sampling, exactRate),
      rotate,
      squarePixels,
      // How several threads conceal damage depends on which is first. One thread always gives the same frames.
      threads: past === "" ? options.threads : 1,
      strict: past === "",
      joined: past === "joints",
      libvpx,
      limits,
      signal,
      onProgress: progressOf(options, state),
    },
    state,
  );
  return { name: video.name, state, frames, ownsMemory: true };
}

/** Frames that the caller supplies: they are counted, held to the limits and sampled here. */
function fromFrames(foreign: ForeignFrames, options: CheckedVideoOptions): Reading {
  const { limits, signal, sampling } = options;
  const { name } = foreign;
  const state = newState();
  state.frameRate = options.frameRate ?? foreign.frameRate;
  const progress = progressOf(options, state);
  const wanted = sampler(sampling, state.frameRate);
  const until = performance.now() + 1000 * limits.maxSeconds;
  async function* frames(): AsyncGenerator<VideoFrame, void, undefined> {
    let reportedAt = performance.now();
    for await (const frame of foreign.frames) {
      signal?.throwIfAborted();
      if (!isRawPixels(frame) || !Number.isFinite(frame.timestampSeconds))
        throw invalidArgument("each frame", "{timestampSeconds, width, height, channels, data}", frame);
      const number = state.frames++;
      if (number === 0) Object.assign(state, { width: frame.width, height: frame.height });
      if (state.frames > limits.maxFrames) {
        const text = `${name} has more than ${limits.maxFrames} frames; maxFrames raises this limit`;
        throw new LimitError("maxFrames", text);
      }
      if (frame.width * frame.height > limits.maxPixels) {
        const text = `${name} has a frame of ${frame.width}×${frame.height} pixels, more than ${limits.maxPixels}`;
        throw new LimitError("maxPixels", `${text}; maxPixels raises this limit`);
      }
      const now = performance.now();
      if (now > until) {
        const text = `${name} takes more than ${limits.maxSeconds} s; maxSeconds raises this limit`;
        throw new LimitError("maxSeconds", text);
      }
      state.seconds = Math.max(state.seconds, frame.timestampSeconds);
      if (now - reportedAt > 200) {
        reportedAt = now;
        progress?.();
      }
      const numbered = { ...frame, number, timestampSeconds: state.seconds };
      if (wanted(numbered)) yield numbered;
    }
  }
  return { name, state, frames: frames(), ownsMemory: false };
}

/** Replaces the container's time of a frame with vPDQ's: number / frame rate. */
function vpdqTime(frame: SignatureFrame, frameRate: number): SignatureFrame {
  const timestampSeconds = frame.number / frameRate;
  return { ...frame, timestampSeconds, lastTimestampSeconds: timestampSeconds };
}

/** Adds the hashes of one reading to `into`. Those before a failure stay there. */
async function collect(
  reading: Reading,
  options: CheckedVideoOptions,
  watcher: FrameWatcher | undefined,
  into: SignatureFrame[],
): Promise<void> {
  const { sampling, vpdq, orientations, trim, signal } = options;
  const { ownsMemory, state } = reading;
  const frames = watcher === undefined ? reading.frames : watched(reading.frames, watcher);
  const runs = sampling === "adaptive" ? new Runs() : undefined;
  try {
    for await (const frame of hashFrames(frames, { orientations, trim, ownsMemory }, signal)) {
      await watcher?.hashed(frame);
      if (vpdq && state.frameRate !== undefined) into.push(vpdqTime(frame, state.frameRate));
      else if (runs === undefined) into.push(frame);
      else {
        const run = runs.add(frame);
        if (run !== undefined) into.push(run);
      }
    }
  } finally {
    const run = runs?.end();
    if (run !== undefined) into.push(run);
  }
  if (into.length === 0) throw new VideoError("ERR_EMPREINTE_VIDEO_NO_FRAMES", `${reading.name} has no frames`);
}

function signatureOf(
  state: DecodeState,
  frames: SignatureFrame[],
  options: CheckedVideoOptions,
  failure: unknown,
): VideoSignature {
  const { sampling, vpdq } = options;
  const measured = state.seconds > 0 ? (state.frames - 1) / state.seconds : 0;
  const frameRate = state.frameRate ?? (sampling === "keyframes" ? 0 : measured);
  const last = state.seconds + (frameRate > 0 ? 1 / frameRate : 0);
  // The video goes on after the last keyframe. With other samplings every frame was decoded.
  const stated = sampling === "keyframes" && failure === undefined ? (state.durationSeconds ?? 0) : 0;
  return {
    sampling,
    ...(vpdq && { compat: "vpdq" }),
    frames,
    durationSeconds: Math.max(last, stated),
    frameRate,
    width: state.width,
    height: state.height,
    frameCount: state.frames,
    ...(state.streamCount > 1 && { streamCount: state.streamCount }),
    partial: failure !== undefined,
    ...(failure instanceof Error && { problem: failure.message }),
  };
}

interface Outcome {
  signature: VideoSignature;
  /** Why the reading failed; undefined when it reached the end. */
  failure: unknown;
}

/** Hashes one reading. With `partial`, a reading that fails gives the frames before the failure. */
async function hashReading(
  reading: Reading,
  options: CheckedVideoOptions,
  watcher: FrameWatcher | undefined,
): Promise<Outcome> {
  const frames: SignatureFrame[] = [];
  let failure: unknown;
  try {
    await collect(reading, options, watcher, frames);
  } catch (error) {
    if (!options.partial || options.signal?.aborted || frames.length === 0) throw error;
    failure = error;
  }
  return { signature: signatureOf(reading.state, frames, options, failure), failure };
}

const isDamage = (error: unknown): boolean => error instanceof VideoError && error.code === "ERR_EMPREINTE_CORRUPT";

type Watch = () => FrameWatcher | undefined;

async function hashFile(video: OpenVideo, options: CheckedVideoOptions, watch: Watch): Promise<VideoSignature> {
  const { limits, signal, stream, ffmpegPath, sampling, vpdq, partial } = options;
  const decoder = await usableFfmpeg({ ...(ffmpegPath !== undefined && { ffmpegPath }), ...(signal && { signal }) });
  const needed = vpdq || typeof sampling === "object";
  const exactRate = needed ? await probeFrameRate(video, decoder, { limits, stream }, signal) : undefined;
  const libvpx = decoder.libvpx && video.format === "matroska" && (await isVp9(video, stream));
  const about = { exactRate, libvpx };
  let damage: unknown;
  try {
    const { signature, failure } = await hashReading(fromFile(video, decoder, options, about), options, watch());
    if (!isDamage(failure)) return signature;
    damage = failure;
  } catch (error) {
    if (!isDamage(error)) throw error;
    damage = error;
  }
  const past = video.format === "mpegts" && (await jumpsOf(video)) !== "damage" ? "joints" : "damage";
  if (past === "damage" && !partial) throw damage;
  return (await hashReading(fromFile(video, decoder, options, about, past), options, watch())).signature;
}

/**
 * Hashes a video with checked options, and shows its frames to a watcher.
 * @param watch Makes a watcher for each reading. A damaged video is read twice with the option `partial`.
 */
export async function watchVideo(
  input: VideoInput,
  options: CheckedVideoOptions,
  watch: Watch,
): Promise<VideoSignature> {
  const { signal, name, limits, sampling } = options;
  const open = openVideoInput(input, name, limits, sampling === "keyframes");
  signal?.throwIfAborted();
  const source = await open(signal ?? new AbortController().signal);
  if ("foreign" in source) return (await hashReading(fromFrames(source.foreign, options), options, watch())).signature;
  try {
    return await decodeSlots.withSlot(signal, () => hashFile(source.video, options, watch));
  } finally {
    await source.video.close();
  }
}

/**
 * Computes the signature of a video: the PDQ hashes of its sampled frames with their times. No image is kept.
 *
 * A child process (ffmpeg) decodes. It can open only this file, and it is held to the limits. The containers MP4, MOV,
 * Matroska, WebM, AVI, MPEG-TS, MPEG-PS, FLV, Ogg and GIF are recognized by content. The codecs are H.264, HEVC, VP8,
 * VP9, AV1, MPEG-1, -2 and -4, H.263, Theora, ProRes and Motion JPEG.
 *
 * At most as many videos as the processor has threads, and at least two, are decoded at a time. Further calls wait.
 * Bytes and streams are written to a private temporary file first, because the index of an MP4 may be at its end. Bytes
 * are copied before this function returns.
 *
 * The hash is of the luma as stored, at full size: neither rotation nor sample aspect is applied. A file has the same
 * signature with any number of threads.
 *
 * @throws {InvalidArgumentError} `ERR_EMPREINTE_INVALID_ARGUMENT`: an option or the input is of the wrong kind.
 * @throws {VideoError} `ERR_EMPREINTE_VIDEO_FFMPEG`: no usable ffmpeg was found. `ERR_EMPREINTE_READ`,
 * `ERR_EMPREINTE_EMPTY`, `ERR_EMPREINTE_UNSUPPORTED_FORMAT`, `ERR_EMPREINTE_CORRUPT`, `ERR_EMPREINTE_VIDEO_NO_FRAMES`,
 * `ERR_EMPREINTE_VIDEO_CHILD` or `ERR_EMPREINTE_WRITE` (for the temporary file), with the name of the input.
 * @throws {LimitError} `ERR_EMPREINTE_LIMIT`: the video exceeds a limit, and `limit` names it.
 * @throws The signal's reason.
 *
 * @example
 * const { frames } = await hashVideo("clip.mp4", { sampling: "adaptive" });
 */
export async function hashVideo(input: VideoInput, options?: HashVideoOptions): Promise<VideoSignature> {
  return watchVideo(input, checkVideoOptions(options), () => undefined);
}
