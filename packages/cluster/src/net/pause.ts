/** Waiting, in a way that ends at once when the object is closed. */
import { setTimeout as sleep } from "node:timers/promises";

/** Waits so many milliseconds, or until the signal ends the wait. It never throws. */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(milliseconds, undefined, { signal });
  } catch {
    // The object was closed: the caller looks at the signal.
  }
}

/** Waits for a promise at most so many milliseconds: some calls of NATS never end when their server does. */
export async function within<T>(milliseconds: number, what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: no answer`)), milliseconds);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Pauses that grow from `first` to `last` milliseconds, with up to a quarter of each at random. */
export class Backoff {
  readonly #first: number;
  readonly #last: number;
  #next: number;

  constructor(first: number, last: number) {
    this.#first = first;
    this.#last = last;
    this.#next = first;
  }

  /** Waits, longer each time. */
  async wait(signal: AbortSignal): Promise<void> {
    const milliseconds = this.#next * (1 + Math.random() / 4);
    this.#next = Math.min(this.#last, 2 * this.#next);
    await pause(milliseconds, signal);
  }

  /** Starts again from the shortest pause. */
  reset(): void {
    this.#next = this.#first;
  }
}

/** Sleeps that `wake` ends early, all at once. */
export class Sleepers {
  readonly #ends: Set<() => void> = new Set();

  async sleep(milliseconds: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        this.#ends.delete(end);
        resolve();
      };
      const timer = setTimeout(end, milliseconds);
      this.#ends.add(end);
    });
  }

  wake(): void {
    for (const end of this.#ends) end();
  }
}
