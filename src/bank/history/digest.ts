/**
 * The chain of digests of a store's history. The digest of a revision covers the digest of the revision before, and
 * which entries and signals the revision changed. It also covers random bytes, so that two stores that part never have
 * the same digest again, whatever they do.
 *
 * It does not cover the values of signals: a digest of one withdrawn hash would let others test guesses for it.
 */
import { createHash } from "node:crypto";
import { BankError, InvalidArgumentError, printable } from "../../errors.js";
import { integer } from "../../check.js";
import type { Database } from "../storage/database.js";
import { counter } from "../storage/schema.js";

/**
 * Returns the digest of a store without revisions. It comes from the store's secret, so that each store has its own.
 */
function firstDigest(database: Database): Buffer {
  const [secret] = database.get<[Buffer]>("SELECT value FROM meta WHERE name = 'secret'")!;
  return createHash("sha256").update("empreinte history ").update(secret).digest();
}

function storedDigest(database: Database, revision: number): Buffer | undefined {
  if (revision === 0) return firstDigest(database);
  return (
    database.get<[Buffer | null]>("SELECT digest FROM revision_time WHERE revision = ?", revision)?.[0] ?? undefined
  );
}

/** Computes the digest of a revision from the digest before it and from the store's tables. */
function computeDigest(database: Database, before: Buffer, revision: number): Buffer {
  const [time, nonce] = database.get<[number, Buffer]>(
    "SELECT time, nonce FROM revision_time WHERE revision = ?",
    revision,
  )!;
  const changes = database.all("SELECT kind, first, last FROM change WHERE revision = ? ORDER BY id", revision);
  const sql = "SELECT first, last FROM removed_signal WHERE revision = ? ORDER BY first";
  const removed = database.all(sql, revision);
  const text = JSON.stringify([before.toString("hex"), revision, time, nonce.toString("hex"), changes, removed]);
  return createHash("sha256").update(text).digest();
}

/** Stores the digest of each revision that has none. Returns whether there was one. Call it inside a transaction. */
export function sealRevisions(database: Database): boolean {
  const last = counter(database, "revision");
  let first = last + 1;
  while (first > 1 && storedDigest(database, first - 1) === undefined) first--;
  if (first > last) return false;
  let before = storedDigest(database, first - 1)!;
  for (let revision = first; revision <= last; revision++) {
    before = computeDigest(database, before, revision);
    database.run("UPDATE revision_time SET digest = ? WHERE revision = ?", before, revision);
  }
  return true;
}

/** Reports the revisions whose digest is not that of their changes, one sentence each. */
export function verifyDigests(database: Database): string[] {
  const found: string[] = [];
  const end = counter(database, "revision");
  let before = firstDigest(database);
  for (let revision = 1; revision <= end; revision++) {
    const digest = storedDigest(database, revision);
    if (digest === undefined || !computeDigest(database, before, revision).equals(digest)) {
      found.push(`the history: revision ${revision} was altered`);
    }
    before = digest ?? before;
  }
  return found;
}

/**
 * Returns the digest at a revision as 64 hex digits. @throws {InvalidArgumentError} for a revision that is not there.
 */
export function digestAt(database: Database, revision: number): string {
  integer("revision", revision, 0, Number.MAX_SAFE_INTEGER);
  const digest = storedDigest(database, revision);
  if (digest !== undefined) return digest.toString("hex");
  throw new InvalidArgumentError(`The store has no revision ${revision}`);
}

/** Refuses a revision of another history. @throws {BankError} `ERR_EMPREINTE_HISTORY` */
export function assertHistory(database: Database, revision: number, digest: string): void {
  const own = storedDigest(database, revision)?.toString("hex");
  if (own === digest) return;
  const why = own === undefined ? `does not have revision ${revision}` : `has another revision ${revision}`;
  throw new BankError("ERR_EMPREINTE_HISTORY", `${printable(database.path)} ${why}`);
}
