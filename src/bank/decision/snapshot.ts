/** A snapshot is the store at one revision: the current one, or an earlier one. Decisions are made from a snapshot. */
import { HashIndex } from "../../search/hash-index.js";
import type { IndexMatch } from "../../search/match.js";
import type { LiveIndex } from "../index/live-index.js";
import type { Label } from "../../lists/entry.js";
import { cropNameOf } from "../storage/crop-names.js";
import type { Database } from "../storage/database.js";
import { labelsAt } from "../storage/labels.js";
import { readTimes } from "../storage/frame-times.js";
import { hadLocalRecord } from "../storage/local-records.js";
import { activeStatus } from "../storage/names.js";
import {
  checkRun,
  isLive,
  Pages,
  quarantinedFlag,
  readRecord,
  recordBytes,
  recordsFrom,
  type SignalRecord,
  weakFlag,
  wipedFlag,
} from "../storage/pages.js";
import { counter, timeOfRevision } from "../storage/schema.js";
import { frameType } from "../storage/signals.js";
import { Texts } from "../storage/texts.js";
import { type Bank, banksAt } from "./policy.js";
import { type Suggestion, suggestionAt } from "./qualify.js";

/** What a decision needs of an entry. */
export interface SnapshotEntry {
  /** The number of its bank. */
  bank: number;
  source: string;
  /** The source's id, where the source gave one. */
  entryId: string | undefined;
  labels: Label[];
  /** Until when it does not match, in milliseconds since 1970. */
  disabledUntil: number | null;
  /** Whether it has hit too many different uploads, so that it asks for a review at most. */
  flooded: boolean;
  /** The revision that last changed it. */
  since: number;
}

/** A frame of a known video. */
export interface KnownFrame {
  /** The store's number of the signal. */
  signal: number;
  number: number;
  timestampSeconds: number;
  hash: string;
  quality: number;
  /** Whether it would match unrelated images, so that the screening left it out of searches. */
  weak: boolean;
}

/** The store at one revision. */
export interface Snapshot {
  readonly revision: number;
  /** Returns the banks by their numbers. */
  banks(): Map<number, Bank>;
  /** Returns the signals of these types within the radius, for each query. */
  search(queries: Uint8Array, radius: number, types: readonly number[]): IndexMatch[][];
  /** Returns a signal that could match at the revision, or undefined for any other. */
  signal(id: number): SignalRecord | undefined;
  /** Returns the name of a crop, or undefined for the signal of a whole image. */
  cropName(record: SignalRecord): string | undefined;
  /** Returns an entry that was active at the revision. */
  entry(id: number): SnapshotEntry | undefined;
  /** Returns whether an entry had the local record of revision `since`. */
  hasLocal(entry: number, since: number): boolean;
  /** Returns the assessment of an analyst about an entry. */
  suggestion(entry: number): Suggestion | undefined;
  /** Returns when a revision was made, in milliseconds since 1970. */
  timeOf(revision: number): number | undefined;
}

type EntryRow = [
  bank: number,
  source: string,
  text: number | null,
  labels: number | null,
  disabled: number | null,
  flooded: number,
  since: number,
];
const currentEntry = `SELECT s.bank, s.name, e.text, l.text, e.disabled, e.flooded, e.since
  FROM entry e JOIN source s ON s.id = e.source LEFT JOIN labels l ON l.id = e.labels
  WHERE e.id = ?1 AND e.status = ${activeStatus} AND e.since <= ?2`;
const earlierEntry = `SELECT s.bank, s.name, e.text, l.text, h.disabled, h.flooded, h.since
  FROM entry_history h JOIN entry e ON e.id = h.entry JOIN source s ON s.id = e.source LEFT JOIN labels l ON l.id = h.labels
  WHERE h.entry = ?1 AND h.status = ${activeStatus} AND h.since <= ?2 AND h.until > ?2`;

