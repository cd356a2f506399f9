import sharp, { type Sharp } from "sharp";
import type { Picture } from "./draw/picture.js";

/** What people's programs do with a picture, through sharp: the only file of the evaluation that imports it. */

/** The longest side of the pictures that attacks work on: larger ones are made smaller first, as copies online are. */
export const workingSide = 1280;

function pipeline({ data, width, height }: Picture): Sharp {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  return sharp(bytes, { raw: { width, height, channels: 3 } });
}

async function pixels(image: Sharp): Promise<Picture> {
  const { data, info } = await image.toColourspace("srgb").removeAlpha().raw().toBuffer({ resolveWithObject: true });
  // Not the buffer itself, whose slices would be views of it.
  return { data: new Uint8Array(data.buffer, data.byteOffset, data.length), width: info.width, height: info.height };
}

/** One thread a picture: the evaluation works on several at a time. */
export function oneThread(): void {
  sharp.concurrency(1);
}

/** The stored samples, as `hashImage` takes them: no turn by EXIF orientation, no colour profile. */
export async function decoded(bytes: Uint8Array): Promise<Picture> {
  const open = (): Sharp =>
    sharp(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), { ignoreIcc: true, autoOrient: false });
  const { width, height } = await open().metadata();
  if (Math.max(width, height) <= workingSide) return pixels(open());
  return pixels(open().resize(workingSide, workingSide, { fit: "inside" }));
}

/** Baseline, 4:2:0, without metadata. `quality` 1 … 100. */
export async function jpeg(picture: Picture, quality: number): Promise<Uint8Array> {
  return pipeline(picture).jpeg({ quality, chromaSubsampling: "4:2:0" }).toBuffer();
}

export async function webp(picture: Picture, quality: number): Promise<Uint8Array> {
  return pipeline(picture).webp({ quality, effort: 2 }).toBuffer();
}

export async function png(picture: Picture): Promise<Uint8Array> {
  return pipeline(picture).png().toBuffer();
}

/** With at most so many colours, dithered. */
export async function palette(picture: Picture, colours: number): Promise<Uint8Array> {
  return pipeline(picture).png({ palette: true, colours, dither: 1, effort: 2 }).toBuffer();
}

/** To exactly this size, stretched if need be. */
export async function resized(picture: Picture, width: number, height: number): Promise<Picture> {
  const size = { width: Math.max(1, Math.round(width)), height: Math.max(1, Math.round(height)) };
  if (size.width === picture.width && size.height === picture.height) return picture;
  return pixels(pipeline(picture).resize({ ...size, fit: "fill" }));
}

/** Gaussian, `sigma` 0.3 … 1000 pixels. */
export async function blurred(picture: Picture, sigma: number): Promise<Picture> {
  // At the default amplitude narrow kernels are cut to a single pixel.
  return pixels(pipeline(picture).blur({ sigma: Math.max(0.3, sigma), minAmplitude: 0.01 }));
}

export async function sharpened(picture: Picture, sigma: number): Promise<Picture> {
  return pixels(pipeline(picture).sharpen({ sigma, m1: 1.5, m2: 3 }));
}

/** `brightness` and `saturation` as factors, `hue` in degrees. */
export async function modulated(
  picture: Picture,
  change: { brightness?: number; saturation?: number; hue?: number },
): Promise<Picture> {
  return pixels(pipeline(picture).modulate(change));
}

/** Contrast-limited adaptive histogram equalisation, over `tiles` × `tiles` parts. */
export async function clahe(picture: Picture, tiles: number, maxSlope: number): Promise<Picture> {
  const width = Math.max(1, Math.ceil(picture.width / tiles));
  const height = Math.max(1, Math.ceil(picture.height / tiles));
  return pixels(pipeline(picture).clahe({ width, height, maxSlope }));
}

/** For the report's header: what the attacked pictures depend on. */
export function sharpVersions(): { sharp: string; libvips: string } {
  return { sharp: sharp.versions.sharp ?? "unknown", libvips: sharp.versions.vips };
}
