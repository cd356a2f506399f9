import { boolean, integer, invalidArgument, oneOf, checkOptions } from "../check.js";
import { InvalidArgumentError } from "../errors.js";
import type { HashArguments, NativeHash } from "../native/binding.js";
import { native } from "../native/load.js";

/** Decoded samples: 8 bits each, interleaved, row-major. */
export interface RawPixels {
  data: Uint8Array | Uint8ClampedArray;
  /** Pixels, 1 … 16,777,216. */
  width: number;
  /** Pixels, 1 … 16,777,216. */
  height: number;
  /** 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA. Alpha is ignored, as the reference does. */
  channels: 1 | 2 | 3 | 4;
  /** Bytes from one row to the next, at least `width × channels` (the default). */
  stride?: number;
}

/** The eight images of a picture under turning and mirroring, in the order of the reference. rot90 is counter-clockwise. */
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
export type OrientationHashes = Record<Orientation, string>;

export interface HashOptions {
  /** Also give the hashes of the picture turned and mirrored. Default false. */
  orientations?: boolean;
  /** `"cpp-cli"`: first to 512×512 as the reference's command-line tool does; such hashes are up to 26 bits away. */
  compat?: "cpp-cli";
  /** The kernel by name, for tests and measurements. Default: `EMPREINTE_KERNEL`, or the best this processor runs. */
  kernel?: string;
  /** `"exact"` skips the fast way that the exact one otherwise backs up. The hash is the same. Default `"auto"`. */
  method?: "auto" | "exact";
}

export interface PixelHash {
  /** 64 lower-case hex digits. */
  hash: string;
  /** 0 … 100; below 50 a hash should be neither banked nor matched. */
  quality: number;
  /** False when the hash is rounding noise (constant pictures, gradients, stripes): do not match on it. */
  stable: boolean;
  /** All eight, when asked for. */
  orientations?: OrientationHashes;
}

export const hashOptionNames = ["orientations", "compat", "kernel", "method"] as const;

/** The options every hashing call shares, checked. */
export interface CheckedHashOptions {
  method: number;
  compat: number;
  orientations: boolean;
  kernel: string | undefined;
}

/** @throws {InvalidArgumentError} when no kernel of that name runs here. */
export function kernelName(name: string | undefined): string | undefined {
  const wanted = name ?? process.env["EMPREINTE_KERNEL"];
  if (wanted === undefined || wanted === "") return undefined;
  const able = native.kernels().filter((kernel) => kernel.supported);
  if (able.some((kernel) => kernel.name === wanted)) return wanted;
  const where = name === undefined ? "EMPREINTE_KERNEL" : "kernel";
  throw invalidArgument(where, `one of ${able.map((kernel) => kernel.name).join(", ")}`, wanted);
}

export function checkHashOptions(options: HashOptions): CheckedHashOptions {
  return {
    method:
      options.method === undefined ? 0 : ["auto", "exact"].indexOf(oneOf("method", options.method, ["auto", "exact"])),
    compat: options.compat === undefined ? 0 : (oneOf("compat", options.compat, ["cpp-cli"]), 1),
    orientations: options.orientations === undefined ? false : boolean("orientations", options.orientations),
    kernel: kernelName(options.kernel),
  };
}

export function isRawPixels(value: unknown): value is RawPixels {
  return typeof value === "object" && value !== null && "data" in value && "width" in value && "height" in value;
}

/** What the addon takes, from raw pixels. @throws {InvalidArgumentError} when the geometry does not fit the buffer. */
export function pixelArguments(pixels: RawPixels, options: CheckedHashOptions): HashArguments {
  const { data } = pixels;
  if (!(data instanceof Uint8Array || data instanceof Uint8ClampedArray)) {
    throw invalidArgument("data", "Uint8Array or Uint8ClampedArray", data);
  }
  const width = integer("width", pixels.width, 1, 2 ** 24);
  const height = integer("height", pixels.height, 1, 2 ** 24);
  const channels = integer("channels", pixels.channels, 1, 4);
  const row = width * channels;
  const stride = pixels.stride === undefined ? row : integer("stride", pixels.stride, row, 2 ** 32 - 1);
  const needed = stride * (height - 1) + row;
  if (data.byteLength < needed) {
    throw new InvalidArgumentError(
      `Expected at least ${needed} bytes of data for ${width}×${height} pixels of ${channels} channels but received ${data.byteLength}`,
    );
  }
  let bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  let step = stride;
  if (channels === 2 && stride !== row) {
    const packed = new Uint8Array(row * height);
    for (let y = 0; y < height; y++) packed.set(bytes.subarray(y * stride, y * stride + row), y * row);
    bytes = packed;
    step = row;
  }
  return [
    bytes,
    width,
    height,
    channels,
    step,
    8,
    false,
    options.method,
    options.compat,
    options.orientations,
    options.kernel,
  ];
}

/** From the addon's answer to the public one. */
export function pixelHash(answer: NativeHash): PixelHash {
  const { hash, quality, stable, dihedral } = answer;
  if (dihedral === undefined) return { hash, quality, stable };
  const named = Object.fromEntries(orientationNames.map((name, i) => [name, dihedral[i]])) as OrientationHashes;
  return { hash, quality, stable, orientations: named };
}

/**
 * Hashes raw pixels on this thread. For a thumbnail the asynchronous hop costs more than the hash; for large pictures
 * prefer `hashImage`, which takes the same pixels off this thread.
 * @throws {InvalidArgumentError} when the geometry does not fit the buffer.
 */
export function hashPixelsSync(pixels: RawPixels, options?: HashOptions): PixelHash {
  if (!isRawPixels(pixels)) throw invalidArgument("pixels", "{data, width, height, channels}", pixels);
  const checked = checkHashOptions(checkOptions(options, hashOptionNames) as HashOptions);
  return pixelHash(native.hashSync(...pixelArguments(pixels, checked)));
}
