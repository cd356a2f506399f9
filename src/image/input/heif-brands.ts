/** Brands of a file whose images are compressed as AV1. */
const av1 = new Set(["avif", "avis"]);
/** Brands of an image or a sequence of images that say nothing of the compression. */
const structural = new Set(["mif1", "msf1", "mif2", "msf2"]);
/** Brands of a file whose images are compressed as HEVC. */
const hevc = new Set(["heic", "heix", "heim", "heis", "hevc", "hevx", "hevm", "hevs"]);

/**
 * Recognizes the images of an ISO-BMFF file by its brands. The major brand decides; of a brand that says nothing of the
 * compression, the compatible ones do. A video that lists an image's brand stays a video.
 *
 * @param end where the file's first bytes end that are looked at.
 */
export function heifFormat(bytes: Uint8Array, end: number): "avif" | "heic" | undefined {
  const brandAt = (at: number): string => String.fromCharCode(...bytes.subarray(at, at + 4));
  if (bytes.length < 16 || brandAt(4) !== "ftyp") return undefined;
  const size = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0);
  const boxEnd = Math.min(size, end);
  if (boxEnd < 16) return undefined;
  const major = brandAt(8);
  if (av1.has(major)) return "avif";
  if (hevc.has(major)) return "heic";
  if (!structural.has(major)) return undefined;
  // After the major brand and the minor version, the compatible brands follow up to the end of the box.
  for (let at = 16; at + 4 <= boxEnd; at += 4) if (av1.has(brandAt(at))) return "avif";
  return "heic";
}
