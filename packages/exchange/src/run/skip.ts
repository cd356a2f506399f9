/** Going past what cannot be read: an operator's act, with a name and a reason that are kept. */
import type { BankStore } from "empreinte/bank";
import { type Environment, systemEnvironment } from "../environment.js";
import { ExchangeError, invalid } from "../errors.js";
import { takeLock } from "./lock.js";
import { checkOperator, type OperatorAct } from "./operator.js";
import { findSource } from "./sources.js";
import { stateText } from "./state.js";
import { readStatus, writeStatus } from "./status.js";

/** What an operator says about going past a place. */
export interface Skip extends OperatorAct {
  bank: string;
  source: string;
  /** From when on the source is fetched: milliseconds since 1970. What changed before it may never arrive. */
  to: number;
}

/** Lets a source continue at a time, whatever could not be read before it. @throws {ExchangeError} */
export async function skipTo(
  store: BankStore,
  skip: Skip,
  environment: Environment = systemEnvironment,
): Promise<void> {
  const { bank, source, to, by, reason } = skip;
  const { kind } = findSource(store, bank, source);
  if (kind === "lists" || kind === "empreinte") {
    const text = kind === "lists" ? "A list has no times to go past" : "A server's feed has no times to go past";
    throw new ExchangeError("ERR_EMPREINTE_INVALID_ARGUMENT", text);
  }
  if (!(to > 0 && to <= environment.now())) throw invalid("to", "a time that is not in the future");
  checkOperator(skip);
  const seconds = Math.floor(to / 1000);
  const checkpoint = kind === "tech-against-terrorism" ? `${seconds},0` : String(seconds);
  const lock = takeLock(store, skip, environment);
  try {
    const now = environment.now();
    // First the record: an act that nobody could write down is not done.
    store.recordAct("skip", { bank, source, to: new Date(to).toISOString(), by, reason });
    const status = readStatus(store, skip);
    delete status.failure;
    writeStatus(store, skip, {
      ...status,
      skips: [...status.skips, { at: now, to, by, reason }].slice(-100),
    });
    const importCursor = stateText({
      version: 1,
      checkpoint,
      checkpointAt: now,
    });
    await store.import({ bank, source }, [], {
      importCursor,
      saveIndex: false,
    });
  } finally {
    lock.release();
  }
}
