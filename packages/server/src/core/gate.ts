/** Lets a few through at a time, and a few more wait. */
import { tooMany } from "./errors.js";

/** What a gate has to do just now. */
export interface GateLoad {
  running: number;
  waiting: number;
}

/** Limits how many of one kind of work run at a time, and how many wait. */
export class Gate {
  readonly #what: string;
  readonly #most: number;
  readonly #queue: number;
  readonly #waiting: Set<() => void> = new Set();
  #running = 0;
  /** A running mean of how long one takes, in seconds. */
  #mean = 0.1;

  /** @param what names the work in the error, as in "images". */
  constructor(what: string, most: number, queue: number) {
    this.#what = what;
    this.#most = most;
    this.#queue = queue;
  }

  get load(): GateLoad {
    return { running: this.#running, waiting: this.#waiting.size };
  }

  /** Refuses at once where the queue is full, before anything of a body is read. @throws {ServiceError} 429 */
  check(): void {
    if (this.#running < this.#most || this.#waiting.size < this.#queue) return;
    const seconds = ((this.#waiting.size + 1) * this.#mean) / this.#most;
    throw tooMany(`Too many ${this.#what} are waiting`, Math.min(60, seconds));
  }

  /** Runs `work` when there is a place. @throws {ServiceError} 429 @throws the signal's reason while it waits. */
  async run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    if (this.#running >= this.#most) {
      this.check();
      await this.#wait(signal);
    }
    // A place that was handed over is counted already.
    else this.#running++;
    const start = performance.now();
    try {
      signal.throwIfAborted();
      return await work();
    } finally {
      this.#mean = 0.9 * this.#mean + (0.1 * (performance.now() - start)) / 1000;
      const [next] = this.#waiting;
      if (next === undefined) this.#running--;
      else next();
    }
  }

  #wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const enter = (): void => {
        this.#waiting.delete(enter);
        signal.removeEventListener("abort", leave);
        resolve();
      };
      const leave = (): void => {
        this.#waiting.delete(enter);
        reject(signal.reason as Error);
      };
      this.#waiting.add(enter);
      signal.addEventListener("abort", leave, { once: true });
    });
  }
}

/** Counts the bytes of images that are held while they arrive and are decoded. */
export class UploadMemory {
  #used = 0;
  #most: () => number;

  constructor(most: () => number) {
    this.#most = most;
  }

  get used(): number {
    return this.#used;
  }

  /** @throws {ServiceError} 429 */
  take(bytes: number): void {
    if (this.#used + bytes > this.#most()) throw tooMany("Too many uploads are being received", 1);
    this.#used += bytes;
  }

  give(bytes: number): void {
    this.#used -= bytes;
  }
}
