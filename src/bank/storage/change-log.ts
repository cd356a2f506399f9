/** The log of changes: which entries each revision changed, and which signals it removed from searches. */
import type { Database } from "./database.js";

/** What happened to a bank (`"policy"`) or to an entry (all others) at a revision. */
export type ChangeKind =
  | "policy"
  | "added"
  | "quarantined"
  | "changed"
  | "released"
  | "disabled"
  | "flooded"
  | "qualified"
  | "withdrawn"
  | "erased";

/** Groups consecutive numbers: [1, 2, 3, 7] becomes [[1, 3], [7, 7]]. The numbers must be sorted. */
function runsOf(sorted: Iterable<number>): [first: number, last: number][] {
  const runs: [number, number][] = [];
  for (const value of sorted) {
    const last = runs.at(-1);
    if (last !== undefined && last[1] + 1 === value) last[1] = value;
    else runs.push([value, value]);
  }
  return runs;
}

/** Logs that these entries changed, as runs of numbers. For `"policy"` the numbers are those of banks. */
export function logChange(database: Database, revision: number, kind: ChangeKind, entries: readonly number[]): void {
  for (const [first, last] of runsOf(entries)) {
    database.run("INSERT INTO change (revision, kind, first, last) VALUES (?, ?, ?, ?)", revision, kind, first, last);
  }
}

/** Returns the entries that changed after a revision, as runs of numbers. */
export function changedEntries(database: Database, after: number): [first: number, last: number][] {
  const sql = "SELECT DISTINCT first, last FROM change WHERE revision > ? AND kind <> 'policy' ORDER BY first, last";
  return database.all<[number, number]>(sql, after);
}

/** Logs that these signals match no longer, so that the index of every process drops them. */
export function logRemovedSignals(database: Database, revision: number, signals: readonly number[]): void {
  for (const [first, last] of runsOf(signals)) {
    database.run("INSERT INTO removed_signal VALUES (?, ?, ?)", revision, first, last);
  }
}
