import { checkOptions, checkSignal, integer, invalidArgument, oneOf } from "../check.js";
import { kernelName } from "../native/kernel.js";
import { threadPoolSize } from "../thread-pool.js";
import {
  type CheckedQueryOptions,
  checkQueryOptions,
  defaultQueryOptions,
  type QueryOptions,
  queryOptionNames,
} from "./query.js";

/** How an index searches. The answer is the same. */
export type SearchStrategy = "auto" | "scan" | "columns" | "tiled" | "multi-index";
const strategies: readonly SearchStrategy[] = ["auto", "scan", "columns", "tiled", "multi-index"];

/** The options of a search in a `HashIndex`. */
export interface SearchOptions extends QueryOptions {
  /** Only the nearest so many entries of each query are given. Default: all. */
  limit?: number;
  /** Only entries with one of these tags (0 … 255) are searched. Default: all. */
  tags?: Iterable<number>;
  /** The strategy by name, for tests and measurements. Default `"auto"`, the one that is fastest. */
  strategy?: SearchStrategy;
  /** The kernel by name, for tests and measurements. Default: the best that the processor runs. */
  kernel?: string;
  /** Over how many threads `searchMany` and `nearestMany` spread a batch. Default: as many as libuv's pool has. */
  threads?: number;
  /** It ends an asynchronous search, which then rejects with the signal's reason. */
  signal?: AbortSignal;
}

/** The options of a search for the nearest entries. */
export interface NearestOptions extends Omit<SearchOptions, "limit"> {
  /** How many entries are given, 1 … 4,294,967,295. Default 1. */
  count?: number;
  /** No entry is given that differs in more bits, 0 … 256. Default 256. */
  radius?: number;
}

/** The options of a search that does not leave this thread. */
export type SyncSearchOptions = Omit<SearchOptions, "threads" | "signal">;
/** The options of a search for the nearest entries that does not leave this thread. */
export type SyncNearestOptions = Omit<NearestOptions, "threads" | "signal">;

const indexNames = ["limit", "tags", "strategy", "kernel"] as const;
const syncNames: readonly string[] = [...queryOptionNames, ...indexNames];
const asyncNames: readonly string[] = [...syncNames, "threads", "signal"];
const nearest = (names: readonly string[]): string[] => ["count", ...names.filter((name) => name !== "limit")];
const nearestNames = nearest(syncNames);
const asyncNearestNames = nearest(asyncNames);

/** What the core needs to know, checked. */
export interface CheckedSearch extends CheckedQueryOptions {
  /** 0: all. */
  limit: number;
  /** 256 bits. */
  tags: Uint8Array | undefined;
  strategy: number;
  /** Undefined: the index's own. */
  kernel: string | undefined;
  /** Keep the `limit` nearest, not all within the radius. */
  nearest: boolean;
  /** Find every row, also several of one entry. */
  separateCrops: boolean;
}

export interface CheckedAsyncSearch extends CheckedSearch {
  threads: number;
  signal: AbortSignal | undefined;
}

const plain: CheckedSearch = {
  ...defaultQueryOptions,
  limit: 0,
  tags: undefined,
  strategy: 0,
  kernel: undefined,
  nearest: false,
  separateCrops: false,
};

function tagBits(tags: Iterable<number>): Uint8Array {
  if (typeof tags !== "object" || tags === null || !(Symbol.iterator in tags)) {
    throw invalidArgument("tags", "iterable of integers between 0 and 255", tags);
  }
  const bits = new Uint8Array(32);
  for (const tag of tags) bits[integer("tags", tag, 0, 255) >> 3]! |= 1 << (tag & 7);
  return bits;
}

function check(
  options: Partial<SearchOptions>,
  defaultRadius: number,
): Omit<CheckedSearch, "limit" | "nearest" | "separateCrops"> {
  const { tags, strategy, kernel } = options;
  return {
    ...checkQueryOptions(options, defaultRadius),
    tags: tags === undefined ? undefined : tagBits(tags),
    strategy: strategy === undefined ? 0 : strategies.indexOf(oneOf("strategy", strategy, strategies)),
    kernel: kernel === undefined ? undefined : kernelName(kernel),
  };
}

/** A search takes a microsecond: with no option but the radius the others are not looked for. */
function onlyRadius(options: SearchOptions): boolean {
  if (typeof options !== "object" || options === null) return false;
  for (const name in options) if (name !== "radius") return false;
  return true;
}

/** @throws {InvalidArgumentError} */
export function checkSearch(options: SearchOptions | undefined, names: readonly string[] = syncNames): CheckedSearch {
  if (options === undefined) return plain;
  const { radius = plain.radius } = options;
  if (onlyRadius(options)) return { ...plain, radius: integer("radius", radius, 0, 256) };
  const given = checkOptions(options, names);
  const limit = given.limit === undefined ? 0 : integer("limit", given.limit, 1, 2 ** 32 - 1);
  return { ...check(given, plain.radius), limit, nearest: false, separateCrops: false };
}

/** @throws {InvalidArgumentError} */
export function checkNearest(
  options: NearestOptions | undefined,
  names: readonly string[] = nearestNames,
): CheckedSearch {
  const given = checkOptions(options, names);
  const limit = given.count === undefined ? 1 : integer("count", given.count, 1, 2 ** 32 - 1);
  return { ...check(given, 256), limit, nearest: true, separateCrops: false };
}

function withThreads<T extends CheckedSearch>(
  checked: T,
  { threads, signal }: Pick<SearchOptions, "threads" | "signal"> = {},
): T & CheckedAsyncSearch {
  return {
    ...checked,
    threads: threads === undefined ? threadPoolSize() : integer("threads", threads, 1, 1024),
    signal: checkSignal(signal),
  };
}

/** @throws {InvalidArgumentError} */
export function checkAsyncSearch(options: SearchOptions | undefined): CheckedAsyncSearch {
  return withThreads(checkSearch(options, asyncNames), options);
}

/** A search for every row within a radius, also several of one entry. */
export function everyRow({
  radius,
  limit,
  signal,
}: {
  radius: number;
  limit: number;
  signal?: AbortSignal;
}): CheckedAsyncSearch {
  return withThreads({ ...plain, radius, limit, separateCrops: true }, signal && { signal });
}

/** @throws {InvalidArgumentError} */
export function checkAsyncNearest(options: NearestOptions | undefined): CheckedAsyncSearch {
  return withThreads(checkNearest(options, asyncNearestNames), options);
}
