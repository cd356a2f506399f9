/** The pixels of a bitmap as 8-bit RGB. Whatever else a pixel has, such as alpha, is dropped. */
import type { Bitmap, Reading } from "../reading.js";
import type { BmpHeader } from "./header.js";
import { expandRuns } from "./runs.js";

/** Pixels that are made before others may run. */
const slice = 2 ** 20;

/** Writes the pixels of one stored row. Returns the highest number of a colour, or -1. */
type RowReader = (row: Uint8Array, into: Uint8Array, at: number, width: number) => number;

function paletteReader(bits: number, palette: Uint8Array): RowReader {
  const perByte = 8 / bits;
  const mask = 2 ** bits - 1;
  return (row, into, at, width) => {
    let highest = -1;
    for (let x = 0; x < width; x++) {
      const index = (row[(x / perByte) | 0]! >> (8 - bits * ((x % perByte) + 1))) & mask;
      if (index > highest) highest = index;
      into[at + 3 * x] = palette[3 * index]!;
      into[at + 3 * x + 1] = palette[3 * index + 1]!;
      into[at + 3 * x + 2] = palette[3 * index + 2]!;
    }
    return highest;
  };
}

/** A field of n bits is scaled to 8 as other samples are: round(v · 255 / (2ⁿ − 1)). */
function fieldReader(bits: number, masks: readonly number[]): RowReader {
  const fields = masks.map((mask) => {
    const shift = mask === 0 ? 0 : 31 - Math.clz32(mask & -mask);
    return { shift, most: mask >>> shift };
  });
  const bytes = bits / 8;
  return (row, into, at, width) => {
    for (let x = 0; x < width; x++) {
      const from = x * bytes;
      let pixel = row[from]! | (row[from + 1]! << 8);
      if (bytes === 4) pixel |= (row[from + 2]! << 16) | (row[from + 3]! << 24);
      for (let colour = 0; colour < 3; colour++) {
        const { shift, most } = fields[colour]!;
        into[at + 3 * x + colour] = most === 0 ? 0 : Math.round((((pixel >>> shift) & most) >>> 0) * (255 / most));
      }
    }
    return -1;
  };
}

const bytesReader: RowReader = (row, into, at, width) => {
  for (let x = 0; x < 3 * width; x += 3) {
    into[at + x] = row[x + 2]!;
    into[at + x + 1] = row[x + 1]!;
    into[at + x + 2] = row[x]!;
  }
  return -1;
};

function readerOf({ bits, masks, palette }: BmpHeader): RowReader {
  if (bits <= 8) return paletteReader(bits, palette);
  return bits === 24 ? bytesReader : fieldReader(bits, masks);
}

/**
 * Makes the samples of a bitmap, RGB.
 * @throws the error of damage if pixels are missing, or have a colour that the palette has not.
 */
export async function bmpSamples(image: Reading, header: BmpHeader): Promise<Bitmap> {
  const { width, height, bits, runs, topDown, palette } = header;
  const size = width * height;
  // The rows are stored as numbers of 8 bits if they were runs.
  const stored = runs ? { ...header, bits: 8 } : header;
  const rowBytes = Math.ceil((width * stored.bits) / 8);
  const stride = runs ? width : 4 * Math.ceil((width * bits) / 32);
  if (bits <= 8 && palette.length === 0) throw image.damaged("it has no palette");
  if (!runs && header.dataAt + (height - 1) * stride + rowBytes > image.bytes.length)
    throw image.damaged("its data end early");
  const data = new Uint8Array(3 * size);
  let rows = image.bytes.subarray(header.dataAt);
  if (runs) {
    rows = new Uint8Array(size);
    await expandRuns(image, header, rows);
  }
  const read = readerOf(stored);
  const pause = Math.max(1, Math.floor(slice / width));
  for (let y = 0; y < height; y++) {
    const row = rows.subarray(y * stride, y * stride + rowBytes);
    const highest = read(row, data, 3 * width * (topDown ? y : height - 1 - y), width);
    if (3 * highest >= palette.length && highest >= 0)
      throw image.damaged(`a pixel has colour ${highest} of a palette of ${palette.length / 3}`);
    if (y % pause === pause - 1) await image.pause();
  }
  return { data, width, height };
}
