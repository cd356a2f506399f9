/** Finding the entries that match a query: by the index, by views that were found before, and by the policies. */
import { type Orientation, orientationNames } from "../../hash/orientations.js";
import { matchRadius, reviewRadius } from "../../thresholds.js";
import { hashDistance } from "../../hash/value.js";
import { labelName } from "../storage/labels.js";
import { type SignalRecord, wipedFlag } from "../storage/pages.js";
import { nearTypes, signalTypes, valueText } from "../storage/signals.js";
import { type DecisionMatch, suppresses } from "./decide.js";
import { type Action, actions, type Bank, type Policy } from "./policy.js";
import { type CheckedQuery, type QueryCopy, uploadKey } from "./query.js";
import { isSampled } from "./sampling.js";
import { searchDigests } from "./search-entries.js";
import type { Snapshot, SnapshotEntry } from "./snapshot.js";

/** A signal that is near the query. */
interface NearSignal {
  signal: number;
  kind: DecisionMatch["kind"];
  distance: number;
  orientation: Orientation;
  /** The quality of the upload's hash, or of the view's. */
  quality: number;
  /** The view, where `kind` is `"copy"`. */
  copy?: QueryCopy;
}

/** Searches the query's hash, in the orientations that the policies want. */
function searchByDistance(snapshot: Snapshot, query: CheckedQuery): NearSignal[] {
  const { hash, quality } = query;
  if (!query.stable || hash === undefined) return [];
  const policies = [...snapshot.banks().values()]
    .map(({ policy }) => policy)
    .filter((policy) => quality >= policy.minQuality && isSampled(policy, hash));
  if (policies.length === 0) return [];
  const radius = Math.max(...policies.map((policy) => policy.radius));
  const orientations = orientationNames.filter(
    (name) =>
      policies.some((policy) => policy.orientations.includes(name)) &&
      (name === "orig" || query.orientations !== undefined),
  );
  // It takes the image's own hash, not `orientations.orig`: they may differ for an image of exactly 64×64 pixels.
  const hashes = orientations.map((name) => Buffer.from(name === "orig" ? hash : query.orientations![name], "hex"));
  if (hashes.length === 0) return [];
  return snapshot.search(Buffer.concat(hashes), radius, nearTypes).flatMap((hits, i) =>
    hits.map(({ id, distance }): NearSignal => {
      return { signal: id, kind: "near", distance, orientation: orientations[i]!, quality };
    }),
  );
}

/** Searches the query's digests. */
function searchByDigests(snapshot: Snapshot, { digests, quality }: CheckedQuery): NearSignal[] {
  return searchDigests(snapshot, digests).map(({ id }): NearSignal => {
    return { signal: id, kind: "exact", distance: 0, orientation: "orig", quality };
  });
}

/** Compares the views that were found before with their signals, as far as those still match. */
function recheckCopies(snapshot: Snapshot, { copies = [] }: CheckedQuery): NearSignal[] {
  return copies.flatMap((copy): NearSignal[] => {
    const record = snapshot.signal(copy.signal);
    if (record === undefined || (record.flags & wipedFlag) !== 0 || !nearTypes.includes(record.type)) return [];
    const distance = hashDistance(copy.hash, record.value);
    const tier = distance > matchRadius ? "review" : copy.tier;
    const { signal, quality, orientation = "orig" } = copy;
    return [{ signal, kind: "copy", distance, orientation, quality, copy: { ...copy, tier } }];
  });
}

/**
 * Answers the most bits that may differ. The tier of a view says how far the view may be. A bank with a smaller radius than
 * that gets nothing beyond its own radius.
 */
function mostDiffering({ radius }: Policy, copy: QueryCopy | undefined): number {
  if (copy === undefined || radius < matchRadius) return radius;
  return copy.tier === "match" ? matchRadius : reviewRadius;
}

/** Answers the weaker of two actions. */
const weaker = (a: Action, b: Action): Action => (actions.indexOf(a) > actions.indexOf(b) ? a : b);

/** Answers what a match asks for. */
function actionOf({ policy }: Bank, flooded: boolean, crop: string | undefined, copy: QueryCopy | undefined): Action {
  const own = flooded || copy?.tier === "review" ? weaker(policy.action, "review") : policy.action;
  return crop === undefined ? own : weaker(own, policy.cropAction ?? "review");
}

/**
 * Answers by which of its labels an entry may match in its bank: "" where the policy accepts any label, and undefined
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

/** Answers the rule by which a near signal counts in its bank, or undefined where it does not. */
function explainMatch(
  { policy }: Bank,
  near: NearSignal,
  entryQuality: number | undefined,
  crop: string | undefined,
  label: string,
): string | undefined {
  const { kind, distance, orientation, quality, copy } = near;
  const byLabel = label === "" ? "" : `, label ${label}`;
  if (kind === "exact") return `the same bytes${byLabel}`;
  const most = mostDiffering(policy, copy);
  if (distance > most || !policy.orientations.includes(orientation)) return undefined;
  if (quality < policy.minQuality || (entryQuality !== undefined && entryQuality < policy.minQuality)) return undefined;
  const limits = `distance ${distance} of at most ${most}, quality ${quality} of at least ${policy.minQuality}`;
  const byView = copy === undefined ? "" : `, by the view ${copy.view}${copy.tier === "review" ? ", for review" : ""}`;
  const byCrop = crop === undefined ? "" : `, crop ${crop}`;
  return `${limits}${byView}${byCrop}${byLabel}`;
}

/** Answers the match that a near signal makes, or undefined where its bank does not count it. */
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
  const { kind, distance, orientation, signal, copy } = near;
  return {
    hash: valueText(record.type, record.value).slice(0, 8),
    type: signalTypes[record.type]!,
    kind,
    distance,
    orientation,
    ...(copy && seenOf(copy)),
    ...(record.quality !== undefined && { quality: record.quality }),
    ...(crop !== undefined && { crop }),
    bank: bank.name,
    negative: bank.negative,
    source: entry.source,
    ...(entry.entryId !== undefined && { entryId: entry.entryId }),
    entryNumber: record.entry,
    signal,
    labels: entry.labels,
    action: actionOf(bank, entry.flooded, crop, copy),
    ...(entry.flooded && { flooded: true as const }),
    suppressed: false,
    rule,
  };
}

function seenOf({ tier, view, region, supportCount }: QueryCopy): Partial<DecisionMatch> {
  return { tier, view, ...(region && { region }), supportCount };
}

/** Answers every entry that its bank counts, each once, by the signal that asks for most. */
export function findMatches(snapshot: Snapshot, query: CheckedQuery, time: number): DecisionMatch[] {
  const banks = snapshot.banks();
  const upload = uploadKey(query);
  const best = new Map<number, DecisionMatch>();
  const entries = new Map<number, SnapshotEntry | undefined>();
  const found = [
    ...searchByDigests(snapshot, query),
    ...searchByDistance(snapshot, query),
    ...recheckCopies(snapshot, query),
  ];
  for (const near of found) {
    const record = snapshot.signal(near.signal);
    if (record === undefined) continue;
    const { entry: number } = record;
    if (!entries.has(number)) entries.set(number, snapshot.entry(number));
    const entry = entries.get(number);
    const bank = entry && banks.get(entry.bank);
    if (entry === undefined || bank === undefined) continue;
    const label = labelMatchedByPolicy(bank, entry, upload, time);
    if (label === undefined) continue;
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
 * Compares two matches of one entry. The better one asks for more, so that a crop never makes an entry ask for less. Then
 * the nearer one is better; of equally near ones the exact one, then the first orientation, then the older signal.
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
