import { checkOptions, checkSignal, oneOf } from "../check.js";
import { IndexError } from "../errors.js";
import type { CropHashes } from "../copies/crop-hashes.js";
import type { HashLike } from "../hash/value.js";
import type { ImageInput } from "../image/input/input.js";
import type { IndexHandle } from "../native/binding/search.js";
import { native } from "../native/load.js";
import { Additions, closedError } from "./additions.js";
import { damaged, openIndexFile, saveIndexFile, verifyIndex, warmIndex } from "./file.js";
import { indexErrors } from "./index-errors.js";
import { Maintenance } from "./maintenance.js";
import type { HashIndexOptions, IndexStats, OpenOptions } from "./index-options.js";
import type { IndexMatch } from "./match.js";
import { checkAsyncNearest, checkAsyncSearch, checkNearest, checkSearch } from "./options.js";
import type { NearestOptions, SearchOptions, SyncNearestOptions, SyncSearchOptions } from "./options.js";
import type { Query } from "./query.js";
import { checkAddition, checkCropAddition, type Hashes, type Ids, oneHash, oneId, oneTag, packIds } from "./rows.js";
import {
  checkIndexImageSearch,
  type ImageSearchResult,
  type IndexImageSearchOptions,
  searchImage,
} from "./search-image.js";
import { Searcher } from "./searcher.js";

const tablesOf = { full: 16, lean: 8, rows: 0 } as const;
const memories = ["full", "lean", "rows"] as const;

/** The handles that `open` hands to the constructor, which its published type does not show. */
const opened = new WeakMap<HashIndexOptions, IndexHandle>();

/**
 * An exact Hamming index of ids and hashes. A search finds every entry within the radius, never a sample, sorted by
 * distance, then id. The index can change while it is read: a search sees exactly the entries that existed when it was
 * called, and no search called after `remove` returned finds a removed one.
 *
 * @example
 * using index = new HashIndex();
 * await index.addMany([1, 2], [hash, other]);
 * const matches = index.searchSync(hash); // [{ id: 1, distance: 0, orientation: "orig" }, …]
 */
export class HashIndex {
  readonly #handle: IndexHandle;
  readonly #searcher: Searcher;
  readonly #maintenance: Maintenance;
  readonly #additions: Additions;
  #closed = false;

  /** Creates an empty index. @throws {InvalidArgumentError} `ERR_EMPREINTE_INVALID_ARGUMENT` */
  constructor(options?: HashIndexOptions) {
    const { memory = "full" } = checkOptions(options, ["memory"]);
    const tables = tablesOf[oneOf("memory", memory, memories)];
    this.#handle = (options && opened.get(options)) ?? native.createIndex(tables);
    this.#searcher = new Searcher(this.#handle, () => this.#open());
    this.#maintenance = new Maintenance(this.#handle);
    this.#additions = new Additions(this.#handle);
  }

  /**
   * Opens a file that `save` wrote, mapped into memory. The index can be changed; the file stays as it is. Deleting the
   * file or replacing it by rename, as `save` does, is safe. Truncating or overwriting it in place crashes the process.
   *
   * @throws {IndexError} `ERR_EMPREINTE_INDEX_FILE`: the file is not an index, of a newer version, truncated or
   * changed.
   * @throws {EmpreinteError} `ERR_EMPREINTE_READ`: the file cannot be read. When aborted, it rejects with the signal's
   * reason.
   */
  static async open(path: string | URL, options?: OpenOptions): Promise<HashIndex> {
    const { verify = "now", signal } = checkOptions(options, ["verify", "signal"]);
    oneOf("verify", verify, ["now", "later"]);
    checkSignal(signal)?.throwIfAborted();
    const making: HashIndexOptions = {};
    opened.set(making, await openIndexFile(path));
    const index = new HashIndex(making);
    if (verify === "later") return index;
    try {
      await index.verify(signal && { signal });
      return index;
    } catch (error) {
      index.close();
      throw error instanceof IndexError ? damaged(path, error) : error;
    }
  }

  /** How many hashes a search can find. Each entry has one, and each crop has one. */
  get size(): number {
    return this.#closed ? 0 : native.indexStats(this.#handle).rows;
  }

