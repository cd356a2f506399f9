import { availableParallelism } from "node:os";
import { boolean, checkCallback, checkOptions, checkSignal, filledText, integer } from "../../check.js";
import type { EvaluationMethod } from "../methods/method.js";

/** Options of `evaluate`. */
export interface EvaluateOptions {
  /**
   * `"suite"` (the default), `"quick"`, or names of attacks, families and video edits. `"video"` is all video edits.
   */
  attacks?: "suite" | "quick" | readonly string[];
  /** A folder of images that are not copies of the originals. They are listed with them, and searched for. */
  unrelated?: string;
  /** How many images of each of seven kinds are generated, listed and searched for, 0 … 10,000. Default 20. */
  generated?: number;
  /**
   * How many similar images of each of 14 kinds are generated, listed and searched for, 0 … 10,000. They share a
   * caption, a logo, a form, an interface or a texture, and are no copies of one another. Default 0.
   */
  similar?: number;
  /**
   * How many attacks are applied to each unrelated and generated image, 0 … 1,000. Default 1. Generated images whose
   * edges have a frame's colour go through all frames and screens, unless it is 0.
   */
  unrelatedAttacks?: number;
  /** The methods to compare. Default: `plainMethod()` and `fastMethod()`. */
  methods?: readonly EvaluationMethod[];
  /** Decides texts, colours, places and amounts. Default 1. */
  seed?: number;
  /** A folder for the state. An interrupted run continues from it. By default nothing is kept. */
  folder?: string;
  /** True to start again although the folder has a state, even that of another evaluation. Default false. */
  restart?: boolean;
  /**
   * How many threads make images and how many queries run at a time, 1 … 256. Default 4, or the number of processors.
   */
  concurrency?: number;
  /** The size of the operator's list, for the expected number of false matches. Default 1,000,000. */
  listSize?: number;
  /** How many images the operator searches for each day, for the same number. Default 1,000,000. */
  queriesPerDay?: number;
  /** How many misses and false matches the report shows, blurred beyond recognition, 0 … 1,000. Default 48. */
  previews?: number;
  /** Called now and then. `total` is undefined while it is not known. */
  onProgress?: (progress: { step: "list" | "queries" | "videos"; done: number; total: number | undefined }) => void;
  /** Ends the evaluation. The promise rejects with the signal's reason. */
  signal?: AbortSignal;
}

const evaluateOptionNames = [
  "attacks",
  "unrelated",
  "generated",
  "similar",
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

/** The options that the altered images depend on. */
export type ImageOptions = Pick<EvaluateOptions, "generated" | "similar" | "unrelatedAttacks" | "seed" | "concurrency">;

/**
 * Checks an argument and returns it in its checked form. @throws {InvalidArgumentError} for an option that does not
 * fit.
 */
export function checkImages(given: ImageOptions): {
  generated: number;
  similar: number;
  changes: number;
  seed: number;
  concurrency: number;
} {
  const { generated = 20, similar = 0, unrelatedAttacks = 1, seed = 1 } = given;
  const { concurrency = Math.min(4, availableParallelism()) } = given;
  return {
    generated: integer("generated", generated, 0, 10_000),
    similar: integer("similar", similar, 0, 10_000),
    changes: integer("unrelatedAttacks", unrelatedAttacks, 0, 1000),
    seed: integer("seed", seed, 0, Number.MAX_SAFE_INTEGER),
    concurrency: integer("concurrency", concurrency, 1, 256),
  };
}

/** The options of `evaluate`, checked, but for the names of attacks and the methods. */
export interface CheckedEvaluation extends ReturnType<typeof checkImages> {
  attacks: NonNullable<EvaluateOptions["attacks"]>;
  unrelated: string | undefined;
  methods: EvaluateOptions["methods"];
  folder: string | undefined;
  restart: boolean;
  listSize: number;
  queriesPerDay: number;
  previews: number;
  onProgress: EvaluateOptions["onProgress"];
  signal: AbortSignal | undefined;
}

/** Checks options and fills in defaults. @throws {InvalidArgumentError} for an option that does not fit. */
export function checkEvaluation(options: EvaluateOptions | undefined): CheckedEvaluation {
  const given = checkOptions(options, evaluateOptionNames);
  const { attacks = "suite", restart = false, listSize = 1_000_000, queriesPerDay = 1_000_000, previews = 48 } = given;
  return {
    ...checkImages(given),
    attacks,
    unrelated: checkFolder("unrelated", given.unrelated),
    methods: given.methods,
    folder: checkFolder("folder", given.folder),
    restart: boolean("restart", restart),
    listSize: integer("listSize", listSize, 1, Number.MAX_SAFE_INTEGER),
    queriesPerDay: integer("queriesPerDay", queriesPerDay, 1, Number.MAX_SAFE_INTEGER),
    previews: integer("previews", previews, 0, 1000),
    onProgress: checkCallback("onProgress", given.onProgress),
    signal: checkSignal(given.signal),
  };
}

/** @throws {InvalidArgumentError} for anything but a path or undefined. */
export function checkFolder(name: string, value: unknown): string | undefined {
  return value === undefined ? undefined : filledText(name, value, "path");
}
