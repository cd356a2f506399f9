import type { Reading } from "../reading.js";

/** What the header of a bitmap says, and where its parts are. */
export interface BmpHeader {
  width: number;
  height: number;
  /** The first row that is stored is the top one. */
  topDown: boolean;
  /** The bits of a pixel. */
  bits: number;
  /** How the pixels are compressed: not at all, or as runs of 4 or 8 bits. */
  runs: boolean;
  /** The bits of red, green and blue in a pixel of 16 or 32 bits. */
  masks: readonly [number, number, number];
  /** The colours of pixels of at most 8 bits: red, green, blue. */
  palette: Uint8Array;
  /** The byte at which the pixels begin. */
  dataAt: number;
}

const compressions = { none: 0, rle8: 1, rle4: 2, fields: 3, jpeg: 4, png: 5, fieldsWithAlpha: 6 } as const;

const depths: Readonly<Record<number, readonly number[]>> = {
  [compressions.none]: [1, 2, 4, 8, 16, 24, 32],
  [compressions.rle8]: [8],
  [compressions.rle4]: [4],
  [compressions.fields]: [16, 32],
  [compressions.fieldsWithAlpha]: [16, 32],
};

/** Returns true for the mask of one field of bits, or of none. */
function isField(mask: number): boolean {
  if (mask === 0) return true;
  const shifted = mask >>> (31 - Math.clz32(mask & -mask));
  return (shifted & (shifted + 1)) === 0;
}

/**
 * Reads the palette: blue, green and red, each in one byte, and in all but the oldest headers a byte that is not used.
 */
function paletteOf(bytes: Uint8Array, at: number, count: number, entryBytes: number): Uint8Array {
  const palette = new Uint8Array(3 * count);
  for (let i = 0; i < count; i++) {
    const from = at + i * entryBytes;
    for (let colour = 0; colour < 3; colour++) palette[3 * i + colour] = bytes[from + 2 - colour]!;
  }
  return palette;
}

/**
 * Reads the header of a bitmap and checks its sides and depth.
 *
 * @param at where the header begins: behind the file's own 14 bytes, or at the start of an icon's bitmap.
 * @param pixelsAt where the pixels begin. In an icon they begin behind the palette, and half of the height is a mask.
 * @throws the errors of `image`
 */
export function bmpHeader(image: Reading, at: number, pixelsAt: number | "icon"): BmpHeader {
  const { bytes } = image;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (at + 12 > bytes.length) throw image.damaged("its header ends early");
  const length = view.getUint32(at, true);
  if (length < 12 || at + length > bytes.length) throw image.damaged("its header ends early");
  const old = length === 12;
  // A short header of OS/2 leaves out fields, which are then 0.
  const field = (offset: number): number => (offset + 4 <= length ? view.getUint32(at + offset, true) : 0);
  const width = old ? view.getUint16(at + 4, true) : field(4) | 0;
  const signed = old ? view.getUint16(at + 6, true) : field(8) | 0;
  const stored = pixelsAt === "icon" ? signed / 2 : signed;
  const [planes, bits] = old
    ? [view.getUint16(at + 8, true), view.getUint16(at + 10, true)]
    : [field(12) & 0xffff, field(12) >>> 16];
  const height = Math.abs(stored);
  if (width < 1 || height < 1 || !Number.isInteger(height)) throw image.damaged(`it is ${width}×${stored} pixels`);
  if (planes !== 1) throw image.damaged(`it has ${planes} planes`);
  image.checkSides(width, height);
  const compression = old ? compressions.none : field(16);
  const os2 = length === 64 || length === 16;
  if ((os2 && compression > compressions.rle4) || compression === compressions.jpeg || compression === compressions.png)
    throw image.unsupported(`a BMP with compression ${compression}`);
  if (!depths[compression]?.includes(bits)) throw image.damaged(`it has ${bits} bits with compression ${compression}`);
  const hasFields = compression === compressions.fields || compression === compressions.fieldsWithAlpha;
  // They are a part of the later headers, and follow the others.
  const maskBytes = hasFields && length < 52 ? (compression === compressions.fields ? 12 : 16) : 0;
  const paletteAt = at + length + maskBytes;
  const entryBytes = old ? 3 : 4;
  const most = bits <= 8 ? 2 ** bits : 0;
  const used = Math.min(most, (old ? 0 : field(32)) || most);
  const dataAt = pixelsAt === "icon" ? paletteAt + used * entryBytes : pixelsAt;
  if (dataAt < paletteAt) throw image.damaged("its pixels begin inside its header");
  if (dataAt > bytes.length) throw image.damaged("its data end early");
  const there = Math.min(used, Math.floor((dataAt - paletteAt) / entryBytes));
  const maskAt = at + 40;
  const masks: readonly [number, number, number] = hasFields
    ? [view.getUint32(maskAt, true), view.getUint32(maskAt + 4, true), view.getUint32(maskAt + 8, true)]
    : bits === 16
      ? [0x7c00, 0x3e0, 0x1f]
      : [0xff0000, 0xff00, 0xff];
  checkMasks(image, masks, bits);
  return {
    width,
    height,
    topDown: stored < 0,
    bits,
    runs: compression === compressions.rle8 || compression === compressions.rle4,
    masks,
    palette: paletteOf(bytes, paletteAt, there, entryBytes),
    dataAt,
  };
}

/** Reads the header of a file, as `bmpHeader` does. @throws the errors of `image` */
export function fileHeader(image: Reading): BmpHeader {
  const { bytes } = image;
  if (bytes.length < 14) throw image.damaged("its header ends early");
  return bmpHeader(image, 14, new DataView(bytes.buffer, bytes.byteOffset, 14).getUint32(10, true));
}

function checkMasks(image: Reading, [red, green, blue]: readonly [number, number, number], bits: number): void {
  const all = (red | green | blue) >>> 0;
  const overlap = (red & green) | (red & blue) | (green & blue);
  const fits = bits !== 16 || all <= 0xffff;
  if (all === 0 || overlap !== 0 || !fits || ![red, green, blue].every(isField))
    throw image.damaged("its masks are not fields of bits");
}
