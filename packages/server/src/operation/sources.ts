/**
 * When each source was last imported, by the store's audit log, whoever imported it; and what the program that fetches
 * a source says of it, which also knows of fetches that found nothing new.
 */
import type { BankStore } from "empreinte/bank";
import type { State } from "../core/state.js";

/** The source of all entries of cases. Persons give them, so no time without one is too long. */
export const caseSource = "cases";

export interface SourceAge {
  bank: string;
  source: string;
  /** The time of the last import in milliseconds since 1970. */
  imported: number;
  ageSeconds: number;
  /** Whether its program says that it is stale. */
  stale: boolean;
  /** Why its program has stopped. */
  stopped?: string;
}

/** The ages of the sources of a store. It reads the audit log from where it was. */
export class Sources {
  readonly #store: BankStore;
  readonly #state: State;
  readonly #now: () => number;
  readonly #imported: Map<string, { bank: string; source: string; time: number }> = new Map();
  #number = 0;
  #changed = 0;

  constructor(store: BankStore, state: State, now: () => number) {
    this.#store = store;
    this.#state = state;
    this.#now = now;
  }

  #read(): void {
    for (;;) {
      const records = this.#store.audit({ after: this.#number, limit: 1000 });
      for (const { number, what, time, detail } of records) {
        this.#number = number;
        if (what !== "decision" && what !== "export" && what !== "act") this.#changed = time;
        const { bank, source } = detail;
        if (what !== "import" || typeof bank !== "string" || typeof source !== "string") continue;
        this.#imported.set(JSON.stringify([bank, source]), { bank, source, time });
      }
      if (records.length < 1000) return;
    }
  }

  /** Notes an import that changed nothing, of which the audit log has no record. */
  checked(bank: string, source: string): void {
    const sql = "INSERT INTO setting VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    this.#state.run(sql, `imported ${JSON.stringify([bank, source])}`, this.#now());
  }

  /** When the store last changed, in milliseconds since 1970. */
  changed(): number {
    this.#read();
    return this.#changed;
  }

  list(): SourceAge[] {
    this.#read();
    const now = this.#now();
    const checked = this.#state.all<[string, number]>("SELECT name, value FROM setting WHERE name LIKE 'imported %'");
    for (const [name, time] of checked) {
      const key = name.slice("imported ".length);
      const [bank = "", source = ""] = JSON.parse(key) as string[];
      if (time > (this.#imported.get(key)?.time ?? 0)) this.#imported.set(key, { bank, source, time });
    }
    const reports = new Map(this.#store.sourceReports(now).map((one) => [JSON.stringify([one.bank, one.source]), one]));
    for (const [key, { bank, source, currentAt }] of reports) {
      const time = currentAt?.getTime() ?? 0;
      if (time > (this.#imported.get(key)?.time ?? 0)) this.#imported.set(key, { bank, source, time });
    }
    return Array.from(this.#imported, ([key, { bank, source, time }]) => {
      const { stale = false, stopped } = reports.get(key) ?? {};
      const ageSeconds = Math.max(0, (now - time) / 1000);
      return { bank, source, imported: time, ageSeconds, stale, ...(stopped !== undefined && { stopped }) };
    });
  }

  /** Returns the sources whose programs say something of them, also those from which nothing has come yet. */
  reported(): { bank: string; source: string; stale: boolean }[] {
    return this.#store.sourceReports(this.#now());
  }

  /**
   * The sources that became stale since this was last called, by whichever process. Each is answered once, until it is
   * imported again.
   */
  newlyStale(hours: number): SourceAge[] {
    const stale = this.stale(hours);
    if (stale.length === 0) return [];
    const sql = `INSERT INTO setting VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value
      WHERE value <> excluded.value`;
    return stale.filter(({ bank, source, imported }) => {
      return this.#state.run(sql, `stale ${JSON.stringify([bank, source])}`, imported) > 0;
    });
  }

  /**
   * Returns the sources that are stale by what is said of them, or without an import for so many hours. 0 hours: any
   * number.
   */
  stale(hours: number): SourceAge[] {
    const isLate = ({ source, ageSeconds }: SourceAge): boolean =>
      hours > 0 && source !== caseSource && ageSeconds > hours * 3600;
    return this.list().filter((one) => one.stale || isLate(one));
  }
}
