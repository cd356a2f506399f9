import type { CopyLevel } from "../../copies/types.js";
import type { AttackFamily } from "../attacks/attack.js";

/**
 * What an evaluation measured. Shares are 0 … 1, and intervals have 95 % confidence. Only `milliseconds` depend on the
 * machine.
 */
export interface EvaluationReport {
  /** The version of this shape. It increases when a field changes its meaning. */
  schema: 1;
  /** The versions of empreinte, the suite, sharp, libvips and Node.js, and the kernel. */
  versions: Record<string, string>;
  /** The seed of everything that was chosen. */
  seed: number;
  /** The attacks that were applied, in the order of the suite. */
  attacks: { name: string; family: AttackFamily; description: string }[];
  /** What the folders had. */
  images: {
    /** Originals that were listed and altered. Images that count as the same are one original. */
    originals: number;
    /** Images of the folder `unrelated`. */
    unrelated: number;
    /** Generated images by their kind. */
    generated: Record<string, number>;
    /** Files that cannot be read, each with the reason. */
    unreadable: { name: string; reason: string }[];
    /** Files that are neither images nor videos. */
    skipped: number;
    /** Files equal byte for byte to another, which is named by `of`. They are left out. */
    duplicates: { name: string; of: string }[];
    /** Images within 31 bits of another. They count as the same image. */
    same: { name: string; of: string; distance: number }[];
    /** Images whose quality is below 50. They are not listed. */
    lowQuality: { name: string; quality: number }[];
    /** Altered images that could not be made. */
    failed: { name: string; reason: string }[];
    /** Distances of all pairs of different photographs: how many pairs at each distance from 0. */
    pairDistances: number[];
  };
  /** The figures of each method, in the order in which the methods were given. */
  methods: MethodReport[];
  /** The figures of clips edited by ffmpeg. Absent when the folder has no video. */
  videos?: VideoReport;
  /** False matches, then misses, of the last method. */
  examples: Example[];
}

/** Shares of altered images whose original was found. */
export interface Recall {
  /** The share that was found as a match. */
  match: number;
  /** The share that was found as a match or for review. */
  found: number;
  /** The share whose original is within so many bits, in any tier. The keys are bits: `{"31": 0.98}`. */
  at: Record<string, number>;
}

/** The figures of one attack and one method. */
export interface AttackFigures extends Recall {
  /** The name of the attack. */
  name: string;
  family: AttackFamily;
  /** How many altered images were searched. */
  n: number;
  /** Wilson's interval of `match`. */
  interval: [number, number];
  /** The median distance to the original. Null where the method did not return enough distances. */
  median: number | null;
  /** The distance to the original that 90 % of the queries do not exceed, or null. */
  p90: number | null;
  /** The share of queries that the method refused, for instance for their quality. */
  refused: number;
  /** How many matches were other images. */
  falseMatches: number;
  /** The mean number of hashes per query. */
  hashes: number;
  /** The median time of a query. */
  milliseconds: number;
}

/** The figures of one method. */
export interface MethodReport {
  /** The name of the method. */
  name: string;
  /** Its greatest possible distance. */
  bits: number;
  /** Its largest distance of a match. */
  radius: number;
  /** Its largest distance of a review. */
  reviewRadius: number;
  /** The means over the attacks. Every attack has the same weight. */
  recall: Recall & { interval: [number, number] };
  /** The means over the attacks of each family. */
  families: (Recall & { family: AttackFamily; attacks: number })[];
  /** The figures of each attack. */
  attacks: AttackFigures[];
  /** Recall by the size, quality and flatness of the original. */
  strata: (Recall & { by: string; name: string; originals: number })[];
  /** How many originals each view or orientation of the queries found, and how many the first method did not find. */
  views: { name: string; found: number; added: number; medianDistance: number | null }[];
  /** What the stages of a search cost: means over all queries. */
  stages: { name: string; hashes: number; milliseconds: number }[];
  /** How many queries have their original at each distance from 0. The last count is of all that are farther. */
  distances: number[];
  /** The false matches. */
  falseMatches: FalseMatches;
  /** Recall and the rate of false matches if every entry within a distance were a match. */
  curve: { distance: number; recall: number; falseRate: number; upper: number }[];
  /** The means of hashes and time per query, and the time that 90 % of the queries do not exceed. */
  cost: { hashes: number; milliseconds: number; p90Milliseconds: number };
}

/** The figures of one video edit. */
export interface VideoFigures {
  /** The name of the edit. */
  name: string;
  /** One sentence that says what the edit does. */
  description: string;
  /** How many edited clips were searched. */
  n: number;
  /** The share of clips whose original was found. */
  match: number;
  /** Wilson's interval of `match`. */
  interval: [number, number];
  /** The mean share of the clip's time that was found, over all clips. */
  time: number;
  /** How many other videos were found. */
  falseMatches: number;
}

/** The figures of videos. */
export interface VideoReport {
  /** The version of ffmpeg. */
  version: string;
  /** Of `VideoIndex.searchVideo`: thorough where that is compared for images. */
  level: CopyLevel;
  /** How many clips were edited. */
  clips: number;
  /** Videos that cannot be read, each with the reason. */
  unreadable: { name: string; reason: string }[];
  /** Videos equal byte for byte to another, which is named by `of`. */
  duplicates: { name: string; of: string }[];
  /** Edited clips that could not be made, each with the reason. */
  failed: { name: string; reason: string }[];
  /** The mean of `match` over the edits. */
  match: number;
  /** The figures of each edit. */
  edits: VideoFigures[];
  /** How many pairs there are of an edited clip and a video that it is no copy of. */
  pairs: number;
  /** How many of these pairs matched. */
  falseMatches: number;
  /** The upper bound of that rate, with 95 % confidence. */
  upper: number;
}

/** Unrelated pairs of one kind of query and one kind of entry. */
export interface FalsePairs {
  /** What the queries show. */
  queries: string;
  /** What the entries show. */
  entries: string;
  /** How many pairs there are of a usable query and an entry that is not its original. */
  pairs: number;
  /** How many pairs matched. */
  matches: number;
  /** How many pairs were for review. */
  reviews: number;
  /** The smallest distance of a pair, or null where the method gave none. */
  nearest: number | null;
  /** How many pairs are within so many bits. The keys are bits. */
  at: Record<string, number>;
  /** The upper bound of the rate of matches: by the rule of three where none was seen. */
  upper: number;
}

/** The false matches of one method. */
export interface FalseMatches {
  /** How many queries there were, altered and unaltered. */
  queries: number;
  /** How many of them had a wrong match. */
  falseQueries: number;
  /** The upper bound of that share. */
  upper: number;
  /** How many unrelated pairs there are. */
  pairs: number;
  /** How many of them matched. */
  matches: number;
  /** How many of them were for review. */
  reviews: number;
  /** The smallest distance of an unrelated pair, or null. */
  nearest: number | null;
  /** The same by what the queries and the entries show. */
  strata: FalsePairs[];
  /** The false matches per day, extrapolated to a list and traffic of photographs: as seen, and the upper bound. */
  expected: { listSize: number; queriesPerDay: number; pairs: number; perDay: number; upperPerDay: number };
}

/** A miss or a false match, shown without the images. */
export interface Example {
  kind: "false match" | "false review" | "miss";
  /** The name of the method. */
  method: string;
  /** The name of the query. */
  query: string;
  /** The original of a miss, or the wrong image of a false match. */
  entry: string;
  /** The distance of the two, or null where the method gave none. */
  distance: number | null;
  /** The blurhashes of the query and the entry: a few colours, no more. Null where the image could not be made. */
  blurhashes: [string | null, string | null];
}
