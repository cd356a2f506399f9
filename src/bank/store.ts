import { userInfo } from "node:os";
import { boolean, integer, checkOptions, positive } from "../check.js";
import { BankError, EmpreinteError } from "../errors.js";
import { pathOf } from "../files/path.js";
import type { CopyIndex } from "../copies/candidates.js";
import { type Audit, auditDays, auditor, type AuditOptions, type AuditRecord } from "./inspect/audit.js";
import { auditRecords, pruneAudit, setAuditDays, verifyAudit } from "./inspect/audit.js";
import { type ImportCounts, noCounts } from "./import/counts.js";
import {
  type Change,
  changesSince,
  type EntryInfo,
  entryInfo,
  floodedEntries,
  quarantinedEntries,
} from "./inspect/contents.js";
import { Database } from "./storage/database.js";
import { disableEntry, liftTombstone, releaseEntry } from "./removal/entry-changes.js";
import { FloodCounts, type Flooding, markFlooded } from "./decision/flood.js";
import { type Entries, importBatches, type ImportOptions } from "./import/import.js";
import { keyedDigest } from "./storage/hmac.js";
import { checkFilter, type EntryFilter, listEntries, type SourceInfo, sourceInfos } from "./inspect/listing.js";
import { LiveIndex } from "./index/live-index.js";
import { type Bank, checkBank, checkPolicy, type NewBank, type Policy } from "./decision/policy.js";
import { checkVersion, counter, createTables, nextRevision } from "./storage/schema.js";
import { addQualification, type Prequalification, type Qualification, qualificationsOf } from "./decision/qualify.js";
import type { QualifyInput } from "./decision/qualify.js";
import { entryId, type EntryName, type EntryNumber, type Selection } from "./removal/selection.js";
import { bankId, findSource, logChange, name, type SourceName } from "./storage/names.js";
import { verifyStore } from "./inspect/verify.js";
import { LiveView } from "./decision/snapshot.js";
import { type Removal, endSelection } from "./removal/withdraw.js";

export interface BankOpenOptions {
  /** How long a call waits for another process that writes, on this thread. Default 5. */
  timeoutSeconds?: number;
  /** Who the audit log says it was. Default: the system's name of the user. */
  actor?: string;
}

