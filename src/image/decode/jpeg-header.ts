import type { Metadata } from "sharp";
import { checkSize } from "../checks/sides.js";
import { frameOf, isFrame, partsOf } from "../formats/jpeg/structure.js";
import type { Encoded } from "../input/encoded.js";

/** What decoding needs to know of an image. */
export type Header = Pick<Metadata, "width" | "height" | "space" | "depth" | "channels" | "pages" | "pagePrimary">;

/** The colours that libvips gives for so many components of 8 bits. */
const spaces = new Map<number, "b-w" | "srgb" | "cmyk">([
  [1, "b-w"],
  [3, "srgb"],
  [4, "cmyk"],
]);

/**
 * Reads the header of a JPEG that was checked, as the decoder reports it. Opening the decoder only for its header takes
 * half a millisecond.
 *
 * @returns undefined if the markers do not lead to a whole frame: then the decoder says what is wrong.
 * @throws {ImageError} `ERR_EMPREINTE_CORRUPT` for a side of 0. @throws {LimitError} for too many pixels, or a side
 * that is too long.
 */
export function jpegHeader(image: Encoded): Header | undefined {
  for (const part of partsOf(image.bytes)) {
    if (!isFrame(part.marker)) continue;
    const frame = frameOf(part);
    const space = frame && spaces.get(frame.components.length);
    if (frame === undefined || space === undefined) return undefined;
    const { width, height, components } = frame;
    checkSize(image, width, height);
    return { width, height, space, depth: "uchar", channels: components.length as 1 | 3 | 4 };
  }
  return undefined;
}
