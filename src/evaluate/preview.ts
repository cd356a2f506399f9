import { decode, encode } from "blurhash";
import { decoded, png, resized } from "./sharp.js";

/** Enough to tell two images apart, too little to see anyone: 4 × 3 colour waves. */
const waves = [4, 3] as const;

/** The blurhash of an encoded image. */
export async function blurhashOf(bytes: Uint8Array): Promise<string> {
  const small = await resized(await decoded(bytes), 32, 32);
  const rgba = new Uint8ClampedArray(4 * 32 * 32).fill(255);
  for (let i = 0; i < 32 * 32; i++) rgba.set(small.data.subarray(3 * i, 3 * i + 3), 4 * i);
  return encode(rgba, 32, 32, ...waves);
}

/** Renders a blurhash as a PNG of 24 × 18 pixels. */
export async function blurhashImage(hash: string): Promise<Uint8Array> {
  const rgba = decode(hash, 24, 18);
  const data = new Uint8Array(3 * 24 * 18);
  for (let i = 0; i < 24 * 18; i++) data.set(rgba.subarray(4 * i, 4 * i + 3), 3 * i);
  return png({ data, width: 24, height: 18 });
}
