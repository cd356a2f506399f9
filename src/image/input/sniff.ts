import { bytes as checkBytes } from "../../check.js";
import { heifFormat } from "./heif-brands.js";

/** An image format that is decoded. */
export type ImageFormat = "jpeg" | "png" | "gif" | "webp" | "tiff" | "avif" | "heic" | "jxl" | "jp2" | "bmp" | "ico";

/** How many first bytes `sniffImage` needs at most. */
export const sniffBytes = 4096;

function ascii(bytes: Uint8Array, start: number, text: string): boolean {
  if (bytes.length < start + text.length) return false;
  for (let i = 0; i < text.length; i++) if (bytes[start + i] !== text.charCodeAt(i)) return false;
  return true;
}

/** Lengths of the header of a BMP: OS/2 1, OS/2 2 (short and whole), and Windows 3 to 5. */
const bmpHeaders = new Set([12, 16, 40, 52, 56, 64, 108, 124]);
const bmpDepths = new Set([1, 2, 4, 8, 16, 24, 32]);

/** "BM" may begin a text, so the header behind it must be one: its length, one plane, and a depth that exists. */
function isBmp(bytes: Uint8Array): boolean {
  if (!ascii(bytes, 0, "BM") || bytes.length < 26) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getUint32(14, true);
  if (!bmpHeaders.has(length) || (length > 12 && bytes.length < 30)) return false;
  const [planes, bits] = length === 12 ? [22, 24] : [26, 28];
  return view.getUint16(planes, true) === 1 && bmpDepths.has(view.getUint16(bits, true));
}

/** An icon has no mark of its own, so each of its entries that are among the first bytes must be one. */
function isIco(bytes: Uint8Array): boolean {
  if (!ascii(bytes, 0, "\0\0\x01\0") || bytes.length < 22) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = view.getUint16(4, true);
  const end = 6 + 16 * count;
  for (let at = 6; at < end && at + 16 <= Math.min(bytes.length, sniffBytes); at += 16) {
    const [planes, bits] = [view.getUint16(at + 4, true), view.getUint16(at + 6, true)];
    if (bytes[at + 3] !== 0 || planes > 1 || (bits !== 0 && !bmpDepths.has(bits))) return false;
    if (view.getUint32(at + 8, true) < 12 || view.getUint32(at + 12, true) < end) return false;
  }
  return count > 0;
}

/** Returns a JPEG 2000 in its container, unless that has a film or pages, or as a codestream. */
function isJp2(bytes: Uint8Array): boolean {
  if (ascii(bytes, 0, "\xff\x4f\xff\x51")) return true;
  if (!ascii(bytes, 0, "\0\0\0\x0cjP  \r\n\x87\n") || !ascii(bytes, 16, "ftyp")) return false;
  return ["jp2 ", "jpx ", "jph "].some((brand) => ascii(bytes, 20, brand));
}

/**
 * Recognizes the format of an image by its first bytes, whatever its name is. Only formats that are recognized here
 * reach the decoder, so none of its other parsers (above all SVG) ever reads an untrusted file.
 *
 * @param bytes the first bytes of the file. 4,096 are enough.
 * @returns the format, or undefined for anything that cannot be hashed: text, SVG, PDF, video.
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
  // A JPEG XL is a codestream, or a container of boxes.
  if (ascii(bytes, 0, "\xff\x0a") || ascii(bytes, 0, "\0\0\0\x0cJXL \r\n\x87\n")) return "jxl";
  if (isJp2(bytes)) return "jp2";
  if (isBmp(bytes)) return "bmp";
  if (isIco(bytes)) return "ico";
  return heifFormat(bytes, Math.min(bytes.length, sniffBytes));
}
