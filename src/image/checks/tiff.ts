import type { Encoded } from "../input/encoded.js";
import { entropyFault } from "../formats/jpeg/entropy.js";
import { damaged } from "../decode/refusals.js";
import { type Directory, TiffReader } from "../formats/tiff-directory.js";
import { checkJpeg } from "./jpeg.js";

const tags = {
  compression: 259,
  stripOffsets: 273,
  stripBytes: 279,
  tileOffsets: 324,
  tileBytes: 325,
  jpegTables: 347,
} as const;

const jpegCompression = 7;

/** What a page of a TIFF needs of the decoder. */
export interface TiffPage {
  /** The samples are in tiles, not in strips. */
  tiled: boolean;
}

/** The strips or tiles of a page that are JPEGs. */
function jpegParts(reader: TiffReader, page: Directory): Uint8Array[] {
  const [offsets, bytes] = page.has(tags.tileOffsets)
    ? [page.get(tags.tileOffsets), page.get(tags.tileBytes)]
    : [page.get(tags.stripOffsets), page.get(tags.stripBytes)];
  if (offsets === undefined || bytes === undefined) return [];
  const lengths = reader.numbers(bytes);
  return reader.numbers(offsets).map((at, i) => reader.bytes(at, lengths[i] ?? 0));
}

/**
 * Checks a page before it is decoded. JPEGs in it are read to their end: libtiff and libvips hide that one ends early. A
 * directory that cannot be followed is left for the decoder to refuse.
 *
 * @throws {ImageError} `ERR_EMPREINTE_UNSUPPORTED_FORMAT` for a JPEG of a kind that is not decoded, and
 * `ERR_EMPREINTE_CORRUPT` for one that is damaged. @throws {LimitError} as `checkJpeg` does.
 */
export async function checkTiffPage(image: Encoded, number: number): Promise<TiffPage> {
  let page: Directory;
  let jpegs: Uint8Array[] = [];
  let tables: Uint8Array | undefined;
  try {
    const reader = new TiffReader(image.bytes);
    page = reader.directory(number);
    const compression = page.get(tags.compression);
    if (compression !== undefined && reader.numbers(compression)[0] === jpegCompression) {
      const field = page.get(tags.jpegTables);
      if (field !== undefined) tables = reader.bytes(field.at, field.count);
      jpegs = jpegParts(reader, page);
    }
  } catch (error) {
    if (error instanceof RangeError) return { tiled: false };
    throw error;
  }
  for (const jpeg of jpegs) {
    image.signal.throwIfAborted();
    checkJpeg(image, jpeg);
    const fault = await entropyFault(jpeg, image.signal, tables);
    if (fault !== undefined) throw damaged(image, `${fault} in a strip or tile`);
  }
  return { tiled: page.has(tags.tileOffsets) };
}
