import { setImmediate } from "node:timers/promises";
import type { Encoded } from "../encoded.js";
import { damaged, tooManyPages } from "../refusals.js";
import { checkFrames } from "./work.js";

/** A frame of a GIF. */
interface GifFrame {
  pixels: number;
  /** Bits of the smallest code. */
  codeBits: number;
  /** Where the first sub-block of its data is. */
  dataAt: number;
}

const tableBytes = (flags: number): number => (flags & 0x80 ? 3 << ((flags & 7) + 1) : 0);

/** Skips sub-blocks, each after its length. Returns where the byte after the empty one is. */
function afterSubBlocks(gif: Uint8Array, from: number): number {
  let at = from;
  while (at < gif.length && gif[at] !== 0) at += gif[at]! + 1;
  return at + 1;
}

/** Yields the frames of a GIF, up to its end or to where it cannot be followed. */
function* framesOf(gif: Uint8Array): Generator<GifFrame, void, undefined> {
  const short = (at: number): number => gif[at]! | (gif[at + 1]! << 8);
  let at = 13 + tableBytes(gif[10] ?? 0);
  for (;;) {
    if (gif[at] === 0x21) at = afterSubBlocks(gif, at + 2);
    else if (gif[at] === 0x2c && at + 11 < gif.length) {
      const pixels = short(at + 5) * short(at + 7);
      const codeAt = at + 10 + tableBytes(gif[at + 9]!);
      yield { pixels, codeBits: gif[codeAt] ?? 0, dataAt: codeAt + 1 };
      at = afterSubBlocks(gif, codeAt + 1);
    } else if (gif[at] === 0x3b || gif[at] !== 0) return;
    else at++; // The decoder skips a lone zero as well.
  }
}

/** Bytes of data that are read before others may run. */
const slice = 2 ** 16;

/** Counts the pixels of a frame's LZW data, up to `wanted`, without making them. Returns -1 for a code that is none. */
async function countPixels(gif: Uint8Array, frame: GifFrame, signal: AbortSignal): Promise<number> {
  const { pixels: wanted, codeBits, dataAt } = frame;
  const clear = 1 << codeBits;
  // How many pixels each code stands for.
  const lengths = new Uint32Array(4096).fill(1, 0, clear);
  let [next, bits, previous, count] = [clear + 2, codeBits + 1, 0, 0];
  let [held, heldBits, blockEnd, sliceEnd] = [0, 0, 0, dataAt + slice];
  let at = dataAt;
  for (;;) {
    while (heldBits < bits) {
      if (at >= blockEnd) {
        const length = gif[at] ?? 0;
        if (length === 0) return count;
        blockEnd = ++at + length;
        if (at > sliceEnd) {
          await setImmediate();
          signal.throwIfAborted();
          sliceEnd = at + slice;
        }
      }
      if (at >= gif.length) return count;
      held |= gif[at++]! << heldBits;
      heldBits += 8;
    }
    const code = held & ((1 << bits) - 1);
    held >>>= bits;
    heldBits -= bits;
    if (code === clear) {
      [next, bits, previous] = [clear + 2, codeBits + 1, 0];
      continue;
    }
    if (code === clear + 1) return count;
    if (code > next || (code === next && previous === 0)) return -1;
    const length = code < next ? lengths[code]! : previous + 1;
    if (length === 0) return -1;
    count += length;
    if (count >= wanted) return count;
    if (previous > 0 && next < 4096) {
      lengths[next++] = previous + 1;
      if (next === 1 << bits && bits < 12) bits++;
    }
    previous = length;
  }
}

/**
 * Checks that the frames that are decoded have all their pixels: the decoder leaves the rest black or as in the frame before.
 *
 * @throws {ImageError} `ERR_EMPREINTE_CORRUPT` if not. @throws {LimitError} for too many frames, or for more pixels in all of
 * them than `maxSeconds` allows.
 */
export async function checkGif(image: Encoded, all: boolean): Promise<void> {
  const { bytes, signal, name, limits } = image;
  const canvas = (bytes[6]! | (bytes[7]! << 8)) * (bytes[8]! | (bytes[9]! << 8));
  // The size is reported elsewhere, with the limit on pixels.
  if (!(canvas <= limits.maxPixels)) return;
  const frames: GifFrame[] = [];
  for (const frame of framesOf(bytes)) {
    frames.push(frame);
    if (!all) break;
    if (frames.length > limits.maxPages) break;
  }
  if (frames.length > limits.maxPages) {
    let count = 0;
    for (const _ of framesOf(bytes)) count++;
    throw tooManyPages(name, count, limits.maxPages);
  }
  checkFrames(image, frames.length, canvas);
  for (const frame of frames) {
    if (frame.codeBits < 1 || frame.codeBits > 11) return; // The decoder refuses it.
    const count = await countPixels(bytes, frame, signal);
    if (count < 0) throw damaged(image, "its data have a code that is none");
    if (count < frame.pixels) throw damaged(image, "its data end early");
  }
}
