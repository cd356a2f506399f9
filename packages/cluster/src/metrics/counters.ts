/** What a curator, a node or a worker counts while it runs. */
import type { ClusterEvent, EventListener } from "../events.js";

/** Upper bounds of the times of withdrawals and jobs, in seconds. */
const bounds: readonly number[] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120, 600];

/** Counts durations in ranges, as a histogram of Prometheus does. */
export class Times {
  readonly bounds: readonly number[] = bounds;
  /** How many times are at most each bound, and the count of all at the end. */
  readonly counts: number[] = Array.from({ length: bounds.length + 1 }, () => 0);
  sum = 0;

  /** Adds one time in seconds. */
  add(seconds: number): void {
    this.sum += seconds;
    for (const [i, bound] of [...bounds, Infinity].entries()) if (seconds <= bound) this.counts[i]!++;
  }
}

/** Counts events by their type, and failed steps by their names. */
export class EventCounts {
  readonly counts: Map<string, { type: string; step: string; count: number }> = new Map();

  /** Returns a listener that counts, and then calls the next one. */
  before(next: EventListener): EventListener {
    return (event) => {
      this.#add(event);
      next(event);
    };
  }

  #add(event: ClusterEvent): void {
    // A step may name a job, and a label must not.
    const step = event.type === "retry" ? event.step.replace(/^(result) of .*$/s, "$1") : "";
    const key = `${event.type} ${step}`;
    const found = this.counts.get(key);
    if (found === undefined) this.counts.set(key, { type: event.type, step, count: 1 });
    else found.count++;
  }
}