function entryOf(texts: () => Texts, row: EntryRow | undefined): SnapshotEntry | undefined {
  if (row === undefined) return undefined;
  const [bank, source, text, labels, disabledUntil, flooded, since] = row;
  return {
    bank,
    source,
    entryId: text === null ? undefined : texts().read(text),
    labels: labels === null ? [] : labelsAt(texts(), labels),
    disabledUntil,
    flooded: flooded === 1,
    since,
  };
}

/** Without a known quality a frame counts as good, as everywhere. */
const goodQuality = 100;

function framesOf(database: Database, pages: Pages, entry: number, end: number): KnownFrame[] {
  const sql = `SELECT first, count, times FROM entry WHERE id = ? AND status = ${activeStatus}`;
  const row = database.get<[number, number, number | null]>(sql, entry);
  if (row === undefined) return [];
  const [first, count, address] = row;
  checkRun(database, first, count, end);
  const frames: KnownFrame[] = [];
  for (let signal = first; signal < first + count; signal++) {
    const { type, value, flags, quality = goodQuality } = readRecord(pages.at(signal));
    if (type !== frameType) continue;
    const weak = (flags & weakFlag) !== 0;
    frames.push({ signal, number: 0, timestampSeconds: 0, hash: value.toString("hex"), quality, weak });
  }
  readTimes(database, new Texts(database), address, frames.length).forEach(({ frame, seconds }, i) => {
    frames[i]!.number = frame;
    frames[i]!.timestampSeconds = seconds;
  });
  return frames;
}

/**
 * The store as it is now, by the live index. It is valid within one reading, which begins at the first call that needs
 * more than the index and the banks.
 */
export class LiveSnapshot implements Snapshot {
  readonly revision: number;
  readonly #file: Database;
  readonly #live: LiveIndex;
  readonly #begin: () => void;
  #stored: Pages | undefined;
  #texts: Texts | undefined;
  /** The entries that were looked up, some of them twice: by their match and for the suggestion. */
  readonly #entries: Map<number, SnapshotEntry | undefined> = new Map();
  readonly #times: Map<number, number | undefined> = new Map();

  /**
   * @param live the index, in step with the store.
   * @param begin begins the reading. It is called before each use of the file.
   */
  constructor(database: Database, live: LiveIndex, begin: () => void) {
    this.#file = database;
    this.#live = live;
    this.#begin = begin;
    this.revision = live.revision;
  }

