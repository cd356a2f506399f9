/** Bitmaps, by the reader of the library. */
import { fileHeader } from "#shared/bmp/header.js";
import { bmpSamples } from "#shared/bmp/samples.js";
import { damaged, unsupported } from "../errors.js";
import { checkSides, type Decoded } from "./decoded.js";

/** Decodes a BMP. */
export async function decodeBmp(bytes: Uint8Array, maxPixels: number): Promise<Decoded> {
  const reading = {
    bytes,
    damaged,
    unsupported,
    checkSides: (width: number, height: number) => checkSides(width, height, maxPixels),
    // An abort ends the whole worker.
    pause: () => Promise.resolve(),
  };
  return { ...(await bmpSamples(reading, fileHeader(reading))), channels: 3 };
}
