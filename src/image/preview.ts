/**
 * Shows the colours of an image without the image, for a card in a review queue: a blurhash of a few cosines, from at
 * most 32 pixels on each side, and its rendering.
 */
import { endianness } from "node:os";
import { decode, encode } from "blurhash";
import { integer, checkOptions, checkSignal } from "../check.js";
import { isRawPixels, nativePixels, type RawPixels } from "../hash/raw-pixels.js";
import type { Limits } from "../limits.js";
import type { Page } from "./decode/decode.js";
import { tooManyPixels } from "./decode/refusals.js";
import { type Decoding, withDecoded } from "./decode/decoded.js";
import type { ImageInput } from "./input/input.js";
import { checkInputOptions, limitNames } from "./options.js";
import { sharp } from "./decode/sharp.js";
import { sourceOf } from "./input/source.js";

/** Options of `safePreview`. */
export interface PreviewOptions extends Limits {
  /**
   * The number of cosines along the longer side, 1 … 5. The other side has proportionally fewer, at least 1. Default 4.
   */
  detail?: number;
  /** Ends the work; the promise rejects with the signal's reason. */
  signal?: AbortSignal;
  /** The name of the input in errors. Default: the path, "buffer" or "stream". */
  name?: string;
}

/** What `safePreview` returns. */
export interface SafePreview {
  /** The blurhash, about 6 to 54 characters. */
  blurhash: string;
  /** Width of the PNG in pixels, at most 32. */
  width: number;
  /** Height of the PNG in pixels, at most 32. The PNG has the proportions of the image. */
  height: number;
  /** The rendered blurhash, as a PNG file. */
  png: Uint8Array;
  /** The PNG as `data:image/png;base64,…`. */
  dataUri: string;
}

/** The longer side, in pixels, of the reduced image that a preview is made from. */
const side = 32;
/** How many samples along each side of an area make one pixel. More would not be visible. */
const samples = 8;
const optionNames = ["detail", ...limitNames, "signal", "name"];

/** Stored samples of a decoded page or of raw pixels. */
interface Stored extends Pick<Page, "data" | "width" | "height" | "channels" | "depth" | "cmyk"> {
  /** Bytes from the start of one row to the next. */
  stride: number;
}

interface Small {
  pixels: Uint8ClampedArray;
  width: number;
  height: number;
}

/** Which byte of a 16-bit sample has the upper half, in this machine's byte order. */
const highByte = endianness() === "LE" ? 1 : 0;

/** Returns a stored sample as 0 … 255. */
function sampleAt({ data, depth }: Stored, at: number): number {
  return data[depth === 8 ? at : at + highByte]!;
}

/** Adds the colour of a pixel as `hashImage` reads it: alpha is dropped, and ink is subtracted from white. */
function addColour(sum: number[], image: Stored, x: number, y: number): void {
  const { channels, depth, cmyk, stride } = image;
  const bytes = depth / 8;
  const start = y * stride + x * channels * bytes;
  const at = (channel: number): number => sampleAt(image, start + channel * bytes);
  const grey = channels < 3;
  for (let i = 0; i < 3; i++) {
    const value = at(grey ? 0 : i);
    sum[i]! += cmyk ? ((255 - value) * (255 - at(3))) / 255 : value;
  }
}

/** Reduces an image to the mean colours of areas, from a few samples of each. */
function reduced(image: Stored): Small {
  const longer = Math.max(image.width, image.height);
  const scale = Math.min(1, side / longer);
  const width = Math.max(1, Math.round(image.width * scale));
  const height = Math.max(1, Math.round(image.height * scale));
  const pixels = new Uint8ClampedArray(4 * width * height);
  /** Returns the positions of the samples of area `i` of `count`, along a side of `length` pixels. */
  const places = (i: number, count: number, length: number): number[] => {
    const [from, to] = [(i * length) / count, ((i + 1) * length) / count];
    return Array.from({ length: samples }, (_, k) => Math.floor(from + ((k + 0.5) * (to - from)) / samples));
  };
  for (let y = 0; y < height; y++) {
    const rows = places(y, height, image.height);
    for (let x = 0; x < width; x++) {
      const sum = [0, 0, 0];
      const columns = places(x, width, image.width);
      for (const row of rows) for (const column of columns) addColour(sum, image, column, row);
      const at = 4 * (y * width + x);
      sum.forEach((value, i) => (pixels[at + i] = value / samples ** 2));
      pixels[at + 3] = 255;
    }
  }
  return { pixels, width, height };
}

/** Reduces the first page of an image that is decoded. */
export async function firstPageReduced({ pages }: Decoding): Promise<Small> {
  const { value } = await pages.next();
  const page = value as Page;
  return reduced({ ...page, stride: (page.width * page.channels * page.depth) / 8 });
}

/**
 * Makes a blurhash of an image and renders it, for a reviewer's list that must not show the image. The main colours are
 * visible, so a preview shows something of the image. Nothing else in this package makes or keeps one.
 *
 * Samples are read as `hashImage` reads them. Of an animation, the first frame is used.
 *
 * @throws {InvalidArgumentError} `ERR_EMPREINTE_INVALID_ARGUMENT` for an option or input that does not fit.
 * @throws {ImageError} `ERR_EMPREINTE_READ`, `ERR_EMPREINTE_EMPTY`, `ERR_EMPREINTE_UNSUPPORTED_FORMAT` or
 * `ERR_EMPREINTE_CORRUPT`, with the name of the input.
 * @throws {LimitError} `ERR_EMPREINTE_LIMIT` if the image exceeds one of the limits. When aborted, the promise rejects
 * with the signal's reason.
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
  const task = { kind: "preview" } as const;
  const small = isRawPixels(input)
    ? ofPixels(input, limits.maxPixels, name)
    : await withDecoded(sourceOf(input, name, limits.maxBytes), { limits, all: false, task }, signal, firstPageReduced);
  const { pixels, width, height } = small;
  const longer = Math.max(width, height);
  // More cosines than pixels would have no effect.
  const [across, down] = [width, height].map((length) =>
    Math.min(length, Math.max(1, Math.round((most * length) / longer))),
  );
  const blurhash = encode(pixels, width, height, across!, down!);
  const rendered = Buffer.from(decode(blurhash, width, height).buffer);
  const png = await sharp()(rendered, { raw: { width, height, channels: 4 } })
    .removeAlpha()
    .png()
    .toBuffer();
  return { blurhash, width, height, png, dataUri: `data:image/png;base64,${png.toString("base64")}` };
}

function ofPixels(input: RawPixels, maxPixels: number, name = "pixels"): Small {
  // This makes the same checks as hashing.
  const pixels = nativePixels(input);
  const { width, height } = pixels;
  if (width * height > maxPixels) throw tooManyPixels(name, maxPixels, width, height);
  return reduced({ ...pixels, depth: 8, cmyk: false });
}
