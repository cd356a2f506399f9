/**
 * Finds holes: zeros in a row where a scan's data should be. A file has them if parts of it never arrived or could not
 * be read again. The decoder makes an image of them and reports nothing.
 */
import { partsOf } from "./structure.js";

/** So many zeros no encoder writes into a scan, but for blocks that are all alike. */
const hole = Buffer.alloc(256);

/** Returns whether bytes have a hole, from `from` on. */
export function hasZeros(bytes: Uint8Array, from = 0): boolean {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).includes(hole, from);
}

/** Whether there is a hole behind the header of the first scan, which may be in its data. */
export function hasHole(bytes: Uint8Array): boolean {
  for (const { payload, data } of partsOf(bytes)) {
    if (data !== undefined) return hasZeros(bytes, payload.byteOffset - bytes.byteOffset + payload.length);
  }
  return false;
}
