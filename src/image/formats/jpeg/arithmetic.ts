import { frameOf, isFrame, partsOf } from "./structure.js";

/** Returns true for a JPEG with arithmetic codes. */
export function isArithmetic(bytes: Uint8Array): boolean {
  for (const part of partsOf(bytes))
    if (isFrame(part.marker)) return [0xc9, 0xca].includes(frameOf(part)?.process ?? 0);
  return false;
}

/**
 * Zeros at the end of arithmetic codes may be left out, and a decoder reads zeros for them. Behind so many it has read
 * beyond the end: then other bytes change the image.
 */
const beyond: Uint8Array = new Uint8Array(96).fill(0x55, 32);

/**
 * Returns a copy with more bytes behind the data of each scan. The decoder gives the same samples for it where the data
 * are whole, and does not say itself when they end early.
 */
export function lengthened(bytes: Uint8Array): Uint8Array {
  const pieces: Uint8Array[] = [];
  let done = 0;
  for (const { data } of partsOf(bytes)) {
    if (data === undefined) continue;
    const scan = data();
    const end = scan.byteOffset - bytes.byteOffset + scan.length;
    pieces.push(bytes.subarray(done, end), beyond);
    done = end;
  }
  return Buffer.concat([...pieces, bytes.subarray(done)]);
}
