/** Counts of equal things in memory, written once a second at most. */
export class Tally<T> {
  readonly #write: (counts: Iterable<readonly [thing: T, count: number]>) => void;
  readonly #most: number;
  #counts: Map<string, [thing: T, count: number]> = new Map();
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param write writes the counts. If it throws, they are kept for the next time.
   * @param most how many different things are counted until they are written. Further ones are dropped.
   */
  constructor(write: (counts: Iterable<readonly [thing: T, count: number]>) => void, most: number = Infinity) {
    this.#write = write;
    this.#most = most;
  }

  /** Counts a thing. Things are equal if their JSON is. */
  add(thing: T): void {
    const name = JSON.stringify(thing);
    const known = this.#counts.get(name);
    if (known !== undefined) known[1]++;
    else if (this.#counts.size < this.#most) this.#counts.set(name, [thing, 1]);
    this.#timer ??= setTimeout(() => this.flush(), 1000).unref();
  }

  /** Writes what was counted. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#counts.size === 0) return;
    try {
      this.#write(this.#counts.values());
      this.#counts = new Map();
    } catch {
      // The state is locked or its disk is full.
    }
  }
}
