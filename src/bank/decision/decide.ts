/** From matches to a decision. New decisions and replayed ones use the same function. */
import type { Label, SignalType } from "../../lists/entry.js";
import type { Match } from "../../search/match.js";
import { type Action, actions } from "./policy.js";
import type { Prequalification, Suggestion } from "./qualify.js";
import { type CheckedQuery, uploadKey } from "./query.js";
import { isSampled } from "./sampling.js";
import type { Snapshot } from "./snapshot.js";

/**
 * An entry that matches, by the signal that asks for most and is then nearest. Copies have a `tier`, a `view` and a
 * `supportCount`; a copy of tier `"review"` never blocks. It is a lead for a person to look at, not a verdict.
 */
export interface DecisionMatch extends Match {
  /** The first 8 digits of the signal's value. */
  hash: string;
  type: SignalType;
  /** `"exact"`: the same bytes. `"near"`: the upload or one of its orientations. `"copy"`: a view of the upload. */
  kind: "near" | "exact" | "copy";
  /** The quality of the signal, where it is known. */
  quality?: number;
  /** The name of the crop, such as "centre-10", where the signal is the hash of a crop. */
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

/** What the policies of a store decide about an upload. */
export interface Decision {
  /** The strongest action that a match asks for, or `"none"`. */
  action: Action | "none";
  /** Every entry that matches, sorted by distance, then by entry. */
  matches: DecisionMatch[];
  /** One sentence each: what decided, and what kept banks from matching. */
  reasons: string[];
  /** The revision of the store. */
  revision: number;
  /** When the decision was made, in milliseconds since 1970. */
  time: number;
  /** What the same content was qualified as before, from the nearest match that has such a suggestion. */
  prequalification?: Prequalification;
  /** What was looked up, with whole hashes. Keep decisions as carefully as the store. */
  query: CheckedQuery;
}

/**
 * Whether a match is a known false alarm. A crop of a false alarm may be in any image, and a copy for review may be no
 * copy at all, so that neither suppresses anything.
 */
export function suppresses({ negative, crop, tier }: DecisionMatch): boolean {
  return negative && crop === undefined && tier !== "review";
}

/** Decides by the matches of a query. */
export function decide(
  snapshot: Snapshot,
  found: readonly DecisionMatch[],
  query: CheckedQuery,
  time: number,
): Decision {
  const sorted = [...found].sort((a, b) => a.distance - b.distance || a.entryNumber - b.entryNumber);
  const negative = sorted.find(suppresses);
  const matches = sorted.map((match) => ({
    ...match,
    // A farther false alarm says nothing about a nearer match.
    suppressed: !match.negative && negative !== undefined && negative.distance <= match.distance,
  }));
  const counting = matches.filter((match) => !match.negative && !match.suppressed);
  const action = actions.find((one) => counting.some((match) => match.action === one)) ?? "none";
  const prequalification = prequalify(snapshot, matches);
  return {
    action,
    matches,
    reasons: [...matchReasons(matches, counting, action, negative), ...bankReasons(snapshot, query)],
    revision: snapshot.revision,
    time,
    ...(prequalification && { prequalification }),
    query,
  };
}

/** What decided, what was suppressed, and what is flooded. */
function matchReasons(
  matches: readonly DecisionMatch[],
  counting: readonly DecisionMatch[],
  action: Decision["action"],
  negative: DecisionMatch | undefined,
): string[] {
  const decisive = counting.filter((match) => match.action === action);
  const suppressed = matches.filter((match) => match.suppressed);
  const flooded = counting.filter((match) => match.flooded === true);
  return [
    ...decisive.map(({ bank, source, entryNumber, rule }) => {
      return `${bank}, ${source}, entry ${entryNumber}: ${rule}: ${action}`;
    }),
    ...suppressed.map(({ bank, entryNumber }) => {
      const by = `${negative!.bank}, entry ${negative!.entryNumber}, at distance ${negative!.distance}`;
      return `${bank}, entry ${entryNumber}: suppressed by ${by}`;
    }),
    ...flooded.map(({ bank, entryNumber }) => {
      return `${bank}, entry ${entryNumber}: has hit too many different uploads: review at most`;
    }),
  ];
}

/** What kept banks from matching, or from matching by distance. */
function bankReasons(snapshot: Snapshot, query: CheckedQuery): string[] {
  const reasons: string[] = [];
  for (const { name, policy } of snapshot.banks().values()) {
    if (isSampled(policy, uploadKey(query))) continue;
    reasons.push(`${name}: this upload is not in its share of ${policy.matchRatio} of uploads`);
  }
  if (query.hash === undefined) reasons.push("there is no image hash: only the bytes are matched");
  else if (!query.stable) reasons.push("the hash is rounding noise: nothing is matched by distance");
  else {
    for (const { name, policy } of snapshot.banks().values()) {
      if (query.quality >= policy.minQuality) continue;
      reasons.push(`${name}: quality ${query.quality} is below ${policy.minQuality}: nothing is matched by distance`);
    }
  }
  return reasons;
}

/** Takes the nearest match's suggestion; of equally near ones an analyst's before a source's, then the newest. */
function prequalify(snapshot: Snapshot, matches: readonly DecisionMatch[]): Prequalification | undefined {
  let best: Prequalification | undefined;
  for (const match of matches) {
    if (best !== undefined && match.distance > best.distance) break;
    const suggestion = snapshot.suggestion(match.entryNumber) ?? labelsOfSource(snapshot, match);
    if (suggestion === undefined) continue;
    const { distance, orientation, entryNumber } = match;
    const one = { ...suggestion, distance, orientation, entryNumber };
    if (best === undefined || rankOf(one) > rankOf(best)) best = one;
  }
  return best;
}

const rankOf = ({ kind, time = 0 }: Prequalification): number => (kind === "analyst" ? time + 1 : 0);

function labelsOfSource(snapshot: Snapshot, { labels, source, entryNumber }: DecisionMatch): Suggestion | undefined {
  if (labels.length === 0) return undefined;
  const entry = snapshot.entry(entryNumber);
  const time = entry && snapshot.timeOf(entry.since);
  return { labels, kind: "source", by: source, ...(time !== undefined && { time }) };
}
