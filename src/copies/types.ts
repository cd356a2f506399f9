import type { Orientation } from "../hash/orientations.js";
import type { Limits } from "../limits.js";
import type { Region, ViewName } from "../views/views.js";

/** How much is tried: see `findCopies`. */
export type CopyLevel = "fast" | "standard" | "thorough";

/** How far a match may be trusted: a machine may act on a `match`, a person should look at a `review`. */
export type Tier = "match" | "review";

export interface CopyOptions extends Limits {
  /**
   * `"fast"`: the picture and its eight orientations, from one hashing. `"standard"`: also turned pixel for pixel, without
   * borders, bars and interfaces, parts of collages, small crops and turns; the nearest entry is aligned where it is near.
   * `"thorough"`: also weak candidates, looked for and aligned.
   * Default `"standard"`.
   */
  level?: CopyLevel;
  /** To the end, whatever is found; otherwise a sure match ends it. Default false. */
  all?: boolean;
  /**
   * Which entry an id of the index belongs to: where crops of an original are listed beside it (`register`), all of them
   * are one entry. Default: each id is its own.
   */
  entryOf?: (id: number) => number;
  signal?: AbortSignal;
  /** What errors call the input. Default: the path, "buffer" or "stream". */
  name?: string;
}

/** An entry that the picture, or a part of it, is a copy of. A lead, not a verdict. */
export interface CopyMatch {
  /** Of the index: the id that is nearest. */
  id: number;
  /** As `entryOf` says. */
  entry: number;
  /** Differing bits, 0 … 256, of the nearest variant. */
  distance: number;
  tier: Tier;
  /** Which variant of the picture is nearest. */
  view: ViewName;
  /** Where in the picture the original lies, or the part of it that `id` is the hash of; outside 0 … 1 where it was
   * cropped. Not there for the whole picture. */
  region?: Region;
  /** How the picture is turned or mirrored, where it is. */
  orientation?: Orientation;
  /** How many variants of the picture, or ids of the entry, say so, this one included: those near each other count once. */
  supportCount: number;
}

/** What was done, in this order. */
export interface CopyStage {
  name: "plain" | "turned" | "detected" | "fixed" | "aligned";
  /** Hashes that were made for it and looked up; of "aligned" the candidates that were aligned. */
  hashes: number;
  milliseconds: number;
}

export interface CopyResult {
  /** The best of all matches. */
  tier: Tier | "none";
  /** An entry each, the nearest first. */
  matches: CopyMatch[];
  /** Of the picture as it is: 64 hex digits. */
  hash: string;
  /** 0 … 100. Below 50 nothing matches. */
  quality: number;
  /** A text screen, chart or title card: kept to the strict radius, neither zoomed nor aligned. */
  flat: boolean;
  stages: CopyStage[];
}
