/**
 * Finds holes: bytes of one value in a row where compressed data should be. A file has them if parts of it never arrived or
 * could not be read again. Decoders make an image of them and report nothing.
 */

/** So many zeros no encoder writes into a scan of a JPEG, but for blocks that are all alike, or into a lossy WebP. */
const shortHole = 256;

/** Lossless WebPs have short runs: measured are 255 bytes in a pattern of 64 megapixels. */
const longHole = 1024;

const zeros = Buffer.alloc(longHole);
const ones = Buffer.alloc(longHole, 0xff);

const bufferOf = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Whether bytes have a short hole of zeros, from `from` on. */
export function hasZeros(bytes: Uint8Array, from = 0): boolean {
  return bufferOf(bytes).includes(zeros.subarray(0, shortHole), from);
}

/** Whether bytes have a long hole of zeros, or one of ones, as erased memory has. */
export function hasLongHole(bytes: Uint8Array): boolean {
  const buffer = bufferOf(bytes);
  return buffer.includes(zeros) || buffer.includes(ones);
}
