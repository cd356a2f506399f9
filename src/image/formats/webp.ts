/**
 * WebP data that are longer than what the decoder took of them. Arithmetic and Huffman codes have no end mark: of zeros
 * in the place of data the decoder makes blocks, takes fewer bytes than there are, and reports nothing. An encoder
 * writes no byte too many, so a sound image cannot be decoded without its last ones.
 */

/** Bytes that are left out. Encoders fill up the end with four at most. */
const left = 8;
/** So many zeros in a row are looked at. Only areas of one colour have them where nothing is missing. */
const hole = Buffer.alloc(16);

interface Chunk {
  type: string;
  data: Buffer;
}

/** Yields the chunks of a RIFF, or of the frame of an animation. */
export function* webpChunks(bytes: Buffer, from = 12): Generator<Chunk, void, undefined> {
  for (let at = from; at + 8 <= bytes.length;) {
    const length = bytes.readUInt32LE(at + 4);
    yield { type: bytes.toString("latin1", at, at + 4), data: bytes.subarray(at + 8, at + 8 + length) };
    at += 8 + length + (length & 1);
  }
}

/** Returns the image data of each frame: one for a still image. */
function framesOf(bytes: Buffer): Chunk[] {
  const isImage = ({ type }: Chunk): boolean => type === "VP8 " || type === "VP8L";
  return [...webpChunks(bytes)].flatMap((chunk) =>
    chunk.type === "ANMF" ? [...webpChunks(chunk.data, 16)].filter(isImage) : isImage(chunk) ? [chunk] : [],
  );
}

/** Makes a still image of image data. */
function stillOf(type: string, data: Buffer): Buffer {
  const head = Buffer.alloc(20);
  head.write("RIFF", 0, "latin1");
  head.writeUInt32LE(12 + data.length + (data.length & 1), 4);
  head.write(`WEBP${type}`, 8, "latin1");
  head.writeUInt32LE(data.length, 16);
  return Buffer.concat([head, data, Buffer.alloc(data.length & 1)]);
}

/** Reads the header of lossy data, whose bits are all equally probable (RFC 6386, 7 and 9). */
class HeaderBits {
  readonly #data: Buffer;
  #at: number;
  #value: number;
  #range = 255;
  #shifts = 0;

  constructor(data: Buffer, at: number) {
    this.#data = data;
    this.#value = data.readUInt16BE(at);
    this.#at = at + 2;
  }

  bits(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i++) value = 2 * value + this.#bit();
    return value;
  }

  flag(): boolean {
    return this.bits(1) === 1;
  }

  /** Skips values that are there only behind a flag. */
  skip(values: number, bits: number): void {
    for (let i = 0; i < values; i++) if (this.flag()) this.bits(bits);
  }

  #bit(): number {
    const split = 1 + (((this.#range - 1) * 128) >> 8);
    const isOne = this.#value >= split << 8;
    if (isOne) {
      this.#range -= split;
      this.#value -= split << 8;
    } else this.#range = split;
    for (; this.#range < 128; this.#range <<= 1) {
      this.#value <<= 1;
      if (++this.#shifts % 8 === 0) this.#value |= this.#data[this.#at++] ?? 0;
    }
    return isOne ? 1 : 0;
  }
}

/** Tag, start code and sides. */
const tagBytes = 10;

/** Returns how many partitions of coefficients lossy data have. */
function partitionsOf(data: Buffer): number {
  const header = new HeaderBits(data, tagBytes);
  header.bits(2);
  if (header.flag()) {
    const [hasMap, hasValues] = [header.flag(), header.flag()];
    if (hasValues) {
      header.bits(1);
      header.skip(4, 8);
      header.skip(4, 7);
    }
    if (hasMap) header.skip(3, 8);
  }
  header.bits(10);
  if (header.flag() && header.flag()) header.skip(8, 7);
  return 1 << header.bits(2);
}

/**
 * Returns lossy data without the last bytes of one partition, for each that has a hole. Undefined where they do not
 * fit.
 */
function shorterLossy(data: Buffer): Buffer[] {
  if (data.length < tagBytes + 2 || (data[0]! & 1) !== 0) return [];
  const tag = data.readUIntLE(0, 3);
  const firstEnd = tagBytes + (tag >> 5);
  const count = partitionsOf(data);
  let at = firstEnd + 3 * (count - 1);
  if (at > data.length) return [];
  const without = (from: number, end: number, change: (copy: Buffer) => void): Buffer[] => {
    if (end - from <= left || !data.subarray(from, end).includes(hole)) return [];
    const copy = Buffer.from(data);
    change(copy);
    return [Buffer.concat([copy.subarray(0, end - left), copy.subarray(end)])];
  };
  const found = without(tagBytes, firstEnd, (copy) => copy.writeUIntLE(tag - (left << 5), 0, 3));
  for (let i = 0; i < count; i++) {
    const place = firstEnd + 3 * i;
    const length = i < count - 1 ? data.readUIntLE(place, 3) : data.length - at;
    const end = Math.min(data.length, at + length);
    found.push(...without(at, end, (copy) => i < count - 1 && copy.writeUIntLE(length - left, place, 3)));
    at = end;
  }
  return found;
}

/**
 * Yields images that cannot be decoded if this one is sound: each frame without the last bytes of its data. Of lossy
 * data, which hardly ever decode with other changes, there are only those with a hole.
 * @param all whether all frames are wanted, or the first one.
 */
export function* shortenedWebps(bytes: Uint8Array, all: boolean): Generator<Buffer, void, undefined> {
  const frames = framesOf(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  for (const { type, data } of all ? frames : frames.slice(0, 1)) {
    if (type === "VP8L") {
      if (data.length > 2 * left) yield stillOf(type, data.subarray(0, data.length - left));
    } else for (const shorter of shorterLossy(data)) yield stillOf(type, shorter);
  }
}