function systemUser(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? "unknown"}`; // without an entry in the system's list of users
  }
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
  readonly #audit: Audit;
  readonly #actor: string;
  readonly #floods: FloodCounts = new FloodCounts();

  private constructor(database: Database, live: LiveIndex, actor: string) {
    this.#database = database;
    this.#live = live;
    this.#digest = keyedDigest(database);
    this.#actor = actor;
    this.#audit = auditor(database, actor, this.#digest);
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
    const { timeoutSeconds = 5, actor = systemUser() } = checkOptions(options, ["timeoutSeconds", "actor"]);
    const who = name("actor", actor);
    const database = new Database(pathOf(path), create, positive("timeoutSeconds", timeoutSeconds));
    try {
      if (create) createTables(database);
      checkVersion(database);
      // What was withdrawn just before a crash may still lie in the log.
      database.checkpoint();
      pruneAudit(database, Date.now());
      return new BankStore(database, await LiveIndex.open(database), who);
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
      this.#audit("create", { bank: called, negative, policy });
    });
  }

  /** Another policy for a bank; what is not given gets its default. @throws {InvalidArgumentError} @throws {BankError} */
  setPolicy(bank: string, policy: Partial<Policy>): void {
    const checked = checkPolicy(policy);
    this.#database.transaction(() => {
      const id = bankId(this.#database, bank);
      this.#policy(id, nextRevision(this.#database), checked);
      this.#audit("policy", { bank, policy: checked });
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
  importCursor(from: SourceName): string | undefined {
    return findSource(this.#database, from)?.checkpoint ?? undefined;
  }

  /**
   * Takes over what a source says of entries, given one by one or in arrays, in batches: each is one transaction and one revision, all or nothing; a list
   * of up to `batch` entries is one batch. Entries that are not named stay as they are. Saying the same twice changes
   * nothing. An entry that cannot be read goes to `onProblem`, and the rest goes on. What the source has withdrawn is gone
   * as with `withdraw`, except that a newer record of the source brings it back.
   *
   * @throws {InvalidArgumentError} @throws {BankError}; the signal's reason, when whole batches may have been taken over.
   */
  async import(from: SourceName, entries: Entries, options?: ImportOptions): Promise<ImportCounts> {
    const counts = noCounts();
    const database = this.#database;
    const [digest, audit] = [this.#digest, this.#audit];
    const step = (): void => this.#live.sync();
    try {
      await importBatches({ database, digest, audit, from, entries, options: options ?? {}, counts, step });
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
   * the log until `checkpoint()` resolves.
   */
  async withdraw(selection: Selection): Promise<Removal> {
    return this.#end(selection, "withdrawn");
  }

  /** As `withdraw`, and nothing stays but a tombstone: a keyed digest of the source's entry id. */
  async erase(selection: Selection): Promise<Removal> {
    return this.#end(selection, "erased");
  }

  async #end(selection: Selection, kind: "withdrawn" | "erased"): Promise<Removal> {
    const context = { database: this.#database, live: this.#live, digest: this.#digest, audit: this.#audit };
    return endSelection(context, selection, kind);
  }

  /** Moves what was changed from the log into the file, and cuts the log. @throws {BankError} `ERR_EMPREINTE_BUSY` */
  checkpoint(): void {
    this.#database.checkpoint();
  }

  /** Takes back that an entry was withdrawn or erased: its source may bring it again. @throws {BankError} */
  lift(entry: EntryName): boolean {
    return this.#database.transaction(() => liftTombstone(this.#database, entry, this.#digest, this.#audit));
  }

  /**
   * Lets a quarantined entry match from now on, or a flooded one count as before. Answers false for one that was neither.
   * @throws {BankError}
   */
  release(entry: EntryName | EntryNumber): boolean {
    return this.#database.transaction(() => releaseEntry(this.#database, entry, this.#digest, this.#audit));
  }

  /** Until when an entry is not to match; null: it matches again now. Answers false for one that is not there. */
  disable(entry: EntryName | EntryNumber, until: Date | number | string | null): boolean {
    return this.#database.transaction(() => disableEntry(this.#database, entry, until, this.#digest, this.#audit));
  }

  /**
   * What the store has of an entry, also after its withdrawal; undefined for one it never had or has erased. Its derived
   * hashes only with `derived`.
   */
  entry(entry: EntryName | EntryNumber, options?: { derived?: boolean }): EntryInfo | undefined {
    const { derived = false } = checkOptions(options, ["derived"]);
    const all = boolean("derived", derived);
    return this.#database.reading(() => entryInfo(this.#database, entry, this.#digest, all));
  }

  /**
   * The entries, by number, of one bank or source and of one status where that is given. They are read in steps: one that
   * changes meanwhile may be told as it was or as it is. @throws {InvalidArgumentError} @throws {BankError}
   */
  entries(filter?: EntryFilter): Generator<EntryInfo, void, undefined> {
    return listEntries(this.#database, filter);
  }

  /** The sources of all banks, and how many entries each has. Counts every entry: some tenths of a second a million. */
  sources(): SourceInfo[] {
    return this.#database.reading(() => sourceInfos(this.#database));
  }

  /** The quarantined entries of all banks, with the reason. */
  quarantined(): EntryInfo[] {
    return this.#database.reading(() => quarantinedEntries(this.#database));
  }

  /** The entries of all banks that have hit too many different uploads, with the limit that they passed as the reason. */
  flooded(): EntryInfo[] {
    return this.#database.reading(() => floodedEntries(this.#database));
  }

  /**
   * Counts an upload that entries matched, in this process; those that have now hit too many are marked. Answers whether
   * there were such. Internal.
   */
  countUploads(hits: readonly Flooding[], upload: string, time: number): boolean {
    const flooding = hits.filter(({ entry, limit }) => this.#floods.add(entry, upload, limit, time));
    if (flooding.length === 0) return false;
    try {
      this.#database.transaction(() => markFlooded(this.#database, flooding, this.#audit));
    } catch (error) {
      // Another process writes for long: the decision stands, and the next hit tries again.
      if (error instanceof BankError && error.code === "ERR_EMPREINTE_BUSY") return false;
      throw error;
    }
    for (const { entry } of flooding) this.#floods.forget(entry);
    return true;
  }

  /** What was done to the store, by whom and when, oldest first: as far back as `auditDays`. @throws {InvalidArgumentError} */
  audit(options?: AuditOptions): AuditRecord[] {
    return this.#database.reading(() => auditRecords(this.#database, options));
  }

  /** For how many days what was done is kept in the log. 365 in a new store. */
  get auditDays(): number {
    return auditDays(this.#database);
  }

  /** Another retention, 1 … 36,600 days; older records are forgotten now, and at each opening. @throws {InvalidArgumentError} */
  setAuditDays(days: number): void {
    const database = this.#database;
    database.transaction(() => {
      setAuditDays(database, days);
      this.#audit("retention", { days });
    });
    pruneAudit(database, Date.now());
    database.checkpoint();
  }

  /** Records what an analyst said of an entry's content. `Matcher.qualify` is the way to it. Internal. */
  qualify(
    entry: number,
    distance: number,
    given: Omit<QualifyInput, "entryNumber">,
    suggested: Prequalification | undefined,
  ): Qualification {
    const said = this.#database.transaction(() => {
      const by = given.by ?? this.#actor;
      return addQualification(this.#database, entry, distance, { ...given, by }, suggested, this.#audit);
    });
    if (said !== undefined) return said;
    throw new BankError("ERR_EMPREINTE_UNKNOWN_NAME", `Entry ${entry} is not there any more`);
  }

  /** All that analysts have said of an entry's content, oldest first. @throws {BankError} */
  qualifications(entry: EntryName | EntryNumber): Qualification[] {
    return this.#database.reading(() => {
      const id = entryId(this.#database, entry, this.#digest);
      return id === undefined ? [] : qualificationsOf(this.#database, id);
    });
  }

  /** Writes to the log what somebody did with the store that the store cannot see. Internal. */
  record(...[what, detail]: Parameters<Audit>): void {
    this.#database.transaction(() => this.#audit(what, detail));
  }

  /** Writes to the audit log that entries with their hashes were taken out of the store: by which filter, in which form. */
  recordExport(detail: EntryFilter & { to: string }): void {
    const { to, ...filter } = detail;
    checkFilter(this.#database, filter);
    this.record("export", { ...filter, to: name("to", to) });
  }

  /**
   * What has changed after a revision, oldest first, at most `limit` revisions' worth at a time. Default: all. It names
   * entries; their hashes, `entry` gives.
   */
  changes(since: number, options?: { limit?: number }): Change[] {
    const { limit = 2 ** 31 } = checkOptions(options, ["limit"]);
    const from = integer("since", since, 0, Number.MAX_SAFE_INTEGER);
    const most = integer("limit", limit, 1, 2 ** 31);
    return this.#database.reading(() => changesSince(this.#database, from, most));
  }

  /** Checks the whole file, every signal, and that the index finds just what the store has; a sentence a difference. */
  verify(): string[] {
    return this.#database.reading(() => {
      this.#live.sync();
      return [...verifyStore(this.#database, this.#live), ...verifyAudit(this.#database, this.#digest)];
    });
  }

  /** What a decision is made from, as the store is now. Internal. */
  view<T>(work: (view: LiveView, database: Database) => T): T {
    return this.#database.reading(() => {
      this.#live.sync();
      return work(new LiveView(this.#database, this.#live), this.#database);
    });
  }

  /** Where a look for copies looks: what it finds may have ended since. Internal. */
  get near(): CopyIndex {
    return this.#live;
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
