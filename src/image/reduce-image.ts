/** A smaller version of an image for a person who has to look at it: reduced, grey, blurred. */
import { checkOptions, checkSignal, invalidArgument, integer } from "../check.js";
import { isRawPixels } from "../hash/raw-pixels.js";
import type { Limits } from "../limits.js";
import { type Decoding, withDecoded } from "./decode/decoded.js";
import { sharp } from "./decode/sharp.js";
import type { ImageInput } from "./input/input.js";
import { readInput } from "./input/source.js";
import { checkInputOptions, limitNames } from "./options.js";
import { type Reduced, reduceFirstPage, reducePixels } from "./reduce-pixels.js";

/** Options of `reduceImage`. */
export interface ReduceImageOptions extends Limits {
  /** The most pixels of the longer side, 1 … 4,096. A smaller image is not enlarged. Default 320. */
  side?: number;
  /** Whether colours become grey. Default false. */
  grey?: boolean;
  /** The standard deviation of the blur in pixels of the smaller version, 0 … 100. 0 is no blur. Default 0. */
  blur?: number;
  /** Ends the work; the promise rejects with the signal's reason. */
  signal?: AbortSignal;
  /** The name of the input in errors. Default: the path, "buffer" or "stream". */
  name?: string;
}

/** The result of `reduceImage`. */
export interface ReducedImage {
  /** A WebP file without any metadata of the image. */
  webp: Uint8Array;
  /** The width in pixels. */
  width: number;
  /** The height in pixels. */
  height: number;
}

/** How many samples along each side of an area make one pixel. */
const samples = 4;
const optionNames = ["side", "grey", "blur", ...limitNames, "signal", "name"];

/** Reduces the first page of an image that is decoded to `side` pixels. */
export const reducedPixels = (decoding: Decoding, side: number): Promise<Reduced> =>
  reduceFirstPage(decoding, side, samples);

function checkFlag(name: string, value: unknown): boolean {
  if (typeof value !== "boolean") throw invalidArgument(name, "boolean", value);
  return value;
}

function checkBlur(value: unknown): number {
  if (typeof value !== "number" || !(value >= 0 && value <= 100)) throw invalidArgument("blur", "0 … 100", value);
  return value;
}

/**
 * Makes a smaller version of an image, grey and blurred where wanted, for a person who has to look at it. Only that
 * version has to leave the process that has the image. `safePreview` shows less: a few colours.
 *
 * Samples are read as `hashImage` reads them, so that EXIF orientation and ICC profiles are not applied. Of an
 * animation, the first frame is used.
 *
 * @throws {InvalidArgumentError} `ERR_EMPREINTE_INVALID_ARGUMENT` for an option or input that does not fit.
 * @throws {ImageError} `ERR_EMPREINTE_READ`, `ERR_EMPREINTE_EMPTY`, `ERR_EMPREINTE_UNSUPPORTED_FORMAT` or
 * `ERR_EMPREINTE_CORRUPT`, with the name of the input.
 * @throws {LimitError} `ERR_EMPREINTE_LIMIT` if the image exceeds one of the limits. When aborted, the promise rejects
 * with the signal's reason.
 *
 * @example
 * const { webp } = await reduceImage("upload.jpg", { side: 160, grey: true, blur: 4 });
 */
export async function reduceImage(input: ImageInput, options?: ReduceImageOptions): Promise<ReducedImage> {
  const {
    side: given = 320,
    grey = false,
    blur = 0,
    signal: ends,
    ...rest
  } = checkOptions(options, optionNames) as ReduceImageOptions;
  const side = integer("side", given, 1, 4096);
  const isGrey = checkFlag("grey", grey);
  const sigma = checkBlur(blur);
  const signal = checkSignal(ends);
  const { limits, name } = checkInputOptions(rest);
  signal?.throwIfAborted();
  const task = { kind: "reduce", side } as const;
  const small = isRawPixels(input)
    ? reducePixels(input, limits.maxPixels, name, side, samples)
    : await withDecoded(await readInput(input, { name, limits }, signal), { limits, task }, signal, (decoding) =>
        reducedPixels(decoding, side),
      );
  const { pixels, width, height } = small;
  const raw = { raw: { width, height, channels: 4 as const } };
  let image = sharp()(Buffer.from(pixels.buffer, pixels.byteOffset, pixels.byteLength), raw).removeAlpha();
  if (isGrey) image = image.greyscale();
  // libvips blurs from 0.3 on. Less would not be visible.
  if (sigma >= 0.3) image = image.blur(sigma);
  const webp = await image.webp({ quality: 80 }).toBuffer();
  signal?.throwIfAborted();
  return { webp, width, height };
}
