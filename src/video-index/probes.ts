import type { Timeline } from "../search/align.js";
import { distanceBetween } from "./timeline.js";

/** Seconds between two probes of the first round: a list of one hash a second is met half a second off at most. */
const cell = 1;
/** Of a clip of seconds a tenth would be too few to meet one frame a second. */
const leastBudget = 16;

/** The frames that are looked up, of a timeline, in rounds. */
export class Probes {
  readonly #timeline: Timeline;
  /** The probes so far, in the order of time. */
  readonly taken: number[] = [];
  readonly #budget: number;
  /** Of each second of the query: whether something was found there. */
  readonly #found = new Set<number>();

  /** `frames`: how many the query was given with; a tenth of them is the budget, but 16 at least, and one a second. */
  constructor(timeline: Timeline, frames: number) {
    this.#timeline = timeline;
    this.#budget = Math.max(leastBudget, Math.ceil(frames / 10));
  }

  /** One for each second: the run that is there for the longest time. */
  first(): number[] {
    const { from, to } = this.#timeline;
    const best = new Map<number, { run: number; seconds: number }>();
    from.forEach((start, run) => {
      const second = Math.floor(start / cell);
      const seconds = Math.min(to[run]!, (second + 1) * cell) - start;
      const other = best.get(second);
      if (other === undefined || seconds > other.seconds) best.set(second, { run, seconds });
      // A long run is the only one of the seconds it fills.
      for (let later = second + 1; (later + 1) * cell <= to[run]!; later++) best.set(later, { run, seconds: cell });
    });
    return this.#take(Array.from(best.values(), ({ run }) => run));
  }

  /** The probe found something: there is no need to look closer around it. */
  found(run: number): void {
    this.#found.add(Math.floor(this.#timeline.from[run]! / cell));
  }

  /** Where nothing was found, the runs that differ most from the probes around them; none when the budget is spent. */
  next(): number[] {
    const left = this.#budget - this.taken.length;
    if (left <= 0) return [];
    const { from, hashes } = this.#timeline;
    const best = new Map<number, { run: number; far: number }>();
    let behind = 0;
    from.forEach((start, run) => {
      while (behind < this.taken.length && from[this.taken[behind]!]! < start - 1.5 * cell) behind++;
      const second = Math.floor(start / cell);
      if (this.#found.has(second)) return;
      let far = 257;
      for (let i = behind; i < this.taken.length && from[this.taken[i]!]! <= start + 1.5 * cell; i++) {
        far = Math.min(far, distanceBetween(hashes, run, hashes, this.taken[i]!));
      }
      // What is nearer than this to a probe would find the same.
      if (far >= 8 && far > (best.get(second)?.far ?? 0)) best.set(second, { run, far });
    });
    const farthest = [...best.values()].toSorted((a, b) => b.far - a.far || a.run - b.run);
    return this.#take(farthest.slice(0, left).map(({ run }) => run));
  }

  /** All at once. */
  all(): number[] {
    return this.#take(Array.from(this.#timeline.from.keys()));
  }

  #take(runs: number[]): number[] {
    const known = new Set(this.taken);
    const fresh = [...new Set(runs)].filter((run) => !known.has(run)).toSorted((a, b) => a - b);
    this.taken.push(...fresh);
    this.taken.sort((a, b) => a - b);
    return fresh;
  }
}
