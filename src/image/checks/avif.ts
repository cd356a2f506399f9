import { ImageError } from "../../errors.js";
import type { Encoded } from "../input/encoded.js";
import { unsupported } from "../decode/refusals.js";

/** Returns the types of the boxes of a file, up to where they cannot be followed. */
function boxesOf(bytes: Uint8Array): Set<string> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const types = new Set<string>();
  for (let at = 0; at + 8 <= bytes.length;) {
    const start = view.getUint32(at);
    types.add(String.fromCharCode(...bytes.subarray(at + 4, at + 8)));
    // 1 says that a length of 64 bits follows, 0 that the box goes to the end.
    const length = start === 1 && at + 16 <= bytes.length ? Number(view.getBigUint64(at + 8)) : start;
    if (length < 8) break;
    at += length;
  }
  return types;
}

/**
 * Prepares an AVIF. The decoder refuses the brand of a sequence, and reads its first frame under the brand of an image: a
 * sequence for the web has that frame as an image as well. So the brand is changed, in memory of our own.
 *
 * @throws {ImageError} `ERR_EMPREINTE_UNSUPPORTED_FORMAT` for a sequence without such an image, and for one of which all frames
 * are wanted.
 */
export function prepareAvif(image: Encoded, all: boolean): void {
  const { bytes, name } = image;
  const boxes = boxesOf(bytes);
  if (!boxes.has("moov")) return;
  if (!boxes.has("meta")) throw unsupported(image, "an AVIF sequence without a still image");
  if (all) {
    const text = `${name} is an animated AVIF, of which the decoder reads the first frame only, not all of them`;
    throw new ImageError("ERR_EMPREINTE_UNSUPPORTED_FORMAT", text);
  }
  const brand = String.fromCharCode(...bytes.subarray(8, 12));
  if (brand === "avis") bytes.set(Buffer.from("avif"), 8);
}
