import { LimitError } from "../../errors.js";
import type { VideoLimits } from "../../limits.js";

const tickMilliseconds = 200;

/** How long a stall that can be explained may last: waiting longer would not change the explanation. */
const explainedMilliseconds = 2_000;

/** What a watchdog observes of a child, and what it does about it. */
export interface Watched {
  /** The name of the input, for errors. */
  name: string;
  limits: Required<VideoLimits>;
  /** Returns a number that changes while the child makes progress. It may throw: that fails the run. */
  progress(): number;
  /** Stops the child. */
  stop(): void;
  /** A reason for a stall that says more than that nothing arrives. */
  explainStall(): Error | undefined;
}

/**
 * Holds a child to `maxSeconds` and `maxStallSeconds`. Only the time in which we wait for the child counts. The time
 * that the consumer spends on a frame does not.
 */
export class Watchdog {
  /** Why the run was stopped; undefined while it was not. */
  failure: { reason: unknown } | undefined;
  readonly #watched: Watched;
  readonly #timer: NodeJS.Timeout;
  #spentMilliseconds = 0;
  #waitingSince = performance.now();
  #waiting = true;
  #lastProgressAt = performance.now();
  #lastProgress = -1;

  constructor(watched: Watched) {
    this.#watched = watched;
    const { maxSeconds, maxStallSeconds } = watched.limits;
    const every = Math.max(10, Math.min(tickMilliseconds, 250 * Math.min(maxSeconds, maxStallSeconds)));
    this.#timer = setInterval(() => {
      try {
        this.#tick(watched.progress());
      } catch (error) {
        this.fail(error); // thrown by the caller's onProgress
      }
    }, every);
  }

  /** Stops the child. The first reason counts. */
  fail(reason: unknown): void {
    this.failure ??= { reason };
    this.#watched.stop();
  }

  /** The consumer has a frame: from here on its own time passes. */
  pause(): void {
    this.#waiting = false;
    this.#spentMilliseconds += performance.now() - this.#waitingSince;
  }

  /** The consumer wants the next frame. */
  resume(): void {
    this.#waiting = true;
    this.#waitingSince = this.#lastProgressAt = performance.now();
  }

  end(): void {
    clearInterval(this.#timer);
  }

  #tick(progress: number): void {
    if (!this.#waiting) return;
    const now = performance.now();
    if (progress !== this.#lastProgress) this.#lastProgressAt = now;
    this.#lastProgress = progress;
    const { name, limits, explainStall } = this.#watched;
    const { maxSeconds, maxStallSeconds } = limits;
    if (this.#spentMilliseconds + now - this.#waitingSince > 1000 * maxSeconds) {
      const text = `Decoding ${name} takes more than ${maxSeconds} s; maxSeconds raises this limit`;
      this.fail(new LimitError("maxSeconds", text));
      return;
    }
    const stalled = now - this.#lastProgressAt;
    const allowed = 1000 * maxStallSeconds;
    const explanation = stalled > Math.min(allowed, explainedMilliseconds) ? explainStall() : undefined;
    if (explanation !== undefined) this.fail(explanation);
    else if (stalled > allowed) {
      const text = `ffmpeg has shown no progress with ${name} for ${maxStallSeconds} s; maxStallSeconds raises this limit`;
      this.fail(new LimitError("maxStallSeconds", text));
    }
  }
}
