import type { ListProblem } from "../../doors/lists.js";
import { shownPath } from "./names.js";
import type { Session } from "./session.js";

/** Problems of a list printed one by one; a list of the wrong kind has a million. */
const problemsShown = 20;

/** Notes what a list's reader could not read. */
export class Problems {
  readonly #quiet: boolean;
  readonly #session: Session;
  readonly #counts = new Map<string, number>();

  constructor(quiet: boolean, session: Session) {
    this.#quiet = quiet;
    this.#session = session;
  }

  readonly add = ({ list, line, entry, field, reason }: ListProblem): void => {
    const count = (this.#counts.get(list) ?? 0) + 1;
    this.#counts.set(list, count);
    const at = line ?? entry;
    const place = at === undefined ? "" : `:${at}`;
    if (!this.#quiet && count <= problemsShown)
      this.#session.note(`${shownPath(list)}${place}: ${field === undefined ? "" : `${field}: `}${reason}`);
  };

  /** How many were not printed. */
  end(): void {
    if (this.#quiet) return;
    for (const [list, count] of this.#counts) {
      if (count > problemsShown) {
        this.#session.note(`${shownPath(list)}: ${count - problemsShown} more lines have problems`);
      }
    }
  }
}
