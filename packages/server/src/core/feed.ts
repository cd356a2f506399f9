/**
 * What another server needs to follow a bank: all entries, then what has changed since. A position names a place in the
 * store's history. It never expires, but it is of one history: a store that was restored from a backup has another one.
 */
import { createHash } from "node:crypto";
import type { BankStore, Change, EntryInfo } from "empreinte/bank";
import { badRequest, ServiceError } from "./errors.js";

/** One entry as its follower needs it. A withdrawn one has nothing but its number. */
export interface FeedEntry extends Pick<EntryInfo, "entryNumber" | "status">, Partial<Pick<EntryInfo, "cases">> {
  signals?: EntryInfo["signals"];
  labels?: EntryInfo["labels"];
  /** When the store took over what it says here. It never goes back from page to page. */
  time: string;
}

export interface FeedPage {
  entries: FeedEntry[];
  /** Where the next page begins. */
  position: string;
  /** Whether there is more now. */
  more: boolean;
}

/** Which entries: those of a bank, by the store's name for it, or of one of its sources. */
export interface FeedFilter {
  bank: string;
  source?: string;
}

interface Place {
  /**
   * Entries: those after number `offset`. Changes: those after `revision`, without the first `offset` of the next one.
   */
  kind: "entries" | "changes";
  revision: number;
  offset: number;
}

/** What a follower must know of. What is said about an entry, and how often it hit, stays here. */
const followed = new Set<Change["kind"]>(["added", "quarantined", "changed", "released", "withdrawn", "erased"]);

/** A page ends at so many signals: those of long videos. */
const mostSignals = 65_536;
/** A page reads at most so many entries or revisions, of which none may concern the bank. */
const mostRead = 20_000;

/** The feed of one bank, or of one source of it. */
export class Feed {
  readonly #store: BankStore;
  readonly #filter: FeedFilter;

  constructor(store: BankStore, filter: FeedFilter) {
    this.#store = store;
    this.#filter = filter;
  }

  /**
   * Returns a page of at most `limit` entries. Without a position it is the first.
   * @throws {ServiceError} 400 for what is no position, 409 for one of another history.
   */
  page(position: string | undefined, limit: number): FeedPage {
    const place: Place =
      position === undefined ? { kind: "entries", revision: this.#store.revision, offset: 0 } : this.#placeOf(position);
    return place.kind === "entries" ? this.#entries(place, limit) : this.#changes(place, limit);
  }

  #entries({ revision, offset }: Place, limit: number): FeedPage {
    const time = this.#times(revision, revision)[0]!;
    const entries: FeedEntry[] = [];
    let [read, signals, last] = [0, 0, offset];
    let ended = true;
    for (const entry of this.#store.entries({ ...this.#filter, after: offset })) {
      if (entries.length >= limit || signals >= mostSignals || read >= mostRead) {
        ended = false;
        break;
      }
      read++;
      last = entry.entryNumber;
      signals += entry.signals.length;
      if (entry.status !== "withdrawn") entries.push(shown(entry, time));
    }
    // What changed while the entries were listed comes now.
    const next: Place = ended ? { kind: "changes", revision, offset: 0 } : { kind: "entries", revision, offset: last };
    return { entries, position: this.#textOf(next), more: !ended || this.#store.revision > revision };
  }

  #changes({ revision, offset }: Place, limit: number): FeedPage {
    const found = new Map<number, { entry: EntryInfo | undefined; revision: number }>();
    const end = this.#store.revision;
    let [at, skip, signals] = [revision, offset, 0];
    const full = (): boolean => found.size >= limit || signals >= mostSignals;
    while (at < end && !full() && at - revision < mostRead) {
      const all = this.#store.changes(at, { limit: 1 });
      while (skip < all.length && !full()) {
        const { entryNumber } = all[skip]!;
        if (this.#concerns(all[skip]!) && !found.has(entryNumber!)) {
          const entry = this.#store.entry({ entryNumber: entryNumber! });
          found.set(entryNumber!, { entry, revision: at + 1 });
          signals += entry?.signals.length ?? 0;
        }
        skip++;
      }
      if (skip < all.length) break;
      at++;
      skip = 0;
    }
    const times = found.size === 0 ? [] : this.#times(revision + 1, Math.min(end, at + 1));
    const entries = Array.from(found, ([entryNumber, { entry, revision: changed }]): FeedEntry => {
      const time = times[changed - revision - 1]!;
      return entry === undefined || entry.status === "withdrawn"
        ? { entryNumber, status: "withdrawn", time }
        : shown(entry, time);
    });
    return { entries, position: this.#textOf({ kind: "changes", revision: at, offset: skip }), more: at < end };
  }

  /**
   * Returns whether a change concerns this feed. An erased entry has no bank any longer: whoever followed it must know,
   * and to others it is a number.
   */
  #concerns({ kind, bank, source, entryNumber }: Change): boolean {
    if (!followed.has(kind) || entryNumber === undefined) return false;
    if (bank === undefined) return true;
    return bank === this.#filter.bank && (this.#filter.source === undefined || source === this.#filter.source);
  }

  #times(first: number, last: number): string[] {
    return this.#store.revisionTimes(first, last).map((time) => time.toISOString());
  }

  #textOf({ kind, revision, offset }: Place): string {
    return `${kind}.${revision}.${offset}.${this.#tag(revision)}`;
  }

  #placeOf(text: string): Place {
    const [, kind, ...numbers] = /^(entries|changes)\.(\d{1,15})\.(\d{1,15})\.[0-9a-f]{16}$/.exec(text) ?? [];
    if (kind === undefined) throw badRequest("position must be what a page of this feed gave");
    const [revision = 0, offset = 0] = numbers.map(Number);
    const place: Place = { kind: kind as Place["kind"], revision, offset };
    if (revision <= this.#store.revision && this.#textOf(place) === text) return place;
    const reason =
      "The position is of another history, bank or source. Begin without one, and end what is then not named";
    throw new ServiceError(409, "ERR_EMPREINTE_CONFLICT", reason);
  }

  /** Returns a digest of what a position must fit: the history up to its revision, the bank and the source. */
  #tag(revision: number): string {
    const { bank, source = null } = this.#filter;
    const text = JSON.stringify([this.#store.history.digest(revision), bank, source]);
    return createHash("sha256").update(text).digest("hex").slice(0, 16);
  }
}

function shown({ entryNumber, status, signals, labels, cases }: EntryInfo, time: string): FeedEntry {
  return {
    entryNumber,
    status,
    signals,
    ...(labels.length > 0 && { labels }),
    ...(cases.length > 0 && { cases }),
    time,
  };
}
