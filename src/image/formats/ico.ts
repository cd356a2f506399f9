/** Icons: a directory, and for each size a bitmap without the header of a file, or a whole PNG. */
import { bmpHeader, type BmpHeader } from "../../pure/bmp/header.js";
import { readingOf } from "./bitmap.js";
import { chunksOfPng } from "./png-chunks.js";
import { damaged } from "../decode/refusals.js";
import type { Encoded } from "../input/encoded.js";

/** One image of an icon. */
export interface IcoEntry {
  /** Its bytes as an image of their own: a PNG, or the bitmap that `bitmap` describes. */
  image: Encoded;
  bitmap?: BmpHeader;
  /** Pixels, then bits of a pixel: by these a viewer chooses the best one. */
  rank: readonly [pixels: number, bits: number];
}

const pngMark = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/**
 * Reads the directory of an icon and the headers of its images.
 * @throws {ImageError} `ERR_EMPREINTE_CORRUPT` if an image is not whole or has no header. @throws {LimitError}
 */
export function icoEntries(image: Encoded): IcoEntry[] {
  const { bytes } = image;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = view.getUint16(4, true);
  if (6 + 16 * count > bytes.length) throw damaged(image, "its directory ends early");
  return Array.from({ length: count }, (_, i) => {
    const at = 6 + 16 * i;
    const [length, from] = [view.getUint32(at + 8, true), view.getUint32(at + 12, true)];
    if (from + length > bytes.length) throw damaged(image, "its data end early");
    return entryOf({ ...image, bytes: bytes.subarray(from, from + length) });
  });
}

function entryOf(image: Encoded): IcoEntry {
  const { bytes } = image;
  if (!pngMark.every((byte, i) => bytes[i] === byte)) {
    const bitmap = bmpHeader(readingOf(image), 0, "icon");
    return { image, bitmap, rank: [bitmap.width * bitmap.height, bitmap.bits] };
  }
  const [header] = chunksOfPng(bytes);
  if (header?.type !== "IHDR" || header.data.length < 13) throw damaged(image, "a PNG in it has no header");
  const { data } = header;
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  return { image: { ...image, format: "png" }, rank: [view.getUint32(0) * view.getUint32(4), 32] };
}

/** Returns the number of the image that stands for the icon: the largest, of these the deepest, of these the first. */
export function primaryOf(entries: readonly IcoEntry[]): number {
  let best = 0;
  entries.forEach(({ rank: [pixels, bits] }, i) => {
    const [mostPixels, mostBits] = entries[best]!.rank;
    if (pixels > mostPixels || (pixels === mostPixels && bits > mostBits)) best = i;
  });
  return best;
}
