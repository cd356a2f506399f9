/** Where an image ends, by its own marks. What follows is not a part of it. */
import { framesOf } from "../checks/gif.js";
import { boxesIn } from "../formats/boxes.js";
import { partsOf } from "../formats/jpeg/structure.js";
import { chunksOfPng, isPngEnd } from "../formats/png-chunks.js";
import type { ImageFormat } from "../input/sniff.js";

/** Runs a generator to its end and gives what it returns. */
function resultOf<T>(steps: Generator<unknown, T, undefined>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

/** The end mark of a JPEG. */
const jpegEnd = Buffer.from([0xff, 0xd9]);

function endOfJpeg(bytes: Uint8Array): number | undefined {
  for (const { payload, data } of partsOf(bytes)) {
    if (data === undefined) continue;
    // In most files the first end mark behind the header ends the file, so that nothing is behind the image, even if it
    // is cut. Finding that takes less than half as long as following the data.
    const from = payload.byteOffset + payload.length - bytes.byteOffset;
    const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (all.indexOf(jpegEnd, from) + jpegEnd.length === bytes.length) return bytes.length;
    break;
  }
  return resultOf(partsOf(bytes));
}

function endOfPng(bytes: Uint8Array): number | undefined {
  for (const chunk of chunksOfPng(bytes)) {
    // Its checksum follows.
    if (isPngEnd(chunk)) return chunk.data.byteOffset - bytes.byteOffset + chunk.data.length + 4;
  }
  return undefined;
}

function endOfWebp(bytes: Uint8Array): number | undefined {
  const length = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(4, true);
  const end = 8 + length + (length & 1);
  return end <= bytes.length ? end : undefined;
}

/** Boxes with which a file begins. A second one begins another file. */
const firstBoxes: ReadonlySet<string> = new Set(["ftyp", "JXL ", "jP  "]);

function endOfBoxes(bytes: Uint8Array): number | undefined {
  const seen = new Set<string>();
  let last: number | undefined;
  for (const { type, end } of boxesIn(bytes)) {
    if (!/^[\x20-\x7e]{4}$/.test(type) || end > bytes.length || seen.has(type)) break;
    if (firstBoxes.has(type)) seen.add(type);
    last = end;
  }
  return last;
}

/**
 * Returns where the byte behind the end of an image is. It is undefined if the image is cut, and for a TIFF, BMP, icon
 * or bare codestream, which have no end of their own.
 */
export function endOfImage({ bytes, format }: { bytes: Uint8Array; format: ImageFormat }): number | undefined {
  switch (format) {
    case "jpeg":
      return endOfJpeg(bytes);
    case "png":
      return endOfPng(bytes);
    case "gif":
      return resultOf(framesOf(bytes));
    case "webp":
      return endOfWebp(bytes);
    case "tiff":
    case "bmp":
    case "ico":
      return undefined;
    case "avif":
    case "heic":
    case "jxl":
    case "jp2":
      return bytes[0] === 0xff ? undefined : endOfBoxes(bytes);
  }
}
