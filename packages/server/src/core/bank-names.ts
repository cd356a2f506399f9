/**
 * The names of banks as callers see them. A store never renames or forgets a bank. So a renamed bank has its new name
 * here, and a deleted one has no name, until a bank of its old name is made again.
 */
import type { Bank, BankStore, NewBank, Policy } from "empreinte/bank";
import { notFound, ServiceError } from "./errors.js";
import type { State } from "./state.js";

/** The banks of a store by the names that callers use. */
export class BankNames {
  readonly #store: BankStore;
  readonly #state: State;

  constructor(store: BankStore, state: State) {
    this.#store = store;
    this.#state = state;
  }

  /** What was read last, which holds until the state changes. */
  #read: { version: string; names: ReadonlyMap<string, string | null> } | undefined;

  #names(): ReadonlyMap<string, string | null> {
    const { version } = this.#state;
    if (this.#read?.version === version) return this.#read.names;
    const rows = this.#state.all<[string, string | null]>("SELECT bank, name FROM bank_name");
    this.#read = { version, names: new Map(rows) };
    return this.#read.names;
  }

  /** Returns a function from the store's name to the callers' name; undefined for a deleted bank. */
  namer(): (bank: string) => string | undefined {
    const names = this.#names();
    return (bank) => {
      const name = names.get(bank);
      return name === undefined ? bank : (name ?? undefined);
    };
  }

  /** All banks that were not deleted, under the callers' names. `stored` is the store's name. */
  list(): (Bank & { stored: string })[] {
    const name = this.namer();
    return this.#store.banks().flatMap((bank) => {
      const shown = name(bank.name);
      return shown === undefined ? [] : [{ ...bank, name: shown, stored: bank.name }];
    });
  }

  /** Returns a bank by the callers' name. */
  find(name: string): (Bank & { stored: string }) | undefined {
    return this.list().find((bank) => bank.name === name);
  }

  /** @throws {ServiceError} 404 */
  get(name: string): Bank & { stored: string } {
    const bank = this.find(name);
    if (bank === undefined) throw notFound(`bank '${name}' not found`);
    return bank;
  }

  /** Makes a bank, or gives a deleted one its name and a new policy. @throws {ServiceError} 409 */
  create(bank: NewBank): Bank & { stored: string } {
    if (this.find(bank.name) !== undefined) throw taken(bank.name);
    // A bank that was renamed still has this name in the store.
    const old = this.#store.banks().find(({ name }) => name === bank.name);
    if (old === undefined) {
      this.#store.createBank(bank);
      return this.get(bank.name);
    }
    const deleted = this.#names().get(bank.name) === null;
    const same = old.purpose === (bank.purpose ?? "") && old.negative === (bank.negative ?? false);
    if (deleted && same) {
      this.#store.setPolicy(bank.name, bank.policy ?? {});
      this.#state.run("DELETE FROM bank_name WHERE bank = ?", bank.name);
      return this.get(bank.name);
    }
    const stored = this.#freeName(bank.name);
    this.#store.createBank({ ...bank, name: stored });
    this.#setName(stored, bank.name);
    return this.get(bank.name);
  }

  #freeName(name: string): string {
    const used = new Set(this.#store.banks().map((bank) => bank.name));
    let number = 2;
    while (used.has(`${name} ${number}`)) number++;
    return `${name} ${number}`;
  }

  #setName(stored: string, name: string | null): void {
    const sql = "INSERT INTO bank_name VALUES (?, ?) ON CONFLICT (bank) DO UPDATE SET name = excluded.name";
    this.#state.run(sql, stored, name);
  }

  /** @throws {ServiceError} 404, 409 */
  rename(name: string, to: string): void {
    const { stored } = this.get(name);
    if (name === to) return;
    if (this.find(to) !== undefined) throw taken(to);
    this.#setName(stored, to);
  }

  setPolicy(name: string, policy: Partial<Policy>): void {
    this.#store.setPolicy(this.get(name).stored, policy);
  }

  /** Hides a bank, whose entries were withdrawn before. */
  remove(name: string): void {
    this.#setName(this.get(name).stored, null);
  }
}

const taken = (name: string): ServiceError =>
  new ServiceError(409, "ERR_EMPREINTE_CONFLICT", `There is a bank ${name} already`);
