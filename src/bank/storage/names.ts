import { BankError, InvalidArgumentError } from "../../errors.js";
import type { Database } from "./database.js";

/** What an entry is now. `quarantined`: kept, not matched; `withdrawn`: without its values. */
export type EntryStatus = "active" | "quarantined" | "withdrawn";
export const activeStatus = 1;
export const heldStatus = 2;
export const withdrawnStatus = 3;
export const statusName = (status: number): EntryStatus =>
  (["active", "quarantined", "withdrawn"] as const)[status - 1]!;

/** Where an entry comes from: the name of its bank and, in it, of the source. */
export interface SourceName {
  bank: string;
  source: string;
}

export interface SourceRow {
  id: number;
  checkpoint: string | null;
}

export function name(what: string, value: unknown): string {
  if (typeof value === "string" && value !== "" && value.length <= 256 && !/[\u0000-\u001f]/.test(value)) return value;
  throw new InvalidArgumentError(`Expected a name of 1 to 256 characters for ${what}`);
}

/** @throws {BankError} `ERR_EMPREINTE_UNKNOWN_NAME` */
export function bankId(database: Database, bank: string): number {
  const row = database.get<[number]>("SELECT id FROM bank WHERE name = ?", name("bank", bank));
  if (row === undefined) throw new BankError("ERR_EMPREINTE_UNKNOWN_NAME", `There is no bank ${bank}`);
  return row[0];
}

export function findSource(database: Database, from: SourceName): SourceRow | undefined {
  const bank = bankId(database, from.bank);
  const sql = "SELECT id, checkpoint FROM source WHERE bank = ? AND name = ?";
  const row = database.get<[number, string | null]>(sql, bank, name("source", from.source));
  return row && { id: row[0], checkpoint: row[1] };
}

/** @throws {BankError} `ERR_EMPREINTE_UNKNOWN_NAME` */
export function sourceRow(database: Database, from: SourceName): SourceRow {
  const row = findSource(database, from);
  if (row === undefined) {
    throw new BankError("ERR_EMPREINTE_UNKNOWN_NAME", `There is no source ${from.source} in bank ${from.bank}`);
  }
  return row;
}

/** Numbers as runs: [1,2,3,7] → [[1,3],[7,7]]. */
export function runs(sorted: Iterable<number>): [first: number, last: number][] {
  const found: [number, number][] = [];
  for (const value of sorted) {
    const last = found.at(-1);
    if (last !== undefined && last[1] + 1 === value) last[1] = value;
    else found.push([value, value]);
  }
  return found;
}

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

/** Says in the log of changes what happened to these entries, in runs. */
export function logChange(database: Database, revision: number, kind: ChangeKind, entries: readonly number[]): void {
  for (const [first, last] of runs(entries)) {
    database.run("INSERT INTO change (revision, kind, first, last) VALUES (?, ?, ?, ?)", revision, kind, first, last);
  }
}

/** Says which signals have ended, so that an index elsewhere drops them. */
export function logEnded(database: Database, revision: number, signals: readonly number[]): void {
  for (const [first, last] of runs(signals)) {
    database.run("INSERT INTO ended VALUES (?, ?, ?)", revision, first, last);
  }
}
