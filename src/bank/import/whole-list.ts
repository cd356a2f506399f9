/**
 * Whole lists. A source that cannot say what changed gives all that it has. What it names is remembered by keyed digests, in
 * the transactions of the import, and what it did not name ends in the transaction that completes the list. Until then
 * everything that the source had keeps matching.
 */
import { invalidateIndexFile } from "../index/index-file.js";
import { type RemovedCounts, removeEntries } from "../removal/remove-entries.js";
import type { Database } from "../storage/database.js";
import { withdrawnStatus } from "../storage/names.js";
import { nextRevision } from "../storage/schema.js";

/** A list that has every entry of its source, given in one import or in several. */
export interface WholeList {
  /** Names the list. Imports with the same id continue it, also in another process. Another id begins anew. */
  id: string;
  /**
   * Whether the list is complete. It is called in the transaction of the import's last batch. When it answers true, the
   * source's entries that the list did not name are withdrawn in that transaction. The source may bring them back with any
   * record that has a time.
   */
  complete: () => boolean;
}

/** Begins a whole list, or continues the one with this id. Call it inside a transaction. */
export function beginWholeList(database: Database, source: number, id: string): void {
  const [before] = database.get<[string | null]>("SELECT whole_list FROM source WHERE id = ?", source)!;
  if (before === id) return;
  database.run("DELETE FROM listed WHERE source = ?", source);
  database.run("UPDATE source SET whole_list = ? WHERE id = ?", id, source);
}

/** Remembers that the list names these entries. Call it inside the transaction that takes them. */
export function markListed(database: Database, source: number, digests: readonly string[]): void {
  if (digests.length === 0) return;
  const sql = "INSERT OR IGNORE INTO listed SELECT ?, unhex(value) FROM json_each(?)";
  database.run(sql, source, JSON.stringify(digests));
}

/** Withdraws the entries that the list did not name, and forgets the list. Call it inside a transaction. */
export function completeWholeList(database: Database, source: number): RemovedCounts {
  const gone = database.all<[number]>(
    `SELECT id FROM entry e WHERE source = ?1 AND status <> ${withdrawnStatus} AND digest IS NOT NULL
     AND NOT EXISTS (SELECT 1 FROM listed WHERE source = ?1 AND digest = e.digest)`,
    source,
  );
  database.run("DELETE FROM listed WHERE source = ?", source);
  database.run("UPDATE source SET whole_list = NULL WHERE id = ?", source);
  if (gone.length === 0) return { entries: 0, signals: 0 };
  invalidateIndexFile(database);
  // The beginning of time: every record that has a time is newer.
  const entries = gone.map(([entry]) => ({ entry, time: -1 }));
  return removeEntries(database, nextRevision(database), entries, { kind: "withdrawn", final: false });
}
