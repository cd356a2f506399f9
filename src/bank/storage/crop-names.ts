/**
 * Derived hashes: of parts of a picture, which an operator who has it registers beside it (`register`). A record has the
 * number of its part's name; the names stand in a table of their own, as a store has a million hashes and fifty names.
 */
import { invalidArgument } from "../../check.js";
import { isCropName } from "../../lists/crops.js";
import type { Database } from "./database.js";

/** A record has one byte for the number. */
const mostNames = 254;
/** Of names beyond these. */
const otherNumber = 255;
const otherName = "other";

/** @throws {InvalidArgumentError} */
export function partName(value: unknown): string {
  if (typeof value === "string" && isCropName(value)) return value;
  throw invalidArgument("derived", "name of at most 24 lower-case letters, digits and hyphens", value);
}

/** The number of a name, a new one where there is room. In a transaction. */
export function partNumber(database: Database, name: string): number {
  const there = database.get<[number]>("SELECT id FROM part WHERE name = ?", name);
  if (there !== undefined) return there[0];
  const [next] = database.get<[number]>("SELECT coalesce(max(id), 0) + 1 FROM part")!;
  if (next > mostNames) return otherNumber;
  database.run("INSERT INTO part VALUES (?, ?)", next, name);
  return next;
}

/** The name behind a record's number; undefined for 0, the whole picture. */
export function partOf(database: Database, number: number): string | undefined {
  if (number === 0) return undefined;
  return database.get<[string]>("SELECT name FROM part WHERE id = ?", number)?.[0] ?? otherName;
}
