import { checkOptions, checkSignal, oneOf } from "../check.js";
import { checkHashOptions } from "../hash/options.js";
import { hashDistance } from "../hash/value.js";
import type { ImageInput } from "../image/input/input.js";
import { checkInputOptions, limitNames } from "../image/options.js";
import { readSamples } from "../image/samples.js";
import type { Limits } from "../limits.js";
import type { CropWindow } from "../pure/crop-places.js";
import { type CropHash, hashCrops, mostCropsAt } from "../pure/crops.js";
import { hashWindow } from "../views/crops.js";

/** The options of `hashWithCrops`. */
export interface HashWithCropsOptions extends Limits {
  /** How many crops are hashed: `"standard"` at most 24, `"thorough"` at most 60. Default `"standard"`. */
  level?: "standard" | "thorough";
  /** Ends the work. The promise rejects with the signal's reason. */
  signal?: AbortSignal;
  /** The name of the input in errors. Default: the path, "buffer" or "stream". */
  name?: string;
}

/** The hash of an original and those of crops that people make of such images. */
export interface CropHashes {
  /** The original's hash: 64 lower-case hex digits. */
  hash: string;
  /** The quality of the hash, 0 … 100. Below 50 the hash should not be listed. */
  quality: number;
  /** False when the hash is rounding noise. */
  stable: boolean;
  /** The crops, sorted by how many copies they find, the most first. */
  crops: CropHash[];
  /** True if the file has images behind the first, which were not read. */
  furtherPages?: true;
}

/** The most crops that an original may have. */
export const mostCrops = 63;
const optionNames = ["level", "signal", "name", ...limitNames];

/**
 * Hashes an original together with crops of it, for an operator who has the originals. The hash of a crop finds altered
 * copies that are too far from the hash of the whole image. More hashes describe the original better, so do not share
 * those of the crops.
 *
 * @throws what `hashImage` throws
 *
 * @example
 * const index = new HashIndex();
 * index.addWithCrops(7, await hashWithCrops("original.jpg", { level: "thorough" }));
 * const { matches } = await index.searchImage("upload.jpg", { level: "standard" });
 */
export async function hashWithCrops(input: ImageInput, options?: HashWithCropsOptions): Promise<CropHashes> {
  const given = checkOptions(options, optionNames);
  const { level = "standard" } = given;
  const most = mostCropsAt[oneOf("level", level, ["standard", "thorough"])];
  const signal = checkSignal(given.signal);
  const samples = await readSamples(input, { ...checkInputOptions(given), hash: checkHashOptions({}) }, signal);
  const { hash, quality, stable } = samples.hash;
  const { width, height } = samples;
  const original = {
    width,
    height,
    hash,
    distance: hashDistance,
    hashWindow: (window: CropWindow) => hashWindow(samples, window, signal),
  };
  const crops = await hashCrops(original, most);
  return { hash, quality, stable, crops, ...(samples.furtherPages && { furtherPages: true }) };
}
