import { LimitError } from "../../errors.js";
import type { Encoded } from "../input/encoded.js";
import { tooManyPages } from "../decode/refusals.js";
import { maxMetadataBytes } from "./png.js";
import { checkFrames } from "./work.js";

/** Yields the name and length of each chunk, and where its data are. */
function* chunksOf(webp: Uint8Array): Generator<{ type: string; length: number; at: number }, void, undefined> {
  const view = new DataView(webp.buffer, webp.byteOffset, webp.byteLength);
  for (let at = 12; at + 8 <= webp.length;) {
    const type = String.fromCharCode(webp[at]!, webp[at + 1]!, webp[at + 2]!, webp[at + 3]!);
    const length = view.getUint32(at + 4, true);
    yield { type, length, at: at + 8 };
    at += 8 + length + (length & 1);
  }
}

/**
 * Checks the chunks of a WebP before it is decoded.
 * @throws {LimitError} for metadata above the limit; for too many frames, or for more pixels in all of them than
 * `maxSeconds` allows.
 */
export function checkWebp(image: Encoded, all: boolean): void {
  const { bytes, name, limits } = image;
  const third = (at: number): number => 1 + (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16));
  let canvas = 0;
  let frames = 0;
  let metadata = 0;
  for (const { type, length, at } of chunksOf(bytes)) {
    if (type === "VP8X" && at + 10 <= bytes.length) canvas = third(at + 4) * third(at + 7);
    if (type === "ANMF") frames++;
    if (["EXIF", "XMP ", "ICCP"].includes(type)) metadata += length;
  }
  if (metadata > maxMetadataBytes) {
    const text = `${name} has EXIF, XMP or a colour profile of more than ${maxMetadataBytes} bytes, the most that is read`;
    throw new LimitError("metadata", text);
  }
  if (!all || canvas > limits.maxPixels) return;
  if (frames > limits.maxPages) throw tooManyPages(name, frames, limits.maxPages);
  checkFrames(image, frames, canvas);
}
