import { integer } from "../../check.js";
import { InvalidArgumentError } from "../../errors.js";
import { hashToBytes, type HashLike } from "../../hash/value.js";
import type { Database } from "../storage/database.js";
import { tombstoneDigest } from "../storage/hmac.js";
import { readRecord, recordBytes, recordsFrom } from "../storage/pages.js";
import { keyOf } from "../import/records.js";
import { counter } from "../storage/schema.js";
import { type SignalType, typeNumber, valueBytes } from "../storage/signals.js";
import { sourceRow, type SourceName } from "../storage/names.js";

/** One entry of a source, by the source's own id. */
export interface EntryName extends SourceName {
  entryId: string;
}

/** One entry by the store's own number, as `EntryInfo` and matches have it: for those whose source gave no id. */
export interface EntryNumber {
  entryNumber: number;
}

/**
 * What to withdraw or erase: one entry, all of a source, all with a case, or every entry that has a hash now or had it in
 * an earlier version. The last ends the whole entry: its other hashes are of the same content.
 */
export type Selection = EntryName | EntryNumber | SourceName | { case: string } | { hash: HashLike; type?: SignalType };

const forms = "{bank, source, entryId}, {entryNumber}, {bank, source}, {case} or {hash, type}";

export function checkSelection(selection: Selection): void {
  if (typeof selection === "object" && selection !== null) {
    const keys = Object.keys(selection).sort().join(" ");
    if (["bank entryId source", "entryNumber", "bank source", "case", "hash", "hash type"].includes(keys)) return;
  }
  // Otherwise a misspelt `entryId` would mean the whole source.
  throw new InvalidArgumentError(`Expected ${forms} for selection`);
}

/** The number of an entry that a source has or had. */
export function findEntry(
  database: Database,
  name: EntryName,
  digest: (text: string) => string,
): { source: number; key: string; id: number | undefined } {
  const { id: source } = sourceRow(database, name);
  const key = keyOf(name.entryId, digest);
  const here = database.get<[number]>("SELECT id FROM entry WHERE source = ? AND key = ?", source, key);
  if (here !== undefined) return { source, key, id: here[0] };
  const stone = Buffer.from(tombstoneDigest(digest, source, key), "hex");
  const sql = "SELECT entry FROM tombstone WHERE source = ? AND digest = ?";
  return { source, key, id: database.get<[number | null]>(sql, source, stone)?.[0] ?? undefined };
}

/** The number of an entry that the store has or had; undefined for one it never had or has erased. */
export function entryId(
  database: Database,
  name: EntryName | EntryNumber,
  digest: (text: string) => string,
): number | undefined {
  if (!("entryNumber" in name)) return findEntry(database, name, digest).id;
  const number = integer("entryNumber", name.entryNumber, 1, Number.MAX_SAFE_INTEGER);
  return database.get<[number]>("SELECT id FROM entry WHERE id = ?", number)?.[0];
}

/** The numbers of the entries that are meant, withdrawn ones among them. Inside a transaction. */
export function selectEntries(database: Database, selection: Selection, digest: (text: string) => string): number[] {
  if ("case" in selection) {
    if (typeof selection.case !== "string") throw new InvalidArgumentError("Expected text for case");
    return database.all<[number]>("SELECT entry FROM entry_case WHERE name = ?", selection.case).flat();
  }
  if ("hash" in selection) {
    const { hash, type } = selection;
    return entriesWith(
      database,
      type === undefined ? Buffer.from(hashToBytes(hash)) : valueBytes(typeNumber(type), hash),
    );
  }
  if ("entryId" in selection || "entryNumber" in selection) {
    const id = entryId(database, selection, digest);
    return id === undefined ? [] : [id];
  }
  return database.all<[number]>("SELECT id FROM entry WHERE source = ?", sourceRow(database, selection).id).flat();
}

/** By all records, not by the index: that has neither quarantined signals nor those of earlier versions. */
function entriesWith(database: Database, value: Buffer): number[] {
  const found = new Set<number>();
  for (const { bytes } of recordsFrom(database, 0, counter(database, "signals"))) {
    for (let at = bytes.indexOf(value); at >= 0; at = bytes.indexOf(value, at + 1)) {
      if (at % recordBytes === 0) found.add(readRecord(bytes.subarray(at, at + recordBytes)).entry);
    }
  }
  return [...found];
}
