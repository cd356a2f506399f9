/** How an index is made. */
export interface HashIndexOptions {
  /**
   * What a large index may take: `"full"`, some 116 bytes a hash; `"lean"`, some 76, for about ten times the query time;
   * `"rows"`, 36, and every search is a scan (half a millisecond a million). Default `"full"`.
   */
  memory?: "full" | "lean" | "rows";
}

/** How a file is opened. */
export interface OpenOptions {
  /**
   * `"now"` verifies all checksums first. `"later"` opens at once and checks only header, lengths and structure: until
   * `verify()` completes, a damaged file may give an error or a wrong answer, but never a read outside the file. Default
   * `"now"`.
   */
  verify?: "now" | "later";
  /** It ends the opening, which then rejects with the signal's reason. */
  signal?: AbortSignal;
}

/** The figures of an index. */
export interface IndexStats {
  /** Rows that a search can find: each hash is one. */
  rows: number;
  /** Removed rows whose memory is not given back yet. */
  removed: number;
  /** The newest rows, which are in no shard yet. */
  delta: number;
  /** Immutable parts of the index, each searched by itself. */
  shards: number;
  /** Rows in shards with tables; the others are scanned. */
  indexed: number;
  /** Bytes that the index takes. */
  bytes: number;
  /** Bytes of `bytes` that are memory-mapped from a file. */
  mapped: number;
  /** Bytes of `bytes` that are in memory now. */
  resident: number;
  /** It grows with every change. */
  revision: number;
}
