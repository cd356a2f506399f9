/** List files. */
import type { Handle } from "./handle.js";

export type ListHandle = Handle<"list">;

/** What one call read of a list. */
export interface NativeListBatch {
  /** 32 bytes for each entry. */
  hashes: Uint8Array;
  /** The line of each entry, from 1. */
  lines: Float64Array;
  /** The metadata of all entries as UTF-8, without gaps; that of entry i is at `ends[i−1]` … `ends[i]`. */
  metadata: Uint8Array;
  ends: Uint32Array;
  /** The line of each problem, from 1. */
  problemLines: Float64Array;
  /** The number of each problem's code; `listProblemCode` names it. */
  problemCodes: Uint8Array;
  /** A sentence for each problem. */
  problemReasons: string[];
}

export interface ListFunctions {
  createList(allowTrivial: boolean): ListHandle;
  /** Reads the next bytes of a list, at most 1 GiB. */
  listFeed(list: ListHandle, bytes: Uint8Array): NativeListBatch;
  /** Reads what is left after the last byte. */
  listFinish(list: ListHandle): NativeListBatch;
  /** Returns "unknown" (no line could be read so far), "plain", "signals" or "signal-csv". */
  listForm(list: ListHandle): string;
}
