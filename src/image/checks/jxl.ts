import { damaged } from "../decode/refusals.js";
import { boxesIn } from "../formats/boxes.js";
import type { Encoded } from "../input/encoded.js";
import { checkSize } from "./sides.js";

/** Reads bits from the lowest of each byte on. Behind the end all are 0. */
class Bits {
  #at = 0;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  take(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i++, this.#at++) {
      value += (((this.#bytes[this.#at >> 3] ?? 0) >> (this.#at & 7)) & 1) * 2 ** i;
    }
    return value;
  }
}

/** Width to height, of the ratios that a header can name. The first one says that the width follows. */
const ratios = [
  [0, 1],
  [1, 1],
  [12, 10],
  [4, 3],
  [3, 2],
  [16, 9],
  [5, 4],
  [2, 1],
] as const;

const lengths = [9, 13, 18, 30] as const;

/** Returns the bits behind the two bytes of the mark. The header of an image is within them. */
const headerOf = (codestream: Uint8Array): Bits => new Bits(codestream.subarray(2, 64));

/** Reads a size. */
function sizeOf(bits: Bits): [width: number, height: number] {
  const isSmall = bits.take(1) === 1;
  const side = (): number => (isSmall ? 8 * (bits.take(5) + 1) : bits.take(lengths[bits.take(2)]!) + 1);
  const height = side();
  const ratio = bits.take(3);
  const [across, down] = ratios[ratio]!;
  return [ratio === 0 ? side() : Math.floor((height * across) / down), height];
}

/** Skips the size of a preview. */
function skipPreview(bits: Bits): void {
  const isSmall = bits.take(1) === 1;
  const lengths = isSmall ? [0, 0, 5, 9] : [6, 8, 10, 12];
  const side = (): number => bits.take(lengths[bits.take(2)]!);
  side();
  if (bits.take(3) === 0) side();
}

/** Returns the codestream, or its first part. */
function codestreamOf(bytes: Uint8Array): Uint8Array | undefined {
  if (bytes[0] === 0xff) return bytes;
  for (const { type, at } of boxesIn(bytes)) {
    if (type === "jxlc") return bytes.subarray(at);
    if (type === "jxlp") return bytes.subarray(at + 4);
  }
  return undefined;
}

/** Whether a JPEG XL says that it is an animation. */
export function isAnimatedJxl(bytes: Uint8Array): boolean {
  const codestream = codestreamOf(bytes);
  if (codestream === undefined) return false;
  const bits = headerOf(codestream);
  sizeOf(bits);
  const allDefault = bits.take(1) === 1;
  if (allDefault || bits.take(1) === 0) return false;
  // The orientation, the size for which the image is made, and the size of a preview.
  bits.take(3);
  if (bits.take(1) === 1) sizeOf(bits);
  if (bits.take(1) === 1) skipPreview(bits);
  return bits.take(1) === 1;
}

/**
 * Checks the size that a JPEG XL says.
 * @throws {ImageError} `ERR_EMPREINTE_CORRUPT` if it has no codestream. @throws {LimitError}
 */
export function checkJxl(image: Encoded): void {
  const codestream = codestreamOf(image.bytes);
  if (codestream === undefined || codestream.length < 12 || codestream[0] !== 0xff || codestream[1] !== 0x0a)
    throw damaged(image, "it has no codestream");
  const [width, height] = sizeOf(headerOf(codestream));
  checkSize(image, width, height);
}
