import { invalidArgument, positive } from "../check.js";
import { bitCounts } from "../popcount.js";
import type { VideoFrame } from "./frame.js";
import type { Sampling, SignatureFrame } from "./signature.js";

/** Checks an argument and returns it in its checked form. @throws {InvalidArgumentError} */
export function checkSampling(sampling: unknown): Sampling {
  if (sampling === undefined) return { fps: 1 };
  if (sampling === "all" || sampling === "keyframes" || sampling === "adaptive") return sampling;
  if (typeof sampling === "object" && sampling !== null && "fps" in sampling)
    return { fps: positive("sampling.fps", sampling.fps) };
  throw invalidArgument("sampling", '{fps}, "all", "keyframes" or "adaptive"', sampling);
}

/**
 * vPDQ's rule: one of how many frames is hashed, for about `fps` a second. With an unknown rate every frame is hashed.
 */
export function everyFor(sampling: Sampling, frameRate: number | undefined): number {
  if (typeof sampling === "string" || frameRate === undefined) return 1;
  return Math.max(1, Math.min(2 ** 31 - 1, Math.floor(frameRate / sampling.fps)));
}

/**
 * Returns which of the caller's frames are hashed. With a known rate vPDQ's rule selects them. Otherwise it is the
 * first frame at or after each 1/fps seconds.
 */
export function sampler(sampling: Sampling, frameRate: number | undefined): (frame: VideoFrame) => boolean {
  if (typeof sampling === "string") return () => true;
  if (frameRate !== undefined) {
    const every = everyFor(sampling, frameRate);
    return ({ number }) => number % every === 0;
  }
  let due = -Infinity;
  return ({ timestampSeconds }) => {
    if (timestampSeconds < due) return false;
    due = (Math.floor(timestampSeconds * sampling.fps + 1e-6) + 1) / sampling.fps - 1e-6;
    return true;
  };
}

/**
 * The most bits between a frame and the first frame of its run. Re-encoding changes a hash by 10 bits and more, and a
 * match allows 31. So a query that matches some frame of a run also matches its stored frame, or nearly so.
 */
export const runBits = 8;

/** Returns the 16 words of a hash. */
function wordsOf(hash: string): Uint16Array {
  return Uint16Array.from({ length: 16 }, (_, i) => parseInt(hash.slice(4 * i, 4 * i + 4), 16));
}

function bitsBetween(a: Uint16Array, b: Uint16Array): number {
  let bits = 0;
  for (let i = 0; i < 16; i++) bits += bitCounts[a[i]! ^ b[i]!]!;
  return bits;
}

/**
 * Joins successive frames that are nearly the same into a run, with its first time, its last time and its best hash.
 */
export class Runs {
  #run: SignatureFrame | undefined;
  #start: Uint16Array | undefined;
  #startTrimmed: Uint16Array | undefined;

  /** Takes a frame. Returns the run that it ends, if it ends one. */
  add(frame: SignatureFrame): SignatureFrame | undefined {
    const run = this.#run;
    if (run !== undefined && this.#continues(frame)) {
      const { timestampSeconds } = run;
      const lastTimestampSeconds = frame.lastTimestampSeconds;
      const best = frame.quality > run.quality ? frame : run;
      this.#run = { ...best, timestampSeconds, lastTimestampSeconds };
      return undefined;
    }
    this.#run = frame;
    this.#start = wordsOf(frame.hash);
    this.#startTrimmed = frame.trimmed && wordsOf(frame.trimmed.hash);
    return run;
  }

  /** Ends the run that is still open and returns it. */
  end(): SignatureFrame | undefined {
    const run = this.#run;
    this.#run = undefined;
    return run;
  }

  /** The hashes of black frames are noise and cannot be compared. So all successive unstable frames are one run. */
  #continues(frame: SignatureFrame): boolean {
    if (frame.stable !== this.#run!.stable) return false;
    // Inside a thick border more changes than the hash of the whole frame shows.
    const trimmed = frame.trimmed && wordsOf(frame.trimmed.hash);
    if ((trimmed === undefined) !== (this.#startTrimmed === undefined)) return false;
    if (trimmed !== undefined && bitsBetween(this.#startTrimmed!, trimmed) > runBits) return false;
    return !frame.stable || bitsBetween(this.#start!, wordsOf(frame.hash)) <= runBits;
  }
}
