import type { Orientation } from "../hash/orientations.js";
import type { Region, ViewName } from "../views/views.js";
import type { LocalEvidence } from "./local-evidence.js";

/**
 * How much a search for an image tries. `"fast"` searches the image in its eight orientations, which takes one hash.
 * `"standard"` also searches the content of borders, bars and interfaces, pieces of collages, small crops and
 * rotations, and aligns the nearest entry. `"thorough"` also finds weak candidates and aligns them.
 */
export type CopyLevel = "fast" | "standard" | "thorough";

/** The levels that look for altered copies. */
export type AlteredLevel = Exclude<CopyLevel, "fast">;

/** How far a match may be trusted: a machine may act on a `match`, a person should look at a `review`. */
export type Tier = "match" | "review";

/** A known hash near a view, by its id and the number of its crop. */
export interface NearHash {
  id: number;
  /** The position of the crop. Absent for an original. */
  crop?: number;
  /** How many bits differ, 0 … 256. */
  distance: number;
}

/** The index in which views are looked up. Each crop is a row here, because every near crop is evidence. */
export interface CopyIndex {
  searchMany(
    queries: Uint8Array,
    options: { radius: number; limit: number; signal?: AbortSignal },
  ): Promise<NearHash[][]>;
  /** Returns the 32 bytes of a hash, or undefined when it was removed. */
  get(id: number, crop?: number): Uint8Array | undefined;
}

/** An entry that the image, or a view of it, is a copy of. */
export interface CopyMatch extends NearHash {
  tier: Tier;
  view: ViewName;
  region?: Region;
  orientation: Orientation;
  supportCount: number;
  local?: LocalEvidence;
}

/** One stage of a search. */
export interface CopyStage {
  name: "plain" | "turned" | "detected" | "fixed" | "aligned" | "local" | "local-negative";
  /**
   * How many hashes were made and looked up. For the stage "aligned", how many candidates were aligned. For the stages
   * "local" and "local-negative", how many descriptors were looked up in the `LocalIndex`.
   */
  hashes: number;
  /** The duration in milliseconds. */
  milliseconds: number;
}
