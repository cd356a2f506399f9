import { onAbort } from "../../on-abort.js";
import { invalidArgument, isBytes } from "../../check.js";
import { EmpreinteError, ImageError, printable, systemReason } from "../../errors.js";
import { type ByteStream, bytesOfChunk, type Chunks, chunksOf, isStream } from "../../files/byte-stream.js";
import { NotedInput } from "../../files/noted-input.js";
import { openFile } from "../../files/open-file.js";
import { pathOf } from "../../files/path.js";
import { ByteCollector, type Content, tooManyBytes } from "./byte-collector.js";
import type { DigestType } from "./digest.js";
import type { EncodedInput } from "./input.js";
import type { CheckedInputOptions } from "../options.js";
import { withAbortController } from "../with-abort-controller.js";

/** Reads all bytes of an image. It is called once. */
type Reader = (signal: AbortSignal) => Promise<Content>;

function unreadable(name: string, error: unknown): ImageError {
  return new ImageError("ERR_EMPREINTE_READ", `${name} cannot be read: ${systemReason(error)}`, { cause: error });
}

/** How many bytes are read at a time. Between two reads an abort is noticed. */
const readBytes = 2 ** 23;

async function readFile(
  path: string,
  name: string,
  maxBytes: number,
  digests: readonly DigestType[],
  signal: AbortSignal,
): Promise<Content> {
  try {
    const { file, stat } = await openFile(path);
    try {
      if (stat.size > maxBytes) throw tooManyBytes(name, maxBytes);
      // One byte more than expected, so that the end is seen without growing.
      const collector = new ByteCollector(name, maxBytes, stat.size + 1, digests);
      for (;;) {
        signal.throwIfAborted();
        const room = collector.reserve();
        const { bytesRead } = await file.read(room, 0, Math.min(room.length, readBytes));
        if (bytesRead === 0) return collector.finish();
        collector.commit(bytesRead);
      }
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof EmpreinteError || signal.aborted) throw error;
    throw unreadable(name, error);
  }
}

async function readStream(
  input: ByteStream | AsyncIterable<unknown>,
  name: string,
  maxBytes: number,
  digests: readonly DigestType[],
  signal: AbortSignal,
): Promise<Content> {
  const collector = new ByteCollector(name, maxBytes, Math.min(maxBytes + 1, 2 ** 16), digests);
  let chunks: Chunks;
  try {
    chunks = chunksOf(input);
  } catch (error) {
    throw unreadable(name, error);
  }
  const cancel = (): void => chunks.cancel(signal.reason);
  const forget = onAbort(signal, cancel);
  try {
    for (;;) {
      const { done, value } = await chunks.next().catch((error: unknown) => {
        throw signal.aborted ? signal.reason : unreadable(name, error);
      });
      if (done) return collector.finish();
      const bytes = bytesOfChunk(value);
      if (bytes === undefined) throw invalidArgument(`each chunk of ${name}`, "Uint8Array", value);
      collector.push(bytes);
    }
  } catch (error) {
    chunks.cancel(error);
    throw error;
  } finally {
    forget();
  }
}

/**
 * Reads an encoded image. Bytes are copied before this returns, so the caller may transfer, shrink or change them
 * afterwards.
 *
 * @param digests which digests of the bytes to take.
 * @throws {InvalidArgumentError} for anything that is not an encoded image. {ImageError} {LimitError} The signal's
 * reason.
 */
export async function readInput(
  input: EncodedInput,
  { name, limits: { maxBytes } }: CheckedInputOptions,
  signal: AbortSignal | undefined,
  digests: readonly DigestType[] = [],
): Promise<Content> {
  const read = readerOf(input, name, maxBytes, digests);
  return withAbortController(signal, (controller) => read(controller.signal));
}

function readerOf(
  input: EncodedInput,
  name: string | undefined,
  maxBytes: number,
  digests: readonly DigestType[],
): Reader {
  if (input instanceof NotedInput) {
    const { input: noted, note } = input;
    const read = readerOf(noted, name, maxBytes, digests);
    return async (signal) => {
      const content = await read(signal);
      note(content.bytes);
      return content;
    };
  }
  if (typeof input === "string" || input instanceof URL) {
    const path = pathOf(input, "input");
    const shown = printable(name ?? path);
    return (signal) => readFile(path, shown, maxBytes, digests, signal);
  }
  if (isBytes(input) || input instanceof ArrayBuffer) {
    const shown = printable(name ?? "buffer");
    const bytes = input instanceof ArrayBuffer ? new Uint8Array(input) : input;
    if (bytes.length > maxBytes) throw tooManyBytes(shown, maxBytes);
    const collector = new ByteCollector(shown, maxBytes, bytes.length, digests);
    collector.push(bytes);
    return async () => collector.finish();
  }
  if (typeof input === "object" && input !== null && isStream(input)) {
    const shown = printable(name ?? "stream");
    return (signal) => readStream(input, shown, maxBytes, digests, signal);
  }
  throw invalidArgument("input", "path, file: URL, bytes, stream of bytes or raw pixels", input);
}
