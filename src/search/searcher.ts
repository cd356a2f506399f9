import type { CopyIndex, NearHash } from "../copies/types.js";
import type { HashLike } from "../hash/value.js";
import { readCrossovers } from "../native/crossovers.js";
import { kernelName } from "../native/kernel.js";
import { threadPoolSize } from "../thread-pool.js";
import { withCancelToken } from "../native/abort.js";
import type { IndexHandle } from "../native/binding/search.js";
import { native } from "../native/load.js";
import { indexError, indexErrorsAsync } from "./index-errors.js";
import type { IndexMatch } from "./match.js";
import { type CheckedAsyncSearch, type CheckedSearch, everyRow } from "./options.js";
import { checkQuery, isQuery, type Query } from "./query.js";
import { groupMatches, matchesOf, nearestOrientations } from "./results.js";
import { type Hashes, oneHash, packHashes } from "./rows.js";

/** Fewer queries than this are not worth a thread. */
const queriesPerThread = 64;

/** The size of the pool is in the environment. Few queries need not know it. */
function jobsFor(queries: number, threads: number | undefined): number {
  const most = Math.floor(queries / queriesPerThread);
  return most < 2 ? 1 : Math.min(threads ?? threadPoolSize(), most);
}

/** Searches one index, on this thread or over several. */
export class Searcher implements CopyIndex {
  readonly #handle: IndexHandle;
  readonly #checkOpen: () => void;
  /** `EMPREINTE_KERNEL` as the first search finds it: reading the environment takes longer than a small search. */
  #kernel: { name: string | undefined } | undefined;

  /**
   * @param checkOpen throws where the index was closed. It is called again after the caller's code has run.
   * @throws {InvalidArgumentError} `ERR_EMPREINTE_INVALID_ARGUMENT`: `EMPREINTE_CROSSOVERS` has no crossovers.
   */
  constructor(handle: IndexHandle, checkOpen: () => void) {
    readCrossovers();
    this.#handle = handle;
    this.#checkOpen = checkOpen;
  }

  /** Returns the matches of a hash or a query, each entry once. */
  one(query: HashLike | Query, search: CheckedSearch): IndexMatch[] {
    if (!isQuery(query)) return matchesOf(this.#sync(oneHash(query), search));
    const { hashes } = checkQuery(query, search);
    if (hashes.length === 0) return [];
    return nearestOrientations(groupMatches(this.#sync(hashes, search), hashes.length / 32), search.limit);
  }

  /** Searches like `one`, off this thread. */
  async oneAsync(query: HashLike | Query, search: CheckedAsyncSearch): Promise<IndexMatch[]> {
    const hashes = isQuery(query) ? checkQuery(query, search).hashes : oneHash(query);
    if (hashes.length === 0) return [];
    return nearestOrientations(await this.#async(hashes, search), search.limit);
  }

  /** Returns the matches of each hash. */
  many(hashes: Hashes, search: CheckedSearch): IndexMatch[][] {
    const queries = packHashes(hashes);
    this.#checkOpen();
    return groupMatches(this.#sync(queries, search), queries.length / 32);
  }

  /** Searches like `many`, off this thread and over several. */
  async manyAsync(hashes: Hashes, search: CheckedAsyncSearch): Promise<IndexMatch[][]> {
    const queries = packHashes(hashes);
    this.#checkOpen();
    return this.#async(queries, search);
  }

  /** The nearest rows of each query. Crops are rows of their own. */
  async searchMany(queries: Uint8Array, options: Parameters<CopyIndex["searchMany"]>[1]): Promise<NearHash[][]> {
    this.#checkOpen();
    return this.#async(queries, everyRow(options));
  }

  /** Returns the 32 bytes of an entry's hash, or of a crop's; undefined if it is gone. */
  get(id: number, crop?: number): Uint8Array | undefined {
    this.#checkOpen();
    if (!native.indexHas(this.#handle, id)) return undefined;
    if (crop === undefined) return native.indexHashes(this.#handle, Float64Array.of(id));
    // The entry may have been replaced by one with fewer crops: a row that is not there is all zero.
    const hash = native.indexHashes(this.#handle, Float64Array.of(id), Uint8Array.of(crop + 1));
    return hash.some((byte) => byte !== 0) ? hash : undefined;
  }

  /** The core's numbers, three for each match: see `results.ts`. */
  #sync(queries: Uint8Array, search: CheckedSearch): Float64Array | undefined {
    const { radius, limit, tags, strategy, nearest, kernel = this.#ownKernel() } = search;
    try {
      // The addon reads options by name, which takes longer than the usual search of a small index.
      const usual = limit === 0 && tags === undefined && strategy === 0 && !nearest && kernel === undefined;
      const options = usual ? undefined : { limit, tags, strategy, nearest, kernel };
      return native.searchSync(this.#handle, queries, radius, options);
    } catch (error) {
      throw indexError(error);
    }
  }

  /** For each query its matches. */
  async #async(queries: Uint8Array, search: CheckedAsyncSearch): Promise<IndexMatch[][]> {
    const { radius, threads, signal, kernel = this.#ownKernel() } = search;
    const { limit, tags, strategy, nearest, separateCrops } = search;
    const options = { limit, tags, strategy, nearest, separateCrops, kernel };
    const count = queries.length / 32;
    const jobs = jobsFor(count, threads);
    const share = 32 * Math.ceil(count / jobs);
    const batches =
      jobs === 1 ? [queries] : Array.from({ length: jobs }, (_, i) => queries.subarray(share * i, share * (i + 1)));
    // Counted now: the caller may transfer or shrink the buffer while the search runs.
    const counts = batches.map((batch) => batch.length / 32);
    const found = await indexErrorsAsync(
      withCancelToken(signal, (cancel) =>
        Promise.all(batches.map((batch) => native.search(this.#handle, batch, radius, options, cancel))),
      ),
    );
    return found.flatMap((numbers, i) => groupMatches(numbers, counts[i]!));
  }

  #ownKernel(): string | undefined {
    return (this.#kernel ??= { name: kernelName(undefined) }).name;
  }
}
