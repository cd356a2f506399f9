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
  /**
   * Whether some entry could not be read, so that nothing searches for it. Signals of other types and trivial hashes
   * were read: no search could find them.
   */
  unread = false;

  constructor(quiet: boolean, session: Session) {
    this.#quiet = quiet;
    this.#session = session;
  }

  readonly add = ({ list, line, entry, field, skipped, code, reason }: ListProblem): void => {
    this.unread ||= (skipped || code === "wrong-count") && code !== "trivial-hash" && code !== "other-signal";
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
