import { boolean, checkOptions, integer } from "../check.js";
import type { HashLike } from "../hash/value.js";
import type { ImageInput } from "../image/input/input.js";
import type { Query } from "../search/query.js";
import type { ImageSearchResult } from "../search/search-image.js";
import { createBank, setPolicy } from "./bank-changes.js";
import { contextOf, DecisionContext, registerContext } from "./decision/context.js";
import type { Bank, NewBank, Policy } from "./decision/policy.js";
import { type Qualification, qualificationsOf } from "./decision/qualify.js";
import { type BankMatch, type BankSearchOptions, searchEntries } from "./decision/search-entries.js";
import { type BankImageSearchOptions, searchEntriesForImage } from "./decision/search-image.js";
import { verifyDigests } from "./history/digest.js";
import { type StoreHistory, storeHistory } from "./history/store-history.js";
import { assertNotReplica } from "./history/track.js";
import { type ImportCounts, noCounts } from "./import/counts.js";
import { type EntryBatches, importBatches, type ImportOptions } from "./import/import.js";
import type { LiveIndex } from "./index/live-index.js";
import { type Audit, auditDays, auditor, type AuditOptions, type AuditRecord } from "./inspect/audit.js";
import { auditRecords, pruneAudit, setAuditDays, verifyAudit } from "./inspect/audit.js";
import { type Change, changesSince, type EntryInfo, entryInfo } from "./inspect/contents.js";
import { floodedEntries, quarantinedEntries } from "./inspect/contents.js";
import { recordAct } from "./inspect/acts.js";
import { type EntryFilter, listEntries, recordExport, type SourceInfo, sourceInfos } from "./inspect/listing.js";
import { keepReport, type ReportedSource, reportsOf, type SourceReport } from "./inspect/source-reports.js";
import { verifyStore } from "./inspect/verify.js";
import type { LiveLocal } from "./local/live-local.js";
import { type StoreLocal, storeLocal } from "./local/store-local.js";
import { type BankOpenOptions, closeStore, openStore, type OpenStore } from "./open-store.js";
import { disableEntry, liftTombstone, releaseEntry } from "./removal/entry-changes.js";
import type { RemovalKind } from "./removal/remove-entries.js";
import { type EntryName, type EntryNumber, numberOfEntry, type Selection } from "./removal/selection.js";
import { type Removal, removeSelection } from "./removal/withdraw.js";
import type { Database } from "./storage/database.js";
import { type KeyedDigest, keyedDigest } from "./storage/keyed-digest.js";
import { type Memo, memosOf, writeMemo } from "./storage/memos.js";
import { findSource, type SourceName } from "./storage/names.js";
import { counter, timesOfRevisions } from "./storage/schema.js";

/**
 * Banks of known signals in one file, with an index file next to it. A bank has sources, a source has entries, and an
 * entry has signals. Every change makes a revision. The store can always make FILE.index again.
 *
 * @example
 * const store = await BankStore.create("known.bank");
 * store.createBank({ name: "ncii", policy: { action: "block" } });
 * await store.import({ bank: "ncii", source: "hotline" }, [{ id: "17", signals: [{ type: "pdq", value: hash }] }]);
 * await store.withdraw({ bank: "ncii", source: "hotline", entryId: "17" });
 * await store.close();
 */
export class BankStore {
  /** The store as a copy among others: what they lack of it, and what it takes over from them. */
  readonly history: StoreHistory;
  /** The local records of its entries, by which an original is found again in any part of it. */
  readonly local: StoreLocal;
  readonly #database: Database;
  readonly #live: LiveIndex;
  readonly #digest: KeyedDigest;
  readonly #audit: Audit;
  readonly #records: LiveLocal | undefined;

