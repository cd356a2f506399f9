/** Writes HEIF files from images that heif-enc compressed: grids, rotations, several images. */

/** The box of a type, with its length. */
export function box(type: string, ...content: Uint8Array[]): Buffer {
  const head = Buffer.alloc(8);
  const bytes = Buffer.concat(content);
  head.writeUInt32BE(8 + bytes.length, 0);
  head.write(type, 4, "latin1");
  return Buffer.concat([head, bytes]);
}

const fullBox = (type: string, version: number, flags: number, ...content: Uint8Array[]): Buffer =>
  box(type, Buffer.from([version, flags >> 16, (flags >> 8) & 255, flags & 255]), ...content);

const u8 = (...values: number[]): Buffer => Buffer.from(values);
const u16 = (...values: number[]): Buffer => Buffer.from(values.flatMap((value) => [value >> 8, value & 255]));
const u32 = (...values: number[]): Buffer => Buffer.concat(values.map((value) => u16(value >>> 16, value & 0xffff)));

/** One image of a file, or a grid of others. */
export interface HeifItem {
  type: "hvc1" | "grid";
  data: Buffer;
  /** Boxes that describe it, in the order in which they apply. */
  properties: Buffer[];
  /** The numbers of the tiles of a grid, from 1 on. */
  tiles?: number[];
  hidden?: boolean;
}

export const ispe = (width: number, height: number): Buffer => fullBox("ispe", 0, 0, u32(width, height));
/** A rotation by `quarters` of a turn, against the clock. */
export const irot = (quarters: number): Buffer => box("irot", u8(quarters));
/** A reflection: 0 exchanges top and bottom, 1 left and right. */
export const imir = (axis: 0 | 1): Buffer => box("imir", u8(axis));

/** The image of a file that heif-enc wrote, without thumbnail and alpha. */
export function itemOf(file: Buffer): HeifItem {
  const boxNamed = (type: string): Buffer => {
    const at = file.indexOf(type, 0, "latin1") - 4;
    return file.subarray(at, at + file.readUInt32BE(at));
  };
  const colours = file.includes("colr") ? [boxNamed("colr")] : [];
  return {
    type: "hvc1",
    data: boxNamed("mdat").subarray(8),
    properties: [boxNamed("hvcC"), boxNamed("ispe"), ...colours],
  };
}

/** A grid of tiles of one size, cropped to the sides of the whole. */
export function gridOf(rows: number, columns: number, width: number, height: number, tiles: number[]): HeifItem {
  return {
    type: "grid",
    data: Buffer.concat([u8(0, 0, rows - 1, columns - 1), u16(width, height)]),
    properties: [ispe(width, height)],
    tiles,
  };
}

/** A file of items, numbered from 1. */
export function heif(items: readonly HeifItem[], primary: number, brands = ["heic", "mif1", "heic"]): Buffer {
  const ftyp = box("ftyp", Buffer.from(`${brands[0]!}\0\0\0\0${brands.slice(1).join("")}`, "latin1"));
  const properties = items.flatMap((item) => item.properties);
  let next = 1;
  const associations = items.map((item, i) => {
    const numbers = item.properties.map(() => next++);
    return Buffer.concat([u16(i + 1), u8(numbers.length), u8(...numbers.map((number) => 0x80 | number))]);
  });
  const references = items.flatMap(({ tiles }, i) =>
    tiles === undefined ? [] : [box("dimg", u16(i + 1), u16(tiles.length), u16(...tiles))],
  );
  const meta = (dataAt: number): Buffer => {
    let at = dataAt;
    const places = items.map(({ data }, i) => {
      const place = Buffer.concat([u16(i + 1, 0, 1), u32(at, data.length)]);
      at += data.length;
      return place;
    });
    return fullBox(
      "meta",
      0,
      0,
      fullBox("hdlr", 0, 0, u32(0), Buffer.from("pict"), Buffer.alloc(13)),
      fullBox("pitm", 0, 0, u16(primary)),
      fullBox("iloc", 0, 0, u8(0x44, 0), u16(items.length), ...places),
      fullBox(
        "iinf",
        0,
        0,
        u16(items.length),
        ...items.map(({ type, hidden }, i) =>
          fullBox("infe", 2, hidden === true ? 1 : 0, u16(i + 1, 0), Buffer.from(`${type}\0`)),
        ),
      ),
      ...(references.length > 0 ? [fullBox("iref", 0, 0, ...references)] : []),
      box("iprp", box("ipco", ...properties), fullBox("ipma", 0, 0, u32(items.length), ...associations)),
    );
  };
  const dataAt = ftyp.length + meta(0).length + 8;
  return Buffer.concat([ftyp, meta(dataAt), box("mdat", ...items.map(({ data }) => data))]);
}
