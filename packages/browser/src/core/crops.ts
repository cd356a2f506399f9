/** The crops that are registered with an original, as `hashWithCrops` of the library chooses them. */
import type { CropWindow } from "#shared/crop-places.js";
import { hashCrops, mostCropsAt } from "#shared/crops.js";
import type { CropHash } from "../results.js";
import { hashPlaced, type PlacedPixels } from "./hash.js";
import type { CoreExports } from "./module.js";

/** `"standard"` gives at most 24 crops, `"thorough"` at most 60. */
export type CropLevel = "none" | keyof typeof mostCropsAt;

/** Returns the bits in which two hashes of 64 hex digits differ. */
function distance(a: string, b: string): number {
  let bits = 0;
  for (let at = 0; at < 64; at += 8) {
    let x = parseInt(a.slice(at, at + 8), 16) ^ parseInt(b.slice(at, at + 8), 16);
    for (; x !== 0; x &= x - 1) bits++;
  }
  return bits;
}

/** Hashes crops of pixels in the core's memory. @param hash the hash of all of them. */
export function cropsOfPlaced(
  core: CoreExports,
  pixels: PlacedPixels,
  hash: string,
  level: keyof typeof mostCropsAt,
): Promise<CropHash[]> {
  const { at, width, height, channels } = pixels;
  const stride = width * channels;
  const hashWindow = (window: CropWindow) => {
    const from = at + window.top * stride + window.left * channels;
    const placed = { at: from, width: window.width, height: window.height, channels, stride };
    return hashPlaced(core, placed, { orientations: false });
  };
  return hashCrops({ width, height, hash, hashWindow, distance }, mostCropsAt[level]);
}
