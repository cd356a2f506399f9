const compression = 259;
const photometric = 262;
const ycbcrSubsampling = 530;
const referenceBlackWhite = 532;

/** The values of tags, by their numbers. */
type Tags = Map<number, number[]>;

/** Reads those of the four tags above that a directory has. @throws {RangeError} if the file is cut. */
function readTags(bytes: Uint8Array, page: number): Tags {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const little = bytes[0] === 0x49;
  const short = (at: number): number => view.getUint16(at, little);
  const long = (at: number): number => view.getUint32(at, little);
  const big = short(2) === 43;
  const offset = big ? (at: number): number => Number(view.getBigUint64(at, little)) : long;
  const [countBytes, entryBytes, valueBytes] = big ? [8, 20, 8] : [2, 12, 4];
  const count = (at: number): number => (big ? offset(at) : short(at));

  let at = offset(valueBytes);
  for (let i = 0; i < page; i++) at = offset(at + countBytes + entryBytes * count(at));
  const tags: Tags = new Map();
  for (let entry = at + countBytes, i = count(at); i > 0; i--, entry += entryBytes) {
    const tag = short(entry);
    if (![compression, photometric, ycbcrSubsampling, referenceBlackWhite].includes(tag)) continue;
    const value = entry + entryBytes - valueBytes;
    if (tag === referenceBlackWhite) {
      const from = offset(value);
      tags.set(
        tag,
        Array.from({ length: 6 }, (_, k) => long(from + 8 * k) / long(from + 8 * k + 4)),
      );
    } else tags.set(tag, [short(value), short(value + 2)]);
  }
  return tags;
}

/**
 * Returns a function that converts the samples of a page to RGB in place, if they are Y, Cb and Cr that the decoder
 * gives unconverted: neither JPEG nor subsampled. Returns undefined for all other pages, and for a directory that
 * cannot be followed, which the decoder refuses.
 */
export function ycbcrToRgb(
  bytes: Uint8Array,
  page: number,
): ((data: Uint8Array, channels: number) => void) | undefined {
  let tags: Tags;
  try {
    tags = readTags(bytes, page);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
  const [horizontal, vertical] = tags.get(ycbcrSubsampling) ?? [2, 2];
  const isJpeg = [6, 7].includes(tags.get(compression)?.[0] ?? 1);
  if (tags.get(photometric)?.[0] !== 6 || isJpeg || horizontal !== 1 || vertical !== 1) return undefined;
  const range = tags.get(referenceBlackWhite) ?? [0, 255, 128, 255, 128, 255];
  return (data, channels) => convert(data, channels, range);
}

/** Converts as TIFF 6.0, section 21, says, with the luma coefficients of BT.601, which are its default. */
function convert(data: Uint8Array, channels: number, range: number[]): void {
  const scaled = (c: number, most: number): Float64Array =>
    Float64Array.from({ length: 256 }, (_, v) => ((v - range[2 * c]!) * most) / (range[2 * c + 1]! - range[2 * c]!));
  const [luma, blue, red] = [scaled(0, 255), scaled(1, 127), scaled(2, 127)];
  const clamped = new Uint8ClampedArray(data.buffer, data.byteOffset, data.byteLength);
  for (let i = 0; i + 2 < data.length; i += channels) {
    const y = luma[data[i]!]!;
    const cb = blue[data[i + 1]!]!;
    const cr = red[data[i + 2]!]!;
    clamped[i] = y + 1.402 * cr;
    clamped[i + 1] = y - (0.114 * 1.772 * cb + 0.299 * 1.402 * cr) / 0.587;
    clamped[i + 2] = y + 1.772 * cb;
  }
}
