/**
 * What a JPEG is made of, read from its markers. No data are decoded. Every function takes linear time, whatever the
 * bytes are.
 */

/** A component of the frame. */
export interface Component {
  id: number;
  /** Horizontal sampling factor, 1 … 4. */
  h: number;
  /** Vertical sampling factor, 1 … 4. */
  v: number;
}

export interface Frame {
  /** The second byte of its marker: 0xc0 baseline, 0xc1 extended, 0xc2 progressive, others below. */
  process: number;
  /** The bits of a sample. */
  precision: number;
  width: number;
  height: number;
  components: Component[];
}

export interface Scan {
  /** Which components, by their place in the frame, and their Huffman tables. */
  components: { index: number; dc: number; ac: number }[];
  /** First and last coefficient, 0 … 63. */
  from: number;
  to: number;
  /** The bit position that is refined, 0 for a first scan. */
  high: number;
  /** The bit position of this scan. 0 is the last. */
  low: number;
}

/** A part of a JPEG: a marker with what follows it. */
export interface Part {
  marker: number;
  /** The bytes after the length. */
  payload: Uint8Array;
  /** After a start of scan: finds its entropy-coded data, up to the next marker that is not a restart. */
  data?: () => Uint8Array;
}

/** Returns true for the markers without a length: restarts and TEM. */
export const standsAlone = (marker: number): boolean => marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7);

/**
 * Bytes that are looked at one by one after a hit. indexOf is faster where hits are rare, and slower where they are
 * dense.
 */
const near = 64;

/** Returns where the next 0xff is from `at` on, or the length. */
function nextFf(bytes: Uint8Array, at: number): number {
  const end = Math.min(bytes.length, at + near);
  for (let i = at; i < end; i++) if (bytes[i] === 0xff) return i;
  const found = bytes.indexOf(0xff, end);
  return found < 0 ? bytes.length : found;
}

/**
 * Returns where entropy-coded data end: at the next marker that is neither a stuffed byte nor a restart, or at the
 * length.
 */
function endOfData(bytes: Uint8Array, from: number): number {
  for (let at = nextFf(bytes, from); at < bytes.length; at = nextFf(bytes, at)) {
    const start = at;
    while (bytes[at] === 0xff) at++;
    const next = bytes[at];
    if (next === undefined) return bytes.length;
    if (next !== 0 && !standsAlone(next)) return start;
    at++;
  }
  return bytes.length;
}

/**
 * Yields the parts in order, up to the end of the image or to where the file cannot be followed. Bytes that are no
 * marker are skipped, as the decoder does. Returns where the byte behind the end of the image is, if it has an end.
 */
export function* partsOf(bytes: Uint8Array): Generator<Part, number | undefined, undefined> {
  for (let at = 2; ;) {
    at = nextFf(bytes, at);
    while (bytes[at] === 0xff) at++;
    const marker = bytes[at];
    if (marker === undefined) return undefined;
    at++;
    if (marker === 0xd9) return at;
    if (marker === 0 || standsAlone(marker)) continue;
    if (at + 2 > bytes.length) return undefined;
    const length = (bytes[at]! << 8) | bytes[at + 1]!;
    if (length < 2 || at + length > bytes.length) return undefined;
    const payload = bytes.subarray(at + 2, at + length);
    at += length;
    if (marker !== 0xda) {
      yield { marker, payload };
      continue;
    }
    const start = at;
    let end: number | undefined;
    const data = (): Uint8Array => bytes.subarray(start, (end ??= endOfData(bytes, start)));
    yield { marker, payload, data };
    at += data().length;
  }
}

/** Returns true for the marker of a frame: one of the sixteen processes, or of JPEG-LS. */
export const isFrame = (marker: number): boolean =>
  marker === 0xf7 || (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker));

/** Reads the header of a frame, or returns undefined if it is cut. */
export function frameOf({ marker, payload }: Part): Frame | undefined {
  const count = payload[5];
  if (count === undefined || payload.length < 6 + 3 * count) return undefined;
  const components = Array.from({ length: count }, (_, i): Component => {
    const [id, factors] = [payload[6 + 3 * i]!, payload[7 + 3 * i]!];
    return { id, h: factors >> 4, v: factors & 15 };
  });
  return {
    process: marker,
    precision: payload[0]!,
    height: (payload[1]! << 8) | payload[2]!,
    width: (payload[3]! << 8) | payload[4]!,
    components,
  };
}

/** Reads the header of a scan, or returns undefined if it does not fit the frame. */
export function scanOf({ payload }: Part, frame: Frame): Scan | undefined {
  const count = payload[0] ?? 0;
  if (count < 1 || count > 4 || payload.length < 4 + 2 * count) return undefined;
  const components: Scan["components"] = [];
  for (let i = 0; i < count; i++) {
    const index = frame.components.findIndex(({ id }) => id === payload[1 + 2 * i]);
    if (index < 0) return undefined;
    const tables = payload[2 + 2 * i]!;
    components.push({ index, dc: tables >> 4, ac: tables & 15 });
  }
  const bits = payload[3 + 2 * count]!;
  const [from, to] = [payload[1 + 2 * count]!, payload[2 + 2 * count]!];
  return { components, from, to, high: bits >> 4, low: bits & 15 };
}

/** Returns true for the processes that send coefficients by bands and bits. */
export const isProgressive = ({ process }: Frame): boolean => process === 0xc2 || process === 0xca;

/** How many blocks of 8×8 samples each component of the frame has, across and down. */
export function blocksOf({ width, height, components }: Frame): { across: number; down: number }[] {
  const most = (key: "h" | "v"): number => Math.max(1, ...components.map((component) => component[key]));
  const [mostH, mostV] = [most("h"), most("v")];
  return components.map(({ h, v }) => ({
    across: Math.ceil(Math.ceil((width * h) / mostH) / 8),
    down: Math.ceil(Math.ceil((height * v) / mostV) / 8),
  }));
}
