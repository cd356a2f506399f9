import { onAbort } from "../on-abort.js";
import { type FileHandle, mkdtemp, open, rm, rmdir, unlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { invalidArgument, isBytes } from "../check.js";
import { EmpreinteError, LimitError, printable, systemReason, VideoError } from "../errors.js";
import { bytesOfChunk, chunksOf, isStream } from "../files/byte-stream.js";
import { openFile } from "../files/open-file.js";
import { pathOf } from "../files/path.js";
import type { EncodedInput } from "../image/input/input.js";
import { sniffVideo, type VideoFormat, videoSniffBytes } from "./containers/sniff.js";

/** A video as a file that can be read at any position, because the index of an MP4 is often at its end. */
export interface OpenVideo {
  /** The name of the input in errors. */
  name: string;
  format: VideoFormat;
  /** A descriptor open for reading. It is absent where a child can only be given a path. */
  fd?: number;
  path: string;
  close(): Promise<void>;
}

/** Whether a child can open its descriptor 3 anew, with a position of its own. */
const passesDescriptors = process.platform === "linux";

function unreadable(name: string, error: unknown): VideoError {
  return new VideoError("ERR_EMPREINTE_READ", `${name} cannot be read: ${systemReason(error)}`, { cause: error });
}

function tooManyBytes(name: string, maxBytes: number): LimitError {
  return new LimitError("maxBytes", `${name} has more than ${maxBytes} bytes; maxBytes raises this limit`);
}

async function formatOf(file: FileHandle, name: string): Promise<VideoFormat> {
  const head = new Uint8Array(videoSniffBytes);
  const { bytesRead } = await file.read(head, 0, head.length, 0);
  if (bytesRead === 0) throw new VideoError("ERR_EMPREINTE_EMPTY", `${name} is empty`);
  const format = sniffVideo(head.subarray(0, bytesRead));
  if (format !== undefined) return format;
  const text = `${name} is not an MP4, MOV, Matroska, WebM, AVI, MPEG, FLV, Ogg or GIF video`;
  throw new VideoError("ERR_EMPREINTE_UNSUPPORTED_FORMAT", text);
}

async function openPath(path: string, name: string, maxBytes: number): Promise<OpenVideo> {
  let file: FileHandle | undefined;
  try {
    const opened = await openFile(path);
    file = opened.file;
    if (opened.stat.size > maxBytes) throw tooManyBytes(name, maxBytes);
    const format = await formatOf(file, name);
    return {
      name,
      format,
      ...(passesDescriptors && { fd: file.fd }),
      path: resolve(path),
      close: () => opened.file.close(),
    };
  } catch (error) {
    await file?.close();
    throw error instanceof EmpreinteError ? error : unreadable(name, error);
  }
}

/**
 * Creates a file that only this user can open. If its descriptor can be passed to a child, it is unlinked as soon as
 * it is open. Elsewhere `close` removes it.
 */
async function temporary(name: string): Promise<{ file: FileHandle; path: string; close(): Promise<void> }> {
  try {
    const folder = await mkdtemp(join(tmpdir(), "empreinte-"));
    const path = join(folder, "video");
    try {
      const file = await open(path, "wx+", 0o600);
      if (!passesDescriptors) {
        const close = async (): Promise<void> => {
          await file.close();
          await rm(folder, { recursive: true, force: true });
        };
        return { file, path, close };
      }
      await unlink(path);
      await rmdir(folder);
      return { file, path, close: () => file.close() };
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  } catch (cause) {
    const text = `No temporary file for ${name}: ${systemReason(cause)}`;
    throw new VideoError("ERR_EMPREINTE_WRITE", text, { cause });
  }
}

type Chunk = () => Promise<Uint8Array | undefined>;

async function openChunks(next: Chunk, name: string, maxBytes: number): Promise<OpenVideo> {
  const { file, path, close } = await temporary(name);
  try {
    let size = 0;
    for (;;) {
      const chunk = await next();
      if (chunk === undefined) break;
      size += chunk.length;
      if (size > maxBytes) throw tooManyBytes(name, maxBytes);
      for (let done = 0; done < chunk.length;) {
        const { bytesWritten } = await file.write(chunk, done, chunk.length - done).catch((cause: unknown) => {
          const text = `The temporary file for ${name} cannot be written: ${systemReason(cause)}`;
          throw new VideoError("ERR_EMPREINTE_WRITE", text, { cause });
        });
        done += bytesWritten;
      }
    }
    return { name, format: await formatOf(file, name), ...(passesDescriptors && { fd: file.fd }), path, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Splits bytes into pieces, so that an abort is noticed while they are written. */
function pieces(bytes: Uint8Array, stop: AbortSignal): Chunk {
  const pieceBytes = 2 ** 23;
  let at = 0;
  return async () => {
    stop.throwIfAborted();
    const piece = bytes.subarray(at, at + pieceBytes);
    at += piece.length;
    return piece.length === 0 ? undefined : piece;
  };
}

async function openStream(
  input: Parameters<typeof chunksOf>[0],
  name: string,
  maxBytes: number,
  stop: AbortSignal,
): Promise<OpenVideo> {
  let chunks: ReturnType<typeof chunksOf>;
  try {
    chunks = chunksOf(input);
  } catch (error) {
    throw unreadable(name, error);
  }
  let cancelled: ((reason: unknown) => void) | undefined;
  const aborted = new Promise<never>((_, reject) => (cancelled = reject));
  aborted.catch(() => {}); // it is raced with each chunk below
  const cancel = (): void => {
    chunks.cancel(stop.reason);
    cancelled?.(stop.reason);
  };
  const forget = onAbort(stop, cancel);
  try {
    return await openChunks(
      async () => {
        stop.throwIfAborted();
        const { done, value } = await Promise.race([chunks.next(), aborted]).catch((error: unknown) => {
          throw stop.aborted ? stop.reason : unreadable(name, error);
        });
        if (done) return undefined;
        const bytes = bytesOfChunk(value);
        if (bytes === undefined) throw invalidArgument(`each chunk of ${name}`, "Uint8Array", value);
        return bytes;
      },
      name,
      maxBytes,
    );
  } catch (error) {
    chunks.cancel(error);
    throw error;
  } finally {
    forget();
  }
}

/**
 * Checks an encoded input and returns a function that opens it as a file. Bytes are copied before this returns: the
 * caller may transfer, shrink or overwrite them afterwards.
 * @throws {InvalidArgumentError} The input is of the wrong kind.
 */
export function videoSource(
  input: EncodedInput,
  name: string | undefined,
  maxBytes: number,
): (stop: AbortSignal) => Promise<OpenVideo> {
  if (typeof input === "string" || input instanceof URL) {
    const path = pathOf(input, "input");
    return () => openPath(path, printable(name ?? path), maxBytes);
  }
  if (isBytes(input) || input instanceof ArrayBuffer) {
    const shown = printable(name ?? "buffer");
    const size = input.byteLength;
    if (size > maxBytes) throw tooManyBytes(shown, maxBytes);
    const bytes = Buffer.allocUnsafeSlow(size);
    // Memory that was transferred to another thread has no bytes, and cannot be viewed.
    if (size > 0) bytes.set(input instanceof ArrayBuffer ? new Uint8Array(input) : input);
    return (stop) => openChunks(pieces(bytes, stop), shown, maxBytes);
  }
  if (typeof input === "object" && input !== null && isStream(input)) {
    return (stop) => openStream(input, printable(name ?? "stream"), maxBytes, stop);
  }
  throw invalidArgument("input", "path, file: URL, bytes, stream of bytes, or frames", input);
}
