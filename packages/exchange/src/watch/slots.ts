/** Work of which only some is done at a time: large bodies in memory, and videos that are decoded. */
export class Slots {
  readonly #count: number;
  #free: number;
  readonly #waiting: { needs: number; start: () => void }[] = [];

  constructor(count: number) {
    this.#count = count;
    this.#free = count;
  }

  /**
   * Waits in line for slots. Who needs more than there are gets all of them.
   * @returns what frees them again.
   * @throws the reason of the signal.
   */
  async take(signal?: AbortSignal, needed = 1): Promise<() => void> {
    signal?.throwIfAborted();
    const needs = Math.min(needed, this.#count);
    if (this.#waiting.length === 0 && this.#free >= needs) this.#free -= needs;
    else await this.#turn(needs, signal);
    let taken = true;
    return () => {
      if (!taken) return;
      taken = false;
      this.#free += needs;
      this.#next();
    };
  }

  /** Lets those begin who are first in line and have enough room. */
  #next(): void {
    for (let [first] = this.#waiting; first !== undefined && first.needs <= this.#free; [first] = this.#waiting) {
      this.#waiting.shift();
      this.#free -= first.needs;
      first.start();
    }
  }

  #turn(needs: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(mine), 1);
        reject(signal?.reason as Error);
        // Whoever stood behind may need less.
        this.#next();
      };
      const mine = {
        needs,
        start: (): void => {
          signal?.removeEventListener("abort", leave);
          resolve();
        },
      };
      this.#waiting.push(mine);
      signal?.addEventListener("abort", leave, { once: true });
    });
  }
}
