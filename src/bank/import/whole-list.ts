/**
 * Whole lists. A source without deltas sends its full list. Listed ids are stored as keyed digests, in the transactions
 * of the import. Entries that are not listed are withdrawn in the transaction that completes the list. Until then every
 * entry of the source keeps matching.
 */
import { invalidateIndexFile } from "../index/index-file.js";
import { type RemovedCounts, removeEntries } from "../removal/remove-entries.js";
import { BankError, printable } from "../../errors.js";
import type { Database } from "../storage/database.js";
import { withdrawnStatus } from "../storage/names.js";
import { nextRevision } from "../storage/schema.js";

/** The time in the tombstone of an entry that a whole list lacks. No record has this time or an earlier one. */
export const unlistedTime = -1;

/** A list that has every entry of its source, given in one import or in several. */
export interface WholeList {
  /** Names the list. Imports with the same id continue it, also in another process. Another id starts a new list. */
  id: string;
  /**
   * Whether these are the list's first entries, also where its beginning is given again: what the list named before is
   * then forgotten. If they are not the first, the store must know the list: otherwise it would withdraw the first
   * entries. A store that was copied or restored meanwhile does not know it.
   */
  first: boolean;
  /**
   * Whether the list is complete. It is called in the transaction of the import's last batch. When it returns true, the
   * source's entries that the list did not name are withdrawn in that transaction. Any later record of the source
   * brings them back. When it throws, the last batch is not kept, and the import rejects with that error.
   * @param unlisted counts what would be withdrawn.
   */
  complete: (unlisted: () => UnlistedEntries) => boolean;
}

/** What a whole list would withdraw, so that a list which is much shorter than before can be refused. */
export interface UnlistedEntries {
  /** How many entries the list did not name. */
  entries: number;
  /** How many entries the source has, without those that are withdrawn. */
  of: number;
}

/**
 * Begins a whole list, or continues it. Call it inside a transaction. @throws {BankError} `ERR_EMPREINTE_UNKNOWN_NAME`
 */
export function beginWholeList(database: Database, source: number, { id, first }: WholeList): void {
  const [before] = database.get<[string | null]>("SELECT whole_list FROM source WHERE id = ?", source)!;
  if (!first && before === id) return;
  if (!first)
    throw new BankError("ERR_EMPREINTE_UNKNOWN_NAME", `The store has not begun the whole list ${printable(id)}`);
  database.run("DELETE FROM listed WHERE source = ?", source);
  database.run("UPDATE source SET whole_list = ? WHERE id = ?", id, source);
}

/**
 * Forgets a whole list that is not complete, because the source gives entries outside of it: nobody would name these,
 * and they would end with the list. Call it inside a transaction.
 */
export function forgetWholeList(database: Database, source: number): void {
  const [before] = database.get<[string | null]>("SELECT whole_list FROM source WHERE id = ?", source)!;
  if (before !== null) endList(database, source);
}

function endList(database: Database, source: number): void {
  database.run("DELETE FROM listed WHERE source = ?", source);
  database.run("UPDATE source SET whole_list = NULL WHERE id = ?", source);
}

/** Remembers that the list names these entries. Call it inside the transaction that takes them. */
export function markListed(database: Database, source: number, digests: readonly string[]): void {
  if (digests.length === 0) return;
  const sql = "INSERT OR IGNORE INTO listed SELECT ?, unhex(value) FROM json_each(?)";
  database.run(sql, source, JSON.stringify(digests));
}

/**
 * If the list is complete, withdraws the entries that it did not name, and forgets the list. Call it inside a
 * transaction.
 */
export function completeWholeList(database: Database, source: number, { complete }: WholeList): RemovedCounts {
  const live = `FROM entry e WHERE source = ?1 AND status <> ${withdrawnStatus} AND digest IS NOT NULL`;
  const unlisted = `${live} AND NOT EXISTS (SELECT 1 FROM listed WHERE source = ?1 AND digest = e.digest)`;
  const count = (rows: string): number => database.get<[number]>(`SELECT count(*) ${rows}`, source)![0];
  if (!complete(() => ({ entries: count(unlisted), of: count(live) }))) return { entries: 0, signals: 0 };
  const gone = database.all<[number]>(`SELECT id ${unlisted}`, source);
  endList(database, source);
  if (gone.length === 0) return { entries: 0, signals: 0 };
  invalidateIndexFile(database);
  const entries = gone.map(([entry]) => ({ entry, time: unlistedTime }));
  return removeEntries(database, nextRevision(database), entries, { kind: "withdrawn", final: false });
}
