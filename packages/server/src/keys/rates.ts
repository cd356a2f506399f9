/** How many bare hashes each caller may look up. A bucket for each caller fills again at an even rate. */
import { tooMany } from "../core/errors.js";

const mostCallers = 100_000;

/** The buckets of one process. With several processes, each allows its share. */
export class HashRates {
  readonly #now: () => number;
  readonly #share: number;
  readonly #buckets: Map<string, { left: number; time: number }> = new Map();

  /** @param processes how many processes share the rate. */
  constructor(processes: number, now: () => number) {
    this.#share = 1 / processes;
    this.#now = now;
  }

  /** Takes `count` from a caller's bucket. @throws {ServiceError} 429 */
  take(
    caller: string,
    perMinute: number,
    count: number,
    text = `This key may look up ${perMinute} hashes a minute`,
  ): void {
    if (perMinute === 0) return;
    const size = Math.max(1, perMinute * this.#share);
    const now = this.#now();
    const bucket = this.#buckets.get(caller) ?? { left: size, time: now };
    // A clock that jumps back adds nothing.
    const passed = Math.max(0, now - bucket.time);
    bucket.left = Math.min(size, bucket.left + (passed / 60_000) * size);
    bucket.time = now;
    this.#buckets.delete(caller);
    this.#buckets.set(caller, bucket);
    if (this.#buckets.size > mostCallers) this.#buckets.delete(this.#buckets.keys().next().value!);
    if (bucket.left < count) {
      const seconds = ((count - bucket.left) / size) * 60;
      throw tooMany(text, seconds);
    }
    bucket.left -= count;
  }
}
