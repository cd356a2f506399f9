/** Reads Huffman codes and counts bits. Values of coefficients do not matter here. */

/** The data of a scan ended before all blocks were read, or contain an invalid code. */
export class BadData extends Error {}

/** A table for 16 bits: the length of the code in the upper bits, its value in the lower eight. 0 is no code. */
export type HuffmanTable = Uint16Array;

const tableBits = 16;

/** Returns the value of the code that zeros are, or undefined if zeros are no code. */
export function valueOfZeros(table: HuffmanTable): number | undefined {
  const entry = table[0]!;
  return entry === 0 ? undefined : entry & 255;
}

/**
 * Reads the tables of a DHT segment into `tables`: 0 … 3 for DC, 16 … 19 for AC. Returns false if the segment is cut.
 */
export function readTables(payload: Uint8Array, tables: Map<number, HuffmanTable>): boolean {
  let at = 0;
  while (at + 17 <= payload.length) {
    const id = payload[at]!;
    const counts = payload.subarray(at + 1, at + 17);
    const values = counts.reduce((sum, count) => sum + count, 0);
    if (at + 17 + values > payload.length) return false;
    tables.set(id, tableOf(counts, payload.subarray(at + 17, at + 17 + values)));
    at += 17 + values;
  }
  return at === payload.length;
}

function tableOf(counts: Uint8Array, values: Uint8Array): HuffmanTable {
  const table = new Uint16Array(2 ** tableBits);
  let code = 0;
  let next = 0;
  for (let length = 1; length <= 16; length++) {
    for (let i = 0; i < counts[length - 1]!; i++, code++) {
      const start = code << (tableBits - length);
      table.fill((length << 8) | values[next++]!, start, start + 2 ** (tableBits - length));
    }
    code <<= 1;
  }
  return table;
}

/** Reads bits of entropy-coded data, up to the next marker. */
export class BitReader {
  readonly #bytes: Uint8Array;
  #at = 0;
  #bits = 0;
  #count = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Makes at least 16 bits readable, or as many as there are before the next marker. */
  #fill(): void {
    const bytes = this.#bytes;
    while (this.#count <= 16) {
      let next = bytes[this.#at];
      if (next === undefined) return;
      let after = this.#at + 1;
      if (next === 0xff) {
        while (bytes[after] === 0xff) after++;
        if (bytes[after] !== 0) return;
        after++;
        next = 0xff;
      }
      this.#at = after;
      this.#bits = ((this.#bits << 8) | next) & 0xff_ffff;
      this.#count += 8;
    }
  }

  /** Skips bits, at most 16. @throws {BadData} if there are fewer. */
  skip(count: number): void {
    if (this.#count < count) this.#fill();
    if (this.#count < count) throw new BadData("its data end early");
    this.#count -= count;
  }

  /** Reads bits, at most 16. @throws {BadData} if there are fewer. */
  read(count: number): number {
    this.skip(count);
    return (this.#bits >>> this.#count) & (2 ** count - 1);
  }

  /** Reads a code and returns its value. @throws {BadData} */
  decode(table: HuffmanTable): number {
    if (this.#count < tableBits) this.#fill();
    const missing = tableBits - this.#count;
    const next = missing > 0 ? (this.#bits << missing) & 0xffff : (this.#bits >>> -missing) & 0xffff;
    const entry = table[next]!;
    const length = entry >> 8;
    // Zeros were read where data are missing, so what is no code there may be one that is cut.
    if (length > this.#count || (length === 0 && missing > 0)) throw new BadData("its data end early");
    if (length === 0) throw new BadData("its data contain an invalid code");
    this.#count -= length;
    return entry & 255;
  }

  /** How many bytes are left, but for those of which bits were read. */
  get left(): number {
    return this.#bytes.length - this.#at;
  }

  /**
   * Goes to the restart marker of that number, behind bits that are left. @throws {BadData} if another marker comes
   * first.
   */
  restart(number: number): void {
    const bytes = this.#bytes;
    let at = this.#at;
    this.#count = 0;
    for (;;) {
      while (at < bytes.length && bytes[at] !== 0xff) at++;
      while (bytes[at] === 0xff) at++;
      const marker = bytes[at++];
      if (marker === undefined) throw new BadData("its data end early");
      if (marker === 0) continue;
      if (marker === 0xd0 + (number & 7)) break;
      throw new BadData("a restart marker is missing");
    }
    this.#at = at;
  }
}
