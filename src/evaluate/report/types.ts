import type { CopyLevel } from "../../index.js";
import type { AttackFamily } from "../attacks/attack.js";

/** The figures of an evaluation. Shares are 0 … 1. Only times depend on the machine. */
export interface EvaluationReport {
  /** The version of this format. It increases when the meaning of a field changes. */
  schema: 2;
  /** The versions of empreinte, the suite, sharp, libvips and Node, and the name of the kernel. */
  versions: Record<string, string>;
  /** The seed that the altered images depend on. */
  seed: number;
  /** The attacks that were applied. */
  attacks: { name: string; family: AttackFamily; description: string }[];
  /** What was listed, and what was not. */
  images: ImageFigures;
  /** The figures of each method, in the order of the option `methods`. */
  methods: MethodReport[];
  /** Clips that ffmpeg edited and a `VideoIndex` searched. Absent if the folder has no videos. */
  videos?: VideoReport;
  /** False matches, then misses, of the last method. */
  examples: Example[];
}

/** The images of an evaluation. */
export interface ImageFigures {
  /** How many originals are listed and altered. Originals that count as the same image count once. */
  originals: number;
  /** How many unrelated images are listed. */
  unrelated: number;
  /** How many generated images are listed, by kind. */
  generated: Record<string, number>;
  /** Files that could not be read, each with the reason. */
  unreadable: { name: string; reason: string }[];
  /** How many files are neither images nor videos. */
  skipped: number;
  /** Files that are equal to another one byte for byte, and are left out. */
  duplicates: { name: string; of: string }[];
  /** Images within 31 bits of another one, which count as the same image. */
  same: { name: string; of: string; distance: number }[];
  /** Images with a quality below 50, which are not listed. */
  lowQuality: { name: string; quality: number }[];
  /** Altered images that could not be made, each with the reason. */
  failed: { name: string; reason: string }[];
  /** How many pairs of different photographs have each distance, from 0 on. */
  pairDistances: number[];
}

/** How often altered originals were found. */
export interface Recall {
  /** The share that was found as a match. */
  match: number;
  /** The share that was found as a match or for review. */
  found: number;
  /** The share whose right image was within so many bits, whatever the tier; by number of bits. */
  at: Record<string, number>;
}

/** The figures of one attack. */
export interface AttackFigures extends Recall {
  /** The name of the attack. */
  name: string;
  /** The family of the attack. */
  family: AttackFamily;
  /** How many altered images there were. */
  n: number;
  /** Wilson's 95 % interval of `match`. */
  interval: [number, number];
  /** The median distance to the right image; null if the method did not give it for half of the images. */
  median: number | null;
  /** The 90th percentile of the distances; null if the method did not give that many. */
  p90: number | null;
  /** The share that the method refused, for instance for its low quality. */
  refused: number;
  /** How many other images were a match. */
  falseMatches: number;
  /** The mean number of hashes for each query. */
  hashes: number;
  /** The median time of a query in milliseconds. */
  milliseconds: number;
}

/** The figures of one method. */
export interface MethodReport {
  /** The name of the method. */
  name: string;
  /** The greatest distance in bits, 0 … 256. */
  bits: number;
  /** The greatest distance of a match. */
  radius: number;
  /** The greatest distance of a review. */
  reviewRadius: number;
  /** The mean over the attacks, each with the same weight, and its 95 % interval. */
  recall: Recall & { interval: [number, number] };
  /** The mean over the attacks of each family. */
  families: (Recall & { family: AttackFamily; attacks: number })[];
  /** The figures of each attack. */
  attacks: AttackFigures[];
  /**
   * Recall by size, quality and flatness of the original, and in frames and screens by how many of its sides have a
   * frame's colour. Generated images of that kind are a stratum of their own, and count nowhere else.
   */
  strata: (Recall & { by: string; name: string; originals: number })[];
  /** The views that found the right image. `added` counts those where the first method had not found it. */
  views: { name: string; found: number; added: number; medianDistance: number | null }[];
  /** The cost of each stage of a search: means over all queries. */
  stages: { name: string; hashes: number; milliseconds: number }[];
  /** How many queries have each distance to the right image, from 0 on. The last number counts all that are farther. */
  distances: number[];
  /** How often other images were found. */
  falseMatches: FalseMatches;
  /**
   * Recall and false matches if everything within a distance were a match. `upper` is the 95 % bound of `falseRate`.
   */
  curve: { distance: number; recall: number; falseRate: number; upper: number }[];
  /** The cost of a query: mean hashes, median time, 90th percentile of times. */
  cost: { hashes: number; milliseconds: number; p90Milliseconds: number };
}

