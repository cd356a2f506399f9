/** From signals that are near a query to matches, as the policies of their banks count them. */
import { type Orientation, orientationNames } from "../../hash/orientations.js";
import { confirmedRadius, matchRadius, reviewRadius } from "../../thresholds.js";
import { labelName } from "../storage/labels.js";
import type { SignalRecord } from "../storage/pages.js";
import { signalTypes, valueText } from "../storage/signals.js";
import { type DecisionMatch, suppresses } from "./match.js";
import { type Action, actions, type Bank, type Policy } from "./policy.js";
import type { QueryCopy } from "./query.js";
import { isSampled } from "./sampling.js";
import type { Snapshot, SnapshotEntry } from "./snapshot.js";

/** A signal that is near the query, or near a frame of it. */
export interface NearSignal {
  signal: number;
  kind: DecisionMatch["kind"];
  distance: number;
  orientation: Orientation;
  /** The quality of the upload's hash, or of the view's. */
  quality: number;
  /** The view, where `kind` is `"copy"`. */
  copy?: QueryCopy;
  /** Which frame of a video it is near. */
  at?: FramePlace;
}

/** A frame of an upload, or what is left of it without its surroundings. */
export interface FramePlace {
  timestampSeconds: number;
  trimmed?: true;
}

/**
 * Returns the most bits that may differ. The tier of a view says how far the view may be. A bank with a smaller radius
 * than that gets nothing beyond its own radius.
 */
function mostDiffering({ radius }: Policy, copy: QueryCopy | undefined): number {
  if (copy === undefined || radius < matchRadius) return radius;
  return copy.tier === "review" ? reviewRadius : furthestMatch(copy);
}

/** Returns how far a view may be that is a match: an aligned one may have been confirmed by another. */
export const furthestMatch = ({ view }: QueryCopy): number => (view === "aligned" ? confirmedRadius : matchRadius);

/** Returns the weaker of two actions. */
export const weaker = (a: Action, b: Action): Action => (actions.indexOf(a) > actions.indexOf(b) ? a : b);

/** Returns the action that a match requires. */
export function actionOf(
  { policy }: Bank,
  flooded: boolean,
  crop: string | undefined,
  copy: QueryCopy | undefined,
): Action {
  const own = flooded || copy?.tier === "review" ? weaker(policy.action, "review") : policy.action;
  return crop === undefined ? own : weaker(own, policy.cropAction ?? "review");
}

/**
 * Returns by which of its labels an entry may match in its bank: "" where the policy accepts any label, and undefined
 * where the entry may not match at all.
 */
export function labelMatchedByPolicy(
  { policy }: Bank,
  entry: SnapshotEntry,
  upload: string,
  time: number,
): string | undefined {
  if (!isSampled(policy, upload)) return undefined;
  if (entry.disabledUntil !== null && entry.disabledUntil > time) return undefined;
  if (policy.labels === undefined) return "";
  return entry.labels.map(labelName).find((name) => policy.labels!.includes(name));
}

/** Returns the rule by which a near signal counts in its bank, or undefined if it does not. */
function explainMatch(
  { policy }: Bank,
  near: NearSignal,
  entryQuality: number | undefined,
  crop: string | undefined,
  label: string,
): string | undefined {
  const { kind, distance, orientation, quality, copy, at } = near;
  const byLabel = label === "" ? "" : `, label ${label}`;
  if (kind === "exact") return `the same bytes${byLabel}`;
  const most = mostDiffering(policy, copy);
  if (distance > most || !policy.orientations.includes(orientation)) return undefined;
  if (quality < policy.minQuality || (entryQuality !== undefined && entryQuality < policy.minQuality)) return undefined;
  const limits = `distance ${distance} of at most ${most}, quality ${quality} of at least ${policy.minQuality}`;
  const byView = copy === undefined ? "" : `, by the view ${copy.view}${copy.tier === "review" ? ", for review" : ""}`;
  const byCrop = crop === undefined ? "" : `, crop ${crop}`;
  const byTime = at === undefined ? "" : `, at ${at.timestampSeconds.toFixed(1)} s`;
  return `${limits}${byView}${byCrop}${byTime}${byLabel}`;
}

