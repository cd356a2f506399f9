/** Banks and their policies. */
import { boolean, checkOptions, integer, invalidArgument, oneOf } from "../../check.js";
import { type Orientation, orientationNames } from "../../hash/orientations.js";
import { leastQuality, matchRadius } from "../../thresholds.js";
import type { Database } from "../storage/database.js";
import { parseStored } from "../storage/stored-json.js";

/** What to do with an upload that matches, from the strongest on. */
export type Action = "block" | "review" | "log";
export const actions: readonly Action[] = ["block", "review", "log"];

/** The rules by which a bank decides. */
export interface Policy {
  /** The most bits that may differ for a `pdq` or `vpdq` match, 0 … 256. Default 31. */
  radius: number;
  /** Below this quality nothing matches by distance: of the upload, or of the entry where it is known. Default 50. */
  minQuality: number;
  /** Which orientations of the upload are searched. Default: all eight. */
  orientations: readonly Orientation[];
  /** Only entries with one of these labels match, written as `scheme:code`. Default undefined: all entries match. */
  labels?: readonly string[];
  /** What a match asks for. Default `"review"`. */
  action: Action;
  /**
   * The strongest action that a match by a crop asks for. Default undefined: `"review"`. What is near a crop is a copy
   * of that crop. But nobody has checked that the crop alone is what the image is listed for: half an image may be a
   * wall, a caption or a logo.
   */
  cropAction?: Action;
  /**
   * Whether originals are also found by the local records of their entries, at level `"thorough"`, and the strongest
   * action that such a match asks for: `"review"`, or `"block"` for the policy's own action. A match for review asks
   * for a review at most. Default undefined: local records are not used.
   */
  local?: "review" | "block";
  /**
   * A known video matches only where its segments cover at least this many seconds of the upload, 0 … 1,000,000.
   * Default undefined: what `VideoIndex` finds is enough.
   */
  minSharedSeconds?: number;
  /**
   * A known video matches only where its segments cover at least this share, 0 … 1, of the upload or of the known
   * video, whichever share is larger. Default undefined: what `VideoIndex` finds is enough.
   */
  minShare?: number;
  /**
   * The share of uploads for which the bank is searched at all, above 0 and at most 1. The `seed` and the upload's hash
   * decide which uploads these are. The same upload always gets the same answer, and a larger share includes every
   * smaller one. Default undefined: 1.
   */
  matchRatio?: number;
  /** The seed of `matchRatio`, 0 … 2^32 − 1. Default undefined: 0. */
  seed?: number;
  /**
   * An entry that hits more than `uploads` different uploads within `seconds` seconds becomes flooded. Until it is
   * released it asks for `"review"` where its bank asks for `"block"`. Default undefined: no entry becomes flooded.
   */
  flood?: FloodLimit;
}

export interface FloodLimit {
  /** The number of different uploads, 1 … 1,000,000. */
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
  "local",
  "minSharedSeconds",
  "minShare",
  "matchRatio",
  "seed",
  "flood",
] as const;

function ratio(value: unknown): number {
  if (typeof value === "number" && value > 0 && value <= 1) return value;
  throw invalidArgument("matchRatio", "number above 0, at most 1,", value);
}

function upTo(name: string, value: unknown, most: number): number {
  if (typeof value === "number" && value >= 0 && value <= most) return value;
  throw invalidArgument(name, `number from 0 to ${most}`, value);
}

function floodLimit(value: FloodLimit): FloodLimit {
  const { uploads, seconds } = checkOptions(value, ["uploads", "seconds"], "flood");
  return {
    uploads: integer("flood.uploads", uploads, 1, 1_000_000),
    seconds: integer("flood.seconds", seconds, 1, 31_622_400),
  };
}

function texts(name: string, value: unknown): readonly string[] {
  if (Array.isArray(value) && value.length > 0 && value.every((one) => typeof one === "string")) return value;
  throw invalidArgument(name, "array of texts, not an empty one,", value);
}

/** Checks a policy and completes it with its defaults. @throws {InvalidArgumentError} */
export function checkPolicy(policy: Partial<Policy> | undefined): Policy {
  const {
    radius = matchRadius,
    minQuality = leastQuality,
    orientations = orientationNames,
    labels,
    action = "review",
    ...rest
  } = checkOptions(policy, names, "policy");
  const { cropAction, local, minSharedSeconds, minShare, matchRatio, seed, flood } = rest;
  const wanted = texts("orientations", orientations).map((one) => oneOf("orientations", one, orientationNames));
  return {
    radius: integer("radius", radius, 0, 256),
    minQuality: integer("minQuality", minQuality, 0, 100),
    orientations: orientationNames.filter((name) => wanted.includes(name)),
    ...(labels !== undefined && { labels: [...new Set(texts("labels", labels))].sort() }),
    action: oneOf("action", action, actions),
    ...(cropAction !== undefined && { cropAction: oneOf("cropAction", cropAction, actions) }),
    ...(local !== undefined && { local: oneOf("local", local, ["review", "block"]) }),
    ...(minSharedSeconds !== undefined && { minSharedSeconds: upTo("minSharedSeconds", minSharedSeconds, 1e6) }),
    ...(minShare !== undefined && { minShare: upTo("minShare", minShare, 1) }),
    ...(matchRatio !== undefined && { matchRatio: ratio(matchRatio) }),
    ...(seed !== undefined && { seed: integer("seed", seed, 0, 2 ** 32 - 1) }),
    ...(flood !== undefined && { flood: floodLimit(flood) }),
  };
}

/** The argument of `createBank`. */
export interface NewBank {
  /** The name, 1 … 256 characters. */
  name: string;
  /** What the bank is for, in the operator's words, at most 1,024 characters. Default "". */
  purpose?: string;
  /** What is not given gets its default. */
  policy?: Partial<Policy>;
  /** Whether its entries are known false alarms: a match suppresses the matches that are not nearer. Default false. */
  negative?: boolean;
}

/** Checks everything but the name. @throws {InvalidArgumentError} */
export function checkBank(bank: NewBank): { purpose: string; policy: Policy; negative: boolean } {
  const { purpose = "", policy, negative = false } = checkOptions(bank, ["name", "purpose", "policy", "negative"]);
  if (typeof purpose !== "string" || purpose.length > 1024) {
    throw invalidArgument("purpose", "text of at most 1024 characters", purpose);
  }
  return { purpose, policy: checkPolicy(policy), negative: boolean("negative", negative) };
}

/** A bank at a revision. */
export interface Bank {
  name: string;
  purpose: string;
  negative: boolean;
  policy: Policy;
}

function isPolicy(value: unknown): value is Policy {
  checkPolicy(value as Policy);
  return true;
}

/** Returns the banks at a revision, by their numbers. */
export function banksAt(database: Database, revision: number): Map<number, Bank> {
  const rows = database.all<[number, string, string, number, string]>(
    `SELECT b.id, b.name, b.purpose, b.negative, p.text FROM bank b JOIN policy p ON p.bank = b.id
     AND p.since = (SELECT max(since) FROM policy WHERE bank = b.id AND since <= ?1) WHERE b.since <= ?1 ORDER BY b.id`,
    revision,
  );
  return new Map(
    rows.map(([id, name, purpose, negative, text]) => [
      id,
      { name, purpose, negative: negative === 1, policy: parseStored(text, "a policy", isPolicy) },
    ]),
  );
}
