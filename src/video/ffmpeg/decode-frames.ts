import { onAbort } from "../../on-abort.js";
import { randomBytes } from "node:crypto";
import { LimitError, VideoError } from "../../errors.js";
import type { VideoLimits } from "../../limits.js";
import { native } from "../../native/load.js";
import type { VideoFrame } from "../frame.js";
import type { OpenVideo } from "../input.js";
import { childFile, decodeArguments, type DecodeRequest } from "./arguments.js";
import { type ChildOutputs, NativeOutputs, type StderrListener, StreamOutputs } from "./child-outputs.js";
import { isOggCut } from "../containers/ogg.js";
import { type Child, type ChildExit, endChild, startChild } from "../../processes/child-process.js";
import { failureOf, notFfmpegError } from "./decode-failure.js";
import { announce, type AnnouncedFrame, type DecodeState } from "./decode-state.js";
import type { Decoder } from "./find-ffmpeg.js";
import { type FrameLine, StderrReport } from "./stderr-report.js";
import { decodeConfinement } from "./decode-confinement.js";
import { hasUnitHoles } from "./unit-holes.js";
import { Watchdog } from "./watchdog.js";

export interface DecodeOptions extends Omit<DecodeRequest, "format" | "file" | "mark" | "maxPixels"> {
  limits: Required<VideoLimits>;
  signal: AbortSignal | undefined;
  /** Called a few times a second while frames are waited for. */
  onProgress?: (() => void) | undefined;
}

/**
 * How long the text of a child that has exited is waited for: another process may still hold its standard error open.
 */
const stderrMilliseconds = 1000;

/**
 * One run of ffmpeg over a video. Text on standard error announces each frame, its samples follow on standard output,
 * and a watchdog holds the child to the limits.
 */
class DecodeRun implements StderrListener {
  readonly #video: OpenVideo;
  readonly #decoder: Decoder;
  readonly #options: DecodeOptions;
  readonly #state: DecodeState;
  readonly #report: StderrReport;
  readonly #child: Child;
  readonly #outputs: ChildOutputs;
  readonly #watchdog: Watchdog;
  readonly #forgetSignal: () => void;
  /** Frames that were announced and not yet read. */
  readonly #announced: AnnouncedFrame[] = [];
  /** The error for more frames than the limit. The frames before it are still read. */
  #excess: LimitError | undefined;
  #stderrEnded = false;
  #exit: ChildExit | undefined;
  /** Ends the current `#change()`. */
  #notifyChange: (() => void) | undefined;
  /** Frames take turns between two arrays, so that the consumer keeps one while the next is read. */
  readonly #buffers: [Uint8Array, Uint8Array] = [new Uint8Array(0), new Uint8Array(0)];
  #readCount = 0;

