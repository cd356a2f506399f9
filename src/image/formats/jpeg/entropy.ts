/**
 * Reads all entropy-coded data of a JPEG without making samples. libjpeg fills with grey what is missing, and only
 * warns. It also warns of what changes no sample, such as bytes between two markers, and libvips passes on the first
 * warning only. So where libjpeg warns, this decides whether all blocks are there.
 */
import { setImmediate } from "node:timers/promises";
import { hasZeros } from "./hole.js";
import { BadData, BitReader, type HuffmanTable, readTables, valueOfZeros } from "./huffman.js";
import { blocksOf, type Frame, frameOf, isFrame, isProgressive, partsOf, type Scan, scanOf } from "./structure.js";

/** Blocks that are read before others may run. */
const slice = 2 ** 14;

/** Which coefficients of each block are not zero, one bit each: what a refining scan needs to know of those before. */
class Nonzero {
  readonly #bits: Uint32Array;

  constructor(blocks: number) {
    this.#bits = new Uint32Array(2 * blocks);
  }

  has(block: number, k: number): boolean {
    return ((this.#bits[2 * block + (k >> 5)]! >>> (k & 31)) & 1) === 1;
  }

  add(block: number, k: number): void {
    this.#bits[2 * block + (k >> 5)]! |= 1 << (k & 31);
  }
}

/** One component while its blocks are read. */
interface Plane {
  across: number;
  down: number;
  h: number;
  v: number;
  /** Made when it is needed: for refinements only. */
  nonzero?: Nonzero;
}

type BlockReader = (reader: BitReader, plane: Plane, block: number, dc: HuffmanTable, ac: HuffmanTable) => void;

function sequentialBlock(reader: BitReader, _: Plane, __: number, dc: HuffmanTable, ac: HuffmanTable): void {
  reader.skip(reader.decode(dc) & 15);
  for (let k = 1; k < 64; k++) {
    const code = reader.decode(ac);
    const size = code & 15;
    k += code >> 4;
    if (size > 0) reader.skip(size);
    else if (code >> 4 !== 15) break;
  }
}

const firstDc: BlockReader = (reader, _, __, dc) => reader.skip(reader.decode(dc) & 15);
const refinedDc: BlockReader = (reader) => reader.skip(1);

/** Reads one band of one component, with the runs of empty blocks that go across blocks. */
class BandReader {
  readonly #from: number;
  readonly #to: number;
  #run = 0;

  constructor({ from, to }: Scan) {
    this.#from = from;
    this.#to = to;
  }

  restart(): void {
    this.#run = 0;
  }

  readonly first: BlockReader = (reader, { nonzero }, block, _, ac) => {
    if (this.#run > 0) {
      this.#run--;
      return;
    }
    for (let k = this.#from; k <= this.#to; k++) {
      const code = reader.decode(ac);
      const run = code >> 4;
      const size = code & 15;
      k += run;
      if (size > 0) {
        reader.skip(size);
        if (k < 64) nonzero!.add(block, k);
      } else if (run !== 15) {
        this.#run = 2 ** run + reader.read(run) - 1;
        return;
      }
    }
  };

  readonly refined: BlockReader = (reader, plane, block, _, ac) => {
    const nonzero = plane.nonzero!;
    let k = this.#from;
    while (this.#run === 0 && k <= this.#to) {
      const code = reader.decode(ac);
      let run = code >> 4;
      const isNew = (code & 15) > 0;
      if (isNew) reader.skip(1);
      else if (run !== 15) {
        this.#run = 2 ** run + reader.read(run);
        break;
      }
      for (; k <= this.#to; k++) {
        if (nonzero.has(block, k)) reader.skip(1);
        else if (--run < 0) break;
      }
      if (isNew && k < 64) nonzero.add(block, k);
      k++;
    }
    if (this.#run === 0) return;
    for (; k <= this.#to; k++) if (nonzero.has(block, k)) reader.skip(1);
    this.#run--;
  };
}

/** Calls `visit` with each block of a scan in order, and `restart` between the units that restart markers part. */
function* blocks(
  scan: Scan,
  planes: Plane[],
  interval: number,
  visit: (at: number, plane: Plane, block: number) => void,
  restart: (number: number) => void,
): Generator<void, void, undefined> {
  const single = scan.components.length === 1 ? planes[scan.components[0]!.index]! : undefined;
  const unitsAcross = single?.across ?? Math.max(...planes.map(({ across, h }) => Math.ceil(across / h)));
  const unitsDown = single?.down ?? Math.max(...planes.map(({ down, v }) => Math.ceil(down / v)));
  let unit = 0;
  for (let y = 0; y < unitsDown; y++) {
    for (let x = 0; x < unitsAcross; x++, unit++) {
      if (interval > 0 && unit > 0 && unit % interval === 0) restart(unit / interval - 1);
      if (single !== undefined) visit(0, single, y * single.across + x);
      else {
        for (const [at, { index }] of scan.components.entries()) {
          const plane = planes[index]!;
          for (let j = 0; j < plane.v; j++) {
            for (let i = 0; i < plane.h; i++) {
              const [column, row] = [x * plane.h + i, y * plane.v + j];
              // Blocks beyond the edge are in the data, and nowhere else.
              visit(at, plane, column < plane.across && row < plane.down ? row * plane.across + column : -1);
            }
          }
        }
      }
      if (unit % slice === slice - 1) yield;
    }
  }
}

function readerOf(frame: Frame, scan: Scan): { read: BlockReader; restart: () => void } {
  const nothing = (): void => {};
  if (!isProgressive(frame)) return { read: sequentialBlock, restart: nothing };
  if (scan.from === 0) return { read: scan.high === 0 ? firstDc : refinedDc, restart: nothing };
  const band = new BandReader(scan);
  return { read: scan.high === 0 ? band.first : band.refined, restart: () => band.restart() };
}

/** Bytes behind the last block that may be padding. */
const padding = 16;

/**
 * Returns whether a hole of zeros in a scan may be blocks that are all alike: each zero then says that nothing changes.
 * A refinement may have any bits.
 */
function mayHaveZeros(frame: Frame, { from, high }: Scan, tables: readonly (readonly HuffmanTable[])[]): boolean {
  if (high > 0) return true;
  const isProgressiveAc = isProgressive(frame) && from > 0;
  if (isProgressiveAc) return false;
  return tables.every(([dc, ac]) => valueOfZeros(dc!) === 0 && (isProgressive(frame) || valueOfZeros(ac!) === 0));
}

const none: HuffmanTable = new Uint16Array(2 ** 16);

/**
 * Returns what is wrong with the entropy-coded data, or undefined if all blocks of all scans are there.
 *
 * @param tables the bytes of a stream that only has tables, for a part of a TIFF.
 * @param signal ends the work. The promise rejects with its reason.
 */
export async function entropyFault(
  bytes: Uint8Array,
  signal: AbortSignal,
  tables?: Uint8Array,
): Promise<string | undefined> {
  const huffman = new Map<number, HuffmanTable>();
  let interval = 0;
  let frame: Frame | undefined;
  let planes: Plane[] = [];
  let scans = 0;
  const covered = new Set<number>();
  for (const stream of tables === undefined ? [bytes] : [tables, bytes]) {
    for (const part of partsOf(stream)) {
      const { marker, payload } = part;
      if (marker === 0xc4 && !readTables(payload, huffman)) return "its Huffman tables are damaged";
      if (marker === 0xdd) interval = ((payload[0] ?? 0) << 8) | (payload[1] ?? 0);
      if (isFrame(marker)) {
        frame = frameOf(part);
        if (frame === undefined) return "its header is cut";
        const { components } = frame;
        planes = blocksOf(frame).map((size, i) => ({ ...size, h: components[i]!.h, v: components[i]!.v }));
      }
      if (part.data === undefined || frame === undefined) continue;
      const scan = scanOf(part, frame);
      if (scan === undefined) return "the header of a scan is damaged";
      const fault = await scanFault(frame, scan, planes, { huffman, interval, data: part.data(), signal });
      if (fault !== undefined) return fault;
      scans++;
      for (const { index } of scan.components) covered.add(index);
      // The decoder reads no more of a sequential image either.
      if (!isProgressive(frame) && covered.size === frame.components.length) return undefined;
    }
  }
  return scans === 0 ? "it has no image" : undefined;
}

async function scanFault(
  frame: Frame,
  scan: Scan,
  planes: Plane[],
  given: { huffman: Map<number, HuffmanTable>; interval: number; data: Uint8Array; signal: AbortSignal },
): Promise<string | undefined> {
  const { huffman, interval, data, signal } = given;
  const reader = new BitReader(data);
  const { read, restart } = readerOf(frame, scan);
  for (const { index } of scan.components) {
    const plane = planes[index]!;
    if (isProgressive(frame) && scan.from > 0) plane.nonzero ??= new Nonzero(plane.across * plane.down);
  }
  const tables = scan.components.map(({ dc, ac }) => [huffman.get(dc) ?? none, huffman.get(16 + ac) ?? none] as const);
  const hole = hasZeros(data);
  if (hole && !mayHaveZeros(frame, scan, tables)) return "a part of its data is missing";
  const visit = (at: number, plane: Plane, block: number): void => {
    read(reader, plane, block, tables[at]![0], tables[at]![1]);
  };
  const next = (number: number): void => {
    reader.restart(number);
    restart();
  };
  try {
    for (const _ of blocks(scan, planes, interval, visit, next)) {
      await setImmediate();
      signal.throwIfAborted();
    }
  } catch (error) {
    if (error instanceof BadData) return error.message;
    throw error;
  }
  // Zeros take fewer bits than the blocks that they replace, so the rest of the data is never read.
  return hole && scan.high === 0 && reader.left > padding ? "a part of its data is missing" : undefined;
}
