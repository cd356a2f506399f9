/** The contents of HMA's banks: our entries, with the notes of HMA's clients. */
import { randomUUID } from "node:crypto";
import type { EntryInfo, EntryInput } from "empreinte/bank";
import type { Service } from "../core/service.js";
import { hmaBank } from "./banks.js";
import { type ContentNotes, Notes } from "./metadata.js";
import { message } from "./params.js";
import { type HmaSignalType, storedType } from "./signal-types.js";

/** The source of what HMA's clients add. */
export const source = "hma";

/** The contents of all banks. */
export class Contents {
  readonly notes: Notes;
  readonly #service: Service;

  constructor(service: Service) {
    this.#service = service;
    this.notes = new Notes(service.state);
  }

  /**
   * Returns the entry of a path: in this bank, and not withdrawn. @throws {ServiceError} 404 for a bank that there is
   * not.
   */
  find(bank: string, id: string): EntryInfo | undefined {
    const { stored } = hmaBank(this.#service, bank);
    const entryNumber = /^\d{1,15}$/.test(id) ? Number(id) : 0;
    const entry = entryNumber < 1 ? undefined : this.#service.store.entry({ entryNumber });
    return entry?.bank === stored && entry.status !== "withdrawn" ? entry : undefined;
  }

  /** Returns the entry of a path. @throws {ServiceError} 404 where there is none. */
  get(bank: string, id: string): EntryInfo {
    const entry = this.find(bank, id);
    if (entry === undefined) throw message(404, `content '${id}' not found`);
    return entry;
  }

  /** Adds one entry, and returns its number. Its values may be looked up at once. @throws {ServiceError} 400, 404 */
  async add(
    bank: string,
    signals: readonly [HmaSignalType, string][],
    about: ContentNotes & { quality?: number | undefined },
  ): Promise<{ id: number; signals: Record<string, string> }> {
    const { store } = this.#service;
    const { stored } = hmaBank(this.#service, bank);
    const entryId = randomUUID();
    const entry: EntryInput = {
      id: entryId,
      signals: signals.map(([type, value]) => {
        const quality = type === "pdq" ? about.quality : undefined;
        return { type: storedType[type], value, ...(quality !== undefined && { quality }) };
      }),
      time: this.#service.now(),
    };
    let problem: string | undefined;
    const from = { bank: stored, source };
    await store.import(from, [entry], { saveIndex: false, onProblem: ({ reason }) => (problem = reason) });
    const added = store.entry({ ...from, entryId });
    if (added === undefined) throw message(400, `The signals were not taken: ${problem ?? "no reason given"}`);
    this.notes.set(added.entryNumber, about);
    return { id: added.entryNumber, signals: Object.fromEntries(signals) };
  }
}
