/**
 * The lease of a node: until when it may answer. It counts from when the node sent its request, by the node's own
 * monotonic clock, so that it never lasts longer than the curator believes.
 */

/** The lease as one node holds it. */
export class NodeLease {
  readonly #now: () => number;
  #until = 0;

  /** @param now a monotonic clock in milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Whether the node may answer. */
  get valid(): boolean {
    return this.#now() < this.#until;
  }

  /** Milliseconds that are left; 0 if the lease has ended. */
  get left(): number {
    return Math.max(0, this.#until - this.#now());
  }

  /** Extends the lease from `sent`, when the granted request was sent. */
  grant(sent: number, seconds: number): void {
    this.#until = Math.max(this.#until, sent + 1000 * seconds);
  }

  /** Ends the lease. */
  end(): void {
    this.#until = 0;
  }
}