  private constructor(open: OpenStore) {
    const { database, live, actor, seal, local } = open;
    this.#database = database;
    this.#live = live;
    this.#records = local;
    this.#digest = keyedDigest(database);
    this.#audit = auditor(database, actor, this.#digest);
    this.history = storeHistory(database, live, this.#audit);
    this.local = storeLocal({ database, live, digest: this.#digest, audit: this.#audit, seal });
    registerContext(this, new DecisionContext(open, this.#audit));
  }

  /**
   * Makes a store, with mode 0600, where there is no file yet.
   * @throws {BankError} `ERR_EMPREINTE_DUPLICATE_NAME` @throws {EmpreinteError} `ERR_EMPREINTE_WRITE`
   */
  static async create(path: string | URL, options?: BankOpenOptions): Promise<BankStore> {
    return new BankStore(await openStore(path, options, true));
  }

  /**
   * Opens a store. It builds the index again where FILE.index is missing, damaged or of another store.
   * @throws {BankError} `ERR_EMPREINTE_BANK_FILE` for a file that is damaged, not a store, or of another store version.
   * @throws {EmpreinteError} `ERR_EMPREINTE_READ`; `ERR_EMPREINTE_WRITE`, because SQLite needs a writable folder.
   */
  static async open(path: string | URL, options?: BankOpenOptions): Promise<BankStore> {
    return new BankStore(await openStore(path, options, false));
  }

  /** The number of the last change, by any process. */
  get revision(): number {
    return counter(this.#database, "revision");
  }

  /** How many signals a search can find. */
  get size(): number {
    this.#database.reading(() => this.#live.sync());
    return this.#live.size;
  }

  /** Makes a bank. @throws {BankError} `ERR_EMPREINTE_DUPLICATE_NAME` @throws {InvalidArgumentError} */
  createBank(bank: NewBank): void {
    createBank(this.#database, this.#audit, bank);
  }

  /**
   * Replaces the policy of a bank. What is not given gets its default.
   * @throws {InvalidArgumentError} @throws {BankError} `ERR_EMPREINTE_UNKNOWN_NAME`
   */
  setPolicy(bank: string, policy: Partial<Policy>): void {
    setPolicy(this.#database, this.#audit, bank, policy);
  }

  /** Returns all banks with their policies. */
  banks(): Bank[] {
    return this.#database.reading(() => {
      this.#live.sync();
      return structuredClone([...this.#live.banks().values()]);
    });
  }

  /** Returns the import cursor of a source: what its last import gave to continue from. @throws {BankError} */
  importCursor(from: SourceName): string | undefined {
    return findSource(this.#database, from)?.importCursor ?? undefined;
  }

  /**
   * Imports what a source gives for its entries, one by one or in arrays. It writes them in batches: each batch is one
   * transaction and one revision. A list of up to `batch` entries and 524,288 signals is therefore taken completely or
   * not at all.
   *
   * Imports are idempotent. Entries that the source does not name stay as they are, and records that are older than the
   * store's are ignored. An entry that cannot be read goes to `onProblem`, and the import continues. What the source
   * withdraws is removed as by `withdraw`, except that a newer record of the source brings it back.
   *
   * @throws {InvalidArgumentError} @throws {BankError} It also rejects with the reason of the signal. Batches that were
   * complete by then stay.
   */
  async import(from: SourceName, entries: EntryBatches, options?: ImportOptions): Promise<ImportCounts> {
    const counts = noCounts();
    const database = this.#database;
    const [digest, audit] = [this.#digest, this.#audit];
    const step = (): void => this.#live.sync();
    assertNotReplica(database);
    try {
      await importBatches({ database, digest, audit, from, entries, options, counts, step });
    } finally {
      if (counts.withdrawn > 0) {
        await this.#live.removing(() => {
          this.#live.removeInvalidFile();
          database.checkpoint();
        });
      }
    }
    if (options?.saveIndex ?? true) await this.#live.save();
    return counts;
  }

  /**
   * Withdraws entries. When this resolves, they match no longer, their hashes are zeros in the store, and the index
   * file that had them is removed. Labels, cases and times stay. The source cannot bring the entries back.
   *
   * @throws {InvalidArgumentError} @throws {BankError} `ERR_EMPREINTE_UNKNOWN_NAME`. `ERR_EMPREINTE_BUSY` where another
   * process writes, in which case nothing has changed, or where another process keeps reading the log. In the latter
   * case nothing matches any more, but the bytes are in the log until `checkpoint()` succeeds.
   */
  async withdraw(selection: Selection): Promise<Removal> {
    return this.#remove(selection, "withdrawn");
  }

  /**
   * Withdraws entries and also deletes the rest of them. A tombstone stays: a keyed digest of the source's entry id.
   */
  async erase(selection: Selection): Promise<Removal> {
    return this.#remove(selection, "erased");
  }

  async #remove(selection: Selection, kind: RemovalKind): Promise<Removal> {
    assertNotReplica(this.#database);
    const context = { database: this.#database, live: this.#live, digest: this.#digest, audit: this.#audit };
    return removeSelection(context, selection, kind);
  }

  /**
   * Completes a withdrawal that was rejected with `ERR_EMPREINTE_BUSY` or `ERR_EMPREINTE_WRITE` half-way: it removes an
   * index file that is not valid, moves SQLite's log into its file and empties the log.
   * @throws {BankError} `ERR_EMPREINTE_BUSY` @throws {EmpreinteError} `ERR_EMPREINTE_WRITE`
   */
  checkpoint(): void {
    this.#live.removeInvalidFile();
    this.#database.checkpoint();
  }

  /** Revokes a withdrawal or an erasure, so that the source may add the entry again. Returns whether there was one. */
  lift(entry: EntryName): boolean {
    return this.#database.transaction(() => liftTombstone(this.#database, entry, this.#digest, this.#audit));
  }

  /**
   * Releases an entry: a quarantined one matches from now on, and a flooded one counts as before. Returns false for an
   * entry that was neither. @throws {BankError} `ERR_EMPREINTE_UNKNOWN_NAME`
   */
  release(entry: EntryName | EntryNumber): boolean {
    return this.#database.transaction(() => releaseEntry(this.#database, entry, this.#digest, this.#audit));
  }

  /**
   * Lets an entry match only after `until`, or at once for null. Returns false for an entry that the store does not
   * have.
   */
  disable(entry: EntryName | EntryNumber, until: Date | number | string | null): boolean {
    return this.#database.transaction(() => disableEntry(this.#database, entry, until, this.#digest, this.#audit));
  }

  /**
   * Returns the data of an entry, also after its withdrawal. It returns undefined for an entry that the store
   * never had or has erased. Crops are answered only with `crops`.
   */
  entry(entry: EntryName | EntryNumber, options?: { crops?: boolean }): EntryInfo | undefined {
    const { crops = false } = checkOptions(options, ["crops"]);
    const all = boolean("crops", crops);
    return this.#database.reading(() => entryInfo(this.#database, entry, this.#digest, all));
  }

  /**
   * Yields the entries by number, all or those of one bank, source or status. It reads them in steps, so that an entry
   * that changes meanwhile may be answered as it was or as it is. @throws {InvalidArgumentError} @throws {BankError}
   */
  entries(filter?: EntryFilter): Generator<EntryInfo, void, undefined> {
    return listEntries(this.#database, filter);
  }

  /** Returns the sources of all banks and counts their entries, which takes some tenths of a second for a million. */
  sources(): SourceInfo[] {
    return this.#database.reading(() => sourceInfos(this.#database));
  }

  /**
   * Stores the fetcher's report on a source in place of its earlier one; undefined deletes it. It makes no revision and
   * no record of the audit log.
   * @throws {InvalidArgumentError} @throws {BankError} `ERR_EMPREINTE_UNKNOWN_NAME` for a bank that does not exist.
   */
  reportSource(from: SourceName, report: SourceReport | undefined): void {
    this.#database.transaction(() => keepReport(this.#database, from, report));
  }

  /**
   * Returns the reports that `reportSource` stored, sorted by bank and source. A source is stale where it has
   * stopped, or was current too long ago.
   * @param now milliseconds since 1970. Default: now.
   */
  sourceReports(now: number = Date.now()): ReportedSource[] {
    return this.#database.reading(() => reportsOf(this.#database, now));
  }

  /** Returns the quarantined entries of all banks, with the reason. */
  quarantined(): EntryInfo[] {
    return this.#database.reading(() => quarantinedEntries(this.#database));
  }

  /** Returns the entries of all banks that have hit too many different uploads. The reason is the limit they passed. */
  flooded(): EntryInfo[] {
    return this.#database.reading(() => floodedEntries(this.#database));
  }

  /**
   * Searches for a hash or a query: every active entry within the radius, whatever the policies say, once by its
   * nearest signal. Entries that name one of the query's digests have the distance 0. Quarantined, withdrawn and
   * disabled entries do not match. A long search runs on another thread. It sees what any process has changed before
   * the call.
   *
   * @returns the entries sorted by distance, then by number.
   * @throws {InvalidArgumentError} @throws {InvalidHashError} @throws {BankError} `ERR_EMPREINTE_UNKNOWN_NAME` for a
   * bank that does not exist. @throws {EmpreinteError} `ERR_EMPREINTE_CLOSED`. It also rejects with the reason of the
   * signal.
   *
   * @example
   * const matches = await store.search(await hashImage("upload.jpg", { orientations: true }), { radius: 20 });
   */
  async search(query: HashLike | Query, options?: BankSearchOptions): Promise<BankMatch[]> {
    return searchEntries(contextOf(this), query, options);
  }

  /**
   * Searches for an image: the active entries that it is a copy of, whatever the policies say, once each, like
   * `HashIndex.searchImage`. Entries that name the MD5, SHA-1 or SHA-256 of the file's bytes match at distance 0, also
   * where the decoder refuses the file. Level `"fast"`, the default, finds exactly what `search` finds for the image's
   * hashes and digests. `Matcher.checkImage` decides.
   *
   * @returns matches before reviews, then sorted by distance, then by number.
   * @throws as `hashImage`, also for an image that the decoder refuses, unless its bytes match. {InvalidArgumentError}
   * {BankError} `ERR_EMPREINTE_UNKNOWN_NAME` for a bank that does not exist. {EmpreinteError} `ERR_EMPREINTE_CLOSED`.
   * It also rejects with the reason of the signal.
   *
   * @example
   * const { tier, matches } = await store.searchImage("screenshot.png", { level: "standard" });
   */
  async searchImage(input: ImageInput, options?: BankImageSearchOptions): Promise<ImageSearchResult<BankMatch>> {
    return searchEntriesForImage(contextOf(this), input, options);
  }

  /**
   * Returns the records of changes to the store, oldest first, as far back as `auditDays`. @throws
   * {InvalidArgumentError}
   */
  audit(options?: AuditOptions): AuditRecord[] {
    return this.#database.reading(() => auditRecords(this.#database, options));
  }

  /** For how many days the audit log keeps a record. A new store has 365. */
  get auditDays(): number {
    return auditDays(this.#database);
  }

  /** Sets that number, 1 … 36,600. Older records are deleted now and at each opening. @throws {InvalidArgumentError} */
  setAuditDays(days: number): void {
    setAuditDays(this.#database, this.#audit, days);
    pruneAudit(this.#database, Date.now());
    this.#database.checkpoint();
  }

  /** Returns all assessments of an entry's content, oldest first. @throws {BankError} */
  qualifications(entry: EntryName | EntryNumber): Qualification[] {
    return this.#database.reading(() => {
      const id = numberOfEntry(this.#database, entry, this.#digest);
      return id === undefined ? [] : qualificationsOf(this.#database, id);
    });
  }

  /**
   * Writes to the audit log that entries with their hashes are taken out of the store, by which filter and in which
   * form. `entries` itself writes nothing. @throws {InvalidArgumentError} @throws {BankError}
   */
  recordExport(detail: EntryFilter & { to: string }): void {
    recordExport(this.#database, this.#audit, detail);
  }

  /**
   * Records in the audit log an action of a person or program outside the store, such as skipping what a source could
   * not give. The record has `what: "act"`, and its detail is `act` with the rest.
   * @param act one word for it. @param detail at most 16 numbers, and lines of at most 512 characters without a hash.
   * @throws {InvalidArgumentError}
   */
  recordAct(act: string, detail: Readonly<Record<string, string | number>>): void {
    recordAct(this.#database, this.#audit, act, detail);
  }

  /**
   * Returns the changes after a revision, oldest first, for at most `limit` revisions at a time. Default: all. It names
   * entries; `entry` answers their hashes.
   */
  changes(since: number, options?: { limit?: number }): Change[] {
    return this.#database.reading(() => changesSince(this.#database, since, options));
  }

  /**
   * Returns when each revision from `first` to `last` was made. A time is never before that of an earlier revision,
   * also where a clock was set back. @throws {InvalidArgumentError} for revisions that the store does not have.
   */
  revisionTimes(first: number, last: number): Date[] {
    return this.#database.reading(() => {
      integer("last", last, 1, counter(this.#database, "revision"));
      return timesOfRevisions(this.#database, integer("first", first, 1, last), last).map((time) => new Date(time));
    });
  }

  /** Returns the memos whose names begin with this, sorted by name: texts that other programs keep in the store. */
  memos(beginning: string): Memo[] {
    return this.#database.reading(() => memosOf(this.#database, beginning));
  }

  /**
   * Writes a memo of at most 1,048,576 characters, or removes it where the text is undefined. A memo never has a hash
   * in it. With `expected`, it is written only where its text is that, or where there is none for `expected:
   * undefined`, so that several processes can take turns.
   * @returns whether it was written. @throws {InvalidArgumentError} @throws {BankError} `ERR_EMPREINTE_BUSY`
   */
  writeMemo(name: string, text: string | undefined, options?: { expected?: string | undefined }): boolean {
    const given = checkOptions(options, ["expected"]);
    const expected = "expected" in given ? given.expected : null;
    return this.#database.transaction(() => writeMemo(this.#database, name, text, expected));
  }

  /**
   * Checks every byte of the file, and that the index finds exactly what the store has. Returns one sentence for each
   * difference.
   */
  verify(): string[] {
    return this.#database.reading(() => {
      this.#live.sync();
      return [
        ...verifyStore(this.#database, this.#live, this.#digest),
        ...verifyAudit(this.#database, this.#digest),
        ...verifyDigests(this.#database),
      ];
    });
  }

  /**
   * Writes the index file, unless it is up to date. `close` does so, too, and `import` unless `saveIndex` is false.
   * @throws {EmpreinteError}
   */
  async saveIndex(): Promise<void> {
    await this.#live.save();
  }

  /** Saves the index where necessary, and closes the store. Later calls fail with `ERR_EMPREINTE_CLOSED`. */
  async close(): Promise<void> {
    await closeStore({ database: this.#database, live: this.#live, local: this.#records });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
