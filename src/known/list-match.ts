import type { DigestType } from "../image/digest.js";
import type { Match } from "../search/match.js";

/** A line of a list within the radius of a query, or one that names the file's bytes. */
export interface ListMatch extends Match {
  /** The name of the list. */
  list: string;
  /** The line of the entry in the list, from 1; its number in formats without lines. */
  line: number;
  /** What the list says of the entry. */
  metadata: string;
  /** `"pdq"` for a hash within the radius. A digest names these very bytes: its distance is 0. */
  type: "pdq" | DigestType;
  /** The name of the crop, such as "centre-10", where a crop line of the entry is the nearest. */
  crop?: string;
}
