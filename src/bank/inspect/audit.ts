/**
 * The audit log: who did what and when. The table only grows, except that records older than the store's retention are
 * deleted. Triggers refuse any other change. Each record has a keyed digest of itself and of the record before it, so
 * that `verify` finds a missing or altered one. Whoever has the file has the key, so this guards against accidents and
 * other tools, not against a forger.
 *
 * The log names entries by number, never by the source's id, and has at most the first 8 digits of a hash. So it does
 * not preserve what an erasure removes.
 */
import { integer, checkOptions } from "../../check.js";
import type { Database, Value } from "../storage/database.js";
import type { KeyedDigest } from "../storage/keyed-digest.js";
import { counter } from "../storage/schema.js";
import { parseStored } from "../storage/stored-json.js";

export type AuditAction =
  | "create"
  | "policy"
  | "import"
  | "withdraw"
  | "erase"
  | "lift"
  | "release"
  | "disable"
  | "flooded"
  | "qualify"
  | "local"
  | "decision"
  | "export"
  | "act"
  | "copy"
  | "replica"
  | "follow"
  | "retention";

/** One record of the audit log. */
export interface AuditRecord {
  /** The number of the record, one more than that of the record before. */
  number: number;
  /** The time in milliseconds since 1970. */
  time: number;
  /** The actor: `BankOpenOptions.actor`. */
  who: string;
  /** The action. */
  what: AuditAction;
  /** The store's revision after it. */
  revision: number;
  /** Depends on `what`: names of banks and sources, numbers of entries, counts. A hash has at most 8 digits. */
  detail: Record<string, unknown>;
}

/** Writes a record. Call it inside the transaction that it describes. */
export type Audit = (what: AuditAction, detail: object) => void;

type Row = [id: number, time: number, who: string, what: AuditAction, revision: number, detail: string, digest: string];
const columns = "id, time, who, what, revision, detail, digest";
const day = 86_400_000;

const digestOf = (digest: KeyedDigest, before: string, row: readonly Value[]): string =>
  digest(JSON.stringify(["audit", before, ...row]));

const lastOf = (database: Database): Row | undefined =>
  database.get<Row>(`SELECT ${columns} FROM audit ORDER BY id DESC LIMIT 1`);

/** Makes the function that writes the records of one actor. */
export function auditor(database: Database, who: () => string, digest: KeyedDigest): Audit {
  return (what, detail) => {
    const last = lastOf(database);
    const row = [
      (last?.[0] ?? 0) + 1,
      Date.now(),
      who(),
      what,
      counter(database, "revision"),
      JSON.stringify(detail),
    ] as const;
    database.run("INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?)", ...row, digestOf(digest, last?.[6] ?? "", row));
  };
}

export interface AuditOptions {
  /** Return only records after this number. Default 0. */
  after?: number;
  /** The most to return. Default: all. */
  limit?: number;
}

const mostLimit = 2 ** 31;

const isDetail = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Returns records, oldest first. Call it inside a reading. @throws {InvalidArgumentError} */
export function auditRecords(database: Database, options: AuditOptions | undefined): AuditRecord[] {
  const { after = 0, limit = mostLimit } = checkOptions(options, ["after", "limit"]);
  const rows = database.all<Row>(
    `SELECT ${columns} FROM audit WHERE id > ? ORDER BY id LIMIT ?`,
    integer("after", after, 0, Number.MAX_SAFE_INTEGER),
    integer("limit", limit, 1, mostLimit),
  );
  return rows.map(([number, time, who, what, revision, detail]) => {
    return { number, time, who, what, revision, detail: parseStored(detail, "the audit log", isDetail) };
  });
}

/** Returns for how many days the log keeps a record. */
export const auditDays = (database: Database): number =>
  database.get<[number]>("SELECT value FROM meta WHERE name = 'audit days'")![0];

/**
 * Deletes the records that are older than the retention, but never the newest one, from which the next gets its number.
 * Without such records it writes nothing, so that opening a store does not wait for a process that writes.
 */
export function pruneAudit(database: Database, now: number): void {
  const due = (): number | undefined => {
    const last = lastOf(database);
    const from = Math.min(now - day * auditDays(database), last?.[1] ?? 0);
    const oldest = database.get<[number]>("SELECT time FROM audit ORDER BY id LIMIT 1");
    return oldest !== undefined && oldest[0] < from ? from : undefined;
  };
  if (database.reading(due) === undefined) return;
  database.transaction(() => {
    const from = due();
    if (from === undefined) return;
    database.run("UPDATE meta SET value = ? WHERE name = 'audit from'", from);
    // It deletes from the oldest up to the first that is young enough, so that a clock that was set back leaves no gap.
    const sql = "DELETE FROM audit WHERE time < ?1 AND id < (SELECT min(id) FROM audit WHERE time >= ?1)";
    database.run(sql, from);
  });
}

/** Changes the retention, which deletes nothing yet. @throws {InvalidArgumentError} */
export function setAuditDays(database: Database, audit: Audit, days: number): void {
  integer("days", days, 1, 36_600);
  database.transaction(() => {
    database.run("UPDATE meta SET value = ? WHERE name = 'audit days'", days);
    audit("retention", { days });
  });
}

/** Reports what of the log is missing or altered, one sentence each. Call it inside a reading. */
export function verifyAudit(database: Database, digest: KeyedDigest): string[] {
  const found: string[] = [];
  // The record before the first one may have been deleted.
  let before: { id: number; digest: string } | undefined = { id: 0, digest: "" };
  for (const row of database.all<Row>(`SELECT ${columns} FROM audit ORDER BY id`)) {
    const [id] = row;
    if (before.id === 0 && id > 1) before = undefined;
    if (before !== undefined && id !== before.id + 1) {
      found.push(`the audit log: records between ${before.id} and ${id} are missing`);
    } else if (before !== undefined && row[6] !== digestOf(digest, before.digest, row.slice(0, 6) as Value[])) {
      found.push(`the audit log: record ${id} was altered`);
    }
    before = { id, digest: row[6] };
  }
  return found;
}
