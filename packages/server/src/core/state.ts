/**
 * The service's own file: keys, persons, refused calls, cards to review, webhooks. No hash is ever in it, except
 * sealed.
 */
import { chmodSync, existsSync, writeFileSync } from "node:fs";
import Libsql from "libsql";
import { ServiceError } from "./errors.js";

export type Value = null | number | string | Buffer;

const version = 3;
/** The application id of the file: "emps" as a number. */
const application = 0x656d7073;

const tables = `
CREATE TABLE key (
  id TEXT PRIMARY KEY, digest BLOB NOT NULL, label TEXT NOT NULL, scopes TEXT NOT NULL,
  created INTEGER NOT NULL, expires INTEGER, revoked INTEGER, lookups INTEGER
) STRICT;
CREATE TABLE access (
  number INTEGER PRIMARY KEY AUTOINCREMENT, time INTEGER NOT NULL, who TEXT NOT NULL, what TEXT NOT NULL,
  detail TEXT NOT NULL
) STRICT;
CREATE TABLE denied (
  minute INTEGER NOT NULL, who TEXT NOT NULL, remote TEXT NOT NULL, route TEXT NOT NULL, reason TEXT NOT NULL,
  count INTEGER NOT NULL, PRIMARY KEY (minute, who, remote, route, reason)
) STRICT, WITHOUT ROWID;
CREATE TABLE idempotency (
  who TEXT NOT NULL, key TEXT NOT NULL, time INTEGER NOT NULL, request BLOB NOT NULL, status INTEGER, type TEXT,
  body TEXT, PRIMARY KEY (who, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE bank_name (bank TEXT PRIMARY KEY, name TEXT UNIQUE) STRICT;
CREATE TABLE hma_content (entry INTEGER PRIMARY KEY, metadata TEXT, note TEXT) STRICT;
CREATE TABLE hma_exchange (
  name TEXT PRIMARY KEY, api TEXT NOT NULL, enabled INTEGER NOT NULL, config TEXT NOT NULL, created INTEGER NOT NULL
) STRICT;
CREATE TABLE hma_credentials (api TEXT PRIMARY KEY, sealed BLOB NOT NULL) STRICT;
CREATE TABLE hma_signal_type (name TEXT PRIMARY KEY, ratio REAL NOT NULL) STRICT;
CREATE TABLE webhook (
  id TEXT PRIMARY KEY, url TEXT NOT NULL, secret BLOB NOT NULL, events TEXT NOT NULL, created INTEGER NOT NULL
) STRICT;
CREATE TABLE outbox (
  id TEXT PRIMARY KEY, webhook TEXT NOT NULL, event TEXT NOT NULL, body TEXT NOT NULL, created INTEGER NOT NULL,
  attempts INTEGER NOT NULL, next INTEGER NOT NULL, leased INTEGER NOT NULL, dead INTEGER NOT NULL, error TEXT
) STRICT;
CREATE INDEX outbox_next ON outbox (dead, next);
CREATE TABLE setting (name TEXT PRIMARY KEY, value ANY NOT NULL) STRICT;
`;

/** What version 2 added: persons, the review page, and what its dashboard shows. */
const reviewTables = `
CREATE TABLE person (
  id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, shown TEXT NOT NULL, password TEXT, scopes TEXT NOT NULL,
  language TEXT, keys INTEGER NOT NULL, created INTEGER NOT NULL, ended INTEGER, failures INTEGER NOT NULL,
  locked INTEGER NOT NULL
) STRICT;
CREATE TABLE session (
  digest BLOB PRIMARY KEY, person TEXT NOT NULL, created INTEGER NOT NULL, used INTEGER NOT NULL, colour INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE card (
  number INTEGER PRIMARY KEY AUTOINCREMENT, entry INTEGER NOT NULL, kind TEXT NOT NULL, banks TEXT NOT NULL,
  created INTEGER NOT NULL, due INTEGER NOT NULL, uploads INTEGER NOT NULL, state TEXT NOT NULL, sealed BLOB, preview BLOB,
  claimant TEXT, claimed INTEGER NOT NULL, decided INTEGER, labels TEXT, agreed TEXT
) STRICT;
CREATE INDEX card_state ON card (state, due);
CREATE INDEX card_entry ON card (entry, state);
CREATE TABLE card_upload (
  number INTEGER PRIMARY KEY AUTOINCREMENT, card INTEGER NOT NULL, reference TEXT NOT NULL
) STRICT;
CREATE INDEX card_upload_card ON card_upload (card);
CREATE TABLE answer (
  number INTEGER PRIMARY KEY AUTOINCREMENT, card INTEGER NOT NULL, person TEXT NOT NULL, time INTEGER NOT NULL,
  due INTEGER NOT NULL, labels TEXT, counted INTEGER NOT NULL
) STRICT;
CREATE INDEX answer_card ON answer (card);
CREATE INDEX answer_due ON answer (counted, due);
CREATE TABLE reveal (
  id TEXT PRIMARY KEY, card INTEGER NOT NULL, person TEXT NOT NULL, level INTEGER NOT NULL, started INTEGER NOT NULL,
  ended INTEGER
) STRICT;
CREATE INDEX reveal_person ON reveal (person, started);
CREATE TABLE overrun (person TEXT NOT NULL, day TEXT NOT NULL, points REAL NOT NULL, PRIMARY KEY (person, day)) STRICT;
CREATE TABLE day_count (
  day TEXT NOT NULL, bank TEXT NOT NULL, action TEXT NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (day, bank, action)
) STRICT, WITHOUT ROWID;
CREATE TABLE removal (
  time INTEGER NOT NULL, kind TEXT NOT NULL, entries INTEGER NOT NULL, stopped REAL NOT NULL, gone REAL NOT NULL
) STRICT;
`;

