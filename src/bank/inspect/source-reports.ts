/**
 * The fetcher's report on a source: when it was last current, and whether it has stopped. It is a memo, because a fetch
 * that finds nothing new makes no revision, but must be recorded all the same.
 */
import { createHash } from "node:crypto";
import { checkOptions, integer } from "../../check.js";
import { parseTime } from "../import/records.js";
import { checkSentence } from "./acts.js";
import type { Database } from "../storage/database.js";
import { memosOf, writeMemo } from "../storage/memos.js";
import { bankNumber, checkName, type SourceName } from "../storage/names.js";
import { parseStored } from "../storage/stored-json.js";

/** What is said of a source. */
export interface SourceReport {
  /**
   * When the source had nothing more: milliseconds since 1970, a `Date`, or ISO 8601. Undefined where it never came so
   * far.
   */
  currentAt?: number | Date | string;
  /** How many seconds after that the source is stale, 1 … 31,622,400. */
  staleAfterSeconds: number;
  /** Why the source has stopped, in a sentence of at most 512 characters without a hash. It is then stale at once. */
  stopped?: string;
}

/** A source of which something was said. */
export interface ReportedSource extends SourceName {
  /** When it last had nothing more. */
  currentAt?: Date;
  /** Whether its entries may be out of date: what it withdraws may not arrive. */
  stale: boolean;
  /** The reason why the source has stopped. */
  stopped?: string;
}

interface StoredReport extends SourceName {
  currentAt?: number;
  staleAfterSeconds: number;
  stopped?: string;
}

const prefix = "source report ";

/** A memo's name is too short for two names. */
const memoName = ({ bank, source }: SourceName): string =>
  prefix +
  createHash("sha256")
    .update(JSON.stringify([bank, source]))
    .digest("hex")
    .slice(0, 32);

const isReport = (value: unknown): value is StoredReport =>
  typeof value === "object" && value !== null && "bank" in value && "source" in value && "staleAfterSeconds" in value;

/**
 * Keeps what is said of a source, or forgets it for undefined. Call it inside a transaction. @throws
 * {InvalidArgumentError}
 */
export function keepReport(database: Database, from: SourceName, report: SourceReport | undefined): void {
  bankNumber(database, from.bank);
  const { bank, source } = { bank: from.bank, source: checkName("source", from.source) };
  if (report === undefined) {
    writeMemo(database, memoName(from), undefined, null);
    return;
  }
  const { currentAt, staleAfterSeconds, stopped } = checkOptions(report, ["currentAt", "staleAfterSeconds", "stopped"]);
  const time = parseTime("currentAt", currentAt);
  const stored: StoredReport = {
    bank,
    source,
    ...(time !== null && { currentAt: time }),
    staleAfterSeconds: integer("staleAfterSeconds", staleAfterSeconds, 1, 31_622_400),
    ...(stopped !== undefined && { stopped: checkSentence("stopped", stopped) }),
  };
  writeMemo(database, memoName(from), JSON.stringify(stored), null);
}

/** Returns what was said of each source, by bank and source. Call it inside a reading. */
export function reportsOf(database: Database, now: number): ReportedSource[] {
  const reports = memosOf(database, prefix).map(({ text }) => parseStored(text, "a report of a source", isReport));
  reports.sort((a, b) => (a.bank === b.bank ? compare(a.source, b.source) : compare(a.bank, b.bank)));
  return reports.map(({ bank, source, currentAt, staleAfterSeconds, stopped }) => {
    const late = currentAt !== undefined && now > currentAt + 1000 * staleAfterSeconds;
    return {
      bank,
      source,
      ...(currentAt !== undefined && { currentAt: new Date(currentAt) }),
      stale: stopped !== undefined || late,
      ...(stopped !== undefined && { stopped }),
    };
  });
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
