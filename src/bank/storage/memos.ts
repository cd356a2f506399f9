/** Memos: short texts that other programs keep in the store, such as the position of a job. They are in no revision. */
import { InvalidArgumentError } from "../../errors.js";
import type { Database } from "./database.js";
import { checkName } from "./names.js";

/** A memo: its name and its text. */
export interface Memo {
  name: string;
  text: string;
}

const mostText = 2 ** 20;

/** Returns the memos whose names begin with this, sorted by name. */
export function memosOf(database: Database, beginning: string): Memo[] {
  const rows = database.all<[string, string]>(
    "SELECT name, text FROM memo WHERE substr(name, 1, length(?1)) = ?1 ORDER BY name",
    beginning === "" ? "" : checkName("beginning", beginning),
  );
  return rows.map(([name, text]) => ({ name, text }));
}

/**
 * Writes a memo, or removes it where the text is undefined. Call it inside a transaction.
 * @param expected the text that the memo must have; undefined if there must be none; null for any.
 * @returns whether it had that text and was written.
 * @throws {InvalidArgumentError}
 */
export function writeMemo(
  database: Database,
  name: string,
  text: string | undefined,
  expected: string | undefined | null,
): boolean {
  const key = checkName("name", name);
  if (text !== undefined && (typeof text !== "string" || text.length > mostText)) {
    throw new InvalidArgumentError(`Expected text of at most ${mostText} characters for text`);
  }
  const there = database.get<[string]>("SELECT text FROM memo WHERE name = ?", key)?.[0];
  if (expected !== null && there !== expected) return false;
  if (text === undefined) database.run("DELETE FROM memo WHERE name = ?", key);
  else database.run("INSERT OR REPLACE INTO memo VALUES (?, ?)", key, text);
  return true;
}
