import { integer, options as known, signal as checkSignal } from "../check.js";
import { EmpreinteError, InvalidHashError } from "../errors.js";
import { type HashLike, hashToBytes } from "../hash/value.js";
import { kernelName } from "../hash/pixels.js";
import { withSignal } from "../native/abort.js";
import type { IndexHandle } from "../native/binding.js";
import { native } from "../native/load.js";

/** An entry within the radius. */
export interface Hit {
  /** The entry: entries are numbered from 0 in the order they were added. */
  id: number;
  /** Differing bits, 0 … 256. */
  distance: number;
}

export interface SearchOptions {
  /** The kernel by name, for tests and measurements. */
  kernel?: string;
}

export interface AsyncSearchOptions extends SearchOptions {
  signal?: AbortSignal;
}

/** Several hashes: one after the other in one array of 32 bytes each, or any iterable. */
export type Hashes = Uint8Array | Iterable<HashLike>;

function pack(hashes: Hashes): Uint8Array {
  if (hashes instanceof Uint8Array) {
    if (hashes.length % 32 === 0) return hashes;
    throw new InvalidHashError(`Expected a multiple of 32 bytes but received ${hashes.length}`);
  }
  if (typeof hashes === "string") throw new InvalidHashError("Expected several hashes but received one string");
  const list = Array.from(hashes, hashToBytes);
  const packed = new Uint8Array(32 * list.length);
  list.forEach((hash, i) => packed.set(hash, 32 * i));
  return packed;
}

/**
 * An exact Hamming index in memory: a search gives every entry within the radius, sorted by distance, then id.
 *
 * A search sees the entries that were there when it was called. `close()` frees the memory; searches that run then finish.
 *
 * @example
 * const index = new HashIndex();
 * index.addMany(hashes);
 * const hits = index.searchSync(hash, 31);
 */
export class HashIndex {
  readonly #handle: IndexHandle = native.createIndex();
  #size = 0;
  #closed = false;

  /** How many entries there are. */
  get size(): number {
    return this.#size;
  }

  /** Bytes of memory the entries take. */
  get bytes(): number {
    this.#open();
    return native.indexBytes(this.#handle);
  }

  #open(): void {
    if (this.#closed) throw new EmpreinteError("ERR_EMPREINTE_CLOSED", "The index is closed");
  }

  /** Adds one hash and answers its id. @throws {InvalidHashError} */
  add(hash: HashLike): number {
    return this.addMany(hashToBytes(hash));
  }

  /** Adds hashes, all or none, and answers the id of the first; the others follow. @throws {InvalidHashError} */
  addMany(hashes: Hashes): number {
    const packed = pack(hashes); // first: an iterable may add to, or close, this very index while it is read
    this.#open();
    const first = this.#size;
    this.#size = native.indexAdd(this.#handle, packed);
    return first;
  }

  /** Every entry within `radius` (0 … 256) of `hash`. @throws {InvalidArgumentError} @throws {InvalidHashError} */
  searchSync(hash: HashLike, radius: number, options?: SearchOptions): Hit[] {
    return this.searchManySync(hashToBytes(hash), radius, options)[0] ?? [];
  }

  /** For each hash, every entry within `radius`. @throws {InvalidArgumentError} @throws {InvalidHashError} */
  searchManySync(hashes: Hashes, radius: number, options?: SearchOptions): Hit[][] {
    const { kernel } = known(options, ["kernel"]);
    const queries = pack(hashes);
    this.#open();
    const most = integer("radius", radius, 0, 256);
    return group(native.searchSync(this.#handle, queries, most, kernelName(kernel)), queries.length / 32);
  }

  /** As `searchSync`, off this thread. Rejects with the signal's reason when aborted. */
  async search(hash: HashLike, radius: number, options?: AsyncSearchOptions): Promise<Hit[]> {
    return (await this.searchMany(hashToBytes(hash), radius, options))[0] ?? [];
  }

  /** As `searchManySync`, off this thread. Rejects with the signal's reason when aborted. */
  async searchMany(hashes: Hashes, radius: number, options?: AsyncSearchOptions): Promise<Hit[][]> {
    const { kernel, signal } = known(options, ["kernel", "signal"]);
    const queries = pack(hashes);
    const count = queries.length / 32; // now: the caller may transfer or shrink the buffer while the job runs
    this.#open();
    const most = integer("radius", radius, 0, 256);
    const triples = await withSignal(checkSignal(signal), (cancel) =>
      native.search(this.#handle, queries, most, kernelName(kernel), cancel),
    );
    return group(triples, count);
  }

  /** Frees the entries now. Any later call but `close` fails with `ERR_EMPREINTE_CLOSED`. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#size = 0;
    native.closeIndex(this.#handle);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** From triples (query, row, distance) to a list for each query. */
function group(triples: Uint32Array, queries: number): Hit[][] {
  const lists: Hit[][] = Array.from({ length: queries }, () => []);
  for (let i = 0; i < triples.length; i += 3) {
    lists[triples[i]!]!.push({ id: triples[i + 1]!, distance: triples[i + 2]! });
  }
  return lists;
}
