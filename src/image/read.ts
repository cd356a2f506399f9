import { open } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { invalidArgument } from "../check.js";
import { EmpreinteError, ImageError, InvalidArgumentError, LimitError, printable, systemReason } from "../errors.js";
import { type DigestType, Digester, type FileDigests } from "./digest.js";
import { type ImageFormat, sniffBytes, sniffImage } from "./sniff.js";

/** A web stream of bytes, as `fetch` and `Blob.stream()` give it. */
export interface ByteStream {
  getReader(): {
    read(): Promise<{ done: boolean; value?: unknown }>;
    cancel(reason?: unknown): Promise<void>;
  };
}

/** An encoded picture: a path, a `file:` URL, its bytes, or a stream of them (web stream, Node stream, async iterable). */
export type EncodedInput = string | URL | Uint8Array | ArrayBuffer | ByteStream | AsyncIterable<Uint8Array>;

/** All bytes of one picture, in memory that nobody else holds. */
export interface Content {
  bytes: Uint8Array;
  format: ImageFormat;
  /** Of these bytes, taken as they came. */
  digests?: FileDigests;
}

export interface Source {
  /** What errors call it. */
  name: string;
  /** Once. */
  read(stop: AbortSignal): Promise<Content>;
}

function unreadable(name: string, error: unknown): ImageError {
  return new ImageError("ERR_EMPREINTE_READ", `${name} cannot be read: ${systemReason(error)}`, { cause: error });
}

function tooManyBytes(name: string, maxBytes: number): LimitError {
  return new LimitError("maxBytes", `${name} has more than ${maxBytes} bytes; maxBytes raises this limit`);
}

/** Bytes as they come, in memory of our own, given up as soon as they cannot become a picture within the limit. */
class Gathered {
  readonly #name: string;
  readonly #maxBytes: number;
  #bytes: Uint8Array;
  #length = 0;
  #format: ImageFormat | undefined;
  readonly #digester: Digester | undefined;

  constructor(name: string, maxBytes: number, expected: number, digests: readonly DigestType[]) {
    this.#name = name;
    this.#maxBytes = maxBytes;
    this.#bytes = Buffer.allocUnsafeSlow(expected);
    if (digests.length > 0) this.#digester = new Digester(digests);
  }

