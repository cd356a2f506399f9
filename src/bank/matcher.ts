import { boolean, integer, invalidArgument, checkOptions, checkSignal } from "../check.js";
import { InvalidArgumentError } from "../errors.js";
import type { ImageInput } from "../image/input.js";
import { copyLevel } from "../copies/search-copies.js";
import type { CopyLevel } from "../copies/types.js";
import type { Limits } from "../limits.js";
import { copiesIn } from "./decision/copies.js";
import { type Decision, decide } from "./decision/decide.js";
import { findMatches } from "./decision/find-matches.js";
import type { Flooding } from "./decision/flood.js";
import { wipedFlag } from "./storage/pages.js";
import { type CheckQuery, checkQuery, uploadKey } from "./decision/query.js";
import type { Qualification, QualifyInput } from "./decision/qualify.js";
import type { BankStore } from "./store.js";
import { type CheckImageOptions, readPicture, readUpload } from "./decision/upload.js";
import { PastView, type View } from "./decision/snapshot.js";

/** What replaying a decision gave. */
export interface Explanation {
  /** Whether the replay gave the same action, matches and reasons. */
  same: boolean;
  /** What the store as it was then decides. */
  decision: Decision;
  /** Numbers of entries that were withdrawn or erased since: their hashes are gone, and their matches are taken as recorded. */
  gone: number[];
}

export interface MatcherOptions {
  /**
   * Write each decision that is not `"none"` to the store's audit log: a transaction each, some milliseconds, and `check`
   * waits for another process that writes. Default false.
   */
  audit?: boolean;
}

export interface CheckCopiesOptions extends Limits {
  /** As for `findCopies`; `"fast"` is what `checkImage` does. Default `"standard"`. */
  level?: CopyLevel;
  /** To the end, for all entries that the picture has to do with, whatever the banks decide before. Default false. */
  all?: boolean;
  signal?: AbortSignal;
  /** What errors call the input. Default: the path, "buffer" or "stream". */
  name?: string;
}

const copyOptionNames = ["level", "all", "signal", "name", "maxPixels", "maxBytes", "maxSeconds", "maxPages"] as const;

/** What the log says of a decision. */
function told({ action, matches, query }: Decision): object {
  const some = matches.slice(0, 20).map(({ bank, entryNumber, kind, distance, crop, copy, suppressed, rule }) => {
    const seen = { ...(copy && { tier: copy.tier, view: copy.view }), ...(crop !== undefined && { crop }) };
    const more = { ...seen, ...(suppressed && { suppressed }) };
    return { bank, entry: entryNumber, kind, distance, ...more, rule };
  });
  return { action, upload: uploadKey(query).slice(0, 8), matches: some, of: matches.length };
}

interface Decided {
  decision: Decision;
  hits: Flooding[];
}

