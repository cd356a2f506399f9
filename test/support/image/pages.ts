/** The samples that the library decodes, for comparing them with another decoder's. */
import { decodePages } from "../../../dist/image/decode/pages.js";
import type { Page } from "../../../dist/image/decode/decode.js";
import { sniffImage } from "../../../dist/index.js";
import { defaultLimits, type Limits } from "../../../dist/limits.js";

/** Decodes the first page of an image, or all of them. The bytes are copied first. */
export async function pagesOf(bytes: Uint8Array, all = false, limits: Limits = {}): Promise<Page[]> {
  const format = sniffImage(bytes);
  if (format === undefined) throw new Error("this is no image");
  const { signal } = new AbortController();
  const own = Uint8Array.from(bytes);
  const pages: Page[] = [];
  const image = { bytes: own, format, name: "test", limits: { ...defaultLimits, ...limits }, signal };
  for await (const page of decodePages(image, all)) pages.push(page);
  return pages;
}

/** The first page as RGB of 8 bits: grey three times, and 16 bits rounded. */
export async function rgbOf(bytes: Uint8Array): Promise<{ width: number; height: number; rgb: Uint8Array }> {
  const [page] = await pagesOf(bytes);
  return { width: page!.width, height: page!.height, rgb: asRgb(page!) };
}

export function asRgb({ data, channels, depth, width, height }: Page): Uint8Array {
  const deep = depth === 16 ? new Uint16Array(data.buffer, data.byteOffset, data.length / 2) : undefined;
  const at = (i: number): number => (deep === undefined ? data[i]! : Math.round(deep[i]! / 257));
  return Uint8Array.from({ length: 3 * width * height }, (_, i) => {
    const pixel = Math.floor(i / 3) * channels;
    return at(channels < 3 ? pixel : pixel + (i % 3));
  });
}

/** The largest difference of two arrays of samples, or Infinity where their lengths differ. */
export function furthest(a: Uint8Array, b: Uint8Array): number {
  if (a.length !== b.length) return Infinity;
  let most = 0;
  for (let i = 0; i < a.length; i++) most = Math.max(most, Math.abs(a[i]! - b[i]!));
  return most;
}
