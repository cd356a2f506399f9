import { invalidArgument, isBytes } from "../check.js";
import { EmpreinteError, InvalidArgumentError, printable, systemReason, VideoError } from "../errors.js";
import { bytesOfChunk } from "../files/byte-stream.js";
import type { EncodedInput } from "../image/input/input.js";
import { type FluentCommand, fluentFrames, isFluentCommand } from "./ffmpeg/fluent-frames.js";
import type { VideoFrame } from "./frame.js";
import { type OpenVideo, videoSource } from "./input.js";

/**
 * A video: a path, a `file:` URL, its bytes, a stream of bytes, a `FfmpegCommand` of fluent-ffmpeg, or an iterable of
 * decoded frames.
 */
export type VideoInput = EncodedInput | AsyncIterable<VideoFrame> | FluentCommand;

/** Frames that were not decoded here. */
export interface ForeignFrames {
  name: string;
  frames: AsyncIterable<VideoFrame>;
  /** Frames a second, where the source states them. */
  frameRate: number | undefined;
}

export type OpenSource = { video: OpenVideo } | { foreign: ForeignFrames };

function isIterable(input: object): input is AsyncIterable<unknown> {
  return Symbol.asyncIterator in input && typeof input[Symbol.asyncIterator] === "function";
}

/**
 * @throws {InvalidArgumentError} The sampling is `"keyframes"`, but decoded frames do not say which ones are keyframes.
 */
function refuseKeyframes(keyframes: boolean): void {
  if (!keyframes) return;
  const text =
    'Expected {fps}, "all" or "adaptive" as the sampling of decoded frames, which do not say how they were coded';
  throw new InvalidArgumentError(text);
}

/** An iterator whose first item was already taken, from that item on. */
async function* resumed<T>(first: IteratorResult<T>, rest: AsyncIterator<T>): AsyncGenerator<T, void, undefined> {
  try {
    for (let next = first; !next.done; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}

/** Opens an iterable. Its first item says whether it yields pieces of a file or frames. */
async function openIterable(
  input: AsyncIterable<unknown>,
  name: string | undefined,
  maxBytes: number,
  keyframes: boolean,
  stop: AbortSignal,
): Promise<OpenSource> {
  const shown = printable(name ?? "stream");
  const iterator = input[Symbol.asyncIterator]();
  const first = await iterator.next().catch((cause: unknown) => {
    if (stop.aborted || cause instanceof EmpreinteError) throw cause;
    throw new VideoError("ERR_EMPREINTE_READ", `${shown} cannot be read: ${systemReason(cause)}`, { cause });
  });
  const all = resumed(first, iterator);
  if (first.done || bytesOfChunk(first.value) !== undefined) {
    return { video: await videoSource(all as AsyncIterable<Uint8Array>, name, maxBytes)(stop) };
  }
  if (keyframes) await iterator.return?.();
  refuseKeyframes(keyframes);
  const frames = all as AsyncIterable<VideoFrame>;
  return { foreign: { name: printable(name ?? "frames"), frames, frameRate: undefined } };
}

/**
 * Checks an input and returns a function that opens it. Bytes are copied before this returns.
 * @throws {InvalidArgumentError} The input is of the wrong kind.
 */
export function openVideoInput(
  input: VideoInput,
  name: string | undefined,
  limits: { maxBytes: number; maxPixels: number },
  keyframes: boolean,
): (stop: AbortSignal) => Promise<OpenSource> {
  if (typeof input !== "object" || input === null || isBytes(input) || input instanceof URL) {
    const open = videoSource(input as string, name, limits.maxBytes);
    return async (stop) => ({ video: await open(stop) });
  }
  if (isFluentCommand(input)) {
    refuseKeyframes(keyframes);
    const shown = printable(name ?? "ffmpeg command");
    return async (stop) => {
      return { foreign: { name: shown, ...(await fluentFrames(input, shown, limits.maxPixels, stop)) } };
    };
  }
  // A Node stream must be destroyed on an abort, because its iterator cannot be ended while it waits. openStream does
  // that.
  if (isIterable(input) && !("getReader" in input) && !("pipe" in input)) {
    return (stop) => openIterable(input, name, limits.maxBytes, keyframes, stop);
  }
  if (input instanceof ArrayBuffer || "getReader" in input || isIterable(input)) {
    const open = videoSource(input as EncodedInput, name, limits.maxBytes);
    return async (stop) => ({ video: await open(stop) });
  }
  throw invalidArgument("input", "path, file: URL, bytes, stream of bytes, or frames", input);
}
