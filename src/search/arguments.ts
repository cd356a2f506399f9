import { integer, invalidArgument, oneOf, checkOptions, checkSignal } from "../check.js";
import { threadPoolSize } from "../thread-pool.js";
import { InvalidArgumentError, InvalidHashError } from "../errors.js";
import { kernelName } from "../hash/pixels.js";
import { type HashLike, hashToBytes } from "../hash/value.js";

/** Several hashes: one after the other in one array of 32 bytes each, or any iterable. */
export type Hashes = Uint8Array | Iterable<HashLike>;

/** Several ids: whole numbers from 0 to 2⁵³ − 1. */
export type Ids = Float64Array | Uint32Array | Iterable<number>;

/** How a search goes; the answer is the same. */
export type SearchStrategy = "auto" | "scan" | "columns" | "tiled" | "multi-index";
const strategies: readonly SearchStrategy[] = ["auto", "scan", "columns", "tiled", "multi-index"];

export interface SearchOptions {
  /** Keep only the nearest so many of each query. Default: all. */
  limit?: number;
  /** Only entries of these banks (0 … 255). Default: all. */
  tags?: Iterable<number>;
  /** The way by name, for tests and measurements. Default `"auto"`: what is measured fastest. */
  strategy?: SearchStrategy;
  /** The kernel by name, for tests and measurements. */
  kernel?: string;
}

export interface AsyncSearchOptions extends SearchOptions {
  /** Over how many threads a batch is spread. Default: what libuv's pool has. */
  threads?: number;
  signal?: AbortSignal;
}

const searchNames = ["limit", "tags", "strategy", "kernel"] as const;
const asyncNames = [...searchNames, "threads", "signal"] as const;

export interface CheckedSearch {
  limit: number;
  tags: Uint8Array | undefined;
  strategy: number;
  /** Undefined: the index's own. */
  kernel: string | undefined;
}

function tagBits(tags: Iterable<number>): Uint8Array {
  if (typeof tags !== "object" || tags === null || !(Symbol.iterator in tags)) {
    throw invalidArgument("tags", "iterable of integers between 0 and 255", tags);
  }
  const bits = new Uint8Array(32);
  for (const tag of tags) bits[integer("tags", tag, 0, 255) >> 3]! |= 1 << (tag & 7);
  return bits;
}

const plain: CheckedSearch = { limit: 0, tags: undefined, strategy: 0, kernel: undefined };

export function checkSearch(options: SearchOptions | undefined, names: readonly string[] = searchNames): CheckedSearch {
  if (options === undefined) return plain;
  const { limit, tags, strategy, kernel } = checkOptions(options, names);
  return {
    limit: limit === undefined ? 0 : integer("limit", limit, 1, 2 ** 32 - 1),
    tags: tags === undefined ? undefined : tagBits(tags),
    strategy: strategy === undefined ? 0 : strategies.indexOf(oneOf("strategy", strategy, strategies)),
    kernel: kernel === undefined ? undefined : kernelName(kernel),
  };
}

export function checkAsyncSearch(
  options: AsyncSearchOptions | undefined,
): CheckedSearch & { threads: number; signal: AbortSignal | undefined } {
  const pool = threadPoolSize();
  if (options === undefined) return { ...plain, threads: pool, signal: undefined };
  const checked = checkSearch(options, asyncNames);
  const threads = options.threads === undefined ? pool : integer("threads", options.threads, 1, 1024);
  return { ...checked, threads, signal: checkSignal(options.signal) };
}

/** One hash as bytes, not copied when it is bytes already: for calls that read it at once. */
export function oneHash(hash: HashLike): Uint8Array {
  return hash instanceof Uint8Array && hash.length === 32 ? hash : hashToBytes(hash);
}

export function packHashes(hashes: Hashes): Uint8Array {
  if (hashes instanceof Uint8Array) {
    if (hashes.length % 32 === 0) return hashes;
    throw new InvalidHashError(`Expected a multiple of 32 bytes but received ${hashes.length}`);
  }
  if (typeof hashes !== "object" || hashes === null || !(Symbol.iterator in hashes)) {
    throw new InvalidHashError(`Expected several hashes but received one ${typeof hashes}`);
  }
  const list = Array.from(hashes, hashToBytes);
  const packed = new Uint8Array(32 * list.length);
  list.forEach((hash, i) => packed.set(hash, 32 * i));
  return packed;
}

export function oneId(id: number): number {
  return integer("id", id, 0, Number.MAX_SAFE_INTEGER);
}

export function packIds(ids: Ids): Float64Array {
  if (ids instanceof Float64Array) return ids; // the addon checks each
  if (ids instanceof Uint32Array) return Float64Array.from(ids);
  if (typeof ids !== "object" || ids === null || !(Symbol.iterator in ids)) {
    throw invalidArgument("ids", "iterable of integers", ids);
  }
  return Float64Array.from(ids, (id) => integer("ids", id, 0, Number.MAX_SAFE_INTEGER));
}

export interface AddOptions {
  /** The bank (0 … 255) of each entry. Default: all 0. */
  tags?: Uint8Array;
}

export interface Addition {
  ids: Float64Array;
  hashes: Uint8Array;
  tags: Uint8Array | undefined;
}

export function checkAddition(ids: Ids, hashes: Hashes, options: AddOptions, names: readonly string[]): Addition {
  const { tags } = checkOptions(options, names);
  const packed = { ids: packIds(ids), hashes: packHashes(hashes), tags };
  const count = packed.hashes.length / 32;
  if (packed.ids.length !== count) {
    throw new InvalidArgumentError(`Expected an id for each of ${count} hashes but received ${packed.ids.length}`);
  }
  if (tags !== undefined && !(tags instanceof Uint8Array)) throw invalidArgument("tags", "Uint8Array", tags);
  if (tags !== undefined && tags.length !== count) {
    throw new InvalidArgumentError(`Expected a tag for each of ${count} hashes but received ${tags.length}`);
  }
  return packed;
}
