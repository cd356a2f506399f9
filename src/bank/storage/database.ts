/**
 * The store's file. It is a SQLite database, which libsql opens with a synchronous API. Everything else in src/bank
 * uses this class.
 *
 * The settings and their reasons:
 * - `journal_mode = WAL`: readers continue while one process writes.
 * - `synchronous = FULL`: a reported withdrawal survives a power cut.
 * - `secure_delete = ON`: SQLite zeroes freed pages, so that ids, cases and notes of erased entries are gone.
 * - `temp_store = MEMORY`: no temporary file ever has a hash in it.
 */
import { statSync } from "node:fs";
import type Libsql from "libsql";
import { BankError, EmpreinteError, InvalidArgumentError, printable } from "../../errors.js";
import { loadPackage } from "../../packages.js";
import { StoreFile } from "./store-file.js";

export type Value = null | number | string | Buffer;
type Statement = Libsql.Statement<[Value[]]>;

const closedError = (): EmpreinteError => new EmpreinteError("ERR_EMPREINTE_CLOSED", "The bank store is closed");

/** A callback of the store's, such as `importCursor`, runs inside a transaction. */
const nestedError = (): EmpreinteError =>
  new InvalidArgumentError("The store cannot be used by a function that it calls itself, such as importCursor");

/** SQLite, loaded when the first store is opened. */
let loaded: typeof Libsql | undefined;
const sqlite = (): typeof Libsql => (loaded ??= loadPackage("libsql", "stores banks") as typeof Libsql);

/**
 * Returns SQLite's code, the low byte of the extended code, for many of which libsql has no name. 0 for other errors.
 */
const primaryCode = (error: unknown): number =>
  error instanceof Error && "rawCode" in error ? Number(error.rawCode) & 255 : 0;

const isBusy = (error: unknown): boolean => [5, 6].includes(primaryCode(error));

const shortestPause = 1;
const longestPause = 25;

const pageBytes = 4096;
/** 4 MiB: SQLite's own limit, at which a commit moves the log into the file. */
const pagesOfLog = 1000;
/** 64 MiB. */
const pagesOfLongLog = 16_384;
/** How long after an import the log may stay long, in milliseconds. */
const shortenMilliseconds = 1000;

/** Waits on this thread, longer each time. A call of the store waits here, too, while another process writes. */
function pause(turn: number): void {
  const milliseconds = Math.min(longestPause, shortestPause * 2 ** Math.min(turn, 10));
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

/**
 * Makes one of our errors of what SQLite reported: 5 busy, 6 locked; 11 corrupt, 26 not a database; 8 read-only, 10
 * I/O, 13 full, 14 cannot open; 7 no memory. It answers any other error unchanged.
 */
function bankError(path: string, error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof EmpreinteError) return error;
  const code = primaryCode(error);
  const name = printable(path);
  const options = { cause: error };
  if (code === 5 || code === 6) {
    return new BankError("ERR_EMPREINTE_BUSY", `${name} is being written by another process`, options);
  }
  if (code === 11 || code === 26) {
    const text = `${name} is not a bank store, or it is damaged: ${error.message}`;
    return new BankError("ERR_EMPREINTE_BANK_FILE", text, options);
  }
  if ([8, 10, 13, 14].includes(code)) {
    return new EmpreinteError("ERR_EMPREINTE_WRITE", `${name} cannot be written: ${error.message}`, options);
  }
  if (code === 7) return new EmpreinteError("ERR_EMPREINTE_OUT_OF_MEMORY", `${name}: ${error.message}`, options);
  return error;
}

/** One open store file. Its methods throw our errors. */
export class Database {
  readonly #file: StoreFile;
  readonly #database: Libsql.Database;
  readonly #statements: Map<string, Statement> = new Map();
  readonly #timeout: number;
  #closed = false;
  /** How many imports are under way that let the log grow. */
  #growing = 0;
  #shortening: NodeJS.Timeout | undefined;
  /** Called at the end of every transaction, inside it. What it throws undoes the transaction. */
  beforeCommit: (() => void) | undefined;

