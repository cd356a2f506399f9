/**
 * The addon's functions, as bindings/node exports them. Callers in hash/, search/, lists/ and views/ check arguments
 * first. A function throws a `TypeError` with a `code` when an argument does not fit.
 */

declare const tag: unique symbol;
/** A native object. JavaScript can only pass it back to the addon. */
export interface Handle<Name extends string> {
  readonly [tag]: Name;
}
export type CancelHandle = Handle<"cancel">;
export type IndexHandle = Handle<"index">;
export type ListHandle = Handle<"list">;
export type LocalQueryHandle = Handle<"local-query">;
export type OutputsHandle = Handle<"outputs">;
export type ViewsHandle = Handle<"views">;

/** An implementation of the core for one instruction set. */
export interface NativeKernel {
  name: string;
  /** The instructions that it needs, for a person. */
  instructions: string;
  /** Whether this processor can run it. */
  supported: boolean;
}

/** Interleaved samples, row-major. The addon reads `width × channels` samples from each row. */
export interface NativePixels {
  data: Uint8Array;
  /** The width in pixels. */
  width: number;
  /** The height in pixels. */
  height: number;
  /** 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA or CMYK. */
  channels: number;
  /** Bytes from one row to the next. */
  stride: number;
}

/** Absent and undefined options have their default. Two channels, 16 bits and CMYK need rows without gaps. */
export interface NativeHashOptions {
  /** Bits of a sample. Default 8. */
  depth?: 8 | 16;
  /** The four channels are CMYK, 255 being full ink. Default false. */
  cmyk?: boolean;
  /** 0 auto, 1 exact, 2 fast. Default 0. */
  method?: number;
  /** 0 none, 1 cpp-cli. Default 0. */
  compat?: number;
  /** Also return the hashes of all eight orientations. Default false. */
  orientations?: boolean;
  /** The name of a kernel. Default: the best that this processor runs. */
  kernel?: string | undefined;
}

export interface NativeHash {
  /** The hash as 64 lower-case hex digits. */
  hash: string;
  /** The quality of the hash, 0 … 100. */
  quality: number;
  stable: boolean;
  /** 0 none (a side is below 5 pixels), 1 exact, 2 fast, 3 fast and then exact. */
  methodUsed: number;
  /** With the option `orientations`: eight hashes in the order of `orientationNames`. */
  orientations?: string[];
}

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

/** Hashed views: 32 bytes of hash and thirteen numbers each. `decodeViewHashes` reads them. */
export interface NativeViews {
  hashes: Uint8Array;
  numbers: Float32Array;
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

/** A video's hashes in the order of time. Nobody may change or transfer the arrays during a request. */
export interface NativeVideo {
  /** The hashes, 32 bytes each. */
  hashes: Uint8Array;
  /** Seconds: the first frame of each run. */
  from: Float64Array;
  /** Seconds: the last frame of each run. */
  to: Float64Array;
  /** The duration in seconds. */
  duration: number;
  /** Seconds between two samples of the video. */
  spacing: number;
}

export interface AlignRequest {
  query: NativeVideo;
  /** How much each of the query's hashes counts, 0 … 1. */
  weights: Float32Array;
  /** The same for stretches that are only a part of both videos. Default: all 1. */
  partialWeights?: Float32Array;
  /** `places`: pairs (query hash, known hash) around which the alignment searches. Default: everywhere. */
  candidates: (NativeVideo & { places?: Uint32Array })[];
  /** 0 … 256: up to this distance two hashes show the same image by themselves. */
  radius: number;
  /** `radius` … 256: up to this distance two hashes support a stretch. */
  supportRadius: number;
  /** The lowest speed at which the known video may play, 0.1 … 10. */
  minSpeed: number;
  /** The highest speed at which the known video may play, 0.1 … 10. */
  maxSpeed: number;
  /** Also return stretches whose evidence is too weak for a match. */
  includeWeak: boolean;
}

/** The allocator of this process. */
export interface NativeAllocatorState {
  /** `"other"` with another C library, or where another allocator has replaced glibc's. */
  allocator: "glibc" | "other";
  /** Whether `tuneAllocator` has set its thresholds, in any thread. */
  tuned: boolean;
}

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

export interface NativeBinding {
  kernels(): NativeKernel[];
  createCancel(): CancelHandle;
  cancel(token: CancelHandle): void;

  /**
   * Confines the next child that this thread starts: limits of the system, and, with `paths`, no files but those, the
   * one that is open as `file` and `/dev/null`, no sockets, and no other process.
   */
  confineNextChild(confinement: {
    memoryBytes: number;
    cpuSeconds: number;
    paths?: readonly string[];
    file?: number;
  }): void;
  /** Returns what that child has entered: 1 the limits, 2 the rules for files, 4 the filter of system calls. */
  enteredConfinement(): number;

  /** Locks an open folder until its descriptor is closed. Returns false when another process holds the lock. */
  lockFolder(descriptor: number): boolean;

  /**
   * Frees the memory of an array now. The array and whatever shares its buffer are empty afterwards. An array that is
   * less than half of its buffer stays.
   */
  release(bytes: Uint8Array): void;
  allocatorState(): NativeAllocatorState;
  /** Sets thresholds of glibc's allocator in bytes, below 2³¹. Returns false if that is not possible. */
  tuneAllocator(mmapThreshold: number, trimThreshold: number, topPad: number): boolean;
  /**
   * Lets that many threads of the pool, 1 … 64, allocate from the main arena, if they have not allocated yet, and
   * creates no further arenas in this process. Returns promises that resolve when they do. Call it once.
   */
  shareArena(threads: number): Promise<void>[];
  /**
   * Gives the memory that the allocator holds and nobody uses back to the system, off this thread. What is beyond the
   * last block of a thread returns only in that thread, down to `trimThreshold`: start as many as there are threads.
   */
  trimAllocator(): Promise<void>;

