/**
 * The index of the signals that may match, kept in step with the store. Its snapshot lies beside the store, at FILE.index,
 * and is derived: the store says which one is good (the first 64 bytes of it, which have the checksums of the rest) and
 * of which revision; any other is removed and made again. A withdrawal takes that word back in the same transaction, so
 * that no snapshot with a withdrawn hash is used, and removes the file before it is reported.
 */
import { open, readdir, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { EmpreinteError, IndexError } from "../errors.js";
import { syncFolder } from "../search/file.js";
import { withFolderLock } from "../search/folder-lock.js";
import { HashIndex, type Hit } from "../search/hash-index.js";
import type { Database } from "./database.js";
import { isLive, readRecord, recordBytes, recordsFrom, type SignalRecord } from "./pages.js";
import { type Bank, banksAt } from "./policy.js";
import { counter } from "./schema.js";

const headerBytes = 64;
const mostScanned = 65_536;

export class LiveIndex {
  readonly #database: Database;
  readonly #path: string;
  readonly #index: HashIndex;
  #revision: number;
  /** Signals from here on are not in it yet. */
  #next: number;
  #saving: AbortController | undefined;
  #banks: { revision: number; banks: Map<number, Bank> } | undefined;

  private constructor(database: Database, index: HashIndex, revision: number, next: number) {
    this.#database = database;
    this.#path = indexPath(database.path);
    this.#index = index;
    this.#revision = revision;
    this.#next = next;
  }

  /** From the snapshot where the store vouches for it, otherwise from the store; then brought up to date. */
  static async open(database: Database): Promise<LiveIndex> {
    const saved = await openSnapshot(database);
    const live = new LiveIndex(database, saved?.index ?? new HashIndex(), saved?.revision ?? 0, saved?.next ?? 0);
    try {
      if (saved === undefined) await live.removing(() => database.transaction(() => disown(database)));
      database.reading(() => live.sync());
      return live;
    } catch (error) {
      live.close();
      throw error;
    }
  }

  get revision(): number {
    return this.#revision;
  }

  /** How many signals the store has, as of `sync`; the first number that is free. */
  get next(): number {
    return this.#next;
  }

  get size(): number {
    return this.#index.size;
  }

  /** The banks as of `sync`; they are read again only after a change. */
  banks(): Map<number, Bank> {
    if (this.#banks?.revision !== this.#revision) {
      this.#banks = { revision: this.#revision, banks: banksAt(this.#database, this.#revision) };
    }
    return this.#banks.banks;
  }

  /** Takes over what has changed since: by whom ever. Inside a reading or a transaction. */
  sync(): void {
    const revision = counter(this.#database, "revision");
    if (revision === this.#revision) return;
    const ended = this.#database.all<[number, number]>(
      "SELECT first, last FROM ended WHERE revision > ? AND first < ?",
      this.#revision,
      this.#next,
    );
    for (const [first, last] of ended) {
      const gone: number[] = [];
      for (let id = first; id <= last; id++) if (this.#index.has(id)) gone.push(id);
      if (gone.length > 0) this.#index.remove(gone);
    }
    const end = counter(this.#database, "signals");
    this.#add(end);
    this.#next = end;
    this.#revision = revision;
  }

  #add(end: number): void {
    for (const { first, count, bytes } of recordsFrom(this.#database, this.#next, end)) {
      const ids: number[] = [];
      const values: Buffer[] = [];
      const types: number[] = [];
      for (let i = 0; i < count; i++) {
        const record = readRecord(bytes.subarray(recordBytes * i, recordBytes * (i + 1)));
        // After a `sync` that ended in the middle some are there already.
        if (!isLive(record) || this.#index.has(first + i)) continue;
        ids.push(first + i);
        values.push(record.value);
        types.push(record.type);
      }
      if (ids.length > 0) this.#index.addManySync(ids, Buffer.concat(values), { banks: Uint8Array.from(types) });
    }
  }

  /** For each query its hits among signals of these types. Some may have ended in the store meanwhile: look there. */
  search(queries: Uint8Array, radius: number, types: readonly number[]): Hit[][] {
    return this.#index.searchManySync(queries, radius, { banks: types });
  }

  /** Which of these signals it does not find by their values. */
  missing(signals: readonly (SignalRecord & { id: number })[]): number[] {
    const types = [...new Set(signals.map(({ type }) => type))];
    return types.flatMap((type) => {
      const some = signals.filter((signal) => signal.type === type);
      const found = this.#index.searchManySync(Buffer.concat(some.map(({ value }) => value)), 0, { banks: [type] });
      return some.flatMap(({ id }, i) => (found[i]!.some((hit) => hit.id === id) ? [] : [id]));
    });
  }

  /** Writes the snapshot, unless there is one of this revision. */
  async save(): Promise<void> {
    if (this.#saving !== undefined) return;
    const saving = (this.#saving = new AbortController());
    try {
      const { rows, indexed } = this.#index.stats();
      // What is saved without tables is scanned by everybody who opens it.
      if (rows - indexed > mostScanned) await this.#index.optimize();
      saving.signal.throwIfAborted();
      await withFolderLock(dirname(this.#path), saving.signal, async () => {
        const there = await headerOf(this.#path);
        // From here to the saving nothing is waited for: what is written is of this revision.
        this.#database.reading(() => this.sync());
        const revision = this.#revision;
        const good = vouched(this.#database);
        if (good?.revision === revision && there?.equals(good.header)) return;
        const next = this.#next;
        await this.#index.save(this.#path, { signal: saving.signal });
        const header = await headerOf(this.#path);
        this.#database.transaction(() => {
          if (header !== undefined) vouch(this.#database, { header, revision, next });
        });
      });
    } catch (error) {
      if (!saving.signal.aborted) throw error;
    } finally {
      this.#saving = undefined;
    }
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
    this.#saving?.abort();
    this.#index.close();
  }
}

export const indexPath = (store: string): string => `${store}.index`;

interface Vouched {
  header: Buffer;
  revision: number;
  next: number;
}

function vouched(database: Database): Vouched | undefined {
  const row = database.get<[Buffer]>("SELECT value FROM meta WHERE name = 'snapshot'");
  if (row === undefined || row[0].length !== headerBytes + 16) return undefined;
  const [bytes] = row;
  return {
    header: bytes.subarray(0, headerBytes),
    revision: bytes.readDoubleLE(headerBytes),
    next: bytes.readDoubleLE(headerBytes + 8),
  };
}

function vouch(database: Database, { header, revision, next }: Vouched): void {
  const bytes = Buffer.alloc(headerBytes + 16);
  bytes.set(header);
  bytes.writeDoubleLE(revision, headerBytes);
  bytes.writeDoubleLE(next, headerBytes + 8);
  database.run("INSERT OR REPLACE INTO meta VALUES ('snapshot', ?)", bytes);
}

/** In the transaction of a withdrawal. */
export function disown(database: Database): void {
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

async function openSnapshot(
  database: Database,
): Promise<{ index: HashIndex; revision: number; next: number } | undefined> {
  const good = vouched(database);
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
