/** From what was found to what is to be done: one function for a new decision and for one that is explained later. */
import type { Orientation } from "../../hash/orientations.js";
import type { Label } from "../storage/labels.js";
import { type Action, actions } from "./policy.js";
import type { Prequalification, Suggestion } from "./qualify.js";
import { type CheckedQuery, type QueryCopy, uploadKey } from "./query.js";
import { isSampled } from "./sampling.js";
import type { SignalType } from "../storage/signals.js";
import type { View } from "./snapshot.js";

/** One entry that was found, by its nearest signal (a derived one only where none that asks for more is near). A lead for a person to look at, not a verdict. */
export interface DecisionMatch {
  /** The first 8 digits of the signal's value. */
  hash: string;
  type: SignalType;
  /** `exact`: the same bytes; `near`: the upload, or a turn of it; `copy`: what `checkCopies` found inside it or around it. */
  kind: "near" | "exact" | "copy";
  /** Differing bits; 0 for an exact match. */
  distance: number;
  /** Which image of the upload is nearest; of a copy how the original lies in it. */
  orientation?: Orientation;
  /** Of a copy: which view of the upload is near, and where in it. By one of tier `"review"` nothing is blocked. */
  copy?: Pick<QueryCopy, "tier" | "view" | "region" | "supportCount">;
  /** The entry's, where it is known. */
  quality?: number;
  /** It is near the hash of a part of the entry's picture, and which: "centre-10". */
  crop?: string;
  bank: string;
  /** It is of a negative bank: it suppresses and asks for nothing. */
  negative: boolean;
  source: string;
  /** The source's id, where it gave one. */
  entryId?: string;
  /** The store's number of the entry and of the signal. */
  entryNumber: number;
  signal: number;
  labels: Label[];
  /**
   * What its bank asks for; of a flooded entry, and of a copy for review, no more than `"review"`, by a derived hash no more
   * than `policy.derived`.
   */
  action: Action;
  /** It has hit too many different uploads. */
  flooded?: true;
  /** By a negative bank. */
  suppressed: boolean;
  /** Why it counts. */
  rule: string;
}

export interface Decision {
  action: Action | "none";
  /** Sorted by distance, then entry. */
  matches: DecisionMatch[];
  /** One sentence each: what decided, and what kept banks from matching. */
  reasons: string[];
  /** Of the store. */
  revision: number;
  /** Milliseconds since 1970. */
  time: number;
  /** What the same content was held for before: of the nearest match that there is something to say of. */
  prequalification?: Prequalification;
  /** What was asked, with whole hashes: keep decisions as carefully as the store. */
  query: CheckedQuery;
}

/**
 * Whether it is a known false alarm. A part of one may be in any picture, and a copy for review may be none: nothing is
 * suppressed by them.
 */
export function suppresses({ negative, crop, copy }: DecisionMatch): boolean {
  return negative && crop === undefined && copy?.tier !== "review";
}

/** What the matches come to. */
export function decide(view: View, found: readonly DecisionMatch[], query: CheckedQuery, time: number): Decision {
  const sorted = [...found].sort((a, b) => a.distance - b.distance || a.entryNumber - b.entryNumber);
  const negative = sorted.find(suppresses);
  const matches = sorted.map((match) => ({
    ...match,
    // A farther false alarm says nothing of a nearer match.
    suppressed: !match.negative && negative !== undefined && negative.distance <= match.distance,
  }));
  const counting = matches.filter((match) => !match.negative && !match.suppressed);
  const action = actions.find((one) => counting.some((match) => match.action === one)) ?? "none";
  const reasons: string[] = [];
  for (const match of counting.filter((one) => one.action === action)) {
    reasons.push(`${match.bank}, ${match.source}, entry ${match.entryNumber}: ${match.rule}: ${action}`);
  }
  for (const match of matches.filter((one) => one.suppressed)) {
    reasons.push(
      `${match.bank}, entry ${match.entryNumber}: suppressed by ${negative!.bank}, entry ${negative!.entryNumber}, at distance ${negative!.distance}`,
    );
  }
  for (const match of counting.filter((one) => one.flooded === true)) {
    reasons.push(`${match.bank}, entry ${match.entryNumber}: has hit too many different uploads: review at most`);
  }
  for (const { name, policy } of view.banks().values()) {
    if (isSampled(policy, uploadKey(query))) continue;
    reasons.push(`${name}: not in the share of ${policy.matchRatio} of uploads that it is asked for`);
  }
  if (query.hash === undefined) reasons.push("there is no picture hash: only the bytes are matched");
  else if (!query.stable) reasons.push("the hash is rounding noise: nothing is matched by distance");
  else {
    for (const { name, policy } of view.banks().values()) {
      if (query.quality >= policy.minQuality) continue;
      reasons.push(`${name}: quality ${query.quality} is below ${policy.minQuality}: nothing is matched by distance`);
    }
  }
  const prequalification = prequalify(view, matches);
  return {
    action,
    matches,
    reasons,
    revision: view.revision,
    time,
    ...(prequalification && { prequalification }),
    query,
  };
}

/** The nearest match's, of equally near ones an analyst's before a source's, then the newest. */
function prequalify(view: View, matches: readonly DecisionMatch[]): Prequalification | undefined {
  let found: Prequalification | undefined;
  for (const match of matches) {
    if (found !== undefined && match.distance > found.distance) break;
    const said = view.suggestion(match.entryNumber) ?? saidBySource(view, match);
    if (said === undefined) continue;
    const { distance, orientation, entryNumber } = match;
    const one = { ...said, distance, ...(orientation !== undefined && { orientation }), entryNumber };
    if (found === undefined || rankOf(one) > rankOf(found)) found = one;
  }
  return found;
}

const rankOf = ({ kind, time = 0 }: Prequalification): number => (kind === "analyst" ? time + 1 : 0);

function saidBySource(view: View, { labels, source, entryNumber }: DecisionMatch): Suggestion | undefined {
  if (labels.length === 0) return undefined;
  const entry = view.entry(entryNumber);
  const time = entry && view.timeOf(entry.since);
  return { labels, kind: "source", by: source, ...(time !== undefined && { time }) };
}
