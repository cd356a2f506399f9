import { crc32, deflateSync } from "node:zlib";
import type { RawPixels } from "../hash/raw-pixels.js";

function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const out = Buffer.alloc(body.length + 8);
  out.writeUInt32BE(data.length, 0);
  body.copy(out, 4);
  out.writeUInt32BE(crc32(body), body.length + 4);
  return out;
}

/** Encodes grey or RGB pixels as a PNG file. It is written here so that the decoder is checked against other code. */
export function png({ data, width, height, channels }: RawPixels): Buffer {
  const row = width * channels;
  const rows = Buffer.alloc((row + 1) * height); // each row behind its filter type, 0: none
  for (let y = 0; y < height; y++) rows.set(data.subarray(y * row, (y + 1) * row), y * (row + 1) + 1);
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = 8; // bits a sample
  header[9] = channels === 1 ? 0 : 2; // grey or RGB
  return Buffer.concat([
    Buffer.from("\u0089PNG\r\n\u001a\n", "latin1"),
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(rows)),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}
