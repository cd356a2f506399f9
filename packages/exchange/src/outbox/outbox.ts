/** What must be sent to an exchange: kept as memos of the store until it was sent, or refused. No memo has a hash. */
import type { BankStore } from "empreinte/bank";
import type { Verdict } from "../clients/client.js";

/** A verdict of an analyst, in the exchange's own words. */
export interface FeedbackItem {
  kind: "feedback";
  /** The number of the qualification that it comes from. */
  qualification: number;
  entryNumber: number;
  verdict: Verdict;
}

/** An entry of ours that the exchange should have, or should have no longer. */
export interface SubmissionItem {
  kind: "submit" | "retract";
  entryNumber: number;
  /** What the exchange calls it: ids with commas between them. */
  remote?: string;
}

export type OutboxItem = (FeedbackItem | SubmissionItem) & {
  bank: string;
  source: string;
  /** `"refused"`: the exchange will not take it, and says why. */
  state: "pending" | "sent" | "refused";
  /** When it was written, and when it was last tried, in milliseconds since 1970. */
  since: number;
  triedAt?: number;
  tries: number;
  reason?: string;
};

const prefix = "exchange/outbox/";
const nameOf = ({ bank, source, kind, entryNumber }: OutboxItem): string =>
  `${prefix}${bank}/${source}/${kind}/${entryNumber}`;

/** Returns the items of a source, or of all sources. */
export function outboxOf(store: BankStore, from?: { bank: string; source: string }): OutboxItem[] {
  const beginning = from === undefined ? prefix : `${prefix}${from.bank}/${from.source}/`;
  return store.memos(beginning).map(({ text }) => JSON.parse(text) as OutboxItem);
}

/** Writes an item. A newer verdict about an entry takes the place of the one before. */
export function writeItem(store: BankStore, item: OutboxItem): void {
  store.writeMemo(nameOf(item), JSON.stringify(item));
}

/** Removes an item of which the exchange has heard nothing. */
export function removeItem(store: BankStore, item: OutboxItem): void {
  store.writeMemo(nameOf(item), undefined);
}
