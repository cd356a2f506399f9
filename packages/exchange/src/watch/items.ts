/** What is watched, and what was seen: memos of the store. They have addresses and cases, and no hash. */
import { randomUUID } from "node:crypto";
import type { BankStore } from "empreinte/bank";
import { invalid } from "../errors.js";

/** Content that a host should remove, as a case wants. */
export interface WatchItem {
  id: string;
  /** The address at which the content was. */
  address: string;
  case: string;
  /** When its removal was requested, in milliseconds since 1970. */
  since: number;
  /** How many hours the host has. */
  deadlineHours: number;
  /** The number of the store's entry with the same content, where there is one. */
  entryNumber?: number;
}

/**
 * The state of an address.
 *
 * - `there`: an image of the entry, or of any bank if the item has no entry, was found
 * - `unchanged`: the page has not changed since the first check
 * - `changed`: the page was replaced, and no known image was found in it
 * - `gone`: the host says so by its status, by a redirect, or with its page for missing content
 * - `unclear`: the host has one page for everything, so its answer means nothing
 * - `unreachable`: the host does not answer, or refuses
 * - `disallowed`: the host's robots.txt does not allow it, so the watch did not fetch it
 */
export type WatchState = "there" | "unchanged" | "changed" | "gone" | "unclear" | "unreachable" | "disallowed";

/** A state and its reason. */
export interface Observation {
  /** The time in milliseconds since 1970. */
  at: number;
  state: WatchState;
  /** Why, in a few words: "status 404". */
  reason: string;
}

/** What is kept of the first page that was seen. */
export interface Baseline {
  /** A digest of the page's words, or of the file's bytes. */
  digest: string;
  /** Whether a known image was in it. */
  hadImage: boolean;
  /** What the next request is conditional on. */
  tag?: string;
  modified?: string;
}

/** An item with what was seen. */
export interface WatchRecord {
  item: WatchItem;
  /** The state at each check at which it changed, oldest first, at most 500. */
  history: Observation[];
  /** When it was last checked, and how often. */
  checkedAt?: number;
  checks: number;
  baseline?: Baseline;
}

const prefix = "watch/item/";

/** What is given for a new item. */
export interface NewWatchItem extends Omit<WatchItem, "id" | "since" | "deadlineHours"> {
  since?: number;
  deadlineHours?: number;
}

/** Watches an address from now on. @throws {ExchangeError} */
export function addWatch(store: BankStore, given: NewWatchItem, now: number = Date.now()): WatchItem {
  const { address, case: name, entryNumber, since = now, deadlineHours = 48 } = given;
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.username !== "" || address.length > 2000) {
    throw invalid("address", "an address that begins with https:// or http://");
  }
  if (name === "" || name.length > 200) throw invalid("case", "a case of 1 to 200 characters");
  if (!(deadlineHours > 0 && deadlineHours <= 8760)) throw invalid("deadline", "hours from 1 to 8760");
  if (!(since > 0 && since <= now)) throw invalid("since", "a time that is not in the future");
  if (entryNumber !== undefined && store.entry({ entryNumber }) === undefined) {
    throw invalid("entry", "the number of an entry of the store");
  }
  const id = randomUUID();
  const item = { id, address, case: name, since, deadlineHours, ...(entryNumber !== undefined && { entryNumber }) };
  writeWatch(store, { item, history: [], checks: 0 });
  return item;
}

/** Returns the watched items. */
export function watched(store: BankStore): WatchRecord[] {
  return store.memos(prefix).map(({ text }) => JSON.parse(text) as WatchRecord);
}

export function writeWatch(store: BankStore, record: WatchRecord): void {
  store.writeMemo(`${prefix}${record.item.id}`, JSON.stringify(record));
}

/** Watches an address no longer, and forgets what was seen. Returns whether it was watched. */
export function removeWatch(store: BankStore, id: string): boolean {
  const name = `${prefix}${id}`;
  const there = store.memos(name).some((memo) => memo.name === name);
  if (there) store.writeMemo(name, undefined);
  return there;
}
