import { checkOptions, checkSignal, oneOf } from "../check.js";
import { checkHashOptions } from "../hash/options.js";
import { leastViewQuality } from "../thresholds.js";
import { hashDistance } from "../hash/value.js";
import type { ImageInput } from "../image/input/input.js";
import { checkInputOptions, limitNames } from "../image/options.js";
import { readSamples, type Samples } from "../image/samples.js";
import type { Limits } from "../limits.js";
import { type Crop, cropsOf, hashCrop } from "../views/crops.js";

/** The options of `hashWithCrops`. */
export interface HashWithCropsOptions extends Limits {
  /** How many crops are hashed: `"standard"` at most 24, `"thorough"` at most 60. Default `"standard"`. */
  level?: "standard" | "thorough";
  /** Ends the work. The promise rejects with the signal's reason. */
  signal?: AbortSignal;
  /** The name of the input in errors. Default: the path, "buffer" or "stream". */
  name?: string;
}

/** The standard hash of a crop of an original. */
export interface CropHash {
  /** 64 lower-case hex digits, which any PDQ hasher gives for these pixels. */
  hash: string;
  /** The quality of the hash, 80 … 100. */
  quality: number;
  /** The name of the crop, for people: "centre-10", "square", "left-20". */
  name: string;
  /** Where in the original the crop is, as shares of its width and height from the top left. */
  region: { left: number; top: number; right: number; bottom: number };
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
const mostAtLevel = { standard: 24, thorough: 60 } as const;
const optionNames = ["level", "signal", "name", ...limitNames];

/** A crop whose hash is this near to another's finds little that the other does not. */
const sameWithin = 10;
/** The least pixels on each side with which a crop can be distinguished from others. */
const minSide = 64;

async function cropHash(samples: Samples, crop: Crop, signal: AbortSignal | undefined): Promise<CropHash | undefined> {
  const made = await hashCrop(samples, crop, minSide, signal);
  if (made === undefined || made.quality < leastViewQuality || !made.stable) return undefined;
  return { hash: made.hash, quality: made.quality, name: crop.name, region: made.region };
}

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
  const room = mostAtLevel[oneOf("level", level, ["standard", "thorough"])];
  const signal = checkSignal(given.signal);
  const samples = await readSamples(input, { ...checkInputOptions(given), hash: checkHashOptions({}) }, signal);
  const { hash, quality, stable } = samples.hash;
  const crops: CropHash[] = [];
  for (const crop of cropsOf(samples.width, samples.height)) {
    if (crops.length === room) break;
    const made = await cropHash(samples, crop, signal);
    if (made === undefined) continue;
    const near = [hash, ...crops.map((other) => other.hash)].some(
      (other) => hashDistance(other, made.hash) <= sameWithin,
    );
    if (!near) crops.push(made);
  }
  return { hash, quality, stable, crops, ...(samples.furtherPages && { furtherPages: true }) };
}
