/** What matched on each day, by bank and action. */
import type { State } from "./state.js";
import { Tally } from "./tally.js";

/** So long a day's counts are kept. */
const keptDays = 400;
const dayMilliseconds = 86_400_000;

export interface DayCount {
  /** The day in UTC, such as "2026-11-30". */
  day: string;
  bank: string;
  action: string;
  count: number;
}

/** Counts matches by day, bank and action. */
export class DayCounts {
  readonly #state: State;
  readonly #now: () => number;
  readonly #tally: Tally<Omit<DayCount, "count">>;

  constructor(state: State, now: () => number) {
    this.#state = state;
    this.#now = now;
    this.#tally = new Tally((counts) => this.#write(counts));
  }

  #today = { number: NaN, text: "" };

  #day(daysAgo = 0): string {
    const number = Math.floor(this.#now() / dayMilliseconds) - daysAgo;
    if (number !== this.#today.number) {
      this.#today = { number, text: new Date(number * dayMilliseconds).toISOString().slice(0, 10) };
    }
    return this.#today.text;
  }

  add(bank: string, action: string): void {
    this.#tally.add({ day: this.#day(), bank, action });
  }

  /** Writes what was counted. If the state cannot be written, the counts are kept for the next time. */
  flush(): void {
    this.#tally.flush();
  }

  #write(counts: Iterable<readonly [Omit<DayCount, "count">, number]>): void {
    const sql = `INSERT INTO day_count VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count`;
    this.#state.transaction(() => {
      for (const [{ day, bank, action }, count] of counts) this.#state.run(sql, day, bank, action, count);
      this.#state.run("DELETE FROM day_count WHERE day < ?", this.#day(keptDays));
    });
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
