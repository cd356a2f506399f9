/** Ending entries: the values become zeros, a tombstone keeps the entry out. In a transaction. */
import type { Database } from "../storage/database.js";
import { tombstoneDigest } from "../storage/hmac.js";
import { Pages, readRecord, wipedFlag, writeRecord } from "../storage/pages.js";
import { counter } from "../storage/schema.js";
import { logChange, logEnded, withdrawnStatus } from "../storage/names.js";

export interface Ending {
  /** `withdrawn`: what the source said of the entry stays; `erased`: nothing of it does but the tombstone. */
  kind: "withdrawn" | "erased";
  /** Whether the source cannot bring it back. */
  final: boolean;
  digest: (text: string) => string;
}

const noValue = Buffer.alloc(32);

/** What was ended; what had been withdrawn before is not counted again. */
export interface Ended {
  entries: number;
  signals: number;
}

export function endEntries(
  database: Database,
  revision: number,
  entries: readonly { entry: number; time: number | null }[],
  { kind, final, digest }: Ending,
): Ended {
  choose(database, entries);
  // Those that had been withdrawn before have their tombstone, but perhaps one that the source could lift.
  if (final)
    database.run("UPDATE tombstone SET final = 1 WHERE final = 0 AND entry IN (SELECT entry FROM temp.chosen)");
  const passed = kind === "withdrawn" ? `status = ${withdrawnStatus}` : "0";
  database.run(
    `DELETE FROM temp.chosen WHERE NOT EXISTS (SELECT 1 FROM entry WHERE id = chosen.entry)
     OR EXISTS (SELECT 1 FROM entry WHERE id = chosen.entry AND ${passed})`,
  );
  const wiped = wipeSignals(database, revision);
  bury(database, revision, final, digest);
  if (kind === "erased") {
    for (const [table, column] of [
      ["entry", "id"],
      ["entry_was", "entry"],
      ["entry_case", "entry"],
      ["qualification", "entry"],
    ]) {
      database.run(`DELETE FROM ${table} WHERE ${column} IN (SELECT entry FROM temp.chosen)`);
    }
  } else {
    database.run(
      `INSERT OR IGNORE INTO entry_was SELECT id, since, ?, status, labels, first, count, disabled, flooded
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
  const ids = database.all<[number]>("SELECT entry FROM temp.chosen ORDER BY entry").flat();
  logChange(database, revision, kind, ids);
  return { entries: ids.length, signals: wiped };
}

function choose(database: Database, entries: readonly { entry: number; time: number | null }[]): void {
  database.exec("CREATE TEMP TABLE IF NOT EXISTS chosen (entry INTEGER PRIMARY KEY, time INTEGER)");
  database.run("DELETE FROM temp.chosen");
  const pairs = JSON.stringify(entries.map(({ entry, time }) => [entry, time]));
  database.run("INSERT INTO temp.chosen SELECT value ->> 0, value ->> 1 FROM json_each(?)", pairs);
}

/** Those of earlier versions of the entries too. */
function wipeSignals(database: Database, revision: number): number {
  const spans = database.all<[number, number]>(
    `SELECT first, count FROM entry WHERE id IN (SELECT entry FROM temp.chosen)
     UNION SELECT first, count FROM entry_was WHERE entry IN (SELECT entry FROM temp.chosen) ORDER BY first`,
  );
  const pages = new Pages(database, counter(database, "signals"));
  const ended: number[] = [];
  let wiped = 0;
  for (const [first, count] of spans) {
    for (let id = first; id < first + count; id++) {
      const signal = readRecord(pages.at(id));
      if ((signal.flags & wipedFlag) !== 0) continue;
      if (signal.to === 0) ended.push(id);
      const to = signal.to === 0 ? revision : signal.to;
      writeRecord(pages.edit(id), { ...signal, value: noValue, to, flags: signal.flags | wipedFlag });
      wiped++;
    }
  }
  pages.flush();
  logEnded(database, revision, ended);
  return wiped;
}

function bury(database: Database, revision: number, final: boolean, digest: (text: string) => string): void {
  const rows = database.all<[number, number, string, number | null]>(
    `SELECT e.id, e.source, e.key, c.time FROM temp.chosen c CROSS JOIN entry e
     WHERE e.id = c.entry AND e.key IS NOT NULL`,
  );
  const stones = rows.map(([id, source, key, time]) => [source, tombstoneDigest(digest, source, key), id, time]);
  database.run(
    `INSERT OR REPLACE INTO tombstone
     SELECT value ->> 0, unhex(value ->> 1), value ->> 2, ?, value ->> 3, ? FROM json_each(?)`,
    final ? 1 : 0,
    revision,
    JSON.stringify(stones),
  );
}
