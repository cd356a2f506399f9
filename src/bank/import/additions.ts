/** New entries, a whole batch at a time. */
import type { ImportCounts, Screen } from "./counts.js";
import type { Database } from "../storage/database.js";
import { heldFlag, type Pages, writeRecord } from "../storage/pages.js";
import type { CheckedEntry, CheckedSignal } from "./records.js";
import { counter, setCounter } from "../storage/schema.js";
import { activeStatus, heldStatus, logChange } from "../storage/names.js";

/** What all that is done for one batch shares. */
export interface Context {
  database: Database;
  source: number;
  digest: (text: string) => string;
  screen: Screen;
  counts: ImportCounts;
  /** Made by the first change. */
  revision(): number;
  pages: Pages;
  nextSignal: number;
  /** The number of a part's name; 0 for undefined. */
  part(name: string | undefined): number;
}

/** Columns of a whole batch in one value each, as a parameter a column and row costs more than the insertion. */
const wide = 16;
function column(values: readonly number[]): Buffer {
  const packed = Buffer.alloc(wide * values.length, " ");
  values.forEach((value, i) => packed.write(String(value), wide * i, "latin1"));
  return packed;
}

const sqlColumn = (parameter: number): string => `CAST(substr(?${parameter}, key * ${wide} + 1, ${wide}) AS INTEGER)`;
const insertEntries = `INSERT INTO entry (id, source, key, status, labels, first, count, updated, since)
  SELECT ?1 + key, ?2, value, ${sqlColumn(4)}, ${sqlColumn(5)}, ${sqlColumn(6)}, ${sqlColumn(7)},
    NULLIF(${sqlColumn(8)}, -1), ?3 FROM json_each(?9)`;

export function addEntries(context: Context, fresh: readonly CheckedEntry[]): void {
  const { database, counts } = context;
  const revision = context.revision();
  const base = counter(database, "entries");
  setCounter(database, "entries", base + fresh.length);
  const labels = labelIds(database, fresh);
  const held = new Map<number, string>();
  const firsts = fresh.map((entry, i) => {
    const reason = context.screen(entry.signals);
    if (reason !== undefined) held.set(i, reason);
    return appendSignals(context, base + i, entry.signals, reason !== undefined);
  });
  database.run(
    insertEntries,
    base,
    context.source,
    revision,
    column(fresh.map((_, i) => (held.has(i) ? heldStatus : activeStatus))),
    column(fresh.map((entry) => labels.get(entry.labels)!)),
    column(firsts),
    column(fresh.map((entry) => entry.signals.length)),
    column(fresh.map(({ time }) => time ?? -1)),
    JSON.stringify(fresh.map(({ key }) => key)),
  );
  for (const [i, reason] of held) database.run("UPDATE entry SET reason = ? WHERE id = ?", reason, base + i);
  addCases(
    database,
    fresh.flatMap(({ cases }, i) => cases.map((name): [string, number] => [name, base + i])),
  );
  const ids = fresh.map((_, i) => base + i);
  logChange(
    database,
    revision,
    "added",
    ids.filter((_, i) => !held.has(i)),
  );
  logChange(
    database,
    revision,
    "quarantined",
    ids.filter((_, i) => held.has(i)),
  );
  counts.added += fresh.length;
  counts.quarantined += held.size;
}

/** Appends and answers the number of the first. */
export function appendSignals(
  context: Context,
  entry: number,
  signals: readonly CheckedSignal[],
  held: boolean,
): number {
  const first = context.nextSignal;
  const from = context.revision();
  const flags = held ? heldFlag : 0;
  for (const { type, value, quality, derived } of signals) {
    const record = context.pages.edit(context.nextSignal++);
    writeRecord(record, { value, entry, from, to: 0, type, quality, flags, part: context.part(derived) });
  }
  return first;
}

/** 0 for no labels; each other set of labels is kept once. */
export function labelIds(database: Database, entries: Iterable<{ labels: string }>): Map<string, number> {
  const ids = new Map<string, number>([["[]", 0]]);
  for (const { labels } of entries) {
    if (ids.has(labels)) continue;
    database.run("INSERT OR IGNORE INTO labels (text) VALUES (?)", labels);
    ids.set(labels, database.get<[number]>("SELECT id FROM labels WHERE text = ?", labels)![0]);
  }
  return ids;
}

export function addCases(database: Database, cases: readonly [string, number][]): void {
  if (cases.length === 0) return;
  database.run(
    "INSERT OR IGNORE INTO entry_case SELECT value ->> 0, value ->> 1 FROM json_each(?)",
    JSON.stringify(cases),
  );
}
