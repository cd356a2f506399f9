/**
 * A local record in parts: its head, its places and its descriptors. An index has the descriptors in its rows already,
 * so it keeps the other parts only, and puts a record together where it is verified or saved. The format is in
 * native/local/record.h.
 */

const headBytes = 24;
const placeBytes = 6;
const descriptorBytes = 32;
const pointBytes = placeBytes + descriptorBytes;
const countAt = 6;
const checksumAt = 20;

/** A record without its descriptors. */
export interface RecordPlaces {
  /** The first 24 bytes of a record. */
  head: Uint8Array;
  /** Six bytes for each point. */
  places: Uint8Array;
}

/** A record, in parts. */
export interface RecordParts extends RecordPlaces {
  /** 32 bytes for each point. */
  descriptors: Uint8Array;
}

/** Returns how many points the places are of. */
export const pointsOf = ({ places }: RecordPlaces): number => places.length / placeBytes;

/** Takes a valid record apart, and leaves out the points that `keep` rejects. */
export function splitRecord(record: Uint8Array, keep: (point: number) => boolean): RecordParts {
  const points = Array.from({ length: (record.length - headBytes) / pointBytes }, (_, i) => i).filter(keep);
  const places = new Uint8Array(placeBytes * points.length);
  const descriptors = new Uint8Array(descriptorBytes * points.length);
  points.forEach((point, i) => {
    const at = headBytes + pointBytes * point;
    places.set(record.subarray(at, at + placeBytes), placeBytes * i);
    descriptors.set(record.subarray(at + placeBytes, at + pointBytes), descriptorBytes * i);
  });
  return { head: record.slice(0, headBytes), places, descriptors };
}

/** Returns the record of the parts. */
export function joinRecord({ head, places, descriptors }: RecordParts): Uint8Array {
  const points = places.length / placeBytes;
  const record = new Uint8Array(headBytes + pointBytes * points);
  record.set(head);
  for (let i = 0; i < points; i++) {
    const at = headBytes + pointBytes * i;
    record.set(places.subarray(placeBytes * i, placeBytes * (i + 1)), at);
    record.set(descriptors.subarray(descriptorBytes * i, descriptorBytes * (i + 1)), at + placeBytes);
  }
  const view = new DataView(record.buffer);
  view.setUint16(countAt, points, true);
  view.setUint32(checksumAt, 0, true);
  view.setUint32(checksumAt, crc32c(record), true);
  return record;
}

/** The table of CRC-32C (Castagnoli), whose reflected polynomial is 0x82f63b78. */
const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0x82f6_3b78 : value >>> 1;
  return value;
});

function crc32c(bytes: Uint8Array): number {
  let crc = 0xffff_ffff;
  for (const byte of bytes) crc = crcTable[(crc ^ byte) & 0xff]! ^ (crc >>> 8);
  return ~crc >>> 0;
}
