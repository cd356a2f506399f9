import { integer, oneOf, checkOptions, checkSignal } from "../check.js";
import { EmpreinteError } from "../errors.js";
import { hashToBytes } from "../hash/value.js";
import { HashIndex, type HashIndexOptions, type IndexStats } from "../search/hash-index.js";
import type { VideoSignature } from "../video/signature.js";
import type { VideoInput } from "../video/source.js";
import {
  checkId,
  checkVideoSearch,
  isSignature,
  type ImageQuery,
  type VideoId,
  type VideoSearchOptions,
} from "./arguments.js";
import { checkLength, Entries, type Entry, frameIds } from "./entries.js";
import { readEntries, writeEntries } from "./file.js";
import type { VideoMatch } from "./results.js";
import { checkVideoCopies, copiesOf } from "./search-video.js";
import type { VideoCopies, VideoCopyOptions } from "./types.js";
import { finder, type Searched, searchVariants } from "./search.js";
import { checkSignature, timelineOf } from "./timeline.js";
import { pictureVariants, videoVariants } from "./orientations.js";

export interface VideoIndexOptions {
  /** What the hashes may take, as in `HashIndexOptions`; the times and hashes for the alignment add 48 bytes each. Default
   * `"full"`. */
  memory?: NonNullable<HashIndexOptions["memory"]>;
  /** Frames below this quality are not kept. Default 50. */
  minQuality?: number;
}

/**
 * Known videos and pictures in one index: finds a clip inside a film, a picture in a film, a frame of a film among
 * pictures. The result says which stretch of the query is which stretch of the known video, at which speed.
 *
 * @example
 * using index = new VideoIndex();
 * index.add("known.mp4", await hashVideo("known.mp4"));
 * for (const { id, segments } of await index.search(await hashVideo("upload.mp4", { sampling: "all" }))) …
 */
export class VideoIndex {
  readonly #index: HashIndex;
  readonly #entries = new Entries();
  readonly #minQuality: number;
  #closed = false;

  /** @throws {InvalidArgumentError} */
  constructor(options?: VideoIndexOptions) {
    const { memory = "full", minQuality = 50 } = checkOptions(options, ["memory", "minQuality"]);
    this.#minQuality = integer("minQuality", minQuality, 0, 100);
    this.#index = new HashIndex({ memory: oneOf("memory", memory, ["full", "lean", "rows"] as const) });
  }

  /**
   * Reads a file that `save` wrote.
   * @throws {IndexError} `ERR_EMPREINTE_INDEX_FILE`: no such file, a newer one, cut or changed.
   * @throws {EmpreinteError} `ERR_EMPREINTE_READ`; the signal's reason.
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

  /** How many videos and pictures there are. */
  get size(): number {
    return this.#closed ? 0 : this.#entries.size;
  }

  /**
   * Adds a video, by its signature, or a picture, by its hash. What has no frame of the least quality is there and never
   * found.
   * @throws {IndexError} `ERR_EMPREINTE_DUPLICATE_ID` @throws {InvalidArgumentError} @throws {InvalidHashError}
   */
  add(id: VideoId, what: VideoSignature | ImageQuery): void {
    this.#open();
    const entry = this.#entry(checkId(id), what);
    this.#entries.check(id, entry);
    this.#insert(entry);
  }

  /** No search called after this returned finds it. @throws {IndexError} `ERR_EMPREINTE_UNKNOWN_ID` */
  remove(id: VideoId): void {
    this.#open();
    const slot = this.#entries.slot(checkId(id));
    this.#index.remove(frameIds(slot, this.#entries.slots.get(slot)!));
    this.#entries.remove(id);
  }

  /** Another video or picture under an id. @throws {IndexError} `ERR_EMPREINTE_UNKNOWN_ID` */
  replace(id: VideoId, what: VideoSignature | ImageQuery): void {
    this.#open();
    this.#entries.slot(checkId(id));
    const entry = this.#entry(id, what);
    checkLength(entry.timeline);
    this.remove(id);
    this.#insert(entry);
  }

  has(id: VideoId): boolean {
    this.#open();
    return this.#entries.has(checkId(id));
  }

