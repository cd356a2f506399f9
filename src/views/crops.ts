/** Hashes parts of an image that is in memory. */
import { checkHashOptions } from "../hash/options.js";
import { nativePixels } from "../hash/raw-pixels.js";
import { type PixelHash, pixelHash } from "../hash/result.js";
import type { Samples } from "../image/samples.js";
import { withCancelToken } from "../native/abort.js";
import { native } from "../native/load.js";
import type { CropWindow } from "../pure/crop-places.js";

/** Hashes a window of an image, without a copy of its samples. */
export async function hashWindow(
  samples: Samples,
  window: CropWindow,
  signal: AbortSignal | undefined,
): Promise<PixelHash> {
  const { channels } = samples;
  const { left, top, width, height } = window;
  const stride = samples.width * channels;
  const pixels = { data: samples.data.subarray(top * stride + left * channels), width, height, channels, stride };
  const options = { ...checkHashOptions({}), owned: true };
  return pixelHash(await withCancelToken(signal, (cancel) => native.hash(nativePixels(pixels), options, cancel)));
}
