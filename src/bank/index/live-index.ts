/**
 * The index of the signals that may match, kept in step with the store. It keeps the index file up to date and removes
 * it when signals are withdrawn.
 */
import { dirname } from "node:path";
import { withFolderLock } from "../../search/folder-lock.js";
import type { IndexMatch } from "../../search/match.js";
import type { Database } from "../storage/database.js";
import { advance, buildIndex, type IndexState } from "./build-index.js";
import {
  headerOf,
  indexPath,
  invalidateIndexFile,
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

/** The index of one open store. */
export class LiveIndex {
  readonly #database: Database;
  readonly #path: string;
  #state: IndexState;
  #saving: AbortController | undefined;
  #banks: { revision: number; banks: Map<number, Bank> } | undefined;
  #closed = false;

  private constructor(database: Database, state: IndexState) {
    this.#database = database;
    this.#path = indexPath(database.path);
    this.#state = state;
  }

  /** Opens the valid index file, or builds the index from the store, and brings it up to date. */
  static async open(database: Database): Promise<LiveIndex> {
    const saved = await openIndexFile(database);
    const live = new LiveIndex(database, saved ?? (await buildIndex(database)));
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
    advance(this.#database, this.#state);
  }

  /** Returns each query's hits among signals of these types. Check every hit against the store: it may be withdrawn. */
  search(queries: Uint8Array, radius: number, types: readonly number[]): IndexMatch[][] {
    return this.#state.index.searchManySync(queries, { radius, tags: types });
  }

  /**
   * Returns each query's hits among signals of these types, on another thread. Where `save` replaces the index
   * meanwhile, it searches the new one.
   * @param types default: all that match by distance.
   */
  async searchMany(
    queries: Uint8Array,
    options: { radius: number; limit?: number; signal?: AbortSignal },
    types: readonly number[] = nearTypes,
  ): Promise<IndexMatch[][]> {
    for (;;) {
      const { index } = this.#state;
      try {
        return await index.searchMany(queries, { ...options, tags: types });
      } catch (error) {
        if (index === this.#state.index) throw error;
      }
    }
  }

  /** Returns the value of a signal that may match. */
  get(id: number): Uint8Array | undefined {
    return this.#state.index.get(id);
  }

  /** Returns the numbers of those signals that a search by their values does not find. */
  missing(signals: readonly (SignalRecord & { id: number })[]): number[] {
    const types = [...new Set(signals.map(({ type }) => type))];
    return types.flatMap((type) => {
      const some = signals.filter((signal) => signal.type === type);
      const found = this.#state.index.searchManySync(Buffer.concat(some.map(({ value }) => value)), {
        radius: 0,
        tags: [type],
      });
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
    const old = this.#state.index;
    this.#database.reading(() => advance(this.#database, built));
    this.#state = built;
    old.close();
    return true;
  }

  /**
   * Runs `work`, which withdraws signals. It holds the folder's lock, so that no process writes an index file
   * meanwhile: a process that saves takes the lock first, and then reads the store. Whatever happens to `work`, an
   * index file that the store does not record as valid is removed.
   */
  async removing<T>(work: () => T): Promise<T> {
    this.#saving?.abort();
    return withFolderLock(dirname(this.#path), undefined, async () => {
      try {
        return work();
      } finally {
        this.removeInvalidFile();
      }
    });
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
    this.#saving?.abort();
    this.#state.index.close();
  }
}