  /**
   * The known videos and pictures that have something in common with a video, given by its signature (best with every
   * frame: `sampling: "all"`), or with a picture, given by its hash. Best first.
   * @throws {InvalidArgumentError} @throws {InvalidHashError} @throws {EmpreinteError} `ERR_EMPREINTE_CLOSED`; the
   *   signal's reason.
   */
  async search(query: VideoSignature | ImageQuery, options?: VideoSearchOptions): Promise<VideoMatch[]> {
    this.#open();
    const checked = checkVideoSearch(options);
    checked.signal?.throwIfAborted();
    const isVideo = isSignature(query);
    if (isVideo) checkSignature(query);
    const variants = isVideo
      ? videoVariants(query, checked.minQuality, checked.orientations)
      : pictureVariants(query, checked.minQuality, checked.orientations);
    const frames = isVideo ? query.frames.length : 1;
    return this.#held(checked, (searched) => searchVariants(variants, frames, searched));
  }

  /**
   * The known videos and pictures that a video is an altered copy of: it is hashed, once, and searched as `search` does;
   * what of it is not found so is looked for mirrored, without a border, bars or the picture it was put onto, cropped,
   * zoomed into and turned by some degrees. One such hypothesis is chosen for a shot, by what is known, from a few of its
   * frames; all others decide, as in `search`. Segments that were found so say through which `view`. Title cards and
   * countdowns are searched as they are.
   *
   * @throws as `hashVideo` and `search`.
   *
   * @example
   * const { matches } = await index.findCopies("upload.mp4");
   */
  async findCopies(input: VideoInput, options?: VideoCopyOptions): Promise<VideoCopies> {
    this.#open();
    const checked = checkVideoCopies(options);
    return this.#held(checked.search, (searched) => copiesOf(input, checked, searched));
  }

  /** As `HashIndex.optimize`. */
  async optimize(): Promise<void> {
    this.#open();
    await this.#index.optimize();
  }

  /** Of the hashes. */
  stats(): IndexStats {
    this.#open();
    return this.#index.stats();
  }

  /**
   * Writes all entries to a file that `open` reads: first beside it, then renamed. No hash is in it but those of entries.
   * @throws {EmpreinteError} `ERR_EMPREINTE_WRITE`; the signal's reason.
   */
  async save(path: string | URL, options?: { signal?: AbortSignal }): Promise<void> {
    this.#open();
    const { signal } = checkOptions(options, ["signal"]);
    await writeEntries(path, [...this.#entries.all()], checkSignal(signal));
  }

  /** Frees the hashes now. Any later call but `close` fails with `ERR_EMPREINTE_CLOSED`, and so may a search that runs. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#index.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** What is removed meanwhile stays for this search, and what is added is none of its. */
  async #held<T>(options: Searched["options"], search: (searched: Searched) => Promise<T>): Promise<T> {
    const entry = finder(this.#entries.slots, this.#entries.next);
    this.#entries.hold();
    try {
      return await search({ index: this.#index, entry, options });
    } finally {
      this.#entries.release();
    }
  }

  #open(): void {
    if (this.#closed) throw new EmpreinteError("ERR_EMPREINTE_CLOSED", "The index is closed");
  }

  #entry(id: VideoId, what: VideoSignature | ImageQuery): Entry {
    if (isSignature(what)) {
      checkSignature(what);
      const { partialWeights: _partialWeights, ...timeline } = timelineOf(what, this.#minQuality, undefined);
      return { id, kind: "video", timeline };
    }
    const hash = hashToBytes(what.hash);
    const count = what.quality >= this.#minQuality && what.stable ? 1 : 0;
    const times = (): Float64Array => new Float64Array(count);
    const timeline = { hashes: hash.slice(0, 32 * count), from: times(), to: times(), duration: 0, spacing: 1 };
    return { id, kind: "picture", timeline };
  }

  #insert(entry: Entry): void {
    const slot = this.#entries.next;
    this.#index.addManySync(frameIds(slot, entry), entry.timeline.hashes);
    this.#entries.add(entry);
  }
}
