/** The eight orientations of an image, in the order of the core. */
export const orientationNames = [
  "orig",
  "rot90",
  "rot180",
  "rot270",
  "flipX",
  "flipY",
  "flipPlus1",
  "flipMinus1",
] as const;

export type Orientation = (typeof orientationNames)[number];

/** The hash of pixels. */
export interface PixelHash {
  /** The hash as 64 lower-case hex digits. */
  hash: string;
  /** 0 … 100. Below 50 a hash is neither listed nor matched. */
  quality: number;
  /** False if the hash is rounding noise. Do not list it. */
  stable: boolean;
  /** The hashes of all orientations, if the option `orientations` asks for them. */
  orientations?: Record<Orientation, string>;
}

/** The formats of image files that are decoded. */
export type ImageFormat = "jpeg" | "png" | "gif" | "webp" | "heic" | "bmp";

/** The hash of a crop of an image. The library takes it as a crop of the original: `index.addWithCrops`. */
export interface CropHash {
  /** 64 lower-case hex digits. */
  hash: string;
  /** 80 … 100. */
  quality: number;
  /** The name of the crop, for people: "centre-10", "square". */
  name: string;
  /** Where the crop is, as shares of the width and height from the top left. */
  region: { left: number; top: number; right: number; bottom: number };
}

/** The hash of an image file. */
export interface ImageHash extends PixelHash {
  format: ImageFormat;
  /** The width in pixels. */
  width: number;
  /** The height in pixels. */
  height: number;
  /** The decoder is the one of this package, so the hash is that of the server. */
  decoder: "wasm";
  /** The hashes of crops, if the option `crops` asks for them: those that find most copies first. */
  crops?: CropHash[];
}

/** Decoded samples, row by row from the top. Alpha, the fourth, is ignored. */
export interface RawPixels {
  data: Uint8Array | Uint8ClampedArray;
  /** The width in pixels, 1 … 16,777,216. */
  width: number;
  /** The height in pixels, 1 … 16,777,216. */
  height: number;
  /** 1 grey, 3 RGB, 4 RGBA. */
  channels: 1 | 3 | 4;
}

/** Limits on what one file may cost. */
export interface Limits {
  /** Most bytes of a file. Default 100 MiB. */
  maxBytes?: number;
  /** Most pixels of an image. Default 134,217,728. */
  maxPixels?: number;
}

export const defaultLimits: Required<Limits> = { maxBytes: 100 * 2 ** 20, maxPixels: 2 ** 27 };
