import type { CopyLevel } from "../../copies/types.js";
import type { AttackFamily } from "../attacks/attack.js";

/** Shares are 0 … 1, intervals of 95 %. Figures do not depend on the machine, but for `milliseconds`. */
export interface EvaluationReport {
  /** Goes up when a field changes its meaning. */
  schema: 1;
  /** Of empreinte, the suite, sharp, libvips, Node, and the kernel. */
  versions: Record<string, string>;
  seed: number;
  attacks: { name: string; family: AttackFamily; description: string }[];
  images: {
    /** Listed and altered; those that count as one are one. */
    originals: number;
    unrelated: number;
    /** By kind. */
    generated: Record<string, number>;
    unreadable: { name: string; reason: string }[];
    skipped: number;
    duplicates: { name: string; of: string }[];
    same: { name: string; of: string; distance: number }[];
    lowQuality: { name: string; quality: number }[];
    /** Altered images that could not be made. */
    failed: { name: string; reason: string }[];
    /** Distances of all pairs of different photographs: how many pairs at each distance from 0. */
    pairDistances: number[];
  };
  methods: MethodReport[];
  /** Clips edited by ffmpeg and looked up in a `VideoIndex`; not there without videos in the folder. */
  videos?: VideoReport;
  /** False matches, then misses, of the last method. */
  examples: Example[];
}

export interface Recall {
  /** Found as a match. */
  match: number;
  /** Found as a match or for review. */
  found: number;
  /** With the right entry within so many bits, whatever the tier. */
  at: Record<string, number>;
}

export interface AttackFigures extends Recall {
  name: string;
  family: AttackFamily;
  /** Altered images. */
  n: number;
  /** Wilson's, of `match`. */
  interval: [number, number];
  /** Of the distances to the right entry; null where the method did not give that many. */
  median: number | null;
  p90: number | null;
  /** Share that the method refused, for instance for its low quality. */
  refused: number;
  /** Other images that were a match. */
  falseMatches: number;
  /** Mean number of hashes a query. */
  hashes: number;
  /** Median. */
  milliseconds: number;
}

export interface MethodReport {
  name: string;
  bits: number;
  radius: number;
  reviewRadius: number;
  /** Means over the attacks, each of the same weight. */
  recall: Recall & { interval: [number, number] };
  families: (Recall & { family: AttackFamily; attacks: number })[];
  attacks: AttackFigures[];
  /** By size, quality and flatness of the original. */
  strata: (Recall & { by: string; name: string; originals: number })[];
  /** Which variants of the queries found the right image, and what the first method did not find without them. */
  variants: { name: string; found: number; added: number; medianDistance: number | null }[];
  /** What the parts of a search cost, means over all queries. */
  stages: { name: string; hashes: number; milliseconds: number }[];
  /** Right distances: how many queries at each distance from 0; the last one is of all that are farther. */
  distances: number[];
  falseMatches: FalseMatches;
  /** Recall and false matches when everything within a distance is a match. */
  curve: { distance: number; recall: number; falseRate: number; upper: number }[];
  cost: { hashes: number; milliseconds: number; p90Milliseconds: number };
}

export interface VideoFigures {
  name: string;
  description: string;
  /** Edited clips. */
  n: number;
  /** Share of them in which the right video was found. */
  match: number;
  /** Wilson's. */
  interval: [number, number];
  /** Mean share of the edited clip's time that was found, of all. */
  time: number;
  /** Other videos that were found. */
  falseMatches: number;
}

export interface VideoReport {
  /** Of ffmpeg. */
  version: string;
  /** Of `VideoIndex.findCopies`: thorough where that is compared for images. */
  level: CopyLevel;
  clips: number;
  unreadable: { name: string; reason: string }[];
  duplicates: { name: string; of: string }[];
  failed: { name: string; reason: string }[];
  /** Mean over the edits. */
  match: number;
  edits: VideoFigures[];
  /** Edited clips times videos that they are no copies of; how many were found; what that rate may be. */
  pairs: number;
  falseMatches: number;
  upper: number;
}

export interface FalsePairs {
  queries: string;
  entries: string;
  /** Usable queries times entries that are not theirs. */
  pairs: number;
  matches: number;
  reviews: number;
  nearest: number | null;
  /** Pairs within so many bits. */
  at: Record<string, number>;
  /** What the rate of matches may be: the rule of three where none was seen. */
  upper: number;
}

export interface FalseMatches {
  /** Queries, all: altered and not. */
  queries: number;
  /** Of these with a wrong match. */
  falseQueries: number;
  /** What that share may be. */
  upper: number;
  pairs: number;
  matches: number;
  reviews: number;
  nearest: number | null;
  /** By what was looked up, and among what. */
  strata: FalsePairs[];
  /** Photographs in the operator's list and traffic, extrapolated: what was seen, and what it may be with 95 %. */
  expected: { listSize: number; queriesPerDay: number; pairs: number; perDay: number; upperPerDay: number };
}

export interface Example {
  kind: "false match" | "false review" | "miss";
  method: string;
  query: string;
  /** The right image of a miss, the wrong one of a false match. */
  entry: string;
  distance: number | null;
  /** Of the query and the entry: a few colours and where they lie, no more. Null where the image could not be made. */
  blurhashes: [string | null, string | null];
}
