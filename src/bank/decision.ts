/** From what was found to what is to be done: one function for a new decision and for one that is explained later. */
import { boolean, integer, invalidArgument } from "../check.js";
import { type DihedralHashes, type DihedralVariant, dihedralVariants } from "../hash/pixels.js";
import { hashToHex } from "../hash/value.js";
import { type Label, labelName } from "./labels.js";
import { type Action, actions, type Bank } from "./policy.js";
import type { Prequalification, Suggestion } from "./qualify.js";
import { inShare } from "./share.js";
import { exactTypes, nearTypes, type SignalType, signalTypes, valueBytes, valueText } from "./signals.js";
import type { View, ViewedEntry } from "./view.js";

/**
 * What is asked of a picture: the result of `hashImage` with `dihedral`, and digests of the file's bytes. Of a file that is
 * no picture, or a damaged one, the digests alone.
 */
export interface CheckQuery {
  hash?: string;
  /** 0 … 100. Default 0. */
  quality?: number;
  /** Default false. */
  stable?: boolean;
  dihedral?: DihedralHashes;
  /** Hex; they match the same bytes and nothing else. */
  digests?: { md5?: string; sha1?: string; sha256?: string };
}

/** One entry that was found, by its nearest signal (a derived one only where none that asks for more is near). A lead for a person to look at, not a verdict. */
export interface DecisionMatch {
  /** The first 8 digits of the signal's value. */
  hash: string;
  type: SignalType;
  /** `exact`: the same bytes. */
  kind: "near" | "exact";
  /** Differing bits; 0 for an exact match. */
  distance: number;
  /** Which image of the upload is nearest. */
  variant?: DihedralVariant;
  /** The entry's, where it is known. */
  quality?: number;
  /** It is near the hash of a part of the entry's picture, and which: "centre-10". */
  derived?: string;
  bank: string;
  /** It is of a negative bank: it suppresses and asks for nothing. */
  negative: boolean;
  source: string;
  /** The source's id, where it gave one. */
  entry?: string;
  /** The store's number of the entry and of the signal. */
  number: number;
  signal: number;
  labels: Label[];
  /** What its bank asks for; of a flooded entry no more than `"review"`, by a derived hash no more than `policy.derived`. */
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

/** A query that fits. */
export interface CheckedQuery extends CheckQuery {
  quality: number;
  stable: boolean;
}

/** @throws {InvalidArgumentError} @throws {InvalidHashError} */
export function checkQuery(query: CheckQuery): CheckedQuery {
  if (typeof query !== "object" || query === null) throw invalidArgument("query", "{hash, quality, stable}", query);
  const { hash, dihedral, digests, quality = 0, stable = false } = query;
  const known = exactTypes.map((type) => signalTypes[type] as "md5" | "sha1" | "sha256");
  const given = known.flatMap((name) => {
    const value = digests?.[name];
    return value === undefined
      ? []
      : [[name, valueText(signalTypes.indexOf(name), valueBytes(signalTypes.indexOf(name), value))]];
  });
  if (hash === undefined && given.length === 0) throw invalidArgument("query", "hash or digests", query);
  return {
    ...(hash !== undefined && { hash: hashToHex(hash) }),
    quality: integer("quality", quality, 0, 100),
    stable: boolean("stable", stable) && hash !== undefined,
    ...(hash !== undefined &&
      dihedral !== undefined && {
        dihedral: Object.fromEntries(
          dihedralVariants.map((name) => [name, hashToHex(dihedral[name])]),
        ) as DihedralHashes,
      }),
    ...(given.length > 0 && { digests: Object.fromEntries(given) as NonNullable<CheckQuery["digests"]> }),
  };
}

/** What an upload is called when shares are drawn and uploads are counted. */
export function uploadName({ hash, digests }: CheckQuery): string {
  return hash ?? digests?.sha256 ?? digests?.sha1 ?? digests?.md5 ?? "";
}

interface Found {
  signal: number;
  distance: number;
  variant?: DihedralVariant;
}

function near(view: View, query: CheckedQuery, banks: Iterable<Bank>): Found[] {
  const { hash } = query;
  if (!query.stable || hash === undefined) return [];
  const policies = [...banks]
    .map(({ policy }) => policy)
    .filter((policy) => query.quality >= policy.minQuality && inShare(policy, hash));
  if (policies.length === 0) return [];
  const radius = Math.max(...policies.map((policy) => policy.radius));
  const variants = dihedralVariants.filter(
    (name) =>
      policies.some((policy) => policy.variants.includes(name)) && (name === "orig" || query.dihedral !== undefined),
  );
  // The picture's own hash, not `dihedral.orig`: of a picture of exactly 64×64 pixels they may differ.
  const hashes = variants.map((name) => Buffer.from(name === "orig" ? hash : query.dihedral![name], "hex"));
  if (hashes.length === 0) return [];
  return view
    .search(Buffer.concat(hashes), radius, nearTypes)
    .flatMap((hits, i) => hits.map(({ id, distance }) => ({ signal: id, distance, variant: variants[i]! })));
}

function exact(view: View, query: CheckQuery): Found[] {
  return exactTypes.flatMap((type) => {
    const value = query.digests?.[signalTypes[type] as "md5" | "sha1" | "sha256"];
    if (value === undefined) return [];
    return view.search(valueBytes(type, value), 0, [type])[0]!.map(({ id }) => ({ signal: id, distance: 0 }));
  });
}

/** The weaker of two. */
const weaker = (a: Action, b: Action): Action => (actions.indexOf(a) > actions.indexOf(b) ? a : b);

/** What a match asks for. */
function actionOf({ policy }: Bank, flooded: boolean, part: string | undefined): Action {
  const own = flooded ? weaker(policy.action, "review") : policy.action;
  return part === undefined ? own : weaker(own, policy.derived ?? "review");
}

/** Why the bank counts it, or undefined. */
function ruleOf(
  bank: Bank,
  entry: ViewedEntry,
  found: Found,
  quality: number | undefined,
  part: string | undefined,
  query: CheckedQuery,
  time: number,
): string | undefined {
  const { policy } = bank;
  if (!inShare(policy, uploadName(query))) return undefined;
  if (entry.disabledUntil !== null && entry.disabledUntil > time) return undefined;
  const label = policy.labels && entry.labels.map(labelName).find((name) => policy.labels!.includes(name));
  if (policy.labels !== undefined && label === undefined) return undefined;
  const labelled = label === undefined ? "" : `, label ${label}`;
  if (found.variant === undefined) return `the same bytes${labelled}`;
  if (found.distance > policy.radius || !policy.variants.includes(found.variant)) return undefined;
  if (query.quality < policy.minQuality || (quality !== undefined && quality < policy.minQuality)) return undefined;
  const of = part === undefined ? "" : `, derived hash ${part}`;
  return `distance ${found.distance} of at most ${policy.radius}, quality ${query.quality} of at least ${policy.minQuality}${of}${labelled}`;
}

/** Every entry that its bank counts, once. */
export function findMatches(view: View, query: CheckedQuery, time: number): DecisionMatch[] {
  const banks = view.banks();
  const best = new Map<number, DecisionMatch>();
  const entries = new Map<number, ViewedEntry | undefined>();
  for (const found of [...exact(view, query), ...near(view, query, banks.values())]) {
    const record = view.signal(found.signal);
    if (record === undefined) continue;
    const number = record.entry;
    if (!entries.has(number)) entries.set(number, view.entry(number));
    const entry = entries.get(number);
    const bank = entry && banks.get(entry.bank);
    if (entry === undefined || bank === undefined) continue;
    const part = view.part(record);
    const rule = ruleOf(bank, entry, found, record.quality, part, query, time);
    if (rule === undefined) continue;
    const match: DecisionMatch = {
      hash: valueText(record.type, record.value).slice(0, 8),
      type: signalTypes[record.type]!,
      kind: found.variant === undefined ? "exact" : "near",
      distance: found.distance,
      ...(found.variant !== undefined && { variant: found.variant }),
      ...(record.quality !== undefined && { quality: record.quality }),
      ...(part !== undefined && { derived: part }),
      bank: bank.name,
      negative: bank.negative,
      source: entry.source,
      ...(entry.key !== undefined && { entry: entry.key }),
      number,
      signal: found.signal,
      labels: entry.labels,
      action: actionOf(bank, entry.flooded, part),
      ...(entry.flooded && { flooded: true as const }),
      suppressed: false,
      rule,
    };
    const other = best.get(number);
    if (other === undefined || isBetter(match, other)) best.set(number, match);
  }
  return [...best.values()];
}

const rank = (variant: DihedralVariant | undefined): number =>
  variant === undefined ? -1 : dihedralVariants.indexOf(variant);

/** A part of a known false alarm may be in any picture, so that nothing is suppressed by it. */
const suppresses = ({ negative, derived }: DecisionMatch): boolean => negative && derived === undefined;

/**
 * The one that asks for more, so that derived hashes never make an entry ask for less; then the nearer. Of equally far
 * ones the exact, then the first variant, then the older signal.
 */
function isBetter(match: DecisionMatch, other: DecisionMatch): boolean {
  const by =
    Number(suppresses(other)) - Number(suppresses(match)) ||
    actions.indexOf(match.action) - actions.indexOf(other.action) ||
    match.distance - other.distance ||
    rank(match.variant) - rank(other.variant) ||
    match.signal - other.signal;
  return by < 0;
}

/** What the matches come to. */
export function settle(view: View, found: readonly DecisionMatch[], query: CheckedQuery, time: number): Decision {
  const sorted = [...found].sort((a, b) => a.distance - b.distance || a.number - b.number);
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
    reasons.push(`${match.bank}, ${match.source}, entry ${match.number}: ${match.rule}: ${action}`);
  }
  for (const match of matches.filter((one) => one.suppressed)) {
    reasons.push(
      `${match.bank}, entry ${match.number}: suppressed by ${negative!.bank}, entry ${negative!.number}, at distance ${negative!.distance}`,
    );
  }
  for (const match of counting.filter((one) => one.flooded === true)) {
    reasons.push(`${match.bank}, entry ${match.number}: has hit too many different uploads: review at most`);
  }
  for (const { name, policy } of view.banks().values()) {
    if (inShare(policy, uploadName(query))) continue;
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
    const said = view.suggestion(match.number) ?? saidBySource(view, match);
    if (said === undefined) continue;
    const { distance, variant, number } = match;
    const one = { ...said, distance, ...(variant !== undefined && { variant }), entry: number };
    if (found === undefined || rankOf(one) > rankOf(found)) found = one;
  }
  return found;
}

const rankOf = ({ kind, time = 0 }: Prequalification): number => (kind === "analyst" ? time + 1 : 0);

function saidBySource(view: View, { labels, source, number }: DecisionMatch): Suggestion | undefined {
  if (labels.length === 0) return undefined;
  const entry = view.entry(number);
  const time = entry && view.timeOf(entry.since);
  return { labels, kind: "source", by: source, ...(time !== undefined && { time }) };
}
