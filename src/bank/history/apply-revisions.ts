/** Applying what another store has done to a replica of it: all of it, in one transaction, or nothing. */
import { createHash } from "node:crypto";
import { bytes as checkBytes } from "../../check.js";
import { BankError, InvalidArgumentError, printable } from "../../errors.js";
import { invalidateIndexFile } from "../index/index-file.js";
import type { LiveIndex } from "../index/live-index.js";
import type { Audit } from "../inspect/audit.js";
import { blobBytes } from "../storage/blob-pages.js";
import type { Database, Value } from "../storage/database.js";
import { counter, setCounter } from "../storage/schema.js";
import { assertHistory, digestAt, sealRevisions } from "./digest.js";
import { counters, hashBytes, magic } from "./read-revisions.js";
import { RowReader } from "./rows.js";
import { replicated, type TableRows } from "./tables.js";
import { applyingTo, isReplica } from "./track.js";

/** What `applyRevisions` did, and how long it took. */
export interface AppliedRevisions {
  /** The revision before the change. */
  from: number;
  /** The revision after the change. */
  revision: number;
  /** The digest of the history at that revision, 64 hex digits. */
  digest: string;
  /** Whether entries were withdrawn or erased. */
  removed: boolean;
  /** Milliseconds from the call until searches find what the revision says, and nothing else. */
  stoppedAfter: number;
  /** Milliseconds from the call until withdrawn bytes were gone from the files. */
  goneAfter: number;
}

interface Decoded {
  from: number;
  fromDigest: string;
  to: number;
  toDigest: string;
  counts: number[];
  touched: { entries: Value[][]; tombstones: Value[][]; labels: Value[][] };
  rows: Map<TableRows, Value[][]>;
  removed: boolean;
}

const malformed = (): InvalidArgumentError => new InvalidArgumentError("The revisions are truncated or damaged");

function decode(given: Uint8Array): Decoded {
  const all = Buffer.from(given.buffer, given.byteOffset, given.byteLength);
  const content = all.subarray(0, Math.max(0, all.length - hashBytes));
  if (!createHash("sha256").update(content).digest().equals(all.subarray(content.length))) throw malformed();
  const reader = new RowReader(content);
  const [name, from, fromDigest, to, toDigest] = reader.row(5);
  if (name !== magic) throw malformed();
  const counts = reader.row(counters.length);
  const [entries, tombstones, labels] = [reader.rows(2), reader.rows(2), reader.rows(2)];
  const rows = new Map(replicated.map((table) => [table, reader.rows(table.columns.length)]));
  reader.end();
  if (
    typeof from !== "number" ||
    typeof to !== "number" ||
    typeof fromDigest !== "string" ||
    typeof toDigest !== "string" ||
    !counts.every((value) => typeof value === "number")
  ) {
    throw malformed();
  }
  let removed = false;
  for (const [{ table, replace }, some] of rows) {
    if (replace === "in place" && some.some(([, page]) => !Buffer.isBuffer(page) || page.length !== blobBytes)) {
      throw malformed();
    }
    if (table === "change") removed = some.some(([, , kind]) => kind === "withdrawn" || kind === "erased");
  }
  return { from, fromDigest, to, toDigest, counts, touched: { entries, tombstones, labels }, rows, removed };
}

export interface ApplyContext {
  database: Database;
  live: LiveIndex;
  audit: Audit;
}

/**
 * Applies revisions. If they withdraw anything, it takes the same steps as a withdrawal: the index file goes first, and
 * the log is emptied at the end.
 */
export async function applyRevisions(context: ApplyContext, given: Uint8Array): Promise<AppliedRevisions> {
  const { database, live } = context;
  const start = performance.now();
  const decoded = decode(checkBytes("revisions", given));
  const { from, to, toDigest, removed } = decoded;
  let stoppedAfter = 0;
  const transaction = (): void => applyingTo(database, () => applyInTransaction(context, decoded));
  const applied = (): void => {
    database.reading(() => live.sync());
    stoppedAfter = performance.now() - start;
  };
  if (!removed) {
    transaction();
    applied();
  } else {
    await live.removing(async () => {
      await live.makingRoom(transaction);
      applied();
      database.checkpoint();
      database.assertInPlace();
    });
  }
  return { from, revision: to, digest: toDigest, removed, stoppedAfter, goneAfter: performance.now() - start };
}

function applyInTransaction({ database, live, audit }: ApplyContext, decoded: Decoded): void {
  const { from, fromDigest, to, toDigest, counts, removed } = decoded;
  if (!isReplica(database)) throw new InvalidArgumentError("The store is not a replica: setReplica(true) makes it one");
  if (counter(database, "revision") !== from) {
    const text = `${printable(database.path)} is not at revision ${from}, from which these revisions continue`;
    throw new BankError("ERR_EMPREINTE_HISTORY", text);
  }
  assertHistory(database, from, fromDigest);
  if (removed) {
    live.removeFile();
    invalidateIndexFile(database);
  }
  deleteTouched(database, decoded);
  for (const [table, rows] of decoded.rows) writeRows(database, table, rows);
  counters.forEach((name, i) => setCounter(database, name, counts[i]!));
  database.run("UPDATE revision_time SET digest = NULL WHERE revision > ?", from);
  sealRevisions(database);
  if (digestAt(database, to) !== toDigest) {
    throw new BankError("ERR_EMPREINTE_HISTORY", `Revisions ${from + 1} to ${to} are not what their digests say`);
  }
  audit("follow", { from, to });
}

function deleteTouched(database: Database, { touched }: Decoded): void {
  const { entries, tombstones, labels } = touched;
  const numbers = JSON.stringify(entries.map(([number]) => number));
  for (const { table, replace, columns } of replicated) {
    if (replace === "all") database.run(`DELETE FROM ${table}`);
    if (replace === "touched entry") {
      const column = columns.includes("entry") ? "entry" : "id";
      database.run(`DELETE FROM ${table} WHERE ${column} IN (SELECT value FROM json_each(?))`, numbers);
    }
  }
  for (const [source, digest] of tombstones) {
    database.run("DELETE FROM tombstone WHERE source = ? AND digest = ?", source!, digest!);
  }
  for (const [id] of labels) database.run("DELETE FROM labels WHERE id = ?", id!);
}

function writeRows(database: Database, { table, columns, replace }: TableRows, rows: readonly Value[][]): void {
  const places = columns.map(() => "?").join(", ");
  const insert = `INSERT INTO ${table} (${columns.join(", ")}) VALUES (${places})`;
  if (replace !== "in place") {
    for (const row of rows) database.run(insert, ...row);
    return;
  }
  const update = `UPDATE ${table} SET bytes = ? WHERE id = ?`;
  for (const [id, bytes] of rows) if (database.run(update, bytes!, id!) === 0) database.run(insert, id!, bytes!);
}
