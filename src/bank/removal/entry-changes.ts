/** What an operator changes about one entry. Call each of these inside a transaction. */
import { parseTime } from "../import/records.js";
import type { Audit } from "../inspect/audit.js";
import { logChange, logRemovedSignals } from "../storage/change-log.js";
import type { Database } from "../storage/database.js";
import { keepEntryVersion } from "../storage/entry-history.js";
import type { KeyedDigest } from "../storage/keyed-digest.js";
import { activeStatus, quarantinedStatus, withdrawnStatus } from "../storage/names.js";
import { checkRun, Pages, quarantinedFlag, readRecord, writeRecord } from "../storage/pages.js";
import { counter, nextRevision, setCounter } from "../storage/schema.js";
import { type EntryName, type EntryNumber, findEntry, numberOfEntry } from "./selection.js";

/**
 * Releases an entry that is quarantined or flooded. A released signal gets a new record, so that the store still knows
 * until when it was quarantined. Returns false for an entry that was neither.
 */
export function releaseEntry(
  database: Database,
  name: EntryName | EntryNumber,
  digest: KeyedDigest,
  audit: Audit,
): boolean {
  const id = numberOfEntry(database, name, digest);
  if (id === undefined) return false;
  const sql = `SELECT first, count FROM entry WHERE id = ? AND status = ${quarantinedStatus}`;
  const row = database.get<[number, number]>(sql, id);
  if (row === undefined) return releaseFlooded(database, id, audit);
  const revision = nextRevision(database);
  keepEntryVersion(database, id, revision);
  const [first, count] = row;
  const next = counter(database, "signals");
  checkRun(database, first, count, next);
  const pages = new Pages(database, next);
  const old = Array.from({ length: count }, (_, i) => first + i);
  for (const signal of old) {
    const record = readRecord(pages.at(signal));
    const flags = record.flags & ~quarantinedFlag;
    writeRecord(pages.edit(next + signal - first), { ...record, from: revision, flags });
    pages.edit(signal).writeUInt32LE(revision, 40);
  }
  pages.flush();
  setCounter(database, "signals", next + count);
  logRemovedSignals(database, revision, old);
  database.run(
    `UPDATE entry SET status = ${activeStatus}, reason = NULL, first = ?, since = ? WHERE id = ?`,
    next,
    revision,
    id,
  );
  logChange(database, revision, "released", [id]);
  audit("release", { entryNumber: id, from: "quarantine" });
  return true;
}

/** Lets a flooded entry count as before. */
function releaseFlooded(database: Database, id: number, audit: Audit): boolean {
  if (database.get("SELECT 1 FROM entry WHERE id = ? AND flooded = 1", id) === undefined) return false;
  const revision = nextRevision(database);
  keepEntryVersion(database, id, revision);
  database.run("UPDATE entry SET flooded = 0, reason = NULL, since = ? WHERE id = ?", revision, id);
  logChange(database, revision, "released", [id]);
  audit("release", { entryNumber: id, from: "flood" });
  return true;
}

/**
 * Lets an entry match only after `until`, or at once for null. Returns false for an entry that the store does not have.
 */
export function disableEntry(
  database: Database,
  name: EntryName | EntryNumber,
  until: Date | number | string | null,
  digest: KeyedDigest,
  audit: Audit,
): boolean {
  const time = until === null ? null : parseTime("until", until);
  const id = numberOfEntry(database, name, digest);
  const sql = `SELECT 1 FROM entry WHERE id = ? AND status <> ${withdrawnStatus}`;
  if (id === undefined || database.get(sql, id) === undefined) return false;
  const revision = nextRevision(database);
  keepEntryVersion(database, id, revision);
  database.run("UPDATE entry SET disabled = ?, since = ? WHERE id = ?", time, revision, id);
  logChange(database, revision, "disabled", [id]);
  audit("disable", { entryNumber: id, until: time === null ? null : new Date(time) });
  return true;
}

/** Deletes the tombstone of an entry, so that its source may add it again. Returns false if there was none. */
export function liftTombstone(database: Database, name: EntryName, digest: KeyedDigest, audit: Audit): boolean {
  const { source, key, id } = findEntry(database, name, digest);
  if (database.run("DELETE FROM tombstone WHERE source = ? AND digest = ?", source, key) === 0) return false;
  audit("lift", { bank: name.bank, source: name.source, ...(id !== undefined && { entryNumber: id }) });
  return true;
}
