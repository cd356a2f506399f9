/** What a decision is made from: the store as it is, or as it was at a revision. */
import { HashIndex } from "../../search/hash-index.js";
import type { IndexMatch } from "../../search/match.js";
import type { Database } from "../storage/database.js";
import type { Label } from "../storage/labels.js";
import type { LiveIndex } from "../index/live-index.js";
import {
  heldFlag,
  isLive,
  Pages,
  readRecord,
  recordBytes,
  recordsFrom,
  type SignalRecord,
  wipedFlag,
} from "../storage/pages.js";
import { partOf } from "../storage/crop-names.js";
import { type Bank, banksAt } from "./policy.js";
import { type Suggestion, suggestionAt, timeOfRevision } from "./qualify.js";
import { counter } from "../storage/schema.js";
import { activeStatus } from "../storage/names.js";

/** An entry as a decision sees it. */
export interface ViewedEntry {
  bank: number;
  source: string;
  /** The source's id, where it gave one. */
  key: string | undefined;
  labels: Label[];
  /** Milliseconds since 1970. */
  disabledUntil: number | null;
  /** It has hit too many different uploads: it asks for review at most. */
  flooded: boolean;
  /** The revision that made it what it was. */
  since: number;
}

export interface View {
  readonly revision: number;
  banks(): Map<number, Bank>;
  /** For each query the signals within the radius. */
  search(queries: Uint8Array, radius: number, types: readonly number[]): IndexMatch[][];
  /** A signal that could match then; undefined for one that could not. */
  signal(id: number): SignalRecord | undefined;
  /** The name of the part that a derived hash is of; undefined for a whole picture's. */
  part(record: SignalRecord): string | undefined;
  /** An entry that was active then. */
  entry(id: number): ViewedEntry | undefined;
  /** What an analyst had said of it then. */
  suggestion(entry: number): Suggestion | undefined;
  /** When a revision was made: milliseconds since 1970. */
  timeOf(revision: number): number | undefined;
}

type EntryRow = [
  bank: number,
  source: string,
  key: string | null,
  labels: string | null,
  disabled: number | null,
  flooded: number,
  since: number,
];
const entryNow = `SELECT s.bank, s.name, e.key, l.text, e.disabled, e.flooded, e.since FROM entry e JOIN source s ON s.id = e.source
  LEFT JOIN labels l ON l.id = e.labels WHERE e.id = ?1 AND e.status = ${activeStatus} AND e.since <= ?2`;
const entryThen = `SELECT s.bank, s.name, e.key, l.text, w.disabled, w.flooded, w.since FROM entry_was w JOIN entry e ON e.id = w.entry
  JOIN source s ON s.id = e.source LEFT JOIN labels l ON l.id = w.labels
  WHERE w.entry = ?1 AND w.status = ${activeStatus} AND w.since <= ?2 AND w.until > ?2`;

function viewed(row: EntryRow | undefined): ViewedEntry | undefined {
  if (row === undefined) return undefined;
  const [bank, source, key, labels, disabledUntil, flooded, since] = row;
  const visible = key !== null && !key.startsWith("~") ? key : undefined;
  return {
    bank,
    source,
    key: visible,
    labels: JSON.parse(labels ?? "[]") as Label[],
    disabledUntil,
    flooded: flooded === 1,
    since,
  };
}

export class LiveView implements View {
  readonly revision: number;
  readonly #database: Database;
  readonly #live: LiveIndex;
  #pages: Pages | undefined;

  /** @param live in step with the store. */
  constructor(database: Database, live: LiveIndex) {
    this.#database = database;
    this.#live = live;
    this.revision = live.revision;
  }

  banks(): Map<number, Bank> {
    return this.#live.banks();
  }

  search(queries: Uint8Array, radius: number, types: readonly number[]): IndexMatch[][] {
    return this.#live.search(queries, radius, types);
  }

  signal(id: number): SignalRecord | undefined {
    this.#pages ??= new Pages(this.#database, this.#live.next);
    const record = readRecord(this.#pages.at(id));
    return isLive(record) ? record : undefined;
  }

  part(record: SignalRecord): string | undefined {
    return partOf(this.#database, record.part);
  }

  entry(id: number): ViewedEntry | undefined {
    return viewed(this.#database.get<EntryRow>(entryNow, id, this.revision));
  }

  suggestion(entry: number): Suggestion | undefined {
    return suggestionAt(this.#database, entry, this.revision);
  }

  timeOf(revision: number): number | undefined {
    return timeOfRevision(this.#database, revision);
  }
}

/** Whether a signal could match at a revision. */
export const couldMatch = ({ from, to, flags }: SignalRecord, revision: number): boolean =>
  from <= revision && (to === 0 || to > revision) && (flags & heldFlag) === 0;

/** From the records alone, without the live index: one checks the other. Values that were zeroed are not in it. */
export class PastView implements View {
  readonly revision: number;
  readonly #database: Database;
  readonly #index: HashIndex = new HashIndex({ memory: "rows" });
  readonly #pages: Pages;

  constructor(database: Database, revision: number) {
    this.#database = database;
    this.revision = revision;
    const end = counter(database, "signals");
    this.#pages = new Pages(database, end);
    for (const { first, count, bytes } of recordsFrom(database, 0, end)) {
      const records = Array.from({ length: count }, (_, i) =>
        readRecord(bytes.subarray(recordBytes * i, recordBytes * (i + 1))),
      );
      const ids = records.flatMap((record, i) =>
        couldMatch(record, revision) && (record.flags & wipedFlag) === 0 ? [i] : [],
      );
      this.#index.addManySync(
        ids.map((i) => first + i),
        Buffer.concat(ids.map((i) => records[i]!.value)),
        { tags: Uint8Array.from(ids, (i) => records[i]!.type) },
      );
    }
  }

  banks(): Map<number, Bank> {
    return banksAt(this.#database, this.revision);
  }

  search(queries: Uint8Array, radius: number, types: readonly number[]): IndexMatch[][] {
    return this.#index.searchManySync(queries, { radius, tags: types });
  }

  /** Also one whose value was zeroed since. */
  signal(id: number): SignalRecord | undefined {
    if (!(id < counter(this.#database, "signals"))) return undefined;
    const record = readRecord(this.#pages.at(id));
    return couldMatch(record, this.revision) ? record : undefined;
  }

  part(record: SignalRecord): string | undefined {
    return partOf(this.#database, record.part);
  }

  entry(id: number): ViewedEntry | undefined {
    return viewed(
      this.#database.get<EntryRow>(entryNow, id, this.revision) ??
        this.#database.get<EntryRow>(entryThen, id, this.revision),
    );
  }

  suggestion(entry: number): Suggestion | undefined {
    return suggestionAt(this.#database, entry, this.revision);
  }

  timeOf(revision: number): number | undefined {
    return timeOfRevision(this.#database, revision);
  }

  close(): void {
    this.#index.close();
  }
}
