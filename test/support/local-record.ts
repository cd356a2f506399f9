/** Local records, put together byte by byte as native/local/record.h says. */
import { LocalRecord } from "../../dist/doors/local.js";

/** Writes the checksum of a record that was changed. */
export function withChecksum(record: Uint8Array): Uint8Array {
  const made = Buffer.from(record);
  made.writeUInt32LE(0, 20);
  let crc = 0xffff_ffff;
  for (const byte of made) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f6_3b78 : crc >>> 1;
  }
  made.writeUInt32LE(~crc >>> 0, 20);
  return Uint8Array.from(made);
}

/** The record of some of the points of another. */
export function recordOf(bytes: Uint8Array, first: number, count: number): LocalRecord {
  const made = Buffer.concat([bytes.subarray(0, 24), bytes.subarray(24 + 38 * first, 24 + 38 * (first + count))]);
  made.writeUInt16LE(count, 6);
  return LocalRecord.from(withChecksum(made));
}
