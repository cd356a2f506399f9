/**
 * The local records of a store, opened and in a `LocalIndex`, kept in step with the store. It is built at the first
 * search that needs it, and nothing of it is ever in a file.
 */
import { setImmediate } from "node:timers/promises";
import { type LocalQuery, localHolder, type QueryLocal } from "../../copies/local-holder.js";
import { EmpreinteError } from "../../errors.js";
import type { Samples } from "../../image/samples.js";
import { LocalIndex } from "../../local/local-index.js";
import { changedEntries } from "../storage/change-log.js";
import type { Database } from "../storage/database.js";
import { localRecords, type StoredLocal } from "../storage/local-records.js";
import { counter } from "../storage/schema.js";
import { Texts } from "../storage/texts.js";
import type { RecordSeal } from "./record-seal.js";

/** How many records are opened before other work gets its turn: some 45 ms. */
const recordsPerStep = 64;
const lastNumber = Number.MAX_SAFE_INTEGER;

type Run = readonly [first: number, last: number];

/** What an index was made of. */
interface Loaded {
  index: LocalIndex;
  /** The revision up to which removals were taken over. */
  revision: number;
  /** The record of each entry that is in the index, or is benign, by the revision that added it. */
  since: Map<number, number>;
  /** The entries of negative banks, whose records are benign. */
  benign: Set<number>;
  /** The entries that may have records which are not in the index yet. */
  waiting: Run[];
}

/** The local records of one open store. The ids of the index are the numbers of the entries. */
export class LiveLocal {
  readonly #database: Database;
  readonly #seal: RecordSeal;
  #loaded: Loaded | undefined;
  #loading: Promise<LocalIndex> | undefined;
  #closed = false;

  constructor(database: Database, seal: RecordSeal) {
    this.#database = database;
    this.#seal = seal;
  }

  /**
   * Drops the records that any process has removed since, and notes which are new. Call it inside a reading or a
   * transaction.
   */
  sync(): void {
    const loaded = this.#loaded;
    if (loaded === undefined) return;
    const revision = counter(this.#database, "revision");
    if (revision === loaded.revision) return;
    const runs = changedEntries(this.#database, loaded.revision);
    loaded.revision = revision;
    loaded.waiting.push(...runs);
    const gone = runs.flatMap((run) => this.#removed(loaded, run));
    // Points that a benign record has are in no other record of the index, so that all are read again.
    if (gone.some((entry) => loaded.benign.has(entry))) return this.#drop();
    for (const entry of gone) {
      loaded.since.delete(entry);
      loaded.index.remove(entry);
    }
  }

  /** Returns those of the loaded entries in a run that have their record no more. */
  #removed({ since }: Loaded, [first, last]: Run): number[] {
    const here = [...since.keys()].filter((entry) => entry >= first && entry <= last);
    if (here.length === 0) return [];
    const now = new Map(localRecords(this.#database, first, last, lastNumber).map((one) => [one.entry, one.since]));
    return here.filter((entry) => now.get(entry) !== since.get(entry));
  }

  /**
   * Returns the index with every record of the store. Records that another process adds meanwhile may be missing.
   * @throws {BankError} `ERR_EMPREINTE_LOCAL_KEY` @throws {EmpreinteError} `ERR_EMPREINTE_LOCAL_TABLE`
   */
  async ready(signal: AbortSignal | undefined): Promise<LocalIndex> {
    for (;;) {
      signal?.throwIfAborted();
      if (this.#closed) throw new EmpreinteError("ERR_EMPREINTE_CLOSED", "The bank store is closed");
      const loaded = this.#loaded;
      this.#database.reading(() => this.sync());
      if (loaded !== undefined && loaded === this.#loaded && loaded.waiting.length === 0) return loaded.index;
      this.#loading ??= this.#load().finally(() => (this.#loading = undefined));
      await this.#loading;
    }
  }

  /** Reads what waits, step by step. */
  async #load(): Promise<LocalIndex> {
    const index = this.#loaded?.index ?? new LocalIndex();
    await index.benignShipped();
    if (this.#closed) {
      index.close();
      return index;
    }
    const loaded = (this.#loaded ??= {
      index,
      revision: this.#database.reading(() => counter(this.#database, "revision")),
      since: new Map(),
      benign: new Set(),
      waiting: [[0, lastNumber]],
    });
    for (let run = loaded.waiting[0]; run !== undefined; run = loaded.waiting[0]) {
      if (this.#closed || this.#loaded !== loaded) return loaded.index;
      const [first, last] = run;
      const next = this.#database.reading(() => {
        this.sync();
        return this.#loaded === loaded ? this.#addSome(loaded, first, last) : undefined;
      });
      // `sync` appends, so that this run is still the first one.
      if (next === undefined) loaded.waiting.shift();
      else loaded.waiting[0] = [next, last];
      await setImmediate();
    }
    return loaded.index;
  }

  /** Adds some records of a run, and returns where to go on, or undefined at the end. */
  #addSome(loaded: Loaded, first: number, last: number): number | undefined {
    const rows = localRecords(this.#database, first, last, recordsPerStep);
    const texts = new Texts(this.#database);
    for (const row of rows) this.#add(loaded, row, texts);
    return rows.length < recordsPerStep ? undefined : rows.at(-1)!.entry + 1;
  }

  #add(loaded: Loaded, { entry, since, text, negative }: StoredLocal, texts: Texts): void {
    if (loaded.since.has(entry)) return;
    const record = this.#seal.open(entry, texts.readBytes(text));
    if (negative) {
      loaded.index.benign(record);
      loaded.benign.add(entry);
    } else loaded.index.add(entry, record);
    loaded.since.set(entry, since);
  }

  /** Returns the revision that added the record of an entry, as far as the index has it. */
  sinceOf(entry: number): number | undefined {
    return this.#loaded?.since.get(entry);
  }

  /**
   * Extracts the local points of an upload. Where the index is made anew meanwhile, the upload is searched in the new
   * one.
   */
  readonly query: QueryLocal = async (samples, signal) => {
    let index = await this.ready(signal);
    let inner = await pointsIn(index, samples, signal);
    return {
      find: async (negative, abort) => {
        for (;;) {
          try {
            return await inner.find(negative, abort);
          } catch (error) {
            if (this.#closed || index === this.#loaded?.index) throw error;
          }
          index = await this.ready(abort);
          const old = inner;
          inner = await pointsIn(index, samples, abort);
          old[Symbol.dispose]();
        }
      },
      [Symbol.dispose]: () => inner[Symbol.dispose](),
    };
  };

  #drop(): void {
    this.#loaded?.index.close();
    this.#loaded = undefined;
  }

  /** Frees the index and zeroes the key. */
  close(): void {
    this.#closed = true;
    this.#drop();
    this.#seal.wipe();
  }
}

const pointsIn = (
  index: LocalIndex,
  samples: Omit<Samples, "hash">,
  signal: AbortSignal | undefined,
): Promise<LocalQuery> => localHolder("local", index)!(samples, signal);
