/** Writing down what a store has that another store, at an earlier revision, lacks. */
import { createHash } from "node:crypto";
import { checkOptions, integer, invalidArgument } from "../../check.js";
import type { Database, Value } from "../storage/database.js";
import { type Counter, counter } from "../storage/schema.js";
import { assertHistory, digestAt } from "./digest.js";
import { RowWriter, TooLarge } from "./rows.js";
import { replicated, type StorePosition, touchedKinds } from "./tables.js";

/** The first bytes of revisions, with the version of their form. */
export const magic = "EMPREREV8";
export const hashBytes = 32;
export const counters: readonly Counter[] = ["revision", "entries", "signals", "texts", "stills"];

/** Returns the position of the store. Call it inside a reading. */
export function positionOf(database: Database): StorePosition {
  const [revision, entries, signals, texts] = (["revision", "entries", "signals", "texts"] as const).map((name) =>
    counter(database, name),
  ) as [number, number, number, number];
  return { revision, digest: digestAt(database, revision), entries, signals, texts };
}

function checkPosition(position: StorePosition): StorePosition {
  if (typeof position !== "object" || position === null)
    throw invalidArgument("since", "position of a store", position);
  const { revision, digest, entries, signals, texts } = position;
  for (const [name, value] of Object.entries({ revision, entries, signals, texts })) {
    integer(name, value, 0, Number.MAX_SAFE_INTEGER);
  }
  if (typeof digest !== "string" || !/^[0-9a-f]{64}$/.test(digest)) {
    throw invalidArgument("digest", "64 hex digits", digest);
  }
  return { revision, digest, entries, signals, texts };
}

export interface ReadRevisionsOptions {
  /** The most bytes of the answer, 1 … 2,147,483,647. Default 67,108,864 (64 MiB). */
  maxBytes?: number;
}

/**
 * Returns the rows that a store at `since` lacks, as they are now, or undefined if they exceed `maxBytes`. Call it
 * inside a reading.
 */
export function readRevisions(
  database: Database,
  since: StorePosition,
  options: ReadRevisionsOptions | undefined,
): Buffer | undefined {
  const { maxBytes = 2 ** 26 } = checkOptions(options, ["maxBytes"]);
  integer("maxBytes", maxBytes, 1, 2 ** 31 - 1);
  const from = checkPosition(since);
  assertHistory(database, from.revision, from.digest);
  const writer = new RowWriter(maxBytes);
  const to = positionOf(database);
  try {
    writer.row([magic, from.revision, from.digest, to.revision, to.digest]);
    writer.row(counters.map((name) => counter(database, name)));
    for (const kind of touchedKinds) {
      const sql = "SELECT number, digest FROM touched WHERE kind = ? AND revision > ? ORDER BY number, digest";
      writer.rows(database.all<[number, Buffer]>(sql, kind, from.revision));
    }
    for (const { table, columns, queries } of replicated) {
      const select = `SELECT ${columns.join(", ")} FROM ${table} WHERE`;
      // Page by page in memory would be no smaller: the answer has them all.
      writer.rows(
        queries(from).flatMap(([where, ...values]) => database.all<Value[]>(`${select} ${where}`, ...values)),
      );
    }
  } catch (error) {
    if (error instanceof TooLarge) return undefined;
    throw error;
  }
  const bytes = writer.bytes();
  return Buffer.concat([bytes, createHash("sha256").update(bytes).digest()]);
}
