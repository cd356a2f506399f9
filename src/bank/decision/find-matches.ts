/** From a query to the entries that count: by the index, by what was seen before, and by the policies. */
import { type Orientation, orientationNames } from "../../hash/orientations.js";
import { hashDistance } from "../../hash/value.js";
import { reviewRadius, sureRadius } from "../../copies/candidates.js";
import { type DecisionMatch, suppresses } from "./decide.js";
import { labelName } from "../storage/labels.js";
import { wipedFlag } from "../storage/pages.js";
import { type Action, actions, type Bank, type Policy } from "./policy.js";
import { type CheckedQuery, type QueryCopy, uploadKey } from "./query.js";
import { isSampled } from "./sampling.js";
import { exactTypes, nearTypes, signalTypes, valueBytes, valueText } from "../storage/signals.js";
import type { View, ViewedEntry } from "./snapshot.js";

interface Found {
  signal: number;
  distance: number;
  /** Undefined: the same bytes. */
  variant?: Orientation;
  /** Of what is near the signal: the upload, or a view of it. */
  quality: number;
  /** Where it is a view. */
  copy?: QueryCopy;
}

function near(view: View, query: CheckedQuery, banks: Iterable<Bank>): Found[] {
  const { hash } = query;
  if (!query.stable || hash === undefined) return [];
  const policies = [...banks]
    .map(({ policy }) => policy)
    .filter((policy) => query.quality >= policy.minQuality && isSampled(policy, hash));
  if (policies.length === 0) return [];
  const radius = Math.max(...policies.map((policy) => policy.radius));
  const variants = orientationNames.filter(
    (name) =>
      policies.some((policy) => policy.orientations.includes(name)) &&
      (name === "orig" || query.orientations !== undefined),
  );
  // The picture's own hash, not `orientations.orig`: of a picture of exactly 64×64 pixels they may differ.
  const hashes = variants.map((name) => Buffer.from(name === "orig" ? hash : query.orientations![name], "hex"));
  if (hashes.length === 0) return [];
  return view
    .search(Buffer.concat(hashes), radius, nearTypes)
    .flatMap((hits, i) =>
      hits.map(({ id, distance }) => ({ signal: id, distance, variant: variants[i]!, quality: query.quality })),
    );
}

function exact(view: View, query: CheckedQuery): Found[] {
  return exactTypes.flatMap((type) => {
    const value = query.digests?.[signalTypes[type] as "md5" | "sha1" | "sha256"];
    if (value === undefined) return [];
    return view
      .search(valueBytes(type, value), 0, [type])[0]!
      .map(({ id }) => ({ signal: id, distance: 0, quality: query.quality }));
  });
}

/** What a look for copies had seen, as far as the signals are still what they were. */
function recheckCopies(view: View, { copies = [] }: CheckedQuery): Found[] {
  return copies.flatMap((copy): Found[] => {
    const record = view.signal(copy.signal);
    if (record === undefined || (record.flags & wipedFlag) !== 0 || !nearTypes.includes(record.type)) return [];
    const distance = hashDistance(copy.hash, record.value);
    const tier = distance > sureRadius ? "review" : copy.tier;
    const { signal, quality, orientation: variant = "orig" } = copy;
    return [{ signal, distance, variant, quality, copy: { ...copy, tier } }];
  });
}

/**
 * Most differing bits of a match. How far a view may be, its tier says; a bank that wants its matches nearer than that gets
 * nothing beyond its own radius.
 */
function mostOf({ radius }: Policy, copy: QueryCopy | undefined): number {
  if (copy === undefined || radius < sureRadius) return radius;
  return copy.tier === "match" ? sureRadius : reviewRadius;
}

/** The weaker of two. */
const weaker = (a: Action, b: Action): Action => (actions.indexOf(a) > actions.indexOf(b) ? a : b);

/** What a match asks for. */
function actionOf({ policy }: Bank, flooded: boolean, part: string | undefined, copy: QueryCopy | undefined): Action {
  const own = flooded || copy?.tier === "review" ? weaker(policy.action, "review") : policy.action;
  return part === undefined ? own : weaker(own, policy.cropAction ?? "review");
}

