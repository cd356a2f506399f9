import { type Field, TiffReader } from "./tiff-directory.js";

const compression = 259;
const photometric = 262;
const ycbcrSubsampling = 530;
const referenceBlackWhite = 532;

/** What is needed of a page, and the defaults where a tag is absent. */
interface Colours {
  compression: number;
  photometric: number | undefined;
  subsampling: number[];
  range: number[];
}

/** @throws {RangeError} if the file is cut. */
function readColours(bytes: Uint8Array, page: number): Colours {
  const reader = new TiffReader(bytes);
  const tags = reader.directory(page);
  const numbers = (tag: number): number[] | undefined => {
    const field: Field | undefined = tags.get(tag);
    return field === undefined ? undefined : reader.numbers(field);
  };
  const range = tags.get(referenceBlackWhite);
  return {
    compression: numbers(compression)?.[0] ?? 1,
    photometric: numbers(photometric)?.[0],
    subsampling: numbers(ycbcrSubsampling) ?? [2, 2],
    range: range === undefined ? [0, 255, 128, 255, 128, 255] : reader.fractions({ ...range, count: 6 }),
  };
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
  let colours: Colours;
  try {
    colours = readColours(bytes, page);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
  const [horizontal, vertical] = colours.subsampling;
  const isJpeg = [6, 7].includes(colours.compression);
  if (colours.photometric !== 6 || isJpeg || horizontal !== 1 || vertical !== 1) return undefined;
  const { range } = colours;
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