  /**
   * Opens the file. With `create` it makes the file, with mode 0600.
   * @param timeoutSeconds how long a call waits for other processes.
   * @throws {EmpreinteError} `ERR_EMPREINTE_READ`, `ERR_EMPREINTE_WRITE` @throws {BankError}
   */
  constructor(path: string, create: boolean, timeoutSeconds: number) {
    // Before a file is made.
    const Sqlite = sqlite();
    this.#file = new StoreFile(path, create);
    this.#timeout = 1000 * timeoutSeconds;
    try {
      // An absolute path is never a URI or a special name such as ":memory:" to SQLite.
      this.#database = new Sqlite(this.path, { timeout: this.#timeout });
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      const text = `${printable(this.path)} cannot be opened: ${why}`;
      throw new EmpreinteError("ERR_EMPREINTE_READ", text, { cause: error });
    }
    try {
      for (const setting of [
        "journal_mode = WAL",
        "synchronous = FULL",
        "secure_delete = ON",
        "temp_store = MEMORY",
        "cache_size = -65536",
        "foreign_keys = OFF",
        "trusted_schema = OFF",
      ]) {
        this.#guard(() => this.#database.pragma(setting));
      }
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** The absolute path of the file, without symbolic links. */
  get path(): string {
    return this.#file.path;
  }

  /** Returns the first row as an array of its columns. */
  get<Row extends unknown[]>(sql: string, ...values: Value[]): Row | undefined {
    return this.#guard(() => this.#statement(sql).get(values) as Row | undefined);
  }

  /** Returns all rows. */
  all<Row extends unknown[]>(sql: string, ...values: Value[]): Row[] {
    return this.#guard(() => this.#statement(sql).all(values) as Row[]);
  }

  /** Runs a statement and returns how many rows it changed. */
  run(sql: string, ...values: Value[]): number {
    return this.#guard(() => this.#statement(sql).run(values).changes);
  }

  /** Runs statements without parameters. */
  exec(sql: string): void {
    this.#guard(() => this.#database.exec(sql));
  }

  /**
   * Writes everything that `work` writes, or nothing. A second writer waits up to the timeout and then fails with
   * `ERR_EMPREINTE_BUSY`.
   * @throws {BankError} `ERR_EMPREINTE_BANK_FILE` when the path does not lead to the open file any more.
   */
  transaction<T>(work: () => T): T {
    return this.#between(({ begin }) => {
      begin("BEGIN IMMEDIATE");
      const result = work();
      this.beforeCommit?.();
      return result;
    });
  }

