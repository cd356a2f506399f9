import { ImageError } from "../../errors.js";
import { boxesIn } from "../formats/boxes.js";
import type { Encoded } from "../input/encoded.js";
import { unsupported } from "../decode/refusals.js";

/**
 * Prepares an AVIF. The decoder refuses the brand of a sequence, and reads its first frame under the brand of an image:
 * a sequence for the web has that frame as an image as well. So the brand is changed, in memory of our own.
 *
 * @throws {ImageError} `ERR_EMPREINTE_UNSUPPORTED_FORMAT` for a sequence without such an image, and for one of which
 * all frames are wanted.
 */
export function prepareAvif(image: Encoded, all: boolean): void {
  const { bytes, name } = image;
  const boxes = new Set([...boxesIn(bytes)].map(({ type }) => type));
  if (!boxes.has("moov")) return;
  if (!boxes.has("meta")) throw unsupported(image, "an AVIF sequence without a still image");
  if (all) {
    const text = `${name} is an animated AVIF, of which the decoder reads the first frame only, not all of them`;
    throw new ImageError("ERR_EMPREINTE_UNSUPPORTED_FORMAT", text);
  }
  const brand = String.fromCharCode(...bytes.subarray(8, 12));
  if (brand === "avis") bytes.set(Buffer.from("avif"), 8);
}
