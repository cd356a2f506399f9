/** Answers of matchers elsewhere, in memory and for minutes: the same upload often comes several times. */
import type { Environment } from "../environment.js";
import type { RemoteFinding } from "./remote-matcher.js";

const mostAnswers = 4096;

export class AnswerCache {
  readonly #life: number;
  readonly #now: () => number;
  readonly #answers = new Map<string, { found: RemoteFinding[]; until: number }>();

  /** @param life how long an answer counts, in milliseconds. */
  constructor(life: number, { now }: Pick<Environment, "now">) {
    this.#life = life;
    this.#now = now;
  }

  get(key: string): RemoteFinding[] | undefined {
    const answer = this.#answers.get(key);
    if (answer === undefined || answer.until > this.#now()) return answer?.found;
    this.#answers.delete(key);
    return undefined;
  }

  set(key: string, found: RemoteFinding[]): void {
    if (this.#life === 0) return;
    this.#answers.delete(key);
    this.#answers.set(key, { found, until: this.#now() + this.#life });
    const [oldest] = this.#answers.keys();
    if (this.#answers.size > mostAnswers) this.#answers.delete(oldest!);
  }
}
