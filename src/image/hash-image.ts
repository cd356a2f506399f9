import { checkOptions, checkSignal } from "../check.js";
import { isRawPixels, nativePixels, type RawPixels } from "../hash/raw-pixels.js";
import { type PixelHash, pixelHash } from "../hash/result.js";
import { withCancelToken } from "../native/abort.js";
import { native } from "../native/load.js";
import { tooManyPixels } from "./refusals.js";
import { type Decoding, withDecoded } from "./decoded.js";
import type { FileDigests } from "./digest.js";
import { hashPage } from "./hash-page.js";
import type { ImageInput } from "./input.js";
import { type CheckedImageOptions, checkImageOptions, hashImageOptionNames, type HashImageOptions } from "./options.js";
import { sourceOf } from "./source.js";

/** The hash of one page of a TIFF, or of one frame of an animation. */
export interface PageHash extends PixelHash {
  /** The number of the page, from 0. */
  page: number;
}

/** What `hashImage` returns. */
export interface ImageHash extends PixelHash {
  /** Width of the stored image in pixels, before any rotation that its EXIF orientation requests. */
  width: number;
  /** Height of the stored image in pixels. */
  height: number;
  /**
   * Every page in order, with `pages: "all"`. The hash of the image is the first page's; for AVIF, the primary image's.
   */
  frames?: PageHash[];
  /** The digests of the file's bytes, with the option `digests`. */
  digests?: FileDigests;
}

/**
 * Hashes an image: JPEG, PNG, GIF, WebP, TIFF or AVIF, recognised by its content, or raw pixels.
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
 * @throws {LimitError} `ERR_EMPREINTE_LIMIT` if the image exceeds maxPixels, maxBytes, maxSeconds or maxPages, or a limit
 * that no option raises: 100 scans of a JPEG, a side of 131,072 pixels, 16 MiB of metadata. `limit` is the limit's name.
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
  const source = sourceOf(input, options.name, options.limits.maxBytes, options.digests);
  return withDecoded(source, options, signal, (decoding) => hashPages(decoding, options));
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

async function hashPages({ pages, digests, signal }: Decoding, options: CheckedImageOptions): Promise<ImageHash> {
  let image: ImageHash | undefined;
  const frames: PageHash[] = [];
  for await (const page of pages) {
    const hash = await hashPage(page, options.hash, signal);
    if (page.primary) image = { ...hash, width: page.width, height: page.height };
    frames.push({ page: page.page, ...hash });
  }
  return { ...image!, ...(options.all && { frames }), ...(digests && { digests }) };
}
