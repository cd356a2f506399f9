import { checkOptions, checkSignal, integer } from "../check.js";
import { checkHashOptions } from "../hash/options.js";
import type { ImageInput } from "../image/input/input.js";
import { checkInputOptions, limitNames } from "../image/options.js";
import { readSamples } from "../image/samples.js";
import type { Limits } from "../limits.js";
import { withCancelToken } from "../native/abort.js";
import { kernelName } from "../native/kernel.js";
import { native } from "../native/load.js";
import { LocalRecord } from "./record.js";

/** The options of `registerLocal`. */
export interface RegisterLocalOptions extends Limits {
  /** The most local points, 1 … 400. More find smaller parts and take more memory. Default 200. */
  most?: number;
  /** Ends the work. The promise rejects with the signal's reason. */
  signal?: AbortSignal;
  /** The name of the input in errors. Default: the path, "buffer" or "stream". */
  name?: string;
}

/** The most points of a record. */
const mostPoints = 400;
const optionNames = ["most", "signal", "name", ...limitNames];

/**
 * Finds the local points of an original, for an operator who has the originals. A `LocalIndex` finds the original by
 * them in any part of it: cropped, inside a collage, under stickers, turned or mirrored. Of a file with several pages
 * the first is registered.
 *
 * The points are in the order of their use: the first 100 of 200 are what `most: 100` gives. A rough copy of the image
 * can be made from a record, so keep it as you keep the image.
 *
 * @throws what `hashImage` throws
 *
 * @example
 * const record = await registerLocal("original.jpg");
 */
export async function registerLocal(input: ImageInput, options?: RegisterLocalOptions): Promise<LocalRecord> {
  const given = checkOptions(options, optionNames) as RegisterLocalOptions;
  const most = integer("most", given.most ?? 200, 1, mostPoints);
  const signal = checkSignal(given.signal);
  const samples = await readSamples(input, { ...checkInputOptions(given), hash: checkHashOptions({}) }, signal);
  const { data, width, height, channels } = samples;
  const pixels = { data, width, height, channels, stride: width * channels };
  const kernel = kernelName(undefined);
  return LocalRecord.from(
    await withCancelToken(signal, (cancel) => native.localRegister(pixels, { most, kernel }, cancel)),
  );
}
