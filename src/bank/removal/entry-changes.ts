/** What an operator changes of one entry. Each in a transaction. */
import { keepVersion } from "../import/apply.js";
import type { Audit } from "../inspect/audit.js";
import type { Database } from "../storage/database.js";
import { tombstoneDigest } from "../storage/hmac.js";
import { heldFlag, Pages, readRecord, writeRecord } from "../storage/pages.js";
import { timeOf } from "../import/records.js";
import { counter, nextRevision, setCounter } from "../storage/schema.js";
import { entryId, type EntryName, type EntryNumber, findEntry } from "./selection.js";
import { activeStatus, heldStatus, logChange, logEnded, withdrawnStatus } from "../storage/names.js";

type Digest = (text: string) => string;

/** A released signal is a new one: what was quarantined at a revision stays so. */
export function releaseEntry(database: Database, name: EntryName | EntryNumber, digest: Digest, audit: Audit): boolean {
  const id = entryId(database, name, digest);
  if (id === undefined) return false;
  const sql = `SELECT first, count FROM entry WHERE id = ? AND status = ${heldStatus}`;
  const row = database.get<[number, number]>(sql, id);
  if (row === undefined) return calm(database, id, audit);
  const revision = nextRevision(database);
  keepVersion(database, id, revision);
  const [first, count] = row;
  const next = counter(database, "signals");
  const pages = new Pages(database, next);
  const old = Array.from({ length: count }, (_, i) => first + i);
  for (const signal of old) {
    const record = readRecord(pages.at(signal));
    writeRecord(pages.edit(next + signal - first), { ...record, from: revision, flags: record.flags & ~heldFlag });
    pages.edit(signal).writeUInt32LE(revision, 40);
  }
  pages.flush();
  setCounter(database, "signals", next + count);
  logEnded(database, revision, old);
  database.run(
    `UPDATE entry SET status = ${activeStatus}, reason = NULL, first = ?, since = ? WHERE id = ?`,
    next,
    revision,
    id,
  );
  logChange(database, revision, "released", [id]);
  audit("release", { entry: id, from: "quarantine" });
  return true;
}

/** A flooded entry counts as before. */
function calm(database: Database, id: number, audit: Audit): boolean {
  if (database.get("SELECT 1 FROM entry WHERE id = ? AND flooded = 1", id) === undefined) return false;
  const revision = nextRevision(database);
  keepVersion(database, id, revision);
  database.run("UPDATE entry SET flooded = 0, reason = NULL, since = ? WHERE id = ?", revision, id);
  logChange(database, revision, "released", [id]);
  audit("release", { entry: id, from: "flood" });
  return true;
}

export function disableEntry(
  database: Database,
  name: EntryName | EntryNumber,
  until: Date | number | string | null,
  digest: Digest,
  audit: Audit,
): boolean {
  const time = until === null ? null : timeOf("until", until);
  const id = entryId(database, name, digest);
  const sql = `SELECT 1 FROM entry WHERE id = ? AND status <> ${withdrawnStatus}`;
  if (id === undefined || database.get(sql, id) === undefined) return false;
  const revision = nextRevision(database);
  keepVersion(database, id, revision);
  database.run("UPDATE entry SET disabled = ?, since = ? WHERE id = ?", time, revision, id);
  logChange(database, revision, "disabled", [id]);
  audit("disable", { entry: id, until: time === null ? null : new Date(time) });
  return true;
}

export function liftTombstone(database: Database, name: EntryName, digest: Digest, audit: Audit): boolean {
  const { source, key, id } = findEntry(database, name, digest);
  const stone = Buffer.from(tombstoneDigest(digest, source, key), "hex");
  if (database.run("DELETE FROM tombstone WHERE source = ? AND digest = ?", source, stone) === 0) return false;
  audit("lift", { bank: name.bank, source: name.source, ...(id !== undefined && { entry: id }) });
  return true;
}
