import { checkOptions, checkSignal, integer, oneOf } from "../check.js";
import { EmpreinteError } from "../errors.js";
import { hashToBytes } from "../hash/value.js";
import type { ImageInput } from "../image/input/input.js";
import { HashIndex } from "../search/hash-index.js";
import type { HashIndexOptions, IndexStats } from "../search/index-options.js";
import type { Query } from "../search/query.js";
import { leastQuality } from "../thresholds.js";
import type { VideoSignature } from "../video/signature.js";
import type { VideoInput } from "../video/source.js";
import { checkLength, Entries, type Entry, frameIds, frameOf } from "./entries.js";
import { readEntries, writeEntries } from "./file.js";
import { orientedImages, orientedVideos } from "./oriented-queries.js";
import type { SearchContext } from "./probe-hits.js";
import type { VideoImageSearchResult, VideoMatch, VideoSearchResult } from "./results.js";
import { checkSearchImage, searchImage } from "./search-image.js";
import {
  checkId,
  checkImageQuery,
  checkVideoSearch,
  isSignature,
  type SearchImageOptions,
  type SearchVideoOptions,
  type VideoId,
  type VideoSearchOptions,
} from "./search-options.js";
import { checkSearchVideo, searchVideo } from "./search-video.js";
import { entryFinder, searchImages, searchVideos } from "./search.js";
import { checkSignature, timelineOf } from "./timeline.js";

/** Options of a `VideoIndex`. */
export interface VideoIndexOptions {
  /**
   * How much memory the index may use for faster searches, as in `HashIndexOptions`. The times and hashes for the
   * alignment add 48 bytes a frame. Default `"full"`.
   */
  memory?: NonNullable<HashIndexOptions["memory"]>;
  /** The least quality of known frames, 0 … 100. Frames below it are not kept. Default 50. */
  minQuality?: number;
}

/**
 * Holds known videos and images. It finds a clip inside a film, an image in a film, and a frame of a film among images.
 * A match says which segment of the query is which segment of the known video, and at which speed.
 *
 * @example
 * using index = new VideoIndex();
 * index.add("known.mp4", await hashVideo("known.mp4"));
 * const { matches } = await index.searchVideo("upload.mp4");
 * for (const { id, segments } of matches) console.log(id, segments);
 */
export class VideoIndex {
  readonly #index: HashIndex;
  readonly #entries = new Entries();
  readonly #minQuality: number;
  #closed = false;

  /** @throws {InvalidArgumentError} `ERR_EMPREINTE_INVALID_ARGUMENT`: an option is of the wrong kind. */
  constructor(options?: VideoIndexOptions) {
    const { memory = "full", minQuality = leastQuality } = checkOptions(options, ["memory", "minQuality"]);
    this.#minQuality = integer("minQuality", minQuality, 0, 100);
    this.#index = new HashIndex({ memory: oneOf("memory", memory, ["full", "lean", "rows"] as const) });
  }

  /**
   * Reads a file that `save` has written.
   * @throws {IndexError} `ERR_EMPREINTE_INDEX_FILE`: the file is damaged, of another kind or of another version.
   * @throws {EmpreinteError} `ERR_EMPREINTE_READ`: the file cannot be read.
   * @throws The signal's reason.
   */
  static async open(path: string | URL, options?: VideoIndexOptions & { signal?: AbortSignal }): Promise<VideoIndex> {
    const { signal, ...own } = checkOptions(options, ["memory", "minQuality", "signal"]);
    const index = new VideoIndex(own);
    try {
      for await (const entry of readEntries(path, checkSignal(signal))) index.#insert(entry);
      await index.optimize();
      return index;
    } catch (error) {
      index.close();
      throw error;
    }
  }

  /** How many videos and images the index holds. */
  get size(): number {
    return this.#closed ? 0 : this.#entries.size;
  }

  /**
   * Adds a video by its signature, or an image by its hash. An entry without a frame of sufficient quality is held, but
   * never found.
   * @throws {IndexError} `ERR_EMPREINTE_DUPLICATE_ID`: an entry with this id exists.
   * @throws {InvalidArgumentError} `ERR_EMPREINTE_INVALID_ARGUMENT`: the id or the signature is malformed.
   * @throws {InvalidHashError} `ERR_EMPREINTE_INVALID_HASH`: a hash is malformed.
   */
  add(id: VideoId, known: VideoSignature | Query): void {
    this.#open();
    const entry = this.#entry(checkId(id), known);
    this.#entries.check(id, entry);
    this.#insert(entry);
  }

  /**
   * Removes a video or an image. Searches that are called afterwards do not find it.
   * @throws {IndexError} `ERR_EMPREINTE_UNKNOWN_ID`: no entry has this id.
   */
  remove(id: VideoId): void {
    this.#open();
    const slot = this.#entries.slot(checkId(id));
    this.#index.remove(frameIds(slot, this.#entries.slots.get(slot)!));
    this.#entries.remove(id);
  }

  /**
   * Replaces the video or image that has an id.
   * @throws {IndexError} `ERR_EMPREINTE_UNKNOWN_ID`: no entry has this id.
   * @throws {InvalidArgumentError} {InvalidHashError} As `add` does.
   */
  replace(id: VideoId, known: VideoSignature | Query): void {
    this.#open();
    this.#entries.slot(checkId(id));
    const entry = this.#entry(id, known);
    checkLength(entry.timeline);
    this.remove(id);
    this.#insert(entry);
  }

  /** Returns whether an entry has this id. */
  has(id: VideoId): boolean {
    this.#open();
    return this.#entries.has(checkId(id));
  }