  private constructor(
    video: OpenVideo,
    decoder: Decoder,
    options: DecodeOptions,
    state: DecodeState,
    mark: string,
    args: readonly string[],
  ) {
    this.#video = video;
    this.#decoder = decoder;
    this.#options = options;
    this.#state = state;
    this.#report = new StderrReport(mark, { joined: options.joined === true, stream: options.stream }, (line) =>
      this.#onFrame(line),
    );
    const nativeOutputs = NativeOutputs.open(this);
    this.#child = startChild(decoder.path, args, {
      file: video.fd,
      ends: nativeOutputs?.childEnds,
      confinement: decodeConfinement(decoder, options.limits, options.threads),
    });
    this.#outputs = nativeOutputs ?? new StreamOutputs(this.#child, this);
    this.#watchdog = new Watchdog({
      name: video.name,
      limits: options.limits,
      progress: () => {
        options.onProgress?.();
        return this.#report.recognizedLines;
      },
      stop: () => this.#stop(),
      explainStall: () => (this.#isNotFfmpeg() ? notFfmpegError(decoder.path, video.name) : undefined),
    });
    this.#forgetSignal = onAbort(options.signal, this.#onAbort);
    if (options.signal?.aborted) this.#onAbort();
    void this.#awaitExit();
  }

  static start(video: OpenVideo, decoder: Decoder, options: DecodeOptions, state: DecodeState): DecodeRun {
    options.signal?.throwIfAborted();
    const mark = `m${randomBytes(8).toString("hex")}`;
    const request = {
      ...options,
      format: video.format,
      file: childFile(video),
      maxPixels: options.limits.maxPixels,
      mark,
    };
    return new DecodeRun(video, decoder, options, state, mark, decodeArguments(request, decoder));
  }

  /** Returns the next frame, in memory that stays until the next but one is read; undefined when no more arrive. */
  async nextFrame(): Promise<VideoFrame | undefined> {
    const { channels } = this.#options;
    this.#outputs.resumeStderr();
    while (this.#announced.length === 0 && !this.#isAtEnd()) await this.#change();
    if (this.#announced.length === 0 && this.#excess !== undefined) this.#watchdog.fail(this.#excess);
    const next = this.#watchdog.failure === undefined ? this.#announced.shift() : undefined;
    if (next === undefined) return undefined;
    const { fullRange, ...frame } = next;
    const data = this.#nextBuffer(frame.width * frame.height * channels);
    if (!(await this.#outputs.readInto(data))) return undefined;
    // Quality counts differences of luma, which are smaller in the limited range.
    if (channels === 1 && !fullRange && !this.#report.fullRange) native.expandLuma(data);
    return { ...frame, channels, data };
  }

  /** Returns whether no more frames are announced. */
  #isAtEnd(): boolean {
    return this.#stderrEnded || this.#excess !== undefined || this.#watchdog.failure !== undefined;
  }

  /** Stops the clock, and the child with it, while the consumer works on a frame. */
  pause(): void {
    this.#watchdog.pause();
    this.#outputs.pauseStderr();
  }

  resume(): void {
    this.#watchdog.resume();
  }

  /**
   * Waits until the child has ended.
   * @throws Why the video was not decoded to its end.
   */
  async checkEnd(): Promise<void> {
    const { name } = this.#video;
    while ((this.#exit === undefined || !this.#stderrEnded) && this.#watchdog.failure === undefined) {
      await this.#change();
    }
    if (this.#watchdog.failure !== undefined || this.#exit === undefined) throw this.#watchdog.failure?.reason;
    const leftover = this.#announced.length > 0 || (await this.#outputs.readInto(new Uint8Array(1)));
    const failure = failureOf({
      name,
      program: this.#decoder.path,
      exit: this.#exit,
      report: this.#report,
      frames: this.#state.frames,
      leftover,
      limits: this.#options.limits,
    });
    if (failure !== undefined) throw failure;
    await this.#checkUnits();
  }

  /**
   * @throws {VideoError} for HEVC that was overwritten with zeros and for an Ogg that is cut, which ffmpeg does not
   * notice.
   */
  async #checkUnits(): Promise<void> {
    const { limits, stream, signal } = this.#options;
    const { format, name } = this.#video;
    if (format === "ogg" && (await isOggCut(this.#video)))
      throw new VideoError("ERR_EMPREINTE_CORRUPT", `${name} cannot be decoded: it ends inside a page`);
    if (this.#report.codec !== "hevc" || (format !== "mov" && format !== "matroska")) return;
    if (!(await hasUnitHoles(this.#video, this.#decoder, { limits, stream }, signal))) return;
    throw new VideoError("ERR_EMPREINTE_CORRUPT", `${name} cannot be decoded: a part of its data is missing`);
  }

  /** Ends the child, however far it is, and waits until it is gone. */
  async close(): Promise<void> {
    this.#watchdog.end();
    this.#forgetSignal();
    await endChild(this.#child);
    this.#outputs.close();
  }

  onText(text: string): void {
    this.#report.feed(text);
    this.#state.durationSeconds ??= this.#report.durationSeconds;
    this.#state.streamCount = Math.max(1, this.#report.streamCount);
    this.#notifyChange?.();
  }

  onEnd(): void {
    this.#stderrEnded = true;
    this.#notifyChange?.();
  }

  readonly #onAbort = (): void => this.#watchdog.fail(this.#options.signal?.reason);

  async #awaitExit(): Promise<void> {
    this.#exit = await this.#child.exited;
    this.#outputs.resumeStderr();
    this.#notifyChange?.();
    setTimeout(() => this.onEnd(), stderrMilliseconds).unref();
  }

  #stop(): void {
    this.#child.kill();
    this.#outputs.close();
    this.#notifyChange?.();
  }

  /** Waits until text arrives, the child ends or the watchdog stops it. */
  #change(): Promise<void> {
    return new Promise((resolve) => (this.#notifyChange = resolve));
  }

  #nextBuffer(size: number): Uint8Array {
    const turn = this.#readCount++ % 2;
    if (this.#buffers[turn]!.length !== size) this.#buffers[turn] = new Uint8Array(size);
    return this.#buffers[turn]!;
  }

  /** An ffmpeg announces frames before it writes them. */
  #isNotFfmpeg(): boolean {
    return this.#announced.length === 0 && !this.#report.fileOpened && this.#outputs.hasUnrequestedData();
  }

  #onFrame(line: FrameLine): void {
    if (this.#excess !== undefined) return;
    this.#state.frameRate ??= this.#report.frameRate;
    const frame = announce(line, this.#state);
    this.#checkSize(frame);
    const { name } = this.#video;
    const { maxFrames, maxPixels } = this.#options.limits;
    if (this.#state.frames > maxFrames) {
      const text = `${name} has more than ${maxFrames} frames; maxFrames raises this limit`;
      this.#excess = new LimitError("maxFrames", text);
      return;
    }
    if (line.count % this.#options.every === 0) this.#announced.push(frame);
    if (frame.width * frame.height > maxPixels) {
      const size = `${frame.width}×${frame.height} pixels, more than ${maxPixels}`;
      this.#watchdog.fail(new LimitError("maxPixels", `${name} has frames of ${size}; maxPixels raises this limit`));
    }
  }

  /** Before 4.4 ffmpeg scales all frames to the size of the first one. */
  #checkSize({ width, height }: AnnouncedFrame): void {
    const { ownSizes, path, version } = this.#decoder;
    if (ownSizes || (width === this.#state.width && height === this.#state.height)) return;
    const text = `${this.#video.name} changes its size, which the ffmpeg at ${path} (${version}) cannot follow: 4.4 can`;
    this.#watchdog.fail(new VideoError("ERR_EMPREINTE_VIDEO_FFMPEG", text));
  }
}

/**
 * Decodes a video in a child process, frame by frame. The child waits while no frame is requested, and it is gone when
 * the iteration ends, however it ends. A frame's data stays until the next but one is requested.
 * @throws {VideoError} {LimitError} The signal's reason.
 */
export async function* decodeFrames(
  video: OpenVideo,
  decoder: Decoder,
  options: DecodeOptions,
  state: DecodeState,
): AsyncGenerator<VideoFrame, void, undefined> {
  const run = DecodeRun.start(video, decoder, options, state);
  try {
    for (;;) {
      const frame = await run.nextFrame();
      if (frame === undefined) break;
      run.pause();
      yield frame;
      run.resume();
    }
    await run.checkEnd();
  } finally {
    await run.close();
  }
}
