/** How many signals of each type, and how many entries of each bank, may match. */
import { setImmediate as nextTurn } from "node:timers/promises";
import type { BankStore } from "empreinte/bank";

interface Walked {
  revision: number;
  types: Map<string, number>;
  banks: Map<string, number>;
}

/** Entries between two turns of the event loop. */
const step = 500;
/** Below this many signals a count is always of the newest revision. */
const small = 20_000;

/** The counts of a store. A large store is counted again in the background after a change. */
export class Counts {
  readonly #store: BankStore;
  #walked: Walked | undefined;
  #walking: Promise<Walked> | undefined;
  #closed = false;

  constructor(store: BankStore) {
    this.#store = store;
  }

  /** Returns the counts of the newest revision, or of a large store as it was at the last count. */
  async read(): Promise<Walked> {
    const { revision, size } = this.#store;
    if (this.#walked?.revision === revision) return this.#walked;
    this.#walking ??= this.#walk().finally(() => (this.#walking = undefined));
    if (size <= small || this.#walked === undefined) return this.#walking;
    this.#walking.catch(() => undefined);
    return this.#walked;
  }

  async #walk(): Promise<Walked> {
    const { revision } = this.#store;
    const walked: Walked = { revision, types: new Map(), banks: new Map() };
    let number = 0;
    for (const { bank, signals } of this.#store.entries({ status: "active", crops: true })) {
      walked.banks.set(bank, (walked.banks.get(bank) ?? 0) + 1);
      for (const { type } of signals) walked.types.set(type, (walked.types.get(type) ?? 0) + 1);
      if (++number % step === 0) await nextTurn();
      if (this.#closed) break;
    }
    return (this.#walked = walked);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#walking?.catch(() => undefined);
  }
}
