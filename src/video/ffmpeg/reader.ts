import type { Readable } from "node:stream";

/**
 * Exact numbers of bytes off a stream, into memory that is given. What arrives beyond them waits, and no more is asked for
 * meanwhile, so that the writer waits too.
 */
export class StreamBytes {
  readonly #stream: Readable;
  #waiting: Uint8Array[] = [];
  #target: Uint8Array | undefined;
  #filled = 0;
  #ended = false;
  #settle: ((full: boolean) => void) | undefined;

  constructor(stream: Readable) {
    this.#stream = stream;
    stream.on("data", (piece: Uint8Array) => {
      this.#arrived(piece);
      if (this.#target === undefined) stream.pause();
    });
    stream.once("close", () => this.end());
    stream.once("end", () => this.end());
  }

  /** Bytes have come that nobody has asked for. */
  get unasked(): boolean {
    return this.#waiting.length > 0;
  }

  /** Fills `target`; false when the end comes before. */
  take(target: Uint8Array): Promise<boolean> {
    this.#target = target;
    this.#filled = 0;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const piece of waiting) this.#arrived(piece);
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

  #arrived(piece: Uint8Array): void {
    if (this.#target === undefined) {
      this.#waiting.push(piece);
      return;
    }
    const room = this.#target.subarray(this.#filled);
    const part = piece.length > room.length ? piece.subarray(0, room.length) : piece;
    room.set(part);
    if (part.length < piece.length) this.#waiting.push(piece.subarray(part.length));
    this.#filled += part.length;
    if (this.#filled === this.#target.length) this.#done(true);
  }

  #done(full: boolean): void {
    this.#target = undefined;
    this.#settle?.(full);
    this.#settle = undefined;
  }

  /** Nothing more comes. */
  end(): void {
    this.#ended = true;
    if (this.#target !== undefined) this.#done(false);
  }
}
