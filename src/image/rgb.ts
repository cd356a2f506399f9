import { checkHashOptions } from "../hash/options.js";
import { checkInputOptions } from "./options.js";
import { readSamples } from "./samples.js";

/** Decodes the first page of an image as RGB of 8 bits, rows without gaps. Throws as `hashImage` does. */
export async function readRgb(bytes: Uint8Array): Promise<{ data: Uint8Array; width: number; height: number }> {
  const options = { ...checkInputOptions({}), hash: checkHashOptions({}) };
  const { data, width, height, channels } = await readSamples(bytes, options, undefined);
  if (channels === 3) return { data, width, height };
  const rgb = new Uint8Array(3 * width * height);
  for (let i = 0; i < rgb.length; i++) {
    const pixel = Math.floor(i / 3) * channels;
    rgb[i] = data[channels === 1 ? pixel : pixel + (i % 3)]!;
  }
  return { data: rgb, width, height };
}
