import { integer, options as known, positive } from "../check.js";
import { BankError, EmpreinteError } from "../errors.js";
import { pathOf } from "../search/file.js";
import { type ImportCounts, noCounts } from "./counts.js";
import { type Change, changesSince, type EntryInfo, entryInfo, quarantinedEntries } from "./contents.js";
import { Database } from "./database.js";
import { disableEntry, liftTombstone, releaseEntry } from "./entry-changes.js";
import { endEntries } from "./end.js";
import { importBatches, type ImportOptions } from "./import.js";
import { keyedDigest, tombstoneDigest } from "./keyed.js";
import { disown, LiveIndex } from "./live-index.js";
import { type Bank, checkBank, checkPolicy, type NewBank, type Policy } from "./policy.js";
import type { EntryInput } from "./records.js";
import { checkVersion, counter, createTables, nextRevision } from "./schema.js";
import { checkSelection, type EntryName, findEntry, type Selection, selectEntries } from "./selection.js";
import { bankId, findSource, logChange, name, type SourceName, sourceRow } from "./state.js";
import { verifyStore } from "./verify.js";
import { LiveView } from "./view.js";

export interface BankOpenOptions {
  /** How long a call waits for another process that writes, on this thread. Default 5. */
  timeoutSeconds?: number;
}

/** What a withdrawal or an erasure did, and how long it took. */
export interface Ending {
  /** Of the change; unchanged when there was nothing to end. */
  revision: number;
  entries: number;
  /** How many values were zeroed. */
  signals: number;
  /** From the call until no search finds them, in milliseconds. */
  stoppedAfter: number;
  /** From the call until the bytes were gone from the store's files and from the snapshot, in milliseconds. */
  goneAfter: number;
}

/**
 * Banks of known signals in one file, with an index beside it. A bank has sources, a source has entries, an entry has
 * signals. Every change makes a revision; the file is the truth and the index, FILE.index, is derived from it.
 *
 * @example
 * const store = await BankStore.create("known.bank");
 * store.createBank({ name: "ncii", policy: { action: "block" } });
 * await store.import({ bank: "ncii", source: "hotline" }, [{ id: "17", signals: [{ type: "pdq", value: hash }] }]);
 * await store.withdraw({ bank: "ncii", source: "hotline", entry: "17" });
 * await store.close();
 */
export class BankStore {
  readonly #database: Database;
  readonly #live: LiveIndex;
  readonly #digest: (text: string) => string;

  private constructor(database: Database, live: LiveIndex) {
    this.#database = database;
    this.#live = live;
    this.#digest = keyedDigest(database);
  }

  /**
   * Makes a store, of mode 0600, where there is no file yet.
   * @throws {BankError} `ERR_EMPREINTE_DUPLICATE_NAME` @throws {EmpreinteError} `ERR_EMPREINTE_WRITE`
   */
  static async create(path: string | URL, options?: BankOpenOptions): Promise<BankStore> {
    return BankStore.#start(path, options, true);
  }

  /**
   * Opens a store. Where its index is missing, damaged or of another store it is built again.
   * @throws {BankError} `ERR_EMPREINTE_BANK_FILE`: no store, a newer one, damaged. @throws {EmpreinteError}
   * `ERR_EMPREINTE_READ`, `ERR_EMPREINTE_WRITE`: SQLite needs a folder that it can write to.
   */
  static async open(path: string | URL, options?: BankOpenOptions): Promise<BankStore> {
    return BankStore.#start(path, options, false);
  }