/** What version 3 added: the digests of the codes that withdraw cases. */
const caseTables = `
CREATE TABLE person_case (
  number TEXT PRIMARY KEY, bank TEXT NOT NULL, proof BLOB NOT NULL, created INTEGER NOT NULL, withdrawn INTEGER
) STRICT, WITHOUT ROWID;
`;

/** SQLite's reason, without the statement's values. */
const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** One open state file. Several processes may have it open. */
export class State {
  readonly path: string;
  readonly #database: Libsql.Database;
  readonly #statements: Map<string, Libsql.Statement<[Value[]]>> = new Map();

  #changes = 0;
  #inTransaction = false;
  /** What `version` has of other processes' changes, inside `together`. */
  #others: number | undefined;

  private constructor(path: string) {
    this.path = path;
    this.#database = new Libsql(path, { timeout: 5000 });
  }

  /**
   * Opens the file, or makes it with mode 0600.
   * @throws {ServiceError} for a file of another version, or that is no state file.
   */
  static open(path: string): State {
    const fresh = !existsSync(path);
    if (fresh) writeFileSync(path, "", { mode: 0o600, flag: "wx" });
    chmodSync(path, 0o600);
    const state = new State(path);
    for (const setting of ["journal_mode = WAL", "synchronous = FULL", "secure_delete = ON", "temp_store = MEMORY"]) {
      state.#database.pragma(setting);
    }
    const number = (name: string): number => state.get<[number]>(`PRAGMA ${name}`)![0];
    const isMarked = (): boolean => number("application_id") === application && number("user_version") === version;
    // Several processes may start at once, so that what is missing is looked for again inside the transaction.
    if (!isMarked()) state.transaction(() => state.#complete(number));
    if (isMarked()) return state;
    const found = number("user_version");
    state.close();
    const text = `${path} is not the state of this version of empreinte-server (version ${found}, not ${version})`;
    throw new ServiceError(500, "ERR_EMPREINTE_CONFIG", text);
  }

  /** Makes the tables of a new file, or those that a file of an earlier version lacks. */
  #complete(number: (name: string) => number): void {
    const [id, found] = [number("application_id"), number("user_version")];
    const empty = id === 0 && found === 0 && this.get("SELECT 1 FROM sqlite_schema") === undefined;
    if (!empty && !(id === application && found >= 1 && found < version)) return;
    this.#database.exec([tables, reviewTables, caseTables].slice(found).join(""));
    this.#database.exec(`PRAGMA application_id = ${application}; PRAGMA user_version = ${version};`);
  }

  #statement(sql: string): Libsql.Statement<[Value[]]> {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare<[Value[]]>(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  /** Differs after every change, by this process or another one. */
  get version(): string {
    return `${this.#others ?? this.#readOthers()} ${this.#changes}`;
  }

  #readOthers(): number {
    return this.get<[number]>("PRAGMA data_version")![0];
  }

  /**
   * Runs `work`, in which `version` differs after changes by this process only: what others change meanwhile counts
   * afterwards. So many calls of one turn of the event loop look at the file once.
   */
  together<T>(work: () => T): T {
    if (this.#others !== undefined) return work();
    this.#others = this.#readOthers();
    try {
      return work();
    } finally {
      this.#others = undefined;
    }
  }

  /** Returns the first row as an array of its columns. */
  get<Row extends unknown[]>(sql: string, ...values: Value[]): Row | undefined {
    return this.#guard(() => this.#rows(sql).get(values) as Row | undefined);
  }

  /** Returns all rows, each as an array of its columns. */
  all<Row extends unknown[]>(sql: string, ...values: Value[]): Row[] {
    return this.#guard(() => this.#rows(sql).all(values) as Row[]);
  }

  /** Runs a statement and returns how many rows it changed. */
  run(sql: string, ...values: Value[]): number {
    this.#changes++;
    return this.#guard(() => this.#statement(sql).run(values).changes);
  }

  #rows(sql: string): Libsql.Statement<[Value[]]> {
    const known = this.#statements.has(sql);
    const statement = this.#statement(sql);
    return known ? statement : statement.raw(true);
  }

  /** Runs `work` in one transaction, which other processes wait for. Inside another one it is a part of that. */
  transaction<T>(work: () => T): T {
    if (this.#inTransaction) return work();
    this.#guard(() => this.#database.exec("BEGIN IMMEDIATE"));
    this.#inTransaction = true;
    try {
      const result = work();
      this.#guard(() => this.#database.exec("COMMIT"));
      return result;
    } catch (error) {
      // What was read inside is not so any more.
      this.#changes++;
      // A full disk has ended the transaction already.
      if (this.#database.inTransaction) this.#database.exec("ROLLBACK");
      throw error;
    } finally {
      this.#inTransaction = false;
    }
  }

  /** Writes a consistent copy of the file to a new path. */
  copyTo(path: string): void {
    this.run("VACUUM INTO ?", path);
  }

  #guard<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      const code = error instanceof Error && "rawCode" in error ? Number(error.rawCode) & 255 : 0;
      if (code === 5 || code === 6) {
        const headers = { "retry-after": "1" };
        throw new ServiceError(
          503,
          "ERR_EMPREINTE_TOO_MANY",
          "The service's state is being written. Try again.",
          headers,
        );
      }
      if ([8, 10, 13, 14].includes(code)) {
        throw new ServiceError(
          507,
          "ERR_EMPREINTE_DISABLED",
          `The service's state cannot be written: ${reasonOf(error)}`,
        );
      }
      throw error;
    }
  }

  close(): void {
    this.#statements.clear();
    if (this.#database.open) this.#database.close();
  }
}
