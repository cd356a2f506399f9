import type { Readable } from "node:stream";

/**
 * Takes exact numbers of bytes off a stream, into memory that is given: what arrives beyond them waits, and the stream is
 * paused meanwhile, so that the writer waits too.
 */
export class ExactReader {
  readonly #stream: Readable;
  #waiting: Uint8Array[] = [];
  #target: Uint8Array | undefined;
  #filled = 0;
  #ended = false;
  #settle: ((full: boolean) => void) | undefined;

  constructor(stream: Readable) {
    this.#stream = stream;
    stream.on("data", (chunk: Uint8Array) => this.#arrived(chunk));
    stream.once("close", () => this.#end());
    stream.once("end", () => this.#end());
  }

  /** Bytes have come that nobody has asked for. */
  get unasked(): boolean {
    return this.#waiting.length > 0;
  }

  /** Fills `target`; false when the stream ends before. */
  take(target: Uint8Array): Promise<boolean> {
    this.#target = target;
    this.#filled = 0;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const chunk of waiting) this.#arrived(chunk);
    if (this.#target === undefined) return Promise.resolve(true);
    if (this.#ended) {
      this.#target = undefined;
      return Promise.resolve(false);
    }
    return new Promise((resolve) => {
      this.#settle = resolve;
      this.#stream.resume();
    });
  }

  #arrived(chunk: Uint8Array): void {
    const target = this.#target;
    if (target === undefined) {
      this.#waiting.push(chunk);
      this.#stream.pause();
      return;
    }
    const room = target.length - this.#filled;
    const part = chunk.length > room ? chunk.subarray(0, room) : chunk;
    target.set(part, this.#filled);
    this.#filled += part.length;
    if (this.#filled < target.length) return;
    this.#target = undefined;
    if (part.length < chunk.length) this.#waiting.push(chunk.subarray(part.length));
    this.#stream.pause();
    this.#settle?.(true);
    this.#settle = undefined;
  }

  #end(): void {
    this.#ended = true;
    if (this.#target === undefined) return;
    this.#target = undefined;
    this.#settle?.(false);
    this.#settle = undefined;
  }
}
