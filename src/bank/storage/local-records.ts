/**
 * The local records of entries, sealed. The bytes are among the texts, which a withdrawal zeroes, and a row says at
 * which revisions an entry had them. The row stays when the bytes are zeroed: an earlier decision can be replayed.
 */
import type { Database } from "./database.js";
import { activeStatus } from "./names.js";
import type { Texts } from "./texts.js";

/** A record that an active entry has now. */
export interface StoredLocal {
  entry: number;
  /** The revision that added it. */
  since: number;
  /** The address of its bytes. */
  text: number;
  /** Whether its entry is in a negative bank. */
  negative: boolean;
}

type Row = [entry: number, since: number, text: number, negative: number];
const current = `SELECT r.entry, r.since, r.text, b.negative FROM local_record r JOIN entry e ON e.id = r.entry
  JOIN source s ON s.id = e.source JOIN bank b ON b.id = s.bank
  WHERE r.until IS NULL AND e.status = ${activeStatus} AND r.entry BETWEEN ? AND ? ORDER BY r.entry LIMIT ?`;

/** Returns the records of active entries with numbers `first` … `last`, the first `most` of them. */
export function localRecords(database: Database, first: number, last: number, most: number): StoredLocal[] {
  return database
    .all<Row>(current, first, last, most)
    .map(([entry, since, text, negative]) => ({ entry, since, text, negative: negative === 1 }));
}

/** Returns whether an entry had the record of revision `since` at another revision. */
export function hadLocalRecord(database: Database, entry: number, since: number, revision: number): boolean {
  const sql = `SELECT 1 FROM local_record WHERE entry = ?1 AND since = ?2 AND since <= ?3
    AND (until IS NULL OR until > ?3)`;
  return database.get(sql, entry, since, revision) !== undefined;
}

/** Returns whether an entry has a record now. */
export const hasLocalRecord = (database: Database, entry: number): boolean =>
  database.get("SELECT 1 FROM local_record WHERE entry = ? AND until IS NULL", entry) !== undefined;

/** Returns whether any entry has a record. */
export const hasLocalRecords = (database: Database): boolean =>
  database.get("SELECT 1 FROM local_record WHERE until IS NULL LIMIT 1") !== undefined;

/** Returns how many entries have a record. */
export const countLocalRecords = (database: Database): number =>
  database.get<[number]>("SELECT count(*) FROM local_record WHERE until IS NULL")![0];

/** Adds a record to an entry that has none. Call it inside the transaction that makes the revision. */
export function addLocalRecord(
  database: Database,
  texts: Texts,
  { entry, revision, sealed }: { entry: number; revision: number; sealed: Buffer },
): void {
  database.run("INSERT INTO local_record VALUES (?, ?, NULL, ?)", entry, revision, texts.addBytes(sealed));
}

/**
 * Ends the records of entries at a revision and zeroes their bytes. Call it inside the transaction that makes the
 * revision, and flush the texts. Returns how many there were.
 */
export function endLocalRecords(
  database: Database,
  texts: Texts,
  { entries, revision }: { entries: readonly number[]; revision: number },
): number {
  const given = JSON.stringify(entries);
  const rows = database.all<[number]>(
    "SELECT text FROM local_record WHERE until IS NULL AND entry IN (SELECT value FROM json_each(?))",
    given,
  );
  if (rows.length === 0) return 0;
  for (const [text] of rows) texts.wipe(text);
  database.run(
    "UPDATE local_record SET until = ? WHERE until IS NULL AND entry IN (SELECT value FROM json_each(?))",
    revision,
    given,
  );
  return rows.length;
}
