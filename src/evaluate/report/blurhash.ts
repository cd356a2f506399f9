import { decode } from "blurhash";
import { safePreview } from "../../index.js";
import { png } from "../sharp.js";

/** Returns the blurhash of an encoded image: enough to tell two images apart, too little to see anyone. */
export async function blurhashOf(bytes: Uint8Array): Promise<string> {
  return (await safePreview(bytes)).blurhash;
}

/** Renders a blurhash as a PNG of 24 × 18 pixels. */
export async function blurhashImage(hash: string): Promise<Uint8Array> {
  const rgba = decode(hash, 24, 18);
  const data = new Uint8Array(3 * 24 * 18);
  for (let i = 0; i < 24 * 18; i++) data.set(rgba.subarray(4 * i, 4 * i + 3), 3 * i);
  return png({ data, width: 24, height: 18 });
}
