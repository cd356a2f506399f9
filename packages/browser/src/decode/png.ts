/**
 * PNG. Palettes become RGB, grey stays grey, and alpha is dropped while the colour under it counts, as the reference
 * does. Sample depths below 8 are stretched, and those of 16 bits rounded to 8.
 */
import { damaged, noMemory, unsupported } from "../errors.js";
import { checkSides, type Decoded } from "./decoded.js";
import { crc32 } from "./crc32.js";
import { inflate } from "./inflate.js";

interface Header {
  width: number;
  height: number;
  /** The bits of a sample. */
  depth: number;
  /** 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGBA. */
  colour: number;
  interlaced: boolean;
}

interface Parts {
  header: Header;
  palette: Uint8Array | undefined;
  data: Uint8Array[];
}

const samplesOf = [1, 0, 3, 1, 2, 0, 4];
const depths = [[1, 2, 4, 8, 16], [], [8, 16], [1, 2, 4, 8], [8, 16], [], [8, 16]];

function headerOf(bytes: DataView): Header {
  if (bytes.byteLength !== 13) throw damaged("its header has the wrong length");
  const [width, height] = [bytes.getUint32(0), bytes.getUint32(4)];
  const [depth, colour] = [bytes.getUint8(8), bytes.getUint8(9)];
  const methods = [bytes.getUint8(10), bytes.getUint8(11), bytes.getUint8(12)];
  if (!depths[colour]?.includes(depth) || methods[0] !== 0 || methods[1] !== 0 || methods[2]! > 1)
    throw damaged("its header says an impossible kind of PNG");
  return { width, height, depth, colour, interlaced: methods[2] === 1 };
}

/** Reads the chunks up to IEND and checks the sums of all that matter. */
function partsOf(bytes: Uint8Array): Parts {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let header: Header | undefined;
  let palette: Uint8Array | undefined;
  let framed = false;
  let animated = false;
  const data: Uint8Array[] = [];
  for (let at = 8; ;) {
    if (at + 12 > bytes.length) throw damaged("it ends early");
    const length = view.getUint32(at);
    if (length > bytes.length - at - 12) throw damaged("it ends early");
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    const payload = bytes.subarray(at + 8, at + 8 + length);
    const critical = (bytes[at + 4]! & 0x20) === 0;
    if (critical && crc32(bytes.subarray(at + 4, at + 8 + length)) !== view.getUint32(at + 8 + length))
      throw damaged("a part of it was changed (a checksum is wrong)");
    if (header === undefined && type !== "IHDR") throw damaged("it does not begin with its header");
    if (type === "IHDR") {
      if (header !== undefined) throw damaged("it has two headers");
      header = headerOf(new DataView(payload.buffer, payload.byteOffset, payload.length));
    } else if (type === "PLTE") {
      if (length % 3 !== 0 || length === 0 || length > 768) throw damaged("its palette has the wrong length");
      palette = payload;
    } else if (type === "acTL") {
      animated = true;
    } else if (type === "fcTL") {
      framed ||= data.length === 0;
    } else if (type === "IDAT") {
      data.push(payload);
    } else if (type === "IEND") {
      break;
    } else if (critical) {
      throw damaged("it has a part that no PNG has");
    }
    at += length + 12;
  }
  if (animated && !framed) throw unsupported("an animated PNG that hides its first image");
  return { header: header!, palette, data };
}

const paeth = (a: number, b: number, c: number): number => {
  const p = a + b - c;
  const [pa, pb, pc] = [Math.abs(p - a), Math.abs(p - b), Math.abs(p - c)];
  return pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
};

