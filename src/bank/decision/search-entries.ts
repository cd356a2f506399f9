/**
 * Searching the entries of a store without deciding: every active entry within the radius, whatever the policies say.
 */
import { checkOptions, checkSignal, invalidArgument } from "../../check.js";
import { BankError } from "../../errors.js";
import { orientationNames } from "../../hash/orientations.js";
import type { HashLike } from "../../hash/value.js";
import type { LocalEvidence } from "../../copies/local-evidence.js";
import type { FileDigests } from "../../image/input/digest.js";
import type { Label, SignalType } from "../../lists/entry.js";
import type { IndexMatch, Match } from "../../search/match.js";
import {
  checkQuery,
  checkQueryOptions,
  defaultQueryOptions,
  type Query,
  type QueryOptions,
  queryOptionNames,
} from "../../search/query.js";
import { exactTypes, signalTypes, valueBytes } from "../storage/signals.js";
import type { DecisionContext } from "./context.js";
import type { Snapshot, SnapshotEntry } from "./snapshot.js";

/**
 * An entry within the radius of a query, by its nearest signal. It is a lead for a person to look at, not a verdict.
 */
export interface BankMatch extends Match {
  bank: string;
  source: string;
  /** The source's id, where the source gave one. */
  entryId?: string;
  /** The store's number of the entry. */
  entryNumber: number;
  labels: Label[];
  /** The type of the nearest signal. A digest has the distance 0. */
  type: SignalType;
  /** The name of the crop, such as "centre-10", if the nearest signal is the hash of a crop. */
  crop?: string;
  /** What local points say, where `searchImage` found the entry by its local record. */
  local?: LocalEvidence;
}

/** The options of `BankStore.search`. */
export interface BankSearchOptions extends QueryOptions {
  /** The names of the banks to search. Default: all. */
  banks?: readonly string[];
  /** Ends the search. The promise then rejects with the signal's reason. */
  signal?: AbortSignal;
}

/** A signal that was found: its number is the `id`. */
export type FoundSignal = Omit<IndexMatch, "crop">;

/** Returns the numbers of the named banks, or undefined for all. @throws {InvalidArgumentError} @throws {BankError} */
export function bankNumbers(snapshot: Snapshot, names: unknown): Set<number> | undefined {
  if (names === undefined) return undefined;
  if (!Array.isArray(names)) throw invalidArgument("banks", "array of names", names);
  const numbers = new Map([...snapshot.banks()].map(([number, { name }]) => [name, number]));
  return new Set(
    names.map((name) => {
      const number = numbers.get(name as string);
      if (number === undefined) throw new BankError("ERR_EMPREINTE_UNKNOWN_NAME", `There is no bank ${String(name)}`);
      return number;
    }),
  );
}

/** Searches the digests of a file. @throws {InvalidHashError} */
export function searchDigests(snapshot: Snapshot, digests: FileDigests | undefined): FoundSignal[] {
  return exactTypes.flatMap((type) => {
    const value = digests?.[signalTypes[type] as keyof FileDigests];
    if (value === undefined) return [];
    return snapshot.search(valueBytes(type, value), 0, [type])[0]!;
  });
}

/** Returns whether a search of these banks returns an entry. */
export function isSearched(entry: SnapshotEntry, banks: ReadonlySet<number> | undefined, time: number): boolean {
  return (
    (banks === undefined || banks.has(entry.bank)) && (entry.disabledUntil === null || entry.disabledUntil <= time)
  );
}

/** Sorts matches before reviews. */
const tierOf = ({ tier }: Pick<Match, "tier">): number => (tier === "review" ? 1 : 0);

/**
 * Returns the entries of the signals that were found, each once, by its nearest signal: matches before reviews, then by
 * distance, then by entry. Of equally near signals the first one counts.
 */
export function entryMatches(
  snapshot: Snapshot,
  found: readonly FoundSignal[],
  banks: ReadonlySet<number> | undefined,
): BankMatch[] {
  const now = Date.now();
  const best = new Map<number, BankMatch>();
  for (const { id, ...match } of found) {
    const record = snapshot.signal(id);
    if (record === undefined) continue;
    const other = best.get(record.entry);
    if (other !== undefined && (tierOf(other) - tierOf(match) || other.distance - match.distance) <= 0) continue;
    const entry = snapshot.entry(record.entry);
    if (entry === undefined || !isSearched(entry, banks, now)) continue;
    const crop = snapshot.cropName(record);
    best.set(record.entry, {
      ...match,
      bank: snapshot.banks().get(entry.bank)!.name,
      source: entry.source,
      ...(entry.entryId !== undefined && { entryId: entry.entryId }),
      entryNumber: record.entry,
      labels: entry.labels,
      type: signalTypes[record.type]!,
      ...(crop !== undefined && { crop }),
    });
  }
  return [...best.values()].sort(
    (a, b) => tierOf(a) - tierOf(b) || a.distance - b.distance || a.entryNumber - b.entryNumber,
  );
}

/** Searches a hash, or the hashes of all orientations, on another thread. */
export async function searchHashes(
  context: DecisionContext,
  hashes: Uint8Array,
  options: { radius: number; signal?: AbortSignal },
): Promise<FoundSignal[]> {
  if (hashes.length === 0) return [];
  const found = await context.index.searchMany(hashes, options);
  return found.flatMap((matches, i) => {
    const orientation = orientationNames[i]!;
    return matches.map(({ id, distance }): FoundSignal => ({ id, distance, orientation }));
  });
}

/** Searches for a hash or a query. See `BankStore.search`. */
export async function searchEntries(
  context: DecisionContext,
  query: HashLike | Query,
  options: BankSearchOptions | undefined,
): Promise<BankMatch[]> {
  const { banks, signal: given, ...rest } = checkOptions(options, [...queryOptionNames, "banks", "signal"]);
  const checked = checkQueryOptions(rest, defaultQueryOptions.radius);
  const { hashes, digests } = checkQuery(query, checked);
  const signal = checkSignal(given);
  // Reading brings the index up to date with what other processes have changed.
  const numbers = context.read((snapshot) => bankNumbers(snapshot, banks));
  const near = await searchHashes(context, hashes, { radius: checked.radius, ...(signal && { signal }) });
  if (near.length === 0 && digests === undefined) return [];
  return context.read((snapshot) => entryMatches(snapshot, [...searchDigests(snapshot, digests), ...near], numbers));
}
