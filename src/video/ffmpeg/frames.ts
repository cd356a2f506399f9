import { randomBytes } from "node:crypto";
import { LimitError, VideoError } from "../../errors.js";
import type { VideoLimits } from "../../limits.js";
import { native } from "../../native/load.js";
import { decodeArguments, type Decoding, type Opened, probeArguments } from "../arguments.js";
import { type Channel, OutputChannel, StreamChannel } from "./channel.js";
import { endChild, type Ending, startChild } from "./child.js";
import { failureOf, strange } from "./failure.js";
import type { Decoder } from "./find-ffmpeg.js";
import type { VideoFrame } from "../frame.js";
import type { OpenVideo } from "../input.js";
import { matroskaFrameRate } from "../containers/matroska.js";
import { type FrameLine, Report } from "./report.js";
import { limited } from "./sandbox.js";

export interface DecodeOptions extends Omit<Decoding, "format" | "file" | "mark" | "maxPixels"> {
  limits: Required<VideoLimits>;
  signal: AbortSignal | undefined;
  /** Heard a few times a second while frames are waited for. */
  onProgress?: (() => void) | undefined;
}

/** What is known of a video while it is decoded. */
export interface DecodeState {
  /** Frames that were decoded, also those that are not handed out. */
  frames: number;
  /** Of the last one. */
  seconds: number;
  /** As the container states it. */
  durationSeconds: number | undefined;
  /** Average frames a second, as the container states it. */
  frameRate: number | undefined;
  /** Of the first frame. */
  width: number;
  height: number;
}

export function newState(): DecodeState {
  return { frames: 0, seconds: 0, durationSeconds: undefined, frameRate: undefined, width: 0, height: 0 };
}

const tickMilliseconds = 200;

function opened({ fd, path }: OpenVideo): Opened {
  return fd === undefined ? { path } : { fd: 3 };
}

/** Our own clock and caps over a child: only the time in which it is waited for counts. */
class Watch {
  failure: { reason: unknown } | undefined;
  readonly #limits: Required<VideoLimits>;
  readonly #stop: () => void;
  readonly #timer: NodeJS.Timeout;
  /** A better reason than that nothing comes. */
  readonly #better: () => Error | undefined;
  #spent = 0;
  #since = performance.now();
  #waiting = true;
  #lastSign = performance.now();
  #lastCount = -1;

