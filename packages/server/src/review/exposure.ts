/** What persons have seen: each reveal, and how much of a day's budget they have used. */
import { randomBytes } from "node:crypto";
import { ServiceError } from "../core/errors.js";
import type { State } from "../core/state.js";

/** An image is hidden after so long. */
export const revealMilliseconds = 10_000;

/** A version of an image that is revealed. */
export interface RevealLevel {
  /** The most pixels of the longer side. */
  side: number;
  grey: boolean;
  blur: number;
  /** How much of the budget a second takes. */
  weight: number;
}

/** From a small, grey and blurred version to the colours of a large one. */
export const levels: readonly RevealLevel[] = [
  { side: 160, grey: true, blur: 5, weight: 0.5 },
  { side: 320, grey: true, blur: 0, weight: 1 },
  { side: 1280, grey: true, blur: 0, weight: 2 },
  { side: 1280, grey: false, blur: 0, weight: 4 },
];

const weights = `CASE level ${levels.map(({ weight }, at) => `WHEN ${at + 1} THEN ${weight}`).join(" ")} END`;
/** How much more a person gets who goes on after the break that the page asks for: a quarter of the budget. */
const overrunShare = 0.25;

export interface Exposure {
  reveals: number;
  seconds: number;
  /** Seconds, each weighted by its level. */
  points: number;
  /** What the person may use today; undefined without a limit. */
  allowed: number | undefined;
}

/** The reveals of a service. */
export class Exposures {
  readonly #state: State;
  readonly #now: () => number;

  constructor(state: State, now: () => number) {
    this.#state = state;
    this.#now = now;
  }

  get #day(): string {
    return new Date(this.#now()).toISOString().slice(0, 10);
  }

  /** Returns what a person has seen today. A reveal whose end nobody reported counts as long as it may last. */
  today(person: string, budget: number): Exposure {
    const day = this.#day;
    const from = Date.parse(day);
    const length = `min(${revealMilliseconds}, max(0, coalesce(ended, started + ${revealMilliseconds}) - started))`;
    const sql = `SELECT count(*), total(${length}) / 1000, total(${length} * ${weights}) / 1000 FROM reveal
      WHERE person = ? AND started >= ? AND started < ?`;
    const [reveals, seconds, points] = this.#state.get<[number, number, number]>(sql, person, from, from + 86_400_000)!;
    const [more] = this.#state.get<[number]>(
      "SELECT points FROM overrun WHERE person = ? AND day = ?",
      person,
      day,
    ) ?? [0];
    return { reveals, seconds, points, allowed: budget === 0 ? undefined : budget + more };
  }

  /** Begins a reveal. @throws {ServiceError} 429 where the day's budget is used. */
  begin(card: number, person: string, level: number, budget: number): string {
    return this.#state.transaction(() => {
      const { points, allowed } = this.today(person, budget);
      if (allowed !== undefined && points >= allowed) {
        throw new ServiceError(429, "ERR_EMPREINTE_BUDGET", "The exposure budget of today is used");
      }
      const id = randomBytes(12).toString("base64url");
      const sql = "INSERT INTO reveal (id, card, person, level, started) VALUES (?, ?, ?, ?, ?)";
      this.#state.run(sql, id, card, person, level, this.#now());
      return id;
    });
  }

  /** Ends a person's own reveal. A second end changes nothing. */
  end(id: string, person: string): boolean {
    const sql = "UPDATE reveal SET ended = ? WHERE id = ? AND person = ? AND ended IS NULL";
    return this.#state.run(sql, this.#now(), id, person) > 0;
  }

  /** Lets a person go on who has used the day's budget. */
  goOn(person: string, budget: number): void {
    const sql = `INSERT INTO overrun VALUES (?, ?, ?)
      ON CONFLICT (person, day) DO UPDATE SET points = points + excluded.points`;
    this.#state.transaction(() => {
      const { points, allowed } = this.today(person, budget);
      if (allowed !== undefined && points >= allowed) {
        this.#state.run(sql, person, this.#day, points - allowed + overrunShare * budget);
      }
    });
  }

  /** How many reveals a card had. */
  ofCard(card: number): number {
    return this.#state.get<[number]>("SELECT count(*) FROM reveal WHERE card = ?", card)![0];
  }
}
