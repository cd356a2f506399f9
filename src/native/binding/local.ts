/** Local points and records. */
import type { CancelHandle, Handle } from "./handle.js";
import type { NativePixels } from "./pixels.js";

export type LocalQueryHandle = Handle<"local-query">;

/** What a local record says of itself. */
export interface NativeLocalRecord {
  /** The original's width in pixels. */
  width: number;
  height: number;
  points: number;
}

/** An original that a query may show. */
export interface NativeLocalCandidate {
  record: Uint8Array;
  /** Four numbers for each row that was found: the query's point, the record's point, the distance, 1 for mirrored. */
  votes: Uint32Array;
}

/** A request to verify candidates. Nobody else may write to its arrays meanwhile. */
export interface NativeLocalRequest {
  query: LocalQueryHandle;
  /** The query's descriptors, 32 bytes for each point, of the plain form or the negative one. */
  plain: Uint8Array;
  /** The same of the mirrored form, or the one that is both. */
  mirrored: Uint8Array;
  negative: boolean;
  /** How many images the list has. */
  images: number;
  /** The candidates, at most 64. */
  candidates: readonly NativeLocalCandidate[];
}

export interface LocalFunctions {
  /** Makes the local record of an original with at most `most` points, 1 … 400. Nobody else may write to the pixels. */
  localRegister(
    pixels: NativePixels,
    options: { most: number; kernel?: string | undefined },
    cancel: CancelHandle | undefined,
  ): Promise<Uint8Array>;
  /** Checks a local record. Throws with the code `ERR_EMPREINTE_LOCAL_RECORD` or `ERR_EMPREINTE_LOCAL_TABLE`. */
  localRecord(record: Uint8Array): NativeLocalRecord;
  /** Returns the descriptors of a local record, 32 bytes for each point. Throws as `localRecord` does. */
  localRecordDescriptors(record: Uint8Array): Uint8Array;
  /**
   * Extracts the local points of a query. `registered` extracts those that `localRegister` would write instead. Nobody
   * else may write to the pixels meanwhile.
   */
  createLocalQuery(
    pixels: NativePixels,
    options: { registered?: number; kernel?: string | undefined } | undefined,
    cancel: CancelHandle | undefined,
  ): Promise<LocalQueryHandle>;
  /** Returns 32 bytes for each point. `form`: 0 plain, 1 mirrored, 2 negative, 3 both. */
  localQueryDescriptors(query: LocalQueryHandle, form: number): Uint8Array;
  /** Returns x, y and size in pixels of the working copy, and the angle in radians, of each point. */
  localQueryPlaces(query: LocalQueryHandle): Float32Array;
  /** Returns the 128 bytes that each descriptor is made of. */
  localQueryHistograms(query: LocalQueryHandle): Uint8Array;
  /** Frees the points now. */
  closeLocalQuery(query: LocalQueryHandle): void;
  /**
   * Verifies candidates. Resolves to 18 numbers for each: the tier (0 none, 1 review, 2 match), 1 for mirrored, the
   * inliers, the support, how many points could be seen, the mean distance, x and y of four corners in the query, and
   * left, top, right and bottom of the support in the original.
   */
  verifyLocal(request: NativeLocalRequest, cancel: CancelHandle | undefined): Promise<Float64Array>;
}
