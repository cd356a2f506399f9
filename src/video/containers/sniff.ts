import { bytes as checkBytes } from "../../check.js";
/**
 * The containers that are read. `"mov"` is MP4, MOV and 3GP, `"matroska"` includes WebM, `"mpeg"` is an MPEG program
 * stream.
 */
export type VideoFormat = "mov" | "matroska" | "avi" | "mpegts" | "mpeg" | "flv" | "ogg" | "gif";

/** How many first bytes `sniffVideo` needs. */
export const videoSniffBytes = 4096;

function ascii(bytes: Uint8Array, start: number, text: string): boolean {
  if (bytes.length < start + text.length) return false;
  for (let i = 0; i < text.length; i++) if (bytes[start + i] !== text.charCodeAt(i)) return false;
  return true;
}

/** Boxes that a QuickTime or MP4 file may begin with. */
const boxes = ["ftyp", "moov", "mdat", "free", "skip", "wide", "pnot", "styp", "moof", "sidx", "uuid"];

/** Brands of images in the same container. */
const otherBrands = [
  "avif",
  "avis",
  "heic",
  "heix",
  "heim",
  "heis",
  "hevc",
  "hevx",
  "hevm",
  "hevs",
  "mif1",
  "mif2",
  "msf1",
  "msf2",
  "jxl ",
  "crx ",
];

function isMov(bytes: Uint8Array): boolean {
  if (ascii(bytes, 4, "ftyp")) return !otherBrands.some((brand) => ascii(bytes, 8, brand));
  return boxes.some((box) => ascii(bytes, 4, box));
}

/**
 * A transport stream has 0x47 every 188 bytes, every 192 with a time stamp of four bytes before, or every 204 with
 * check bytes.
 */
function isTransportStream(bytes: Uint8Array): boolean {
  const packets = 5;
  return (
    [
      [0, 188],
      [4, 192],
      [0, 204],
    ] as const
  ).some(([start, size]) => {
    // A shorter file must consist of such packets to its end.
    const count = Math.min(packets, Math.floor((bytes.length - start) / size));
    if (count < packets && (count <= 0 || bytes.length % size !== 0)) return false;
    return Array.from({ length: count }, (_, i) => bytes[start + i * size]).every((byte) => byte === 0x47);
  });
}

/**
 * Recognizes the container of a video by its first bytes, of which 4,096 are enough. It returns undefined for anything
 * else, such as an image, an audio file, a text or a playlist.
 *
 * Only files that are recognized here reach ffmpeg, and only the parser of that container. A playlist, which could make
 * ffmpeg open other files and addresses, never does.
 * @throws {InvalidArgumentError} `ERR_EMPREINTE_INVALID_ARGUMENT`: the bytes are no `Uint8Array`.
 *
 * @example
 * const format = sniffVideo((await readFile("clip.bin")).subarray(0, 4096)); // "mov"
 */
export function sniffVideo(bytes: Uint8Array): VideoFormat | undefined {
  checkBytes("bytes", bytes);
  if (isMov(bytes)) return "mov";
  if (ascii(bytes, 0, "\x1a\x45\xdf\xa3")) return "matroska";
  if (ascii(bytes, 0, "RIFF") && (ascii(bytes, 8, "AVI ") || ascii(bytes, 8, "AVIX"))) return "avi";
  if (ascii(bytes, 0, "FLV\x01")) return "flv";
  if (ascii(bytes, 0, "OggS")) return "ogg";
  if (ascii(bytes, 0, "GIF87a") || ascii(bytes, 0, "GIF89a")) return "gif";
  if (ascii(bytes, 0, "\0\0\x01\xba")) return "mpeg";
  if (isTransportStream(bytes)) return "mpegts";
  return undefined;
}
