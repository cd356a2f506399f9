import type { Timeline } from "../search/align.js";
import { distanceBetween } from "./timeline.js";

/**
 * The seconds between two probes of the first round. In a list of one hash a second the nearest is half a second away
 * at most.
 */
const cellSeconds = 1;
/**
 * The fewest probes. For a clip of a few seconds, a tenth of the frames would be too few to hit a list of one frame a
 * second.
 */
const leastBudget = 16;

/** Chooses in rounds which frames of a timeline are looked up. */
export class Probes {
  readonly #timeline: Timeline;
  /** The probes so far, sorted by time. */
  readonly taken: number[] = [];
  readonly #budget: number;
  /** The seconds of the query in which something was found. */
  readonly #foundSeconds = new Set<number>();

  /**
   * A tenth of `frameCount`, the number of frames in the signature, is the budget, but at least 16, and one a second.
   */
  constructor(timeline: Timeline, frameCount: number) {
    this.#timeline = timeline;
    this.#budget = Math.max(leastBudget, Math.ceil(frameCount / 10));
  }

  /** Takes one probe for each second: the run that is shown longest in it. */
  first(): number[] {
    const { from, to } = this.#timeline;
    const best = new Map<number, { run: number; seconds: number }>();
    from.forEach((start, run) => {
      const second = Math.floor(start / cellSeconds);
      const seconds = Math.min(to[run]!, (second + 1) * cellSeconds) - start;
      const other = best.get(second);
      if (other === undefined || seconds > other.seconds) best.set(second, { run, seconds });
      // A long run is the only one in the seconds that it fills.
      for (let later = second + 1; (later + 1) * cellSeconds <= to[run]!; later++)
        best.set(later, { run, seconds: cellSeconds });
    });
    return this.#take(Array.from(best.values(), ({ run }) => run));
  }

  /** Records that a probe found something, so that no further probes are needed around it. */
  markFound(run: number): void {
    this.#foundSeconds.add(Math.floor(this.#timeline.from[run]! / cellSeconds));
  }

  /**
   * If nothing was found, takes the runs that differ most from the probes around them, as far as the budget allows.
   */
  next(): number[] {
    const left = this.#budget - this.taken.length;
    if (left <= 0) return [];
    const { from, hashes } = this.#timeline;
    const best = new Map<number, { run: number; far: number }>();
    let firstNear = 0;
    from.forEach((start, run) => {
      while (firstNear < this.taken.length && from[this.taken[firstNear]!]! < start - 1.5 * cellSeconds) firstNear++;
      const second = Math.floor(start / cellSeconds);
      if (this.#foundSeconds.has(second)) return;
      let far = 257;
      for (let i = firstNear; i < this.taken.length && from[this.taken[i]!]! <= start + 1.5 * cellSeconds; i++) {
        far = Math.min(far, distanceBetween(hashes, run, hashes, this.taken[i]!));
      }
      // A run that is nearer to a probe would find the same.
      if (far >= 8 && far > (best.get(second)?.far ?? 0)) best.set(second, { run, far });
    });
    const farthest = [...best.values()].toSorted((a, b) => b.far - a.far || a.run - b.run);
    return this.#take(farthest.slice(0, left).map(({ run }) => run));
  }

  /** Takes all runs at once. */
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
