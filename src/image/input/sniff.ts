import { bytes as checkBytes } from "../../check.js";
/** An image format that is decoded. */
export type ImageFormat = "jpeg" | "png" | "gif" | "webp" | "tiff" | "avif";

/** How many first bytes `sniffImage` needs at most. */
export const sniffBytes = 4096;

function ascii(bytes: Uint8Array, start: number, text: string): boolean {
  if (bytes.length < start + text.length) return false;
  for (let i = 0; i < text.length; i++) if (bytes[start + i] !== text.charCodeAt(i)) return false;
  return true;
}

/** The brands of an ISO-BMFF file name its content. "mif1" and "msf1" alone may be HEIC, which is not decoded. */
function isAvif(bytes: Uint8Array): boolean {
  if (!ascii(bytes, 4, "ftyp")) return false;
  const size = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0);
  const end = Math.min(size, bytes.length, sniffBytes);
  const av1 = (at: number): boolean => ascii(bytes, at, "avif") || ascii(bytes, at, "avis");
  if (end < 16) return false;
  if (av1(8)) return true;
  if (!ascii(bytes, 8, "mif1") && !ascii(bytes, 8, "msf1")) return false;
  // After the major brand and the minor version, the compatible brands follow up to the end of the box.
  for (let at = 16; at + 4 <= end; at += 4) if (av1(at)) return true;
  return false;
}

/**
 * Recognizes the format of an image by its first bytes, whatever its name is. Only formats that are recognized here
 * reach the decoder, so none of its other parsers (above all SVG) ever reads an untrusted file.
 *
 * @param bytes the first bytes of the file. 4,096 are enough.
 * @returns the format, or undefined for anything that cannot be hashed: text, SVG, PDF, HEIC, video.
 * @throws {InvalidArgumentError} `ERR_EMPREINTE_INVALID_ARGUMENT`: the bytes are no `Uint8Array`.
 *
 * @example
 * sniffImage(await readFile("photo.jpg")); // "jpeg"
 */
export function sniffImage(bytes: Uint8Array): ImageFormat | undefined {
  checkBytes("bytes", bytes);
  if (ascii(bytes, 0, "\xff\xd8\xff")) return "jpeg";
  if (ascii(bytes, 0, "\x89PNG\r\n\x1a\n")) return "png";
  if (ascii(bytes, 0, "GIF87a") || ascii(bytes, 0, "GIF89a")) return "gif";
  if (ascii(bytes, 0, "RIFF") && ascii(bytes, 8, "WEBP")) return "webp";
  // TIFF, then BigTIFF, in both byte orders.
  if (ascii(bytes, 0, "II*\0") || ascii(bytes, 0, "MM\0*")) return "tiff";
  if (ascii(bytes, 0, "II+\0\x08\0\0\0") || ascii(bytes, 0, "MM\0+\0\x08\0\0")) return "tiff";
  if (isAvif(bytes)) return "avif";
  return undefined;
}