/** Undoes the filter of each row in place. A row is its filter and `row` bytes. */
function unfilter(raw: Uint8Array, from: number, rows: number, row: number, step: number): void {
  for (let y = 0; y < rows; y++) {
    const at = from + y * (row + 1);
    const kind = raw[at]!;
    const above = y > 0 ? at - row - 1 : -1;
    if (kind > 4) throw damaged("a row has a filter that no PNG has");
    for (let x = 1; x <= row && kind > 0; x++) {
      const a = x > step ? raw[at + x - step]! : 0;
      const b = above >= 0 ? raw[above + x]! : 0;
      const c = above >= 0 && x > step ? raw[above + x - step]! : 0;
      raw[at + x]! += kind === 1 ? a : kind === 2 ? b : kind === 3 ? (a + b) >> 1 : paeth(a, b, c);
    }
  }
}

/** Where a pass begins and how far apart its pixels are: all of them, or the seven of Adam7. */
const whole = [[0, 0, 1, 1]] as const;
const adam7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

const divideUp = (a: number, b: number): number => Math.max(0, Math.ceil(a / b));
const to8 = (value: number): number => Math.floor((value + 128) / 257);

/** Writes one row of a pass. */
function writeRow(out: Decoded, header: Header, palette: Uint8Array | undefined, raw: Uint8Array, row: Row): void {
  const { depth, colour } = header;
  const { at, count, x0, dx, y } = row;
  const kept = out.channels;
  const samples = samplesOf[colour]!;
  const most = 2 ** depth - 1;
  for (let i = 0; i < count; i++) {
    const to = (y * out.width + x0 + i * dx) * kept;
    if (depth >= 8) {
      const bytes = depth / 8;
      const from = at + i * samples * bytes;
      if (colour === 3) writeEntry(out.data, to, palette!, raw[from]!);
      else
        for (let c = 0; c < kept; c++) {
          const first = raw[from + c * bytes]!;
          out.data[to + c] = bytes === 1 ? first : to8((first << 8) | raw[from + 2 * c + 1]!);
        }
    } else {
      const bit = i * depth;
      const value = (raw[at + (bit >> 3)]! >> (8 - depth - (bit & 7))) & most;
      if (colour === 3) writeEntry(out.data, to, palette!, value);
      else out.data[to] = (value * 255) / most;
    }
  }
}

interface Row {
  at: number;
  count: number;
  x0: number;
  dx: number;
  y: number;
}

function writeEntry(data: Uint8Array, to: number, palette: Uint8Array, index: number): void {
  if (3 * index >= palette.length) throw damaged("a pixel has a colour that its palette does not have");
  for (let c = 0; c < 3; c++) data[to + c] = palette[3 * index + c]!;
}

/** Decodes a PNG. */
export async function decodePng(bytes: Uint8Array, maxPixels: number): Promise<Decoded> {
  const { header, palette, data } = partsOf(bytes);
  const { width, height, depth, colour } = header;
  checkSides(width, height, maxPixels);
  if (colour === 3 && palette === undefined) throw damaged("it has no palette");
  const passes = (header.interlaced ? adam7 : whole).map(([x0, y0, dx, dy]) => {
    const [count, rows] = [divideUp(width - x0, dx), divideUp(height - y0, dy)];
    return { x0, y0, dx, dy, count, rows, row: Math.ceil((count * samplesOf[colour]! * depth) / 8) };
  });
  const filled = passes.filter(({ count, rows }) => count > 0 && rows > 0);
  const total = filled.reduce((sum, { rows, row }) => sum + rows * (row + 1), 0);
  const raw = await inflate(data, total);
  const channels = colour === 0 || colour === 4 ? 1 : 3;
  let out: Decoded;
  try {
    out = { data: new Uint8Array(width * height * channels), width, height, channels };
  } catch {
    throw noMemory();
  }
  const step = Math.max(1, (samplesOf[colour]! * depth) / 8);
  let from = 0;
  for (const { x0, y0, dx, dy, count, rows, row } of filled) {
    unfilter(raw, from, rows, row, step);
    for (let y = 0; y < rows; y++, from += row + 1)
      writeRow(out, header, palette, raw, { at: from + 1, count, x0, dx, y: y0 + y * dy });
  }
  raw.fill(0);
  return out;
}
