import type { CheckedHashOptions } from "../hash/options.js";
import { type PixelHash, pixelHash } from "../hash/result.js";
import { withCancelToken } from "../native/abort.js";
import { native } from "../native/load.js";
import type { Page } from "./decode/decode.js";

/** Hashes a page. Samples that are not 8-bit grey, RGB or RGBA become so in place. */
export async function hashPage(page: Page, options: CheckedHashOptions, signal: AbortSignal): Promise<PixelHash> {
  const { data, width, height, channels, depth, cmyk } = page;
  const pixels = { data, width, height, channels, stride: (width * channels * depth) / 8 };
  const answer = await withCancelToken(signal, (cancel) =>
    native.hash(pixels, { ...options, depth, cmyk, owned: true }, cancel),
  );
  return pixelHash(answer);
}
