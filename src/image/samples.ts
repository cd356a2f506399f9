import type { CheckedHashOptions } from "../hash/options.js";
import { isRawPixels, nativePixels, type RawPixels } from "../hash/raw-pixels.js";
import type { PixelHash } from "../hash/result.js";
import type { Content } from "./input/byte-collector.js";
import type { Page } from "./decode/decode.js";
import { tooManyPixels } from "./decode/refusals.js";
import { type DecodeOptions, type Decoding, withDecoded, withDecodedContent } from "./decode/decoded.js";
import { hashPage } from "./hash-page.js";
import type { ImageInput } from "./input/input.js";
import type { CheckedInputOptions } from "./options.js";
import { sourceOf } from "./input/source.js";
import { withAbortController } from "./decode/with-abort-controller.js";

/** The first page of an image as 8-bit grey, RGB or RGBA, rows without gaps, and its hash. */
export interface Samples {
  /** The samples, in memory that nothing else uses. */
  data: Uint8Array;
  width: number;
  height: number;
  channels: 1 | 3 | 4;
  hash: PixelHash;
}

export interface SamplesOptions extends CheckedInputOptions {
  hash: CheckedHashOptions;
}

/** Decodes and hashes the first page. Throws as `hashImage` does. Bytes and pixels are copied before this returns. */
export async function readSamples(
  input: ImageInput,
  options: SamplesOptions,
  signal: AbortSignal | undefined,
): Promise<Samples> {
  signal?.throwIfAborted();
  if (isRawPixels(input)) {
    const page = copyPixels(input, options);
    return withAbortController(signal, (controller) => samplesOf(page, options.hash, controller.signal));
  }
  const source = sourceOf(input, options.name, options.limits.maxBytes);
  return withDecoded(source, decodeOptions(options), signal, (decoding) => firstSamples(decoding, options.hash));
}

/** Decodes and hashes the first page of an image that was read already. Throws as `hashImage` does. */
export async function decodeSamples(
  content: Content,
  name: string,
  options: SamplesOptions,
  signal: AbortSignal | undefined,
): Promise<Samples> {
  const first = (decoding: Decoding): Promise<Samples> => firstSamples(decoding, options.hash);
  return withDecodedContent(content, name, decodeOptions(options), signal, first);
}

const decodeOptions = ({ limits, hash }: SamplesOptions): DecodeOptions => ({
  limits,
  all: false,
  task: { kind: "samples", hash },
});

/** Hashes the first page of an image that is decoded. */
export async function firstSamples({ pages, signal }: Decoding, hash: CheckedHashOptions): Promise<Samples> {
  const { value } = await pages.next();
  return samplesOf(value as Page, hash, signal);
}

async function samplesOf(page: Page, options: CheckedHashOptions, signal: AbortSignal): Promise<Samples> {
  const hash = await hashPage(page, options, signal);
  // Hashing changed the samples in place: one alpha channel is dropped, and CMYK became RGB.
  const channels = page.cmyk ? 3 : page.channels === 2 ? 1 : (page.channels as 1 | 3 | 4);
  const { data, width, height } = page;
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
