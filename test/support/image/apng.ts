/** Animated PNGs made by hand: each frame is filtered and deflated on its own. */
import { crc32, deflateSync } from "node:zlib";

export interface Frame {
  width: number;
  height: number;
  left?: number;
  top?: number;
  /** 0 keep, 1 clear, 2 restore. */
  dispose?: 0 | 1 | 2;
  /** 0 replace, 1 cover by alpha. */
  blend?: 0 | 1;
  /** Rows of samples, without gaps. */
  samples: Uint8Array;
}

export interface Apng {
  width: number;
  height: number;
  /** 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGBA. */
  type: 0 | 2 | 3 | 4 | 6;
  bits?: 8 | 16;
  frames: Frame[];
  /** The image of programs without animation, where it is no frame. */
  hidden?: Uint8Array;
  /** Chunks before the image. */
  chunks?: [name: string, data: Uint8Array][];
  /** Pieces of each frame's data. */
  pieces?: number;
}

export function chunk(name: string, data: Uint8Array): Buffer {
  const bytes = Buffer.concat([Buffer.alloc(4), Buffer.from(name, "latin1"), data, Buffer.alloc(4)]);
  bytes.writeUInt32BE(data.length);
  bytes.writeUInt32BE(crc32(bytes.subarray(4, 8 + data.length)), 8 + data.length);
  return bytes;
}

const numbers = (...values: number[]): Buffer => {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [i, value] of values.entries()) bytes.writeUInt32BE(value, 4 * i);
  return bytes;
};

export function apng({ width, height, type, bits = 8, frames, hidden, chunks = [], pieces = 1 }: Apng): Buffer {
  const perPixel = ({ 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 }[type] * bits) / 8;
  const rows = (samples: Uint8Array, across: number): Buffer[] => {
    const row = across * perPixel;
    const lines = Array.from({ length: samples.length / row }, (_, y) => [
      Buffer.of(0),
      samples.subarray(y * row, (y + 1) * row),
    ]);
    const data = deflateSync(Buffer.concat(lines.flat()));
    const size = Math.ceil(data.length / pieces);
    return Array.from({ length: pieces }, (_, i) => data.subarray(i * size, (i + 1) * size));
  };
  let sequence = 0;
  const parts = [
    Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
    chunk("IHDR", Buffer.concat([numbers(width, height), Buffer.of(bits, type, 0, 0, 0)])),
    chunk("acTL", numbers(frames.length, 0)),
    ...chunks.map(([name, data]) => chunk(name, data)),
  ];
  if (hidden !== undefined) parts.push(...rows(hidden, width).map((data) => chunk("IDAT", data)));
  for (const [i, frame] of frames.entries()) {
    const { left = 0, top = 0, dispose = 0, blend = 0 } = frame;
    const place = numbers(sequence++, frame.width, frame.height, left, top);
    parts.push(chunk("fcTL", Buffer.concat([place, Buffer.of(0, 10, 0, 100, dispose, blend)])));
    for (const data of rows(frame.samples, frame.width)) {
      if (i === 0 && hidden === undefined) parts.push(chunk("IDAT", data));
      else parts.push(chunk("fdAT", Buffer.concat([numbers(sequence++), data])));
    }
  }
  return Buffer.concat([...parts, chunk("IEND", Buffer.alloc(0))]);
}
