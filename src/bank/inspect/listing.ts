/** Listing a whole store: its sources, and their entries in steps. */
import { boolean, integer, oneOf, checkOptions } from "../../check.js";
import { type EntryInfo, entriesAfter, type CheckedFilter } from "./contents.js";
import type { Audit } from "./audit.js";
import type { Database } from "../storage/database.js";
import { bankNumber, checkName, type EntryStatus, type SourceName, sourceRow, statuses } from "../storage/names.js";

/** A source and how many entries it has. */
export interface SourceInfo extends SourceName {
  /** What its last import gave to continue from. */
  importCursor?: string;
  /** How many entries have each status. */
  active: number;
  quarantined: number;
  withdrawn: number;
  /** How many values a search can find: those of the active entries, including crops. */
  signals: number;
}

/** Returns the sources of all banks. Call it inside a reading. */
export function sourceInfos(database: Database): SourceInfo[] {
  const rows = database.all<[string, string, string | null, number, number, number, number]>(
    `SELECT b.name, s.name, s.import_cursor, count(*) FILTER (WHERE e.status = 1), count(*) FILTER (WHERE e.status = 2),
       count(*) FILTER (WHERE e.status = 3), coalesce(sum(e.count) FILTER (WHERE e.status = 1), 0)
     FROM source s JOIN bank b ON b.id = s.bank LEFT JOIN entry e ON e.source = s.id GROUP BY s.id ORDER BY b.id, s.id`,
  );
  return rows.map(([bank, source, importCursor, active, quarantined, withdrawn, signals]) => {
    return { bank, source, ...(importCursor !== null && { importCursor }), active, quarantined, withdrawn, signals };
  });
}

/** Selects entries; an empty filter selects all. `source` needs `bank`. */
export interface EntryFilter {
  bank?: string;
  source?: string;
  status?: EntryStatus;
  /** Only entries whose number is above this, to go on where an earlier listing ended. Default 0. */
  after?: number;
  /** Whether to answer crops, too. They describe an image better than most lists should. Default false. */
  crops?: boolean;
}

const entryFilterNames = ["bank", "source", "status", "after", "crops"] as const;

/** Entries of one reading. Other processes can write between two readings. */
const step = 1000;

/** Checks a filter. @throws {InvalidArgumentError} @throws {BankError} `ERR_EMPREINTE_UNKNOWN_NAME` */
function checkFilter(database: Database, filter: EntryFilter | undefined): CheckedFilter & { after: number } {
  const { bank, source, status, after = 0, crops = false } = checkOptions(filter, entryFilterNames);
  return {
    after: integer("after", after, 0, Number.MAX_SAFE_INTEGER),
    bank: bank === undefined ? undefined : bankNumber(database, bank),
    source: source === undefined ? undefined : sourceRow(database, { bank: bank ?? "", source }).id,
    status: status === undefined ? undefined : statuses.indexOf(oneOf("status", status, statuses)) + 1,
    crops: boolean("crops", crops),
  };
}

/** Yields each entry as it is at that time. @throws {InvalidArgumentError} @throws {BankError} */
export function* listEntries(
  database: Database,
  filter: EntryFilter | undefined,
): Generator<EntryInfo, void, undefined> {
  const wanted = checkFilter(database, filter);
  for (let { after } = wanted; ;) {
    const from = after;
    const some = database.reading(() => entriesAfter(database, from, step, wanted));
    yield* some;
    if (some.length < step) return;
    after = some.at(-1)!.entryNumber;
  }
}

/** Records an export. See `BankStore.recordExport`. @throws {InvalidArgumentError} @throws {BankError} */
export function recordExport(database: Database, audit: Audit, detail: EntryFilter & { to: string }): void {
  const { to, ...filter } = checkOptions(detail, ["to", ...entryFilterNames]);
  checkFilter(database, filter);
  const form = checkName("to", to);
  database.transaction(() => audit("export", { ...filter, to: form }));
}
