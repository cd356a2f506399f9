/** Which entries a call means. */
import { integer } from "../../check.js";
import { InvalidArgumentError } from "../../errors.js";
import { hashToBytes, type HashLike } from "../../hash/value.js";
import { entryKey } from "../import/records.js";
import type { LiveIndex } from "../index/live-index.js";
import type { SignalType } from "../../lists/entry.js";
import type { Database } from "../storage/database.js";
import { caseDigest, entryDigest, type KeyedDigest } from "../storage/keyed-digest.js";
import { quarantinedStatus, sourceRow, type SourceName } from "../storage/names.js";
import { checkRun, pageRecords, Pages, readRecord, recordBytes, recordsFrom, wipedFlag } from "../storage/pages.js";
import { counter } from "../storage/schema.js";
import { typeNumber, valueBytes } from "../storage/signals.js";

/** Names one entry of a source by the source's own id. */
export interface EntryName extends SourceName {
  entryId: string;
}

/** Names one entry by the store's number, which matches and `EntryInfo` have. It also names entries without an id. */
export interface EntryNumber {
  entryNumber: number;
}

/**
 * Selects what to withdraw or erase: one entry, all entries of a source, all entries with a case, or every entry that
 * has or ever had a hash. By hash the whole entry is removed, because its other hashes are of the same content.
 */
export type Selection = EntryName | EntryNumber | SourceName | { case: string } | { hash: HashLike; type?: SignalType };

const forms = "{bank, source, entryId}, {entryNumber}, {bank, source}, {case} or {hash, type}";

/** Refuses anything but one of the forms. A misspelt `entryId` would otherwise select the whole source. */
export function checkSelection(selection: Selection): void {
  if (typeof selection === "object" && selection !== null) {
    const keys = Object.keys(selection).sort().join(" ");
    if (["bank entryId source", "entryNumber", "bank source", "case", "hash", "hash type"].includes(keys)) return;
  }
  throw new InvalidArgumentError(`Expected ${forms} for selection`);
}

/** Returns the source of an entry, the digest of its id, and its number where the source has or had it. */
export function findEntry(
  database: Database,
  name: EntryName,
  digest: KeyedDigest,
): { source: number; key: Buffer; id: number | undefined } {
  const { id: source } = sourceRow(database, name);
  const key = Buffer.from(entryDigest(digest, source, entryKey(name.entryId, digest)), "hex");
  const [id] =
    database.get<[number]>("SELECT id FROM entry WHERE source = ? AND digest = ?", source, key) ??
    database.get<[number | null]>("SELECT entry FROM tombstone WHERE source = ? AND digest = ?", source, key) ??
    [];
  return { source, key, id: id ?? undefined };
}

/** Returns the number of an entry that the store has or had, or undefined if it never had it or has erased it. */
export function numberOfEntry(
  database: Database,
  name: EntryName | EntryNumber,
  digest: KeyedDigest,
): number | undefined {
  if (!("entryNumber" in name)) return findEntry(database, name, digest).id;
  const number = integer("entryNumber", name.entryNumber, 1, Number.MAX_SAFE_INTEGER);
  return database.get<[number]>("SELECT id FROM entry WHERE id = ?", number)?.[0];
}

/** Returns the numbers of the selected entries, including withdrawn ones. Call it inside a transaction. */
export function selectEntries(
  database: Database,
  selection: Selection,
  digest: KeyedDigest,
  live: LiveIndex,
): number[] {
  if ("case" in selection) {
    if (typeof selection.case !== "string") throw new InvalidArgumentError("Expected text for case");
    const key = Buffer.from(caseDigest(digest, selection.case), "hex");
    return database.all<[number]>("SELECT entry FROM entry_case WHERE digest = ?", key).flat();
  }
  if ("hash" in selection) {
    const { hash, type } = selection;
    const value = type === undefined ? Buffer.from(hashToBytes(hash)) : valueBytes(typeNumber(type), hash);
    return entriesWithValue(database, live, value);
  }
  if ("entryId" in selection || "entryNumber" in selection) {
    const id = numberOfEntry(database, selection, digest);
    return id === undefined ? [] : [id];
  }
  return database.all<[number]>("SELECT id FROM entry WHERE source = ?", sourceRow(database, selection).id).flat();
}

/** The runs of signals of which some may be in no index: of quarantined entries, of videos, and of earlier versions. */
const runsOutside = `SELECT first, count FROM entry WHERE status = ${quarantinedStatus} AND count > 0
  UNION ALL SELECT first, count FROM entry WHERE times IS NOT NULL AND count > 0
  UNION ALL SELECT first, count FROM entry_history WHERE count > 0 LIMIT ?`;

/**
 * Returns the entries that have or ever had a value. The index has the signals that may match. The records of the
 * others are read, or all records where that is less work.
 */
function entriesWithValue(database: Database, live: LiveIndex, value: Buffer): number[] {
  const found = new Set<number>();
  const end = counter(database, "signals");
  const pages = new Pages(database, end);
  for (const id of live.signalsWith(value)) found.add(readRecord(pages.at(id)).entry);
  const most = Math.ceil(end / pageRecords / 2);
  const runs = database.all<[number, number]>(runsOutside, most + 1);
  for (const [first, count] of runs.length > most ? [[0, end] as const] : runs) {
    checkRun(database, first, count, end);
    for (const { bytes } of recordsFrom(database, first, first + count)) addEntriesWith(found, bytes, value);
  }
  return [...found];
}

/** Adds the entries of those records that have a value. */
function addEntriesWith(found: Set<number>, records: Buffer, value: Buffer): void {
  for (let at = records.indexOf(value); at >= 0; at = records.indexOf(value, at + 1)) {
    if (at % recordBytes !== 0) continue;
    const record = readRecord(records.subarray(at, at + recordBytes));
    if ((record.flags & wipedFlag) === 0) found.add(record.entry);
  }
}
