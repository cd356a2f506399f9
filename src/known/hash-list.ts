import { boolean, integer, invalidArgument, oneOf, checkOptions, checkSignal } from "../check.js";
import { EmpreinteError } from "../errors.js";
import { type Orientation, type OrientationHashes, orientationNames } from "../hash/pixels.js";
import { type HashLike, hashToBytes } from "../hash/value.js";
import type { DigestType, FileDigests } from "../image/digest.js";
import { checkReadOptions, type ReadListOptions } from "./read-options.js";
import { HashIndex, type HashIndexOptions, type Hit, type IndexStats, type OpenOptions } from "../search/hash-index.js";
import { type ExactMatch, KnownDigests } from "./digests.js";
import type { ImageInput } from "../image/hash-image.js";
import { findKnownCopies, type KnownCopyOptions, type KnownCopyResult } from "./list-copies.js";
import { type Entries, KeptEntries, PassingEntries } from "./entries.js";
import { allNamed, type LoadedList, type KnownSources, readLists } from "./read-lists.js";
import { openFiles, IndexFilesWriter } from "./index-files.js";

export interface LoadOptions extends ReadListOptions {
  /**
   * What the index may take, as in `HashIndexOptions`. Default `"rows"`: 36 bytes a hash, and a search scans them, which for
   * a million takes about a millisecond for all eight variants. For long lists and many pictures: `"full"`.
   */
  memory?: NonNullable<HashIndexOptions["memory"]>;
  /**
   * Also load MD5, SHA-1 and SHA-256, for `matchExact`; they stand in memory beside the index and are in no file. Default
   * false: an entry with nothing else is a problem.
   */
  digests?: boolean;
}

export interface BuildOptions extends ReadListOptions {
  /** As in `HashIndexOptions`, for the file and the searches on it. Default `"full"`. */
  memory?: NonNullable<HashIndexOptions["memory"]>;
  /** Called now and then with the number of entries so far. */
  onProgress?: (entries: number) => void;
}

/** The result of hashing a picture, or one of its frames. */
export interface MatchQuery {
  hash: HashLike;
  /** 0 … 100 */
  quality: number;
  stable: boolean;
  orientations?: OrientationHashes;
}

export interface MatchOptions {
  /** Most differing bits, 0 … 256. Default 31, Meta's recommendation for PDQ. */
  radius?: number;
  /** Below this quality nothing matches: such a hash is close to unrelated pictures. Default 50; 0 for any. */
  minQuality?: number;
  /** Search the query's eight orientations where it has them. Default true. */
  orientations?: boolean;
  /** Also match hashes that are rounding noise (`stable: false`). Default false. */
  allowUnstable?: boolean;
}

export interface AsyncMatchOptions extends MatchOptions {
  signal?: AbortSignal;
}

/** A known hash near the query. A lead for a person to look at, not a verdict. */
export interface ListMatch {
  /** Differing bits, 0 … 256. */
  distance: number;
  /** The name of the list. */
  list: string;
  /** The entry's line in the list, from 1. */
  line: number;
  /** Which image of the query is nearest; of several the first in the order of `orientationNames`. */
  orientation: Orientation;
  /** What the list says of the entry. */
  metadata: string;
}

const readOptionNames = ["allowTrivialHashes", "onProblem", "signal"] as const;
const matchOptionNames = ["radius", "minQuality", "orientations", "allowUnstable"] as const;

interface Search {
  /** 32 bytes a variant, in the order of `orientationNames`; empty when the query must not match. */
  queries: Uint8Array;
  radius: number;
}

function checkSearch(query: MatchQuery, options: Partial<MatchOptions>): Search {
  if (typeof query !== "object" || query === null) throw invalidArgument("query", "{hash, quality, stable}", query);
  const quality = integer("quality", query.quality, 0, 100);
  const stable = boolean("stable", query.stable);
  const radius = integer("radius", options.radius ?? 31, 0, 256);
  const minQuality = integer("minQuality", options.minQuality ?? 50, 0, 100);
  const all = boolean("orientations", options.orientations ?? true);
  const allowUnstable = boolean("allowUnstable", options.allowUnstable ?? false);
  const hash = hashToBytes(query.hash);
  if (quality < minQuality || (!stable && !allowUnstable)) return { queries: new Uint8Array(0), radius };
  if (!all || query.orientations === undefined) return { queries: hash, radius };
  const queries = new Uint8Array(32 * orientationNames.length);
  // The picture's own hash, not `orientations.orig`: of a picture of exactly 64×64 pixels they may differ.
  orientationNames.forEach((name, i) => queries.set(i === 0 ? hash : hashToBytes(query.orientations![name]), 32 * i));
  return { queries, radius };
}

/**
 * Lists of known hashes, loaded into an index together with what they say of each hash.
 *
 * @example
 * using known = await KnownHashes.load("known.csv");
 * const matches = await known.match(await hashImage("upload.jpg", { orientations: true }));
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

  /** The digests that `matchExact` has a use for: no other need be computed. */
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
   * The entries within the radius, each once, sorted by distance, then list, then line. None for a query below
   * `minQuality` or one that is not `stable`.
   *
   * On this thread: for short lists, where the way to another costs more than the search.
   * @throws {InvalidArgumentError} @throws {InvalidHashError} @throws {EmpreinteError} `ERR_EMPREINTE_CLOSED`
   */
  matchSync(query: MatchQuery, options?: MatchOptions): ListMatch[] {
    this.#open();
    const { queries, radius } = checkSearch(query, checkOptions(options, matchOptionNames));
    return this.#matches(this.#index.searchManySync(queries, radius), this.#entries);
  }

  /** As `matchSync`, off this thread. Rejects with the signal's reason when aborted. */
  async match(query: MatchQuery, options?: AsyncMatchOptions): Promise<ListMatch[]> {
    this.#open();
    const given = checkOptions(options, [...matchOptionNames, "signal"]);
    const { queries, radius } = checkSearch(query, given);
    const signal = checkSignal(given.signal);
    const entries = this.#entries;
    entries.hold(); // when close() is called during the search
    try {
      return this.#matches(await this.#index.searchMany(queries, radius, signal && { signal }), entries);
    } finally {
      entries.release();
    }
  }

  /**
   * The entries that name these very bytes, in the order of the lists.
   * @throws {EmpreinteError} `ERR_EMPREINTE_CLOSED`
   *
   * @example
   * using known = await KnownHashes.load("known.csv", { digests: true });
   * const { digests } = await hashImage("upload.jpg", { digests: known.digestTypes });
   * const exact = known.matchExact(digests);
   */
  matchExact(digests: FileDigests): ExactMatch[] {
    this.#open();
    if (typeof digests !== "object" || digests === null)
      throw invalidArgument("digests", "{md5, sha1, sha256}", digests);
    return this.#digests?.match(digests) ?? [];
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

  #matches(hits: Hit[][], entries: Entries): ListMatch[] {
    const best = new Map<number, { id: number; distance: number; orientation: Orientation }>();
    hits.forEach((found, i) => {
      for (const { id, distance } of found) {
        const other = best.get(id);
        if (other === undefined || distance < other.distance) {
          best.set(id, { id, distance, orientation: orientationNames[i]! });
        }
      }
    });
    return [...best.values()]
      .sort((a, b) => a.distance - b.distance || a.id - b.id)
      .map(({ id, distance, orientation }) => ({
        distance,
        list: this.#listOf(id),
        line: entries.line(id),
        orientation,
        metadata: entries.metadata(id),
      }));
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
