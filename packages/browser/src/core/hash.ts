import { HashError, noMemory } from "../errors.js";
import { orientationNames, type PixelHash, type RawPixels } from "../results.js";
import { type CoreExports, textAt } from "./module.js";

/** Pixels that are in the core's memory already. */
export interface PlacedPixels {
  /** The address of the first sample. */
  at: number;
  width: number;
  height: number;
  channels: 1 | 3 | 4;
  /** The bytes from one row to the next. Default: rows without gaps. */
  stride?: number;
}

export interface HashSettings {
  /** Also compute the hashes of all eight orientations. */
  orientations: boolean;
  /** `"exact"` skips the fast method. The hash is the same. */
  method?: "auto" | "exact";
  /** The number of a kernel, the best first. Default 0. */
  kernel?: number;
}

const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** Copies bytes into the core's memory and returns their address. @throws {HashError} `ERR_EMPREINTE_OUT_OF_MEMORY` */
export function place(core: CoreExports, bytes: Uint8Array | Uint8ClampedArray): number {
  const at = core.allocate(bytes.length) >>> 0;
  if (at === 0) throw noMemory();
  new Uint8Array(core.memory.buffer).set(bytes, at);
  return at;
}

/** Hashes pixels in the core's memory. */
export function hashPlaced(core: CoreExports, pixels: PlacedPixels, settings: HashSettings): PixelHash {
  const { at, width, height, channels } = pixels;
  const { orientations, method = "auto", kernel = 0 } = settings;
  const { stride = width * channels } = pixels;
  const status = core.hash(
    at,
    stride * (height - 1) + width * channels,
    width,
    height,
    channels,
    stride,
    method === "exact" ? 1 : 0,
    orientations ? 1 : 0,
    kernel,
  );
  if (status !== 0) {
    const text = textAt(core, core.status_message(status));
    // 2 is EMP_OUT_OF_MEMORY.
    throw status === 2 ? noMemory() : new HashError("ERR_EMPREINTE_INVALID_ARGUMENT", text);
  }
  const result = core.result_of_hash();
  const bytes = new Uint8Array(core.memory.buffer);
  const numbers = new DataView(core.memory.buffer, result + 288, 8);
  const hash = hex(bytes.subarray(result, result + 32));
  const plain = { hash, quality: numbers.getInt32(0, true), stable: numbers.getInt32(4, true) !== 0 };
  if (!orientations) return plain;
  const turned = orientationNames.map((name, i) => {
    const from = result + 32 * (i + 1);
    return [name, hex(bytes.subarray(from, from + 32))] as const;
  });
  return { ...plain, orientations: Object.fromEntries(turned) as Required<PixelHash>["orientations"] };
}

/** Checks raw pixels. @throws {HashError} `ERR_EMPREINTE_INVALID_ARGUMENT` */
export function checkPixels(pixels: RawPixels): void {
  const { data, width, height, channels } = pixels;
  const side = (value: number): boolean => Number.isInteger(value) && value >= 1 && value <= 2 ** 24;
  const bytes = data instanceof Uint8Array || data instanceof Uint8ClampedArray;
  if (!bytes || !side(width) || !side(height) || ![1, 3, 4].includes(channels)) {
    const text = "Expected pixels {data, width, height, channels} with bytes, two sides and 1, 3 or 4 channels.";
    throw new HashError("ERR_EMPREINTE_INVALID_ARGUMENT", text);
  }
  const needed = width * height * channels;
  if (data.length === needed) return;
  const text = `Expected ${needed} bytes for ${width}×${height} pixels of ${channels} channels but received ${data.length}.`;
  throw new HashError("ERR_EMPREINTE_INVALID_ARGUMENT", text);
}

/** Hashes raw pixels, and wipes the core's copy of them. */
export function hashRaw(core: CoreExports, pixels: RawPixels, settings: HashSettings): PixelHash {
  checkPixels(pixels);
  try {
    const { width, height, channels } = pixels;
    return hashPlaced(core, { at: place(core, pixels.data), width, height, channels }, settings);
  } finally {
    core.wipe();
  }
}
