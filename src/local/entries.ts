import { IndexError } from "../errors.js";
import type { RecordPlaces } from "./record-parts.js";

/** What an index keeps of an original besides its rows. */
export interface Entry extends RecordPlaces {
  id: number;
  /** The first part of its rows' ids. It is never used again, so that a running search cannot take one for another. */
  slot: number;
  /** 0 … 254: the tag of its rows. */
  tag: number;
}

/** The entries of an index, by id and by slot. */
export class Entries {
  readonly #byId = new Map<number, Entry>();
  readonly #bySlot = new Map<number, Entry>();
  #nextSlot = 0;

  get size(): number {
    return this.#byId.size;
  }

  /** Returns a slot that no entry has or had. */
  newSlot(): number {
    return this.#nextSlot++;
  }

  has(id: number): boolean {
    return this.#byId.has(id);
  }

  /** @throws {IndexError} `ERR_EMPREINTE_UNKNOWN_ID` */
  get(id: number): Entry {
    const entry = this.#byId.get(id);
    if (entry === undefined) throw new IndexError("ERR_EMPREINTE_UNKNOWN_ID", `The id ${id} is not in the index`);
    return entry;
  }

  inSlot(slot: number): Entry | undefined {
    return this.#bySlot.get(slot);
  }

  /** Adds an entry, or puts it in the place of the one with its id. */
  set(entry: Entry): void {
    this.remove(entry.id);
    this.#byId.set(entry.id, entry);
    this.#bySlot.set(entry.slot, entry);
  }

  /** Removes an entry if there is one, and wipes its places. */
  remove(id: number): void {
    const entry = this.#byId.get(id);
    if (entry === undefined) return;
    this.#byId.delete(id);
    this.#bySlot.delete(entry.slot);
    entry.places.fill(0);
  }

  clear(): void {
    for (const id of this.#byId.keys()) this.remove(id);
  }

  [Symbol.iterator](): Iterator<Entry> {
    return this.#byId.values();
  }
}
