import { HashError, unsupported } from "../errors.js";
import type { ImageFormat } from "../results.js";

const av1 = new Set(["avif", "avis"]);
const structural = new Set(["mif1", "msf1", "mif2", "msf2"]);
const hevc = new Set(["heic", "heix", "heim", "heis", "hevc", "hevx", "hevm", "hevs"]);

/**
 * Recognizes AVIF and HEIC by their brands: the major one, or the compatible ones where it says nothing of the codec.
 */
function heifFormat(bytes: Uint8Array, text: (at: number, length: number) => string): "avif" | "heic" | undefined {
  if (bytes.length < 16 || text(4, 4) !== "ftyp") return undefined;
  const end = Math.min(new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0), bytes.length, 4096);
  const major = text(8, 4);
  if (av1.has(major)) return "avif";
  if (hevc.has(major)) return "heic";
  if (!structural.has(major)) return undefined;
  for (let at = 16; at + 4 <= end; at += 4) if (av1.has(text(at, 4))) return "avif";
  return "heic";
}

/** Recognizes a format by the first bytes. @throws {HashError} for any other content. */
export function sniff(bytes: Uint8Array): ImageFormat {
  if (bytes.length === 0) throw new HashError("ERR_EMPREINTE_EMPTY", "The file is empty.");
  const text = (at: number, length: number): string => String.fromCharCode(...bytes.subarray(at, at + length));
  if (bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff) return "jpeg";
  if (text(0, 8) === "\x89PNG\r\n\x1a\n") return "png";
  if (text(0, 6) === "GIF87a" || text(0, 6) === "GIF89a") return "gif";
  if (text(0, 4) === "RIFF" && text(8, 4) === "WEBP") return "webp";
  const heif = heifFormat(bytes, text);
  if (heif === "heic") return heif;
  if (heif === "avif") throw unsupported("an AVIF");
  if (text(0, 4) === "II*\0" || text(0, 4) === "MM\0*") throw unsupported("a TIFF");
  if (text(0, 2) === "BM") return "bmp";
  const message = "The file is not a JPEG, PNG, GIF, WebP, HEIC or BMP.";
  throw new HashError("ERR_EMPREINTE_UNSUPPORTED_FORMAT", message);
}
