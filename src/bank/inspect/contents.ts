/** What the store has of its entries. Call each function inside a reading. */
import { checkOptions, integer } from "../../check.js";
import type { Label, SignalType } from "../../lists/entry.js";
import { type EntryName, type EntryNumber, numberOfEntry } from "../removal/selection.js";
import type { ChangeKind } from "../storage/change-log.js";
import { cropNameOf } from "../storage/crop-names.js";
import type { Database } from "../storage/database.js";
import type { KeyedDigest } from "../storage/keyed-digest.js";
import { labelsAt } from "../storage/labels.js";
import { type EntryStatus, quarantinedStatus, statusName } from "../storage/names.js";
import { checkRun, Pages, readRecord, weakFlag, wipedFlag } from "../storage/pages.js";
import { counter } from "../storage/schema.js";
import { readTimes } from "../storage/frame-times.js";
import { frameType, signalTypes, valueText } from "../storage/signals.js";
import { Texts } from "../storage/texts.js";

/** An entry as the store has it. */
export interface EntryInfo {
  /** The store's number of the entry, which it never uses again. */
  entryNumber: number;
  bank: string;
  source: string;
  /** The source's id; undefined for a withdrawn entry and where the source gave none. */
  entryId?: string;
  status: EntryStatus;
  /** Why the entry is quarantined or flooded. */
  reason?: string;
  /** The values, as lower-case hex. Crops are only here with the option `crops`. The frames of a video have times. */
  signals: {
    type: SignalType;
    value: string;
    quality?: number;
    crop?: string;
    frame?: number;
    timestampSeconds?: number;
    /** Set for a frame that would match unrelated images, such as a black one: it is not searched for. */
    weak?: true;
  }[];
  /** How many crops the entry has that are not in `signals`. */
  cropSignals?: number;
  labels: Label[];
  cases: string[];
  /** When the source last changed it. */
  time?: Date;
  /** Until when it does not match. */
  disabledUntil?: Date;
  /** Set where the entry has hit too many different uploads. It asks for a review at most. */
  flooded?: true;
  /** The revision that last changed it. */
  since: number;
}

/** One change of an entry, or of a bank's policy. */
export interface Change {
  revision: number;
  kind: ChangeKind;
  bank?: string;
  source?: string;
  /** The number of the entry; undefined for a change of a policy. */
  entryNumber?: number;
  /** The source's id, as long as the store has the entry. */
  entryId?: string;
}

const columns = `SELECT e.id, b.name, s.name, e.text, e.status, e.reason, e.first, e.count, l.text, e.updated, e.disabled,
  e.flooded, e.since, e.times
  FROM entry e JOIN source s ON s.id = e.source JOIN bank b ON b.id = s.bank LEFT JOIN labels l ON l.id = e.labels`;
type Row = [
  id: number,
  bank: string,
  source: string,
  text: number | null,
  status: number,
  reason: string | null,
  first: number,
  count: number,
  labels: number | null,
  updated: number | null,
  disabled: number | null,
  flooded: number,
  since: number,
  times: number | null,
];

/** The pages of one reading. */
interface Reader {
  database: Database;
  pages: Pages;
  texts: Texts;
}

const readerOf = (database: Database): Reader => ({
  database,
  pages: new Pages(database, counter(database, "signals")),
  texts: new Texts(database),
});

function casesOf(database: Database, texts: Texts, entry: number): string[] {
  const rows = database.all<[number]>("SELECT text FROM entry_case WHERE entry = ?", entry);
  return rows.map(([text]) => texts.read(text)).sort();
}

/** @param crops whether to answer crops, too. */
function infoOf({ database, pages, texts }: Reader, row: Row, crops = false): EntryInfo {
  const [entryNumber, bank, source, text, status, reason, first, count, labels, updated, disabled, ...last] = row;
  const [flooded, since, address] = last;
  checkRun(database, first, count, counter(database, "signals"));
  const all = Array.from({ length: count }, (_, i) => readRecord(pages.at(first + i)));
  const present = all.filter(({ flags }) => (flags & wipedFlag) === 0);
  const frames = present.filter(({ type }) => type === frameType);
  const times = readTimes(database, texts, address, frames.length);
  const timeOf = new Map(frames.map((signal, i) => [signal, times[i]!]));
  const shown = crops ? present : present.filter(({ crop }) => crop === 0);
  return {
    entryNumber,
    bank,
    source,
    ...(text !== null && { entryId: texts.read(text) }),
    status: statusName(status),
    ...(reason !== null && { reason }),
    signals: shown.map((signal) => {
      const { type, value, quality, crop: number, flags } = signal;
      const crop = cropNameOf(database, number);
      const time = timeOf.get(signal);
      return {
        type: signalTypes[type]!,
        value: valueText(type, value),
        ...(quality !== undefined && { quality }),
        ...(crop !== undefined && { crop }),
        ...(time && { frame: time.frame, timestampSeconds: time.seconds }),
        ...((flags & weakFlag) !== 0 && { weak: true as const }),
      };
    }),
    ...(shown.length < present.length && { cropSignals: present.length - shown.length }),
    labels: labelsAt(texts, labels),
    cases: casesOf(database, texts, entryNumber),
    ...(updated !== null && { time: new Date(updated) }),
    ...(disabled !== null && { disabledUntil: new Date(disabled) }),
    ...(flooded === 1 && { flooded: true as const }),
    since,
  };
}

