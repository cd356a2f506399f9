/** Fewer pixels: the mean colours of areas of an image, from evenly spaced samples of each. */
import { endianness } from "node:os";
import { nativePixels, type RawPixels } from "../hash/raw-pixels.js";
import type { Page } from "./decode/decode.js";
import type { Decoding } from "./decode/decoded.js";
import { tooManyPixels } from "./decode/refusals.js";

/** Stored samples of a decoded page or of raw pixels. */
interface Stored extends Pick<Page, "data" | "width" | "height" | "channels" | "depth" | "cmyk"> {
  /** Bytes from the start of one row to the next. */
  stride: number;
}

/** A reduced image: RGBA, rows without gaps. */
export interface Reduced {
  pixels: Uint8ClampedArray;
  width: number;
  height: number;
}

/** Which byte of a 16-bit sample has the upper half, in this machine's byte order. */
const highByte = endianness() === "LE" ? 1 : 0;

/** Adds the colour of a pixel as `hashImage` reads it: alpha is dropped, and ink is subtracted from white. */
function addColour(sum: Float64Array, { data, channels, depth, cmyk, stride }: Stored, x: number, y: number): void {
  const bytes = depth / 8;
  const start = y * stride + x * channels * bytes + (depth === 8 ? 0 : highByte);
  const step = channels < 3 ? 0 : bytes;
  const paper = cmyk ? (255 - data[start + 3 * bytes]!) / 255 : 1;
  for (let i = 0; i < 3; i++) {
    const value = data[start + i * step]!;
    sum[i]! += cmyk ? (255 - value) * paper : value;
  }
}

/** Returns the positions of the samples of each of `count` areas along a side of `length` pixels. */
function places(count: number, length: number, samples: number): Uint32Array {
  const each = length / count;
  return Uint32Array.from({ length: count * samples }, (_, at) => {
    const area = Math.floor(at / samples);
    return Math.floor(area * each + (((at % samples) + 0.5) * each) / samples);
  });
}

/** Reduces an image to at most `side` pixels a side, each the mean of `samples`² samples. */
function reduced(image: Stored, side: number, samples: number): Reduced {
  const longer = Math.max(image.width, image.height);
  const scale = Math.min(1, side / longer);
  const width = Math.max(1, Math.round(image.width * scale));
  const height = Math.max(1, Math.round(image.height * scale));
  // More samples than pixels are the same samples again.
  const across = Math.min(samples, Math.ceil(image.width / width));
  const down = Math.min(samples, Math.ceil(image.height / height));
  const columns = places(width, image.width, across);
  const rows = places(height, image.height, down);
  const pixels = new Uint8ClampedArray(4 * width * height);
  const sum = new Float64Array(3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      sum.fill(0);
      for (let row = y * down; row < (y + 1) * down; row++) {
        for (let column = x * across; column < (x + 1) * across; column++) {
          addColour(sum, image, columns[column]!, rows[row]!);
        }
      }
      const at = 4 * (y * width + x);
      for (let i = 0; i < 3; i++) pixels[at + i] = sum[i]! / (across * down);
      pixels[at + 3] = 255;
    }
  }
  return { pixels, width, height };
}

/** Reduces the first page of an image that is decoded. */
export async function reduceFirstPage({ pages }: Decoding, side: number, samples: number): Promise<Reduced> {
  const { value } = await pages.next();
  const page = value as Page;
  return reduced({ ...page, stride: (page.width * page.channels * page.depth) / 8 }, side, samples);
}

/** Reduces raw pixels. @throws {InvalidArgumentError} @throws {LimitError} */
export function reducePixels(
  input: RawPixels,
  maxPixels: number,
  name = "pixels",
  side: number,
  samples: number,
): Reduced {
  // This makes the same checks as hashing.
  const pixels = nativePixels(input);
  const { width, height } = pixels;
  if (width * height > maxPixels) throw tooManyPixels(name, maxPixels, width, height);
  return reduced({ ...pixels, depth: 8, cmyk: false }, side, samples);
}
