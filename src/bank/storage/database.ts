/**
 * The store's file. It is a SQLite database, which libsql opens with a synchronous API. Everything else in src/bank uses
 * this class.
 *
 * The settings and their reasons:
 * - `journal_mode = WAL`: readers continue while one process writes.
 * - `synchronous = FULL`: a reported withdrawal survives a power cut.
 * - `secure_delete = ON`: SQLite zeroes freed pages, so that ids, cases and notes of erased entries are gone.
 * - `temp_store = MEMORY`: no temporary file ever has a hash in it.
 */
import { closeSync, openSync, statSync } from "node:fs";
import Libsql from "libsql";
import { BankError, EmpreinteError, printable, systemReason } from "../../errors.js";

export type Value = null | number | string | Buffer;
type Statement = Libsql.Statement<[Value[]]>;

const closedError = (): EmpreinteError => new EmpreinteError("ERR_EMPREINTE_CLOSED", "The bank store is closed");

/**
 * Makes one of our errors of what SQLite reported: 5 busy, 6 locked; 11 corrupt, 26 not a database; 8 read-only, 10 I/O,
 * 13 full, 14 cannot open; 7 no memory. It answers any other error unchanged.
 */
function bankError(path: string, error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof EmpreinteError) return error;
  // The low byte is the primary code. libsql has no names for many of the extended codes.
  const code = "rawCode" in error ? Number(error.rawCode) & 255 : 0;
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
  readonly path: string;
  readonly #database: Libsql.Database;
  readonly #statements: Map<string, Statement> = new Map();
  #closed = false;

  /**
   * Opens the file. With `create` it makes the file, with mode 0600.
   * @throws {EmpreinteError} `ERR_EMPREINTE_READ`, `ERR_EMPREINTE_WRITE` @throws {BankError}
   */
  constructor(path: string, create: boolean, timeoutSeconds: number) {
    this.path = path;
    prepareFile(path, create);
    try {
      this.#database = new Libsql(path, { timeout: 1000 * timeoutSeconds });
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new EmpreinteError("ERR_EMPREINTE_READ", `${printable(path)} cannot be opened: ${why}`, { cause: error });
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

  /** Answers the first row as an array of its columns. */
  get<Row extends unknown[]>(sql: string, ...values: Value[]): Row | undefined {
    return this.#guard(() => this.#statement(sql).get(values) as Row | undefined);
  }

  /** Answers all rows. */
  all<Row extends unknown[]>(sql: string, ...values: Value[]): Row[] {
    return this.#guard(() => this.#statement(sql).all(values) as Row[]);
  }

  /** Runs a statement and answers how many rows it changed. */
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
   */
  transaction<T>(work: () => T): T {
    return this.#between("BEGIN IMMEDIATE", work);
  }

  /** Shows `work` one state of the store, whatever others write meanwhile. */
  reading<T>(work: () => T): T {
    return this.#between("BEGIN", work);
  }

  /**
   * Moves SQLite's log into its file and empties the log. What was overwritten is then in neither of them.
   * @throws {BankError} `ERR_EMPREINTE_BUSY` when a reader in another process kept the log for longer than the timeout.
   */
  checkpoint(): void {
    const [busy] = this.get<[number]>("PRAGMA wal_checkpoint(TRUNCATE)")!;
    if (busy === 0) return;
    throw new BankError("ERR_EMPREINTE_BUSY", `${printable(this.path)}: another process keeps the log of changes`);
  }

  /** Closes the file. Later calls fail with `ERR_EMPREINTE_CLOSED`. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#statements.clear();
    this.#database.close();
  }

  #between<T>(begin: string, work: () => T): T {
    this.exec(begin);
    try {
      const result = work();
      this.exec("COMMIT");
      return result;
    } catch (error) {
      // SQLite rolls back by itself when the disk is full. The first error is the one to report.
      if (this.#database.inTransaction) this.exec("ROLLBACK");
      throw error;
    }
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

  #guard<T>(work: () => T): T {
    if (this.#closed) throw closedError();
    try {
      return work();
    } catch (error) {
      throw bankError(this.path, error);
    }
  }
}

/** Makes the file with mode 0600, which libsql would not, and reports why a file cannot be opened, which libsql does not. */
function prepareFile(path: string, create: boolean): void {
  const name = printable(path);
  try {
    if (!statSync(path).isFile()) throw new EmpreinteError("ERR_EMPREINTE_READ", `${name} is not a file`);
    if (create) throw new BankError("ERR_EMPREINTE_DUPLICATE_NAME", `${name} already exists`);
  } catch (error) {
    if (error instanceof EmpreinteError) throw error;
    if (!create || (error as NodeJS.ErrnoException).code !== "ENOENT") {
      throw new EmpreinteError("ERR_EMPREINTE_READ", `${name} cannot be opened: ${systemReason(error)}`, {
        cause: error,
      });
    }
    try {
      closeSync(openSync(path, "wx", 0o600));
    } catch (cause) {
      throw new EmpreinteError("ERR_EMPREINTE_WRITE", `${name} cannot be written: ${systemReason(cause)}`, { cause });
    }
  }
}
