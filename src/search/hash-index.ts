import { integer, oneOf, checkOptions, checkSignal } from "../check.js";
import { IndexError } from "../errors.js";
import { kernelName } from "../hash/pixels.js";
import type { HashLike } from "../hash/value.js";
import { withSignal } from "../native/abort.js";
import type { IndexHandle } from "../native/binding.js";
import { native } from "../native/load.js";
import {
  type AddOptions,
  type AsyncSearchOptions,
  checkAddition,
  checkAsyncSearch,
  type CheckedSearch,
  checkSearch,
  type Hashes,
  type Ids,
  oneHash,
  oneId,
  packHashes,
  packIds,
  type SearchOptions,
} from "./arguments.js";
import { Additions, closedError } from "./additions.js";
import { damaged, openIndexFile, saveIndexFile } from "./file.js";
import { indexError, indexErrors, indexErrorsAsync } from "./index-errors.js";
import { Maintenance } from "./maintenance.js";

/** An entry within the radius. */
export interface Hit {
  id: number;
  /** Differing bits, 0 … 256. */
  distance: number;
}

export interface HashIndexOptions {
  /**
   * What a large index may take: `"full"`, some 116 bytes a hash; `"lean"`, some 76, for about ten times the query time;
   * `"rows"`, 36, and every search is a scan (half a millisecond a million). Default `"full"`.
   */
  memory?: "full" | "lean" | "rows";
}

const tablesOf = { full: 16, lean: 8, rows: 0 } as const;
const memories = ["full", "lean", "rows"] as const;

export interface AddManyOptions extends AddOptions {
  signal?: AbortSignal;
}

export interface NearestOptions extends SearchOptions {
  /** Look no further than this, 0 … 256. Default 256. */
  maxRadius?: number;
}

export interface AsyncNearestOptions extends AsyncSearchOptions {
  /** Look no further than this, 0 … 256. Default 256. */
  maxRadius?: number;
}

export interface OpenOptions {
  /** `"now"`: every byte is checked before the index is there. `"later"`: header, lengths and structure only, ready at
   * once; a damaged body may give an error or a wrong answer, never a read outside the file, until `verify()` has checked
   * it. Default `"now"`. */
  verify?: "now" | "later";
  signal?: AbortSignal;
}

export interface IndexStats {
  /** Entries a search can find. */
  rows: number;
  /** Removed entries whose memory is not given back yet. */
  removed: number;
  /** Newest entries, not yet in a part. */
  delta: number;
  /** Immutable parts, each searched for itself. */
  shards: number;
  /** Entries in parts with tables; the others are scanned. */
  indexed: number;
  /** Bytes of all of it, */
  bytes: number;
  /** and of them those of a mapped file. */
  mapped: number;
  /** Bytes of all of it that are in memory now. */
  resident: number;
  /** Grows with every change. */
  revision: number;
}

/** Fewer queries than this are not worth a thread. */
const queriesPerThread = 64;

/**
 * An exact Hamming index: a search gives every entry within the radius, never a sample, sorted by distance, then id. It
 * changes while it is read: a search sees exactly the entries that were there when it was called, and an entry that was
 * removed is never found by a search called after `remove` returned.
 *
 * @example
 * using index = new HashIndex();
 * await index.addMany([1, 2], [hash, other]);
 * const hits = index.searchSync(hash, 31); // [{ id: 1, distance: 0 }, …]
 */
export class HashIndex {
  readonly #handle: IndexHandle;
  readonly #maintenance: Maintenance;
  readonly #additions: Additions;
  /** `EMPREINTE_KERNEL` as the first search finds it: reading the environment takes longer than a small search. */
  #kernel: { name: string | undefined } | undefined;
  #closed = false;

  /** @throws {InvalidArgumentError} */
  constructor(options?: HashIndexOptions | Opened) {
    if (options instanceof Opened) {
      this.#handle = options.handle;
    } else {
      const { memory = "full" } = checkOptions(options, ["memory"]);
      this.#handle = native.createIndex(tablesOf[oneOf("memory", memory, memories)]);
    }
    this.#maintenance = new Maintenance(this.#handle);
    this.#additions = new Additions(this.#handle);
  }

