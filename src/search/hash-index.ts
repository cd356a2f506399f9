import { checkOptions, checkSignal, oneOf } from "../check.js";
import { IndexError } from "../errors.js";
import type { CropHashes } from "../copies/crop-hashes.js";
import type { HashLike } from "../hash/value.js";
import type { ImageInput } from "../image/input.js";
import type { IndexHandle } from "../native/binding.js";
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
import { checkImageSearch, type ImageSearchOptions, type ImageSearchResult, searchImage } from "./search-image.js";
import { Searcher } from "./searcher.js";

const tablesOf = { full: 16, lean: 8, rows: 0 } as const;
const memories = ["full", "lean", "rows"] as const;

/** The handles that `open` hands to the constructor, whose published type shows nothing of it. */
const opened = new WeakMap<HashIndexOptions, IndexHandle>();

/**
 * An exact Hamming index of ids and hashes: a search gives every entry within the radius, never a sample, sorted by
 * distance, then id. It can be changed while it is read: a search sees exactly the entries that were there when it was
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

  /** Makes an empty index. @throws {InvalidArgumentError} `ERR_EMPREINTE_INVALID_ARGUMENT` */
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
   * @throws {IndexError} `ERR_EMPREINTE_INDEX_FILE`: the file is no index, of a newer version, cut or changed.
   * @throws {EmpreinteError} `ERR_EMPREINTE_READ`: the file cannot be read. It rejects with the signal's reason.
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

  /** How many hashes a search can find: one for each entry, and one for each crop. */
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
   * Adds entries, all or none, with a tag each (default 0). This thread is busy for some 60 ms a million; `addMany` does
   * it on another.
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
   * Adds entries like `addManySync`, off this thread. It copies its arguments first. When it rejects it added nothing. An
   * abort in time rejects with the signal's reason; a later one changes nothing.
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
   * Adds an original together with crops of it, all or none, as one entry. Searches answer the id once, with `crop` where a
   * crop is the nearest. `remove(id)` removes them all, and `replace(id, hash)` replaces them all by one hash. Each counts as
   * one hash in `size`.
   *
   * @param options the tags of the original (default 0) and of its crops (default: the original's), so that a search may
   * leave the crops out.
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
   * Removes entries with their crops, all or none. No search called after this returned finds them.
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
   * Replaces the hash and the tag of an entry, and removes its crops. Every search sees the old or the new ones.
   * @throws {IndexError} `ERR_EMPREINTE_UNKNOWN_ID`; {InvalidHashError} `ERR_EMPREINTE_INVALID_HASH`;
   * {InvalidArgumentError} `ERR_EMPREINTE_INVALID_ARGUMENT`
   */
  replace(id: number, hash: HashLike, options?: { tag?: number }): void {
    this.#open();
    const tag = oneTag(options);
    indexErrors(() => native.indexReplace(this.#handle, oneId(id), oneHash(hash), tag));
    this.#maintenance.changed(1);
  }

  /** Whether there is an entry of this id. */
  has(id: number): boolean {
    this.#open();
    return native.indexHas(this.#handle, oneId(id));
  }

  /** The hash of an entry as 32 bytes, of an original without its crops; undefined when there is no such id. */
  get(id: number): Uint8Array | undefined {
    this.#open();
    return this.#searcher.get(oneId(id));
  }

  /**
   * Every entry within the radius of a hash or query, sorted by distance, then id. The search runs on this thread.
   * @throws {InvalidArgumentError} `ERR_EMPREINTE_INVALID_ARGUMENT`; {InvalidHashError} `ERR_EMPREINTE_INVALID_HASH`;
   * {EmpreinteError} `ERR_EMPREINTE_CLOSED`
   */
  searchSync(query: HashLike | Query, options?: SyncSearchOptions): IndexMatch[] {
    this.#open();
    return this.#searcher.one(query, checkSearch(options));
  }

  /**
   * The entries within the radius of each hash. The search runs on this thread.
   * @throws as `searchSync`
   */
  searchManySync(hashes: Hashes, options?: SyncSearchOptions): IndexMatch[][] {
    this.#open();
    return this.#searcher.many(hashes, checkSearch(options));
  }

  /** Searches like `searchSync`, off this thread. It rejects with the signal's reason when aborted. */
  async search(query: HashLike | Query, options?: SearchOptions): Promise<IndexMatch[]> {
    this.#open();
    return this.#searcher.oneAsync(query, checkAsyncSearch(options));
  }

  /** Searches like `searchManySync`, off this thread and over several. It rejects with the signal's reason when aborted. */
  async searchMany(hashes: Hashes, options?: SearchOptions): Promise<IndexMatch[][]> {
    this.#open();
    return this.#searcher.manyAsync(hashes, checkAsyncSearch(options));
  }

  /**
   * The `count` nearest entries, sorted by distance, then id. Of entries that are equally far those with smaller ids are
   * given.
   * @throws as `searchSync`
   */
  nearestSync(query: HashLike | Query, options?: SyncNearestOptions): IndexMatch[] {
    this.#open();
    return this.#searcher.one(query, checkNearest(options));
  }

  /** Searches like `nearestSync`, off this thread. It rejects with the signal's reason when aborted. */
  async nearest(query: HashLike | Query, options?: NearestOptions): Promise<IndexMatch[]> {
    this.#open();
    return this.#searcher.oneAsync(query, checkAsyncNearest(options));
  }

  /** Searches like `nearestSync` for each hash, off this thread. It rejects with the signal's reason when aborted. */
  async nearestMany(hashes: Hashes, options?: NearestOptions): Promise<IndexMatch[][]> {
    this.#open();
    return this.#searcher.manyAsync(hashes, checkAsyncNearest(options));
  }

  /**
   * The entries that an image is a copy of. Level `"fast"`, the default, hashes the image and searches its eight
   * orientations: it finds exactly what `search` finds. The other levels also find altered copies, in this order of tiers: a
   * `match` is within 31 bits, or within 24 by alignment; a `review` was aligned to within 31 bits, or is within 50 and has
   * the support of a second view. They look at the 64 nearest hashes of each view.
   *
   * @throws {InvalidArgumentError} `ERR_EMPREINTE_INVALID_ARGUMENT`; what `hashImage` throws; {EmpreinteError}
   * `ERR_EMPREINTE_CLOSED`. It rejects with the signal's reason when aborted.
   *
   * @example
   * const { tier, matches } = await index.searchImage("screenshot.png", { level: "standard" });
   */
  async searchImage(input: ImageInput, options?: ImageSearchOptions): Promise<ImageSearchResult<IndexMatch>> {
    this.#open();
    return searchImage(input, checkImageSearch(options), {
      search: (query, how) => this.search(query, how),
      rows: this.#searcher,
    });
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
    return native.indexStats(this.#handle);
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
    await verifyIndex(this.#handle, checkSignal(signal));
  }

  /**
   * Copies the file this was opened from into memory, in huge pages where the system gives them, so that searches neither
   * wait for the disk nor for page tables. Checks the checksums on the way.
   * @throws {IndexError} `ERR_EMPREINTE_INDEX_FILE`
   */
  async warm(options?: { signal?: AbortSignal }): Promise<void> {
    this.#open();
    const { signal } = checkOptions(options, ["signal"]);
    await warmIndex(this.#handle, checkSignal(signal));
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
}
