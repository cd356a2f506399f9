/** Refused calls, counted by minute, so that a flood of them takes little room. */
import type { State } from "../core/state.js";

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

/** Writes refused calls down, once a second at most. */
export class DeniedCalls {
  readonly #state: State;
  readonly #now: () => number;
  #counts: Map<string, { call: DeniedCall; minute: number; count: number }> = new Map();
  #timer: NodeJS.Timeout | undefined;

  constructor(state: State, now: () => number) {
    this.#state = state;
    this.#now = now;
  }

  add(call: DeniedCall): void {
    const minute = Math.floor(this.#now() / 60_000);
    const name = JSON.stringify([minute, call]);
    const known = this.#counts.get(name);
    if (known !== undefined) known.count++;
    else if (this.#counts.size < 10_000) this.#counts.set(name, { call, minute, count: 1 });
    this.#timer ??= setTimeout(() => this.flush(), 1000).unref();
  }

  /** Writes what was counted. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const counts = this.#counts;
    if (counts.size === 0) return;
    this.#counts = new Map();
    const sql = `INSERT INTO denied VALUES (?, ?, ?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET count = count + excluded.count`;
    try {
      this.#state.transaction(() => {
        for (const { call, minute, count } of counts.values()) {
          this.#state.run(sql, minute, call.who, call.remote, call.route, call.reason, count);
        }
        this.#state.run("DELETE FROM denied WHERE minute < ?", Math.floor(this.#now() / 60_000) - keptDays * 1440);
        const [rows] = this.#state.get<[number]>("SELECT count(*) FROM denied")!;
        if (rows > mostRows) {
          const oldest = "SELECT minute FROM denied ORDER BY minute LIMIT 1 OFFSET ?";
          this.#state.run(`DELETE FROM denied WHERE minute <= (${oldest})`, rows - mostRows);
        }
      });
    } catch {
      // The state is locked or its disk is full. The counts are kept for the next time.
      for (const [name, count] of counts) this.#counts.set(name, count);
    }
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
