/** The tables; HACKING.md, "The bank", says how they hang together. */
import { randomBytes } from "node:crypto";
import { BankError, printable } from "../../errors.js";
import type { Database } from "./database.js";

/** "empr", so that no other program's database is taken for a store. */
const application = 0x656d7072;
const version = 3;

const tables = `
  CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
  CREATE TABLE bank (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, purpose TEXT NOT NULL, negative INTEGER NOT NULL,
    since INTEGER NOT NULL);
  CREATE TABLE policy (bank INTEGER, since INTEGER, text TEXT NOT NULL, PRIMARY KEY (bank, since)) WITHOUT ROWID;
  CREATE TABLE source (id INTEGER PRIMARY KEY, bank INTEGER NOT NULL, name TEXT NOT NULL, checkpoint TEXT,
    UNIQUE (bank, name));
  CREATE TABLE entry (id INTEGER PRIMARY KEY, source INTEGER NOT NULL, key TEXT, status INTEGER NOT NULL, reason TEXT,
    labels INTEGER NOT NULL, first INTEGER NOT NULL, count INTEGER NOT NULL, updated INTEGER, disabled INTEGER,
    since INTEGER NOT NULL);
  CREATE UNIQUE INDEX entry_key ON entry (source, key);
  CREATE INDEX entry_held ON entry (id) WHERE status = 2;
  CREATE TABLE entry_was (entry INTEGER, since INTEGER, until INTEGER NOT NULL, status INTEGER NOT NULL,
    labels INTEGER NOT NULL, first INTEGER NOT NULL, count INTEGER NOT NULL, disabled INTEGER,
    PRIMARY KEY (entry, since)) WITHOUT ROWID;
  CREATE TABLE entry_case (name TEXT, entry INTEGER, PRIMARY KEY (name, entry)) WITHOUT ROWID;
  CREATE INDEX case_of_entry ON entry_case (entry);
  CREATE TABLE labels (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
  CREATE TABLE tombstone (source INTEGER, digest BLOB, entry INTEGER, final INTEGER NOT NULL, updated INTEGER,
    revision INTEGER NOT NULL, PRIMARY KEY (source, digest)) WITHOUT ROWID;
  CREATE TABLE page (id INTEGER PRIMARY KEY, records BLOB NOT NULL);
  CREATE TABLE change (id INTEGER PRIMARY KEY, revision INTEGER NOT NULL, kind TEXT NOT NULL, first INTEGER, last INTEGER);
  CREATE INDEX change_revision ON change (revision);
  CREATE TABLE ended (revision INTEGER, first INTEGER, last INTEGER NOT NULL, PRIMARY KEY (revision, first))
    WITHOUT ROWID;
`;

/** What version 2 has beside version 1: applied to a new store and to an older one alike. */
const secondVersion = `
  ALTER TABLE entry ADD COLUMN flooded INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE entry_was ADD COLUMN flooded INTEGER NOT NULL DEFAULT 0;
  CREATE INDEX entry_flooded ON entry (id) WHERE flooded = 1;
  CREATE TABLE qualification (id INTEGER PRIMARY KEY, entry INTEGER NOT NULL, since INTEGER NOT NULL, until INTEGER,
    time INTEGER NOT NULL, who TEXT NOT NULL, labels TEXT NOT NULL, outcome TEXT NOT NULL, suggestion INTEGER,
    distance INTEGER NOT NULL, note TEXT);
  CREATE INDEX qualification_entry ON qualification (entry);
  CREATE TABLE moment (revision INTEGER PRIMARY KEY, time INTEGER NOT NULL);
  CREATE TABLE audit (id INTEGER PRIMARY KEY, time INTEGER NOT NULL, who TEXT NOT NULL, what TEXT NOT NULL,
    revision INTEGER NOT NULL, detail TEXT NOT NULL, digest TEXT NOT NULL);
  CREATE INDEX audit_time ON audit (time);
  INSERT INTO meta VALUES ('audit days', 365), ('audit from', 0);
  CREATE TRIGGER audit_kept BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END;
  CREATE TRIGGER audit_grows BEFORE DELETE ON audit
    WHEN old.time >= (SELECT value FROM meta WHERE name = 'audit from')
    BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END;
`;

/** What version 3 has beside version 2: the names of the parts that hashes are derived of. */
const thirdVersion = `
  CREATE TABLE part (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
`;

/** The counters: the revision, the next entry's and the next signal's number. None of them ever goes back. */
export type Counter = "revision" | "entries" | "signals";

export function counter(database: Database, name: Counter): number {
  return database.get<[number]>("SELECT value FROM meta WHERE name = ?", name)![0];
}

export function setCounter(database: Database, name: Counter, value: number): void {
  database.run("UPDATE meta SET value = ? WHERE name = ?", value, name);
}

/** The next revision; the transaction it is called in is the one that makes it. */
export function nextRevision(database: Database): number {
  const revision = counter(database, "revision") + 1;
  setCounter(database, "revision", revision);
  database.run("INSERT INTO moment VALUES (?, ?)", revision, Date.now());
  return revision;
}

export function createTables(database: Database): void {
  // A page of 4 KiB and no vacuuming: `pages.ts` relies on overflow pages that stay where they are.
  database.exec("PRAGMA page_size = 4096; PRAGMA auto_vacuum = NONE");
  database.transaction(() => {
    database.exec(tables);
    database.exec(secondVersion);
    database.exec(thirdVersion);
    const meta = (name: string, value: number | Buffer): unknown =>
      database.run("INSERT INTO meta VALUES (?, ?)", name, value);
    meta("revision", 0);
    meta("entries", 1);
    meta("signals", 0);
    meta("secret", randomBytes(32));
    database.exec(`PRAGMA application_id = ${application}; PRAGMA user_version = ${version}`);
  });
}

/** Brings an older store up to this version. @throws {BankError} `ERR_EMPREINTE_BANK_FILE`: no store, or a newer one. */
export function checkVersion(database: Database): void {
  const name = printable(database.path);
  const [id] = database.get<[number]>("PRAGMA application_id")!;
  const [found] = database.get<[number]>("PRAGMA user_version")!;
  if (id !== application || found < 1) {
    throw new BankError("ERR_EMPREINTE_BANK_FILE", `${name} is no bank store`);
  }
  if (found > version) {
    throw new BankError("ERR_EMPREINTE_BANK_FILE", `${name} is of a newer version of empreinte (${found})`);
  }
  if (found < version) upgrade(database);
}

/** All of it or nothing; of two that open the store at once one does it. */
function upgrade(database: Database): void {
  database.transaction(() => {
    const [found] = database.get<[number]>("PRAGMA user_version")!;
    if (found >= version) return;
    if (found < 2) database.exec(secondVersion);
    database.exec(thirdVersion);
    database.exec(`PRAGMA user_version = ${version}`);
  });
}