  /** Where the next bytes may be written; `wrote` tells how many were. */
  room(): Uint8Array {
    if (this.#length === this.#bytes.length) this.#grow(2 * this.#length);
    return this.#bytes.subarray(this.#length);
  }

  wrote(count: number): void {
    this.#length += count;
    if (this.#length > this.#maxBytes) throw tooManyBytes(this.#name, this.#maxBytes);
    this.#digester?.update(this.#bytes.subarray(this.#length - count, this.#length));
    if (this.#length >= sniffBytes) this.#format ??= this.#sniff();
  }

  push(chunk: Uint8Array): void {
    const { length } = chunk;
    // Also a chunk whose memory has gone to somebody else: it cannot be read.
    if (length === 0) return;
    if (this.#length + length > this.#maxBytes) throw tooManyBytes(this.#name, this.#maxBytes);
    if (this.#length + length > this.#bytes.length) this.#grow(Math.max(2 * this.#length, this.#length + length));
    this.#bytes.set(chunk, this.#length);
    this.wrote(length);
  }

  all(): Content {
    if (this.#length === 0) throw new ImageError("ERR_EMPREINTE_EMPTY", `${this.#name} is empty`);
    const content: Content = { bytes: this.#bytes.subarray(0, this.#length), format: this.#format ?? this.#sniff() };
    return this.#digester === undefined ? content : { ...content, digests: this.#digester.finish() };
  }

  #sniff(): ImageFormat {
    const format = sniffImage(this.#bytes.subarray(0, this.#length));
    if (format !== undefined) return format;
    const text = `${this.#name} is not a JPEG, PNG, GIF, WebP, TIFF or AVIF image`;
    throw new ImageError("ERR_EMPREINTE_UNSUPPORTED_FORMAT", text);
  }

  #grow(size: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.min(size, this.#maxBytes + 1));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }
}

/** Bytes read at a time, so that an abort is noticed. */
const readBytes = 2 ** 23;

async function readFile(
  path: string,
  name: string,
  maxBytes: number,
  digests: readonly DigestType[],
  stop: AbortSignal,
): Promise<Content> {
  try {
    const file = await open(path);
    try {
      const stat = await file.stat();
      if (stat.isDirectory()) throw new ImageError("ERR_EMPREINTE_READ", `${name} is a folder`);
      if (stat.isFile() && stat.size > maxBytes) throw tooManyBytes(name, maxBytes);
      // One more than expected, so that the end is seen without growing.
      const expected = stat.isFile() ? stat.size + 1 : Math.min(maxBytes + 1, 2 ** 16);
      const gathered = new Gathered(name, maxBytes, expected, digests);
      for (;;) {
        stop.throwIfAborted();
        const room = gathered.room();
        const { bytesRead } = await file.read(room, 0, Math.min(room.length, readBytes));
        if (bytesRead === 0) return gathered.all();
        gathered.wrote(bytesRead);
      }
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof EmpreinteError || stop.aborted) throw error;
    throw unreadable(name, error);
  }
}

/** A stream of bytes, whichever kind it is, in its chunks. */
export interface Chunks {
  next(): Promise<{ done?: boolean | undefined; value?: unknown }>;
  /** Gives the rest up. */
  cancel(reason: unknown): void;
}

export function chunksOf(input: ByteStream | AsyncIterable<unknown>): Chunks {
  // A stream that also fails to close has nothing to add to why it is closed.
  const ignore = (): void => {};
  if ("getReader" in input) {
    const reader = input.getReader();
    return { next: () => reader.read(), cancel: (reason) => void reader.cancel(reason).catch(ignore) };
  }
  const iterator = input[Symbol.asyncIterator]();
  return {
    next: () => iterator.next(),
    cancel: () => {
      // return() of a generator waits for a pending next(), which may never come; destroy() of a Node stream does not.
      if ("destroy" in input && typeof input.destroy === "function") input.destroy();
      else void iterator.return?.().catch(ignore);
    },
  };
}

async function readStream(
  input: ByteStream | AsyncIterable<unknown>,
  name: string,
  maxBytes: number,
  digests: readonly DigestType[],
  stop: AbortSignal,
): Promise<Content> {
  const gathered = new Gathered(name, maxBytes, Math.min(maxBytes + 1, 2 ** 16), digests);
  let chunks: Chunks;
  try {
    chunks = chunksOf(input);
  } catch (error) {
    throw unreadable(name, error);
  }
  const cancel = (): void => chunks.cancel(stop.reason);
  stop.addEventListener("abort", cancel, { once: true });
  try {
    for (;;) {
      const { done, value } = await chunks.next().catch((error: unknown) => {
        throw stop.aborted ? stop.reason : unreadable(name, error);
      });
      if (done) return gathered.all();
      if (!(value instanceof Uint8Array)) throw invalidArgument(`each chunk of ${name}`, "Uint8Array", value);
      gathered.push(value);
    }
  } catch (error) {
    chunks.cancel(error);
    throw error;
  } finally {
    stop.removeEventListener("abort", cancel);
  }
}

export function isStream(value: object): value is ByteStream | AsyncIterable<unknown> {
  return (
    ("getReader" in value && typeof value.getReader === "function") ||
    (Symbol.asyncIterator in value && typeof value[Symbol.asyncIterator] === "function")
  );
}

export function pathOf(input: string | URL): string {
  if (typeof input === "string") {
    if (input !== "" && !input.includes("\0")) return input;
    throw new InvalidArgumentError("Expected a path without NUL, and not an empty one, for input");
  }
  if (input.protocol !== "file:")
    throw new InvalidArgumentError(`Expected a file: URL for input but received ${input.protocol}`);
  return fileURLToPath(input);
}

/**
 * Bytes are copied before this returns: the caller may transfer, shrink or write to them afterwards.
 * @throws {InvalidArgumentError} when `input` is none.
 */
export function sourceOf(
  input: EncodedInput,
  name: string | undefined,
  maxBytes: number,
  digests: readonly DigestType[] = [],
): Source {
  if (typeof input === "string" || input instanceof URL) {
    const path = pathOf(input);
    const shown = printable(name ?? path);
    return { name: shown, read: (stop) => readFile(path, shown, maxBytes, digests, stop) };
  }
  if (input instanceof Uint8Array || input instanceof ArrayBuffer) {
    const shown = printable(name ?? "buffer");
    const bytes = input instanceof ArrayBuffer ? new Uint8Array(input) : input;
    if (bytes.length > maxBytes) throw tooManyBytes(shown, maxBytes);
    const gathered = new Gathered(shown, maxBytes, bytes.length, digests);
    gathered.push(bytes);
    return { name: shown, read: async () => gathered.all() };
  }
  if (typeof input === "object" && input !== null && isStream(input)) {
    const shown = printable(name ?? "stream");
    return { name: shown, read: (stop) => readStream(input, shown, maxBytes, digests, stop) };
  }
  throw invalidArgument("input", "path, file: URL, bytes, stream of bytes or raw pixels", input);
}