/** Returns the match that a near signal makes, or undefined if its bank does not count it. */
function matchOf(
  snapshot: Snapshot,
  near: NearSignal,
  record: SignalRecord,
  entry: SnapshotEntry,
  { bank, label }: { bank: Bank; label: string },
): DecisionMatch | undefined {
  const crop = snapshot.cropName(record);
  const rule = explainMatch(bank, near, record.quality, crop, label);
  if (rule === undefined) return undefined;
  const { kind, distance, orientation, signal, copy, at } = near;
  return {
    hash: valueText(record.type, record.value).slice(0, 8),
    type: signalTypes[record.type]!,
    kind,
    distance,
    orientation,
    ...(copy && seenOf(copy)),
    ...at,
    ...(record.quality !== undefined && { quality: record.quality }),
    ...(crop !== undefined && { crop }),
    ...entryPart(entry, bank, record.entry),
    signal,
    labels: entry.labels,
    action: actionOf(bank, entry.flooded, crop, copy),
    ...(entry.flooded && { flooded: true as const }),
    suppressed: false,
    rule,
  };
}

/** Returns what a match says of its entry. */
export function entryPart(
  { source, entryId }: SnapshotEntry,
  { name: bank, negative }: Bank,
  entryNumber: number,
): Pick<DecisionMatch, "bank" | "negative" | "source" | "entryId" | "entryNumber"> {
  return { bank, negative, source, ...(entryId !== undefined && { entryId }), entryNumber };
}

function seenOf({ tier, view, region, supportCount }: QueryCopy): Partial<DecisionMatch> {
  return { tier, view, ...(region && { region }), supportCount };
}

/** An entry that its bank counts for an upload. */
export interface CountedEntry {
  entry: SnapshotEntry;
  bank: Bank;
  /** The label by which it counts; "" where its bank accepts any. */
  label: string;
}

/** Returns the entries of a snapshot that count for an upload, by their numbers. It reads each entry once. */
export function entryCounter(
  snapshot: Snapshot,
  upload: string,
  time: number,
): (number: number) => CountedEntry | undefined {
  const banks = snapshot.banks();
  const known = new Map<number, CountedEntry | undefined>();
  const count = (number: number): CountedEntry | undefined => {
    const entry = snapshot.entry(number);
    const bank = entry && banks.get(entry.bank);
    const label = bank && labelMatchedByPolicy(bank, entry, upload, time);
    return entry === undefined || bank === undefined || label === undefined ? undefined : { entry, bank, label };
  };
  return (number) => {
    if (!known.has(number)) known.set(number, count(number));
    return known.get(number);
  };
}

/** Returns the matches that near signals make, each entry once, by the signal that asks for most. */
export function matchSignals(
  snapshot: Snapshot,
  found: readonly NearSignal[],
  counted: ReturnType<typeof entryCounter>,
): DecisionMatch[] {
  const best = new Map<number, DecisionMatch>();
  for (const near of found) {
    const record = snapshot.signal(near.signal);
    if (record === undefined) continue;
    const { entry: number } = record;
    const counting = counted(number);
    if (counting === undefined) continue;
    const { entry, bank, label } = counting;
    const match = matchOf(snapshot, near, record, entry, { bank, label });
    if (match === undefined) continue;
    const other = best.get(number);
    if (other === undefined || isBetter(match, other)) best.set(number, match);
  }
  return [...best.values()];
}

const rank = ({ kind, orientation }: DecisionMatch): number =>
  kind === "exact" ? -1 : orientationNames.indexOf(orientation);

/**
 * Compares two matches of one entry. The better one asks for more, so that a crop never makes an entry ask for less.
 * Then the nearer one is better; of equally near ones the exact one, then the first orientation, then the older signal.
 */
function isBetter(match: DecisionMatch, other: DecisionMatch): boolean {
  const by =
    Number(suppresses(other)) - Number(suppresses(match)) ||
    actions.indexOf(match.action) - actions.indexOf(other.action) ||
    match.distance - other.distance ||
    rank(match) - rank(other) ||
    Number(match.kind === "copy") - Number(other.kind === "copy") ||
    match.signal - other.signal;
  return by < 0;
}
