import { availableParallelism } from "node:os";
import { integer } from "../check.js";
import type { EvaluationMethod } from "./methods/methods.js";

export interface EvaluateOptions {
  /** `"suite"` (the default), `"quick"`, or names of attacks, families and video edits; `"video"` is all of these. */
  attacks?: "suite" | "quick" | readonly string[];
  /** A folder of images that are no copies of the originals: listed beside them, and looked up. */
  unrelated?: string;
  /** Generated images of each of six kinds, listed and looked up too, 0 … 10,000. Default 20. */
  generated?: number;
  /** Attacks on each unrelated and generated image, beside the image as it is, 0 … 1,000. Default 1. */
  unrelatedAttacks?: number;
  /** What is compared. Default: `plainMethod()` and `fastMethod()`. */
  methods?: readonly EvaluationMethod[];
  /** Decides texts, colours, places and amounts. Default 1. */
  seed?: number;
  /** A folder for the state, from which a run that was ended goes on. Default: nothing is kept. */
  folder?: string;
  /** Begin anew where the folder has a state, also another evaluation's. Default false. */
  restart?: boolean;
  /** Threads that make images, and queries at a time, 1 … 256. Default 4, or the number of processors if that is less. */
  concurrency?: number;
  /** For the expected false matches: entries in the operator's list. Default 1,000,000. */
  listSize?: number;
  /** For the same: images that are looked up a day. Default 1,000,000. */
  queriesPerDay?: number;
  /** Misses and false matches that are shown, blurred beyond recognition, 0 … 1,000. Default 48. */
  previews?: number;
  /** Called now and then. */
  onProgress?: (progress: { step: "list" | "queries" | "videos"; done: number; total: number | undefined }) => void;
  signal?: AbortSignal;
}

export const evaluateOptionNames = [
  "attacks",
  "unrelated",
  "generated",
  "unrelatedAttacks",
  "methods",
  "seed",
  "folder",
  "restart",
  "concurrency",
  "listSize",
  "queriesPerDay",
  "previews",
  "onProgress",
  "signal",
] as const;

/** Of these options what the images depend on. */
export type ImageOptions = Pick<EvaluateOptions, "generated" | "unrelatedAttacks" | "seed" | "concurrency">;

/** The same, checked. @throws {InvalidArgumentError} */
export function checkImages(given: ImageOptions): {
  generated: number;
  changes: number;
  seed: number;
  concurrency: number;
} {
  const concurrency = given.concurrency ?? Math.min(4, availableParallelism());
  return {
    generated: integer("generated", given.generated ?? 20, 0, 10_000),
    changes: integer("unrelatedAttacks", given.unrelatedAttacks ?? 1, 0, 1000),
    seed: integer("seed", given.seed ?? 1, 0, Number.MAX_SAFE_INTEGER),
    concurrency: integer("concurrency", concurrency, 1, 256),
  };
}
