import { onAbort } from "./on-abort.js";

/**
 * Lets a fixed number of pieces of work run at a time. The others wait in the order in which they came.
 *
 * @example
 * const slots = new Semaphore(4);
 * const hash = await slots.withSlot(signal, () => decodeAndHash(path));
 */
export class Semaphore {
  /** How many pieces of work may run at a time. */
  readonly size: number;
  readonly #waiting: (() => void)[] = [];
  #taken = 0;

  constructor(size: number) {
    this.size = size;
  }

  /**
   * Waits for a free slot and runs `work` in it. The slot is free again once the work has ended, and not before, even
   * if the signal was aborted meanwhile.
   * @throws The signal's reason, when it is aborted before the work has started. Whatever `work` throws.
   */
  async withSlot<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    signal?.throwIfAborted();
    if (this.#taken < this.size) this.#taken++;
    else await this.#turn(signal);
    try {
      return await work();
    } finally {
      this.#release();
    }
  }

  /** Waits until another piece of work hands its slot on. An abort leaves the queue at once. */
  #turn(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const start = (): void => {
        forget();
        resolve();
      };
      const leave = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(start), 1);
        reject(signal!.reason as Error);
      };
      const forget = onAbort(signal, leave);
      this.#waiting.push(start);
    });
  }

  #release(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#taken--;
    else next();
  }
}
