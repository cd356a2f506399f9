/** Refused calls, counted by minute, so that a flood of them takes little room. */
import type { State } from "../core/state.js";
import { Tally } from "../core/tally.js";

export interface DeniedCall {
  /** Who called: "key 3f0a12bc", or "nobody" without a valid key. */
  who: string;
  remote: string;
  /** The method and the route's pattern, never its values. */
  route: string;
  reason: string;
}

const keptDays = 365;
const mostRows = 100_000;
const mostUnwritten = 10_000;

/** Counts refused calls. */
export class DeniedCalls {
  readonly #state: State;
  readonly #now: () => number;
  readonly #tally: Tally<DeniedCall & { minute: number }>;

  constructor(state: State, now: () => number) {
    this.#state = state;
    this.#now = now;
    this.#tally = new Tally((counts) => this.#write(counts), mostUnwritten);
  }

  add({ who, remote, route, reason }: DeniedCall): void {
    this.#tally.add({ minute: Math.floor(this.#now() / 60_000), who, remote, route, reason });
  }

  /** Writes what was counted. If the state cannot be written, the counts are kept for the next time. */
  flush(): void {
    this.#tally.flush();
  }

  #write(counts: Iterable<readonly [DeniedCall & { minute: number }, number]>): void {
    const sql = `INSERT INTO denied VALUES (?, ?, ?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET count = count + excluded.count`;
    this.#state.transaction(() => {
      for (const [{ minute, who, remote, route, reason }, count] of counts) {
        this.#state.run(sql, minute, who, remote, route, reason, count);
      }
      this.#state.run("DELETE FROM denied WHERE minute < ?", Math.floor(this.#now() / 60_000) - keptDays * 1440);
      const [rows] = this.#state.get<[number]>("SELECT count(*) FROM denied")!;
      if (rows > mostRows) {
        const oldest = "SELECT minute FROM denied ORDER BY minute LIMIT 1 OFFSET ?";
        this.#state.run(`DELETE FROM denied WHERE minute <= (${oldest})`, rows - mostRows);
      }
    });
  }

  /** Returns the refused calls, newest first. */
  list(limit: number): (DeniedCall & { time: string; count: number })[] {
    this.flush();
    const sql = "SELECT minute, who, remote, route, reason, count FROM denied ORDER BY minute DESC LIMIT ?";
    return this.#state
      .all<[number, string, string, string, string, number]>(sql, limit)
      .map(([minute, who, remote, route, reason, count]) => {
        return { time: new Date(minute * 60_000).toISOString(), who, remote, route, reason, count };
      });
  }
}
