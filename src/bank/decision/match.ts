/** The matches of a decision, and which of them known false alarms suppress. */
import type { LocalEvidence } from "../../copies/local-evidence.js";
import type { Label, SignalType } from "../../lists/entry.js";
import type { Match } from "../../search/match.js";
import type { VideoSegment } from "../../video-index/results.js";
import { type Action, actions } from "./policy.js";

/**
 * An entry that matches, by the signal that asks for most and is then nearest. Copies have a `tier`, a `view` and a
 * `supportCount`; a copy of tier `"review"` never blocks. It is a lead for a person to look at, not a verdict.
 */
export interface DecisionMatch extends Match {
  /** The first 8 digits of the signal's value. */
  hash: string;
  type: SignalType;
  /**
   * `"exact"`: the same bytes. `"near"`: the upload, one of its orientations, or a frame of it. `"copy"`: a view of the
   * upload. `"video"`: the upload and the entry are videos that share `segments`. `"local"`: the upload shows a part of
   * the original, by its local points.
   */
  kind: "near" | "exact" | "copy" | "video" | "local";
  /** What the local points have in common, where `kind` is `"local"`. `distance` is then a mean of descriptors. */
  local?: LocalEvidence;
  /** The time of the upload's frame that matches, in seconds, where a video has a known image. */
  timestampSeconds?: number;
  /** Set where frames of a video match without what surrounds their content. */
  trimmed?: true;
  /**
   * The stretches that the upload shares with a known video, sorted by their place in the upload. The `distance` of the
   * match is the smallest of theirs, and `signal` is the nearest frame.
   */
  segments?: VideoSegment[];
  /** With `segments`: the share of the upload's time that they cover, 0 … 1. */
  queryShare?: number;
  /** With `segments`: the share of the known video's time that they cover, 0 … 1. */
  knownShare?: number;
  /** The quality of the signal, where it is known. */
  quality?: number;
  /** The name of the crop, such as "centre-10", if the signal is the hash of a crop. */
  crop?: string;
  bank: string;
  /** Whether the bank is negative. Its match suppresses others and asks for nothing. */
  negative: boolean;
  source: string;
  /** The source's id, where the source gave one. */
  entryId?: string;
  /** The store's number of the entry. */
  entryNumber: number;
  /** The store's number of the signal. */
  signal: number;
  labels: Label[];
  /**
   * What the match asks for. A flooded entry and a copy for review ask for `"review"` at most, and a crop for the
   * policy's `cropAction` at most.
   */
  action: Action;
  /** Set where the entry has hit too many different uploads. */
  flooded?: true;
  /** Whether a negative bank suppresses it. */
  suppressed: boolean;
  /** Why it counts, in words. */
  rule: string;
}

/**
 * Returns whether a match is a known false alarm. A crop of a false alarm may be in any image, and a copy for review
 * may be no copy at all, so that neither suppresses anything.
 */
export function suppresses({ negative, crop, tier }: DecisionMatch): boolean {
  return negative && crop === undefined && tier !== "review";
}

/**
 * By how many bits a false alarm's stretch may be farther than what it suppresses. Its distance is a mean, and of a
 * video of one frame a second it depends on which frames these are.
 */
const segmentSlack = 8;
/** The share of a stretch that must be in a known false alarm for that to suppress it. */
const leastCovered = 0.9;

/** How many seconds of [from, to] the segments cover. */
function coveredSeconds(segments: readonly VideoSegment[], from: number, to: number): number {
  let sum = 0;
  let end = from;
  for (const { queryFrom, queryTo } of segments.toSorted((a, b) => a.queryFrom - b.queryFrom)) {
    sum += Math.max(0, Math.min(to, queryTo) - Math.max(end, queryFrom));
    end = Math.max(end, Math.min(to, queryTo));
  }
  return sum;
}

/** Returns how many seconds of an upload segments cover. */
export function sharedSeconds(segments: readonly VideoSegment[]): number {
  return coveredSeconds(segments, 0, Infinity);
}

/**
 * Whether a false alarm is about what another match is about. One image, or the same bytes, are all of an upload. Of a
 * video it is the stretch or the frame: a false alarm at its beginning says nothing about the rest.
 */
function isAbout(negative: DecisionMatch, match: DecisionMatch): boolean {
  if (negative.kind === "exact") return true;
  // An image that is nearly a false alarm may still show a part of an original. A record makes the false alarm benign.
  if (match.kind === "local") return false;
  if (negative.segments !== undefined) {
    const { timestampSeconds: time, segments = [] } = match;
    if (time !== undefined)
      return negative.segments.some(({ queryFrom, queryTo }) => queryFrom <= time && time <= queryTo);
    const covered = segments.map(({ queryFrom, queryTo }) => coveredSeconds(negative.segments!, queryFrom, queryTo));
    const sum = covered.reduce((a, b) => a + b, 0);
    return segments.length > 0 && sum >= leastCovered * segments.reduce((a, b) => a + b.queryTo - b.queryFrom, 0);
  }
  if (negative.timestampSeconds === undefined) return true;
  return negative.timestampSeconds === match.timestampSeconds && negative.trimmed === match.trimmed;
}

/** Returns the nearest false alarm that suppresses a match. One that is farther away says nothing about it. */
export function suppressorOf(match: DecisionMatch, negatives: readonly DecisionMatch[]): DecisionMatch | undefined {
  if (match.negative) return undefined;
  return negatives.find((negative) => {
    const slack = negative.segments === undefined ? 0 : segmentSlack;
    return negative.distance <= match.distance + slack && isAbout(negative, match);
  });
}

const kindRank = { exact: 0, video: 1, near: 2, copy: 2, local: 3 } as const;

/**
 * Returns each entry's best match, in the order given. An image's matches are one for each entry already. A video may
 * have an entry's bytes, stretches of its video and its images: what is not suppressed counts first, then what asks for
 * more.
 */
export function bestOfEach<T extends DecisionMatch>(matches: readonly T[]): T[] {
  const best = new Map<number, T>();
  for (const match of matches) {
    const other = best.get(match.entryNumber);
    const by =
      other === undefined
        ? -1
        : Number(match.suppressed) - Number(other.suppressed) ||
          actions.indexOf(match.action) - actions.indexOf(other.action) ||
          kindRank[match.kind] - kindRank[other.kind];
    if (by < 0) best.set(match.entryNumber, match);
  }
  return matches.filter((match) => best.get(match.entryNumber) === match);
}
