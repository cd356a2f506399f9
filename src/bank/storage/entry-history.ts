import type { Database } from "./database.js";

/** Keeps what an entry was until this revision, for decisions that are explained later. Call it before the change. */
export function keepEntryVersion(database: Database, entry: number, revision: number): void {
  database.run(
    `INSERT OR IGNORE INTO entry_history SELECT id, since, ?, status, labels, first, count, disabled, flooded, times FROM entry
     WHERE id = ? AND since < ?`,
    revision,
    entry,
    revision,
  );
}
