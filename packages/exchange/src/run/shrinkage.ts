/**
 * Whole lists that are much shorter than before. An export that was cut between two lines, or a folder of which half is
 * mounted, looks like a list whose source has withdrawn the rest. Until an operator accepts it, nothing ends.
 */
import type { BankStore } from "empreinte/bank";
import { type Environment, systemEnvironment } from "../environment.js";
import { ExchangeError } from "../errors.js";
import { takeLock } from "./lock.js";
import { checkOperator, type OperatorAct } from "./operator.js";
import { findSource } from "./sources.js";
import { readStatus, shrunkCode, type SourceStatus, writeStatus } from "./status.js";

/** A whole list ends so many entries without an operator, and up to this share of its source's entries. */
const [mostEntries, mostShare] = [1000, 0.5];

/** Refuses a list that would end too many entries, unless an operator has accepted it. @throws {ExchangeError} */
export function checkUnlisted(status: SourceStatus, name: string, unlisted: { entries: number; of: number }): void {
  const { entries, of } = unlisted;
  delete status.shrunk;
  if (entries <= mostEntries || entries <= mostShare * of || entries <= (status.accepted?.entries ?? 0)) return;
  status.shrunk = unlisted;
  const text = `The list of ${name} lacks ${entries} of the ${of} entries; nothing ends until an operator accepts it`;
  throw new ExchangeError(shrunkCode, text);
}

/** What an operator says about a whole list that is much shorter than before. */
export interface Acceptance extends OperatorAct {
  bank: string;
  source: string;
}

/**
 * Lets the next whole list of a source end as many entries as the last one would have ended. Returns how many.
 * @throws {ExchangeError}
 */
export function acceptShrinkage(
  store: BankStore,
  { bank, source, by, reason }: Acceptance,
  environment: Environment = systemEnvironment,
): number {
  findSource(store, bank, source);
  checkOperator({ by, reason });
  const from = { bank, source };
  const lock = takeLock(store, from, environment);
  try {
    const status = readStatus(store, from);
    if (status.shrunk === undefined) {
      throw new ExchangeError("ERR_EMPREINTE_UNKNOWN_NAME", `${bank}/${source} has no shorter list to accept`);
    }
    const { entries } = status.shrunk;
    // First the record: an act that nobody could write down is not done.
    store.recordAct("accept", { bank, source, entries, by, reason });
    writeStatus(store, from, { ...status, accepted: { at: environment.now(), entries, by, reason } });
    return entries;
  } finally {
    lock.release();
  }
}