  /**
   * Shows `work` one state of the store, whatever others write meanwhile.
   * @throws {BankError} `ERR_EMPREINTE_BANK_FILE` when the path does not lead to the open file any more.
   */
  reading<T>(work: () => T): T {
    return this.#between(({ begin }) => {
      begin("BEGIN");
      return work();
    });
  }

  /**
   * Like `reading`, but it begins when `work` calls `begin`, the first time. Until then each statement sees the newest
   * state, and work that never calls it costs no transaction.
   * @throws {BankError} `ERR_EMPREINTE_BANK_FILE` when the path does not lead to the open file any more.
   */
  readingOnDemand<T>(work: (begin: () => void) => T): T {
    return this.#between(({ begin }) => work(() => begin("BEGIN")));
  }

  /**
   * Like `readingOnDemand`, but `work` may also end a reading, write, and begin another one. `begin` returns whether it
   * began one: where there is one already, it does nothing.
   * @throws {BankError} `ERR_EMPREINTE_BANK_FILE` when the path does not lead to the open file any more.
   */
  readings<T>(work: (reading: { begin: () => boolean; end: () => void }) => T): T {
    return this.#between(({ begin, end }) => work({ begin: () => begin("BEGIN"), end }));
  }

  /** Checks that the path still leads to the open file. @throws {BankError} `ERR_EMPREINTE_BANK_FILE` */
  assertInPlace(): void {
    this.#file.assertInPlace();
  }

  /**
   * Moves SQLite's log into its file and empties the log. What was overwritten is then in neither of them. SQLite does
   * not wait while another process does the same, so this method does.
   * @throws {BankError} `ERR_EMPREINTE_BUSY` when a reader in another process kept the log for longer than the timeout.
   */
  checkpoint(): void {
    const deadline = performance.now() + this.#timeout;
    for (let turn = 0; ; turn++) {
      const [busy] = this.get<[number]>("PRAGMA wal_checkpoint(TRUNCATE)")!;
      if (busy === 0) return;
      if (performance.now() >= deadline) {
        throw new BankError("ERR_EMPREINTE_BUSY", `${printable(this.path)}: another process keeps the log of changes`);
      }
      pause(turn);
    }
  }

  /**
   * Lets the log grow to 64 MiB instead of 4, until the returned function was called a second ago. Imports change the
   * same pages of the index of ids in each batch, and each checkpoint writes them all to the file. A source that is
   * fetched page by page is many imports, one after the other.
   */
  growLog(): () => void {
    clearTimeout(this.#shortening);
    if (this.#growing++ === 0) this.#limitLog(pagesOfLongLog);
    return () => {
      if (--this.#growing > 0 || this.#closed) return;
      this.#shortening = setTimeout(() => this.#shortenLog(), shortenMilliseconds).unref();
    };
  }

  #limitLog(pages: number): void {
    this.all(`PRAGMA wal_autocheckpoint = ${pages}`);
  }

  /** Moves as much of a long log into its file as no reader needs. It waits for nobody. */
  #shortenLog(): void {
    if (this.#closed) return;
    try {
      this.#limitLog(pagesOfLog);
      if (this.#logBytes > pagesOfLog * pageBytes) this.all("PRAGMA wal_checkpoint(PASSIVE)");
    } catch (error) {
      // What was committed stays in the log, and the next checkpoint tries again.
      if (!(error instanceof EmpreinteError)) throw error;
    }
  }

  /** Empties the log where it has anything. A log that another process keeps stays, and its process empties it. */
  tidyLog(): void {
    if (this.#logBytes === 0) return;
    try {
      this.checkpoint();
    } catch (error) {
      if (!(error instanceof BankError) || error.code !== "ERR_EMPREINTE_BUSY") throw error;
    }
  }

  get #logBytes(): number {
    return statSync(`${this.path}-wal`, { throwIfNoEntry: false })?.size ?? 0;
  }

  /** Closes the file. Later calls fail with `ERR_EMPREINTE_CLOSED`. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#shortening);
    this.#statements.clear();
    this.#database.close();
  }

  #between<T>(work: (transaction: { begin: (statement: string) => boolean; end: () => void }) => T): T {
    if (this.#closed) throw closedError();
    if (this.#database.inTransaction) throw nestedError();
    this.#file.assertInPlace();
    let begun = false;
    const begin = (statement: string): boolean => {
      if (begun) return false;
      this.#begin(statement);
      return (begun = true);
    };
    const end = (): void => {
      if (begun) this.exec("COMMIT");
      begun = false;
    };
    try {
      const result = work({ begin, end });
      end();
      return result;
    } catch (error) {
      // SQLite rolls back by itself when the disk is full. The first error is the one to report.
      if (begun && this.#database.inTransaction) this.exec("ROLLBACK");
      throw error;
    }
  }

  /** A reading begins at its first read. That read is part of the beginning, which waits for other processes. */
  #begin(begin: string): void {
    this.#guard(() => {
      this.#database.exec(begin);
      if (begin !== "BEGIN") return;
      try {
        this.#statement("PRAGMA schema_version").get([]);
      } catch (error) {
        this.#database.exec("ROLLBACK");
        throw error;
      }
    });
  }

  #statement(sql: string): Statement {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql) as unknown as Statement;
      // Without this each row is an object that also has a timing.
      if (/^\s*(SELECT|PRAGMA|WITH)|RETURNING/i.test(sql)) statement.raw();
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  /** Runs `work`. Outside of a transaction it runs it again while another process keeps the file, up to the timeout. */
  #guard<T>(work: () => T): T {
    if (this.#closed) throw closedError();
    const start = performance.now();
    for (let turn = 0; ; turn++) {
      try {
        return work();
      } catch (error) {
        const again = isBusy(error) && !this.#database.inTransaction && performance.now() - start < this.#timeout;
        if (!again) throw bankError(this.path, error);
      }
      pause(turn);
    }
  }
}

/** Returns the rows that a query finds in an empty database in memory, after these statements. */
export function rowsInMemory<Row extends unknown[]>(statements: string, query: string): Row[] {
  const database = new (sqlite())(":memory:");
  try {
    database.exec(statements);
    const statement = database.prepare(query) as unknown as Statement;
    return statement.raw().all([]) as unknown as Row[];
  } finally {
    database.close();
  }
}
