import { availableParallelism } from "node:os";
import { integer } from "../check.js";
import type { EvaluationMethod } from "./methods/methods.js";

/** The options of `evaluate`. */
export interface EvaluateOptions {
  /** `"suite"` (the default), `"quick"`, or names of attacks, families and video edits. `"video"` means all edits. */
  attacks?: "suite" | "quick" | readonly string[];
  /** A folder of images that are no copies of the originals. They are listed with them, and searched for. */
  unrelated?: string;
  /** How many images of each of six kinds are generated, listed and searched for, 0 … 10,000. Default 20. */
  generated?: number;
  /** How many attacks are applied to each unrelated and generated image, 0 … 1,000. Default 1. */
  unrelatedAttacks?: number;
  /** The methods to compare. Default: `plainMethod()` and `fastMethod()`. */
  methods?: readonly EvaluationMethod[];
  /** The seed of texts, colours, places and amounts. Default 1. */
  seed?: number;
  /** The folder for the state, from which an interrupted run continues. Default: no state is kept. */
  folder?: string;
  /** Discard the state in the folder, even that of another evaluation. Default false. */
  restart?: boolean;
  /** How many threads make images, and how many queries run at a time, 1 … 256. Default: the processors, at most 4. */
  concurrency?: number;
  /** The entries in the operator's list, for the expected false matches. Default 1,000,000. */
  listSize?: number;
  /** The images searched for per day, for the expected false matches. Default 1,000,000. */
  queriesPerDay?: number;
  /** How many misses and false matches the report shows as blurhashes, 0 … 1,000. Default 48. */
  previews?: number;
  /** It is called as work is done. `total` is undefined while the images are being counted. */
  onProgress?: (progress: { step: "list" | "queries" | "videos"; done: number; total: number | undefined }) => void;
  /** It ends the evaluation, which then rejects with the signal's reason. */
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

/** The options that decide which images are made. */
export type ImageOptions = Pick<EvaluateOptions, "generated" | "unrelatedAttacks" | "seed" | "concurrency">;

/** Checks these options. @throws {InvalidArgumentError} */
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
