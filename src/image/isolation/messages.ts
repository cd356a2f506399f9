/**
 * Messages between this process and a decoder process: JSON, and bytes that JSON would make a third longer. A message
 * is the length of the JSON (4 bytes, little-endian), the length of the bytes (6 bytes), the JSON and the bytes.
 */
import type { Writable } from "node:stream";

export interface Message {
  head: unknown;
  bytes: Uint8Array;
}

/** The most that a reader accepts. Whoever sends more has been taken over, or is not what it should be. */
export interface MessageLimits {
  headBytes: number;
  bytes: number;
}

const prefixBytes = 10;
const noBytes = new Uint8Array(0);

/** Writes a message. An error of the stream is an event of the stream. */
export function writeMessage(stream: Writable, head: object, bytes: Uint8Array = noBytes): void {
  const text = Buffer.from(JSON.stringify(head));
  const prefix = Buffer.alloc(prefixBytes);
  prefix.writeUInt32LE(text.length);
  prefix.writeUIntLE(bytes.length, 4, 6);
  stream.cork();
  stream.write(prefix);
  stream.write(text);
  if (bytes.length > 0) stream.write(bytes);
  stream.uncork();
}

/** Collects the chunks of a stream until a message is whole. */
export class MessageReader {
  readonly #limits: MessageLimits;
  readonly #prefix = Buffer.alloc(prefixBytes);
  #body: Buffer | undefined;
  #headBytes = 0;
  #filled = 0;

  constructor(limits: MessageLimits) {
    this.#limits = limits;
  }

  /** Whether a part of a message has come. */
  get started(): boolean {
    return this.#filled > 0 || this.#body !== undefined;
  }

  /** Yields the messages that a chunk completes. @throws {Error} for a message that is too long or is not JSON. */
  *push(chunk: Uint8Array): Generator<Message, void, undefined> {
    for (let at = 0; at < chunk.length;) {
      const target = this.#body ?? this.#prefix;
      const some = Math.min(target.length - this.#filled, chunk.length - at);
      target.set(chunk.subarray(at, at + some), this.#filled);
      this.#filled += some;
      at += some;
      if (this.#filled < target.length) return;
      this.#filled = 0;
      if (this.#body === undefined) this.#begin();
      else yield this.#end();
    }
  }

  #begin(): void {
    this.#headBytes = this.#prefix.readUInt32LE();
    const bytes = this.#prefix.readUIntLE(4, 6);
    if (this.#headBytes > this.#limits.headBytes || bytes > this.#limits.bytes) {
      throw new Error(`a message of ${this.#headBytes} and ${bytes} bytes`);
    }
    // Memory of its own: the decoder reads it on another thread.
    this.#body = Buffer.allocUnsafeSlow(this.#headBytes + bytes);
  }

  #end(): Message {
    const body = this.#body!;
    this.#body = undefined;
    const head: unknown = JSON.parse(body.toString("utf8", 0, this.#headBytes));
    return { head, bytes: body.subarray(this.#headBytes) };
  }
}
