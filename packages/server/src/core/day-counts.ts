/** What matched on each day, by bank and action. */
import type { State } from "./state.js";

/** So long a day's counts are kept. */
const keptDays = 400;

export interface DayCount {
  /** The day in UTC, such as "2026-11-30". */
  day: string;
  bank: string;
  action: string;
  count: number;
}

/** Counts in memory, and writes once a second at most. */
export class DayCounts {
  readonly #state: State;
  readonly #now: () => number;
  #counts: Map<string, DayCount> = new Map();
  #timer: NodeJS.Timeout | undefined;

  constructor(state: State, now: () => number) {
    this.#state = state;
    this.#now = now;
  }

  #day(daysAgo = 0): string {
    return new Date(this.#now() - daysAgo * 86_400_000).toISOString().slice(0, 10);
  }

  add(bank: string, action: string): void {
    const day = this.#day();
    const name = JSON.stringify([day, bank, action]);
    const known = this.#counts.get(name);
    if (known === undefined) this.#counts.set(name, { day, bank, action, count: 1 });
    else known.count++;
    this.#timer ??= setTimeout(() => this.flush(), 1000).unref();
  }

  /** Writes what was counted. If the state cannot be written, it is kept for the next time. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const counts = this.#counts;
    if (counts.size === 0) return;
    this.#counts = new Map();
    const sql = `INSERT INTO day_count VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count`;
    try {
      this.#state.transaction(() => {
        for (const { day, bank, action, count } of counts.values()) this.#state.run(sql, day, bank, action, count);
        this.#state.run("DELETE FROM day_count WHERE day < ?", this.#day(keptDays));
      });
    } catch {
      for (const [name, count] of counts) this.#counts.set(name, count);
    }
  }

  /** The counts of the last days, today's included. */
  list(days: number): DayCount[] {
    this.flush();
    const sql = "SELECT day, bank, action, count FROM day_count WHERE day > ? ORDER BY day, bank, action";
    return this.#state
      .all<[string, string, string, number]>(sql, this.#day(days))
      .map(([day, bank, action, count]) => ({ day, bank, action, count }));
  }
}
