import { types } from "node:util";
import { integer, invalidArgument, isBytes } from "../check.js";
import { InvalidArgumentError } from "../errors.js";
import type { NativePixels } from "../native/binding/pixels.js";

/** Decoded samples: 8 bits each, interleaved, row by row from the top. */
export interface RawPixels {
  /** The samples. There are at least `stride × (height − 1) + width × channels` bytes. */
  data: Uint8Array | Uint8ClampedArray;
  /** Width in pixels, 1 … 16,777,216. */
  width: number;
  /** Height in pixels, 1 … 16,777,216. */
  height: number;
  /** Samples per pixel: 1 is grey, 2 grey and alpha, 3 RGB, 4 RGBA. Alpha is ignored, as by the reference. */
  channels: 1 | 2 | 3 | 4;
  /** Bytes from the start of one row to the next, at least `width × channels`, which is the default. */
  stride?: number;
}

/** Returns true for an object with the properties of raw pixels. Their values are not checked. */
export function isRawPixels(value: unknown): value is RawPixels {
  return typeof value === "object" && value !== null && "data" in value && "width" in value && "height" in value;
}

/**
 * Checks raw pixels and gives them the form that the addon takes. @throws {InvalidArgumentError} if the geometry does
 * not fit the buffer.
 */
export function nativePixels(pixels: RawPixels): NativePixels {
  const { data } = pixels;
  if (!(isBytes(data) || types.isUint8ClampedArray(data))) {
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
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  // The addon takes grey with alpha only without gaps between the rows.
  if (channels === 2 && stride !== row) {
    return { data: packRows(bytes, height, row, stride), width, height, channels, stride: row };
  }
  return { data: bytes, width, height, channels, stride };
}

/** Copies rows of `row` bytes without the gaps between them. */
function packRows(bytes: Uint8Array, height: number, row: number, stride: number): Uint8Array {
  const packed = new Uint8Array(row * height);
  for (let y = 0; y < height; y++) packed.set(bytes.subarray(y * stride, y * stride + row), y * row);
  return packed;
}
