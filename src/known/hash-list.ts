import { boolean, checkOptions, checkSignal, invalidArgument, oneOf } from "../check.js";
import { EmpreinteError } from "../errors.js";
import type { HashLike } from "../hash/value.js";
import type { DigestType, FileDigests } from "../image/digest.js";
import type { ImageInput } from "../image/input.js";
import { HashIndex, type HashIndexOptions, type IndexStats, type OpenOptions } from "../search/hash-index.js";
import type { IndexMatch } from "../search/match.js";
import {
  checkQuery,
  checkQueryOptions,
  defaultQueryOptions,
  type Query,
  type QueryOptions,
  queryOptionNames,
} from "../search/query.js";
import { nearestOrientations } from "../search/results.js";
import { KnownDigests } from "./digests.js";
import { type Entries, KeptEntries, PassingEntries } from "./entries.js";
import { IndexFilesWriter, openFiles } from "./index-files.js";
import { findKnownCopies, type KnownCopyOptions, type KnownCopyResult } from "./list-copies.js";
import type { ListMatch } from "./list-match.js";
import { checkReadOptions, type ReadListOptions } from "./read-options.js";
import { allNamed, type KnownSources, type LoadedList, readLists } from "./read-lists.js";

export interface LoadOptions extends ReadListOptions {
  /**
   * What the index may take, as in `HashIndexOptions`. Default `"rows"`: 36 bytes a hash, and a search scans them, which for
   * a million takes about a millisecond for all eight variants. For long lists and many pictures: `"full"`.
   */
  memory?: NonNullable<HashIndexOptions["memory"]>;
  /**
   * Whether MD5, SHA-1 and SHA-256 are loaded, too, for exact matches. They stay in memory and are in no file that `save`
   * writes. Default false: an entry with nothing else is a problem.
   */
  digests?: boolean;
}

export interface BuildOptions extends ReadListOptions {
  /** As in `HashIndexOptions`, for the file and the searches on it. Default `"full"`. */
  memory?: NonNullable<HashIndexOptions["memory"]>;
  /** Called now and then with the number of entries so far. */
  onProgress?: (entries: number) => void;
}

/** The options of a search in a `HashList`. */
export type ListSearchOptions = QueryOptions & {
  /** It ends an asynchronous search, which then rejects with the signal's reason. */
  signal?: AbortSignal;
};

const readOptionNames = ["allowTrivialHashes", "onProblem", "signal"] as const;
/**
 * Lists of known hashes, loaded into an index together with what they say of each hash.
 *
 * @example
 * using list = await HashList.load("known.csv");
 * const matches = await list.search(await hashImage("upload.jpg", { orientations: true }));
 */
export class HashList {
  readonly #index: HashIndex;
  readonly #lists: LoadedList[];
  readonly #digests: KnownDigests | undefined;
  #entries: Entries;
  #size: number;
  #closed = false;

  private constructor(index: HashIndex, lists: LoadedList[], entries: Entries, digests?: KnownDigests) {
    this.#digests = digests;
    this.#index = index;
    this.#lists = lists;
    this.#entries = entries;
    this.#size = lists.reduce((sum, list) => sum + list.entries, 0);
  }

  /**
   * Loads one list or several, in any format that `openList` recognises by its content (entries that are withdrawn are left
   * out). A line that cannot be read goes to `onProblem`, is
   * counted in `lists`, and the rest goes on.
   *
   * @throws {InvalidArgumentError}; `ERR_EMPREINTE_READ` when a list cannot be read at all; the signal's reason.
   */
  static async load(lists: KnownSources, options?: LoadOptions): Promise<HashList> {
    const { memory = "rows", digests, ...reading } = checkOptions(options, [...readOptionNames, "memory", "digests"]);
    const exact = boolean("digests", digests ?? false) ? new KnownDigests() : undefined;
    const checked = checkReadOptions(reading);
    const sources = allNamed(lists);
    const index = new HashIndex({ memory });
    const entries = new KeptEntries();
    try {
      const read = await readLists(sources, checked, index, async (batch) => entries.add(batch), exact);
      return new HashList(index, read, entries, exact);
    } catch (error) {
      index.close();
      throw error;
    }
  }

