import { onAbort } from "../on-abort.js";
import type { Readable } from "node:stream";
import type { ReadableStream } from "node:stream/web";
import { fileURLToPath } from "node:url";
import { bytes, invalidArgument, isBytes } from "../check.js";
import { EmpreinteError, printable, systemReason } from "../errors.js";
import { bytesOfChunk, type Chunks, chunksOf, isStream } from "../files/byte-stream.js";
import { openFile } from "../files/open-file.js";
import { LineEnds } from "./line-ends.js";

/** Where a list comes from: the path of a file, a `file:` URL, its bytes, or a stream of them. */
export type ListInput =
  string | URL | Uint8Array | Readable | ReadableStream<Uint8Array> | AsyncIterable<Uint8Array | string>;

const fileChunkBytes = 1 << 18;

/** @throws {InvalidArgumentError} for anything that is not an input. */
export function checkListInput(input: unknown): ListInput {
  if (typeof input === "string" && input !== "") return input;
  if (input instanceof URL && input.protocol === "file:") return input;
  if (isBytes(input)) return bytes("input", input);
  if (typeof input === "object" && input !== null && isStream(input)) return input as ListInput;
  throw invalidArgument("input", "path, file URL, bytes or stream of a list", input);
}

/** Returns what problems and matches call an input that has no name: its path, if it has one. */
export function inputName(input: ListInput): string | undefined {
  if (typeof input === "string") return input;
  if (input instanceof URL) return fileURLToPath(input);
  return undefined;
}

/** Opens a file. A chunk is valid until the next one is read. */
async function openPath(path: string): Promise<Pick<Chunks, "next" | "close">> {
  const { file } = await openFile(path);
  const buffer = new Uint8Array(fileChunkBytes);
  return {
    async next() {
      const { bytesRead } = await file.read(buffer, 0, buffer.length, null);
      return bytesRead === 0 ? { done: true } : { value: buffer.subarray(0, bytesRead) };
    },
    close: () => file.close(),
  };
}

function openBytes(bytes: Uint8Array): Pick<Chunks, "next" | "close"> {
  const chunks = [bytes][Symbol.iterator]();
  return { next: async () => chunks.next(), close: async () => undefined };
}

async function openInput(input: ListInput): Promise<Pick<Chunks, "next" | "close">> {
  if (typeof input === "string" || input instanceof URL) return openPath(inputName(input)!);
  return isBytes(input) ? openBytes(input) : chunksOf(input);
}

/** Waits for `work`, or rejects with the signal's reason as soon as it is aborted. */
async function orAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  let forget: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    forget = onAbort(signal, () => reject(signal.reason));
    if (signal.aborted) reject(signal.reason);
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    forget?.();
  }
}

function bytesOf(chunk: unknown): Uint8Array {
  const bytes = typeof chunk === "string" ? Buffer.from(chunk) : bytesOfChunk(chunk);
  if (bytes === undefined) throw invalidArgument("chunk of the list", "Uint8Array", chunk);
  return bytes;
}

/**
 * Gives the bytes of an input in chunks, with line feeds or CRLF at the ends of lines. The input is closed when they
 * end, when the consumer stops, and when the signal is aborted. A chunk is valid until the next one is read.
 *
 * @throws {EmpreinteError} `ERR_EMPREINTE_READ`, with the name of the list and the system's error as `cause`; or the
 * signal's reason.
 */
export async function* readChunks(
  input: ListInput,
  name: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  /** Waits for the input, and names the list if it fails. */
  async function read<T>(work: Promise<T>): Promise<T> {
    try {
      return await orAborted(work, signal);
    } catch (cause) {
      if (signal?.aborted) throw signal.reason;
      throw new EmpreinteError(
        "ERR_EMPREINTE_READ",
        `The list ${printable(name)} cannot be read: ${systemReason(cause)}`,
        { cause },
      );
    }
  }
  signal?.throwIfAborted();
  const lineEnds = new LineEnds();
  const opening = openInput(input);
  let chunks: Pick<Chunks, "next" | "close"> | undefined;
  try {
    chunks = await read(opening);
    for (;;) {
      const { done, value } = await read(chunks.next());
      if (done) break;
      yield lineEnds.take(bytesOf(value));
    }
    const last = lineEnds.end();
    if (last.length > 0) yield last;
  } finally {
    const closing = opening.then((opened) => opened.close());
    // After an abort, closing would wait for a read that is still going on. After a failed opening there is nothing to
    // close. In both cases nobody is left to hear of an error.
    if (chunks === undefined || signal?.aborted) closing.catch(() => undefined);
    else await read(closing);
  }
}
