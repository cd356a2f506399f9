/** Takes an animated PNG apart: each frame becomes a PNG of its own, which any decoder reads. */
import { crc32 } from "node:zlib";
import { type Chunk, chunksOfPng, isPngEnd } from "../png-chunks.js";

/** What happens to a frame's rectangle before the next frame is drawn. */
export type Disposal = "keep" | "clear" | "restore";

/** A frame of an animation, as it is stored. */
export interface ApngFrame {
  width: number;
  height: number;
  left: number;
  top: number;
  disposal: Disposal;
  /** The frame covers what is under it by its alpha, rather than replacing it. */
  over: boolean;
  /** The deflated rows, in pieces. */
  data: Uint8Array[];
}

export interface Animation {
  /** The size of the canvas. */
  width: number;
  height: number;
  frames: ApngFrame[];
  /** The image that programs without animation show is not the first frame. */
  hiddenDefault: boolean;
  /** Makes a frame a PNG file. */
  pngOf(frame: ApngFrame): Buffer;
}

/** The chunks of the animation are damaged; the message says how. */
export class DamagedAnimation extends Error {}

const signature = Buffer.from("\x89PNG\r\n\x1a\n", "latin1");

function chunk(type: string, pieces: readonly Uint8Array[]): Buffer {
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  const bytes = Buffer.concat([Buffer.alloc(4), Buffer.from(type, "latin1"), ...pieces, Buffer.alloc(4)]);
  bytes.writeUInt32BE(length);
  bytes.writeUInt32BE(crc32(bytes.subarray(4, 8 + length)), 8 + length);
  return bytes;
}

const viewOf = (data: Uint8Array): DataView => new DataView(data.buffer, data.byteOffset, data.byteLength);

const disposals: readonly Disposal[] = ["keep", "clear", "restore"];

/** Reads a frame's header and checks that it is on the canvas. @throws {DamagedAnimation} */
function frameOf(data: Uint8Array, canvas: { width: number; height: number }): ApngFrame {
  if (data.length !== 26) throw new DamagedAnimation("a frame has no header");
  const view = viewOf(data);
  const [width, height, left, top] = [4, 8, 12, 16].map((at) => view.getUint32(at)) as [number, number, number, number];
  const disposal = disposals[data[24]!];
  const fits = width > 0 && height > 0 && left + width <= canvas.width && top + height <= canvas.height;
  if (!fits) throw new DamagedAnimation("a frame is not on the canvas");
  if (disposal === undefined || data[25]! > 1) throw new DamagedAnimation("a frame has an unknown operation");
  return { width, height, left, top, disposal, over: data[25] === 1, data: [] };
}

/** Collects the chunks in their order, and checks that none is missing. */
class Collector {
  readonly frames: ApngFrame[] = [];
  hiddenDefault = false;
  #next = 0;
  #started = false;
  readonly #canvas: { width: number; height: number };

  constructor(canvas: { width: number; height: number }) {
    this.#canvas = canvas;
  }

  add({ type, data }: Chunk): void {
    if (type === "fcTL") {
      this.#number(data);
      this.frames.push(frameOf(data, this.#canvas));
    } else if (type === "IDAT") {
      // The image of programs without animation. It is the first frame where a header precedes it.
      if (!this.#started) this.hiddenDefault = this.frames.length === 0;
      this.#started = true;
      if (!this.hiddenDefault) this.frames[0]!.data.push(data);
    } else if (type === "fdAT") {
      this.#number(data);
      const frame = this.frames.at(-1);
      if (frame === undefined || !this.#started) throw new DamagedAnimation("a frame has no header");
      frame.data.push(data.subarray(4));
    }
  }

  #number(data: Uint8Array): void {
    if (data.length < 4 || viewOf(data).getUint32(0) !== this.#next++) {
      throw new DamagedAnimation("chunks of its frames are missing");
    }
  }
}

/**
 * Takes an animated PNG apart, or returns undefined for one without animation.
 * @throws {DamagedAnimation} if frames are missing or do not lie on the canvas.
 */
export function animationOf(png: Uint8Array): Animation | undefined {
  let header: Uint8Array | undefined;
  let count: number | undefined;
  let collector: Collector | undefined;
  /** The palette and the transparent colour, which all frames share. */
  const shared: Buffer[] = [];
  let started = false;
  for (const part of chunksOfPng(png)) {
    const { type, data } = part;
    if (isPngEnd(part)) break;
    if (type === "IHDR" && data.length === 13) header = data;
    if (type === "PLTE" || type === "tRNS") shared.push(chunk(type, [data]));
    started ||= type === "IDAT";
    // Behind the image it does not count.
    if (type === "acTL" && data.length === 8 && !started) count = viewOf(data).getUint32(0);
    if (header === undefined) continue;
    const view = viewOf(header);
    collector ??= new Collector({ width: view.getUint32(0), height: view.getUint32(4) });
    if (count !== undefined) collector.add(part);
  }
  if (header === undefined || count === undefined || collector === undefined) return undefined;
  const { frames, hiddenDefault } = collector;
  if (frames.length < count) throw new DamagedAnimation(`it has ${frames.length} of ${count} frames`);
  if (frames.some(({ data }) => data.length === 0)) throw new DamagedAnimation("a frame has no data");
  const rest = header.subarray(8);
  const view = viewOf(header);
  return {
    width: view.getUint32(0),
    height: view.getUint32(4),
    frames,
    hiddenDefault,
    pngOf({ width, height, data }) {
      const size = Buffer.alloc(8);
      size.writeUInt32BE(width);
      size.writeUInt32BE(height, 4);
      return Buffer.concat([signature, chunk("IHDR", [size, rest]), ...shared, chunk("IDAT", data), chunk("IEND", [])]);
    },
  };
}
