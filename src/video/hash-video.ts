import { invalidArgument } from "../check.js";
import { LimitError, VideoError } from "../errors.js";
import { isRawPixels } from "../hash/raw-pixels.js";
import { type Decoder, usableFfmpeg } from "./ffmpeg/find-ffmpeg.js";
import type { VideoFrame } from "./frame.js";
import { type DecodeState, decodeFrames, newState, probeFrameRate } from "./ffmpeg/frames.js";
import { decodeSlots } from "./decode-slots.js";
import { hashFrames } from "./hash-frames.js";
import type { OpenVideo } from "./input.js";
import { type CheckedVideoOptions, checkVideoOptions, type HashVideoOptions } from "./options.js";
import { everyFor, Runs, sampler } from "./sampling.js";
import type { SignatureFrame, VideoSignature } from "./signature.js";
import { type ForeignFrames, openVideoInput, type VideoInput } from "./source.js";

/** Where the frames come from, how they are sampled already, and what becomes known of them meanwhile. */
interface Reading {
  name: string;
  state: DecodeState;
  frames: AsyncIterable<VideoFrame>;
  /** Nobody else can write to their memory, or take it away. */
  ours: boolean;
}

/** Sees the frames of a reading while they are hashed: nothing is decoded twice for it. */
export interface FrameWatcher {
  /** A frame that is going to be hashed. Its data is another's after this returns. */
  frame(frame: VideoFrame): void;
  /** The same, in order, some frames later; what comes next waits for it. */
  hashed(frame: SignatureFrame): Promise<void>;
}

async function* watched(frames: AsyncIterable<VideoFrame>, watcher: FrameWatcher): AsyncGenerator<VideoFrame> {
  for await (const frame of frames) {
    watcher.frame(frame);
    yield frame;
  }
}

/** Tells how far it is, if anybody wants to know. */
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
  exactRate: number | undefined,
  strict: boolean,
): Reading {
  const { limits, signal, rotate, squarePixels, sampling, vpdq } = options;
  const state = newState();
  state.frameRate = exactRate;
  const frames = decodeFrames(
    video,
    decoder,
    {
      channels: vpdq ? 3 : 1,
      keyframes: sampling === "keyframes",
      every: everyFor(sampling, exactRate),
      rotate,
      squarePixels,
      // How several threads conceal damage depends on which was first: one thread always gives the same.
      threads: strict ? options.threads : 1,
      strict,
      limits,
      signal,
      onProgress: progressOf(options, state),
    },
    state,
  );
  return { name: video.name, state, frames, ours: true };
}

/** Frames of one's own: counted, held to the limits, and sampled here. */
function fromFrames(foreign: ForeignFrames, options: CheckedVideoOptions): Reading {
  const { limits, signal, sampling } = options;
  const { name } = foreign;
  const state = newState();
  state.frameRate = options.frameRate ?? foreign.frameRate;
  const progress = progressOf(options, state);
  const wanted = sampler(sampling, state.frameRate);
  const until = performance.now() + 1000 * limits.maxSeconds;
  async function* frames(): AsyncGenerator<VideoFrame, void, undefined> {
    let told = performance.now();
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
      if (now - told > 200) {
        told = now;
        progress?.();
      }
      const numbered = { ...frame, number, timestampSeconds: state.seconds };
      if (wanted(numbered)) yield numbered;
    }
  }
  return { name, state, frames: frames(), ours: false };
}

/** vPDQ's time of a frame, whatever the container says. */
function vpdqTime(frame: SignatureFrame, frameRate: number): SignatureFrame {
  const timestampSeconds = frame.number / frameRate;
  return { ...frame, timestampSeconds, lastTimestampSeconds: timestampSeconds };
}

/** The hashes of one reading, into `into`: what was there before something went wrong stays. */
async function collect(
  reading: Reading,
  options: CheckedVideoOptions,
  watcher: FrameWatcher | undefined,
  into: SignatureFrame[],
): Promise<void> {
  const { sampling, vpdq, orientations, trim, signal } = options;
  const { ours, state } = reading;
  const frames = watcher === undefined ? reading.frames : watched(reading.frames, watcher);
  const runs = sampling === "adaptive" ? new Runs() : undefined;
  try {
    for await (const frame of hashFrames(frames, { orientations, trim, ours }, signal)) {
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
  // After the last keyframe there is more; of the other samplings every frame was decoded.
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
    partial: failure !== undefined,
    ...(failure instanceof Error && { problem: failure.message }),
  };
}

interface Outcome {
  signature: VideoSignature;
  /** Why there is no more; undefined when that is all. */
  failure: unknown;
}

/** Hashes what one reading gives; with `partial`, also what one that fails gives until then. */
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
  const { limits, signal, ffmpegPath, sampling, vpdq, partial } = options;
  const decoder = await usableFfmpeg({ ...(ffmpegPath !== undefined && { ffmpegPath }), ...(signal && { signal }) });
  const needed = vpdq || typeof sampling === "object";
  const exactRate = needed ? await probeFrameRate(video, decoder, limits, signal) : undefined;
  try {
    const reading = fromFile(video, decoder, options, exactRate, true);
    const { signature, failure } = await hashReading(reading, options, watch());
    if (!isDamage(failure)) return signature;
  } catch (error) {
    if (!partial || !isDamage(error)) throw error;
  }
  // Once more, past what is damaged.
  return (await hashReading(fromFile(video, decoder, options, exactRate, false), options, watch())).signature;
}

/**
 * As `hashVideo`, of options that were checked.
 * @param watch makes a watcher for each reading: a damaged video is read twice where what could be read of it is wanted.
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
 * The signature of a video: PDQ hashes of its sampled frames with their times. No picture is kept.
 *
 * As many videos as the processor has threads are decoded at a time, two at least; more wait for their turn. A child
 * process (ffmpeg) decodes, which may open nothing but this file and is held to the limits; containers MP4, MOV,
 * Matroska, WebM, AVI, MPEG-TS, MPEG-PS, FLV, Ogg and GIF, told by content, with H.264, HEVC, VP8, VP9, AV1, MPEG-1, -2 and -4,
 * H.263, Theora, ProRes or Motion JPEG. Bytes and streams go through a private temporary file, since the index of an MP4 may
 * be at its end; bytes are copied before this function returns.
 *
 * The hash is of the luma as stored, at full size: neither rotation nor sample aspect is applied. The same file gives the
 * same signature with any number of threads.
 *
 * @throws {InvalidArgumentError} `ERR_EMPREINTE_INVALID_ARGUMENT`: an option or input of the wrong kind.
 * @throws {VideoError} `ERR_EMPREINTE_VIDEO_FFMPEG`: no usable ffmpeg; `ERR_EMPREINTE_READ`, `ERR_EMPREINTE_EMPTY`,
 * `ERR_EMPREINTE_UNSUPPORTED_FORMAT`, `ERR_EMPREINTE_CORRUPT`, `ERR_EMPREINTE_VIDEO_NO_FRAMES`, `ERR_EMPREINTE_VIDEO_CHILD`
 * or `ERR_EMPREINTE_WRITE` (of the temporary file), naming the input.
 * @throws {LimitError} `ERR_EMPREINTE_LIMIT`: one of the limits was passed; `limit` says which.
 *
 * @example
 * const { frames } = await hashVideo("clip.mp4", { sampling: "adaptive" });
 */
export async function hashVideo(input: VideoInput, options?: HashVideoOptions): Promise<VideoSignature> {
  return watchVideo(input, checkVideoOptions(options), () => undefined);
}