  /**
   * Loads lists of any length into two files, `path` (see `HashIndex.save`) and `path` with `.entries` behind it, which
   * has their names, lines and metadata, and opens them. The bank of an entry in the index is the position of its list (255
   * for all further ones), both of mode 0600. There is the old pair or the new one, whatever happens. Of several builds at
   * one path each makes its own pair, the last to end is the one that stays, and any may open it.
   *
   * @throws as `load` and `save`.
   */
  static async build(lists: KnownSources, path: string | URL, options?: BuildOptions): Promise<HashList> {
    const names = [...readOptionNames, "memory", "onProgress"];
    const { memory = "full", onProgress, ...reading } = checkOptions(options, names) as BuildOptions;
    if (onProgress !== undefined && typeof onProgress !== "function") {
      throw invalidArgument("onProgress", "function", onProgress);
    }
    const checked = checkReadOptions(reading);
    const { signal } = checked;
    const sources = allNamed(lists);
    using index = new HashIndex({ memory });
    const pair = await IndexFilesWriter.create(path);
    try {
      const entries = new PassingEntries((page) => pair.page(page));
      let count = 0;
      const read = await readLists(sources, checked, index, async (batch) => {
        await entries.add(batch);
        onProgress?.((count += batch.ends.length));
      });
      await entries.finish();
      await optimized(index, signal);
      await pair.finish(index, read, signal);
    } finally {
      await pair.cleanUp();
    }
    return HashList.open(path, { verify: "later" });
  }

  /**
   * Opens what `build` or `save` wrote. Lines and metadata stay in their file and are read for the entries that match.
   * @throws {IndexError} `ERR_EMPREINTE_INDEX_FILE`: a file that is damaged, or the two do not belong together.
   * @throws {EmpreinteError} `ERR_EMPREINTE_READ`; the signal's reason.
   */
  static async open(path: string | URL, options?: OpenOptions): Promise<HashList> {
    const { verify = "now", signal } = checkOptions(options, ["verify", "signal"]);
    oneOf("verify", verify, ["now", "later"]);
    checkSignal(signal)?.throwIfAborted();
    const { index, entries } = await openFiles(path, { verify, ...(signal && { signal }) });
    return new HashList(index, entries.lists, entries);
  }

