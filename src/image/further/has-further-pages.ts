import { LimitError } from "../../errors.js";
import { framesOf } from "../checks/gif.js";
import { isAnimatedJxl } from "../checks/jxl.js";
import { boxAt, boxesIn } from "../formats/boxes.js";
import { imageCount } from "../formats/heif-items.js";
import { chunksOfPng } from "../formats/png-chunks.js";
import { hasFurtherDirectories } from "../formats/tiff-pages.js";
import { webpChunks } from "../formats/webp.js";
import { type ImageFormat, sniffImage } from "../input/sniff.js";
import { imagesBehind } from "./behind.js";

/** Yields those of a type. There may be millions of others, which are not kept. */
function* ofType<T extends { type: string }>(all: Iterable<T>, type: string): Generator<T, void, undefined> {
  for (const one of all) if (one.type === type) yield one;
}

/** Whether there are more than one. */
function several(all: Iterable<unknown>): boolean {
  let count = 0;
  for (const _ of all) if (++count > 1) return true;
  return false;
}

/** Whether an animated PNG has a frame that is not the image itself, or says that it has. */
function isAnimatedPng(bytes: Uint8Array): boolean {
  let said = 0;
  let frames = 0;
  let hidden = 0;
  for (const { type, data } of chunksOfPng(bytes)) {
    if (type === "acTL" && data.length === 8) said = new DataView(data.buffer, data.byteOffset).getUint32(0);
    if (type === "fcTL") frames++;
    if (type !== "IDAT") continue;
    // Behind the image it does not count.
    if (said === 0) return false;
    if (frames === 0) hidden = 1;
  }
  return Math.max(said, frames) + hidden > 1;
}

function hasFurtherInside(bytes: Uint8Array, format: ImageFormat): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (format) {
    case "jpeg":
    case "bmp":
      return false;
    case "png":
      return isAnimatedPng(bytes);
    case "gif":
      return several(framesOf(bytes));
    case "webp": {
      const chunks = webpChunks(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
      return several(ofType(chunks, "ANMF"));
    }
    case "tiff":
      return hasFurtherDirectories(bytes);
    case "ico":
      return view.getUint16(4, true) > 1;
    case "avif":
    case "heic":
      // A sequence beside the still image, or several still images.
      return imageCount(bytes) + (boxAt(bytes, ["moov"]) === undefined ? 0 : 2) > 1;
    case "jxl":
      return isAnimatedJxl(bytes);
    case "jp2":
      return several(ofType(boxesIn(bytes), "jp2c"));
  }
}

/**
 * Tells whether a file has images behind the first: frames of an animation, pages of a TIFF, images of a HEIC, an icon
 * or an MPO, images behind the end of another. `hashImage` reads them with `pages: "all"`, or says that it cannot.
 * Thumbnails, gain maps and depth maps that the file declares as such do not count. Nothing is decoded, and no bytes
 * make it throw.
 *
 * @param bytes the whole file. False for bytes that are no image.
 */
export function hasFurtherPages(bytes: Uint8Array): boolean {
  const format = sniffImage(bytes);
  if (format === undefined) return false;
  try {
    return hasFurtherInside(bytes, format) || imagesBehind(bytes, format, "the file").length > 0;
  } catch (error) {
    // An image could be behind so many places that look like one.
    if (error instanceof LimitError) return true;
    throw error;
  }
}
