/** The options of a `HashIndex`. */
export interface HashIndexOptions {
  /**
   * How much memory a large index takes. `"full"` takes some 116 bytes a hash. `"lean"` takes some 76, and a query
   * takes about ten times as long. `"rows"` takes 36, and every search is a scan (half a millisecond for a million
   * hashes). Default `"full"`.
   */
  memory?: "full" | "lean" | "rows";
}

/** The options of opening an index file. */
export interface OpenOptions {
  /**
   * `"now"` verifies all checksums first. `"later"` opens at once and checks only header, lengths and structure. Until
   * `verify()` completes, a damaged file may then cause an error or a wrong answer, but never a read outside the file.
   * Default `"now"`.
   */
  verify?: "now" | "later";
  /** Ends the work. The promise rejects with the signal's reason. */
  signal?: AbortSignal;
}

/** The figures of an index. */
export interface IndexStats {
  /** How many rows a search can find. Each hash is one row. */
  rows: number;
  /** How many removed rows still take memory. */
  removed: number;
  /** How many of the newest rows are not in a shard yet. */
  delta: number;
  /** How many shards the index has. A shard is an immutable part of an index, searched by itself. */
  shards: number;
  /** How many rows are in shards with tables. The others are scanned. */
  indexed: number;
  /** How many bytes the index takes, including mapped files. */
  bytes: number;
  /** How many of `bytes` are memory-mapped from a file. */
  mapped: number;
  /** How many of `bytes` are in physical memory now. */
  resident: number;
  /** A number that grows with every change. */
  revision: number;
}
