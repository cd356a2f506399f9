/** What the store tells of its entries. Each in a reading. */
import type { Database } from "../storage/database.js";
import type { Label } from "../storage/labels.js";
import { Pages, readRecord, wipedFlag } from "../storage/pages.js";
import { partOf } from "../storage/crop-names.js";
import { counter } from "../storage/schema.js";
import { entryId, type EntryName, type EntryNumber } from "../removal/selection.js";
import { type SignalType, signalTypes, valueText } from "../storage/signals.js";
import { type ChangeKind, type EntryStatus, statusName } from "../storage/names.js";

export interface EntryInfo {
  /** The store's own number of the entry; never used again. */
  number: number;
  bank: string;
  source: string;
  /** The source's id; undefined for a withdrawn entry and where the source gave none. */
  entry?: string;
  status: EntryStatus;
  /** Why it is quarantined, or flooded. */
  reason?: string;
  /** Derived ones, each with its part's name, only where they were asked for. */
  signals: { type: SignalType; value: string; quality?: number; derived?: string }[];
  /** How many derived ones it has beside these. */
  derivedSignals?: number;
  labels: Label[];
  cases: string[];
  /** When the source last changed it. */
  time?: Date;
  /** Until when it does not match. */
  disabledUntil?: Date;
  /** It has hit too many different uploads: it asks for review at most. */
  flooded?: true;
  /** The revision that made it what it is. */
  since: number;
}

/** One entry that changed, by its number; a bank's name where its policy did. */
export interface Change {
  revision: number;
  kind: ChangeKind;
  bank?: string;
  source?: string;
  /** The entry's number. */
  number?: number;
  /** The source's id, as long as the entry is there. */
  entry?: string;
}

const columns = `SELECT e.id, b.name, s.name, e.key, e.status, e.reason, e.first, e.count, l.text, e.updated, e.disabled, e.flooded, e.since
  FROM entry e JOIN source s ON s.id = e.source JOIN bank b ON b.id = s.bank LEFT JOIN labels l ON l.id = e.labels`;
type Row = [
  id: number,
  bank: string,
  source: string,
  key: string | null,
  status: number,
  reason: string | null,
  first: number,
  count: number,
  labels: string | null,
  updated: number | null,
  disabled: number | null,
  flooded: number,
  since: number,
];

const visible = (key: string | null): key is string => key !== null && !key.startsWith("~");

/** @param derived whether hashes of parts are wanted too. */
function info(database: Database, pages: Pages, row: Row, derived = false): EntryInfo {
  const [number, bank, source, key, status, reason, first, count, labels, updated, disabled, flooded, since] = row;
  const all = Array.from({ length: count }, (_, i) => readRecord(pages.at(first + i)));
  const there = all.filter(({ flags }) => (flags & wipedFlag) === 0);
  const told = derived ? there : there.filter(({ part }) => part === 0);
  return {
    number,
    bank,
    source,
    ...(visible(key) && { entry: key }),
    status: statusName(status),
    ...(reason !== null && { reason }),
    signals: told.map(({ type, value, quality, part }) => {
      const name = partOf(database, part);
      return {
        type: signalTypes[type]!,
        value: valueText(type, value),
        ...(quality !== undefined && { quality }),
        ...(name !== undefined && { derived: name }),
      };
    }),
    ...(told.length < there.length && { derivedSignals: there.length - told.length }),
    labels: JSON.parse(labels ?? "[]") as Label[],
    cases: database.all<[string]>("SELECT name FROM entry_case WHERE entry = ? ORDER BY name", number).flat(),
    ...(updated !== null && { time: new Date(updated) }),
    ...(disabled !== null && { disabledUntil: new Date(disabled) }),
    ...(flooded === 1 && { flooded: true as const }),
    since,
  };
}

export function entryInfo(
  database: Database,
  name: EntryName | EntryNumber,
  digest: (text: string) => string,
  derived: boolean,
): EntryInfo | undefined {
  const id = entryId(database, name, digest);
  const row = id === undefined ? undefined : database.get<Row>(`${columns} WHERE e.id = ?`, id);
  return row && info(database, new Pages(database, counter(database, "signals")), row, derived);
}

export function quarantinedEntries(database: Database): EntryInfo[] {
  const pages = new Pages(database, counter(database, "signals"));
  return database.all<Row>(`${columns} WHERE e.status = 2 ORDER BY e.id`).map((row) => info(database, pages, row));
}

export interface Wanted {
  bank: number | undefined;
  source: number | undefined;
  status: number | undefined;
  derived: boolean;
}

/** The next entries by number. */
export function entriesAfter(database: Database, after: number, limit: number, wanted: Wanted): EntryInfo[] {
  const pages = new Pages(database, counter(database, "signals"));
  const rows = database.all<Row>(
    `${columns} WHERE e.id > ?1 AND (?2 IS NULL OR s.bank = ?2) AND (?3 IS NULL OR e.source = ?3)
     AND (?4 IS NULL OR e.status = ?4) ORDER BY e.id LIMIT ?5`,
    after,
    wanted.bank ?? null,
    wanted.source ?? null,
    wanted.status ?? null,
    limit,
  );
  return rows.map((row) => info(database, pages, row, wanted.derived));
}

export function floodedEntries(database: Database): EntryInfo[] {
  const pages = new Pages(database, counter(database, "signals"));
  return database.all<Row>(`${columns} WHERE e.flooded = 1 ORDER BY e.id`).map((row) => info(database, pages, row));
}

export function changesSince(database: Database, since: number, limit: number): Change[] {
  const rows = database.all<[number, ChangeKind, number, number]>(
    "SELECT revision, kind, first, last FROM change WHERE revision > ? AND revision <= ? ORDER BY id",
    since,
    since + limit,
  );
  return rows.flatMap(([revision, kind, first, last]): Change[] => {
    if (kind === "policy") {
      const row = database.get<[string]>("SELECT name FROM bank WHERE id = ?", first);
      return [{ revision, kind, bank: row![0] }];
    }
    const there = database.all<[number, string, string, string | null]>(
      `SELECT e.id, b.name, s.name, e.key FROM entry e JOIN source s ON s.id = e.source JOIN bank b ON b.id = s.bank
       WHERE e.id BETWEEN ? AND ?`,
      first,
      last,
    );
    const known = new Map(there.map((row) => [row[0], row]));
    return Array.from({ length: last - first + 1 }, (_, i): Change => {
      const number = first + i;
      const row = known.get(number);
      if (row === undefined) return { revision, kind, number };
      const [, bank, source, key] = row;
      return { revision, kind, bank, source, number, ...(visible(key) && { entry: key }) };
    });
  });
}
