import type { ListBatch } from "../lists/batches.js";

const pageEntries = 1 << 14;

/** One page's worth of entries: no JavaScript object an entry, or a list of a million would not fit beside a service. */
class Page {
  readonly lines: Float64Array = new Float64Array(pageEntries);
  readonly #ends: Uint32Array = new Uint32Array(pageEntries);
  #text: Uint8Array = new Uint8Array(0);
  #size = 0;

  get full(): boolean {
    return this.#size === pageEntries;
  }

  get #textEnd(): number {
    return this.#size === 0 ? 0 : this.#ends[this.#size - 1]!;
  }

  /** Takes what fits of the batch's entries from `first` on and answers how many. */
  take(batch: ListBatch, first: number): number {
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

  #reserve(bytes: number): void {
    if (bytes <= this.#text.length) return;
    const larger = new Uint8Array(Math.max(bytes, 2 * this.#text.length));
    larger.set(this.#text.subarray(0, this.#textEnd));
    this.#text = larger;
  }
}

/** Line and metadata of each entry, numbered from 0 in the order they come. */
export class Entries {
  readonly #pages: Page[] = [];

  add(batch: ListBatch): void {
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

  #page(id: number): Page {
    return this.#pages[Math.floor(id / pageEntries)]!;
  }
}