  /**
   * Opens a file that `save` wrote, mapped into memory. The index can be changed; the file stays as it is. It may be
   * removed or replaced by renaming, as `save` does; one that is overwritten or cut in place takes the process with it.
   * @throws {IndexError} `ERR_EMPREINTE_INDEX_FILE`: no index, a newer one, cut or changed.
   * @throws {EmpreinteError} `ERR_EMPREINTE_READ`; the signal's reason.
   */
  static async open(path: string | URL, options?: OpenOptions): Promise<HashIndex> {
    const { verify = "now", signal } = checkOptions(options, ["verify", "signal"]);
    oneOf("verify", verify, ["now", "later"]);
    checkSignal(signal)?.throwIfAborted();
    const index = new HashIndex(new Opened(await openIndexFile(path)));
    if (verify === "later") return index;
    try {
      await index.verify(signal && { signal });
      return index;
    } catch (error) {
      index.close();
      throw error instanceof IndexError ? damaged(path, error) : error;
    }
  }

  /** How many entries a search can find. */
  get size(): number {
    return this.#closed ? 0 : native.indexStats(this.#handle).rows;
  }

  /** Adds one entry. @throws {IndexError} `ERR_EMPREINTE_DUPLICATE_ID` @throws {InvalidHashError} */
  add(id: number, hash: HashLike, tag = 0): void {
    this.#open();
    const tags = tag === 0 ? undefined : Uint8Array.of(integer("tag", tag, 0, 255));
    indexErrors(() => native.indexAdd(this.#handle, oneId(id), oneHash(hash), tags));
    this.#maintenance.changed(1);
  }

  /**
   * Adds entries, all or none. On this thread: some 60 ms a million; `addMany` does it on another.
   * @throws {IndexError} `ERR_EMPREINTE_DUPLICATE_ID` @throws {InvalidHashError} @throws {InvalidArgumentError}
   */
  addManySync(ids: Ids, hashes: Hashes, options?: AddOptions): void {
    this.#open();
    const addition = checkAddition(ids, hashes, options ?? {}, ["tags"]);
    this.#open(); // what was read is the caller's code, and may have closed it
    indexErrors(() => native.indexAdd(this.#handle, addition.ids, addition.hashes, addition.tags));
    this.#maintenance.changed(addition.ids.length);
  }

  /**
   * As `addManySync`, off this thread. What it was given is copied first. When it rejects, nothing was added: with the
   * signal's reason if the abort came in time, and otherwise it adds all and resolves.
   * @throws as `addManySync`; {EmpreinteError} `ERR_EMPREINTE_CLOSED` when the index was closed before it resolved.
   */
  async addMany(ids: Ids, hashes: Hashes, options?: AddManyOptions): Promise<void> {
    this.#open();
    const addition = checkAddition(ids, hashes, options ?? {}, ["tags", "signal"]);
    this.#open();
    await this.#additions.run(addition, checkSignal(options?.signal));
    this.#maintenance.changed(addition.ids.length);
  }

  /**
   * Removes entries, all or none: no search called after this returned finds them.
   * @throws {IndexError} `ERR_EMPREINTE_UNKNOWN_ID`
   */
  remove(ids: number | Ids): void {
    this.#open();
    const packed = typeof ids === "number" ? oneId(ids) : packIds(ids);
    this.#open();
    indexErrors(() => native.indexRemove(this.#handle, packed));
    this.#maintenance.changed(typeof packed === "number" ? 1 : packed.length);
  }

  /** Another hash and bank under an id; no search sees neither or both. @throws {IndexError} `ERR_EMPREINTE_UNKNOWN_ID` */
  replace(id: number, hash: HashLike, tag = 0): void {
    this.#open();
    const to = integer("tag", tag, 0, 255);
    indexErrors(() => native.indexReplace(this.#handle, oneId(id), oneHash(hash), to));
    this.#maintenance.changed(1);
  }

  /** Whether there is an entry of this id. */
  has(id: number): boolean {
    this.#open();
    return native.indexHas(this.#handle, oneId(id));
  }

  /** The hash of an id as 32 bytes, undefined when there is no such id. @throws {InvalidArgumentError} */
  get(id: number): Uint8Array | undefined {
    if (!this.has(id)) return undefined;
    return native.indexHashes(this.#handle, Float64Array.of(id));
  }

  /** Every entry within `radius` (0 … 256) of `hash`. @throws {InvalidArgumentError} @throws {InvalidHashError} */
  searchSync(hash: HashLike, radius: number, options?: SearchOptions): Hit[] {
    this.#open();
    return single(this.#sync(oneHash(hash), integer("radius", radius, 0, 256), checkSearch(options), false));
  }

  /** For each hash, every entry within `radius`. @throws {InvalidArgumentError} @throws {InvalidHashError} */
  searchManySync(hashes: Hashes, radius: number, options?: SearchOptions): Hit[][] {
    this.#open();
    const queries = packHashes(hashes);
    const found = this.#sync(queries, integer("radius", radius, 0, 256), checkSearch(options), false);
    return group(found, queries.length / 32);
  }

  /** As `searchSync`, off this thread. Rejects with the signal's reason when aborted. */
  async search(hash: HashLike, radius: number, options?: AsyncSearchOptions): Promise<Hit[]> {
    return (await this.searchMany(oneHash(hash), radius, options))[0]!;
  }

  /** As `searchManySync`, off this thread, over several. Rejects with the signal's reason when aborted. */
  async searchMany(hashes: Hashes, radius: number, options?: AsyncSearchOptions): Promise<Hit[][]> {
    this.#open();
    return this.#async(packHashes(hashes), integer("radius", radius, 0, 256), checkAsyncSearch(options), false);
  }

  /** The `k` nearest entries, exactly; of those equally far the smaller ids. @throws {InvalidArgumentError} */
  nearestSync(hash: HashLike, k: number, options?: NearestOptions): Hit[] {
    this.#open();
    const { maxRadius = 256, ...rest } = checkOptions(options, nearestNames);
    const checked = { ...checkSearch(rest), limit: integer("k", k, 1, 2 ** 32 - 1) };
    return single(this.#sync(oneHash(hash), integer("maxRadius", maxRadius, 0, 256), checked, true));
  }

  /** As `nearestSync` for each hash, off this thread. Rejects with the signal's reason when aborted. */
  async nearestMany(hashes: Hashes, k: number, options?: AsyncNearestOptions): Promise<Hit[][]> {
    this.#open();
    const { maxRadius = 256, ...rest } = checkOptions(options, [...nearestNames, "threads", "signal"]);
    const checked = { ...checkAsyncSearch(rest), limit: integer("k", k, 1, 2 ** 32 - 1) };
    return this.#async(packHashes(hashes), integer("maxRadius", maxRadius, 0, 256), checked, true);
  }

  /** As `nearestSync`, off this thread. Rejects with the signal's reason when aborted. */
  async nearest(hash: HashLike, k: number, options?: AsyncNearestOptions): Promise<Hit[]> {
    return (await this.nearestMany(oneHash(hash), k, options))[0]!;
  }

  /**
   * Finishes what goes on in the background after changes: joins parts and builds their tables. Searches are right
   * without it, and fast after it. 25 to 100 million entries become one part, as far as there is free memory for a second
   * copy (123 bytes each): twice as fast as the parts of 16.8 million that the background makes.
   * @throws {EmpreinteError} `ERR_EMPREINTE_CLOSED` when the index was closed meanwhile.
   */
  async optimize(): Promise<void> {
    this.#open();
    try {
      await this.#maintenance.finish();
    } catch (error) {
      throw this.#closed ? closedError() : error;
    }
  }

  stats(): IndexStats {
    this.#open();
    const { parts: shards, ...rest } = native.indexStats(this.#handle);
    return { ...rest, shards };
  }

  /**
   * Writes the entries of this moment to a file that `open` reads: first beside it, then renamed, so that there is the old
   * file or the new one whatever happens. Nothing of a removed entry is in it. Its mode is 0600, also over a file that had
   * another: a list of hashes is personal data.
   * @throws {EmpreinteError} `ERR_EMPREINTE_WRITE`; the signal's reason.
   */
  async save(path: string | URL, options?: { signal?: AbortSignal }): Promise<void> {
    this.#open();
    const { signal } = checkOptions(options, ["signal"]);
    await saveIndexFile(this.#handle, path, checkSignal(signal));
  }

  /** Checks every byte of the file this was opened from. @throws {IndexError} `ERR_EMPREINTE_INDEX_FILE` */
  async verify(options?: { signal?: AbortSignal }): Promise<void> {
    this.#open();
    const { signal } = checkOptions(options, ["signal"]);
    const checked = withSignal(checkSignal(signal), (cancel) => native.indexVerify(this.#handle, cancel));
    await indexErrorsAsync(checked);
  }

  /**
   * Copies the file this was opened from into memory, in huge pages where the system gives them, so that searches neither
   * wait for the disk nor for page tables. Checks the checksums on the way.
   * @throws {IndexError} `ERR_EMPREINTE_INDEX_FILE`
   */
  async warm(options?: { signal?: AbortSignal }): Promise<void> {
    this.#open();
    const { signal } = checkOptions(options, ["signal"]);
    const warmed = withSignal(checkSignal(signal), (cancel) => native.indexWarm(this.#handle, cancel));
    await indexErrorsAsync(warmed);
  }

  /**
   * Frees the entries now. Any later call but `close` fails with `ERR_EMPREINTE_CLOSED`; searches that run then finish, and
   * additions that run leave nothing.
   */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#maintenance.stop();
    this.#additions.close();
    native.closeIndex(this.#handle);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #open(): void {
    if (this.#closed) throw closedError();
  }

  #sync(queries: Uint8Array, radius: number, search: CheckedSearch, nearest: boolean): Float64Array | undefined {
    const { limit, tags, strategy, kernel = (this.#kernel ??= { name: kernelName(undefined) }).name } = search;
    this.#open();
    try {
      return native.searchSync(this.#handle, queries, radius, limit, tags, strategy, nearest, kernel);
    } catch (error) {
      throw indexError(error);
    }
  }

  async #async(
    queries: Uint8Array,
    radius: number,
    search: CheckedSearch & { threads: number; signal: AbortSignal | undefined },
    nearest: boolean,
  ): Promise<Hit[][]> {
    const {
      limit,
      tags,
      strategy,
      kernel = (this.#kernel ??= { name: kernelName(undefined) }).name,
      threads,
      signal,
    } = search;
    const count = queries.length / 32;
    const jobs = Math.max(1, Math.min(threads, Math.floor(count / queriesPerThread)));
    const share = Math.ceil(count / jobs);
    const part = (i: number): Uint8Array => queries.subarray(32 * share * i, 32 * share * (i + 1));
    const parts = jobs === 1 ? [queries] : Array.from({ length: jobs }, (_, i) => part(i));
    // Counted now: the caller may transfer or shrink the buffer while the search runs.
    const counts = parts.map((part) => part.length / 32);
    this.#open();
    const found = await indexErrorsAsync(
      withSignal(signal, (cancel) =>
        Promise.all(
          parts.map((part) =>
            native.search(this.#handle, part, radius, limit, tags, strategy, nearest, kernel, cancel),
          ),
        ),
      ),
    );
    return found.flatMap((triples, i) => group(triples, counts[i]!));
  }
}

const nearestNames = ["tags", "strategy", "kernel", "maxRadius"] as const;

/** What `open` hands to the constructor. */
class Opened {
  readonly handle: IndexHandle;
  constructor(handle: IndexHandle) {
    this.handle = handle;
  }
}

/** Of one query: from triples (id, query, distance) to hits. */
function single(triples: Float64Array | undefined): Hit[] {
  if (triples === undefined) return [];
  const hits: Hit[] = [];
  for (let i = 0; i < triples.length; i += 3) hits.push({ id: triples[i]!, distance: triples[i + 2]! });
  return hits;
}

/** From triples (id, query, distance) to a list for each query. */
function group(triples: Float64Array | undefined, queries: number): Hit[][] {
  const lists: Hit[][] = Array.from({ length: queries }, () => []);
  if (triples === undefined) return lists;
  for (let i = 0; i < triples.length; i += 3) {
    lists[triples[i + 1]!]!.push({ id: triples[i]!, distance: triples[i + 2]! });
  }
  return lists;
}