  /**
   * Finds the known videos and images that have something in common with a query, the best first. The query is the
   * signature of a video, best with every frame (`sampling: "all"`), or the result of `hashImage`.
   *
   * @throws {InvalidArgumentError} `ERR_EMPREINTE_INVALID_ARGUMENT`: an option or the query is malformed.
   * @throws {InvalidHashError} `ERR_EMPREINTE_INVALID_HASH`: a hash of the query is malformed.
   * @throws {EmpreinteError} `ERR_EMPREINTE_CLOSED`: the index is closed.
   * @throws The signal's reason.
   *
   * @example
   * const matches = await index.search(await hashVideo("upload.mp4", { sampling: "all" }));
   */
  async search(query: VideoSignature | Query, options?: VideoSearchOptions): Promise<VideoMatch[]> {
    this.#open();
    const checked = checkVideoSearch(options);
    const { signal, minQuality, orientations } = checked;
    signal?.throwIfAborted();
    if (isSignature(query)) {
      checkSignature(query);
      const videos = orientedVideos(query, minQuality, orientations);
      return this.#held(checked, (context) => searchVideos(videos, query.frames.length, context));
    }
    const images = orientedImages(checkImageQuery(query), minQuality, orientations);
    return this.#held(checked, (context) => searchImages(images, context));
  }

  /**
   * Hashes a video once and finds the known videos and images that it has something in common with.
   *
   * The level `"fast"` is a search with the frames in all eight orientations. From `"standard"` on it also finds copies
   * with a border, bars or a surrounding image, and cropped, zoomed and slightly rotated ones. For each shot that is
   * not found as it is, one such view is chosen by a few of its frames, and all its frames then decide as in `search`.
   * Segments that were found so have a `view`. Title cards and countdowns are only searched as they are.
   *
   * @throws {VideoError} {LimitError} With the codes of `hashVideo`.
   * @throws {InvalidArgumentError} {EmpreinteError} With the codes of `search`.
   * @throws The signal's reason.
   *
   * @example
   * const { matches } = await index.searchVideo("upload.mp4", { level: "standard" });
   */
  async searchVideo(input: VideoInput, options?: SearchVideoOptions): Promise<VideoSearchResult> {
    this.#open();
    const checked = checkSearchVideo(options);
    return this.#held(checked.search, (context) => searchVideo(input, checked, context));
  }

  /**
   * Hashes an image in all eight orientations, and finds the known videos that show it and the known images that match
   * it.
   *
   * @throws {ImageError} {LimitError} With the codes of `hashImage`.
   * @throws {InvalidArgumentError} {EmpreinteError} With the codes of `search`.
   * @throws The signal's reason.
   *
   * @example
   * const { matches } = await index.searchImage("screenshot.png");
   */
  async searchImage(input: ImageInput, options?: SearchImageOptions): Promise<VideoImageSearchResult> {
    this.#open();
    const checked = checkSearchImage(options);
    return this.#held(checked.search, (context) => searchImage(input, checked, context));
  }

  /** Builds the tables of the index now, as `HashIndex.optimize` does. */
  async optimize(): Promise<void> {
    this.#open();
    await this.#index.optimize();
  }

  /** Returns the statistics of the hash index, as `HashIndex.stats` does. */
  stats(): IndexStats {
    this.#open();
    return this.#index.stats();
  }

  /**
   * Writes all entries to a file that `open` reads. It writes a temporary file, which replaces the file at the end. The
   * file contains nothing of removed entries.
   * @throws {EmpreinteError} `ERR_EMPREINTE_WRITE`: the file cannot be written.
   * @throws The signal's reason.
   */
  async save(path: string | URL, options?: { signal?: AbortSignal }): Promise<void> {
    this.#open();
    const { signal } = checkOptions(options, ["signal"]);
    await writeEntries(path, [...this.#entries.all()], checkSignal(signal));
  }

  /**
   * Frees the memory of the hashes now. Later calls other than `close` fail with `ERR_EMPREINTE_CLOSED`, and a search
   * that is running may fail with it as well.
   */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#index.close();
  }

  /** Closes the index at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** Runs a search on the entries that exist now, whatever is added and removed meanwhile. */
  async #held<T>(options: SearchContext["options"], search: (context: SearchContext) => Promise<T>): Promise<T> {
    const entryOf = entryFinder(this.#entries.slots, this.#entries.next);
    this.#entries.hold();
    try {
      return await search({ index: this.#index, entryOf, frameOf, options });
    } finally {
      this.#entries.release();
    }
  }

  #open(): void {
    if (this.#closed) throw new EmpreinteError("ERR_EMPREINTE_CLOSED", "The index is closed");
  }

  #entry(id: VideoId, known: VideoSignature | Query): Entry {
    if (isSignature(known)) {
      checkSignature(known);
      const {
        partialWeights: _partialWeights,
        frames: _frames,
        ...timeline
      } = timelineOf(known, this.#minQuality, undefined);
      return { id, kind: "video", timeline };
    }
    const { hash: text, quality, stable } = checkImageQuery(known);
    const hash = hashToBytes(text);
    const count = quality >= this.#minQuality && stable ? 1 : 0;
    const times = (): Float64Array => new Float64Array(count);
    const timeline = { hashes: hash.slice(0, 32 * count), from: times(), to: times(), duration: 0, spacing: 1 };
    return { id, kind: "image", timeline };
  }

  #insert(entry: Entry): void {
    const slot = this.#entries.next;
    this.#index.addManySync(frameIds(slot, entry), entry.timeline.hashes);
    this.#entries.add(entry);
  }
}
