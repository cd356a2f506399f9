import { checkOptions, checkSignal } from "../check.js";
import { isRawPixels, nativePixels, type RawPixels } from "../hash/raw-pixels.js";
import { pixelHash } from "../hash/result.js";
import { withCancelToken } from "../native/abort.js";
import { native } from "../native/load.js";
import { tooManyPixels } from "./decode/refusals.js";
import { withDecoded } from "./decode/decoded.js";
import { hashPages, type ImageHash } from "./hash-pages.js";
import type { ImageInput } from "./input/input.js";
import { type CheckedImageOptions, checkImageOptions, hashImageOptionNames, type HashImageOptions } from "./options.js";
import { readInput } from "./input/source.js";

/**
 * Hashes an image: JPEG, PNG, GIF, WebP, TIFF, AVIF, BMP or ICO, recognized by its content, or raw pixels. HEIC needs
 * the package libheif-js; JPEG XL and JPEG 2000 need @imagemagick/magick-wasm.
 *
 * As in the reference, the hash is of the samples as they are stored, at full size. EXIF orientation and ICC profiles
 * are not applied. Alpha is dropped, and the colour under it counts. Grey stays one channel, 16 bits are scaled to 8,
 * and CMYK becomes RGB as (255−ink)·(255−black)/255. A JPEG is decoded exactly as libjpeg-turbo does.
 *
 * Bytes and pixels are copied before this function returns.
 *
 * @throws {InvalidArgumentError} `ERR_EMPREINTE_INVALID_ARGUMENT` for an option or input of the wrong kind.
 * @throws {ImageError} `ERR_EMPREINTE_READ`, `ERR_EMPREINTE_EMPTY`, `ERR_EMPREINTE_UNSUPPORTED_FORMAT` or
 * `ERR_EMPREINTE_CORRUPT`, with the name of the input.
 * @throws {LimitError} `ERR_EMPREINTE_LIMIT` if the image exceeds maxPixels, maxBytes, maxSeconds or maxPages, or a
 * limit that no option raises: 100 scans of a JPEG, a side of 131,072 pixels, 16 MiB of metadata. `limit` is the
 * limit's name.
 *
 * @example
 * const { hash, quality } = await hashImage("photo.jpg");
 */
export async function hashImage(input: ImageInput, options?: HashImageOptions): Promise<ImageHash> {
  const given = checkOptions(options, hashImageOptionNames) as HashImageOptions;
  return hashChecked(input, checkImageOptions(given), checkSignal(given.signal));
}

/** Hashes an image with options that were checked. Throws as `hashImage` does. */
export async function hashChecked(
  input: ImageInput,
  options: CheckedImageOptions,
  signal: AbortSignal | undefined,
): Promise<ImageHash> {
  signal?.throwIfAborted();
  if (isRawPixels(input)) return hashPixels(input, options, signal);
  const content = await readInput(input, options, signal, options.digests);
  const { limits, hash, all } = options;
  const task = { kind: "hash", hash, all } as const;
  return withDecoded(content, { limits, task }, signal, (decoding) => hashPages(decoding, task));
}

async function hashPixels(
  input: RawPixels,
  { hash: hashOptions, limits: { maxPixels }, name = "pixels", all }: CheckedImageOptions,
  signal: AbortSignal | undefined,
): Promise<ImageHash> {
  const { width, height } = input;
  const pixels = nativePixels(input);
  if (width * height > maxPixels) throw tooManyPixels(name, maxPixels, width, height);
  // The addon copies the caller's pixels before it returns a promise.
  const hash = pixelHash(await withCancelToken(signal, (cancel) => native.hash(pixels, hashOptions, cancel)));
  return { ...hash, width, height, ...(all && { frames: [{ page: 0, ...hash }] }) };
}
