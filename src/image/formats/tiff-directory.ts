/** Reads the directories of a TIFF or BigTIFF: what their tags are, without the samples. */

/** A tag's values, still in the file. */
export interface Field {
  type: number;
  count: number;
  /** The byte at which the values begin. */
  at: number;
}

/** The tags of one page, by their numbers. */
export type Directory = ReadonlyMap<number, Field>;

/** Bytes of a value of each type: 1 BYTE, 2 ASCII, 3 SHORT, 4 LONG, 5 RATIONAL, 6 SBYTE, 7 UNDEFINED, … 16 LONG8. */
const typeBytes = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8];

/** Most numbers that a field may have here: strips or tiles of a page. */
const mostNumbers = 2 ** 22;

export class TiffReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #little: boolean;
  readonly #big: boolean;
  /** Bytes of the count before the entries, of an entry, and of the value in it. */
  readonly #sizes: readonly [count: number, entry: number, value: number];

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#little = bytes[0] === 0x49;
    this.#big = this.#short(2) === 43;
    this.#sizes = this.#big ? [8, 20, 8] : [2, 12, 4];
  }

  #short(at: number): number {
    return this.#view.getUint16(at, this.#little);
  }

  #long(at: number): number {
    return this.#view.getUint32(at, this.#little);
  }

  #offset(at: number): number {
    return this.#big ? Number(this.#view.getBigUint64(at, this.#little)) : this.#long(at);
  }

  /** The byte at which the directory of the first page begins; 0 if there is none. */
  get first(): number {
    return this.#offset(this.#sizes[2]);
  }

  /** Returns where the directory behind one begins; 0 behind the last. @throws {RangeError} if the file is cut. */
  next(at: number): number {
    const [countBytes, entryBytes] = this.#sizes;
    return this.#offset(at + countBytes + entryBytes * this.entries(at));
  }

  /** Returns how many entries the directory at a byte says that it has. @throws {RangeError} if the file is cut. */
  entries(at: number): number {
    return this.#big ? this.#offset(at) : this.#short(at);
  }

  /** Reads the directory of a page. @throws {RangeError} if the file is cut, or has no such page. */
  directory(page: number): Directory {
    let at = this.first;
    for (let i = 0; i < page; i++) at = this.next(at);
    if (at === 0) throw new RangeError("there is no such page");
    return this.directoryAt(at);
  }

  /** Reads the directory at a byte of the file. @throws {RangeError} if the file is cut. */
  directoryAt(at: number): Directory {
    const [countBytes, entryBytes, valueBytes] = this.#sizes;
    const fields = new Map<number, Field>();
    for (let entry = at + countBytes, i = this.entries(at); i > 0; i--, entry += entryBytes) {
      const type = this.#short(entry + 2);
      const count = this.#offset(entry + 4);
      const value = entry + entryBytes - valueBytes;
      const bytes = (typeBytes[type] ?? 0) * count;
      fields.set(this.#short(entry), { type, count, at: bytes <= valueBytes ? value : this.#offset(value) });
    }
    return fields;
  }

  /** Reads whole numbers of a field. @throws {RangeError} if the file is cut, or for more than four million of them. */
  numbers({ type, count, at }: Field): number[] {
    const size = typeBytes[type] ?? 0;
    if (size === 0 || count > mostNumbers || at + size * count > this.#bytes.length)
      throw new RangeError("the file is cut");
    const read = [
      undefined,
      (where: number): number => this.#bytes[where]!,
      (where: number): number => this.#short(where),
      undefined,
      (where: number): number => this.#long(where),
    ][size];
    return Array.from({ length: count }, (_, i) => {
      const where = at + size * i;
      return read?.(where) ?? Number(this.#view.getBigUint64(where, this.#little));
    });
  }

  /** Reads fractions, each of two numbers of 32 bits. @throws {RangeError} if the file is cut. */
  fractions({ count, at }: Field): number[] {
    return Array.from({ length: count }, (_, i) => this.#long(at + 8 * i) / this.#long(at + 8 * i + 4));
  }

  /** Returns bytes of the file, as far as they are there. */
  bytes(at: number, length: number): Uint8Array {
    return this.#bytes.subarray(at, at + length);
  }
}
