/** What a source's runs have done and how it is: kept as a memo of the store, without hashes. */
import type { BankStore } from "empreinte/bank";

/** The reason why a source stopped. */
export interface Failure {
  /** When it first failed since it last worked, in milliseconds since 1970. */
  since: number;
  /** How many runs have failed since. */
  runs: number;
  code: string;
  reason: string;
}

export interface SourceStatus {
  /** When the last run began and ended. */
  startedAt?: number;
  endedAt?: number;
  /** When a run last reached the end of what the exchange had. */
  completeAt?: number;
  /** The pages of all runs together. */
  pages: number;
  added: number;
  changed: number;
  unchanged: number;
  withdrawn: number;
  quarantined: number;
  refused: number;
  problems: number;
  /** What an operator should know, by kind: how often, and the newest sentence. */
  notes: Record<string, { count: number; reason: string }>;
  /** Withdrawals with a time: from the source's time to "nothing finds it", in milliseconds. */
  withdrawalDelay: { count: number; sum: number; longest: number };
  failure?: Failure;
  /** The ending that the last run refused: how many entries of how many the whole list did not name. */
  shrunk?: { entries: number; of: number };
  /** The ending that an operator has accepted for the next whole list. */
  accepted?: { at: number; entries: number; by: string; reason: string };
  /** Positions that an operator went past. */
  skips: { at: number; to: number; by: string; reason: string }[];
}

const nameOf = (bank: string, source: string): string => `exchange/status/${bank}/${source}`;

export const noStatus = (): SourceStatus => ({
  pages: 0,
  added: 0,
  changed: 0,
  unchanged: 0,
  withdrawn: 0,
  quarantined: 0,
  refused: 0,
  problems: 0,
  notes: {},
  withdrawalDelay: { count: 0, sum: 0, longest: 0 },
  skips: [],
});

/** Returns the state of a source's runs. */
export function readStatus(store: BankStore, { bank, source }: { bank: string; source: string }): SourceStatus {
  const name = nameOf(bank, source);
  const memo = store.memos(name).find((one) => one.name === name);
  return memo === undefined ? noStatus() : { ...noStatus(), ...(JSON.parse(memo.text) as SourceStatus) };
}

export function writeStatus(store: BankStore, from: { bank: string; source: string }, status: SourceStatus): void {
  store.writeMemo(nameOf(from.bank, from.source), JSON.stringify(status));
}

/** Counts a withdrawal that holds so many milliseconds after the source's time. */
export function addDelay({ withdrawalDelay: delay }: SourceStatus, milliseconds: number): void {
  delay.count++;
  delay.sum += Math.max(0, milliseconds);
  delay.longest = Math.max(delay.longest, milliseconds);
}

/** The code of a run whose whole list is much shorter than before. */
export const shrunkCode = "ERR_EMPREINTE_EXCHANGE_SHRUNK";

/** A source is stale when it failed and its last complete run is older than this many intervals. */
export const staleIntervals = 3;

/** Returns how a source is, in one word. `"stale"`: it has stopped, and what it withdraws does not arrive. */
export function conditionOf(
  { failure, completeAt }: SourceStatus,
  intervalSeconds: number,
  now: number,
): "new" | "current" | "failing" | "stale" {
  const age = completeAt === undefined ? Infinity : now - completeAt;
  if (failure !== undefined) {
    const needsOperator = failure.code === "ERR_EMPREINTE_EXCHANGE_PAGE" || failure.code === shrunkCode;
    return needsOperator || age > 1000 * staleIntervals * intervalSeconds ? "stale" : "failing";
  }
  if (completeAt === undefined) return "new";
  return age > 1000 * staleIntervals * intervalSeconds ? "stale" : "current";
}
