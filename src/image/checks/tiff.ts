import type { Encoded } from "../input/encoded.js";
import { entropyFault } from "../formats/jpeg/entropy.js";
import { damaged, unsupported } from "../decode/refusals.js";
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

/** Values of the tag of the compression. */
const jpegCompression = 7;
const faxCompressions: readonly number[] = [2, 3, 4];

/** The header of a TIFF takes these bytes. No strip or tile begins in it. */
const headerBytes = 8;

/** What a page of a TIFF needs of the decoder. */
export interface TiffPage {
  /** The samples are in tiles, not in strips. */
  tiled: boolean;
  /** The samples are coded as a fax is, with codes for runs. */
  fax: boolean;
}

/** Returns the strips or tiles of a page, or none if the page does not say where they are. */
function partsOf(reader: TiffReader, page: Directory): { at: number; bytes: Uint8Array }[] {
  const [offsets, bytes] = page.has(tags.tileOffsets)
    ? [page.get(tags.tileOffsets), page.get(tags.tileBytes)]
    : [page.get(tags.stripOffsets), page.get(tags.stripBytes)];
  if (offsets === undefined || bytes === undefined) return [];
  const lengths = reader.numbers(bytes);
  return reader.numbers(offsets).map((at, i) => ({ at, bytes: reader.bytes(at, lengths[i] ?? 0) }));
}

/** @throws {ImageError} `ERR_EMPREINTE_CORRUPT` for a JPEG that is damaged. */
async function checkJpegPart(image: Encoded, jpeg: Uint8Array, tables: Uint8Array | undefined): Promise<void> {
  image.signal.throwIfAborted();
  checkJpeg(image, jpeg);
  const fault = await entropyFault(jpeg, image.signal, tables);
  if (fault !== undefined) throw damaged(image, `${fault} in a strip or tile`);
}

/**
 * Checks a page before it is decoded. JPEGs in it are read to their end: libtiff and libvips hide that one ends early.
 * A directory that cannot be followed is left for the decoder to refuse.
 *
 * @throws {ImageError} `ERR_EMPREINTE_UNSUPPORTED_FORMAT` for a kind of which the decoder hides damage, or which it
 * does not read, and `ERR_EMPREINTE_CORRUPT` for a strip or tile that is damaged or missing. @throws {LimitError} as
 * `checkJpeg` does.
 */
export async function checkTiffPage(image: Encoded, number: number): Promise<TiffPage> {
  let page: Directory;
  let compression: number;
  let parts: { at: number; bytes: Uint8Array }[];
  let tables: Uint8Array | undefined;
  try {
    const reader = new TiffReader(image.bytes);
    page = reader.directory(number);
    const field = page.get(tags.compression);
    compression = (field === undefined ? undefined : reader.numbers(field)[0]) ?? 1;
    const jpegTables = page.get(tags.jpegTables);
    if (jpegTables !== undefined) tables = reader.bytes(jpegTables.at, jpegTables.count);
    parts = partsOf(reader, page);
  } catch (error) {
    if (error instanceof RangeError) return { tiled: false, fax: false };
    throw error;
  }
  const tiled = page.has(tags.tileOffsets);
  const fax = faxCompressions.includes(compression);
  if (tiled && fax) throw unsupported(image, "a TIFF with fax codes in tiles");
  for (const { at, bytes } of parts) {
    if (at < headerBytes) throw damaged(image, "a strip or tile is missing");
    if (compression === jpegCompression) await checkJpegPart(image, bytes, tables);
  }
  return { tiled, fax };
}
