/**
 * The index of the signals that may match, kept in step with the store. It keeps the index file up to date and removes
 * it when signals are withdrawn.
 *
 * A large index is mapped from the file, with what changed since in memory. A file that was replaced or removed has its
 * place on the disk as long as anybody maps it, so that `#follow` goes on to the next file, or to a copy.
 */
import { statSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { EmpreinteError, IndexError } from "../../errors.js";
import { withFolderLock } from "../../search/folder-lock.js";
import type { IndexMatch } from "../../search/match.js";
import type { Database } from "../storage/database.js";
import { advance, buildIndex, buildIndexNow, closeState, type IndexState } from "./build-index.js";
import {
  headerOf,
  indexPath,
  invalidateIndexFile,
  leastMapped,
  markIndexFileValid,
  openIndexFile,
  validIndexFile,
} from "./index-file.js";
import { releaseLinks, removeIndexFile } from "./remove-file.js";
import type { SignalRecord } from "../storage/pages.js";
import { type Bank, banksAt } from "../decision/policy.js";
import { nearTypes } from "../storage/signals.js";

/**
 * Scanning this many rows without tables takes some hundredths of a millisecond, so that a search need not avoid it.
 */
const mostScanned = 8192;
/** An index with fewer rows has no tables at all. */
const leastWithTables = 32_768;

/** How often a process checks whether the file that it maps is still the newest. */
const followMilliseconds = 1000;
/** Opening files that are replaced all the time takes at most this share of a processor. */
const followShare = 0.05;

/** Work in the background that failed. It is tried again a second later. */
export interface BankRetry {
  /** What failed. `"follow-index"`: to go on to the newest FILE.index. Searches stay right, with the index at hand. */
  step: "follow-index";
  error: Error;
}

/** The mapped file was overwritten: what was found in it is wrong. After `sync` the index is whole again. */
export class LostFileError extends Error {}

/** The index of one open store. */
export class LiveIndex {
  readonly #database: Database;
  readonly #path: string;
  #state: IndexState;
  #saving: AbortController | undefined;
  #banks: { revision: number; banks: Map<number, Bank> } | undefined;
  #closed = false;
  readonly #timer: NodeJS.Timeout;
  #following: Promise<void> | undefined;
  #followNext = 0;
  readonly #onRetry: ((retry: BankRetry) => void) | undefined;
  /** Why following failed the last time; undefined after it succeeded. */
  #failure: string | undefined;
  /** Called by `sync` inside its reading, for what else follows the store. */
  afterSync: (() => void) | undefined;

  private constructor(database: Database, state: IndexState, onRetry: ((retry: BankRetry) => void) | undefined) {
    this.#database = database;
    this.#path = indexPath(database.path);
    this.#state = state;
    this.#onRetry = onRetry;
    // A store that nobody closes must not stay for its timer. Where following fails, the next time tries again.
    const live = new WeakRef(this);
    const timer = setInterval(() => {
      const self = live.deref();
      if (self === undefined) clearInterval(timer);
      else self.#follow().catch((error: unknown) => self.#report(error));
    }, followMilliseconds).unref();
    this.#timer = timer;
  }

  /** Opens the valid index file, or builds the index from the store, and brings it up to date. */
  static async open(database: Database, onRetry?: (retry: BankRetry) => void): Promise<LiveIndex> {
    const saved = await openIndexFile(database);
    const live = new LiveIndex(database, saved ?? (await buildIndex(database)), onRetry);
    try {
      if (saved === undefined) await live.removing(() => database.transaction(() => invalidateIndexFile(database)));
      database.reading(() => live.sync());
      return live;
    } catch (error) {
      live.close();
      throw error;
    }
  }

  /** The revision that the index has. */
  get revision(): number {
    return this.#state.revision;
  }

  /** How many signals the store had at `sync`, which is also the first free number. */
  get next(): number {
    return this.#state.next;
  }

  /** How many signals the index has. */
  get size(): number {
    return this.#state.index.size;
  }

  /** Returns the banks at `sync`. It reads them again only after a change. */
  banks(): Map<number, Bank> {
    const { revision } = this.#state;
    if (this.#banks?.revision !== revision) this.#banks = { revision, banks: banksAt(this.#database, revision) };
    return this.#banks.banks;
  }

  /** Takes over what any process has changed since. Call it inside a reading or a transaction. */
  sync(): void {
    if (this.#isLost()) this.#exchange(buildIndexNow(this.#database));
    advance(this.#database, this.#state);
    this.afterSync?.();
  }

  #isLost({ file }: IndexState = this.#state): boolean {
    return file !== undefined && !file.isIntact;
  }

  #exchange(state: IndexState): void {
    const old = this.#state;
    this.#state = state;
    closeState(old);
  }

  /**
   * Returns each query's hits among signals of these types. Check every hit against the store: it may be withdrawn.
   * @throws {LostFileError}
   */
  search(queries: Uint8Array, radius: number, types: readonly number[]): IndexMatch[][] {
    const hits = this.#state.index.searchManySync(queries, { radius, tags: types });
    if (this.#isLost()) throw new LostFileError();
    return hits;
  }

  /**
   * Returns each query's hits among signals of these types, on another thread. Where the index is exchanged meanwhile,
   * it searches the new one.
   * @param types default: all that match by distance.
   */
  async searchMany(
    queries: Uint8Array,
    options: { radius: number; limit?: number; signal?: AbortSignal },
    types: readonly number[] = nearTypes,
  ): Promise<IndexMatch[][]> {
    for (;;) {
      const state = this.#state;
      try {
        const hits = await state.index.searchMany(queries, { ...options, tags: types });
        if (!this.#isLost(state)) return hits;
      } catch (error) {
        if (state === this.#state) throw error;
      }
      if (this.#isLost()) this.#database.reading(() => this.sync());
    }
  }

  /** Returns the value of a signal that may match. Call it outside of a reading. */
  get(id: number): Uint8Array | undefined {
    const value = this.#state.index.get(id);
    if (!this.#isLost()) return value;
    this.#database.reading(() => this.sync());
    return this.#state.index.get(id);
  }

  /** Returns the signals of any type that have this value and may match. Call it inside a reading or a transaction. */
  signalsWith(value: Uint8Array): number[] {
    const search = (): number[] => this.#state.index.searchManySync(value, { radius: 0 })[0]!.map(({ id }) => id);
    this.sync();
    const found = search();
    if (!this.#isLost()) return found;
    this.sync();
    return search();
  }

  /** Returns the numbers of those signals that a search by their values does not find. Call it inside a reading. */
  missing(signals: readonly (SignalRecord & { id: number })[]): number[] {
    const types = [...new Set(signals.map(({ type }) => type))];
    return types.flatMap((type) => {
      const some = signals.filter((signal) => signal.type === type);
      const values = Buffer.concat(some.map(({ value }) => value));
      const search = (): IndexMatch[][] => this.#state.index.searchManySync(values, { radius: 0, tags: [type] });
      let found = search();
      if (this.#isLost()) {
        this.sync();
        found = search();
      }
      return some.flatMap(({ id }, i) => (found[i]!.some((hit) => hit.id === id) ? [] : [id]));
    });
  }

  /**
   * Writes the index file, unless there is a valid one of this revision. @throws {EmpreinteError} `ERR_EMPREINTE_WRITE`
   */
  async save(): Promise<void> {
    if (this.#saving !== undefined) return;
    const saving = (this.#saving = new AbortController());
    try {
      await this.#following;
      const rebuilt = await this.#rebuild(saving.signal);
      await withFolderLock(dirname(this.#path), saving.signal, async () => {
        const there = await headerOf(this.#path);
        // Nothing is awaited between here and `save`, so that the file has exactly this revision.
        this.#database.reading(() => this.sync());
        const { index, revision, next } = this.#state;
        const valid = validIndexFile(this.#database);
        if (!rebuilt && valid?.revision === revision && there?.equals(valid.header)) return;
        releaseLinks(this.#path);
        await index.save(this.#path, { signal: saving.signal });
        const header = await headerOf(this.#path);
        this.#database.transaction(() => {
          if (header !== undefined) markIndexFileValid(this.#database, { header, revision, next });
        });
      });
    } catch (error) {
      if (!saving.signal.aborted) throw error;
    } finally {
      this.#saving = undefined;
    }
  }

  /**
   * Builds the index anew where many rows are in shards without tables, as after an import in batches. Every search
   * would scan them, eight times for an image with its orientations. Returns whether it did.
   */
  async #rebuild(signal: AbortSignal): Promise<boolean> {
    const { rows, indexed } = this.#state.index.stats();
    if (rows < leastWithTables || rows - indexed <= mostScanned) return false;
    const built = await buildIndex(this.#database);
    if (signal.aborted || this.#closed) {
      built.index.close();
      signal.throwIfAborted();
      return false;
    }
    this.#database.reading(() => advance(this.#database, built));
    this.#exchange(built);
    return true;
  }

  /** Goes on to the newest file, where the one that is mapped was replaced or removed, or where nothing is mapped. */
  async #follow(): Promise<void> {
    if (this.#following !== undefined || this.#saving !== undefined) return;
    const { file, index } = this.#state;
    if (file?.isAt(this.#path)) return;
    const isThere = statSync(this.#path, { throwIfNoEntry: false }) !== undefined;
    if (isThere ? performance.now() < this.#followNext : file === undefined) return;
    if (file === undefined && index.size < leastMapped) return;
    this.#following = this.#openNext().finally(() => (this.#following = undefined));
    await this.#following;
    this.#failure = undefined;
  }

  /** Reports why following failed: to the listener each time, otherwise as a warning of the process, once a reason. */
  #report(error: unknown): void {
    if (this.#closed) return;
    const failure = error instanceof Error ? error : new Error(String(error));
    const isNew = failure.message !== this.#failure;
    this.#failure = failure.message;
    if (this.#onRetry === undefined) {
      if (isNew) process.emitWarning(`${this.#path} is not followed: ${failure.message}`, { code: "EMPREINTE_RETRY" });
      return;
    }
    try {
      this.#onRetry({ step: "follow-index", error: failure });
    } catch {
      // A listener of the caller's must not end the process.
    }
  }

  async #openNext(): Promise<void> {
    const start = performance.now();
    // To take over more than that would hold other calls up for long.
    const isNew = (validIndexFile(this.#database)?.next ?? 0) + mostScanned >= this.#state.next;
    const opened = isNew ? await openIndexFile(this.#database) : undefined;
    this.#followNext = performance.now() + (performance.now() - start) / followShare;
    if (opened?.file !== undefined && !this.#closed) {
      try {
        this.#database.reading(() => advance(this.#database, opened));
        this.#exchange(opened);
        return;
      } catch (error) {
        closeState(opened);
        throw error;
      }
    }
    if (opened !== undefined) closeState(opened);
    if (!this.#closed) await this.#copy();
  }

  /** Takes the index out of the file that it is mapped from. */
  async #copy(): Promise<void> {
    const { index, file } = this.#state;
    if (file === undefined) return;
    try {
      await index.warm();
    } catch (error) {
      // Somebody overwrote the file, or closed the index.
      if (!(error instanceof IndexError) && index === this.#state.index) throw error;
    }
    if (index !== this.#state.index) return;
    if (file.isIntact) {
      this.#state.file = undefined;
      file.close();
    } else this.#database.reading(() => this.sync());
  }

  /**
   * Runs `work`, which withdraws signals. It holds the folder's lock, so that no process writes an index file
   * meanwhile: a process that saves takes the lock first, and then reads the store. Whatever happens to `work`, an
   * index file that the store does not record as valid is removed.
   */
  async removing<T>(work: () => T | Promise<T>): Promise<T> {
    this.#saving?.abort();
    return withFolderLock(dirname(this.#path), undefined, async () => {
      try {
        return await work();
      } finally {
        this.removeInvalidFile();
      }
    });
  }

  /**
   * Runs a transaction that removes the index file. On a full disk it needs the room of that file, which it gets once
   * no process maps the file any more, and runs again then.
   */
  async makingRoom<T>(transaction: () => T): Promise<T> {
    const had = statSync(this.#path, { throwIfNoEntry: false }) !== undefined;
    try {
      return transaction();
    } catch (error) {
      const isFull = error instanceof EmpreinteError && error.code === "ERR_EMPREINTE_WRITE";
      const isGone = statSync(this.#path, { throwIfNoEntry: false }) === undefined;
      if (!isFull || !had || !isGone || this.size < leastMapped) throw error;
      await this.#following;
      await this.#copy();
      await wait(2 * followMilliseconds);
      return transaction();
    }
  }

  /** Removes the index file. A withdrawal does so inside its transaction, before the steps that may fail. */
  removeFile(): void {
    removeIndexFile(this.#path);
  }

  /** Removes the index file unless the store records one as valid. A store that cannot be read has none. */
  removeInvalidFile(): void {
    if (this.#closed) return;
    let valid = false;
    try {
      valid = validIndexFile(this.#database) !== undefined;
    } finally {
      if (!valid) this.removeFile();
    }
  }

  /** Frees the index. */
  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
    this.#saving?.abort();
    closeState(this.#state);
  }
}
