/**
 * What analysts answer: kept for ten seconds before it counts, by one person or by two who do not know of each other.
 */
import { ServiceError } from "../core/errors.js";
import type { State } from "../core/state.js";

/** So long an answer can be taken back. */
export const undoMilliseconds = 10_000;
/** Which answers are due at a time. One whose time is too far ahead was given before the clock was set back. */
const isDue = `due <= ?1 OR due > ?1 + ${undoMilliseconds}`;
/** After so many sure answers that differ, or so many persons who are not sure, a card is disputed. */
const mostAnswers = 3;

export interface Answer {
  number: number;
  card: number;
  /** The id of the person. */
  person: string;
  time: number;
  /** The labels, sorted; undefined if the person is not sure. */
  labels: string[] | undefined;
  counted: boolean;
}

type Row = [number: number, card: number, person: string, time: number, labels: string | null, counted: number];
const columns = "number, card, person, time, labels, counted";

const answerOf = ([number, card, person, time, labels, counted]: Row): Answer => ({
  number,
  card,
  person,
  time,
  labels: labels === null ? undefined : (JSON.parse(labels) as string[]),
  counted: counted === 1,
});

/** What the answers of a card come to. */
export type Outcome =
  { state: "open" } | { state: "disputed" } | { state: "decided"; labels: string[]; persons: string[] };

/** Decides by the answers that count. @param needed how many persons must agree. */
export function outcomeOf(answers: readonly Answer[], needed: number): Outcome {
  const groups = new Map<string, { labels: string[]; persons: string[] }>();
  let unsure = 0;
  for (const { labels, person } of answers) {
    if (labels === undefined) {
      unsure++;
      continue;
    }
    const name = JSON.stringify(labels);
    const group = groups.get(name) ?? { labels, persons: [] };
    group.persons.push(person);
    groups.set(name, group);
  }
  const agreed = [...groups.values()].find(({ persons }) => persons.length >= needed);
  if (agreed !== undefined) return { state: "decided", ...agreed };
  const sure = answers.length - unsure;
  return { state: sure >= mostAnswers || unsure >= mostAnswers ? "disputed" : "open" };
}

/** The answers of a service. */
export class Answers {
  readonly #state: State;
  readonly #now: () => number;

  constructor(state: State, now: () => number) {
    this.#state = state;
    this.#now = now;
  }

  of(card: number): Answer[] {
    return this.#state.all<Row>(`SELECT ${columns} FROM answer WHERE card = ? ORDER BY number`, card).map(answerOf);
  }

  /** Returns whether a person may answer a card now: not twice, and not where the answers that wait may be enough. */
  isWanted(card: number, person: string, needed: number): boolean {
    const answers = this.of(card);
    if (answers.some((answer) => answer.person === person)) return false;
    const waiting = answers.filter(({ counted }) => !counted).length;
    // Two who do not know of each other may answer at once; for one person's answer nobody else is needed meanwhile.
    return waiting === 0 || (needed > 1 && answers.length < needed);
  }

  /** Keeps an answer, which counts after ten seconds. @throws {ServiceError} 409 */
  add(card: number, person: string, labels: readonly string[] | undefined, needed: number): number {
    return this.#state.transaction(() => {
      const state = this.#state.get<[string]>("SELECT state FROM card WHERE number = ?", card)?.[0];
      if (state !== "open" || !this.isWanted(card, person, needed)) {
        throw new ServiceError(409, "ERR_EMPREINTE_CONFLICT", "This card has been answered");
      }
      const now = this.#now();
      const text = labels === undefined ? null : JSON.stringify([...new Set(labels)].toSorted());
      const [number] = this.#state.get<[number]>(
        "INSERT INTO answer (card, person, time, due, labels, counted) VALUES (?, ?, ?, ?, ?, 0) RETURNING number",
        card,
        person,
        now,
        now + undoMilliseconds,
        text,
      )!;
      this.#state.run("UPDATE card SET claimant = NULL WHERE number = ? AND claimant = ?", card, person);
      return number;
    });
  }

  /** Takes a person's own answer back, while it does not count. @returns its card, or undefined if it is too late. */
  undo(number: number, person: string): number | undefined {
    return this.#state.transaction(() => {
      const sql = `SELECT card FROM answer WHERE number = ?2 AND person = ?3 AND counted = 0 AND NOT (${isDue})`;
      const found = this.#state.get<[number]>(sql, this.#now(), number, person);
      if (found !== undefined) this.#state.run("DELETE FROM answer WHERE number = ?", number);
      return found?.[0];
    });
  }

  /** Makes the answers count whose ten seconds are over. Returns their cards. Call it inside a transaction. */
  countDue(): number[] {
    const now = this.#now();
    const cards = this.#state.all<[number]>(`SELECT DISTINCT card FROM answer WHERE counted = 0 AND (${isDue})`, now);
    this.#state.run(`UPDATE answer SET counted = 1 WHERE counted = 0 AND (${isDue})`, now);
    return cards.map(([card]) => card);
  }

  /** Removes the answers of a card. */
  forget(card: number): void {
    this.#state.run("DELETE FROM answer WHERE card = ?", card);
  }

  /** Whether an answer waits whose time is over. */
  hasDue(): boolean {
    return this.#state.get(`SELECT 1 FROM answer WHERE counted = 0 AND (${isDue}) LIMIT 1`, this.#now()) !== undefined;
  }
}
