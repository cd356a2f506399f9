/** JPEGs made by hand, of grey blocks: their parts are where a test wants them. */

type Part = Uint8Array;

function segment(marker: number, payload: readonly number[]): Part {
  const length = payload.length + 2;
  return Uint8Array.of(0xff, marker, length >> 8, length & 255, ...payload);
}

/** Packs bits as text, with ones behind them and zeros behind each 0xff. */
function packed(bits: string): Part {
  const padded = bits.padEnd(8 * Math.ceil(bits.length / 8), "1");
  const bytes: number[] = [];
  for (let at = 0; at < padded.length; at += 8) {
    const byte = Number.parseInt(padded.slice(at, at + 8), 2);
    bytes.push(byte);
    if (byte === 0xff) bytes.push(0);
  }
  return Uint8Array.from(bytes);
}

const quantizer = segment(0xdb, [0, ...Array.from({ length: 64 }, () => 1)]);
const start = Uint8Array.of(0xff, 0xd8);
const end = Uint8Array.of(0xff, 0xd9);

const frame = (process: number, width: number, height: number, precision = 8): Part =>
  segment(process, [precision, height >> 8, height & 255, width >> 8, width & 255, 1, 1, 0x11, 0]);

export interface BlocksOptions {
  /** Blocks across and down. */
  across: number;
  down: number;
  /** Blocks between two restart markers. Default: none. */
  restart?: number;
  /** The marker of the frame: 0xc0 baseline, 0xc3 lossless and so on. */
  process?: number;
  precision?: number;
}

/** The differences of the blocks' means: each block is one of two greys, by a pattern without symmetry. */
const isBright = (block: number): boolean => (block * block * 7 + block * 3) % 11 < 5;

/** A baseline JPEG of flat blocks, in pieces: everything before the data, the data between restart markers, the end. */
export function blocksJpeg({ across, down, restart, process = 0xc0, precision = 8 }: BlocksOptions): {
  head: Uint8Array;
  intervals: Uint8Array[];
  whole: Buffer;
} {
  const head = Buffer.concat([
    start,
    quantizer,
    frame(process, 8 * across, 8 * down, precision),
    // Categories 0 and 8 of differences; end of block only.
    segment(0xc4, [0x00, 1, 1, ...Array.from({ length: 14 }, () => 0), 0, 9]),
    segment(0xc4, [0x10, 1, ...Array.from({ length: 15 }, () => 0), 0]),
    ...(restart === undefined ? [] : [segment(0xdd, [restart >> 8, restart & 255])]),
    segment(0xda, [1, 1, 0x00, 0, 63, 0]),
  ]);
  const intervals: Uint8Array[] = [];
  const count = across * down;
  const each = restart ?? count;
  for (let from = 0; from < count; from += each) {
    let bits = "";
    let bright = false;
    for (let block = from; block < Math.min(count, from + each); block++) {
      const next = isBright(block);
      // ±400 takes nine bits; a negative number is written as its complement.
      if (next === bright) bits += "0";
      else bits += `10${(next ? 400 : 2 ** 9 - 1 - 400).toString(2).padStart(9, "0")}`;
      bits += "0";
      bright = next;
    }
    intervals.push(packed(bits));
  }
  const marked = intervals.flatMap((data, i) =>
    i + 1 < intervals.length ? [data, Uint8Array.of(0xff, 0xd0 + (i % 8))] : [data],
  );
  return { head, intervals, whole: Buffer.concat([head, ...marked, end]) };
}

/**
 * A progressive JPEG of a side that has one scan of means and `more` scans of empty bands: small, and slow to decode.
 */
export function manyScans(side: number, more: number): Buffer {
  const blocks = Math.ceil(side / 8) ** 2;
  // A run of 32,767 empty blocks is one code and fourteen ones.
  const band = packed(`0${"1".repeat(14)}`.repeat(Math.ceil(blocks / 32_767)));
  const scan = Buffer.concat([segment(0xda, [1, 1, 0x00, 1, 63, 0]), band]);
  return Buffer.concat([
    start,
    quantizer,
    frame(0xc2, side, side),
    segment(0xc4, [0x00, 1, ...Array.from({ length: 15 }, () => 0), 0]),
    segment(0xc4, [0x10, 1, 1, ...Array.from({ length: 14 }, () => 0), 0xe0, 0x00]),
    segment(0xda, [1, 1, 0x00, 0, 0, 0]),
    Buffer.alloc(Math.ceil(blocks / 8)),
    ...Array.from({ length: more }, () => scan),
    end,
  ]);
}
