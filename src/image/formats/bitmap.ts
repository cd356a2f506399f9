/** Bitmaps, which are read in `src/pure/bmp`, as pages of an image. */
import { setImmediate } from "node:timers/promises";
import { type BmpHeader, fileHeader } from "../../pure/bmp/header.js";
import { bmpSamples } from "../../pure/bmp/samples.js";
import type { Reading } from "../../pure/reading.js";
import { checkSides } from "../checks/work.js";
import type { Page } from "../decode/decode.js";
import { damaged, tooManyPixels, unsupported } from "../decode/refusals.js";
import type { Encoded } from "../input/encoded.js";

/** Returns what a reader of `src/pure` takes: its errors are those of images. */
export function readingOf(image: Encoded): Reading {
  const { bytes, name, limits, signal } = image;
  return {
    bytes,
    damaged: (why) => damaged(image, why),
    unsupported: (kind) => unsupported(image, kind),
    checkSides(width, height) {
      if (width * height > limits.maxPixels) throw tooManyPixels(name, limits.maxPixels, width, height);
      checkSides(image, width, height);
    },
    async pause() {
      await setImmediate();
      signal.throwIfAborted();
    },
  };
}

/**
 * Decodes a bitmap. @param header the one of a bitmap in an icon. Default: that of the file.
 * @throws {ImageError} `ERR_EMPREINTE_CORRUPT`, `ERR_EMPREINTE_UNSUPPORTED_FORMAT` @throws {LimitError}
 */
export async function bitmapPage(image: Encoded, header?: BmpHeader): Promise<Page> {
  const reading = readingOf(image);
  const samples = await bmpSamples(reading, header ?? fileHeader(reading));
  return { page: 0, primary: true, ...samples, channels: 3, depth: 8, cmyk: false };
}