/** Which of its labels a bank asks for the entry by, "" where it asks for any; undefined: it does not ask for it. */
export function labelMatchedByPolicy(
  { policy }: Bank,
  entry: ViewedEntry,
  upload: string,
  time: number,
): string | undefined {
  if (!isSampled(policy, upload)) return undefined;
  if (entry.disabledUntil !== null && entry.disabledUntil > time) return undefined;
  if (policy.labels === undefined) return "";
  return entry.labels.map(labelName).find((name) => policy.labels!.includes(name));
}

/** Why the bank counts it, or undefined. */
function explainMatch(
  { policy }: Bank,
  found: Found,
  quality: number | undefined,
  part: string | undefined,
  label: string,
): string | undefined {
  const labelled = label === "" ? "" : `, label ${label}`;
  const { variant, copy } = found;
  if (variant === undefined) return `the same bytes${labelled}`;
  const most = mostOf(policy, copy);
  if (found.distance > most || !policy.orientations.includes(variant)) return undefined;
  if (found.quality < policy.minQuality || (quality !== undefined && quality < policy.minQuality)) return undefined;
  const near = `distance ${found.distance} of at most ${most}, quality ${found.quality} of at least ${policy.minQuality}`;
  const how = copy === undefined ? "" : `, by the view ${copy.view}${copy.tier === "review" ? ", for review" : ""}`;
  const of = part === undefined ? "" : `, derived hash ${part}`;
  return `${near}${how}${of}${labelled}`;
}

/** Every entry that its bank counts, once. */
export function findMatches(view: View, query: CheckedQuery, time: number): DecisionMatch[] {
  const banks = view.banks();
  const best = new Map<number, DecisionMatch>();
  const entries = new Map<number, ViewedEntry | undefined>();
  for (const found of [...exact(view, query), ...near(view, query, banks.values()), ...recheckCopies(view, query)]) {
    const record = view.signal(found.signal);
    if (record === undefined) continue;
    const entryNumber = record.entry;
    if (!entries.has(entryNumber)) entries.set(entryNumber, view.entry(entryNumber));
    const entry = entries.get(entryNumber);
    const bank = entry && banks.get(entry.bank);
    if (entry === undefined || bank === undefined) continue;
    const label = labelMatchedByPolicy(bank, entry, uploadKey(query), time);
    if (label === undefined) continue;
    const part = view.part(record);
    const rule = explainMatch(bank, found, record.quality, part, label);
    if (rule === undefined) continue;
    const { copy } = found;
    const match: DecisionMatch = {
      hash: valueText(record.type, record.value).slice(0, 8),
      type: signalTypes[record.type]!,
      kind: found.variant === undefined ? "exact" : copy === undefined ? "near" : "copy",
      distance: found.distance,
      ...(found.variant !== undefined && { orientation: found.variant }),
      ...(copy && { copy: seenOf(copy) }),
      ...(record.quality !== undefined && { quality: record.quality }),
      ...(part !== undefined && { crop: part }),
      bank: bank.name,
      negative: bank.negative,
      source: entry.source,
      ...(entry.key !== undefined && { entryId: entry.key }),
      entryNumber,
      signal: found.signal,
      labels: entry.labels,
      action: actionOf(bank, entry.flooded, part, copy),
      ...(entry.flooded && { flooded: true as const }),
      suppressed: false,
      rule,
    };
    const other = best.get(entryNumber);
    if (other === undefined || isBetter(match, other)) best.set(entryNumber, match);
  }
  return [...best.values()];
}

function seenOf({ tier, view, region, supportCount }: QueryCopy): NonNullable<DecisionMatch["copy"]> {
  return { tier, view, ...(region && { region }), supportCount };
}

const rank = (variant: Orientation | undefined): number =>
  variant === undefined ? -1 : orientationNames.indexOf(variant);

/**
 * The one that asks for more, so that derived hashes never make an entry ask for less; then the nearer. Of equally far
 * ones the exact, then the first variant, then the older signal.
 */
function isBetter(match: DecisionMatch, other: DecisionMatch): boolean {
  const by =
    Number(suppresses(other)) - Number(suppresses(match)) ||
    actions.indexOf(match.action) - actions.indexOf(other.action) ||
    match.distance - other.distance ||
    rank(match.orientation) - rank(other.orientation) ||
    Number(match.kind === "copy") - Number(other.kind === "copy") ||
    match.signal - other.signal;
  return by < 0;
}
