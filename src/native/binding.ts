/** The addon's functions, as bindings/node exports them. Internal: the faces in hash/, search/ and lists/ check first. */

declare const tag: unique symbol;
export interface Handle<Name extends string> {
  readonly [tag]: Name;
}
export type CancelHandle = Handle<"cancel">;
export type IndexHandle = Handle<"index">;
export type ListHandle = Handle<"list">;
export type OutputsHandle = Handle<"outputs">;
export type VariantsHandle = Handle<"variants">;

/** Hashes of views, 32 bytes each, with twelve numbers each: x and y of four corners, kind, turned, quality, stable. */
export interface NativeVariants {
  hashes: Uint8Array;
  numbers: Float32Array;
}

export interface NativeKernel {
  name: string;
  instructions: string;
  supported: boolean;
}

export interface NativeHash {
  hash: string;
  quality: number;
  stable: boolean;
  /** 0 none (a side below 5 pixels), 1 exact, 2 weights, 3 weights first, then exact. */
  taken: number;
  /** In the order of `dihedralVariants`. */
  dihedral?: string[];
}

/** pixels, width, height, channels, stride in bytes, bits a sample (8, 16), CMYK, way (0 auto, 1 exact, 2 weights),
 * compat (0 none, 1 cpp-cli), dihedral, kernel. Channels 2, 16 bits and CMYK take rows without gaps. */
export type HashArguments = [
  pixels: Uint8Array,
  width: number,
  height: number,
  channels: number,
  stride: number,
  depth: number,
  cmyk: boolean,
  way: number,
  compat: number,
  dihedral: boolean,
  kernel: string | undefined,
];

export interface NativeListBatch {
  /** 32 bytes an entry. */
  hashes: Uint8Array;
  /** The line of each entry, from 1. */
  lines: Float64Array;
  /** UTF-8 of all metadata, end to end; entry i is [ends[i−1], ends[i]). */
  metadata: Uint8Array;
  ends: Uint32Array;
  problemLines: Float64Array;
  /** Sentences. */
  problemReasons: string[];
}

export interface NativeBinding {
  kernels(): NativeKernel[];
  createCancel(): CancelHandle;
  cancel(token: CancelHandle): void;

  /** Locks an open folder unless somebody else has; until the descriptor is closed. False: somebody has. */
  lockFolder(descriptor: number): boolean;

  /**
   * Reads the standard output and standard error of a child process on a thread of the core. The thread calls `onNews` when
   * text has arrived, when bytes are full, and at the end. `output` and `errors` are descriptors for the child. The result is
   * undefined on systems other than Linux and when no more descriptors can be opened.
   */
  openOutputs(onNews: () => void): { outputs: OutputsHandle; output: number; errors: number } | undefined;
  /** Closes our copies of the child's ends, once the child has started or has failed to start. */
  closeChildEnds(outputs: OutputsHandle): void;
  /** Fills `bytes` with samples, one array at a time. Nothing else may use the array until it is full. */
  fillOutputs(outputs: OutputsHandle, bytes: Uint8Array): void;
  /** 1 when the array to fill is full, -1 when there are no more samples or the outputs are closed, 0 otherwise. */
  readStatus(outputs: OutputsHandle): number;
  /** Chooses whether `onNews` is called when text arrives on standard error. */
  notifyOnStderr(outputs: OutputsHandle, notify: boolean): void;
  /** Copies text of standard error into `bytes` and returns the number of bytes; -1 at its end or when closed. */
  readStderr(outputs: OutputsHandle, bytes: Uint8Array): number;
  /** Whether samples have arrived that no `fillOutputs` has requested. */
  hasUnrequestedData(outputs: OutputsHandle): boolean;
  /** Closes our ends. A child that still writes gets SIGPIPE. */
  closeOutputs(outputs: OutputsHandle): void;

  /** Luma of the limited range (16 … 235) to the full one, in place. */
  expandLuma(bytes: Uint8Array, kernel?: string): void;
  hashSync(...pixels: HashArguments): NativeHash;
  /** `ours`: nobody else holds the buffer, so it is read, and repacked, in place; otherwise it is copied first. */
  hash(...pixelsAnd: [...HashArguments, ours: boolean, cancel: CancelHandle | undefined]): Promise<NativeHash>;

  parseHash(text: string): Uint8Array;
  distance(a: Uint8Array, b: Uint8Array): number;
  /** Why such a hash would match unrelated pictures, or undefined. */
  degenerate(hash: Uint8Array): string | undefined;

  createList(allowDegenerate: boolean): ListHandle;
  listFeed(list: ListHandle, bytes: Uint8Array): NativeListBatch;
  listFinish(list: ListHandle): NativeListBatch;
  /** "unknown" (no line that could be read so far), "plain", "signals" or "signal-csv". */
  listForm(list: ListHandle): string;