  get #database(): Database {
    this.#begin();
    return this.#file;
  }

  banks(): Map<number, Bank> {
    return this.#live.banks();
  }

  search(queries: Uint8Array, radius: number, types: readonly number[]): IndexMatch[][] {
    return this.#live.search(queries, radius, types);
  }

  signal(id: number): SignalRecord | undefined {
    const record = readRecord(this.#pages.at(id));
    return isLive(record) ? record : undefined;
  }

  get #pages(): Pages {
    return (this.#stored ??= new Pages(this.#database, this.#live.next));
  }

  /** Whether the store has had images. In one of videos alone no frame needs to be looked up as an image. */
  get hasImages(): boolean {
    return counter(this.#database, "stills") > 0;
  }

  /** Returns the frames of an active entry's video, in the order of its signals. */
  frames(entry: number): KnownFrame[] {
    return framesOf(this.#database, this.#pages, entry, this.#live.next);
  }

  cropName(record: SignalRecord): string | undefined {
    return cropNameOf(this.#database, record.crop);
  }

  entry(id: number): SnapshotEntry | undefined {
    if (this.#entries.has(id)) return this.#entries.get(id);
    const texts = (): Texts => (this.#texts ??= new Texts(this.#database));
    const entry = entryOf(texts, this.#database.get<EntryRow>(currentEntry, id, this.revision));
    this.#entries.set(id, entry);
    return entry;
  }

  hasLocal(entry: number, since: number): boolean {
    return hadLocalRecord(this.#database, entry, since, this.revision);
  }

  /** Returns the first signal of an active entry that may match. */
  firstSignal(entry: number): number | undefined {
    const sql = `SELECT first, count FROM entry WHERE id = ? AND status = ${activeStatus}`;
    const [first, count] = this.#database.get<[number, number]>(sql, entry) ?? [0, 0];
    checkRun(this.#database, first, count, this.#live.next);
    for (let id = first; id < first + count; id++) if (this.signal(id) !== undefined) return id;
    return undefined;
  }

  suggestion(entry: number): Suggestion | undefined {
    return suggestionAt(this.#database, entry, this.revision);
  }

  timeOf(revision: number): number | undefined {
    if (!this.#times.has(revision)) this.#times.set(revision, timeOfRevision(this.#database, revision));
    return this.#times.get(revision);
  }
}

/** Returns whether a signal could match at a revision. */
const couldMatch = ({ from, to, flags }: SignalRecord, revision: number): boolean =>
  from <= revision && (to === 0 || to > revision) && (flags & (quarantinedFlag | weakFlag)) === 0;

/**
 * The store at an earlier revision, from the records alone. It does not use the live index, so that replaying a
 * decision also checks that index. Values that were zeroed since are not in its searches.
 */
export class PastSnapshot implements Snapshot {
  readonly revision: number;
  readonly #database: Database;
  readonly #end: number;
  readonly #pages: Pages;
  #built: HashIndex | undefined;

  constructor(database: Database, revision: number) {
    this.#database = database;
    this.revision = revision;
    this.#end = counter(database, "signals");
    this.#pages = new Pages(database, this.#end);
  }

  /** An index of the signals of that revision. A decision about a video compares pairs, and needs none. */
  get #index(): HashIndex {
    if (this.#built !== undefined) return this.#built;
    const index = (this.#built = new HashIndex({ memory: "rows" }));
    for (const { first, count, bytes } of recordsFrom(this.#database, 0, this.#end)) {
      const records = Array.from({ length: count }, (_, i) =>
        readRecord(bytes.subarray(recordBytes * i, recordBytes * (i + 1))),
      );
      const ids = records.flatMap((record, i) =>
        couldMatch(record, this.revision) && (record.flags & wipedFlag) === 0 ? [i] : [],
      );
      index.addManySync(
        ids.map((i) => first + i),
        Buffer.concat(ids.map((i) => records[i]!.value)),
        { tags: Uint8Array.from(ids, (i) => records[i]!.type) },
      );
    }
    return index;
  }

  banks(): Map<number, Bank> {
    return banksAt(this.#database, this.revision);
  }

  search(queries: Uint8Array, radius: number, types: readonly number[]): IndexMatch[][] {
    return this.#index.searchManySync(queries, { radius, tags: types });
  }

  /** Also returns a signal whose value was zeroed since. */
  signal(id: number): SignalRecord | undefined {
    if (!(id < this.#end)) return undefined;
    const record = readRecord(this.#pages.at(id));
    return couldMatch(record, this.revision) ? record : undefined;
  }

  cropName(record: SignalRecord): string | undefined {
    return cropNameOf(this.#database, record.crop);
  }

  entry(id: number): SnapshotEntry | undefined {
    return entryOf(
      () => new Texts(this.#database),
      this.#database.get<EntryRow>(currentEntry, id, this.revision) ??
        this.#database.get<EntryRow>(earlierEntry, id, this.revision),
    );
  }

  hasLocal(entry: number, since: number): boolean {
    return hadLocalRecord(this.#database, entry, since, this.revision);
  }

  suggestion(entry: number): Suggestion | undefined {
    return suggestionAt(this.#database, entry, this.revision);
  }

  timeOf(revision: number): number | undefined {
    return timeOfRevision(this.#database, revision);
  }

  /** Frees the index. */
  close(): void {
    this.#built?.close();
  }
}
