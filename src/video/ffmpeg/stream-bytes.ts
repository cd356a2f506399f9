import type { Readable } from "node:stream";

/**
 * Reads exact numbers of bytes from a stream into the caller's memory. Bytes that arrive beyond them are kept, and the
 * stream is paused meanwhile, so that its writer waits.
 */
export class StreamBytes {
  readonly #stream: Readable;
  #waiting: Uint8Array[] = [];
  #target: Uint8Array | undefined;
  #filled = 0;
  #ended = false;
  #resolveFill: ((full: boolean) => void) | undefined;

  constructor(stream: Readable) {
    this.#stream = stream;
    stream.on("data", (piece: Uint8Array) => {
      this.#arrived(piece);
      if (this.#target === undefined) stream.pause();
    });
    stream.once("close", () => this.end());
    stream.once("end", () => this.end());
  }

  /** Whether bytes have arrived that no `readInto` has requested. */
  get hasUnrequestedData(): boolean {
    return this.#waiting.length > 0;
  }

  /** Fills `target`; false when the stream ends before. */
  readInto(target: Uint8Array): Promise<boolean> {
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
      this.#resolveFill = resolve;
      this.#stream.resume();
    });
  }

  #arrived(piece: Uint8Array): void {
    if (this.#target === undefined) {
      this.#waiting.push(piece);
      return;
    }
    const room = this.#target.subarray(this.#filled);
    const fitting = piece.length > room.length ? piece.subarray(0, room.length) : piece;
    room.set(fitting);
    if (fitting.length < piece.length) this.#waiting.push(piece.subarray(fitting.length));
    this.#filled += fitting.length;
    if (this.#filled === this.#target.length) this.#endFill(true);
  }

  #endFill(full: boolean): void {
    this.#target = undefined;
    this.#resolveFill?.(full);
    this.#resolveFill = undefined;
  }

  /** The stream has ended: no more bytes arrive. */
  end(): void {
    this.#ended = true;
    if (this.#target !== undefined) this.#endFill(false);
  }
}
