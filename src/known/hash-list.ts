import { boolean, checkOptions, checkSignal, invalidArgument, oneOf } from "../check.js";
import { EmpreinteError } from "../errors.js";
import type { HashLike } from "../hash/value.js";
import type { DigestType, FileDigests } from "../image/input/digest.js";
import type { ImageInput } from "../image/input/input.js";
import { HashIndex } from "../search/hash-index.js";
import type { HashIndexOptions, IndexStats, OpenOptions } from "../search/index-options.js";
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
import {
  checkImageSearch,
  imageSearchOptionNames,
  type ImageSearchOptions,
  type ImageSearchResult,
} from "../search/search-image.js";
import { type BuildOptions, buildFiles } from "./build-files.js";
import { KnownDigests } from "./digests.js";
import { type Entries, KeptEntries } from "./entries.js";
import { EntryFinder } from "./entry-finder.js";
import { IndexFilesWriter, openFiles } from "./index-files.js";
import type { ListMatch } from "./list-match.js";
import { type SearchedList, searchListsForImage } from "./search-image.js";
import { checkReadOptions, type ReadListOptions, readOptionNames } from "./read-options.js";
import { allNamed, type KnownLists, type LoadedList, readLists } from "./read-lists.js";

/** The options of `HashList.load`. */
export interface LoadOptions extends ReadListOptions {
  /**
   * How the index is made: see `HashIndexOptions`. The default `"rows"` takes 36 bytes a hash. A search of all eight
   * orientations then scans a million hashes in about a millisecond. For long lists and many images choose `"full"`.
   */
  memory?: NonNullable<HashIndexOptions["memory"]>;
  /**
   * Whether MD5, SHA-1 and SHA-256 are loaded as well, for exact matches. They stay in memory, and `save` does not
   * write them. Default false: an entry that has only digests is a problem.
   */
  digests?: boolean;
}

/** The options of a search in a `HashList`. */
export interface ListSearchOptions extends QueryOptions {
  /** Ends the search. The promise rejects with the signal's reason. */
  signal?: AbortSignal;
}

