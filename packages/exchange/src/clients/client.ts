/** The one shape of all exchanges. */
import type { EntryInfo, EntryInput } from "empreinte/bank";

/**
 * Where to continue. A **checkpoint** is safe for ever: everything up to it has been taken. A **resume token** leads on
 * from the last page and has a life of hours at most. When it has ended, the fetch goes on from the checkpoint.
 */
export interface Position {
  checkpoint?: string;
  resume?: string;
  /** A resume token whose life has ended before its pages did. Never kept. */
  expired?: string;
}

/** What a page leaves behind when its entries have ended. */
export interface PageEnd {
  position: Position;
  /** Whether the exchange has no more for now. */
  done: boolean;
  /** Set where a whole list is as it was, so that the page is empty and ends nothing. */
  unchanged?: boolean;
}

/** Something about a page that an operator should know. It has no hash in it. */
export interface PageNote {
  /** "unknown-status", "unknown-type", "bad-entry" or another stable word. */
  kind: string;
  /** The reason, as one sentence for people. */
  reason: string;
}

export interface ExchangePage {
  /**
   * The entries in arrays, as they arrive. They throw where the page is cut off, of another source, or contradicts
   * itself.
   */
  entries: AsyncIterable<readonly EntryInput[]>;
  /** Returns the position to continue from. Call it when the entries have ended. @throws {ExchangeError} */
  end(): PageEnd;
}

export interface PageOptions {
  signal?: AbortSignal;
  note: (note: PageNote) => void;
}

/** What an analyst says of an entry. `"none"` takes back what was said before. */
export type Verdict = "blocked" | "not-blocked" | "pending" | "none";

/** What of an entry an exchange needs to recognize it. */
export type FeedbackEntry = Pick<EntryInfo, "entryNumber" | "entryId" | "signals" | "time">;

/** A client of one exchange. */
export interface ExchangeClient {
  /** How errors and reports call it. */
  readonly name: string;
  /** How many seconds a resume token lives. */
  readonly resumeSeconds: number;
  /**
   * After how many days without a checkpoint the exchange has forgotten withdrawals, so that everything must be fetched
   * anew; undefined for never.
   */
  readonly staleDays: number | undefined;
  /** Whether each fetch gives all that the source has, so that what is missing has ended. */
  readonly wholeLists: boolean;
  /**
   * Fetches the page at a position. An empty position is the beginning of all.
   * @throws {ExchangeError} `ERR_EMPREINTE_EXCHANGE_HISTORY` if the exchange knows the position no longer. The run then
   * fetches everything anew, and ends what is gone at the end of that.
   */
  page(position: Position, options: PageOptions): Promise<ExchangePage>;
  /**
   * Sends what an analyst says of an entry. Sending it twice changes nothing.
   * @throws {ExchangeError} `ERR_EMPREINTE_EXCHANGE_UNAVAILABLE` if it should be tried later; any other is a refusal.
   */
  sendFeedback?(entry: FeedbackEntry, verdict: Verdict): Promise<void>;
  /**
   * Submits an entry of ours. Sending it twice changes nothing.
   * @returns what the exchange calls it, where it says so: ids with commas between them, for `retract`.
   * @throws {ExchangeError} as `sendFeedback`.
   */
  submit?(entry: FeedbackEntry): Promise<string | undefined>;
  /**
   * Takes back what was submitted, by what the exchange calls it. Doing it twice changes nothing.
   * @throws {ExchangeError} as `sendFeedback`.
   */
  retract?(remote: string): Promise<void>;
  /** Ends all connections. */
  close(): Promise<void>;
}
