/**
 * The names of crops. An operator who has an original may register crops of it with it. A signal record holds the
 * number of its crop's name in one byte. The names are in a table of their own, because a store has a million hashes
 * and about fifty names.
 */
import { invalidArgument } from "../../check.js";
import { isCropName } from "../../lists/crops.js";
import type { Database } from "./database.js";

/** A record has one byte for the number: 0 means the whole image, 255 means any further name. */
const mostNames = 254;
const otherNumber = 255;
const otherName = "other";

/** Checks the name of a crop. @throws {InvalidArgumentError} */
export function checkCropName(value: unknown): string {
  if (typeof value === "string" && isCropName(value)) return value;
  throw invalidArgument("crop", "name of at most 24 lower-case letters, digits and hyphens", value);
}

/** Returns the number of a name, and adds the name where there is room. Call it inside a transaction. */
export function cropNumber(database: Database, name: string): number {
  const there = database.get<[number]>("SELECT id FROM crop_name WHERE name = ?", name);
  if (there !== undefined) return there[0];
  const [next] = database.get<[number]>("SELECT coalesce(max(id), 0) + 1 FROM crop_name")!;
  if (next > mostNames) return otherNumber;
  database.run("INSERT INTO crop_name VALUES (?, ?)", next, name);
  return next;
}

/** Returns the name behind a record's number, or undefined for 0, the whole image. */
export function cropNameOf(database: Database, number: number): string | undefined {
  if (number === 0) return undefined;
  return database.get<[string]>("SELECT name FROM crop_name WHERE id = ?", number)?.[0] ?? otherName;
}
