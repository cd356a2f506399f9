import type { NativeHash } from "../native/binding/hash.js";
import { orientationNames, type OrientationHashes } from "./orientations.js";

/** The hash of one image. */
export interface PixelHash {
  /** The hash as 64 lower-case hex digits. */
  hash: string;
  /** The quality of the hash, 0 … 100. Below 50 it should be neither listed nor matched. */
  quality: number;
  /** False if the hash is rounding noise, as for constant images, gradients and stripes. Do not match it. */
  stable: boolean;
  /** The hashes of all eight orientations, with the option `orientations`. */
  orientations?: OrientationHashes;
}

/** Makes the public result from the addon's. */
export function pixelHash({ hash, quality, stable, orientations }: NativeHash): PixelHash {
  if (orientations === undefined) return { hash, quality, stable };
  const named = Object.fromEntries(orientationNames.map((name, i) => [name, orientations[i]])) as OrientationHashes;
  return { hash, quality, stable, orientations: named };
}
