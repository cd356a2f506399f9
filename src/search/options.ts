import { checkOptions, checkSignal, integer, invalidArgument, oneOf } from "../check.js";
import { kernelName } from "../native/kernel.js";
import {
  type CheckedQueryOptions,
  checkQueryOptions,
  defaultQueryOptions,
  type QueryOptions,
  queryOptionNames,
} from "./query.js";

/** How an index searches. Every strategy gives the same answer. */
export type SearchStrategy = "auto" | "scan" | "columns" | "tiled" | "multi-index";
const strategies: readonly SearchStrategy[] = ["auto", "scan", "columns", "tiled", "multi-index"];

/** The options of a search in a `HashIndex`. */
export interface SearchOptions extends QueryOptions {
  /** Keeps only this many of the nearest entries of each query. Default: all. */
  limit?: number;
  /** Searches only entries with one of these tags, 0 … 255. Default: all. */
  tags?: Iterable<number>;
  /** The strategy, for tests and measurements. The default `"auto"` chooses the fastest one. */
  strategy?: SearchStrategy;
  /** The name of the kernel, for tests and measurements. Default: the best one that the processor runs. */
  kernel?: string;
  /** The number of threads on which `searchMany` and `nearestMany` run a batch. Default: the size of libuv's pool. */
  threads?: number;
  /** Ends the search. The promise rejects with the signal's reason. */
  signal?: AbortSignal;
}

/** The options of a search for the nearest entries. */
export interface NearestOptions extends Omit<SearchOptions, "limit"> {
  /** The number of entries to find, 1 … 4,294,967,295. Default 1. */
  count?: number;
  /** The most bits that an entry may differ in, 0 … 256. Default 256. */
  radius?: number;
}

/** The options of a search on this thread. */
export type SyncSearchOptions = Omit<SearchOptions, "threads" | "signal">;
/** The options of a search for the nearest entries on this thread. */
export type SyncNearestOptions = Omit<NearestOptions, "threads" | "signal">;

const indexNames = ["limit", "tags", "strategy", "kernel"] as const;
const syncNames: readonly string[] = [...queryOptionNames, ...indexNames];
const asyncNames: readonly string[] = [...syncNames, "threads", "signal"];
const nearest = (names: readonly string[]): string[] => ["count", ...names.filter((name) => name !== "limit")];
const nearestNames = nearest(syncNames);
const asyncNearestNames = nearest(asyncNames);

/** The checked options, as the core takes them. */
export interface CheckedSearch extends CheckedQueryOptions {
  /** The most hits of each query. 0 keeps all. */
  limit: number;
  /** The tags to search, one bit for each of the 256. Undefined searches all. */
  tags: Uint8Array | undefined;
  strategy: number;
  /** The name of the kernel. Undefined selects the index's own. */
  kernel: string | undefined;
  /** Whether the search finds the `limit` nearest instead of all within the radius. */
  nearest: boolean;
  /** Whether the search returns every row, even several of one entry. */
  separateCrops: boolean;
}

export interface CheckedAsyncSearch extends CheckedSearch {
  /** The most threads. Undefined: as many as the pool has. */
  threads: number | undefined;
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

/** No two hashes differ in more bits. */
const farthest = 256;

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

/**
 * Returns whether the options have only a radius and a number. A search takes some microseconds, so the other options
 * are then not read.
 */
function isShort(options: SearchOptions | NearestOptions, number: "limit" | "count"): boolean {
  if (typeof options !== "object" || options === null) return false;
  for (const name in options) if (name !== "radius" && name !== number) return false;
  return true;
}

/** Checks options and fills in defaults. @throws {InvalidArgumentError} */
export function checkSearch(options: SearchOptions | undefined, names: readonly string[] = syncNames): CheckedSearch {
  if (options === undefined) return plain;
  const short = isShort(options, "limit");
  const given = short ? options : checkOptions(options, names);
  const limit = given.limit === undefined ? 0 : integer("limit", given.limit, 1, 2 ** 32 - 1);
  if (short) return { ...plain, radius: radiusOf(given.radius, plain.radius), limit };
  return { ...check(given, plain.radius), limit, nearest: false, separateCrops: false };
}

/** Checks an argument and returns it in its checked form. @throws {InvalidArgumentError} */
export function checkNearest(
  options: NearestOptions | undefined,
  names: readonly string[] = nearestNames,
): CheckedSearch {
  const short = options !== undefined && isShort(options, "count");
  const given = short ? options : checkOptions(options, names);
  const limit = given.count === undefined ? 1 : integer("count", given.count, 1, 2 ** 32 - 1);
  if (short) return { ...plain, radius: radiusOf(given.radius, farthest), limit, nearest: true };
  return { ...check(given, farthest), limit, nearest: true, separateCrops: false };
}

const radiusOf = (radius: number | undefined, otherwise: number): number =>
  radius === undefined ? otherwise : integer("radius", radius, 0, farthest);

function withThreads<T extends CheckedSearch>(
  checked: T,
  { threads, signal }: Pick<SearchOptions, "threads" | "signal"> = {},
): T & CheckedAsyncSearch {
  return {
    ...checked,
    threads: threads === undefined ? undefined : integer("threads", threads, 1, 1024),
    signal: checkSignal(signal),
  };
}

/** Checks options and fills in defaults. @throws {InvalidArgumentError} */
export function checkAsyncSearch(options: SearchOptions | undefined): CheckedAsyncSearch {
  return withThreads(checkSearch(options, asyncNames), options);
}

/** Returns the options of a search for every row within a radius, even several of one entry. */
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

/** Checks options and fills in defaults. @throws {InvalidArgumentError} */
export function checkAsyncNearest(options: NearestOptions | undefined): CheckedAsyncSearch {
  return withThreads(checkNearest(options, asyncNearestNames), options);
}
