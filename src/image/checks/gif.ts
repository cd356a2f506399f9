import type { Encoded } from "../input/encoded.js";
import { damaged, tooManyPages } from "../decode/refusals.js";
import { countPixels, type LzwData } from "./gif-pixels.js";
import { checkFrames } from "./work.js";

/** A frame of a GIF. */
interface GifFrame extends LzwData {
  left: number;
  top: number;
  width: number;
  height: number;
  interlaced: boolean;
}

const tableBytes = (flags: number): number => (flags & 0x80 ? 3 << ((flags & 7) + 1) : 0);

/** Skips sub-blocks, each after its length. Returns where the byte after the empty one is. */
function afterSubBlocks(gif: Uint8Array, from: number): number {
  let at = from;
  while (at < gif.length && gif[at] !== 0) at += gif[at]! + 1;
  return at + 1;
}

/**
 * Yields the frames of a GIF, up to its end or to where it cannot be followed. Returns where the byte behind its end
 * is, if it has an end.
 */
export function* framesOf(gif: Uint8Array): Generator<GifFrame, number | undefined, undefined> {
  const short = (at: number): number => gif[at]! | (gif[at + 1]! << 8);
  let at = 13 + tableBytes(gif[10] ?? 0);
  for (;;) {
    if (gif[at] === 0x21) at = afterSubBlocks(gif, at + 2);
    else if (gif[at] === 0x2c && at + 11 < gif.length) {
      const [left, top, width, height] = [short(at + 1), short(at + 3), short(at + 5), short(at + 7)];
      const codeAt = at + 10 + tableBytes(gif[at + 9]!);
      const interlaced = (gif[at + 9]! & 0x40) !== 0;
      const data = { pixels: width * height, codeBits: gif[codeAt] ?? 0, dataAt: codeAt + 1 };
      yield { left, top, width, height, interlaced, ...data };
      at = afterSubBlocks(gif, codeAt + 1);
    } else if (gif[at] !== 0) return gif[at] === 0x3b ? at + 1 : undefined;
    else at++; // The decoder skips a lone zero as well.
  }
}

async function checkFrame({ bytes, ...image }: Encoded, frame: GifFrame): Promise<void> {
  if (frame.codeBits < 1 || frame.codeBits > 11) return; // The decoder refuses it.
  const count = await countPixels(bytes, frame, image.signal);
  if (count < 0) throw damaged(image, "its data contain an invalid code");
  if (count < frame.pixels) throw damaged(image, "its data end early");
}

/**
 * Checks an animation of which all frames are wanted. Those behind the first must have all their pixels: the decoder
 * leaves the rest as in the frame before.
 *
 * @throws {ImageError} `ERR_EMPREINTE_CORRUPT` if not. @throws {LimitError} for too many frames, or for more pixels in
 * all of them than `maxSeconds` allows.
 */
export async function checkGif(image: Encoded): Promise<void> {
  const { bytes, name, limits } = image;
  const canvas = (bytes[6]! | (bytes[7]! << 8)) * (bytes[8]! | (bytes[9]! << 8));
  // The size is reported elsewhere, with the limit on pixels.
  if (!(canvas <= limits.maxPixels)) return;
  let count = 0;
  for (const _ of framesOf(bytes)) count++;
  if (count > limits.maxPages) throw tooManyPages(name, count, limits.maxPages);
  checkFrames(image, count, canvas);
  let number = 0;
  for (const frame of framesOf(bytes)) if (number++ > 0) await checkFrame(image, frame);
}

/**
 * Checks that the first frame has all its pixels, after it was decoded. The decoder leaves missing ones black, so the
 * data are read only if the pixel that comes last in them is black.
 *
 * @throws {ImageError} `ERR_EMPREINTE_CORRUPT` if pixels are missing.
 */
export async function checkFirstFrame(
  image: Encoded,
  canvas: { data: Uint8Array; width: number; height: number; channels: number },
): Promise<void> {
  const [frame] = framesOf(image.bytes);
  if (frame === undefined) return;
  // The last pass of an interlaced frame has the odd rows.
  const row = frame.interlaced && frame.height % 2 === 1 && frame.height > 1 ? frame.height - 2 : frame.height - 1;
  const [x, y] = [frame.left + frame.width - 1, frame.top + row];
  const at = (y * canvas.width + x) * canvas.channels;
  const isInside = x < canvas.width && y < canvas.height;
  if (isInside && canvas.data.subarray(at, at + canvas.channels).some((value) => value !== 0)) return;
  await checkFrame(image, frame);
}
