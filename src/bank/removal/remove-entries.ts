/** Removing entries: their values become zeros, and a tombstone keeps them out. */
import { logChange, logRemovedSignals } from "../storage/change-log.js";
import type { Database } from "../storage/database.js";
import { type KeyedDigest, tombstoneDigest } from "../storage/hmac.js";
import { withdrawnStatus } from "../storage/names.js";
import { checkRun, Pages, readRecord, wipedFlag, writeRecord } from "../storage/pages.js";
import { counter } from "../storage/schema.js";

/** `"withdrawn"` keeps what the source said about an entry. `"erased"` keeps nothing but the tombstone. */
export type RemovalKind = "withdrawn" | "erased";

export interface RemovalOptions {
  kind: RemovalKind;
  /** Whether the source can never bring the entry back. */
  final: boolean;
  digest: KeyedDigest;
}

/** How much was removed. Entries that had been withdrawn before do not count again. */
export interface RemovedCounts {
  entries: number;
  signals: number;
}

const noValue = Buffer.alloc(32);

/** Removes entries at a revision. Call it inside the transaction that makes the revision. */
export function removeEntries(
  database: Database,
  revision: number,
  entries: readonly { entry: number; time: number | null }[],
  { kind, final, digest }: RemovalOptions,
): RemovedCounts {
  choose(database, entries);
  // An entry that was withdrawn before has a tombstone, but the source may be able to lift it.
  if (final) {
    database.run("UPDATE tombstone SET final = 1 WHERE final = 0 AND entry IN (SELECT entry FROM temp.chosen)");
  }
  const removedBefore = kind === "withdrawn" ? `status = ${withdrawnStatus}` : "0";
  database.run(
    `DELETE FROM temp.chosen WHERE NOT EXISTS (SELECT 1 FROM entry WHERE id = chosen.entry)
     OR EXISTS (SELECT 1 FROM entry WHERE id = chosen.entry AND ${removedBefore})`,
  );
  const wiped = wipeSignals(database, revision);
  addTombstones(database, revision, final, digest);
  if (kind === "erased") deleteRows(database);
  else markWithdrawn(database, revision);
  const ids = database.all<[number]>("SELECT entry FROM temp.chosen ORDER BY entry").flat();
  logChange(database, revision, kind, ids);
  return { entries: ids.length, signals: wiped };
}

/** Puts the entries into the table `temp.chosen`, which the following steps read. */
function choose(database: Database, entries: readonly { entry: number; time: number | null }[]): void {
  database.exec("CREATE TEMP TABLE IF NOT EXISTS chosen (entry INTEGER PRIMARY KEY, time INTEGER)");
  database.run("DELETE FROM temp.chosen");
  const pairs = JSON.stringify(entries.map(({ entry, time }) => [entry, time]));
  database.run("INSERT INTO temp.chosen SELECT value ->> 0, value ->> 1 FROM json_each(?)", pairs);
}

/** Zeroes the values of the chosen entries, also those of earlier versions. Answers how many it zeroed. */
function wipeSignals(database: Database, revision: number): number {
  const spans = database.all<[number, number]>(
    `SELECT first, count FROM entry WHERE id IN (SELECT entry FROM temp.chosen)
     UNION SELECT first, count FROM entry_history WHERE entry IN (SELECT entry FROM temp.chosen) ORDER BY first`,
  );
  const end = counter(database, "signals");
  const pages = new Pages(database, end);
  const removed: number[] = [];
  let wiped = 0;
  for (const [first, count] of spans) {
    checkRun(database, first, count, end);
    for (let id = first; id < first + count; id++) {
      const signal = readRecord(pages.at(id));
      if ((signal.flags & wipedFlag) !== 0) continue;
      if (signal.to === 0) removed.push(id);
      const to = signal.to === 0 ? revision : signal.to;
      writeRecord(pages.edit(id), { ...signal, value: noValue, to, flags: signal.flags | wipedFlag });
      wiped++;
    }
  }
  pages.flush();
  logRemovedSignals(database, revision, removed);
  return wiped;
}

function addTombstones(database: Database, revision: number, final: boolean, digest: KeyedDigest): void {
  const rows = database.all<[number, number, string, number | null]>(
    `SELECT e.id, e.source, e.key, c.time FROM temp.chosen c CROSS JOIN entry e
     WHERE e.id = c.entry AND e.key IS NOT NULL`,
  );
  const tombstones = rows.map(([id, source, key, time]) => [source, tombstoneDigest(digest, source, key), id, time]);
  database.run(
    `INSERT OR REPLACE INTO tombstone
     SELECT value ->> 0, unhex(value ->> 1), value ->> 2, ?, value ->> 3, ? FROM json_each(?)`,
    final ? 1 : 0,
    revision,
    JSON.stringify(tombstones),
  );
}

function deleteRows(database: Database): void {
  for (const [table, column] of [
    ["entry", "id"],
    ["entry_history", "entry"],
    ["entry_case", "entry"],
    ["qualification", "entry"],
  ]) {
    database.run(`DELETE FROM ${table} WHERE ${column} IN (SELECT entry FROM temp.chosen)`);
  }
}

function markWithdrawn(database: Database, revision: number): void {
  database.run(
    `INSERT OR IGNORE INTO entry_history SELECT id, since, ?, status, labels, first, count, disabled, flooded
     FROM entry WHERE id IN (SELECT entry FROM temp.chosen) AND since < ?`,
    revision,
    revision,
  );
  database.run(
    `UPDATE entry SET status = ${withdrawnStatus}, key = NULL, reason = NULL, flooded = 0, since = ?
     WHERE id IN (SELECT entry FROM temp.chosen)`,
    revision,
  );
}