  /**
   * Adds one entry.
   * @throws {IndexError} `ERR_EMPREINTE_DUPLICATE_ID`; {InvalidHashError} `ERR_EMPREINTE_INVALID_HASH`;
   * {InvalidArgumentError} `ERR_EMPREINTE_INVALID_ARGUMENT`
   */
  add(id: number, hash: HashLike, options?: { tag?: number }): void {
    this.#open();
    const tag = oneTag(options);
    const tags = tag === 0 ? undefined : Uint8Array.of(tag);
    indexErrors(() => native.indexAdd(this.#handle, oneId(id), oneHash(hash), tags));
    this.#maintenance.changed(1);
  }

  /**
   * Adds all entries or none, each with a tag (default 0). It takes some 60 ms for a million on this thread; `addMany`
   * runs on another one.
   * @throws as `add`
   */
  addManySync(ids: Ids, hashes: Hashes, options?: { tags?: Uint8Array }): void {
    this.#open();
    const addition = checkAddition(ids, hashes, checkOptions(options, ["tags"]).tags);
    this.#open(); // reading an iterable runs the caller's code, which may have closed the index
    indexErrors(() => native.indexAdd(this.#handle, addition.ids, addition.hashes, addition.tags));
    this.#maintenance.changed(addition.ids.length);
  }

  /**
   * Adds entries as `addManySync` does, on another thread. It copies its arguments first. If it rejects, it has added
   * nothing. An abort in time rejects with the signal's reason, and a later one changes nothing.
   * @throws as `add`; {EmpreinteError} `ERR_EMPREINTE_CLOSED` when the index was closed before it resolved.
   */
  async addMany(ids: Ids, hashes: Hashes, options?: { tags?: Uint8Array; signal?: AbortSignal }): Promise<void> {
    this.#open();
    const { tags, signal } = checkOptions(options, ["tags", "signal"]);
    const addition = checkAddition(ids, hashes, tags);
    this.#open();
    await this.#additions.run(addition, checkSignal(signal));
    this.#maintenance.changed(addition.ids.length);
  }

  /**
   * Adds an original together with its crops, all or none, as one entry. A search finds the id once, with `crop` if a
   * crop is the nearest. `remove(id)` removes all of them, and `replace(id, hash)` replaces all of them by one hash.
   * Each counts as one hash in `size`.
   *
   * @param options the tag of the original (default 0) and that of its crops (default: the original's). With another
   * tag for crops, a search can leave them out.
   * @throws as `add`
   *
   * @example
   * index.addWithCrops(7, await hashWithCrops("original.jpg"));
   */
  addWithCrops(id: number, hashes: CropHashes, options?: { tag?: number; cropTag?: number }): void {
    this.#open();
    const addition = checkCropAddition(id, hashes, options);
    this.#open();
    indexErrors(() => native.indexAdd(this.#handle, addition.ids, addition.hashes, addition.tags, addition.crops));
    this.#maintenance.changed(addition.ids.length);
  }

  /**
   * Removes all of the entries or none, with their crops. No search that is called afterwards finds them.
   * @throws {IndexError} `ERR_EMPREINTE_UNKNOWN_ID`
   */
  remove(ids: number | Ids): void {
    this.#open();
    const packed = typeof ids === "number" ? oneId(ids) : packIds(ids);
    this.#open();
    indexErrors(() => native.indexRemove(this.#handle, packed));
    this.#maintenance.changed(typeof packed === "number" ? 1 : packed.length);
  }

  /**
   * Replaces the hash and the tag of an entry, and removes its crops. Every search sees either the old ones or the new
   * ones.
   * @throws {IndexError} `ERR_EMPREINTE_UNKNOWN_ID`; {InvalidHashError} `ERR_EMPREINTE_INVALID_HASH`;
   * {InvalidArgumentError} `ERR_EMPREINTE_INVALID_ARGUMENT`
   */
  replace(id: number, hash: HashLike, options?: { tag?: number }): void {
    this.#open();
    const tag = oneTag(options);
    indexErrors(() => native.indexReplace(this.#handle, oneId(id), oneHash(hash), tag));
    this.#maintenance.changed(1);
  }

  /** Returns whether the index has an entry with this id. */
  has(id: number): boolean {
    this.#open();
    return native.indexHas(this.#handle, oneId(id));
  }

  /** Returns the hash of an entry as 32 bytes, without its crops, or undefined when the id is unknown. */
  get(id: number): Uint8Array | undefined {
    this.#open();
    return this.#searcher.get(oneId(id));
  }

  /**
   * Finds every entry within the radius of a hash or query, sorted by distance, then id. The search runs on this
   * thread.
   * @throws {InvalidArgumentError} `ERR_EMPREINTE_INVALID_ARGUMENT`; {InvalidHashError} `ERR_EMPREINTE_INVALID_HASH`;
   * {EmpreinteError} `ERR_EMPREINTE_CLOSED`
   */
  searchSync(query: HashLike | Query, options?: SyncSearchOptions): IndexMatch[] {
    this.#open();
    return this.#searcher.one(query, checkSearch(options));
  }

  /**
   * Finds every entry within the radius of each hash. The search runs on this thread.
   * @throws as `searchSync`
   */
  searchManySync(hashes: Hashes, options?: SyncSearchOptions): IndexMatch[][] {
    this.#open();
    return this.#searcher.many(hashes, checkSearch(options));
  }

  /**
   * Searches as `searchSync` does, on another thread where that takes longer than a tenth of a millisecond. When
   * aborted, it rejects with the signal's reason.
   */
  async search(query: HashLike | Query, options?: SearchOptions): Promise<IndexMatch[]> {
    this.#open();
    return this.#searcher.oneAsync(query, checkAsyncSearch(options));
  }

  /** Searches as `searchManySync` does, on several other threads. When aborted, it rejects with the signal's reason. */
  async searchMany(hashes: Hashes, options?: SearchOptions): Promise<IndexMatch[][]> {
    this.#open();
    return this.#searcher.manyAsync(hashes, checkAsyncSearch(options));
  }

  /**
   * Finds the `count` nearest entries, sorted by distance, then id. Among equally far entries, those with smaller ids
   * are returned.
   * @throws as `searchSync`
   */
  nearestSync(query: HashLike | Query, options?: SyncNearestOptions): IndexMatch[] {
    this.#open();
    return this.#searcher.one(query, checkNearest(options));
  }

  /** Searches as `nearestSync` does, on another thread. When aborted, it rejects with the signal's reason. */
  async nearest(query: HashLike | Query, options?: NearestOptions): Promise<IndexMatch[]> {
    this.#open();
    return this.#searcher.oneAsync(query, checkAsyncNearest(options));
  }

  /**
   * Searches as `nearestSync` does for each hash, on other threads. When aborted, it rejects with the signal's reason.
   */
  async nearestMany(hashes: Hashes, options?: NearestOptions): Promise<IndexMatch[][]> {
    this.#open();
    return this.#searcher.manyAsync(hashes, checkAsyncNearest(options));
  }

  /**
   * Finds the entries that an image is a copy of. The default level `"fast"` hashes the image and searches its eight
   * orientations, with exactly the result of `search`. The other levels also find altered copies, among the 64 nearest
   * hashes of each view. A `match` is within 31 bits, or within 24 by alignment. A `review` was aligned to within 31
   * bits, or is within 50 bits and has the support of a second view. With `local`, level `"thorough"` also finds parts
   * of originals by their local points.
   *
   * @throws {InvalidArgumentError} `ERR_EMPREINTE_INVALID_ARGUMENT`; what `hashImage` throws; {EmpreinteError}
   * `ERR_EMPREINTE_CLOSED`. It rejects with the signal's reason when aborted.
   *
   * @example
   * const { tier, matches } = await index.searchImage("screenshot.png", { level: "standard" });
   */
  async searchImage(input: ImageInput, options?: IndexImageSearchOptions): Promise<ImageSearchResult<IndexMatch>> {
    this.#open();
    return searchImage(input, checkIndexImageSearch(options), {
      search: (query, how) => this.search(query, how),
      rows: this.#searcher,
    });
  }

  /**
   * Finishes the maintenance that otherwise runs in the background after changes: it joins shards and builds their
   * tables. Searches are correct without it, and fast after it. 25 to 100 million entries become one shard if there is
   * free memory for a second copy (123 bytes each). That is twice as fast as the shards of 16.8 million that the
   * background makes.
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
    return native.indexStats(this.#handle);
  }

  /**
   * Writes the current entries to a file that `open` reads. It writes a temporary file and renames it, so that there is
   * always the old file or the new one. The file contains nothing of removed entries. Its mode is 0600, even if it
   * replaces a file with another mode, because a list of hashes is personal data.
   * @throws {EmpreinteError} `ERR_EMPREINTE_WRITE`. When aborted, it rejects with the signal's reason.
   */
  async save(path: string | URL, options?: { signal?: AbortSignal }): Promise<void> {
    this.#open();
    const { signal } = checkOptions(options, ["signal"]);
    await saveIndexFile(this.#handle, path, checkSignal(signal));
  }

  /** Checks every byte of the file that the index was opened from. @throws {IndexError} `ERR_EMPREINTE_INDEX_FILE` */
  async verify(options?: { signal?: AbortSignal }): Promise<void> {
    this.#open();
    const { signal } = checkOptions(options, ["signal"]);
    await verifyIndex(this.#handle, checkSignal(signal));
  }

  /**
   * Copies the file that the index was opened from into memory, and checks its checksums. Searches then wait neither
   * for the disk nor, where the system provides huge pages, for page tables.
   * @throws {IndexError} `ERR_EMPREINTE_INDEX_FILE`
   */
  async warm(options?: { signal?: AbortSignal }): Promise<void> {
    this.#open();
    const { signal } = checkOptions(options, ["signal"]);
    await warmIndex(this.#handle, checkSignal(signal));
  }

  /**
   * Frees the entries now. Any later call except `close` fails with `ERR_EMPREINTE_CLOSED`. Running searches finish,
   * and running additions add nothing.
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
}
