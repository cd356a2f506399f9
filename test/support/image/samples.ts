/** Samples for images of every mode, and what a file made of them must hash to. */
import { expect } from "vitest";
import { hashImage, hashPixelsSync, type PixelHash } from "../../../dist/index.js";
import { makeInput } from "../../../fixtures/kat/inputs.mjs";

export const width = 301;
export const height = 200;
export const count = width * height;

export function plane(seed: number, w: number = width, h: number = height): Uint8Array {
  return makeInput({ width: w, height: h, channels: 1, planes: [{ gen: "scene", args: { seed, m: 14 } }] });
}

/** Planes to interleaved samples. */
export function interleave(...planes: Uint8Array[]): Uint8Array {
  const samples = new Uint8Array(planes.length * planes[0]!.length);
  planes.forEach((one, c) => one.forEach((value, i) => (samples[planes.length * i + c] = value)));
  return samples;
}

export type Channels = 1 | 3;
/** The answer for known samples; all eight hashes. */
export function answer(data: Uint8Array, channels: Channels, w: number = width, h: number = height): PixelHash {
  return hashPixelsSync({ data, width: w, height: h, channels }, { orientations: true });
}

export async function expectHash(
  file: Uint8Array,
  expected: PixelHash & { furtherPages?: true },
  w: number = width,
  h: number = height,
): Promise<void> {
  expect(await hashImage(file, { orientations: true })).toEqual({ ...expected, width: w, height: h });
  // Otherwise equality would say little.
  expect(expected.stable).toBe(true);
}

export const grey: Uint8Array = plane(1);
export const red = plane(2);
export const green = plane(3);
export const blue = plane(4);
export const rgb = interleave(red, green, blue);
/** Transparent on the left, so that most of the colour is hidden. */
export const alpha = Uint8Array.from({ length: count }, (_, i) => Math.max(0, Math.min(255, (i % width) - 150)));
export const rgba = interleave(red, green, blue, alpha);
export const raw = { raw: { width, height, channels: 3 as const } };
export const rawWithAlpha = { raw: { width, height, channels: 4 as const } };

/** 16-bit samples whose low bytes have nothing to do with the high ones, and what they are in 8 bits. */
export function wide(samples: Uint8Array): { samples: Uint16Array; scaled: Uint8Array } {
  const words = Uint16Array.from(samples, (value, i) => (value << 8) | ((i * 151 + 77) & 255));
  return { samples: words, scaled: Uint8Array.from(words, (value) => Math.round(value / 257)) };
}

/** Ink to light, as ImageMagick does it for the reference's tool. */
export function inkToRgb(cmyk: Uint8Array): Uint8Array {
  const out = new Uint8Array((cmyk.length / 4) * 3);
  for (let i = 0; i < cmyk.length / 4; i++) {
    for (let c = 0; c < 3; c++)
      out[3 * i + c] = Math.round(((255 - cmyk[4 * i + c]!) * (255 - cmyk[4 * i + 3]!)) / 255);
  }
  return out;
}

/** Two levels a sample, from the top bit. */
export const bits = grey.map((value) => value >> 7);
