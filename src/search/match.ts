import type { Orientation } from "../hash/orientations.js";
import type { LocalEvidence } from "../copies/local-evidence.js";
import type { Tier } from "../copies/types.js";
import type { Region, ViewName } from "../views/views.js";

/**
 * A known hash within the radius of a query. Every holder of known hashes extends it: with an id, the line of a list,
 * or the entry of a bank. It is a lead for a person to look at, not a verdict.
 */
export interface Match {
  /** How many bits differ, 0 … 256. For the view `"local"` it is the mean over the descriptors that agree. */
  distance: number;
  /** The nearest orientation of the query. Among equally near ones it is the first of `orientationNames`. */
  orientation: Orientation;
  /** How far the match may be trusted. Only searches for images and videos set it. */
  tier?: Tier;
  /** The nearest view of the query image. Only searches for images and videos set it. */
  view?: ViewName;
  /** Where in the query image the original or its crop is. It is absent for the whole image. */
  region?: Region;
  /**
   * How many views of the query image, or hashes of the known one, agree, including this one. Views that are nearly the
   * same count once. Only searches for altered copies set it.
   */
  supportCount?: number;
}

/** A match of a `HashIndex`. */
export interface IndexMatch extends Match {
  /** The id under which the hash was added. */
  id: number;
  /**
   * The position in `crops` of the nearest crop, as `addWithCrops` received them. It is absent if the original is
   * nearest.
   */
  crop?: number;
  /**
   * What local points say, where a search with a `LocalIndex` found the entry by them. For the view `"local"`,
   * `distance` is the mean of the differing bits of its descriptors.
   */
  local?: LocalEvidence;
}
