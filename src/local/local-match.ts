import type { Match } from "../search/match.js";
import type { Tier } from "../copies/types.js";
import type { LocalEvidence } from "../copies/local-evidence.js";
import type { Region } from "../views/views.js";

/** An original of which a query image shows a part, whatever was done to it. */
export interface LocalMatch extends Match {
  /** The id under which the original was added. */
  id: number;
  tier: Tier;
  view: "local";
  /** The corners of the original in the query image, its own top left first. They may be outside the query. */
  region: Region;
  local: LocalEvidence;
}

/** What a search in a `LocalIndex` found, and what it did. */
export interface LocalSearchResult {
  /** The best tier of all matches, or `"none"` without a match. */
  tier: Tier | "none";
  /** One match for each original: matches before reviews, then by support, the most first. */
  matches: LocalMatch[];
  /** How many local points the query has. An image without detail, or mostly of one colour, has none. */
  points: number;
  /** How many descriptors were looked up. */
  lookups: number;
  /** How many originals had enough votes to be verified. */
  candidates: number;
  /**
   * True where more originals had enough votes than the 64 with most votes, which were verified. Such a query may be
   * made to hide what it shows among many others, so let a person look at it.
   */
  crowded: boolean;
}
