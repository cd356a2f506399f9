/** Files of several images, made by hand around images that others compressed. */

type Bytes = Uint8Array;

const u16le = (...values: number[]): Buffer => Buffer.from(values.flatMap((value) => [value & 255, value >> 8]));
const u32le = (...values: number[]): Buffer =>
  Buffer.concat(values.map((value) => u16le(value & 0xffff, value >>> 16)));

/** Puts a segment behind the mark of a JPEG. */
export function withSegment(jpeg: Bytes, marker: number, payload: Bytes): Buffer {
  const length = payload.length + 2;
  const head = Buffer.from([0xff, marker, length >> 8, length & 255]);
  return Buffer.concat([jpeg.subarray(0, 2), head, payload, jpeg.subarray(2)]);
}

export const withXmp = (jpeg: Bytes, xmp: string): Buffer =>
  withSegment(jpeg, 0xe1, Buffer.from(`http://ns.adobe.com/xap/1.0/\0<x:xmpmeta ${xmp}/>`, "latin1"));

/** Types of the images of an MPO (CIPA DC-007). */
export const types = {
  undefined: 0,
  thumbnail: 0x010001,
  thumbnail4K: 0x010003,
  disparity: 0x020002,
  primary: 0x030000,
  gainMap: 0x050000,
} as const;

/** An MPO: the first image with the table of all, and the others behind it, with bytes between them. */
export function mpo(images: readonly { jpeg: Bytes; type: number }[], gap = 0): Buffer {
  const [first, ...rest] = images as [{ jpeg: Bytes; type: number }, ...{ jpeg: Bytes; type: number }[]];
  // The table is behind one directory of two tags.
  const tableAt = 8 + 2 + 2 * 12 + 4;
  const payloadLength = 4 + tableAt + 16 * images.length;
  const headerAt = 2 + 4 + 4;
  const firstLength = first.jpeg.length + 4 + payloadLength;
  let at = firstLength;
  const entries = images.map(({ jpeg, type }, i) => {
    if (i === 0) return Buffer.concat([u32le(type, firstLength, 0), u16le(0, 0)]);
    at += gap;
    const entry = Buffer.concat([u32le(type, jpeg.length, at - headerAt), u16le(0, 0)]);
    at += jpeg.length;
    return entry;
  });
  const directory = Buffer.concat([
    u16le(2),
    u16le(0xb001, 4),
    u32le(1, images.length),
    u16le(0xb002, 7),
    u32le(16 * images.length, tableAt),
    u32le(0),
  ]);
  const payload = Buffer.concat([Buffer.from("MPF\0II*\0"), u32le(8), directory, ...entries]);
  const others = rest.flatMap(({ jpeg }) => [Buffer.alloc(gap), jpeg]);
  return Buffer.concat([withSegment(first.jpeg, 0xe2, payload), ...others]);
}

interface TiffPage {
  /** The tag that says of what kind the page is: 1 a smaller version, 4 a mask. */
  kind?: number;
  /** The same by the older tag: 2 is a smaller version. */
  oldKind?: number;
  /** Pages below this one. */
  below?: TiffPage[];
}

/** A TIFF of pages of 8×8 grey samples, which are not the same on two pages. */
export function tiffOf(pages: readonly TiffPage[]): Buffer {
  const parts: Buffer[] = [Buffer.from("II*\0"), u32le(0)];
  let length = 8;
  let grey = 1;
  const add = (part: Buffer): number => {
    parts.push(part);
    length += part.length;
    return length - part.length;
  };
  /** Writes a directory with what it points to. Returns where it is, and where the next one's place is written. */
  const write = ({ kind, oldKind, below = [] }: TiffPage): { at: number; nextAt: number } => {
    const samples = add(Buffer.alloc(64, grey++));
    const places = below.map((page) => write(page).at);
    const placesAt = places.length > 1 ? add(u32le(...places)) : (places[0] ?? 0);
    const long = (tag: number, value: number, count = 1): Buffer => Buffer.concat([u16le(tag, 4), u32le(count, value)]);
    const tags = [
      ...(kind === undefined ? [] : [long(254, kind)]),
      ...(oldKind === undefined ? [] : [Buffer.concat([u16le(255, 3), u32le(1), u16le(oldKind, 0)])]),
      long(256, 8),
      long(257, 8),
      long(258, 8),
      long(259, 1),
      long(262, 1),
      long(273, samples),
      long(277, 1),
      long(278, 8),
      long(279, 64),
      ...(below.length === 0 ? [] : [long(330, placesAt, below.length)]),
    ];
    const at = add(Buffer.concat([u16le(tags.length), ...tags, u32le(0)]));
    return { at, nextAt: length - 4 };
  };
  let placeAt = 4;
  const links: [number, number][] = [];
  for (const page of pages) {
    const { at, nextAt } = write(page);
    links.push([placeAt, at]);
    placeAt = nextAt;
  }
  const bytes = Buffer.concat(parts);
  for (const [where, at] of links) bytes.writeUInt32LE(at, where);
  return bytes;
}