  constructor(
    name: string,
    limits: Required<VideoLimits>,
    signs: () => number,
    stop: () => void,
    better: () => Error | undefined,
  ) {
    this.#better = better;
    this.#limits = limits;
    this.#stop = stop;
    const shortest = Math.min(limits.maxSeconds, limits.maxStallSeconds);
    const every = Math.max(10, Math.min(tickMilliseconds, 250 * shortest));
    this.#timer = setInterval(() => {
      try {
        this.#tick(name, signs());
      } catch (error) {
        this.fail(error); // of whoever hears of the progress
      }
    }, every);
  }

  fail(reason: unknown): void {
    this.failure ??= { reason };
    this.#stop();
  }

  /** The consumer has a frame: what it does with it is its own time. */
  pause(): void {
    this.#waiting = false;
    this.#spent += performance.now() - this.#since;
  }

  resume(): void {
    this.#waiting = true;
    this.#since = this.#lastSign = performance.now();
  }

  end(): void {
    clearInterval(this.#timer);
  }

  #tick(name: string, count: number): void {
    if (!this.#waiting) return;
    const now = performance.now();
    if (count !== this.#lastCount) this.#lastSign = now;
    this.#lastCount = count;
    const { maxSeconds, maxStallSeconds } = this.#limits;
    if (this.#spent + now - this.#since > 1000 * maxSeconds) {
      const text = `Decoding ${name} takes more than ${maxSeconds} s; maxSeconds raises this limit`;
      this.fail(new LimitError("maxSeconds", text));
    } else if (now - this.#lastSign > 1000 * maxStallSeconds) {
      const text = `ffmpeg has shown no progress with ${name} for ${maxStallSeconds} s; maxStallSeconds raises this limit`;
      this.fail(this.#better() ?? new LimitError("maxStallSeconds", text));
    }
  }
}

/** What the system holds the child to; processor time is that of all its threads. */
function systemLimits(limits: Required<VideoLimits>, threads: number): { memoryBytes: number; cpuSeconds: number } {
  return { memoryBytes: limits.maxMemoryBytes, cpuSeconds: limits.maxSeconds * (threads + 1) + 1 };
}

/**
 * The average frame rate, exactly enough for vPDQ's rule; undefined when ffmpeg cannot say it so. What is wrong with the
 * file is left for decoding to tell.
 */
export async function probeFrameRate(
  video: OpenVideo,
  decoder: Decoder,
  limits: Required<VideoLimits>,
  signal: AbortSignal | undefined,
): Promise<number | undefined> {
  signal?.throwIfAborted();
  const args = probeArguments({ format: video.format, file: opened(video) });
  const command = await limited(decoder.path, args, systemLimits(limits, 1));
  const child = startChild(command.program, command.args, video.fd);
  const stop = (): void => child.kill();
  const seconds = Math.min(limits.maxSeconds, limits.maxStallSeconds);
  const timer = setTimeout(stop, Math.min(1000 * seconds, 2 ** 31 - 1));
  signal?.addEventListener("abort", stop, { once: true });
  try {
    child.stderr.resume();
    let head = Buffer.alloc(0);
    for await (const chunk of child.stdout) {
      head = Buffer.concat([head, chunk as Buffer]);
      const rate = matroskaFrameRate(head);
      if (rate !== undefined) return rate;
      if (head.length > 2 ** 20) return undefined;
    }
    return undefined;
  } catch {
    return undefined; // the child was ended, or answered nonsense
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", stop);
    await endChild(child);
    signal?.throwIfAborted();
  }
}

/** A frame that ffmpeg has told of and that comes on its standard output. */
interface Announced {
  number: number;
  timestampSeconds: number;
  width: number;
  height: number;
  full: boolean;
}

/** Numbers frames and gives them times that never go back: a file may say anything. */
function announce(line: FrameLine, state: DecodeState): Announced {
  const number = state.frames++;
  const guess = number === 0 ? 0 : state.seconds + 1 / (state.frameRate ?? 25);
  state.seconds = Math.max(state.seconds, line.seconds ?? guess);
  if (number === 0) Object.assign(state, { width: line.width, height: line.height });
  const { width, height, full } = line;
  return { number, timestampSeconds: state.seconds, width, height, full };
}

/**
 * Decodes a video in a child, frame by frame. The child waits while nobody asks, and is gone when this ends, in whichever
 * way. Two buffers take turns: a frame's data stays until the next but one is asked for.
 * @throws {VideoError} @throws {LimitError} @throws the signal's reason
 */
export async function* decodeFrames(
  video: OpenVideo,
  decoder: Decoder,
  options: DecodeOptions,
  state: DecodeState,
): AsyncGenerator<VideoFrame, void, undefined> {
  const { limits, signal, onProgress, channels, every, threads } = options;
  const { name } = video;
  signal?.throwIfAborted();
  const mark = `m${randomBytes(8).toString("hex")}`;
  const coming: Announced[] = [];
  let wake: (() => void) | undefined;
  const report = new Report(mark, (line) => {
    state.frameRate ??= report.frameRate;
    const frame = announce(line, state);
    sameSize(frame);
    if (line.count % every === 0) coming.push(frame);
    if (state.frames > limits.maxFrames) {
      const text = `${name} has more than ${limits.maxFrames} frames; maxFrames raises this limit`;
      watch.fail(new LimitError("maxFrames", text));
    }
    if (frame.width * frame.height > limits.maxPixels) {
      const size = `${frame.width}×${frame.height} pixels, more than ${limits.maxPixels}`;
      watch.fail(new LimitError("maxPixels", `${name} has frames of ${size}; maxPixels raises this limit`));
    }
  });
  const { maxPixels } = limits;
  const sameSize = ({ width, height }: Announced): void => {
    if (decoder.ownSizes || (width === state.width && height === state.height)) return;
    const text = `${name} changes its size, which the ffmpeg at ${decoder.path} (${decoder.version}) cannot follow: 4.4 can`;
    watch.fail(new VideoError("ERR_EMPREINTE_VIDEO_FFMPEG", text));
  };
  const args = decodeArguments({ ...options, format: video.format, file: opened(video), maxPixels, mark }, decoder);
  const command = await limited(decoder.path, args, systemLimits(limits, threads));
  let told = false; // all that there was to tell
  const listener = {
    onText: (text: string): void => {
      report.feed(text);
      state.durationSeconds ??= report.durationSeconds;
      wake?.();
    },
    onEnd: (): void => {
      told = true;
      wake?.();
    },
  };
  const outputs = OutputChannel.open(listener);
  const child = startChild(command.program, command.args, video.fd, outputs?.ends);
  const channel: Channel = outputs ?? new StreamChannel(child, listener);
  /** Frames are always told of before they come. */
  const nonsense = (): boolean => coming.length === 0 && !report.opened && channel.unasked();
  const watch = new Watch(
    name,
    limits,
    () => (onProgress?.(), report.understood),
    () => {
      child.kill();
      channel.close();
      wake?.();
    },
    () => (nonsense() ? strange(decoder.path, name) : undefined),
  );
  const abort = (): void => watch.fail(signal?.reason);
  signal?.addEventListener("abort", abort, { once: true });
  if (signal?.aborted) abort();
  let ending: Ending | undefined;
  const wait = async (): Promise<void> => {
    ending = await child.ended;
    channel.read();
    wake?.();
    setTimeout(listener.onEnd, 1000).unref(); // should somebody else still hold its standard error
  };
  void wait();
  const change = (): Promise<void> => new Promise((resolve) => (wake = resolve));
  const buffers: [Uint8Array, Uint8Array] = [new Uint8Array(0), new Uint8Array(0)];
  try {
    let given = 0;
    for (;;) {
      channel.read();
      while (coming.length === 0 && !told && watch.failure === undefined) await change();
      const next = watch.failure === undefined ? coming.shift() : undefined;
      if (next === undefined) break;
      const { full, ...frame } = next;
      const size = frame.width * frame.height * channels;
      const turn = given++ % 2;
      if (buffers[turn]!.length !== size) buffers[turn] = new Uint8Array(size);
      const data = buffers[turn]!;
      if (!(await channel.take(data))) break;
      // Quality counts differences of luma, which are smaller in the limited range.
      if (channels === 1 && !full && !report.fullRange) native.expandLuma(data);
      watch.pause();
      channel.rest();
      yield { ...frame, channels, data };
      watch.resume();
    }
    while ((ending === undefined || !told) && watch.failure === undefined) await change();
    if (watch.failure !== undefined || ending === undefined) throw watch.failure?.reason;
    const rest = coming.length > 0 || (await channel.take(new Uint8Array(1)));
    const failure = failureOf({ name, program: decoder.path, ending, report, frames: state.frames, rest, limits });
    if (failure !== undefined) throw failure;
  } finally {
    watch.end();
    signal?.removeEventListener("abort", abort);
    await endChild(child);
    channel.close();
  }
}
