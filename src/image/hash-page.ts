import type { CheckedHashOptions } from "../hash/options.js";
import { type PixelHash, pixelHash } from "../hash/result.js";
import { withSignal } from "../native/abort.js";
import { native } from "../native/load.js";
import type { Page } from "./decode.js";

/** Hashes a page. Samples that are not 8-bit grey, RGB or RGBA become so in place. */
export async function hashPage(page: Page, options: CheckedHashOptions, signal: AbortSignal): Promise<PixelHash> {
  const { data, width, height, channels, depth, cmyk } = page;
  const stride = (width * channels * depth) / 8;
  const { method, compat, orientations, kernel } = options;
  const answer = await withSignal(signal, (cancel) =>
    native.hash(data, width, height, channels, stride, depth, cmyk, method, compat, orientations, kernel, true, cancel),
  );
  return pixelHash(answer);
}
