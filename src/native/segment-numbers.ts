/**
 * A stretch that a query video and a known one share, as `emp_video_segment` in native/empreinte/video.h. Times are in
 * seconds.
 */
export interface NativeSegment {
  queryFrom: number;
  queryTo: number;
  knownFrom: number;
  knownTo: number;
  /** Seconds of the known video in one second of the query. */
  speed: number;
  /** The mean number of differing bits. */
  distance: number;
  /** The share of samples on the sparser side that match, 0 … 1. */
  share: number;
  /** How many distinct images match, by weight, at most one a second. */
  evidence: number;
  /** The share of time in which nothing moves, 0 … 1; -1 where neither video is dense enough to tell. */
  staticShare: number;
  /** The fewest differing bits of a pair. */
  nearest: number;
  /** How many pairs of hashes match. */
  matches: number;
}

/** How many numbers the core returns for a segment. */
const numbersPerSegment = 12;

/** Reads the rows that `alignVideos` returns, and puts the segments of candidate i into the i-th of `count` lists. */
export function decodeSegments(rows: Float64Array, count: number): NativeSegment[][] {
  const found: NativeSegment[][] = Array.from({ length: count }, () => []);
  for (let i = 0; i < rows.length; i += numbersPerSegment) {
    const number = (k: number): number => rows[i + k]!;
    found[number(0)]!.push({
      queryFrom: number(1),
      queryTo: number(2),
      knownFrom: number(3),
      knownTo: number(4),
      speed: number(5),
      distance: number(6),
      share: number(7),
      evidence: number(8),
      staticShare: number(9),
      nearest: number(10),
      matches: number(11),
    });
  }
  return found;
}
