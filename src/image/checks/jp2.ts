import { damaged, unsupported } from "../decode/refusals.js";
import { boxAt, boxesIn } from "../formats/boxes.js";
import type { Encoded } from "../input/encoded.js";
import { checkSize } from "./sides.js";

/** Most tiles that the format can number. */
const maxTiles = 65_535;
/** Most components that an image has: CMYK with alpha. */
const maxComponents = 5;

/** Returns where the codestream begins. */
function codestreamAt(image: Encoded): number {
  const { bytes } = image;
  if (bytes[0] === 0xff) return 0;
  const box = boxAt(bytes, ["jp2c"]);
  if (box === undefined) throw damaged(image, "it has no codestream");
  return box.at;
}

/**
 * Checks the size, the tiles and the components that a JPEG 2000 says, and with `all` that it has one image.
 * @throws {ImageError} `ERR_EMPREINTE_CORRUPT`, `ERR_EMPREINTE_UNSUPPORTED_FORMAT` @throws {LimitError}
 */
export function checkJp2(image: Encoded, all: boolean): void {
  let codestreams = 0;
  for (const { type } of boxesIn(image.bytes)) if (type === "jp2c") codestreams++;
  if (all && codestreams > 1) throw unsupported(image, `a JPEG 2000 of ${codestreams} images`);
  const { bytes } = image;
  const start = codestreamAt(image);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // The marks of a codestream and of its size, the length of the segment, and what features are used.
  if (start + 42 > bytes.length || view.getUint32(start) !== 0xff4fff51) throw damaged(image, "it has no codestream");
  const [right, bottom, left, top, tileWidth, tileHeight, tileLeft, tileTop] = Array.from({ length: 8 }, (_, i) =>
    view.getUint32(start + 8 + 4 * i),
  ) as [number, number, number, number, number, number, number, number];
  checkSize(image, right - left, bottom - top);
  if (tileWidth === 0 || tileHeight === 0 || tileLeft > left || tileTop > top) throw damaged(image, "it has no tiles");
  const tiles = Math.ceil((right - tileLeft) / tileWidth) * Math.ceil((bottom - tileTop) / tileHeight);
  if (tiles > maxTiles) throw damaged(image, `it has ${tiles} tiles`);
  const components = view.getUint16(start + 40);
  if (components === 0) throw damaged(image, "it has no components");
  if (components > maxComponents) throw unsupported(image, `a JPEG 2000 of ${components} components`);
}