  /**
   * Reads what a child writes on a native thread, which calls `listener` when a line of text or the requested samples
   * are complete. `output` and `errors` are descriptors for the child. Returns undefined outside Linux, or when the
   * system has no more descriptors.
   */
  openOutputs(listener: () => void): { outputs: OutputsHandle; output: number; errors: number } | undefined;
  /** Closes the child's ends in this process: the child has them, or will not start. */
  closeChildEnds(outputs: OutputsHandle): void;
  /** Begins to fill `bytes` with samples. Nobody else may touch them until they are full. */
  fillOutputs(outputs: OutputsHandle, bytes: Uint8Array): void;
  /** Returns 1 when the bytes are full, -1 when no more samples come or it is closed, otherwise 0. */
  readStatus(outputs: OutputsHandle): number;
  /** Chooses whether a line of text calls the listener. */
  notifyOnStderr(outputs: OutputsHandle, notifies: boolean): void;
  /** Copies text into `bytes` and returns how many bytes, or -1 at the end of the text or when it is closed. */
  readStderr(outputs: OutputsHandle, bytes: Uint8Array): number;
  /** Returns whether samples have arrived that nobody has requested. */
  hasUnrequestedData(outputs: OutputsHandle): boolean;
  /** Closes both channels, which a writing child notices. */
  closeOutputs(outputs: OutputsHandle): void;

  /** Expands luma of the limited range (16 … 235) to the full range, in place. */
  expandLuma(bytes: Uint8Array, kernel?: string): void;
  hashSync(pixels: NativePixels, options?: NativeHashOptions): NativeHash;
  /** `owned`: nobody else holds the buffer, so it is read, and repacked, in place. Otherwise it is copied first. */
  hash(
    pixels: NativePixels,
    options: (NativeHashOptions & { owned?: boolean }) | undefined,
    cancel: CancelHandle | undefined,
  ): Promise<NativeHash>;

  /** Parses hex or base64 into 32 bytes. */
  parseHash(text: string): Uint8Array;
  /** Returns how many bits of two hashes differ, 0 … 256. */
  distance(a: Uint8Array, b: Uint8Array): number;
  /** Returns a sentence that says why the hash would match unrelated images, or undefined for an ordinary hash. */
  trivialReason(hash: Uint8Array): string | undefined;

  createList(allowTrivial: boolean): ListHandle;
  /** Reads the next bytes of a list, at most 1 GiB. */
  listFeed(list: ListHandle, bytes: Uint8Array): NativeListBatch;
  /** Reads what is left after the last byte. */
  listFinish(list: ListHandle): NativeListBatch;
  /** Returns "unknown" (no line could be read so far), "plain", "signals" or "signal-csv". */
  listForm(list: ListHandle): string;

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

  /**
   * Makes the working copy of a query image: 8-bit grey, RGB or RGBA of at least 5×5 pixels. Nobody else may write to
   * the buffer meanwhile. With `detach` nobody needs the buffer afterwards, and its memory is freed.
   */
  createViews(
    pixels: NativePixels,
    options: { kernel?: string | undefined; detach?: boolean } | undefined,
    cancel: CancelHandle | undefined,
  ): Promise<ViewsHandle>;
  /** Hashes the views of a stage: 0 turned, 1 detected, 2 fixed, 3 large. Only one job may use a handle at a time. */
  viewStage(handle: ViewsHandle, stage: number, cancel: CancelHandle | undefined): Promise<NativeViews | undefined>;
  /** Hashes views of ten numbers each, as originals of `side` pixels; 0 assumes the size of the view. */
  hashViews(
    handle: ViewsHandle,
    views: Float32Array,
    side: number,
    cancel: CancelHandle | undefined,
  ): Promise<NativeViews | undefined>;
  /** Moves each view until its hash is as near as possible to its target of 32 bytes. */
  alignViews(
    handle: ViewsHandle,
    views: Float32Array,
    targets: Uint8Array,
    cancel: CancelHandle | undefined,
  ): Promise<NativeViews | undefined>;
  /** Returns the share of pixels in the most frequent of 16³ colour cells, 0 … 1. */
  flatness(handle: ViewsHandle): number;
  /** Frees the working copy now. It does nothing while a job uses the handle. */
  closeViews(handle: ViewsHandle): void;

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

  /**
   * Finds rectangles of a frame that may contain another image: left, top, right and bottom as shares of the frame's
   * sides, the surest first. Grey, RGB or RGBA. A frame with a side below 32 pixels has none.
   */
  frameBoxes(pixels: NativePixels): Float32Array;
  /** Makes a smaller copy without gaps: grey of grey pixels, otherwise RGB. Neither side may become longer. */
  shrink(pixels: NativePixels, width: number, height: number): Uint8Array;
  /** Scores how synthetic an image looks, 0 … 100; 0 when a side is below 64 pixels. */
  syntheticScore(pixels: NativePixels): number;
  /**
   * Returns twelve numbers for each segment, ordered by candidate and place in the query. `decodeSegments` reads them.
   */
  alignVideos(request: AlignRequest, cancel: CancelHandle | undefined): Promise<Float64Array>;
}
