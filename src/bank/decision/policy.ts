import { boolean, integer, invalidArgument, oneOf, checkOptions } from "../../check.js";
import { type Orientation, orientationNames } from "../../hash/orientations.js";
import type { Database } from "../storage/database.js";

/** What is to happen with an upload that matches, from the strongest on. */
export type Action = "block" | "review" | "log";
export const actions: readonly Action[] = ["block", "review", "log"];

/** How a bank decides. */
export interface Policy {
  /** Most differing bits of a `pdq` or `vpdq` match, 0 … 256. Default 31. */
  radius: number;
  /** Below this quality, of the upload or of the entry where it is known, nothing matches by distance. Default 50. */
  minQuality: number;
  /** Which images of the upload are looked for. Default: all eight. */
  orientations: readonly Orientation[];
  /** Only entries with one of these labels, as `scheme:code`. Default undefined: all. */
  labels?: readonly string[];
  /** Default `"review"`. */
  action: Action;
  /**
   * The strongest that a match by a derived hash asks for. Default undefined: `"review"`. Such a hash has a quality of 80
   * and more, so what is near it is a copy of that part; but nobody has looked whether the part alone is what the picture
   * is listed for, and half a picture may be a wall, a caption or a logo.
   */
  cropAction?: Action;
  /**
   * The share of uploads for which the bank is asked at all, above 0 … 1. Which ones they are, `seed` and the upload's hash
   * decide: the same upload always fares the same, and a larger share has all that a smaller one had. Default undefined: 1.
   */
  matchRatio?: number;
  /** For `matchRatio`: 0 … 2^32 − 1. Default undefined: 0. */
  seed?: number;
  /**
   * An entry that hits more than so many different uploads within so many seconds is `flooded()` from then on: it asks for
   * `"review"` where its bank asks for `"block"`, until it is released. Default undefined: none is.
   */
  flood?: FloodLimit;
}

export interface FloodLimit {
  /** 1 … 1,000,000 */
  uploads: number;
  /** 1 … 31,622,400 (366 days) */
  seconds: number;
}

const names = [
  "radius",
  "minQuality",
  "orientations",
  "labels",
  "action",
  "cropAction",
  "matchRatio",
  "seed",
  "flood",
] as const;

function ratio(value: unknown): number {
  if (typeof value === "number" && value > 0 && value <= 1) return value;
  throw invalidArgument("matchRatio", "number above 0, at most 1,", value);
}

function floodLimit(value: FloodLimit): FloodLimit {
  const { uploads, seconds } = checkOptions(value, ["uploads", "seconds"]);
  return {
    uploads: integer("flood.uploads", uploads, 1, 1_000_000),
    seconds: integer("flood.seconds", seconds, 1, 31_622_400),
  };
}

function texts(name: string, value: unknown): readonly string[] {
  if (Array.isArray(value) && value.length > 0 && value.every((one) => typeof one === "string")) return value;
  throw invalidArgument(name, "array of texts, not an empty one,", value);
}

/** A whole policy. @throws {InvalidArgumentError} */
export function checkPolicy(given: Partial<Policy> | undefined): Policy {
  const {
    radius = 31,
    minQuality = 50,
    orientations = orientationNames,
    labels,
    action = "review",
    ...rest
  } = checkOptions(given, names);
  const { cropAction, matchRatio, seed, flood } = rest;
  const asked = texts("orientations", orientations).map((one) => oneOf("orientations", one, orientationNames));
  return {
    radius: integer("radius", radius, 0, 256),
    minQuality: integer("minQuality", minQuality, 0, 100),
    orientations: orientationNames.filter((variant) => asked.includes(variant)),
    ...(labels !== undefined && { labels: [...new Set(texts("labels", labels))].sort() }),
    action: oneOf("action", action, actions),
    ...(cropAction !== undefined && { cropAction: oneOf("cropAction", cropAction, actions) }),
    ...(matchRatio !== undefined && { matchRatio: ratio(matchRatio) }),
    ...(seed !== undefined && { seed: integer("seed", seed, 0, 2 ** 32 - 1) }),
    ...(flood !== undefined && { flood: floodLimit(flood) }),
  };
}

export interface NewBank {
  name: string;
  /** What the bank is for, in the operator's words; up to 1,024 characters. Default "". */
  purpose?: string;
  policy?: Partial<Policy>;
  /** Its matches are known false alarms: they suppress those of other banks that are not nearer. Default false. */
  negative?: boolean;
}

export function checkBank(bank: NewBank): { purpose: string; policy: Policy; negative: boolean } {
  const { purpose = "", policy, negative = false } = checkOptions(bank, ["name", "purpose", "policy", "negative"]);
  if (typeof purpose !== "string" || purpose.length > 1024) {
    throw invalidArgument("purpose", "text of at most 1024 characters", purpose);
  }
  return { purpose, policy: checkPolicy(policy), negative: boolean("negative", negative) };
}

/** A bank as it is, or was at some revision. */
export interface Bank {
  name: string;
  purpose: string;
  negative: boolean;
  policy: Policy;
}

/** By their numbers. */
export function banksAt(database: Database, revision: number): Map<number, Bank> {
  const rows = database.all<[number, string, string, number, string]>(
    `SELECT b.id, b.name, b.purpose, b.negative, p.text FROM bank b JOIN policy p ON p.bank = b.id
     AND p.since = (SELECT max(since) FROM policy WHERE bank = b.id AND since <= ?1) WHERE b.since <= ?1 ORDER BY b.id`,
    revision,
  );
  return new Map(
    rows.map(([id, name, purpose, negative, text]) => [
      id,
      { name, purpose, negative: negative === 1, policy: JSON.parse(text) as Policy },
    ]),
  );
}
