/**
 * The index of the signals that may match, kept in step with the store. Its snapshot lies beside the store, at FILE.index,
 * and is derived: the store says which one is good (the first 64 bytes of it, which have the checksums of the rest) and
 * of which revision; any other is removed and made again. A withdrawal takes that word back in the same transaction, so
 * that no snapshot with a withdrawn hash is used, and removes the file before it is reported.
 */
import { open, readdir, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { EmpreinteError, IndexError } from "../../errors.js";
import { syncFolder } from "../../files/atomic-file.js";
import { withFolderLock } from "../../search/folder-lock.js";
import { HashIndex } from "../../search/hash-index.js";
import type { IndexMatch } from "../../search/match.js";
import type { Database } from "../storage/database.js";
import { advance, buildIndex, type IndexState } from "./live-build.js";
import type { SignalRecord } from "../storage/pages.js";
import { type Bank, banksAt } from "../decision/policy.js";
import { nearTypes } from "../storage/signals.js";

const headerBytes = 64;
/** Rows without tables up to which a search need not mind them: scanning so many takes some hundredths of a millisecond. */
const mostScanned = 8192;
/** Below this there are no tables at all. */
const leastWithTables = 32_768;

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

  /** From the snapshot where the store vouches for it, otherwise from the store; then brought up to date. */
  static async open(database: Database): Promise<LiveIndex> {
    const saved = await openSnapshot(database);
    const live = new LiveIndex(database, saved ?? (await buildIndex(database)));
    try {
      if (saved === undefined) await live.removing(() => database.transaction(() => invalidateSnapshot(database)));
      database.reading(() => live.sync());
      return live;
    } catch (error) {
      live.close();
      throw error;
    }
  }

  get revision(): number {
    return this.#state.revision;
  }

  /** How many signals the store has, as of `sync`; the first number that is free. */
  get next(): number {
    return this.#state.next;
  }

  get size(): number {
    return this.#state.index.size;
  }

  /** The banks as of `sync`; they are read again only after a change. */
  banks(): Map<number, Bank> {
    const { revision } = this.#state;
    if (this.#banks?.revision !== revision) this.#banks = { revision, banks: banksAt(this.#database, revision) };
    return this.#banks.banks;
  }

  /** Takes over what has changed since: by whom ever. Inside a reading or a transaction. */
  sync(): void {
    advance(this.#database, this.#state);
  }

  /** For each query its hits among signals of these types. Some may have ended in the store meanwhile: look there. */
  search(queries: Uint8Array, radius: number, types: readonly number[]): IndexMatch[][] {
    return this.#state.index.searchManySync(queries, { radius, tags: types });
  }

  /**
   * As `search`, for a look for copies: off this thread, among pictures. An index that is made anew meanwhile is searched
   * instead.
   */
  async searchMany(
    queries: Uint8Array,
    options: { radius: number; limit: number; signal?: AbortSignal },
  ): Promise<IndexMatch[][]> {
    for (;;) {
      const { index } = this.#state;
      try {
        return await index.searchMany(queries, { ...options, tags: nearTypes });
      } catch (error) {
        if (index === this.#state.index) throw error;
      }
    }
  }

  /** The value of a signal that may match. */
  get(id: number): Uint8Array | undefined {
    return this.#state.index.get(id);
  }

  /** Which of these signals it does not find by their values. */
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

  /** Writes the snapshot, unless there is one of this revision. */
  async save(): Promise<void> {
    if (this.#saving !== undefined) return;
    const saving = (this.#saving = new AbortController());
    try {
      const joined = await this.#join(saving.signal);
      await withFolderLock(dirname(this.#path), saving.signal, async () => {
        const there = await headerOf(this.#path);
        // From here to the saving nothing is waited for: what is written is of this revision.
        this.#database.reading(() => this.sync());
        const { index, revision, next } = this.#state;
        const good = validSnapshot(this.#database);
        if (!joined && good?.revision === revision && there?.equals(good.header)) return;
        await index.save(this.#path, { signal: saving.signal });
        const header = await headerOf(this.#path);
        this.#database.transaction(() => {
          if (header !== undefined) markSnapshotValid(this.#database, { header, revision, next });
        });
      });
    } catch (error) {
      if (!saving.signal.aborted) throw error;
    } finally {
      this.#saving = undefined;
    }
  }

  /**
   * Makes the index anew where many rows lie in parts without tables, as after an import in batches: all of them are
   * scanned in every search, eight times for a picture with its turns.
   */
  async #join(signal: AbortSignal): Promise<boolean> {
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
   * Removes the snapshot, which has what is gone from the store. Nobody saves one meanwhile: who saves has the folder's
   * lock, and begins with what the store says then.
   */
  async removing<T>(work: () => T): Promise<T> {
    this.#saving?.abort();
    return withFolderLock(dirname(this.#path), undefined, async () => {
      const result = work();
      await this.#drop();
      return result;
    });
  }

  async #drop(): Promise<void> {
    const folder = dirname(this.#path);
    const name = basename(this.#path);
    // What a save that was killed has left, too.
    const names = await readdir(folder);
    const ours = names.filter((other) => other === name || (other.startsWith(`.${name}.`) && other.endsWith(".tmp")));
    if (ours.length === 0) return;
    for (const other of ours) await rm(join(folder, other), { force: true });
    await syncFolder(folder);
  }

  close(): void {
    this.#closed = true;
    this.#saving?.abort();
    this.#state.index.close();
  }
}

export const indexPath = (store: string): string => `${store}.index`;

interface Vouched {
  header: Buffer;
  revision: number;
  next: number;
}

function validSnapshot(database: Database): Vouched | undefined {
  const row = database.get<[Buffer]>("SELECT value FROM meta WHERE name = 'snapshot'");
  if (row === undefined || row[0].length !== headerBytes + 16) return undefined;
  const [bytes] = row;
  return {
    header: bytes.subarray(0, headerBytes),
    revision: bytes.readDoubleLE(headerBytes),
    next: bytes.readDoubleLE(headerBytes + 8),
  };
}

function markSnapshotValid(database: Database, { header, revision, next }: Vouched): void {
  const bytes = Buffer.alloc(headerBytes + 16);
  bytes.set(header);
  bytes.writeDoubleLE(revision, headerBytes);
  bytes.writeDoubleLE(next, headerBytes + 8);
  database.run("INSERT OR REPLACE INTO meta VALUES ('snapshot', ?)", bytes);
}

/** In the transaction of a withdrawal. */
export function invalidateSnapshot(database: Database): void {
  database.run("DELETE FROM meta WHERE name = 'snapshot'");
}

async function headerOf(path: string): Promise<Buffer | undefined> {
  try {
    const file = await open(path, "r");
    try {
      const header = Buffer.alloc(headerBytes);
      await file.read(header, 0, headerBytes, 0);
      return header;
    } finally {
      await file.close();
    }
  } catch {
    return undefined; // not there, or not to be read: it is made again
  }
}

async function openSnapshot(database: Database): Promise<IndexState | undefined> {
  const good = validSnapshot(database);
  const path = indexPath(database.path);
  let index: HashIndex | undefined;
  if (good === undefined || !(await headerOf(path))?.equals(good.header)) return undefined;
  try {
    index = await HashIndex.open(path, { verify: "later" });
    // Into memory, checked on the way: searches are faster, and a snapshot that is removed is not kept on the disk by us.
    await index.warm();
    return { index, revision: good.revision, next: good.next };
  } catch (error) {
    index?.close();
    if (error instanceof IndexError || (error instanceof EmpreinteError && error.code === "ERR_EMPREINTE_READ")) {
      return undefined;
    }
    throw error;
  }
}
