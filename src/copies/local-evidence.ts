/** What the local points of an original and a query have in common. */
export interface LocalEvidence {
  /**
   * How many pairs of points that were found by their descriptors agree with one map of the original into the query.
   */
  inliers: number;
  /** How many of the original's points the query has where the map puts them. At least `inliers`. */
  support: number;
  /** How many of the original's points the query could show. At least `support`. */
  seen: number;
  /** The box around the supported points in the original, as shares of its width and height. */
  part: { left: number; top: number; right: number; bottom: number };
  /** Whether the query shows the original mirrored. */
  mirrored: boolean;
  /** Whether the query shows the original with its tones reversed. */
  negative: boolean;
}
