/**
 * How much a decoder may do that cannot be interrupted. sharp hears of its time limit between two rows of the result. A
 * decoder that reads all its data before it gives the first row goes on for as long as it takes, on a thread of the
 * pool. So its work is counted before it begins, and must fit into `maxSeconds` at a speed that any processor reaches.
 */
import { LimitError } from "../../errors.js";
import type { Encoded } from "../input/encoded.js";

/** Samples that one pass over an image touches in a second, at least. Measured: 120 million on one core. */
const passesPerSecond = 2 ** 26;

/** Pixels of frames that an animation composes in a second, at least. Measured: 40 million. */
const framesPerSecond = 2 ** 25;

/**
 * Pixels and bytes that a decoder takes in a second, at least, where it gives no row before the last. Measured with
 * noise.
 */
const wholeImages = {
  webp: { pixels: 2 ** 25, bytes: 2 ** 23 },
  avif: { pixels: 2 ** 24, bytes: 2 ** 22 },
} as const;

/** @param what the work, for the error: "90 scans of 8192×8192 pixels". */
function checkSeconds({ name, limits }: Encoded, what: string, seconds: number): void {
  const { maxSeconds } = limits;
  if (seconds <= maxSeconds) return;
  const text = `${name} has ${what}, too much to decode in ${maxSeconds} seconds; maxSeconds raises this limit`;
  throw new LimitError("maxSeconds", text);
}

/**
 * Checks the work of scans or passes that are all read before the first row.
 * @param samples how many samples all of them touch together.
 * @throws {LimitError} `ERR_EMPREINTE_LIMIT`, with maxSeconds as the limit.
 */
export function checkPasses(image: Encoded, what: string, samples: number): void {
  checkSeconds(image, what, samples / passesPerSecond);
}

/** Checks the work of an animation, as `checkPasses` does. A decoder that gives a late frame composes all before it. */
export function checkFrames(image: Encoded, frames: number, canvas: number): void {
  checkSeconds(image, `${frames} frames of ${canvas} pixels`, (frames * canvas) / framesPerSecond);
}

/** Checks the work of an image that is decoded as a whole, as `checkPasses` does. */
export function checkWhole(image: Encoded, width: number, height: number): void {
  const { format, bytes } = image;
  if (format !== "webp" && format !== "avif") return;
  const speed = wholeImages[format];
  const what = `${width}×${height} pixels in ${bytes.length} bytes`;
  checkSeconds(image, what, (width * height) / speed.pixels + bytes.length / speed.bytes);
}

/** The longest side of an image. libvips keeps several whole rows in memory. */
export const maxSide: number = 2 ** 17;

/** @throws {LimitError} `ERR_EMPREINTE_LIMIT`, with the limit `side`, which no option raises. */
export function checkSides({ name }: Encoded, width: number, height: number): void {
  if (Math.max(width, height) <= maxSide) return;
  throw new LimitError("side", `${name} is ${width}×${height} pixels: no side may be longer than ${maxSide} pixels`);
}