/** The entries whose hits are counted. */
function guarded(view: View, { matches }: Decision): Flooding[] {
  if (matches.length === 0) return [];
  const policies = new Map([...view.banks().values()].map(({ name, policy }) => [name, policy]));
  return matches.flatMap(({ bank, entryNumber, suppressed, flooded, action }) => {
    const { flood: limit, action: own } = policies.get(bank)!;
    // A part that is in many uploads, or a copy for review, already asks for less; the picture itself need not.
    const less = action !== own;
    return limit === undefined || suppressed || flooded === true || less ? [] : [{ entry: entryNumber, limit }];
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
  readonly #audit: boolean;

  /** @throws {InvalidArgumentError} */
  constructor(store: BankStore, options?: MatcherOptions) {
    const { audit = false } = checkOptions(options, ["audit"]);
    this.#store = store;
    this.#audit = boolean("audit", audit);
  }

  /**
   * The decision for a picture that is hashed already: with the store as it is at this moment, whoever changed it.
   * @throws {InvalidArgumentError} @throws {InvalidHashError} @throws {EmpreinteError} `ERR_EMPREINTE_CLOSED`
   */
  check(query: CheckQuery): Decision {
    const asked = checkQuery(query);
    const time = Date.now();
    const run = (): Decided =>
      this.#store.view((view) => {
        const decision = decide(view, findMatches(view, asked, time), asked, time);
        return { decision, hits: guarded(view, decision) };
      });
    const { decision, hits } = run();
    // An entry that floods with this upload asks for less already now; the decision is of the revision that says so.
    const flooded = this.#store.countUploads(hits, uploadKey(asked), time);
    const answer = flooded ? run().decision : decision;
    if (this.#audit && answer.action !== "none") this.#store.record("decision", told(answer));
    return answer;
  }

  /**
   * As `check`, of a file: hashes the picture with all its orientations and takes the MD5, SHA-1 and SHA-256 of its
   * bytes, which are read once. Raw pixels have no digests. Where the decoder refuses a picture whose bytes are known, that
   * match is the answer.
   * @throws as `hashImage`; also of a picture that the decoder refuses, unless its bytes match.
   */
  async checkImage(input: ImageInput, options?: CheckImageOptions): Promise<Decision> {
    const { query, refused } = await readUpload(input, options);
    const decision = this.check(query);
    if (refused !== undefined && decision.matches.length === 0) throw refused;
    return decision;
  }

  /**
   * As `checkImage`, and looks for altered copies, as `findCopies` does, among the signals that may match: framed,
   * captioned, in a screenshot or a collage, cropped. The policies decide of what is found, with each bank's variants,
   * labels and qualities. How far such a match may be, `findCopies` says, and no farther than its radius where a bank's is
   * below 31; one for review is never more than that. It ends when the strongest is decided that any bank asks for.
   * The decision has what was found in its `query`, so that `explain` makes it again.
   *
   * @throws as `checkImage`; {EmpreinteError} `ERR_EMPREINTE_CLOSED`.
   *
   * @example
   * const { action, matches } = await matcher.checkCopies("screenshot.png", { level: "thorough" });
   */
  async checkCopies(input: ImageInput, options?: CheckCopiesOptions): Promise<Decision> {
    const given = checkOptions(options, copyOptionNames) as CheckCopiesOptions;
    const level = copyLevel(given.level ?? "standard");
    const all = boolean("all", given.all ?? false);
    const signal = checkSignal(given.signal);
    const { query, samples, refused } = await readPicture(input, given, signal);
    const asked = checkQuery(query);
    const copies = samples === undefined ? [] : await copiesIn(this.#store, asked, samples, { level, all, signal });
    const decision = this.check({ ...asked, copies });
    if (refused !== undefined && decision.matches.length === 0) throw refused;
    return decision;
  }

  /**
   * Records what an analyst says of the upload of a decision: the suggestion, `decision.prequalification`, is confirmed or
   * overridden, and what is recorded is the suggestion for the next upload that matches the same entry.
   *
   * @throws {InvalidArgumentError} also when the decision has no match: content that no bank has is imported first.
   * @throws {BankError} `ERR_EMPREINTE_UNKNOWN_NAME`: the entry was withdrawn or erased since. `ERR_EMPREINTE_BUSY`
   *
   * @example
   * const decision = await matcher.checkImage("upload.jpg");
   * matcher.qualify(decision, { labels: decision.prequalification?.labels ?? ["ncmec:B1"], by: "ada" });
   */
  qualify(decision: Decision, given: QualifyInput): Qualification {
    const { entryNumber: wanted, ...rest } = checkOptions(given, [
      "labels",
      "by",
      "note",
      "entryNumber",
    ]) as QualifyInput;
    if (!Array.isArray(decision?.matches)) throw invalidArgument("decision", "decision that check made", decision);
    const match =
      wanted === undefined ? decision.matches[0] : decision.matches.find(({ entryNumber }) => entryNumber === wanted);
    if (match === undefined) throw invalidArgument("entryNumber", "number of one of the decision's matches", wanted);
    const { entryNumber, distance } = match;
    return this.#store.qualify(entryNumber, distance, rest, decision.prequalification);
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
          return signal !== undefined && (signal.flags & wipedFlag) !== 0 && signal.entry === match.entryNumber;
        });
        const gone = recorded.map(({ entryNumber }) => entryNumber);
        const replayed = decide(view, [...findMatches(view, query, time), ...recorded], query, time);
        const said = decision.prequalification;
        // What was said of an erased entry is gone too.
        const from = said !== undefined && gone.includes(said.entryNumber) ? said : replayed.prequalification;
        const { query: asked, prequalification: _, ...rest } = replayed;
        const answer = { ...rest, ...(from && { prequalification: from }), query: asked };
        return { same: JSON.stringify(answer) === JSON.stringify({ ...decision, query }), decision: answer, gone };
      } finally {
        view.close();
      }
    });
  }
}
