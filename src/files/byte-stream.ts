import { types } from "node:util";

/** A web stream of bytes, as `fetch` and `Blob.stream()` give it. */
export interface ByteStream {
  getReader(): {
    read(): Promise<{ done: boolean; value?: unknown }>;
    cancel(reason?: unknown): Promise<void>;
    releaseLock(): void;
  };
}

/** A stream of bytes of any kind, chunk by chunk. */
export interface Chunks {
  next(): Promise<{ done?: boolean | undefined; value?: unknown }>;
  /** Closes the stream, and rejects if that fails. */
  close(reason?: unknown): Promise<void>;
  /** Closes the stream without waiting. A stream that also fails to close adds nothing to why it is closed. */
  cancel(reason?: unknown): void;
}

/** Returns true for a web stream, a Node stream or any other async iterable. */
export function isStream(value: object): value is ByteStream | AsyncIterable<unknown> {
  return (
    ("getReader" in value && typeof value.getReader === "function") ||
    (Symbol.asyncIterator in value && typeof value[Symbol.asyncIterator] === "function")
  );
}

/** Starts to read a stream. @throws whatever the stream throws when it is locked or cannot be opened. */
export function chunksOf(input: ByteStream | AsyncIterable<unknown>): Chunks {
  const chunks = "getReader" in input ? chunksOfWebStream(input) : chunksOfIterable(input);
  return { ...chunks, cancel: (reason) => void chunks.close(reason).catch(() => {}) };
}

function chunksOfWebStream(stream: ByteStream): Omit<Chunks, "cancel"> {
  const reader = stream.getReader();
  let ended = false;
  return {
    async next() {
      try {
        const chunk = await reader.read();
        ended = chunk.done;
        return chunk;
      } catch (error) {
        ended = true;
        throw error;
      }
    },
    // A stream that failed cannot be cancelled.
    close: async (reason) => (ended ? reader.releaseLock() : reader.cancel(reason)),
  };
}

function chunksOfIterable(input: AsyncIterable<unknown>): Omit<Chunks, "cancel"> {
  const iterator = input[Symbol.asyncIterator]();
  return {
    next: () => iterator.next(),
    async close() {
      // return() of a generator waits for a pending next(), which may never come; destroy() of a Node stream does not.
      if ("destroy" in input && typeof input.destroy === "function") input.destroy();
      else await iterator.return?.();
    },
  };
}

/**
 * Returns the bytes of a chunk: of an array buffer, or of any view of one. A chunk whose memory was transferred has
 * none. Memory that threads share is copied. Returns undefined for anything that has no bytes.
 */
export function bytesOfChunk(chunk: unknown): Uint8Array | undefined {
  const isView = ArrayBuffer.isView(chunk);
  if (!isView && !types.isAnyArrayBuffer(chunk)) return undefined;
  const buffer = isView ? chunk.buffer : chunk;
  // A transferred buffer throws when it is viewed.
  if (chunk.byteLength === 0) return new Uint8Array(0);
  if (types.isUint8Array(chunk) && !types.isSharedArrayBuffer(buffer)) return chunk;
  const bytes = isView ? new Uint8Array(buffer, chunk.byteOffset, chunk.byteLength) : new Uint8Array(buffer);
  return types.isSharedArrayBuffer(buffer) ? bytes.slice() : bytes;
}
