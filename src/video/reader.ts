import type { Readable } from "node:stream";

/**
 * Exact numbers of bytes off something that gives them in pieces, into memory that is given. What arrives beyond them waits,
 * and no more is asked for meanwhile, so that the writer waits too.
 */
export abstract class ExactBytes {
  #waiting: Uint8Array[] = [];
  #target: Uint8Array | undefined;
  #filled = 0;
  #ended = false;
  #settle: ((full: boolean) => void) | undefined;

  /** Lets more come. */
  abstract resume(): void;

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
    for (const piece of waiting) this.arrived(piece);
    if (this.#target === undefined) return Promise.resolve(true);
    if (this.#ended) {
      this.#target = undefined;
      return Promise.resolve(false);
    }
    return new Promise((resolve) => {
      this.#settle = resolve;
      this.resume();
    });
  }

  /** What of the memory that is being filled is still empty; undefined when nobody waits. */
  protected room(): Uint8Array | undefined {
    return this.#target?.subarray(this.#filled);
  }

  /** A piece in memory of its own. */
  protected arrived(piece: Uint8Array): void {
    const room = this.room();
    if (room === undefined) {
      this.#waiting.push(piece);
      return;
    }
    const part = piece.length > room.length ? piece.subarray(0, room.length) : piece;
    room.set(part);
    if (part.length < piece.length) this.#waiting.push(piece.subarray(part.length));
    this.filled(part.length);
  }

  /** So many bytes stand in `room`. */
  protected filled(count: number): void {
    this.#filled += count;
    if (this.#filled < this.#target!.length) return;
    this.#target = undefined;
    this.#settle?.(true);
    this.#settle = undefined;
  }

  end(): void {
    this.#ended = true;
    if (this.#target === undefined) return;
    this.#target = undefined;
    this.#settle?.(false);
    this.#settle = undefined;
  }
}

/** The bytes of any stream. */
export class StreamBytes extends ExactBytes {
  readonly #stream: Readable;

  constructor(stream: Readable) {
    super();
    this.#stream = stream;
    stream.on("data", (piece: Uint8Array) => {
      this.arrived(piece);
      if (this.room() === undefined) stream.pause();
    });
    stream.once("close", () => this.end());
    stream.once("end", () => this.end());
  }

  override resume(): void {
    this.#stream.resume();
  }
}
