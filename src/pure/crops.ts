/** Which crops of an original are registered with it. */
import { leastViewQuality } from "../thresholds.js";
import { cropsOf, type CropWindow, windowOf } from "./crop-places.js";

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

/** How an original and its crops are hashed. */
export interface Original {
  width: number;
  height: number;
  /** The hash of the whole original. */
  hash: string;
  /** Hashes a part of it. */
  hashWindow(window: CropWindow): HashedWindow | Promise<HashedWindow>;
  /** Returns the bits in which two hashes differ. */
  distance(a: string, b: string): number;
}

interface HashedWindow {
  hash: string;
  quality: number;
  stable: boolean;
}

/** The levels, and the most crops that are hashed at each. */
export const mostCropsAt = { standard: 24, thorough: 60 } as const;

/** A crop whose hash is this near to another's finds little that the other does not. */
const sameWithin = 10;
/** The least pixels on each side with which a crop can be distinguished from others. */
const minSide = 64;

/** Hashes crops of an original, at most `most`: those that find most copies first. */
export async function hashCrops(original: Original, most: number): Promise<CropHash[]> {
  const { width, height, hash, distance } = original;
  const crops: CropHash[] = [];
  for (const crop of cropsOf(width, height)) {
    if (crops.length === most) break;
    const window = windowOf(crop, width, height);
    if (window.width < minSide || window.height < minSide) continue;
    const made = await original.hashWindow(window);
    if (made.quality < leastViewQuality || !made.stable) continue;
    if ([hash, ...crops.map((other) => other.hash)].some((other) => distance(other, made.hash) <= sameWithin)) continue;
    crops.push({ hash: made.hash, quality: made.quality, name: crop.name, region: window.region });
  }
  return crops;
}
