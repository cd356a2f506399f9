/** Removing entries: their values become zeros, and a tombstone keeps them out. */
import { logChange, logRemovedSignals } from "../storage/change-log.js";
import type { Database } from "../storage/database.js";
import { endLocalRecords } from "../storage/local-records.js";
import { withdrawnStatus } from "../storage/names.js";
import { checkRun, Pages, readRecord, wipedFlag, writeRecord } from "../storage/pages.js";
import { counter } from "../storage/schema.js";
import { Texts } from "../storage/texts.js";

/** `"withdrawn"` keeps what the source said about an entry. `"erased"` keeps nothing but the tombstone. */
export type RemovalKind = "withdrawn" | "erased";

export interface RemovalOptions {
  kind: RemovalKind;
  /** Whether the source can never bring the entry back. */
  final: boolean;
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
  { kind, final }: RemovalOptions,
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
  addTombstones(database, revision, final);
  const texts = new Texts(database);
  wipeAll(
    texts,
    database.all("SELECT text FROM entry WHERE id IN (SELECT entry FROM temp.chosen) AND text IS NOT NULL"),
  );
  wipeAll(
    texts,
    database.all(
      `SELECT times FROM entry WHERE id IN (SELECT entry FROM temp.chosen) AND times IS NOT NULL
       UNION SELECT times FROM entry_history WHERE entry IN (SELECT entry FROM temp.chosen) AND times IS NOT NULL`,
    ),
  );
  const chosen = database.all<[number]>("SELECT entry FROM temp.chosen ORDER BY entry").flat();
  endLocalRecords(database, texts, { entries: chosen, revision });
  if (kind === "erased") deleteRows(database, texts);
  else markWithdrawn(database, revision);
  texts.flush();
  logChange(database, revision, kind, chosen);
  return { entries: chosen.length, signals: wiped };
}

/** Puts the entries into the table `temp.chosen`, which the following steps read. */
function choose(database: Database, entries: readonly { entry: number; time: number | null }[]): void {
  database.exec("CREATE TEMP TABLE IF NOT EXISTS chosen (entry INTEGER PRIMARY KEY, time INTEGER)");
  database.run("DELETE FROM temp.chosen");
  const pairs = JSON.stringify(entries.map(({ entry, time }) => [entry, time]));
  database.run("INSERT INTO temp.chosen SELECT value ->> 0, value ->> 1 FROM json_each(?)", pairs);
}

/** Zeroes the values of the chosen entries, also those of earlier versions. Returns how many it zeroed. */
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

function addTombstones(database: Database, revision: number, final: boolean): void {
  database.run(
    `INSERT OR REPLACE INTO tombstone SELECT e.source, e.digest, e.id, ?, c.time, ? FROM temp.chosen c
     CROSS JOIN entry e WHERE e.id = c.entry AND e.digest IS NOT NULL`,
    final ? 1 : 0,
    revision,
  );
}

function wipeAll(texts: Texts, rows: [number][]): void {
  for (const [address] of rows) texts.wipe(address);
}

/** Deletes what the store has of the chosen entries, with its texts. */
function deleteRows(database: Database, texts: Texts): void {
  const chosen = "(SELECT entry FROM temp.chosen)";
  const labels = database
    .all<[number]>(
      `SELECT labels FROM entry WHERE id IN ${chosen} UNION SELECT labels FROM entry_history WHERE entry IN ${chosen}`,
    )
    .flat();
  wipeAll(texts, database.all(`SELECT text FROM entry_case WHERE entry IN ${chosen}`));
  const said = "qualification WHERE entry IN";
  wipeAll(
    texts,
    database.all(`SELECT labels FROM ${said} ${chosen} UNION SELECT note FROM ${said} ${chosen} AND note IS NOT NULL`),
  );
  for (const [table, column] of [
    ["entry", "id"],
    ["entry_history", "entry"],
    ["local_record", "entry"],
    ["entry_case", "entry"],
    ["qualification", "entry"],
  ]) {
    database.run(`DELETE FROM ${table} WHERE ${column} IN ${chosen}`);
  }
  deleteUnusedLabels(database, texts, labels);
}

/** Deletes those of the sets of labels that no entry has or had. */
function deleteUnusedLabels(database: Database, texts: Texts, ids: readonly number[]): void {
  const given = JSON.stringify(ids);
  const used = database
    .all<[number]>(
      `SELECT DISTINCT labels FROM entry WHERE labels IN (SELECT value FROM json_each(?1))
       UNION SELECT DISTINCT labels FROM entry_history WHERE labels IN (SELECT value FROM json_each(?1))`,
      given,
    )
    .flat();
  const unused = JSON.stringify(ids.filter((id) => !used.includes(id)));
  wipeAll(
    texts,
    database.all("DELETE FROM labels WHERE id IN (SELECT value FROM json_each(?)) RETURNING text", unused),
  );
}

function markWithdrawn(database: Database, revision: number): void {
  database.run(
    `INSERT OR IGNORE INTO entry_history SELECT id, since, ?, status, labels, first, count, disabled, flooded,
     times FROM entry WHERE id IN (SELECT entry FROM temp.chosen) AND since < ?`,
    revision,
    revision,
  );
  database.run(
    `UPDATE entry SET status = ${withdrawnStatus}, digest = NULL, text = NULL, reason = NULL, flooded = 0, times = NULL, since = ?
     WHERE id IN (SELECT entry FROM temp.chosen)`,
    revision,
  );
}
