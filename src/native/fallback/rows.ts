/** The rows of an index in memory of JavaScript, which a search goes through one by one. */
import { bitCounts } from "../../popcount.js";
import { failure } from "./handles.js";

const hashBytes = 32;
const wordsPerHash = hashBytes / Uint16Array.BYTES_PER_ELEMENT;

/** What a search keeps of a row. */
export interface Hit {
  id: number;
  distance: number;
  /** 0 the entry's own hash, otherwise the number of its crop. */
  crop: number;
}

/** Rows to add: ids, 32 bytes of hash each, tags and numbers of crops; undefined stands for zeros. */
export interface Rows {
  ids: Float64Array;
  hashes: Uint8Array;
  tags: Uint8Array | undefined;
  crops: Uint8Array | undefined;
}

/** By distance, then id, then crop. */
export const byDistance = (a: Hit, b: Hit): number => a.distance - b.distance || a.id - b.id || a.crop - b.crop;

export class IndexRows {
  #count = 0;
  #hashes = new Uint8Array(0);
  #ids = new Float64Array(0);
  #tags = new Uint8Array(0);
  #crops = new Uint8Array(0);
  /** Where the rows of each entry are; a number for an entry that has only one. */
  #places = new Map<number, number | number[]>();
  revision = 0;

  get count(): number {
    return this.#count;
  }

  get bytes(): number {
    return this.#hashes.length + this.#ids.byteLength + this.#tags.length + this.#crops.length;
  }

  has(id: number): boolean {
    return this.#places.has(id);
  }

  /** Adds all rows or none. */
  add({ ids, hashes, tags, crops }: Rows): void {
    if (hashes.length !== hashBytes * ids.length)
      throw failure("ERR_EMPREINTE_INVALID_HASH", "a hash is 64 hex digits, 44 base64 characters or 32 bytes");
    const added = new Set<number>();
    for (let i = 0; i < ids.length; i++) {
      const id = ids[i]!;
      if (!(Number.isInteger(id) && id >= 0 && id < 2 ** 53))
        throw failure("ERR_EMPREINTE_INVALID_ARGUMENT", "an id is a whole number from 0 to 2^53 - 1");
      // Rows of one entry follow each other, its own hash first.
      const known = this.#places.has(id) || ((crops?.[i] ?? 0) === 0 && added.has(id));
      if (known) throw failure("ERR_EMPREINTE_DUPLICATE_ID", "an id is in the index already, or given twice");
      added.add(id);
    }
    this.#reserve(this.#count + ids.length);
    this.#hashes.set(hashes, hashBytes * this.#count);
    this.#ids.set(ids, this.#count);
    const end = this.#count + ids.length;
    if (tags === undefined) this.#tags.fill(0, this.#count, end);
    else this.#tags.set(tags, this.#count);
    if (crops === undefined) this.#crops.fill(0, this.#count, end);
    else this.#crops.set(crops, this.#count);
    for (const id of ids) {
      const places = this.#places.get(id);
      const row = this.#count++;
      if (places === undefined) this.#places.set(id, row);
      else if (typeof places === "number") this.#places.set(id, [places, row]);
      else places.push(row);
    }
    this.revision++;
  }

  /** Removes all entries or none. */
  remove(ids: Iterable<number>): void {
    const entries = new Set(ids);
    for (const id of entries) this.#placesOf(id);
    for (const id of entries) {
      for (const place of this.#placesOf(id).toSorted((a, b) => b - a)) this.#removeRow(place);
      this.#places.delete(id);
    }
    this.revision++;
  }

  replace(id: number, hash: Uint8Array, tag: number): void {
    this.#placesOf(id);
    const rows = { ids: Float64Array.of(id), hashes: hash, tags: Uint8Array.of(tag), crops: undefined };
    this.remove([id]);
    this.add(rows);
  }

  /** Copies the hash of a row to `out`, which stays as it is when there is none. */
  copyHash(id: number, crop: number, out: Uint8Array): void {
    const place = this.has(id) ? this.#placesOf(id).find((row) => this.#crops[row] === crop) : undefined;
    if (place !== undefined) out.set(this.#hash(place));
  }

  /** Returns the rows within the radius of a query whose tags a set of 256 bits has, in any order. */
  near(query: Uint8Array, radius: number, tags: Uint8Array | undefined): Hit[] {
    const hits: Hit[] = [];
    const words = new Uint16Array(this.#hashes.buffer);
    const wanted = new Uint16Array(query.slice().buffer);
    for (let row = 0; row < this.#count; row++) {
      let distance = 0;
      for (let i = 0; i < wordsPerHash; i++) distance += bitCounts[words[wordsPerHash * row + i]! ^ wanted[i]!]!;
      if (distance > radius) continue;
      const tag = this.#tags[row]!;
      if (tags !== undefined && ((tags[tag >> 3]! >> (tag & 7)) & 1) === 0) continue;
      hits.push({ id: this.#ids[row]!, distance, crop: this.#crops[row]! });
    }
    return hits;
  }

  /** Overwrites and frees all rows. */
  clear(): void {
    this.#hashes.fill(0);
    this.#hashes = new Uint8Array(0);
    this.#ids = new Float64Array(0);
    this.#tags = new Uint8Array(0);
    this.#crops = new Uint8Array(0);
    this.#places = new Map();
    this.#count = 0;
  }

  #hash(row: number): Uint8Array {
    return this.#hashes.subarray(hashBytes * row, hashBytes * (row + 1));
  }

  #placesOf(id: number): number[] {
    const places = this.#places.get(id);
    if (places === undefined) throw failure("ERR_EMPREINTE_UNKNOWN_ID", "an id is not in the index");
    return typeof places === "number" ? [places] : places;
  }

  /** Puts the last row in the place of one, and zeros in the last one's. */
  #removeRow(row: number): void {
    const last = --this.#count;
    const id = this.#ids[last]!;
    if (row !== last) {
      this.#hashes.copyWithin(hashBytes * row, hashBytes * last, hashBytes * (last + 1));
      this.#ids[row] = id;
      this.#tags[row] = this.#tags[last]!;
      this.#crops[row] = this.#crops[last]!;
      const places = this.#places.get(id);
      if (typeof places === "object") places[places.indexOf(last)] = row;
      else this.#places.set(id, row);
    }
    this.#hash(last).fill(0);
  }

  #reserve(rows: number): void {
    if (rows <= this.#ids.length) return;
    const room = Math.max(rows, 2 * this.#ids.length, 64);
    const grown = <T extends Uint8Array | Float64Array>(array: T, larger: T): T => {
      larger.set(array);
      return larger;
    };
    const before = this.#hashes;
    this.#hashes = grown(before, new Uint8Array(hashBytes * room));
    before.fill(0);
    this.#ids = grown(this.#ids, new Float64Array(room));
    this.#tags = grown(this.#tags, new Uint8Array(room));
    this.#crops = grown(this.#crops, new Uint8Array(room));
  }
}
