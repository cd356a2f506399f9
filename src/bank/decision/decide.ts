/** From matches to a decision. New decisions and replayed ones use the same function. */
import { bestOfEach, type DecisionMatch, suppresses, suppressorOf } from "./match.js";
import { type Action, actions } from "./policy.js";
import type { Prequalification, Suggestion } from "./qualify.js";
import { type CheckedQuery, uploadKey } from "./query.js";
import { isSampled } from "./sampling.js";
import type { Snapshot } from "./snapshot.js";

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
  /** True if `checkImage` had a file with images behind the first, which it did not look at. */
  furtherPages?: true;
}

/** Decides by the matches of a query. */
export function decide(
  snapshot: Snapshot,
  found: readonly DecisionMatch[],
  query: CheckedQuery,
  time: number,
): Decision {
  const sorted = [...found].sort((a, b) => a.distance - b.distance || a.entryNumber - b.entryNumber);
  const negatives = sorted.filter(suppresses);
  const suppressors = new Map<DecisionMatch, DecisionMatch>();
  const matches = bestOfEach(
    sorted.map((given) => {
      const by = suppressorOf(given, negatives);
      const match = { ...given, suppressed: by !== undefined };
      if (by !== undefined) suppressors.set(match, by);
      return match;
    }),
  );
  const counting = matches.filter((match) => !match.negative && !match.suppressed);
  const action = actions.find((one) => counting.some((match) => match.action === one)) ?? "none";
  const prequalification = prequalify(snapshot, matches);
  return {
    action,
    matches,
    reasons: [...matchReasons(matches, counting, action, suppressors), ...bankReasons(snapshot, query)],
    revision: snapshot.revision,
    time,
    ...(prequalification && { prequalification }),
    query,
  };
}

/** Returns what decided, what was suppressed, and what is flooded. */
function matchReasons(
  matches: readonly DecisionMatch[],
  counting: readonly DecisionMatch[],
  action: Decision["action"],
  suppressors: ReadonlyMap<DecisionMatch, DecisionMatch>,
): string[] {
  const decisive = counting.filter((match) => match.action === action);
  const suppressed = matches.filter((match) => match.suppressed);
  const flooded = counting.filter((match) => match.flooded === true);
  return [
    ...decisive.map(({ bank, source, entryNumber, rule }) => {
      return `${bank}, ${source}, entry ${entryNumber}: ${rule}: ${action}`;
    }),
    ...suppressed.map((match) => {
      const { bank, entryNumber, distance } = suppressors.get(match)!;
      const by = `${bank}, entry ${entryNumber}, at distance ${distance}`;
      return `${match.bank}, entry ${match.entryNumber}: suppressed by ${by}`;
    }),
    ...flooded.map(({ bank, entryNumber }) => {
      return `${bank}, entry ${entryNumber}: has hit too many different uploads: review at most`;
    }),
  ];
}

/** Returns what kept banks from matching, or from matching by distance. */
function bankReasons(snapshot: Snapshot, query: CheckedQuery): string[] {
  const reasons: string[] = [];
  for (const { name, policy } of snapshot.banks().values()) {
    if (isSampled(policy, uploadKey(query))) continue;
    reasons.push(`${name}: this upload is not in its share of ${policy.matchRatio} of uploads`);
  }
  const { hash, video, local } = query;
  if (local?.crowded) {
    reasons.push("the upload resembles parts of more originals than can be verified: a person should look at it");
  }
  for (const { name, policy } of local?.sealed ? snapshot.banks().values() : []) {
    if (policy.local === undefined) continue;
    reasons.push(`${name}: local records are not searched, because the store was opened without their key`);
  }
  if (hash === undefined && video === undefined) reasons.push("there is no image hash: only the bytes are matched");
  else if (!query.stable && video === undefined)
    reasons.push("the hash is rounding noise: nothing is matched by distance");
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
