import { invalidArgument } from "../check.js";
import { ImageError } from "../errors.js";
import type { CheckedHashOptions } from "../hash/options.js";
import { isRawPixels, nativePixels, type RawPixels } from "../hash/raw-pixels.js";
import type { PixelHash } from "../hash/result.js";
import { native } from "../native/load.js";
import type { Content } from "./input/byte-collector.js";
import type { Page } from "./decode/decode.js";
import { tooManyPixels } from "./decode/refusals.js";
import { type Decoding, withDecoded } from "./decode/decoded.js";
import { hashPage } from "./hash-page.js";
import { hashPages } from "./hash-pages.js";
import type { ImageInput } from "./input/input.js";
import type { CheckedInputOptions } from "./options.js";
import { readInput } from "./input/source.js";
import { withAbortController } from "./with-abort-controller.js";

/** A page of an image, by default the first, as 8-bit grey, RGB or RGBA, rows without gaps, and its hash. */
export interface Samples {
  /** The samples, in memory that nothing else uses. With `hashOnly` there are none. */
  data: Uint8Array;
  width: number;
  height: number;
  channels: 1 | 3 | 4;
  hash: PixelHash;
  /** True if the file has images behind the first, which were not read. */
  furtherPages?: true;
}

export interface SamplesOptions extends CheckedInputOptions {
  hash: CheckedHashOptions;
  /**
   * Whether only the hash and the size are needed. The samples are then freed as soon as they are hashed, and never
   * leave a decoder process. Default false.
   */
  hashOnly?: boolean;
  /**
   * The number of the page that is decoded, in the order in which `hashImage` has them with `pages: "all"`. Default:
   * the first, which is the primary image of an AVIF or HEIC and the largest of an icon.
   */
  page?: number | undefined;
}

const none = new Uint8Array(0);

/** Frees samples that nothing uses any more, also on no other thread. They are empty afterwards. */
export function releaseSamples({ data }: Samples): void {
  native.release(data);
}

/** Decodes and hashes a page. Throws as `hashImage` does. Bytes and pixels are copied before this returns. */
export async function readSamples(
  input: ImageInput,
  options: SamplesOptions,
  signal: AbortSignal | undefined,
): Promise<Samples> {
  signal?.throwIfAborted();
  if (isRawPixels(input)) {
    if (options.page) throw invalidArgument("page of raw pixels", "0", options.page);
    const page = copyPixels(input, options);
    return withAbortController(signal, (controller) => samplesOf(page, options, controller.signal));
  }
  return decodeSamples(await readInput(input, options, signal), options, signal);
}

/** Decodes and hashes a page of an image that was read already. Throws as `hashImage` does. */
export async function decodeSamples(
  content: Content,
  options: SamplesOptions,
  signal: AbortSignal | undefined,
): Promise<Samples> {
  const { limits, hash, hashOnly = false, page } = options;
  if (!hashOnly || page !== undefined) {
    const task = { kind: "samples", hash, ...(page !== undefined && { page }) } as const;
    return withDecoded(content, { limits, task }, signal, (decoding) => samplesOfPage(decoding, task));
  }
  const task = { kind: "hash", hash, all: false } as const;
  const image = await withDecoded(content, { limits, task }, signal, (decoding) => hashPages(decoding, task));
  const { width, height, frames: _frames, digests: _digests, furtherPages, ...own } = image;
  return { data: none, width, height, channels: 1, hash: own, ...(furtherPages && { furtherPages }) };
}

/** Hashes a page of an image that is decoded. @throws {ImageError} for a page that it has not. */
export async function samplesOfPage(
  { pages, signal }: Decoding,
  { page, ...options }: Pick<SamplesOptions, "hash" | "page">,
): Promise<Samples> {
  let count = 0;
  for await (const decoded of pages) {
    count++;
    if (page === undefined) return await samplesOf(decoded, options, signal);
    if (decoded.page !== page) continue;
    // Frames of an animation may share their memory with the next ones.
    return await samplesOf({ ...decoded, data: Uint8Array.prototype.slice.call(decoded.data) }, options, signal);
  }
  throw new ImageError("ERR_EMPREINTE_UNSUPPORTED_FORMAT", `There is no page ${page}: the file has ${count}`);
}

async function samplesOf(
  page: Page,
  { hash: options, hashOnly = false }: Pick<SamplesOptions, "hash" | "hashOnly">,
  signal: AbortSignal,
): Promise<Samples> {
  const hash = await hashPage(page, options, signal);
  const { data, width, height } = page;
  if (hashOnly) {
    native.release(data);
    return { data: none, width, height, channels: 1, hash };
  }
  // Hashing changed the samples in place: one alpha channel is dropped, and CMYK became RGB.
  const channels = page.cmyk ? 3 : page.channels === 2 ? 1 : (page.channels as 1 | 3 | 4);
  return { data: data.subarray(0, width * height * channels), width, height, channels, hash };
}

function copyPixels(input: RawPixels, { limits: { maxPixels }, name = "pixels" }: SamplesOptions): Page {
  const { data: bytes, width, height, channels, stride } = nativePixels(input);
  if (width * height > maxPixels) throw tooManyPixels(name, maxPixels, width, height);
  const row = width * channels;
  // Not zeroed first: a megapixel is three megabytes, and all of them are written.
  const data = Buffer.allocUnsafeSlow(row * height);
  if (stride === row) data.set(bytes.subarray(0, row * height));
  else for (let y = 0; y < height; y++) data.set(bytes.subarray(y * stride, y * stride + row), y * row);
  return { page: 0, primary: true, data, width, height, channels, depth: 8, cmyk: false };
}
