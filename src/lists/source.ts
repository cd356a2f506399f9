import { open } from "node:fs/promises";
import { Readable } from "node:stream";
import type { ReadableStream } from "node:stream/web";
import { fileURLToPath } from "node:url";
import { invalidArgument } from "../check.js";
import { EmpreinteError, printable, systemReason } from "../errors.js";

/** Where a list comes from: the path of a file, a `file:` URL, its bytes, or a stream of them. */
export type ListSource =
  string | URL | Uint8Array | Readable | ReadableStream<Uint8Array> | AsyncIterable<Uint8Array | string>;

const fileChunkBytes = 1 << 18;

/** Bytes in pieces. A piece is good until the next is asked for. */
interface Chunks {
  /** `undefined` at the end. */
  next(): Promise<unknown>;
  close(): Promise<unknown>;
}

/** @throws {InvalidArgumentError} for what is no source. */
export function checkSource(source: unknown): ListSource {
  if (typeof source === "string" && source !== "") return source;
  if (source instanceof URL && source.protocol === "file:") return source;
  if (typeof source === "object" && source !== null) {
    if (source instanceof Uint8Array || isWebStream(source) || Symbol.asyncIterator in source)
      return source as ListSource;
  }
  throw invalidArgument("source", "path, file URL, bytes or stream of a list", source);
}

/** How a source is called in problems and matches when the caller does not say. */
export function sourceName(source: ListSource): string | undefined {
  if (typeof source === "string") return source;
  if (source instanceof URL) return fileURLToPath(source);
  return undefined;
}

function isWebStream(source: object): source is ReadableStream<Uint8Array> {
  return "getReader" in source && typeof source.getReader === "function";
}

async function openFile(path: string): Promise<Chunks> {
  const file = await open(path);
  const buffer = new Uint8Array(fileChunkBytes);
  return {
    async next() {
      const { bytesRead } = await file.read(buffer, 0, buffer.length, null);
      return bytesRead === 0 ? undefined : buffer.subarray(0, bytesRead);
    },
    close: () => file.close(),
  };
}

function openBytes(bytes: Uint8Array): Chunks {
  let rest: Uint8Array | undefined = bytes;
  return {
    async next() {
      const all = rest;
      rest = undefined;
      return all;
    },
    close: async () => undefined,
  };
}

function openWebStream(stream: ReadableStream<Uint8Array>): Chunks {
  const reader = stream.getReader();
  let ended = false;
  return {
    async next() {
      try {
        const { done, value } = await reader.read();
        ended = done;
        return value;
      } catch (error) {
        ended = true;
        throw error;
      }
    },
    // A stream that failed cannot be cancelled.
    close: async () => (ended ? reader.releaseLock() : reader.cancel()),
  };
}

function openIterable(source: AsyncIterable<unknown>): Chunks {
  const iterator = source[Symbol.asyncIterator]();
  return {
    async next() {
      const { done, value } = await iterator.next();
      return done === true ? undefined : value;
    },
    // A Node stream in the middle of a read is freed by destroy() only.
    close: async () => (source instanceof Readable ? source.destroy() : iterator.return?.()),
  };
}

async function openSource(source: ListSource): Promise<Chunks> {
  if (typeof source === "string") return openFile(source);
  if (source instanceof URL) return openFile(fileURLToPath(source));
  if (source instanceof Uint8Array) return openBytes(source);
  return isWebStream(source) ? openWebStream(source) : openIterable(source);
}

/** Settles as `work` does, or rejects with the signal's reason as soon as it is aborted. */
async function orAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  let stop: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    if (stop) signal.removeEventListener("abort", stop);
  }
}

function bytesOf(chunk: unknown): Uint8Array {
  if (chunk instanceof Uint8Array) return chunk;
  if (typeof chunk === "string") return Buffer.from(chunk);
  throw invalidArgument("chunk of the list", "Uint8Array", chunk);
}

/**
 * The bytes of a source. It is closed when they end, when the consumer stops and when the signal is aborted.
 * @throws {EmpreinteError} `ERR_EMPREINTE_READ`, naming the list, with what the system said as `cause`.
 */
export async function* readChunks(
  source: ListSource,
  name: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  /** What the source says went wrong, by the name of the list. */
  async function read<T>(work: Promise<T>): Promise<T> {
    try {
      return await orAborted(work, signal);
    } catch (cause) {
      if (signal?.aborted) throw signal.reason;
      throw new EmpreinteError(
        "ERR_EMPREINTE_READ",
        `The list ${printable(name)} cannot be read: ${systemReason(cause)}`,
        {
          cause,
        },
      );
    }
  }
  signal?.throwIfAborted();
  const opening = openSource(source);
  let chunks: Chunks | undefined;
  try {
    chunks = await read(opening);
    for (;;) {
      const chunk = await read(chunks.next());
      if (chunk === undefined) return;
      yield bytesOf(chunk);
    }
  } finally {
    const closing = opening.then((opened) => opened.close());
    // After an abort a read may still be going on and closing would wait for it; after a failed opening there is nothing
    // to close. Neither has anybody left to tell.
    if (chunks === undefined || signal?.aborted) closing.catch(() => undefined);
    else await read(closing);
  }
}
