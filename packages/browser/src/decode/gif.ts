/**
 * The first frame of a GIF. A transparent pixel has the colour of the palette that it hides, as the reference hashes
 * it.
 */
import { damaged, unsupported } from "../errors.js";
import { checkSides, type Decoded } from "./decoded.js";

/** Bytes of a file that are read in order. */
class Reader {
  readonly #bytes: Uint8Array;
  #at: number;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.#at = at;
  }

  byte(): number {
    const value = this.#bytes[this.#at++];
    if (value === undefined) throw damaged("it ends early");
    return value;
  }

  word(): number {
    return this.byte() | (this.byte() << 8);
  }

  take(length: number): Uint8Array {
    if (length > this.#bytes.length - this.#at) throw damaged("it ends early");
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  /** Reads sub-blocks, each after its length, up to the empty one. */
  *blocks(): Generator<Uint8Array, void, undefined> {
    for (let length = this.byte(); length !== 0; length = this.byte()) yield this.take(length);
  }

  table(flags: number): Uint8Array | undefined {
    return flags & 0x80 ? this.take(3 << ((flags & 7) + 1)) : undefined;
  }
}

/** Decodes LZW codes into exactly `count` indices. */
function indices(reader: Reader, least: number, count: number): Uint8Array {
  if (least < 1 || least > 11) throw damaged("its codes have an impossible length");
  const out = new Uint8Array(count);
  const [clear, end] = [1 << least, (1 << least) + 1];
  const prefix = new Uint16Array(4096);
  const suffix = new Uint8Array(4096);
  const stack = new Uint8Array(4097);
  for (let i = 0; i < clear; i++) suffix[i] = i;
  let [size, next, previous, first, at, buffer, bits] = [least + 1, clear + 2, -1, 0, 0, 0, 0];
  for (const block of reader.blocks()) {
    for (const byte of block) {
      buffer |= byte << bits;
      bits += 8;
      while (bits >= size && at < count) {
        const code = buffer & ((1 << size) - 1);
        buffer >>>= size;
        bits -= size;
        if (code === clear) {
          [size, next, previous] = [least + 1, clear + 2, -1];
          continue;
        }
        if (code === end) throw damaged("its first image ends early");
        let depth = 0;
        let current = code;
        if (previous === -1) {
          if (code >= clear) throw damaged("its data contain an invalid code");
        } else if (code >= next) {
          if (code > next) throw damaged("its data contain an invalid code");
          stack[depth++] = first;
          current = previous;
        }
        while (current >= clear) {
          stack[depth++] = suffix[current]!;
          current = prefix[current]!;
        }
        first = suffix[current]!;
        stack[depth++] = first;
        while (depth > 0 && at < count) out[at++] = stack[--depth]!;
        if (previous !== -1 && next < 4096) {
          prefix[next] = previous;
          suffix[next] = first;
          next++;
          if (next === 1 << size && size < 12) size++;
        }
        previous = code;
      }
    }
    if (at === count) return out;
  }
  throw damaged("its first image ends early");
}

/** Yields the rows of an interlaced frame, in the order in which they are stored. */
function* storedRows(height: number, interlaced: boolean): Generator<number, void, undefined> {
  const passes = interlaced
    ? ([
        [0, 8],
        [4, 8],
        [2, 4],
        [1, 2],
      ] as const)
    : ([[0, 1]] as const);
  for (const [from, step] of passes) for (let y = from; y < height; y += step) yield y;
}

/** Decodes the first frame of a GIF. */
export function decodeGif(bytes: Uint8Array, maxPixels: number): Decoded {
  const reader = new Reader(bytes, 6);
  const [width, height, flags] = [reader.word(), reader.word(), reader.byte()];
  reader.take(2);
  checkSides(width, height, maxPixels);
  const common = reader.table(flags);
  for (let kind = reader.byte(); kind !== 0x2c; kind = reader.byte()) {
    if (kind !== 0x21) throw damaged("it has no image");
    reader.byte();
    for (const block of reader.blocks()) void block;
  }
  const [left, top, across, down, own] = [reader.word(), reader.word(), reader.word(), reader.word(), reader.byte()];
  if (left !== 0 || top !== 0 || across !== width || down !== height)
    throw unsupported("a GIF whose first image does not fill it");
  const palette = reader.table(own) ?? common;
  if (palette === undefined) throw unsupported("a GIF without a palette");
  const stored = indices(reader, reader.byte(), width * height);
  const data = new Uint8Array(width * height * 3);
  let from = 0;
  for (const y of storedRows(height, (own & 0x40) !== 0)) {
    for (let to = y * width * 3, end = to + width * 3; to < end; to += 3, from++) {
      const entry = 3 * stored[from]!;
      if (entry >= palette.length) throw unsupported("a GIF with colours that its palette does not have");
      data[to] = palette[entry]!;
      data[to + 1] = palette[entry + 1]!;
      data[to + 2] = palette[entry + 2]!;
    }
  }
  return { data, width, height, channels: 3 };
}
