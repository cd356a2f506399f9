/** Writes bitmaps and icons of every kind, from pixels that the test knows. */

/** Red, green and blue of each pixel, the top row first. */
export interface Image {
  width: number;
  height: number;
  rgb: Uint8Array;
}

export interface BmpKind {
  bits: 1 | 2 | 4 | 8 | 16 | 24 | 32;
  /** Bytes of the header: 12 and 64 are those of OS/2. */
  header?: 12 | 40 | 52 | 56 | 64 | 108 | 124;
  topDown?: boolean;
  runs?: boolean;
  /** The bits of red, green and blue. */
  masks?: readonly [number, number, number];
  /** As many colours as the palette has. Default: all that the depth allows. */
  colours?: number;
}

/** An image of shapes in `colours` colours, which has every kind of run. */
export function indexed(
  width: number,
  height: number,
  colours: number,
): { image: Image; indexes: Uint8Array; palette: Uint8Array } {
  const palette = Uint8Array.from({ length: 3 * colours }, (_, i) => (i * 37 + (i % 3) * 91 + (i >> 3)) & 255);
  const indexes = Uint8Array.from({ length: width * height }, (_, i) => {
    const [x, y] = [i % width, Math.floor(i / width)];
    const cell = (x >> 3) * 5 + (y >> 2) * 3 + (y % 3 === 0 ? x : 0);
    return cell % colours;
  });
  const rgb = new Uint8Array(3 * width * height);
  indexes.forEach((index, i) => rgb.set(palette.subarray(3 * index, 3 * index + 3), 3 * i));
  return { image: { width, height, rgb }, indexes, palette };
}

/** An image of smooth colours with noise. */
export function coloured(width: number, height: number): Image {
  const rgb = new Uint8Array(3 * width * height);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i += 3) {
      rgb[i] = (255 * x) / width;
      rgb[i + 1] = (x * 7 + y * 13 + ((x * y) % 29)) & 255;
      rgb[i + 2] = (255 * y) / height;
    }
  }
  return { width, height, rgb };
}

/** Runs of one row of colours: runs of equal ones where there are three, and stored ones otherwise. */
function runsOf(row: Uint8Array, bits: 4 | 8): number[] {
  const out: number[] = [];
  const most = 254;
  for (let at = 0; at < row.length;) {
    let same = 1;
    while (at + same < row.length && same < most && row[at + same] === row[at]) same++;
    if (same >= 3 || row.length - at < 3) {
      out.push(same, bits === 8 ? row[at]! : row[at]! * 17);
      at += same;
      continue;
    }
    let count = 0;
    const ends = (from: number): boolean => row[from] === row[from + 1] && row[from] === row[from + 2];
    while (at + count < row.length && count < most && !ends(at + count)) count++;
    if (count < 3) {
      for (let i = 0; i < count; i++) out.push(1, bits === 8 ? row[at + i]! : row[at + i]! * 17);
    } else {
      const stored = [...row.subarray(at, at + count)];
      const bytes = bits === 8 ? stored : pairs(stored);
      out.push(0, count, ...bytes, ...(bytes.length % 2 === 1 ? [0] : []));
    }
    at += count;
  }
  return out;
}

const pairs = (values: readonly number[]): number[] =>
  Array.from({ length: Math.ceil(values.length / 2) }, (_, i) => (values[2 * i]! << 4) | (values[2 * i + 1] ?? 0));

/** The header of a bitmap and its palette. */
function headerOf(kind: BmpKind, width: number, height: number, palette: Uint8Array): Buffer {
  const { bits, header = 40, topDown = false, runs = false, masks } = kind;
  const colours = palette.length / 3;
  const out = Buffer.alloc(header + (masks !== undefined && header === 40 ? 12 : 0));
  out.writeUInt32LE(header, 0);
  if (header === 12) {
    out.writeUInt16LE(width, 4);
    out.writeUInt16LE(height, 6);
    out.writeUInt16LE(1, 8);
    out.writeUInt16LE(bits, 10);
  } else {
    out.writeInt32LE(width, 4);
    out.writeInt32LE(topDown ? -height : height, 8);
    out.writeUInt16LE(1, 12);
    out.writeUInt16LE(bits, 14);
    out.writeUInt32LE(masks !== undefined ? 3 : runs ? (bits === 8 ? 1 : 2) : 0, 16);
    out.writeUInt32LE(colours === 2 ** bits ? 0 : colours, 32);
    masks?.forEach((mask, i) => out.writeUInt32LE(mask, 40 + 4 * i));
    // "sRGB", so that no reader looks for gamma.
    if (header >= 108) out.writeUInt32LE(0x73524742, 56);
  }
  const entry = header === 12 ? 3 : 4;
  const table = Buffer.alloc(entry * colours);
  for (let i = 0; i < colours; i++) {
    for (let colour = 0; colour < 3; colour++) table[entry * i + colour] = palette[3 * i + 2 - colour]!;
  }
  return Buffer.concat([out, table]);
}

