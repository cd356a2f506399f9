import { integer, invalidArgument, positive } from "../check.js";
import { type CheckedHashOptions, isRawPixels, pixelArguments, type PixelHash } from "../hash/pixels.js";
import { defaultLimits, type Limits } from "../limits.js";
import { decodePages, type Page, tooManyPixels, tooSlow } from "./decode.js";
import { decodeSlots } from "./decode-slots.js";
import { hashPage, type ImageInput } from "./hash-image.js";
import { sourceOf } from "./read.js";
import { withStop } from "./with-stop.js";

/** A picture's first page as 8-bit grey, RGB or RGBA, rows without gaps, and its hash. */
export interface Samples {
  /** In memory that nobody else holds. */
  data: Uint8Array;
  width: number;
  height: number;
  channels: 1 | 3 | 4;
  hash: PixelHash;
}

export interface SamplesOptions {
  limits: Required<Limits>;
  name: string | undefined;
  hash: CheckedHashOptions;
}

/** The limits and name among the options of a call. @throws {InvalidArgumentError} */
export function checkSamplesOptions(options: Limits & { name?: string | undefined }): Omit<SamplesOptions, "hash"> {
  const { maxPixels, maxBytes, maxSeconds, maxPages } = options;
  const most = Number.MAX_SAFE_INTEGER;
  if (options.name !== undefined && typeof options.name !== "string")
    throw invalidArgument("name", "string", options.name);
  return {
    limits: {
      maxPixels: integer("maxPixels", maxPixels ?? defaultLimits.maxPixels, 1, most),
      maxBytes: integer("maxBytes", maxBytes ?? defaultLimits.maxBytes, 1, most),
      maxSeconds: positive("maxSeconds", maxSeconds ?? defaultLimits.maxSeconds),
      maxPages: integer("maxPages", maxPages ?? defaultLimits.maxPages, 1, most),
    },
    name: options.name,
  };
}

async function samplesOf(page: Page, hash: CheckedHashOptions, stop: AbortSignal): Promise<Samples> {
  const answer = await hashPage(page, hash, stop);
  // What hashing left of them: one alpha channel is dropped, ink is RGB.
  const channels = page.cmyk ? 3 : page.channels === 2 ? 1 : (page.channels as 1 | 3 | 4);
  const { data, width, height } = page;
  return { data: data.subarray(0, width * height * channels), width, height, channels, hash: answer };
}

/** Decodes and hashes the first page. Errors as `hashImage`. Bytes and pixels are copied before this returns. */
export async function readSamples(
  input: ImageInput,
  options: SamplesOptions,
  signal: AbortSignal | undefined,
): Promise<Samples> {
  signal?.throwIfAborted();
  const { limits, name, hash } = options;
  if (isRawPixels(input)) {
    const [bytes, width, height, channels, stride] = pixelArguments(input, hash);
    if (width * height > limits.maxPixels) throw tooManyPixels(name ?? "pixels", limits.maxPixels, width, height);
    const row = width * channels;
    // Not zeroed first: a megapixel is three megabytes, and all of them are written.
    const data = Buffer.allocUnsafeSlow(row * height);
    if (stride === row) data.set(bytes.subarray(0, row * height));
    else for (let y = 0; y < height; y++) data.set(bytes.subarray(y * stride, y * stride + row), y * row);
    const page: Page = { page: 0, primary: true, data, width, height, channels, depth: 8, cmyk: false };
    return withStop(signal, (stop) => samplesOf(page, hash, stop.signal));
  }
  const source = sourceOf(input, name, limits.maxBytes);
  return withStop(signal, async (stop) => {
    const content = await source.read(stop.signal);
    return decodeSlots.withSlot(stop.signal, async () => {
      const late = (): void => stop.abort(tooSlow(source.name, limits.maxSeconds));
      const timer = setTimeout(late, Math.min(1000 * limits.maxSeconds, 2 ** 31 - 1));
      try {
        const pages = decodePages({ ...content, name: source.name, limits, stop: stop.signal }, false);
        const { value } = await pages.next();
        return await samplesOf(value as Page, hash, stop.signal);
      } finally {
        clearTimeout(timer);
      }
    });
  });
}
