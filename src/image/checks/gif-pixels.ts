import { setImmediate } from "node:timers/promises";

/** The data of a frame of a GIF. */
export interface LzwData {
  /** How many pixels the frame has. */
  pixels: number;
  /** Bits of the smallest code. */
  codeBits: number;
  /** Where the first sub-block is. */
  dataAt: number;
}

/** Codes that are read before others may run. */
const slice = 2 ** 16;

/** Counts the pixels of a frame's LZW data without making them. */
class PixelCounter {
  /** The pixels so far. -1 after an invalid code. */
  count = 0;
  readonly #gif: Uint8Array;
  readonly #wanted: number;
  readonly #codeBits: number;
  /** How many pixels each code stands for. */
  readonly #lengths: Uint32Array;
  #at: number;
  #blockEnd = 0;
  #held = 0;
  #heldBits = 0;
  #next: number;
  #bits: number;
  #previous = 0;

  constructor(gif: Uint8Array, { pixels, codeBits, dataAt }: LzwData) {
    this.#gif = gif;
    this.#wanted = pixels;
    this.#codeBits = codeBits;
    this.#at = dataAt;
    this.#lengths = new Uint32Array(4096).fill(1, 0, 1 << codeBits);
    this.#next = (1 << codeBits) + 2;
    this.#bits = codeBits + 1;
  }

  /** Reads at most `codes` codes. Returns true when there are no more, or enough pixels. */
  read(codes: number): boolean {
    const gif = this.#gif;
    const lengths = this.#lengths;
    const wanted = this.#wanted;
    const clear = 1 << this.#codeBits;
    let [at, blockEnd, held, heldBits] = [this.#at, this.#blockEnd, this.#held, this.#heldBits];
    let [next, bits, previous, count] = [this.#next, this.#bits, this.#previous, this.count];
    let ended = false;
    for (let i = 0; i < codes && !ended; i++) {
      while (heldBits < bits) {
        if (at >= blockEnd) {
          const length = at < gif.length ? gif[at]! : 0;
          if (length === 0) break;
          blockEnd = ++at + length;
        }
        if (at >= gif.length) break;
        held |= gif[at++]! << heldBits;
        heldBits += 8;
      }
      const code = held & ((1 << bits) - 1);
      if (heldBits < bits || code === clear + 1) ended = true;
      else if (code === clear) {
        next = clear + 2;
        held >>>= bits;
        heldBits -= bits;
        bits = this.#codeBits + 1;
        previous = 0;
      } else if (code > next || (code === next && previous === 0)) {
        count = -1;
        ended = true;
      } else {
        held >>>= bits;
        heldBits -= bits;
        const length = code < next ? lengths[code]! : previous + 1;
        count += length;
        ended = count >= wanted;
        if (previous > 0 && next < 4096) {
          lengths[next++] = previous + 1;
          if (next === 1 << bits && bits < 12) bits++;
        }
        previous = length;
      }
    }
    [this.#at, this.#blockEnd, this.#held, this.#heldBits] = [at, blockEnd, held, heldBits];
    [this.#next, this.#bits, this.#previous, this.count] = [next, bits, previous, count];
    return ended;
  }
}

/** Counts the pixels of a frame, up to those it needs. Returns -1 for an invalid code. */
export async function countPixels(gif: Uint8Array, frame: LzwData, signal: AbortSignal): Promise<number> {
  const counter = new PixelCounter(gif, frame);
  while (!counter.read(slice)) {
    await setImmediate();
    signal.throwIfAborted();
  }
  return counter.count;
}