function fieldOf(value: number, mask: number): number {
  const shift = mask === 0 ? 0 : 31 - Math.clz32(mask & -mask);
  const most = mask >>> shift;
  return (Math.round((value * most) / 255) << shift) >>> 0;
}

function rowOf(kind: BmpKind, row: Uint8Array, width: number): Uint8Array {
  const { bits, masks } = kind;
  const bytes = Buffer.alloc(4 * Math.ceil((width * bits) / 32));
  for (let x = 0; x < width; x++) {
    if (bits <= 8) {
      const at = Math.floor((x * bits) / 8);
      bytes[at]! |= row[x]! << (8 - bits - ((x * bits) % 8));
      continue;
    }
    const [red, green, blue] = [row[3 * x]!, row[3 * x + 1]!, row[3 * x + 2]!];
    const [r, g, b] = masks ?? (bits === 16 ? [0x7c00, 0x3e0, 0x1f] : [0xff0000, 0xff00, 0xff]);
    const pixel = (fieldOf(red, r) | fieldOf(green, g) | fieldOf(blue, b)) >>> 0;
    if (bits === 16) bytes.writeUInt16LE(pixel & 0xffff, 2 * x);
    else if (bits === 24) bytes.writeUIntLE(pixel, 3 * x, 3);
    else bytes.writeUInt32LE(pixel, 4 * x);
  }
  return bytes;
}

/** The header, palette and pixels of a bitmap, without the header of a file. */
export function bitmap(
  kind: BmpKind,
  { width, height, rgb }: Image,
  {
    indexes,
    palette = new Uint8Array(0),
    heightGiven = height,
  }: { indexes?: Uint8Array; palette?: Uint8Array; heightGiven?: number } = {},
): { head: Buffer; pixels: Buffer } {
  const head = headerOf(kind, width, heightGiven, palette);
  const rows = Array.from({ length: height }, (_, i) => {
    const y = kind.topDown === true ? i : height - 1 - i;
    if (indexes === undefined) return rowOf(kind, rgb.subarray(3 * width * y, 3 * width * (y + 1)), width);
    const row = indexes.subarray(width * y, width * (y + 1));
    const last = i === height - 1 ? [0, 1] : [0, 0];
    return kind.runs === true
      ? Uint8Array.from([...runsOf(row, kind.bits as 4 | 8), ...last])
      : rowOf(kind, row, width);
  });
  return { head, pixels: Buffer.concat(rows) };
}

/** A file with a bitmap. */
export function bmp(kind: BmpKind, image: Image, indexed?: { indexes: Uint8Array; palette: Uint8Array }): Buffer {
  const { head, pixels } = bitmap(kind, image, indexed);
  const file = Buffer.alloc(14);
  file.write("BM", 0, "latin1");
  file.writeUInt32LE(14 + head.length + pixels.length, 2);
  file.writeUInt32LE(14 + head.length, 10);
  return Buffer.concat([file, head, pixels]);
}

/** An icon of images, each a PNG or what `bitmap` makes with a mask behind it. */
export function ico(images: readonly { width: number; height: number; bits: number; bytes: Uint8Array }[]): Buffer {
  const directory = Buffer.alloc(6 + 16 * images.length);
  directory.writeUInt16LE(1, 2);
  directory.writeUInt16LE(images.length, 4);
  let at = directory.length;
  images.forEach(({ width, height, bits, bytes }, i) => {
    const entry = 6 + 16 * i;
    directory[entry] = width & 255;
    directory[entry + 1] = height & 255;
    directory.writeUInt16LE(1, entry + 4);
    directory.writeUInt16LE(bits, entry + 6);
    directory.writeUInt32LE(bytes.length, entry + 8);
    directory.writeUInt32LE(at, entry + 12);
    at += bytes.length;
  });
  return Buffer.concat([directory, ...images.map(({ bytes }) => bytes)]);
}

/** A bitmap of an icon: its height is twice as large, for the mask that follows. */
export function iconBitmap(
  kind: BmpKind,
  image: Image,
  indexed?: { indexes: Uint8Array; palette: Uint8Array },
): Buffer {
  const { head, pixels } = bitmap(kind, image, { ...indexed, heightGiven: 2 * image.height });
  const mask = Buffer.alloc(4 * Math.ceil(image.width / 32) * image.height, 0xaa);
  return Buffer.concat([head, pixels, mask]);
}
