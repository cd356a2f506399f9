import type { DigestType } from "../image/input/digest.js";
import type { Match } from "../search/match.js";

/** A line of a list that is within the radius of a query, or that has a digest of the file. */
export interface ListMatch extends Match {
  /** The name of the list. */
  list: string;
  /** The line of the entry in the list, from 1, or its number in formats without lines. */
  line: number;
  /** The metadata of the entry in its list. */
  metadata: string;
  /**
   * `"pdq"` for a hash within the radius, or the type of the digest. A digest matches the exact bytes, at distance 0.
   */
  type: "pdq" | DigestType;
  /** The name of the crop, such as "centre-10", if a crop line of the entry is the nearest. */
  crop?: string;
}
