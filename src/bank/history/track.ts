/**
 * Which rows each revision touched, so that a replica receives those rows and no others.
 *
 * Temporary triggers belong to a connection and never reach the file. They note the key of every row that is changed or
 * deleted, whichever statement does it. At the end of the transaction the keys go to the table `touched`, with the
 * transaction's revision. Added entries and pages need no note: a replica knows how many it has.
 */
import { BankError, printable } from "../../errors.js";
import type { Database } from "../storage/database.js";
import { counter } from "../storage/schema.js";
import { sealRevisions } from "./digest.js";

/** The kinds of rows in `touched`. `entry` also covers an entry's history, local records, cases and qualifications. */
export const kinds = { entry: 1, signalPage: 2, textPage: 3, tombstone: 4, labels: 5, source: 6 } as const;

type Event = "INSERT" | "UPDATE" | "DELETE";
const always: readonly Event[] = ["INSERT", "UPDATE", "DELETE"];

/** Table, kind, the column that numbers its rows, whether a digest belongs to the key, and what is noted. */
const tracked: readonly [table: string, kind: number, column: string, digest: boolean, events: readonly Event[]][] = [
  ["entry", kinds.entry, "id", false, ["UPDATE", "DELETE"]],
  ["entry_history", kinds.entry, "entry", false, always],
  ["local_record", kinds.entry, "entry", false, always],
  ["entry_case", kinds.entry, "entry", false, always],
  ["qualification", kinds.entry, "entry", false, always],
  ["signal_page", kinds.signalPage, "id", false, ["UPDATE", "DELETE"]],
  ["text_page", kinds.textPage, "id", false, ["UPDATE", "DELETE"]],
  ["tombstone", kinds.tombstone, "source", true, always],
  ["labels", kinds.labels, "id", false, always],
  ["source", kinds.source, "id", false, always],
];

const triggers = tracked.flatMap(([table, kind, column, digest, events]) =>
  events.map((event) => {
    const row = event === "DELETE" ? "old" : "new";
    const key = `${kind}, ${row}.${column}, ${digest ? `${row}.digest` : "x''"}`;
    return `CREATE TEMP TRIGGER ${table}_${event.toLowerCase()} AFTER ${event} ON main.${table}
      BEGIN INSERT OR IGNORE INTO touching VALUES (${key}); END`;
  }),
);

/** Databases that apply the revisions of another store at the moment. */
const applying = new WeakSet<Database>();

/** Notes from now on what each transaction of this connection touches, and seals its revision. */
export function trackChanges(database: Database): void {
  database.exec("CREATE TEMP TABLE touching (kind, number, digest, PRIMARY KEY (kind, number, digest)) WITHOUT ROWID");
  for (const trigger of triggers) database.exec(trigger);
  database.beforeCommit = (): void => {
    const sealed = sealRevisions(database);
    const touched = database.get("SELECT 1 FROM temp.touching LIMIT 1") !== undefined;
    if (!touched && !sealed) return;
    if (isReplica(database) && !applying.has(database)) throw replicaError(database);
    if (!touched) return;
    // What a transaction without a revision changed goes out with the next revision.
    const revision = counter(database, "revision") + (sealed || applying.has(database) ? 0 : 1);
    database.run("INSERT OR REPLACE INTO touched SELECT kind, number, digest, ? FROM temp.touching", revision);
    database.run("DELETE FROM temp.touching");
  };
}

/** Runs a transaction that applies what another store did. */
export function applyingTo<T>(database: Database, work: () => T): T {
  applying.add(database);
  try {
    return database.transaction(work);
  } finally {
    applying.delete(database);
  }
}

/** Whether the store follows another one. */
export const isReplica = (database: Database): boolean =>
  database.get<[number]>("SELECT value FROM meta WHERE name = 'replica'")?.[0] === 1;

const replicaError = (database: Database): BankError =>
  new BankError("ERR_EMPREINTE_REPLICA", `${printable(database.path)} follows another store. Change that one`);

/** Refuses to change a replica. @throws {BankError} `ERR_EMPREINTE_REPLICA` */
export function assertNotReplica(database: Database): void {
  if (isReplica(database)) throw replicaError(database);
}
