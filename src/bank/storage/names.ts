/** The names of banks and sources, and the states of an entry. */
import { BankError, InvalidArgumentError } from "../../errors.js";
import type { Database } from "./database.js";

/** The state of an entry. A quarantined entry is kept but does not match. A withdrawn entry has no values any more. */
export type EntryStatus = "active" | "quarantined" | "withdrawn";
export const activeStatus = 1;
export const quarantinedStatus = 2;
export const withdrawnStatus = 3;
export const statuses: readonly EntryStatus[] = ["active", "quarantined", "withdrawn"];
export const statusName = (status: number): EntryStatus => statuses[status - 1]!;

/** A source of entries: the name of its bank and its own name within that bank. */
export interface SourceName {
  bank: string;
  source: string;
}

export interface SourceRow {
  id: number;
  importCursor: string | null;
}

/** Checks a name of 1 to 256 characters without control characters. @throws {InvalidArgumentError} */
export function checkName(what: string, value: unknown): string {
  if (typeof value === "string" && value !== "" && value.length <= 256 && !/[\u0000-\u001f]/.test(value)) return value;
  throw new InvalidArgumentError(`Expected a name of 1 to 256 characters for ${what}`);
}

/** Returns the number of a bank. @throws {BankError} `ERR_EMPREINTE_UNKNOWN_NAME` */
export function bankNumber(database: Database, bank: string): number {
  const row = database.get<[number]>("SELECT id FROM bank WHERE name = ?", checkName("bank", bank));
  if (row === undefined) throw new BankError("ERR_EMPREINTE_UNKNOWN_NAME", `There is no bank ${bank}`);
  return row[0];
}

/**
 * Returns the row of a source, or undefined if its bank has no such source. @throws {BankError} for an unknown bank.
 */
export function findSource(database: Database, from: SourceName): SourceRow | undefined {
  const bank = bankNumber(database, from.bank);
  const sql = "SELECT id, import_cursor FROM source WHERE bank = ? AND name = ?";
  const row = database.get<[number, string | null]>(sql, bank, checkName("source", from.source));
  return row && { id: row[0], importCursor: row[1] };
}

/** Returns the row of a source. @throws {BankError} `ERR_EMPREINTE_UNKNOWN_NAME` */
export function sourceRow(database: Database, from: SourceName): SourceRow {
  const row = findSource(database, from);
  if (row === undefined) {
    throw new BankError("ERR_EMPREINTE_UNKNOWN_NAME", `There is no source ${from.source} in bank ${from.bank}`);
  }
  return row;
}
