import { IndexError, InvalidArgumentError } from "../errors.js";
import type { Timeline } from "../search/align.js";
import type { VideoId } from "./search-options.js";

/** A known video or image. */
export interface Entry {
  id: VideoId;
  kind: "video" | "image";
  timeline: Timeline;
}

/** The most frames of an entry. An id of the hash index is slot × mostFrames + frame, which must fit into 53 bits. */
const mostFrames = 2 ** 22;

export const slotOf = (id: number): number => Math.floor(id / mostFrames);
export const frameOf = (id: number): number => id % mostFrames;

/** Returns the ids that the frames of an entry have in the hash index. */
export function frameIds(slot: number, { timeline }: Entry): Float64Array {
  return Float64Array.from(timeline.from, (_, frame) => slot * mostFrames + frame);
}

/**
 * The entries by id and by slot. A slot is used only once, so that a hit of an old search never refers to a new entry.
 */
export class Entries {
  readonly #slots = new Map<number, Entry>();
  readonly #ids = new Map<VideoId, number>();
  #next = 0;
  /** How many searches are running. */
  #readers = 0;
  /** Slots of entries that were removed while searches ran that began with them. */
  readonly #removed = new Set<number>();

  get size(): number {
    return this.#ids.size;
  }

  get slots(): ReadonlyMap<number, Entry> {
    return this.#slots;
  }

  /** The slot of the next entry. */
  get next(): number {
    return this.#next;
  }

  has(id: VideoId): boolean {
    return this.#ids.has(id);
  }

  /** Returns the slot of an entry. @throws {IndexError} `ERR_EMPREINTE_UNKNOWN_ID` */
  slot(id: VideoId): number {
    const slot = this.#ids.get(id);
    if (slot === undefined) throw new IndexError("ERR_EMPREINTE_UNKNOWN_ID", "There is no entry with this id");
    return slot;
  }

  /**
   * Checks that an entry can be added.
   * @throws {IndexError} `ERR_EMPREINTE_DUPLICATE_ID`
   * @throws {InvalidArgumentError} It has too many frames.
   */
  check(id: VideoId, { timeline }: Entry): void {
    if (this.#ids.has(id)) {
      throw new IndexError("ERR_EMPREINTE_DUPLICATE_ID", "An entry with this id exists already");
    }
    checkLength(timeline);
  }

  add(entry: Entry): number {
    const slot = this.#next++;
    this.#slots.set(slot, entry);
    this.#ids.set(entry.id, slot);
    return slot;
  }

  remove(id: VideoId): void {
    const slot = this.slot(id);
    this.#ids.delete(id);
    if (this.#readers > 0) this.#removed.add(slot);
    else this.#slots.delete(slot);
  }

  /** All entries in the order in which they were added. */
  *all(): Generator<Entry> {
    for (const slot of this.#ids.values()) yield this.#slots.get(slot)!;
  }

  /** Begins a search: entries that are removed from now on stay until `release`. */
  hold(): void {
    this.#readers++;
  }

  /** Ends a search. */
  release(): void {
    if (--this.#readers > 0) return;
    for (const slot of this.#removed) this.#slots.delete(slot);
    this.#removed.clear();
  }
}

/** @throws {InvalidArgumentError} The timeline has too many frames. */
export function checkLength({ from }: Timeline): void {
  if (from.length <= mostFrames) return;
  throw new InvalidArgumentError(`Expected at most ${mostFrames} frames of a video but received ${from.length}`);
}
