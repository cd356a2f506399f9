/** The tables. `src/bank/README.md` describes how they belong together. */
import { randomBytes } from "node:crypto";
import type { Database } from "./database.js";

/** "empr", so that the database of another program is not taken for a store. */
export const application = 0x656d7072;
/** The version of the tables. A store of another version is refused. */
export const version = 8;

/** The statements that make the tables, their indexes and the triggers of the audit log. */
export const tables = `
  CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
  CREATE TABLE bank (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, purpose TEXT NOT NULL, negative INTEGER NOT NULL,
    since INTEGER NOT NULL);
  CREATE TABLE policy (bank INTEGER, since INTEGER, text TEXT NOT NULL, PRIMARY KEY (bank, since)) WITHOUT ROWID;
  CREATE TABLE source (id INTEGER PRIMARY KEY, bank INTEGER NOT NULL, name TEXT NOT NULL, import_cursor TEXT,
    whole_list TEXT, UNIQUE (bank, name));
  CREATE TABLE entry (id INTEGER PRIMARY KEY, source INTEGER NOT NULL, digest BLOB, text INTEGER, status INTEGER NOT NULL, reason TEXT,
    labels INTEGER NOT NULL, first INTEGER NOT NULL, count INTEGER NOT NULL, updated INTEGER, disabled INTEGER,
    since INTEGER NOT NULL, flooded INTEGER NOT NULL DEFAULT 0, times INTEGER);
  CREATE UNIQUE INDEX entry_digest ON entry (source, digest);
  CREATE INDEX entry_quarantined ON entry (id) WHERE status = 2;
  CREATE INDEX entry_flooded ON entry (id) WHERE flooded = 1;
  CREATE INDEX entry_video ON entry (id) WHERE times IS NOT NULL;
  CREATE TABLE entry_history (entry INTEGER, since INTEGER, until INTEGER NOT NULL, status INTEGER NOT NULL,
    labels INTEGER NOT NULL, first INTEGER NOT NULL, count INTEGER NOT NULL, disabled INTEGER,
    flooded INTEGER NOT NULL, times INTEGER, PRIMARY KEY (entry, since)) WITHOUT ROWID;
  CREATE TABLE local_record (entry INTEGER, since INTEGER, until INTEGER, text INTEGER NOT NULL,
    PRIMARY KEY (entry, since)) WITHOUT ROWID;
  CREATE TABLE entry_case (digest BLOB, entry INTEGER, text INTEGER NOT NULL, PRIMARY KEY (digest, entry)) WITHOUT ROWID;
  CREATE INDEX case_of_entry ON entry_case (entry);
  CREATE TABLE labels (id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, text INTEGER NOT NULL);
  CREATE TABLE tombstone (source INTEGER, digest BLOB, entry INTEGER, final INTEGER NOT NULL, updated INTEGER,
    revision INTEGER NOT NULL, PRIMARY KEY (source, digest)) WITHOUT ROWID;
  CREATE TABLE listed (source INTEGER, digest BLOB, PRIMARY KEY (source, digest)) WITHOUT ROWID;
  CREATE TABLE memo (name TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE signal_page (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL);
  CREATE TABLE text_page (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL);
  CREATE TABLE crop_name (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
  CREATE TABLE change (id INTEGER PRIMARY KEY, revision INTEGER NOT NULL, kind TEXT NOT NULL, first INTEGER, last INTEGER);
  CREATE INDEX change_revision ON change (revision);
  CREATE TABLE removed_signal (revision INTEGER, first INTEGER, last INTEGER NOT NULL, PRIMARY KEY (revision, first))
    WITHOUT ROWID;
  CREATE TABLE revision_time (revision INTEGER PRIMARY KEY, time INTEGER NOT NULL, nonce BLOB NOT NULL, digest BLOB);
  CREATE TABLE touched (kind INTEGER, number INTEGER, digest BLOB, revision INTEGER NOT NULL,
    PRIMARY KEY (kind, number, digest)) WITHOUT ROWID;
  CREATE INDEX touched_revision ON touched (kind, revision);
  CREATE TABLE qualification (id INTEGER PRIMARY KEY, entry INTEGER NOT NULL, since INTEGER NOT NULL, until INTEGER,
    time INTEGER NOT NULL, who TEXT NOT NULL, labels INTEGER NOT NULL, outcome TEXT NOT NULL, suggestion INTEGER,
    distance INTEGER NOT NULL, note INTEGER);
  CREATE INDEX qualification_entry ON qualification (entry);
  CREATE TABLE audit (id INTEGER PRIMARY KEY, time INTEGER NOT NULL, who TEXT NOT NULL, what TEXT NOT NULL,
    revision INTEGER NOT NULL, detail TEXT NOT NULL, digest TEXT NOT NULL);
  CREATE INDEX audit_time ON audit (time);
  INSERT INTO meta VALUES ('audit days', 365), ('audit from', 0);
  CREATE TRIGGER audit_kept BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END;
  CREATE TRIGGER audit_grows BEFORE DELETE ON audit
    WHEN old.time >= (SELECT value FROM meta WHERE name = 'audit from')
    BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END;
`;