  /**
   * Writes the two files that `open` reads, the old pair or the new one whatever happens.
   * @throws {EmpreinteError} `ERR_EMPREINTE_WRITE`; the signal's reason.
   */
  async save(path: string | URL, options?: { signal?: AbortSignal }): Promise<void> {
    this.#open();
    const signal = checkSignal(checkOptions(options, ["signal"]).signal);
    signal?.throwIfAborted();
    const entries = this.#entries;
    entries.hold();
    try {
      const pair = await IndexFilesWriter.create(path);
      try {
        for (const page of entries.pages()) {
          await pair.page(page);
          signal?.throwIfAborted();
        }
        await pair.finish(this.#index, this.#lists, signal);
      } finally {
        await pair.cleanUp();
      }
    } finally {
      entries.release();
    }
  }

  /** How many entries all lists have together. */
  get size(): number {
    return this.#size;
  }

  /** How many digests all lists have together, with the option `digests`. */
  get digests(): number {
    return this.#digests?.size ?? 0;
  }

  /** The types of digest that the lists have: the option `digests` of `hashImage` needs no other. */
  get digestTypes(): DigestType[] {
    return this.#digests?.types ?? [];
  }

  /** The lists in the order they were given. */
  get lists(): LoadedList[] {
    return this.#lists.map((list) => ({ ...list }));
  }

  /** As `HashIndex.warm`: the index into memory, so that the first searches do not wait for the disk. */
  async warm(options?: { signal?: AbortSignal }): Promise<void> {
    this.#open();
    await this.#index.warm(options);
  }

  /** Of the index. */
  stats(): IndexStats {
    this.#open();
    return this.#index.stats();
  }

  /**
   * The entries within the radius of a hash or query, each once, sorted by distance, then list, then line. The entries that
   * name one of the query's digests come first, in the order of the lists. The search runs on this thread: for short lists
   * that is quicker than the way to another.
   *
   * @throws {InvalidArgumentError} `ERR_EMPREINTE_INVALID_ARGUMENT`; {InvalidHashError} `ERR_EMPREINTE_INVALID_HASH`;
   * {EmpreinteError} `ERR_EMPREINTE_CLOSED`
   */
  searchSync(query: HashLike | Query, options?: QueryOptions): ListMatch[] {
    this.#open();
    const given = checkQueryOptions(checkOptions(options, queryOptionNames), defaultQueryOptions.radius);
    const { hashes, digests } = checkQuery(query, given);
    const { radius } = given;
    return this.#matches(this.#index.searchManySync(hashes, { radius }), digests, this.#entries);
  }

  /** Searches like `searchSync`, off this thread. It rejects with the signal's reason when aborted. */
  async search(query: HashLike | Query, options?: ListSearchOptions): Promise<ListMatch[]> {
    this.#open();
    const { signal, ...rest } = checkOptions(options, [...queryOptionNames, "signal"]);
    const given = checkQueryOptions(rest, defaultQueryOptions.radius);
    const { hashes, digests } = checkQuery(query, given);
    checkSignal(signal);
    const entries = this.#entries;
    entries.hold(); // when close() is called during the search
    try {
      const found = await this.#index.searchMany(hashes, { radius: given.radius, ...(signal && { signal }) });
      return this.#matches(found, digests, entries);
    } finally {
      entries.release();
    }
  }

  /**
   * The entries that a picture is an altered copy of, as `findCopies` finds them in an index. Lines that are marked as
   * derived (`registrationLines`) are one entry with the original they follow.
   * @throws as `findCopies`.
   */
  async findCopies(input: ImageInput, options?: KnownCopyOptions): Promise<KnownCopyResult> {
    this.#open();
    const entries = this.#entries;
    entries.hold(); // when close() is called during the search
    try {
      return await findKnownCopies(input, this.#index, entries, (id) => this.#listOf(id), options);
    } finally {
      entries.release();
    }
  }

  /** Frees the hashes now. Any later call but `close` fails with `ERR_EMPREINTE_CLOSED`; searches that run then finish. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#size = 0;
    this.#index.close();
    this.#entries.release();
    this.#entries = new KeptEntries();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #open(): void {
    if (this.#closed) throw new EmpreinteError("ERR_EMPREINTE_CLOSED", "The known hashes are closed");
  }

  #matches(found: IndexMatch[][], digests: FileDigests | undefined, entries: Entries): ListMatch[] {
    const exact = (digests && this.#digests?.search(digests)) ?? [];
    const near = nearestOrientations(found, 0).map(({ id, ...match }): ListMatch => ({
      ...match,
      list: this.#listOf(id),
      line: entries.line(id),
      metadata: entries.metadata(id),
      type: "pdq",
    }));
    return [...exact, ...near];
  }

  #listOf(id: number): string {
    let first = 0;
    // In a file that is searched before it is verified an id may be any number: `line` has refused it.
    return this.#lists.find((list) => id < (first += list.entries))?.name ?? "";
  }
}

/** As `index.optimize()`; an abort ends it at once, and the index with it. */
async function optimized(index: HashIndex, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  const stop = (): void => index.close();
  signal?.addEventListener("abort", stop, { once: true });
  try {
    await index.optimize();
  } catch (error) {
    throw signal?.aborted ? signal.reason : error;
  } finally {
    signal?.removeEventListener("abort", stop);
  }
  signal?.throwIfAborted();
}
