/**
 * A picture's colours without the picture, for a card in a review queue: a blurhash of a few cosines, from at most 32 pixels
 * a side, and what it looks like.
 */
import { endianness } from "node:os";
import { decode, encode } from "blurhash";
import sharp from "sharp";
import { integer, checkOptions, checkSignal } from "../check.js";
import { isRawPixels, nativePixels, type RawPixels } from "../hash/raw-pixels.js";
import type { Limits } from "../limits.js";
import { type Page, tooManyPixels } from "./decode.js";
import { type Decoding, withDecoded } from "./decoded.js";
import type { ImageInput } from "./input.js";
import { checkInputOptions, limitNames } from "./options.js";
import { sourceOf } from "./source.js";

export interface PreviewOptions extends Limits {
  /** Cosines along the longer side, 1 … 5; along the other in proportion, at least 1. Default 4. */
  detail?: number;
  /** Ends the work; the promise rejects with the signal's reason. */
  signal?: AbortSignal;
  /** What errors call the input. Default: the path, "buffer" or "stream". */
  name?: string;
}

export interface SafePreview {
  /** The blurhash, some 6 to 54 characters. */
  blurhash: string;
  /** Of the PNG, in pixels: at most 32, in the picture's proportions. */
  width: number;
  height: number;
  /** The blurhash rendered. */
  png: Uint8Array;
  /** The same as `data:image/png;base64,…`. */
  dataUri: string;
}

/** Pixels of the longer side that a preview is made from. */
const side = 32;
/** Samples along a side of the area that becomes one pixel: more would not be seen. */
const samples = 8;
const optionNames = ["detail", ...limitNames, "signal", "name"];

/** Stored samples, as `decodePages` and raw pixels have them. */
interface Stored {
  data: Uint8Array;
  width: number;
  height: number;
  channels: number;
  depth: 8 | 16;
  cmyk: boolean;
  /** Bytes from one row to the next. */
  stride: number;
}

interface Small {
  pixels: Uint8ClampedArray;
  width: number;
  height: number;
}

/** Which byte of a 16-bit sample, in this machine's order, has its upper half. */
const highByte = endianness() === "LE" ? 1 : 0;

/** One stored sample as 0 … 255. */
function sampleAt({ data, depth }: Stored, at: number): number {
  return data[depth === 8 ? at : at + highByte]!;
}

/** Adds the colour of a pixel, as `hashImage` reads it: alpha is dropped, ink is subtracted. */
function addColour(sum: number[], picture: Stored, x: number, y: number): void {
  const { channels, depth, cmyk, stride } = picture;
  const bytes = depth / 8;
  const start = y * stride + x * channels * bytes;
  const at = (channel: number): number => sampleAt(picture, start + channel * bytes);
  const grey = channels < 3;
  for (let i = 0; i < 3; i++) {
    const value = at(grey ? 0 : i);
    sum[i]! += cmyk ? ((255 - value) * (255 - at(3))) / 255 : value;
  }
}

/** The mean colours of areas, from a few samples of each. */
function reduced(picture: Stored): Small {
  const longer = Math.max(picture.width, picture.height);
  const scale = Math.min(1, side / longer);
  const width = Math.max(1, Math.round(picture.width * scale));
  const height = Math.max(1, Math.round(picture.height * scale));
  const pixels = new Uint8ClampedArray(4 * width * height);
  /** Where the samples of area `i` of `count` lie along a side of `length` pixels. */
  const places = (i: number, count: number, length: number): number[] => {
    const [from, to] = [(i * length) / count, ((i + 1) * length) / count];
    return Array.from({ length: samples }, (_, k) => Math.floor(from + ((k + 0.5) * (to - from)) / samples));
  };
  for (let y = 0; y < height; y++) {
    const rows = places(y, height, picture.height);
    for (let x = 0; x < width; x++) {
      const sum = [0, 0, 0];
      const columns = places(x, width, picture.width);
      for (const row of rows) for (const column of columns) addColour(sum, picture, column, row);
      const at = 4 * (y * width + x);
      sum.forEach((value, i) => (pixels[at + i] = value / samples ** 2));
      pixels[at + 3] = 255;
    }
  }
  return { pixels, width, height };
}

async function firstPage({ pages }: Decoding): Promise<Small> {
  const { value } = await pages.next();
  const page = value as Page;
  return reduced({ ...page, stride: (page.width * page.channels * page.depth) / 8 });
}

/**
 * A blurhash of a picture and its rendering: what a reviewer's list can show without showing the picture. Its main colours
 * can be seen in it, so it is derived from the picture: nothing of this package makes or keeps one unless it is asked to.
 *
 * Samples are read as `hashImage` reads them; of an animation, the first frame.
 *
 * @throws as `hashImage`.
 *
 * @example
 * const { dataUri } = await safePreview("upload.jpg"); // <img src={dataUri}>
 */
export async function safePreview(input: ImageInput, options?: PreviewOptions): Promise<SafePreview> {
  const { detail = 4, signal: given, ...rest } = checkOptions(options, optionNames) as PreviewOptions;
  const most = integer("detail", detail, 1, 5);
  const signal = checkSignal(given);
  const { limits, name } = checkInputOptions(rest);
  signal?.throwIfAborted();
  const small = isRawPixels(input)
    ? ofPixels(input, limits.maxPixels, name)
    : await withDecoded(sourceOf(input, name, limits.maxBytes), { limits, all: false }, signal, firstPage);
  const { pixels, width, height } = small;
  const longer = Math.max(width, height);
  // No more cosines than pixels: they could not be told apart.
  const [across, down] = [width, height].map((length) =>
    Math.min(length, Math.max(1, Math.round((most * length) / longer))),
  );
  const blurhash = encode(pixels, width, height, across!, down!);
  const rendered = Buffer.from(decode(blurhash, width, height).buffer);
  const png = await sharp(rendered, { raw: { width, height, channels: 4 } })
    .removeAlpha()
    .png()
    .toBuffer();
  return { blurhash, width, height, png, dataUri: `data:image/png;base64,${png.toString("base64")}` };
}

function ofPixels(input: RawPixels, maxPixels: number, name = "pixels"): Small {
  // Checks what hashing them would check.
  const pixels = nativePixels(input);
  const { width, height } = pixels;
  if (width * height > maxPixels) throw tooManyPixels(name, maxPixels, width, height);
  return reduced({ ...pixels, depth: 8, cmyk: false });
}
