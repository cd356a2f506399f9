import { IndexError, InvalidArgumentError } from "../errors.js";
import type { Timeline } from "../search/align.js";
import type { VideoId } from "./arguments.js";

/** A known video or picture. */
export interface Entry {
  id: VideoId;
  kind: "video" | "picture";
  timeline: Timeline;
}

/** Frames an entry may have: an id of the hash index is the entry's slot and the frame's number, within 53 bits. */
const mostFrames = 2 ** 22;

export const slotOf = (id: number): number => Math.floor(id / mostFrames);
export const frameOf = (id: number): number => id % mostFrames;

/** The ids of all frames of an entry in the hash index. */
export function frameIds(slot: number, { timeline }: Entry): Float64Array {
  return Float64Array.from(timeline.from, (_, frame) => slot * mostFrames + frame);
}

/** Which entry stands under which id and in which slot. A slot is used once, so that an old hit never names a new entry. */
export class Entries {
  readonly #slots = new Map<number, Entry>();
  readonly #ids = new Map<VideoId, number>();
  #next = 0;
  /** Searches under way, and entries that were removed meanwhile: those searches began with them. */
  #readers = 0;
  readonly #removed = new Set<number>();

  get size(): number {
    return this.#ids.size;
  }

  get slots(): ReadonlyMap<number, Entry> {
    return this.#slots;
  }

  /** The slot the next entry will have. */
  get next(): number {
    return this.#next;
  }

  has(id: VideoId): boolean {
    return this.#ids.has(id);
  }

  /** @throws {IndexError} `ERR_EMPREINTE_UNKNOWN_ID` */
  slot(id: VideoId): number {
    const slot = this.#ids.get(id);
    if (slot === undefined) throw new IndexError("ERR_EMPREINTE_UNKNOWN_ID", "There is no entry of this id");
    return slot;
  }

  /** @throws {IndexError} `ERR_EMPREINTE_DUPLICATE_ID` @throws {InvalidArgumentError} too many frames. */
  check(id: VideoId, { timeline }: Entry): void {
    if (this.#ids.has(id)) {
      throw new IndexError("ERR_EMPREINTE_DUPLICATE_ID", "An entry of this id is there already");
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

  /** In the order they were added. */
  *all(): Generator<Entry> {
    for (const slot of this.#ids.values()) yield this.#slots.get(slot)!;
  }

  /** Until `release`, what is removed stays for the searches that began before. */
  hold(): void {
    this.#readers++;
  }

  release(): void {
    if (--this.#readers > 0) return;
    for (const slot of this.#removed) this.#slots.delete(slot);
    this.#removed.clear();
  }
}

/** @throws {InvalidArgumentError} */
export function checkLength({ from }: Timeline): void {
  if (from.length <= mostFrames) return;
  throw new InvalidArgumentError(`Expected at most ${mostFrames} frames of a video but received ${from.length}`);
}