/** The figures of one edit of clips. */
export interface VideoFigures {
  /** The name of the edit. */
  name: string;
  /** One sentence about the edit. */
  description: string;
  /** How many edited clips there were. */
  n: number;
  /** The share in which the right video was found. */
  match: number;
  /** Wilson's 95 % interval of `match`. */
  interval: [number, number];
  /** The mean share of an edited clip's time that was found. */
  time: number;
  /** How many other videos were found. */
  falseMatches: number;
}

/** The figures of all clips. */
export interface VideoReport {
  /** The version of ffmpeg. */
  version: string;
  /** The level of the search: `"thorough"` if a method of that name is measured, otherwise `"standard"`. */
  level: CopyLevel;
  /** How many videos were listed. */
  clips: number;
  /** Videos that could not be read, each with the reason. */
  unreadable: { name: string; reason: string }[];
  /** Videos that are equal to another one byte for byte. */
  duplicates: { name: string; of: string }[];
  /** Edited clips that could not be made, each with the reason. */
  failed: { name: string; reason: string }[];
  /** The mean of `match` over the edits. */
  match: number;
  /** The figures of each edit. */
  edits: VideoFigures[];
  /** The number of edited clips, times the videos that each is not a copy of. */
  pairs: number;
  /** How many of these pairs were found. */
  falseMatches: number;
  /** The 95 % bound of that rate. */
  upper: number;
}

/** False matches between two kinds of images. */
export interface FalsePairs {
  /** The kind of the queries. */
  queries: string;
  /** The kind of the listed images. */
  listed: string;
  /** The number of usable queries, times the listed images that are not theirs. */
  pairs: number;
  /** How many pairs were a match. */
  matches: number;
  /** How many pairs were a review. */
  reviews: number;
  /** The smallest distance that was seen. */
  nearest: number | null;
  /** How many pairs are within so many bits, by number of bits. */
  at: Record<string, number>;
  /** The 95 % bound of the rate of matches. It is the rule of three where no match was seen. */
  upper: number;
}

/** How often other images than the right one were found. */
export interface FalseMatches {
  /** How many queries there were, altered and not. */
  queries: number;
  /** How many queries had a false match. */
  falseQueries: number;
  /** The 95 % bound of that share. */
  upper: number;
  /** How many pairs of a query and an unrelated listed image there were. */
  pairs: number;
  /** How many pairs were a match. */
  matches: number;
  /** How many pairs were a review. */
  reviews: number;
  /** The smallest distance that was seen. */
  nearest: number | null;
  /** The same for each kind of query and of listed image. */
  strata: FalsePairs[];
  /** What photographs in the operator's list and traffic give each day: the expected number and its 95 % bound. */
  expected: { listSize: number; queriesPerDay: number; pairs: number; perDay: number; upperPerDay: number };
}

/** A false match or a miss, with blurred previews. */
export interface Example {
  /** What it is an example of. */
  kind: "false match" | "false review" | "miss";
  /** The name of the method. */
  method: string;
  /** The name of the query. */
  query: string;
  /** The name of the listed image: the right one of a miss, the wrong one of a false match. */
  image: string;
  /** The distance between the two; null if the method did not give it. */
  distance: number | null;
  /** The blurhashes of the query and the listed image: a few colours and their places. Null if it could not be made. */
  blurhashes: [string | null, string | null];
}
