/** What a store has, from end to end: its sources, and their entries in steps. */
import { boolean, oneOf, checkOptions } from "../../check.js";
import { type EntryInfo, entriesAfter, type Wanted } from "./contents.js";
import type { Database } from "../storage/database.js";
import { bankId, type EntryStatus, type SourceName, sourceRow } from "../storage/names.js";

/** A source and how many entries it has. */
export interface SourceInfo extends SourceName {
  /** What to go on from next time, as its last import gave it. */
  checkpoint?: string;
  active: number;
  quarantined: number;
  withdrawn: number;
  /** Values that a search can find: those of the active entries, derived ones among them. */
  signals: number;
}

/** In a reading. By bank and source. */
export function sourceInfos(database: Database): SourceInfo[] {
  const rows = database.all<[string, string, string | null, number, number, number, number]>(
    `SELECT b.name, s.name, s.checkpoint, count(*) FILTER (WHERE e.status = 1), count(*) FILTER (WHERE e.status = 2),
       count(*) FILTER (WHERE e.status = 3), coalesce(sum(e.count) FILTER (WHERE e.status = 1), 0)
     FROM source s JOIN bank b ON b.id = s.bank LEFT JOIN entry e ON e.source = s.id GROUP BY s.id ORDER BY b.id, s.id`,
  );
  return rows.map(([bank, source, checkpoint, active, quarantined, withdrawn, signals]) => {
    return { bank, source, ...(checkpoint !== null && { checkpoint }), active, quarantined, withdrawn, signals };
  });
}

/** Which entries; all where nothing is given. A source is named within its bank. */
export interface EntryFilter {
  bank?: string;
  source?: string;
  status?: EntryStatus;
  /** Give the derived hashes, too. Default false: they describe a picture better than a list needs. */
  derived?: boolean;
}

const statuses = ["active", "quarantined", "withdrawn"] as const;
/** Entries a reading: between two of them others write. */
const step = 1000;

/** @throws {InvalidArgumentError} @throws {BankError} */
export function checkFilter(database: Database, filter: EntryFilter | undefined): Wanted {
  const { bank, source, status, derived = false } = checkOptions(filter, ["bank", "source", "status", "derived"]);
  return {
    bank: bank === undefined ? undefined : bankId(database, bank),
    source: source === undefined ? undefined : sourceRow(database, { bank: bank ?? "", source }).id,
    status: status === undefined ? undefined : statuses.indexOf(oneOf("status", status, statuses)) + 1,
    derived: boolean("derived", derived),
  };
}

/** Each in the state it has when it is its turn. @throws {InvalidArgumentError} @throws {BankError} */
export function* listEntries(
  database: Database,
  filter: EntryFilter | undefined,
): Generator<EntryInfo, void, undefined> {
  const wanted = checkFilter(database, filter);
  for (let after = 0; ;) {
    const from = after;
    const some = database.reading(() => entriesAfter(database, from, step, wanted));
    yield* some;
    if (some.length < step) return;
    after = some.at(-1)!.number;
  }
}
