import { EmpreinteError } from "../errors.js";
import type { KnownBatch } from "./entry-batches.js";

/** The number of entries of a page, in memory and in the file of entries. Only the last page has fewer. */
export const pageEntries: number = 1 << 14;

/** The lines and metadata of a list's entries, by their numbers. */
export interface Entries {
  /** Returns the line in its list, from 1. */
  line(id: number): number;
  metadata(id: number): string;
  /** Yields the bytes of each page, as they are in the file. */
  pages(): Iterable<Uint8Array>;
  /** Keeps the entries open until `release`. New entries are held once. */
  hold(): void;
  release(): void;
}

/**
 * One page of entries. It has no object for each entry, because a list of a million would then take too much memory.
 */
class Page {
  readonly lines: Float64Array = new Float64Array(pageEntries);
  readonly #ends: Uint32Array = new Uint32Array(pageEntries);
  #text: Uint8Array = new Uint8Array(0);
  #size = 0;

  get full(): boolean {
    return this.#size === pageEntries;
  }

  get empty(): boolean {
    return this.#size === 0;
  }

  get #textEnd(): number {
    return this.#size === 0 ? 0 : this.#ends[this.#size - 1]!;
  }

  /** Takes as many of the batch's entries as fit, from `first` on, and returns how many. */
  take(batch: KnownBatch, first: number): number {
    const count = Math.min(pageEntries - this.#size, batch.ends.length - first);
    const from = first === 0 ? 0 : batch.ends[first - 1]!;
    const to = batch.ends[first + count - 1]!;
    const start = this.#textEnd;
    this.#reserve(start + to - from);
    this.#text.set(batch.metadata.subarray(from, to), start);
    this.lines.set(batch.lines.subarray(first, first + count), this.#size);
    for (let i = 0; i < count; i++) this.#ends[this.#size + i] = start + batch.ends[first + i]! - from;
    this.#size += count;
    if (this.full) this.#text = this.#text.slice(0, this.#textEnd);
    return count;
  }

  metadata(i: number): string {
    const start = i === 0 ? 0 : this.#ends[i - 1]!;
    return Buffer.from(this.#text.buffer).toString("utf8", start, this.#ends[i]);
  }

  /** Returns the page as it is in the file: lines, ends, text. */
  bytes(): Uint8Array {
    const of = (array: Float64Array | Uint32Array): Uint8Array => new Uint8Array(array.buffer, 0, array.byteLength);
    const [lines, ends] = [this.lines.slice(0, this.#size), this.#ends.slice(0, this.#size)];
    return Buffer.concat([of(lines), of(ends), this.#text.subarray(0, this.#textEnd)]);
  }

  clear(): void {
    this.#size = 0;
  }

  #reserve(bytes: number): void {
    if (bytes > 0xffff_ffff) {
      throw new EmpreinteError(
        "ERR_EMPREINTE_OUT_OF_MEMORY",
        "16,384 entries of the list have more than 4 GiB of text",
      );
    }
    if (bytes <= this.#text.length) return;
    const larger = new Uint8Array(Math.max(bytes, Math.min(2 * this.#text.length, 0xffff_ffff)));
    larger.set(this.#text.subarray(0, this.#textEnd));
    this.#text = larger;
  }
}

/** Entries in memory, numbered from 0 in the order of their addition. */
export class KeptEntries implements Entries {
  readonly #pages: Page[] = [];

  add(batch: KnownBatch): void {
    for (let first = 0; first < batch.ends.length;) {
      let page = this.#pages.at(-1);
      if (page === undefined || page.full) this.#pages.push((page = new Page()));
      first += page.take(batch, first);
    }
  }

  line(id: number): number {
    return this.#page(id).lines[id % pageEntries]!;
  }

  metadata(id: number): string {
    return this.#page(id).metadata(id % pageEntries);
  }

  *pages(): Generator<Uint8Array> {
    for (const page of this.#pages) yield page.bytes();
  }

  hold(): void {
    // The collector frees the memory.
  }

  release(): void {
    // As above.
  }

  #page(id: number): Page {
    return this.#pages[Math.floor(id / pageEntries)]!;
  }
}

/** Entries that are written to a file. It keeps one page in memory. */
export class PassingEntries {
  readonly #page: Page = new Page();
  readonly #write: (page: Uint8Array) => Promise<void>;

  constructor(write: (page: Uint8Array) => Promise<void>) {
    this.#write = write;
  }

  async add(batch: KnownBatch): Promise<void> {
    for (let first = 0; first < batch.ends.length;) {
      first += this.#page.take(batch, first);
      if (this.#page.full) await this.finish();
    }
  }

  /** Writes the last page. */
  async finish(): Promise<void> {
    if (!this.#page.empty) await this.#write(this.#page.bytes());
    this.#page.clear();
  }
}