/**
 * The counters: the last revision, the next entry's number, the next signal's number, the next text's address, and how
 * many signals of images were ever added. None of them decreases.
 */
export type Counter = "revision" | "entries" | "signals" | "texts" | "stills";

/**
 * Random bytes of a revision, so that the digests of two stores that made the same changes differ
 * (`src/bank/history/digest.ts`).
 */
export const nonceBytes = 16;

/** Reads a counter. */
export function counter(database: Database, name: Counter): number {
  return database.get<[number]>("SELECT value FROM meta WHERE name = ?", name)![0];
}

/** Writes a counter. */
export function setCounter(database: Database, name: Counter, value: number): void {
  database.run("UPDATE meta SET value = ? WHERE name = ?", value, name);
}

/** Starts the next revision and returns its number. Call it inside the transaction that makes the revision. */
export function nextRevision(database: Database): number {
  const revision = counter(database, "revision") + 1;
  setCounter(database, "revision", revision);
  const sql = "INSERT INTO revision_time (revision, time, nonce) VALUES (?, ?, ?)";
  database.run(sql, revision, Date.now(), randomBytes(nonceBytes));
  return revision;
}

/** Returns when a revision was made, in milliseconds since 1970. */
export const timeOfRevision = (database: Database, revision: number): number | undefined =>
  database.get<[number]>("SELECT time FROM revision_time WHERE revision = ?", revision)?.[0];

/**
 * Returns when each revision from `first` to `last` was made, in milliseconds since 1970. A time is never before that
 * of an earlier revision: where a clock was set back, it is the latest time until then.
 */
export function timesOfRevisions(database: Database, first: number, last: number): number[] {
  const [before] = database.get<[number | null]>("SELECT max(time) FROM revision_time WHERE revision < ?", first)!;
  const sql = "SELECT time FROM revision_time WHERE revision BETWEEN ? AND ? ORDER BY revision";
  let latest = before ?? 0;
  return database.all<[number]>(sql, first, last).map(([time]) => (latest = Math.max(latest, time)));
}

/** Makes the tables of an empty store. */
export function createTables(database: Database): void {
  // A page of 4 KiB and no vacuuming: `blob-pages.ts` relies on overflow pages that never move.
  database.exec("PRAGMA page_size = 4096; PRAGMA auto_vacuum = NONE");
  database.transaction(() => {
    database.exec(tables);
    const meta = (name: string, value: number | Buffer): unknown =>
      database.run("INSERT INTO meta VALUES (?, ?)", name, value);
    meta("revision", 0);
    meta("entries", 1);
    meta("signals", 0);
    meta("texts", 0);
    meta("stills", 0);
    meta("secret", randomBytes(32));
    database.exec(`PRAGMA application_id = ${application}; PRAGMA user_version = ${version}`);
  });
}
