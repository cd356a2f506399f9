import type { Orientation } from "../hash/orientations.js";
import type { Tier } from "../copies/types.js";
import type { Region, ViewName } from "../views/views.js";

/**
 * A known hash within the radius of a query. Every holder of known hashes answers with it and adds what it knows: an id, a
 * line of a list, an entry of a bank. It is a lead for a person to look at, not a verdict.
 */
export interface Match {
  /** How many bits differ, 0 … 256. */
  distance: number;
  /** The orientation of the query that is nearest; of several that are equally near the first of `orientationNames`. */
  orientation: Orientation;
  /** Searches of images and videos give it. */
  tier?: Tier;
  /** The view of the query image that is nearest. Searches of images and videos give it. */
  view?: ViewName;
  /** Where in the query image the original lies, or its crop. It is absent where that is the whole image. */
  region?: Region;
  /**
   * How many views of the query image, or hashes of the known one, agree, this one included. Views that are nearly the same
   * count once. Searches for altered copies give it.
   */
  supportCount?: number;
}

/** A match of a `HashIndex`. */
export interface IndexMatch extends Match {
  /** The id that the hash was added under. */
  id: number;
  /** Where a crop of the original is nearest: its position in `crops` of what `addWithCrops` took. */
  crop?: number;
}
