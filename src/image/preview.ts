/**
 * Shows the colours of an image without the image, for a card in a review queue: a blurhash of a few cosines, from at
 * most 32 pixels on each side, and its rendering.
 */
import { decode, encode } from "blurhash";
import { integer, checkOptions, checkSignal } from "../check.js";
import { isRawPixels } from "../hash/raw-pixels.js";
import type { Limits } from "../limits.js";
import { type Decoding, withDecoded } from "./decode/decoded.js";
import type { ImageInput } from "./input/input.js";
import { checkInputOptions, limitNames } from "./options.js";
import { reduceFirstPage, reducePixels, type Reduced } from "./reduce-pixels.js";
import { sharp } from "./decode/sharp.js";
import { readInput } from "./input/source.js";

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

/** The result of `safePreview`. */
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

/** Reduces the first page of an image that is decoded to what a preview is made from. */
export const previewPixels = (decoding: Decoding): Promise<Reduced> => reduceFirstPage(decoding, side, samples);

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
    ? reducePixels(input, limits.maxPixels, name, side, samples)
    : await withDecoded(await readInput(input, { name, limits }, signal), { limits, task }, signal, previewPixels);
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
