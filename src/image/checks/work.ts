/**
 * How much a decoder may do that cannot be interrupted. sharp hears of its time limit between two rows of the result. A decoder
 * that reads all its data before it gives the first row goes on for as long as it takes, on a thread of the pool. So its work is
 * counted before it begins, and must fit into `maxSeconds` at a speed that any processor reaches.
 */
import { LimitError } from "../../errors.js";
import type { Encoded } from "../encoded.js";

/** Most samples that one pass over an image touches in a second. Measured: 120 million at least, on one core. */
export const passesPerSecond: number = 2 ** 26;

/** Most pixels of frames that an animation composes in a second. Measured: 40 million at least. */
export const framesPerSecond: number = 2 ** 25;

/**
 * @param what the work, for the error: "300 scans of 8192×8192 pixels".
 * @param pixels how many pixels all passes touch together.
 * @throws {LimitError} `ERR_EMPREINTE_LIMIT`, with maxSeconds as the limit, if that is too much.
 */
export function checkWork({ name, limits }: Encoded, what: string, pixels: number, perSecond: number): void {
  const { maxSeconds } = limits;
  if (pixels <= maxSeconds * perSecond) return;
  const text = `${name} has ${what}, too many to decode in ${maxSeconds} seconds; maxSeconds raises this limit`;
  throw new LimitError("maxSeconds", text);
}

/** The longest side of an image. libvips keeps several whole rows in memory. */
export const maxSide: number = 2 ** 18;

/** @throws {LimitError} `ERR_EMPREINTE_LIMIT`, with the limit `side`, which no option raises. */
export function checkSides({ name }: Encoded, width: number, height: number): void {
  if (Math.max(width, height) <= maxSide) return;
  throw new LimitError("side", `${name} is ${width}×${height} pixels: no side may be longer than ${maxSide} pixels`);
}
