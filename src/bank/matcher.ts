import { integer, invalidArgument } from "../check.js";
import { InvalidArgumentError } from "../errors.js";
import { type HashImageOptions, hashImage, type ImageInput } from "../image/hash-image.js";
import { type CheckQuery, checkQuery, type Decision, findMatches, settle } from "./decision.js";
import type { Flooding } from "./flood.js";
import { wipedFlag } from "./pages.js";
import type { BankStore } from "./store.js";
import { PastView, type View } from "./view.js";

/** What replaying a decision gave. */
export interface Explanation {
  /** Whether the replay gave the same action, matches and reasons. */
  same: boolean;
  /** What the store as it was then decides. */
  decision: Decision;
  /** Numbers of entries that were withdrawn or erased since: their hashes are gone, and their matches are taken as recorded. */
  gone: number[];
}

interface Decided {
  decision: Decision;
  hits: Flooding[];
}

/** The entries whose hits are counted. */
function guarded(view: View, { matches }: Decision): Flooding[] {
  if (matches.length === 0) return [];
  const limits = new Map([...view.banks().values()].map(({ name, policy }) => [name, policy.flood]));
  return matches.flatMap(({ bank, number, suppressed, flooded }) => {
    const limit = limits.get(bank);
    return limit === undefined || suppressed || flooded === true ? [] : [{ entry: number, limit }];
  });
}

/**
 * Decides by the policies of a store's banks.
 *
 * @example
 * const matcher = new Matcher(store);
 * const { action, reasons } = await matcher.checkImage("upload.jpg");
 */
export class Matcher {
  readonly #store: BankStore;

  constructor(store: BankStore) {
    this.#store = store;
  }

  /**
   * The decision for a picture that is hashed already: with the store as it is at this moment, whoever changed it.
   * @throws {InvalidArgumentError} @throws {InvalidHashError} @throws {EmpreinteError} `ERR_EMPREINTE_CLOSED`
   */
  check(query: CheckQuery): Decision {
    const asked = checkQuery(query);
    const time = Date.now();
    const decide = (): Decided =>
      this.#store.view((view) => {
        const decision = settle(view, findMatches(view, asked, time), asked, time);
        return { decision, hits: guarded(view, decision) };
      });
    const { decision, hits } = decide();
    // An entry that floods with this upload asks for less already now; the decision is of the revision that says so.
    return this.#store.countUploads(hits, asked.hash, time) ? decide().decision : decision;
  }

  /** As `check`, and hashes the picture with all its dihedral variants first. @throws as `hashImage`. */
  async checkImage(input: ImageInput, options?: Omit<HashImageOptions, "dihedral" | "pages">): Promise<Decision> {
    const { hash, quality, stable, dihedral } = await hashImage(input, { ...options, dihedral: true });
    return this.check({ hash, quality, stable, ...(dihedral && { dihedral }) });
  }

  /**
   * Makes an earlier decision again from the store as it was at its revision: from the records, without the index, which
   * takes about a second a million signals.
   * @throws {InvalidArgumentError}
   */
  explain(decision: Decision): Explanation {
    if (typeof decision !== "object" || decision === null || !Array.isArray(decision.matches)) {
      throw invalidArgument("decision", "decision that check made", decision);
    }
    const query = checkQuery(decision.query);
    const time = integer("time", decision.time, 0, Number.MAX_SAFE_INTEGER);
    const revision = integer("revision", decision.revision, 0, Number.MAX_SAFE_INTEGER);
    return this.#store.view((now, database) => {
      if (revision > now.revision) throw new InvalidArgumentError(`The store has no revision ${revision} yet`);
      const view = new PastView(database, revision);
      try {
        const recorded = decision.matches.filter((match) => {
          const signal = view.signal(integer("signal", match.signal, 0, Number.MAX_SAFE_INTEGER));
          return signal !== undefined && (signal.flags & wipedFlag) !== 0 && signal.entry === match.number;
        });
        const replayed = settle(view, [...findMatches(view, query, time), ...recorded], query, time);
        const same = JSON.stringify(replayed) === JSON.stringify({ ...decision, query });
        return { same, decision: replayed, gone: recorded.map(({ number }) => number) };
      } finally {
        view.close();
      }
    });
  }
}
