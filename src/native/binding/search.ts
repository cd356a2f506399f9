/** Indexes of hashes, and searches of them. */
import type { CancelHandle, Handle } from "./handle.js";

export type IndexHandle = Handle<"index">;

/** Absent and undefined options have their default. */
export interface NativeSearchOptions {
  /** Keep this many nearest entries of each query; 0 keeps all. Default 0. */
  limit?: number;
  /** 256 bits; only rows with one of these tags are found. Default: rows with any tag. */
  tags?: Uint8Array | undefined;
  /** 0 auto, 1 scan, 2 columns, 3 tiled, 4 multi-index. Default 0. */
  strategy?: number;
  /** Find exactly the `limit` nearest entries within the radius. Default false. */
  nearest?: boolean;
  /** Find every row, also several of one entry. Default: each entry once, by its nearest row. */
  separateCrops?: boolean;
  /** The name of a kernel. Default: the best that this processor runs. */
  kernel?: string | undefined;
}

export interface NativeIndexStats {
  /** Rows that a search can find. */
  rows: number;
  /** Removed rows whose memory is not given back yet. */
  removed: number;
  /** Newest rows, not yet in a shard. */
  delta: number;
  shards: number;
  /** Rows in shards with tables. */
  indexed: number;
  bytes: number;
  /** Bytes of `bytes` that belong to a mapped file. */
  mapped: number;
  /** Bytes of `bytes` that are in physical memory now. */
  resident: number;
  revision: number;
}

export interface SearchFunctions {
  /**
   * Replaces the crossovers by which the strategy `auto` chooses, for the whole process. Three numbers for each, as
   * bytes of a `Uint32Array`: the radius, the rows for one query, and those for a batch; 2^32 − 1 is never. The radii
   * ascend. None restores the built-in ones. At most 16.
   */
  setCrossovers(numbers: Uint8Array): void;
  /** Creates an empty index. `tables` is 16, 8 or 0. */
  createIndex(tables: number): IndexHandle;
  /** Maps a file and checks its structure. */
  openIndex(path: string): IndexHandle;
  /** Frees the rows now; searches that run keep theirs. */
  closeIndex(index: IndexHandle): void;
  /**
   * Adds all rows or none. Ids are whole numbers below 2^53; each has 32 bytes of hash and, unless `tags` is undefined,
   * one tag. `crops` has the number of each row's crop, 1 … 63 in order, or 0 for an entry's own hash. Default: all 0.
   */
  indexAdd(
    index: IndexHandle,
    ids: Float64Array | number,
    hashes: Uint8Array,
    tags: Uint8Array | undefined,
    crops?: Uint8Array,
  ): void;
  /** Does what `indexAdd` does, off this thread and without crops. */
  indexAddMany(
    index: IndexHandle,
    ids: Float64Array,
    hashes: Uint8Array,
    tags: Uint8Array | undefined,
    cancel: CancelHandle | undefined,
  ): Promise<void>;
  /** Removes all entries, with their crops, or none. */
  indexRemove(index: IndexHandle, ids: Float64Array | number): void;
  /** Replaces an entry and removes its crops. */
  indexReplace(index: IndexHandle, id: number, hash: Uint8Array, tag: number): void;
  indexHas(index: IndexHandle, id: number): boolean;
  indexStats(index: IndexHandle): NativeIndexStats;
  /** Makes a shard of the newest rows. */
  indexFlush(index: IndexHandle): void;
  indexWantsMaintenance(index: IndexHandle): boolean;
  /** Performs one step of maintenance and resolves to whether another is due. `room` is in bytes. */
  indexMaintain(index: IndexHandle, cancel: CancelHandle | undefined, room: number): Promise<boolean>;
  indexVerify(index: IndexHandle, cancel: CancelHandle | undefined): Promise<void>;
  indexWarm(index: IndexHandle, cancel: CancelHandle | undefined): Promise<void>;
  /** Writes what a search would see now to an open file. */
  indexSave(index: IndexHandle, descriptor: number, cancel: CancelHandle | undefined): Promise<void>;
  /** Returns 32 bytes of hash for each row, zeros for one that is not in the index. `crops` as in `indexAdd`. */
  indexHashes(index: IndexHandle, ids: Float64Array, crops?: Uint8Array): Uint8Array;
  /**
   * Finds the entries within `radius` of each query (32 bytes each). Returns undefined for no hit, otherwise three
   * numbers for each, sorted by query, distance, id and crop: the id, the query, and 512 times the number of the crop
   * plus the distance. Without options no property is read: keep small searches that way.
   */
  searchSync(
    index: IndexHandle,
    queries: Uint8Array,
    radius: number,
    options?: NativeSearchOptions,
  ): Float64Array | undefined;
  /** Does what `searchSync` does, off this thread. The queries are copied before it returns. */
  search(
    index: IndexHandle,
    queries: Uint8Array,
    radius: number,
    options: NativeSearchOptions | undefined,
    cancel: CancelHandle | undefined,
  ): Promise<Float64Array | undefined>;
}
