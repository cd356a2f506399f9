import sharp, { type Sharp } from "sharp";
import { readRgb } from "../image/rgb.js";
import { sniffImage } from "../index.js";
import type { Image } from "./draw/image.js";

/** What people's programs do with an image, through sharp: the only file of the evaluation that imports it. */

/** The longest side of the images that attacks work on: larger ones are made smaller first, as copies online are. */
export const workingSide = 1280;

function pipeline({ data, width, height }: Image): Sharp {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  return sharp(bytes, { raw: { width, height, channels: 3 } });
}

async function pixels(image: Sharp): Promise<Image> {
  const { data, info } = await image.toColourspace("srgb").removeAlpha().raw().toBuffer({ resolveWithObject: true });
  // Not the buffer itself, whose slices would be views of it.
  return { data: new Uint8Array(data.buffer, data.byteOffset, data.length), width: info.width, height: info.height };
}

/** One thread an image: the evaluation works on several at a time. */
export function oneThread(): void {
  sharp.concurrency(1);
}

/** What sharp does not read. */
const others: readonly (string | undefined)[] = ["heic", "jxl", "jp2", "bmp", "ico"];

/** The stored samples, as `hashImage` takes them: no turn by EXIF orientation, no colour profile. */
export async function decoded(bytes: Uint8Array): Promise<Image> {
  const samples = others.includes(sniffImage(bytes)) ? await readRgb(bytes) : undefined;
  const open = (): Sharp =>
    samples === undefined
      ? sharp(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), { ignoreIcc: true, autoOrient: false })
      : pipeline(samples);
  const { width, height } = await open().metadata();
  if (Math.max(width, height) <= workingSide) return pixels(open());
  return pixels(open().resize(workingSide, workingSide, { fit: "inside" }));
}

/** Baseline, 4:2:0, without metadata. `quality` 1 … 100. */
export async function jpeg(image: Image, quality: number): Promise<Uint8Array> {
  return pipeline(image).jpeg({ quality, chromaSubsampling: "4:2:0" }).toBuffer();
}

export async function webp(image: Image, quality: number): Promise<Uint8Array> {
  return pipeline(image).webp({ quality, effort: 2 }).toBuffer();
}

export async function png(image: Image): Promise<Uint8Array> {
  return pipeline(image).png().toBuffer();
}

/** Encodes an image as a PNG of at most so many colours, dithered. */
export async function palette(image: Image, colours: number): Promise<Uint8Array> {
  return pipeline(image).png({ palette: true, colours, dither: 1, effort: 2 }).toBuffer();
}

/** Resizes to exactly this size, even if that changes the aspect ratio. */
export async function resized(image: Image, width: number, height: number): Promise<Image> {
  const size = { width: Math.max(1, Math.round(width)), height: Math.max(1, Math.round(height)) };
  if (size.width === image.width && size.height === image.height) return image;
  return pixels(pipeline(image).resize({ ...size, fit: "fill" }));
}

/** Gaussian, `sigma` 0.3 … 1000 pixels. */
export async function blurred(image: Image, sigma: number): Promise<Image> {
  // At the default amplitude narrow kernels are cut to a single pixel.
  return pixels(pipeline(image).blur({ sigma: Math.max(0.3, sigma), minAmplitude: 0.01 }));
}

export async function sharpened(image: Image, sigma: number): Promise<Image> {
  return pixels(pipeline(image).sharpen({ sigma, m1: 1.5, m2: 3 }));
}

/** `brightness` and `saturation` as factors, `hue` in degrees. */
export async function modulated(
  image: Image,
  change: { brightness?: number; saturation?: number; hue?: number },
): Promise<Image> {
  return pixels(pipeline(image).modulate(change));
}

/** Contrast-limited adaptive histogram equalisation, over `tiles` × `tiles` parts. */
export async function clahe(image: Image, tiles: number, maxSlope: number): Promise<Image> {
  const width = Math.max(1, Math.ceil(image.width / tiles));
  const height = Math.max(1, Math.ceil(image.height / tiles));
  return pixels(pipeline(image).clahe({ width, height, maxSlope }));
}

/** Returns the versions that the attacked images depend on, for the report's header. */
export function sharpVersions(): { sharp: string; libvips: string } {
  return { sharp: sharp.versions.sharp ?? "unknown", libvips: sharp.versions.vips };
}