/**
 * Lists of known hashes in an index, with the line and the metadata of each hash.
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
   * Loads one or more lists, in any format that `openList` recognizes by its content, without withdrawn entries. A line
   * that cannot be read is counted in `lists` and reported to `onProblem`, and reading continues with the next line.
   *
   * @throws {InvalidArgumentError} `ERR_EMPREINTE_INVALID_ARGUMENT`; {EmpreinteError} `ERR_EMPREINTE_READ` when a list
   * cannot be read, `ERR_EMPREINTE_LIST` when it cannot be read on. It rejects with the signal's reason when aborted.
   */
  static async load(lists: KnownLists, options?: LoadOptions): Promise<HashList> {
    const {
      memory = "rows",
      digests = false,
      ...reading
    } = checkOptions(options, [...readOptionNames, "memory", "digests"]);
    const exact = boolean("digests", digests) ? new KnownDigests() : undefined;
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
   * Reads lists of any length into two files and opens them: `path` is an index (see `HashIndex.save`), and `path` with
   * `.entries` has the lists' names, lines and metadata. Both have mode 0600. The tag of an entry in the index is the
   * position of its list, and 255 for all lists after the 255th. A reader always finds the old pair of files or the new
   * one. When several builds write to one path, the last one to end stays, and each may open it.
   *
   * @throws as `load`; {EmpreinteError} `ERR_EMPREINTE_WRITE`
   */
  static async build(lists: KnownLists, path: string | URL, options?: BuildOptions): Promise<HashList> {
    await buildFiles(lists, path, options);
    return HashList.open(path, { verify: "later" });
  }

  /**
   * Opens the files that `build` or `save` wrote. Lines and metadata stay in their file and are read only for matches.
   * @throws {IndexError} `ERR_EMPREINTE_INDEX_FILE` for a damaged file, or two that do not belong together;
   * {EmpreinteError} `ERR_EMPREINTE_READ`. It rejects with the signal's reason when aborted.
   */
  static async open(path: string | URL, options?: OpenOptions): Promise<HashList> {
    const { verify = "now", signal } = checkOptions(options, ["verify", "signal"]);
    oneOf("verify", verify, ["now", "later"]);
    checkSignal(signal)?.throwIfAborted();
    const { index, entries } = await openFiles(path, { verify, ...(signal && { signal }) });
    return new HashList(index, entries.lists, entries);
  }

  /**
   * Writes the two files that `open` reads. A reader always finds the old pair of files or the new one.
   * @throws {EmpreinteError} `ERR_EMPREINTE_WRITE`, `ERR_EMPREINTE_CLOSED`. It rejects with the signal's reason when
   * aborted.
   */
  async save(path: string | URL, options?: { signal?: AbortSignal }): Promise<void> {
    this.#open();
    const signal = checkSignal(checkOptions(options, ["signal"]).signal);
    signal?.throwIfAborted();
    const entries = this.#entries;
    entries.hold();
    try {
      const writer = await IndexFilesWriter.create(path);
      try {
        for (const page of entries.pages()) {
          await writer.page(page);
          signal?.throwIfAborted();
        }
        await writer.finish(this.#index, this.#lists, signal);
      } finally {
        await writer.cleanUp();
      }
    } finally {
      entries.release();
    }
  }

  /** How many hashes all lists have together. */
  get size(): number {
    return this.#size;
  }

  /** How many digests all lists have together. Without the option `digests` there are none. */
  get digests(): number {
    return this.#digests?.size ?? 0;
  }

  /** The types of digest that the lists have. The option `digests` of `hashImage` needs no others. */
  get digestTypes(): DigestType[] {
    return this.#digests?.types ?? [];
  }

  /** The lists in the order in which they were given. */
  get lists(): LoadedList[] {
    return this.#lists.map((list) => ({ ...list }));
  }

  /** Copies a mapped index into memory, like `HashIndex.warm`, so that the first searches do not wait for the disk. */
  async warm(options?: { signal?: AbortSignal }): Promise<void> {
    this.#open();
    await this.#index.warm(options);
  }

  /** Returns the figures of the index. @throws {EmpreinteError} `ERR_EMPREINTE_CLOSED` */
  stats(): IndexStats {
    this.#open();
    return this.#index.stats();
  }

  /**
   * Finds the entries within the radius of a hash or query, each once, sorted by distance, then list, then line. A
   * match of a crop line (see `cropListLines`) has the line of its original and the name of the `crop`. Entries with
   * one of the query's digests come first, in the order of the lists. The search runs on this thread, which is faster
   * for short lists than handing it to another one.
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
    entries.hold(); // close() may be called during the search
    try {
      const found = await this.#index.searchMany(hashes, { radius: given.radius, ...(signal && { signal }) });
      return this.#matches(found, digests, entries);
    } finally {
      entries.release();
    }
  }

  /**
   * Finds the entries that an image is a copy of, as `HashIndex.searchImage` does. If the lists have digests, lines
   * with a digest of the file come first, even if the decoder refuses the file. A match of a crop line (see
   * `cropListLines`) has the line of its original.
   *
   * @throws as `HashIndex.searchImage`
   *
   * @example
   * const { tier, matches } = await list.searchImage("upload.jpg", { level: "standard" });
   */
  async searchImage(input: ImageInput, options?: ImageSearchOptions): Promise<ImageSearchResult<ListMatch>> {
    const [result] = await HashList.searchImageIn([this], input, options);
    return result!;
  }

  /**
   * Searches several `HashList`s for one image, like `searchImage`. The image is read and hashed once. A file that the
   * decoder refuses is an error where none of the lists has its digest.
   *
   * @param options as of `searchImage`. `orientations`: whether each result has `query`, the image's hash in all
   * orientations, with which other holders can be searched without a second decoding. Default false.
   * @returns what `searchImage` of each list answers, in their order.
   * @throws as `searchImage`
   *
   * @example
   * const [ours, theirs] = await HashList.searchImageIn([own, exchange], "upload.jpg", { level: "standard" });
   */
  static async searchImageIn(
    lists: readonly HashList[],
    input: ImageInput,
    options?: ImageSearchOptions & { orientations?: boolean },
  ): Promise<ImageSearchResult<ListMatch>[]> {
    if (!Array.isArray(lists) || !lists.every((list) => list instanceof HashList)) {
      throw invalidArgument("lists", "array of HashList", lists);
    }
    for (const list of lists as readonly HashList[]) list.#open();
    const { orientations = false, ...given } = checkOptions(options, [...imageSearchOptionNames, "orientations"]);
    const search = { ...checkImageSearch(given), orientations: boolean("orientations", orientations) };
    const held = lists.map((list) => list.#entries);
    held.forEach((entries) => entries.hold()); // close() may be called during the search
    try {
      const searched = lists.map((list, i) => list.#searched(held[i]!));
      return await searchListsForImage(input, search, searched);
    } finally {
      held.forEach((entries) => entries.release());
    }
  }

  #searched(entries: Entries): SearchedList {
    return {
      holder: { search: (query, how) => this.#index.search(query, how), rows: this.#index },
      finder: new EntryFinder(entries, this.#lists),
      digests: this.#digests,
    };
  }

  /** Frees the hashes now. Running searches finish; any later call except `close` fails with `ERR_EMPREINTE_CLOSED`. */
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
    if (this.#closed) throw new EmpreinteError("ERR_EMPREINTE_CLOSED", "The list is closed");
  }

  #matches(found: IndexMatch[][], digests: FileDigests | undefined, entries: Entries): ListMatch[] {
    const exact = (digests && this.#digests?.search(digests)) ?? [];
    const near = new EntryFinder(entries, this.#lists).matches(nearestOrientations(found, 0));
    return [...exact, ...near];
  }
}