  /** `tables`: 16, 8 or 0. */
  createIndex(tables: number): IndexHandle;
  /** Maps the file and checks its structure. */
  openIndex(path: string): IndexHandle;
  closeIndex(index: IndexHandle): void;
  /** `ids` whole numbers below 2^53, `hashes` 32 bytes each, `banks` one byte each or undefined. All or nothing. */
  indexAdd(index: IndexHandle, ids: Float64Array | number, hashes: Uint8Array, banks: Uint8Array | undefined): void;
  indexAddMany(
    index: IndexHandle,
    ids: Float64Array,
    hashes: Uint8Array,
    banks: Uint8Array | undefined,
    cancel: CancelHandle | undefined,
  ): Promise<void>;
  indexRemove(index: IndexHandle, ids: Float64Array | number): void;
  indexReplace(index: IndexHandle, id: number, hash: Uint8Array, bank: number): void;
  indexHas(index: IndexHandle, id: number): boolean;
  indexStats(index: IndexHandle): NativeIndexStats;
  /** Makes a part of the newest entries. */
  indexFlush(index: IndexHandle): void;
  indexWantsMaintenance(index: IndexHandle): boolean;
  /** One step; answers whether another is due. */
  indexMaintain(index: IndexHandle, cancel: CancelHandle | undefined, room: number): Promise<boolean>;
  indexVerify(index: IndexHandle, cancel: CancelHandle | undefined): Promise<void>;
  indexWarm(index: IndexHandle, cancel: CancelHandle | undefined): Promise<void>;
  /** Writes what a search would see now to an open file. */
  indexSave(index: IndexHandle, descriptor: number, cancel: CancelHandle | undefined): Promise<void>;
  /** The hashes of ids, 32 bytes each; zeros where there is no such id. */
  indexHashes(index: IndexHandle, ids: Float64Array): Uint8Array;
  /** Triples (id, query, distance), sorted by query, distance, id; undefined for none. */
  searchSync(...search: SearchArguments): Float64Array | undefined;
  search(...searchAnd: [...SearchArguments, cancel: CancelHandle | undefined]): Promise<Float64Array | undefined>;

  /**
   * 8-bit grey, RGB or RGBA of at least 5×5, in a buffer that nobody else writes to; nothing of it is kept. `taken`: nobody
   * needs it when this is done, and it is detached.
   */
  makeVariants(
    pixels: Uint8Array,
    width: number,
    height: number,
    channels: number,
    stride: number,
    kernel: string | undefined,
    taken: boolean,
    cancel: CancelHandle | undefined,
  ): Promise<VariantsHandle>;
  /** 0 turned, 1 detected, 2 fixed, 3 wide; undefined for none. One job at a time on a handle. */
  variantStage(
    variants: VariantsHandle,
    stage: number,
    cancel: CancelHandle | undefined,
  ): Promise<NativeVariants | undefined>;
  /** `views`: ten numbers each, as the first ten of `NativeVariants`. Each moved towards its target, or, without targets,
   * hashed as an original of `side` pixels. */
  alignVariants(
    variants: VariantsHandle,
    views: Float32Array,
    targets: Uint8Array | undefined,
    side: number,
    cancel: CancelHandle | undefined,
  ): Promise<NativeVariants | undefined>;
  /** The share of pixels in the fullest of 16³ colour cells, 0 … 1. */
  flatness(variants: VariantsHandle): number;
  /** Not while a job uses it. */
  closeVariants(variants: VariantsHandle): void;

  /** Where in a frame another picture may lie: left, top, right, bottom of each box as shares of the frame's sides, what
   * looks surest first. Grey, RGB or RGBA; none with a side below 32 pixels. */
  frameBoxes(pixels: Uint8Array, width: number, height: number, channels: number, stride: number): Float32Array;
  /** A smaller copy, rows without gaps: of grey pixels grey, of others RGB. Neither side longer than it was. */
  shrink(
    pixels: Uint8Array,
    width: number,
    height: number,
    channels: number,
    stride: number,
    copyWidth: number,
    copyHeight: number,
  ): Uint8Array;
  /** How much a picture looks drawn, 0 … 100; 0 of one with a side below 64 pixels. */
  drawn(pixels: Uint8Array, width: number, height: number, channels: number, stride: number): number;
  /** Twelve numbers a segment: candidate, query from, query to, known from, known to, speed, distance, share, evidence,
   * still, nearest, matches; by candidate, then query from. */
  alignVideos(request: AlignRequest, cancel: CancelHandle | undefined): Promise<Float64Array>;
}

/** A video's hashes in the order of time; nobody may change or transfer the arrays while a request is under way. */
export interface NativeVideo {
  /** 32 bytes each. */
  hashes: Uint8Array;
  /** Seconds; of a run of frames its first and its last. */
  from: Float64Array;
  to: Float64Array;
  duration: number;
  spacing: number;
}

export interface AlignRequest {
  query: NativeVideo;
  /** 0 … 1 for each of the query's hashes. */
  weights: Float32Array;
  /** The same, for stretches that are only a part of both videos. */
  worth?: Float32Array;
  /** `places`: pairs (query hash, known hash) to look around; without, everywhere. */
  candidates: (NativeVideo & { places?: Uint32Array })[];
  radius: number;
  wide: number;
  minSpeed: number;
  maxSpeed: number;
  /** Also stretches that say too little for a match. */
  everything: boolean;
}

/** index, queries (32 bytes each), radius, limit (0: none), banks (256 bits or undefined), way, nearest, kernel. */
export type SearchArguments = [
  index: IndexHandle,
  queries: Uint8Array,
  radius: number,
  limit: number,
  banks: Uint8Array | undefined,
  way: number,
  nearest: boolean,
  kernel: string | undefined,
];

export interface NativeIndexStats {
  rows: number;
  removed: number;
  delta: number;
  parts: number;
  indexed: number;
  bytes: number;
  mapped: number;
  resident: number;
  revision: number;
}
