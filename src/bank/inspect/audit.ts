/**
 * Who did what and when: a table that only grows, but for what is older than the store's retention. Triggers refuse any
 * other change, and each record has a keyed digest of itself and of the one before it, so that `verify` sees one that is
 * missing or altered. (Who has the file has the key: it tells of accidents and of tools, not of a forger.)
 *
 * An entry is named by its number and never by its source's id, a hash by its first 8 digits at most: what is erased is
 * not kept alive by the log of its erasure.
 */
import { integer, checkOptions } from "../../check.js";
import type { Database, Value } from "../storage/database.js";
import { counter } from "../storage/schema.js";

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
  | "decision"
  | "export"
  | "retention";

export interface AuditRecord {
  /** Grows by one a record. */
  number: number;
  /** Milliseconds since 1970. */
  time: number;
  /** Who, as `BankOpenOptions.actor` says. */
  who: string;
  what: AuditAction;
  /** Of the store after it. */
  revision: number;
  /** By kind: names of bank and source, numbers of entries, counts. No hash beyond 8 digits. */
  detail: Record<string, unknown>;
}

/** Writes a record; in the transaction of what it tells of. */
export type Audit = (what: AuditAction, detail: object) => void;

type Row = [id: number, time: number, who: string, what: AuditAction, revision: number, detail: string, digest: string];
const columns = "id, time, who, what, revision, detail, digest";
const day = 86_400_000;

const digestOf = (digest: (text: string) => string, before: string, row: readonly Value[]): string =>
  digest(JSON.stringify(["audit", before, ...row]));

const lastOf = (database: Database): Row | undefined =>
  database.get<Row>(`SELECT ${columns} FROM audit ORDER BY id DESC LIMIT 1`);

export function auditor(database: Database, who: string, digest: (text: string) => string): Audit {
  return (what, detail) => {
    const last = lastOf(database);
    const row = [
      (last?.[0] ?? 0) + 1,
      Date.now(),
      who,
      what,
      counter(database, "revision"),
      JSON.stringify(detail),
    ] as const;
    database.run("INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?)", ...row, digestOf(digest, last?.[6] ?? "", row));
  };
}

export interface AuditOptions {
  /** Only records after this number. Default 0. */
  after?: number;
  /** At most so many. Default: all. */
  limit?: number;
}

const mostLimit = 2 ** 31;

/** In a reading. @throws {InvalidArgumentError} */
export function auditRecords(database: Database, options: AuditOptions | undefined): AuditRecord[] {
  const { after = 0, limit = mostLimit } = checkOptions(options, ["after", "limit"]);
  const rows = database.all<Row>(
    `SELECT ${columns} FROM audit WHERE id > ? ORDER BY id LIMIT ?`,
    integer("after", after, 0, Number.MAX_SAFE_INTEGER),
    integer("limit", limit, 1, mostLimit),
  );
  return rows.map(([number, time, who, what, revision, detail]) => {
    return { number, time, who, what, revision, detail: JSON.parse(detail) as Record<string, unknown> };
  });
}

export const auditDays = (database: Database): number =>
  database.get<[number]>("SELECT value FROM meta WHERE name = 'audit days'")![0];

/**
 * Forgets what is older than the retention, but never the newest record, by which the next is numbered. Nothing is
 * written where there is nothing to forget: who opens a store does not wait for who writes.
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
    // From the oldest on, up to the first that is young enough: a clock that was set back leaves no gap.
    const sql = "DELETE FROM audit WHERE time < ?1 AND id < (SELECT min(id) FROM audit WHERE time >= ?1)";
    database.run(sql, from);
  });
}

export function setAuditDays(database: Database, days: number): void {
  database.run("UPDATE meta SET value = ? WHERE name = 'audit days'", integer("days", days, 1, 36_600));
}

/** What of the log is missing or altered, a sentence each. In a reading. */
export function verifyAudit(database: Database, digest: (text: string) => string): string[] {
  const found: string[] = [];
  // What the first one's digest rests on may have been forgotten.
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