  static async #start(path: string | URL, options: BankOpenOptions | undefined, create: boolean): Promise<BankStore> {
    const { timeoutSeconds = 5 } = known(options, ["timeoutSeconds"]);
    const database = new Database(pathOf(path), create, positive("timeoutSeconds", timeoutSeconds));
    try {
      if (create) createTables(database);
      checkVersion(database);
      // What was withdrawn just before a crash may still lie in the log.
      database.checkpoint();
      return new BankStore(database, await LiveIndex.open(database));
    } catch (error) {
      database.close();
      throw error;
    }
  }

  /** Grows with every change, whoever makes it. */
  get revision(): number {
    return counter(this.#database, "revision");
  }

  /** How many signals a search can find. */
  get size(): number {
    this.#database.reading(() => this.#live.sync());
    return this.#live.size;
  }

  /** @throws {BankError} `ERR_EMPREINTE_DUPLICATE_NAME` @throws {InvalidArgumentError} */
  createBank(bank: NewBank): void {
    const called = name("bank", bank.name);
    const { purpose, policy, negative } = checkBank(bank);
    const database = this.#database;
    database.transaction(() => {
      if (database.get("SELECT 1 FROM bank WHERE name = ?", called) !== undefined) {
        throw new BankError("ERR_EMPREINTE_DUPLICATE_NAME", `There is a bank ${called} already`);
      }
      const revision = nextRevision(database);
      const sql = "INSERT INTO bank (name, purpose, negative, since) VALUES (?, ?, ?, ?)";
      database.run(sql, called, purpose, negative ? 1 : 0, revision);
      this.#policy(bankId(database, called), revision, policy);
    });
  }

  /** Another policy for a bank; what is not given gets its default. @throws {InvalidArgumentError} @throws {BankError} */
  setPolicy(bank: string, policy: Partial<Policy>): void {
    const checked = checkPolicy(policy);
    this.#database.transaction(() => {
      const id = bankId(this.#database, bank);
      this.#policy(id, nextRevision(this.#database), checked);
    });
  }

  #policy(bank: number, revision: number, policy: Policy): void {
    this.#database.run("INSERT INTO policy VALUES (?, ?, ?)", bank, revision, JSON.stringify(policy));
    logChange(this.#database, revision, "policy", [bank]);
  }

  banks(): Bank[] {
    return this.view((view) => structuredClone([...view.banks().values()]));
  }

  /** What the last import of a source that gave one said to go on from. @throws {BankError} */
  checkpoint(from: SourceName): string | undefined {
    return findSource(this.#database, from)?.checkpoint ?? undefined;
  }

  /**
   * Takes over what a source says of entries, in batches: each is one transaction and one revision, all or nothing; a list
   * of up to `batch` entries is one batch. Entries that are not named stay as they are. Saying the same twice changes
   * nothing. An entry that cannot be read goes to `onProblem`, and the rest goes on. What the source has withdrawn is gone
   * as with `withdraw`, except that a newer record of the source brings it back.
   *
   * @throws {InvalidArgumentError} @throws {BankError}; the signal's reason, when whole batches may have been taken over.
   */
  async import(
    from: SourceName,
    entries: Iterable<EntryInput> | AsyncIterable<EntryInput>,
    options?: ImportOptions,
  ): Promise<ImportCounts> {
    const counts = noCounts();
    const database = this.#database;
    const step = (): void => this.#live.sync();
    try {
      await importBatches(database, this.#digest, from, entries, options ?? {}, counts, step);
    } finally {
      if (counts.withdrawn > 0) await this.#live.removing(() => database.checkpoint());
    }
    await this.#live.save();
    return counts;
  }

  /**
   * Ends entries: they match no longer, and their hashes are zeroed in the store and removed from the snapshot when this
   * resolves. Labels, cases and times stay. The source cannot bring them back.
   *
   * @throws {InvalidArgumentError} @throws {BankError} `ERR_EMPREINTE_UNKNOWN_NAME`. `ERR_EMPREINTE_BUSY`: before, when
   * another process writes; after, when one keeps the log of changes: then nothing matches any more, but the bytes are in
   * the log until `settle()` resolves.
   */
  async withdraw(selection: Selection): Promise<Ending> {
    return this.#end(selection, "withdrawn");
  }

  /** As `withdraw`, and nothing stays but a tombstone: a keyed digest of the source's entry id. */
  async erase(selection: Selection): Promise<Ending> {
    return this.#end(selection, "erased");
  }

  async #end(selection: Selection, kind: "withdrawn" | "erased"): Promise<Ending> {
    checkSelection(selection);
    const start = performance.now();
    const database = this.#database;
    let stopped = 0;
    const done = await this.#live.removing(() => {
      const ended = database.transaction(() => {
        disown(database);
        if (!("case" in selection || "hash" in selection || "entry" in selection)) {
          // With those that the source withdrew before they came: none of them has a number.
          const { id } = sourceRow(database, selection);
          database.run("UPDATE tombstone SET final = 1 WHERE source = ?", id);
        }
        const ids = selectEntries(database, selection, this.#digest).map((entry) => ({ entry, time: null }));
        if (ids.length === 0) return { entries: 0, signals: 0, revision: this.#buryUnknown(selection) };
        const revision = nextRevision(database);
        return { ...endEntries(database, revision, ids, { kind, final: true, digest: this.#digest }), revision };
      });
      database.reading(() => this.#live.sync());
      stopped = performance.now() - start;
      database.checkpoint();
      return ended;
    });
    return { ...done, stoppedAfter: stopped, goneAfter: performance.now() - start };
  }

  /** An entry that is withdrawn before it came stays out. */
  #buryUnknown(selection: Selection): number {
    if (!("entry" in selection)) return this.revision;
    const { source, key } = findEntry(this.#database, selection, this.#digest);
    const digest = Buffer.from(tombstoneDigest(this.#digest, source, key), "hex");
    const revision = nextRevision(this.#database);
    const sql = "INSERT OR REPLACE INTO tombstone VALUES (?, ?, NULL, 1, NULL, ?)";
    this.#database.run(sql, source, digest, revision);
    return revision;
  }

  /** Moves what was changed from the log into the file, and cuts the log. @throws {BankError} `ERR_EMPREINTE_BUSY` */
  settle(): void {
    this.#database.checkpoint();
  }

  /** Takes back that an entry was withdrawn or erased: its source may bring it again. @throws {BankError} */
  lift(entry: EntryName): boolean {
    return this.#database.transaction(() => liftTombstone(this.#database, entry, this.#digest));
  }

  /** Lets a quarantined entry match from now on. Answers false for one that was not quarantined. @throws {BankError} */
  release(entry: EntryName): boolean {
    return this.#database.transaction(() => releaseEntry(this.#database, entry, this.#digest));
  }

  /** Until when an entry is not to match; null: it matches again now. Answers false for one that is not there. */
  disable(entry: EntryName, until: Date | number | string | null): boolean {
    return this.#database.transaction(() => disableEntry(this.#database, entry, until, this.#digest));
  }

  /** What the store has of an entry, also after its withdrawal; undefined for one it never had or has erased. */
  entry(entry: EntryName): EntryInfo | undefined {
    return this.#database.reading(() => entryInfo(this.#database, entry, this.#digest));
  }

  /** The quarantined entries of all banks, with the reason. */
  quarantined(): EntryInfo[] {
    return this.#database.reading(() => quarantinedEntries(this.#database));
  }

  /** What has changed after a revision, oldest first, at most `limit` revisions' worth at a time. Default: all. */
  changes(since: number, options?: { limit?: number }): Change[] {
    const { limit = 2 ** 31 } = known(options, ["limit"]);
    const from = integer("since", since, 0, Number.MAX_SAFE_INTEGER);
    const most = integer("limit", limit, 1, 2 ** 31);
    return this.#database.reading(() => changesSince(this.#database, from, most));
  }

  /** Checks the whole file, every signal, and that the index finds just what the store has; a sentence a difference. */
  verify(): string[] {
    return this.#database.reading(() => {
      this.#live.sync();
      return verifyStore(this.#database, this.#live);
    });
  }

  /** What a decision is made from, as the store is now. Internal. */
  view<T>(work: (view: LiveView, database: Database) => T): T {
    return this.#database.reading(() => {
      this.#live.sync();
      return work(new LiveView(this.#database, this.#live), this.#database);
    });
  }

  /** Writes the index beside the store, unless it is there. `import` and `close` do. @throws {EmpreinteError} */
  async saveIndex(): Promise<void> {
    await this.#live.save();
  }

  /** Saves the index where that is due, and closes. Later calls fail with `ERR_EMPREINTE_CLOSED`. */
  async close(): Promise<void> {
    try {
      await this.#live.save();
      this.#database.checkpoint();
    } catch (error) {
      // The index is derived: without room for it the next opening takes longer.
      if (!(error instanceof EmpreinteError)) throw error;
    } finally {
      this.#live.close();
      this.#database.close();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
