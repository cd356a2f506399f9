/** What a replica receives: which rows of which table, in this order. */
import { pageRecords } from "../storage/pages.js";
import { textBytes } from "../storage/texts.js";
import { kinds } from "./track.js";

/** Where a store is in its history, and how many rows it has. */
export interface StorePosition {
  /** The store's revision. */
  revision: number;
  /** The digest of the history up to that revision, 64 hex digits. */
  digest: string;
  /** The number that the next entry gets. */
  entries: number;
  /** The number that the next signal gets. */
  signals: number;
  /** The address that the next text gets. */
  texts: number;
}

/** The rows of one table that a store at a position lacks. */
export interface TableRows {
  table: string;
  columns: readonly string[];
  /** SQL after `FROM table`: each of these queries finds rows that no other finds. */
  queries: (since: StorePosition) => readonly [condition: string, ...values: number[]][];
  /** What the replica deletes before it inserts. Pages are overwritten in place instead, so that no copy stays. */
  replace: "all" | "touched entry" | "touched tombstone" | "touched labels" | "in place" | "nothing";
}

const touched = (kind: number, column: string): string =>
  `${column} IN (SELECT number FROM touched WHERE kind = ${kind} AND revision > ?)`;

const ofEntries = (table: string, columns: string, column: string): TableRows => ({
  table,
  columns: columns.split(" "),
  queries: ({ entries, revision }) => [
    [`${column} >= ?`, entries],
    [`${column} < ? AND ${touched(kinds.entry, column)}`, entries, revision],
  ],
  replace: "touched entry",
});

const pages = (table: string, kind: number, counter: "signals" | "texts", perPage: number): TableRows => ({
  table,
  columns: ["id", "bytes"],
  queries: (since) => {
    const next = Math.ceil(since[counter] / perPage);
    return [
      ["id >= ?", next],
      [`id < ? AND ${touched(kind, "id")}`, next, since.revision],
    ];
  },
  replace: "in place",
});

const whole = (table: string, columns: string): TableRows => ({
  table,
  columns: columns.split(" "),
  queries: () => [["1"]],
  replace: "all",
});

const later = (table: string, columns: string, column: string): TableRows => ({
  table,
  columns: columns.split(" "),
  queries: ({ revision }) => [[`${column} > ?`, revision]],
  replace: "nothing",
});

/** Every table but `meta`, `audit` and `touched`, which each store has for itself. */
export const replicated: readonly TableRows[] = [
  whole("bank", "id name purpose negative since"),
  later("policy", "bank since text", "since"),
  whole("source", "id bank name import_cursor"),
  whole("crop_name", "id name"),
  ofEntries(
    "entry",
    "id source digest text status reason labels first count updated disabled since flooded times",
    "id",
  ),
  ofEntries("entry_history", "entry since until status labels first count disabled flooded times", "entry"),
  // Sealed: a replica searches them only where its operator gives it the key.
  ofEntries("local_record", "entry since until text", "entry"),
  ofEntries("entry_case", "digest entry text", "entry"),
  ofEntries("qualification", "id entry since until time who labels outcome suggestion distance note", "entry"),
  {
    table: "labels",
    columns: ["id", "digest", "text"],
    queries: ({ revision }) => [[touched(kinds.labels, "id"), revision]],
    replace: "touched labels",
  },
  {
    table: "tombstone",
    columns: "source digest entry final updated revision".split(" "),
    queries: ({ revision }) => [
      [
        `EXISTS (SELECT 1 FROM touched t WHERE t.kind = ${kinds.tombstone} AND t.number = tombstone.source
           AND t.digest = tombstone.digest AND t.revision > ?)`,
        revision,
      ],
    ],
    replace: "touched tombstone",
  },
  pages("signal_page", kinds.signalPage, "signals", pageRecords),
  pages("text_page", kinds.textPage, "texts", textBytes),
  later("revision_time", "revision time nonce digest", "revision"),
  later("change", "id revision kind first last", "revision"),
  later("removed_signal", "revision first last", "revision"),
];

/** The keys of the touched rows, of each kind whose rows the replica deletes first. */
export const touchedKinds: readonly number[] = [kinds.entry, kinds.tombstone, kinds.labels];