/** Returns one entry, or undefined if the store never had it or has erased it. */
export function entryInfo(
  database: Database,
  name: EntryName | EntryNumber,
  digest: KeyedDigest,
  crops: boolean,
): EntryInfo | undefined {
  const id = numberOfEntry(database, name, digest);
  const row = id === undefined ? undefined : database.get<Row>(`${columns} WHERE e.id = ?`, id);
  return row && infoOf(readerOf(database), row, crops);
}

/** Returns the quarantined entries of all banks. */
export function quarantinedEntries(database: Database): EntryInfo[] {
  const reader = readerOf(database);
  const sql = `${columns} WHERE e.status = ${quarantinedStatus} ORDER BY e.id`;
  return database.all<Row>(sql).map((row) => infoOf(reader, row));
}

/** A checked filter: numbers of a bank, a source and a status. */
export interface CheckedFilter {
  bank: number | undefined;
  source: number | undefined;
  status: number | undefined;
  crops: boolean;
}

/** Returns the next entries by number. */
export function entriesAfter(database: Database, after: number, limit: number, filter: CheckedFilter): EntryInfo[] {
  const reader = readerOf(database);
  const rows = database.all<Row>(
    `${columns} WHERE e.id > ?1 AND (?2 IS NULL OR s.bank = ?2) AND (?3 IS NULL OR e.source = ?3)
     AND (?4 IS NULL OR e.status = ?4) ORDER BY e.id LIMIT ?5`,
    after,
    filter.bank ?? null,
    filter.source ?? null,
    filter.status ?? null,
    limit,
  );
  return rows.map((row) => infoOf(reader, row, filter.crops));
}

/** Returns the flooded entries of all banks. */
export function floodedEntries(database: Database): EntryInfo[] {
  const reader = readerOf(database);
  return database.all<Row>(`${columns} WHERE e.flooded = 1 ORDER BY e.id`).map((row) => infoOf(reader, row));
}

/** Returns the changes after a revision, of at most `limit` revisions. @throws {InvalidArgumentError} */
export function changesSince(database: Database, revision: number, options?: { limit?: number }): Change[] {
  const { limit = 2 ** 31 } = checkOptions(options, ["limit"]);
  const since = integer("since", revision, 0, Number.MAX_SAFE_INTEGER);
  integer("limit", limit, 1, 2 ** 31);
  const rows = database.all<[number, ChangeKind, number, number]>(
    "SELECT revision, kind, first, last FROM change WHERE revision > ? AND revision <= ? ORDER BY id",
    since,
    since + limit,
  );
  const texts = new Texts(database);
  return rows.flatMap(([revision, kind, first, last]): Change[] => {
    if (kind === "policy") {
      const row = database.get<[string]>("SELECT name FROM bank WHERE id = ?", first);
      return [{ revision, kind, ...(row !== undefined && { bank: row[0] }) }];
    }
    checkRun(database, first, last - first + 1, counter(database, "entries"));
    const there = database.all<[number, string, string, number | null]>(
      `SELECT e.id, b.name, s.name, e.text FROM entry e JOIN source s ON s.id = e.source JOIN bank b ON b.id = s.bank
       WHERE e.id BETWEEN ? AND ?`,
      first,
      last,
    );
    const known = new Map(there.map((row) => [row[0], row]));
    return Array.from({ length: last - first + 1 }, (_, i): Change => {
      const entryNumber = first + i;
      const row = known.get(entryNumber);
      if (row === undefined) return { revision, kind, entryNumber };
      const [, bank, source, text] = row;
      return { revision, kind, bank, source, entryNumber, ...(text !== null && { entryId: texts.read(text) }) };
    });
  });
}
