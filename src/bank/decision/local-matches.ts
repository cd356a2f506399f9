/** From what local points found of an upload to the matches that policies make of it. */
import { wipedFlag } from "../storage/pages.js";
import { signalTypes, valueText } from "../storage/signals.js";
import type { DecisionMatch } from "./match.js";
import { type entryCounter, entryPart, weaker } from "./match-signals.js";
import type { Policy } from "./policy.js";
import type { QueryLocal, QueryOriginal } from "./query-local.js";
import type { Snapshot } from "./snapshot.js";

/**
 * Returns the matches by local points, each entry once. An entry counts as long as it has the record by which it was
 * found. One that was withdrawn has none, and its recorded match is all that is left.
 */
export function matchLocal(
  snapshot: Snapshot,
  { originals }: QueryLocal,
  counted: ReturnType<typeof entryCounter>,
): DecisionMatch[] {
  const found = new Map<number, DecisionMatch>();
  for (const original of originals) {
    const match = matchOf(snapshot, original, counted);
    if (match !== undefined && !found.has(match.entryNumber)) found.set(match.entryNumber, match);
  }
  return [...found.values()];
}

function matchOf(
  snapshot: Snapshot,
  original: QueryOriginal,
  counted: ReturnType<typeof entryCounter>,
): DecisionMatch | undefined {
  const { signal, record: since, tier, distance, orientation, region, local } = original;
  const record = snapshot.signal(signal);
  if (record === undefined || (record.flags & wipedFlag) !== 0) return undefined;
  const counting = counted(record.entry);
  if (counting === undefined || !snapshot.hasLocal(record.entry, since)) return undefined;
  const { entry, bank, label } = counting;
  const { local: asks, action, orientations } = bank.policy;
  if (bank.negative || asks === undefined || !orientations.includes(orientation)) return undefined;
  const most: Policy["action"] = entry.flooded || tier === "review" ? "review" : asks;
  return {
    hash: valueText(record.type, record.value).slice(0, 8),
    type: signalTypes[record.type]!,
    kind: "local",
    distance,
    orientation,
    tier,
    view: "local",
    region,
    supportCount: local.support,
    local,
    ...entryPart(entry, bank, record.entry),
    signal,
    labels: entry.labels,
    action: weaker(action, most),
    ...(entry.flooded && { flooded: true as const }),
    suppressed: false,
    rule: ruleOf(original, label),
  };
}

function ruleOf({ tier, local: { inliers, support, seen, mirrored, negative } }: QueryOriginal, label: string): string {
  const forms = `${mirrored ? ", mirrored" : ""}${negative ? ", negative" : ""}`;
  const points = `a part of the original: ${support} of ${seen} local points, ${inliers} by their descriptors${forms}`;
  return `${points}${tier === "review" ? ", for review" : ""}${label === "" ? "" : `, label ${label}`}`;
}
