/** Decodes JPEG XL, JPEG 2000 and sequences of HEIC on the thread of a decoder, by ImageMagick. */
import { readFileSync } from "node:fs";
import { loadPackage, packageFile } from "../../packages.js";
import { type Decoded, type Decoder, DecoderFailure, isTrap } from "./messages.js";
import type { WasmFormat } from "./packages.js";

/** What is used of the package @imagemagick/magick-wasm. */
interface MagickImage {
  readonly width: number;
  readonly height: number;
  readonly colorSpace: number;
  getPixels<T>(
    use: (pixels: {
      toByteArray(x: number, y: number, width: number, height: number, mapping: string): Uint8Array | null;
    }) => T,
  ): T;
}
interface MagickImages extends Array<MagickImage> {
  read(bytes: Uint8Array, settings: object): void;
  dispose(): void;
}
interface Magick {
  initializeImageMagick(wasm: Uint8Array): Promise<void>;
  MagickImageCollection: { create(): MagickImages };
  MagickReadSettings: new (settings: object) => object;
  MagickFormat: Readonly<Record<"Jxl" | "Jp2" | "J2k" | "Heic", string>>;
  ColorSpace: Readonly<Record<"Gray" | "LinearGray" | "CMYK", number>>;
  ResourceLimits: { disk: bigint; memory: bigint; width: bigint; height: bigint };
}

const packageName = "@imagemagick/magick-wasm";

let loading: Promise<Magick> | undefined;

async function load(): Promise<Magick> {
  const magick = loadPackage(packageName, "decodes JPEG XL and JPEG 2000 images") as Magick;
  await magick.initializeImageMagick(readFileSync(packageFile(`${packageName}/magick.wasm`)));
  // Its own file system is memory as well, so nothing is gained by moving pixels there.
  magick.ResourceLimits.disk = 0n;
  magick.ResourceLimits.memory = 2n ** 32n;
  return magick;
}

/** What ImageMagick says of files that it does not read, and not of damaged ones. */
const unsupported = /not support|unsupported|Did not decode all frames|not implemented/i;
const noMemory = /memory allocation failed|cache resources exhausted|out of memory|resource limit/i;

function failureOf(error: unknown): DecoderFailure {
  if (isTrap(error)) return new DecoderFailure("broken", "its decoder failed");
  const message = error instanceof Error ? error.message : String(error);
  const why = message
    .replace(/ `[^`']*' @ .*$/s, "")
    .replace(/[^\x20-\x7e]/g, " ")
    .trim()
    .slice(0, 200);
  if (noMemory.test(message)) return new DecoderFailure("memory", why);
  if (unsupported.test(message)) return new DecoderFailure("unsupported", `a kind of image (${why})`);
  return new DecoderFailure("corrupt", why === "" ? "it is damaged" : why);
}

/** Chooses the parser by the format that was recognized, so that no other parser reads the file. */
function parserOf({ MagickFormat }: Magick, format: WasmFormat, bytes: Uint8Array): string {
  if (format === "jxl") return MagickFormat.Jxl;
  if (format === "heic") return MagickFormat.Heic;
  return bytes[0] === 0xff ? MagickFormat.J2k : MagickFormat.Jp2;
}

function samplesOf({ ColorSpace }: Magick, image: MagickImage): Omit<Decoded, "memory"> {
  const { width, height, colorSpace } = image;
  const cmyk = colorSpace === ColorSpace.CMYK;
  const grey = colorSpace === ColorSpace.Gray || colorSpace === ColorSpace.LinearGray;
  const mapping = cmyk ? "CMYK" : grey ? "R" : "RGB";
  const data = image.getPixels((pixels) => pixels.toByteArray(0, 0, width, height, mapping));
  if (data === null) throw new DecoderFailure("corrupt", "it has no pixels");
  return { data, width, height, channels: cmyk ? 4 : grey ? 1 : 3, cmyk };
}

/** Opens an image and decodes all its pages, but at most so many. */
export async function openMagick(format: WasmFormat, bytes: Uint8Array, pages: number): Promise<Decoder> {
  const magick = await (loading ??= load());
  const images = magick.MagickImageCollection.create();
  try {
    const settings = { format: parserOf(magick, format, bytes), frameIndex: 0, frameCount: pages };
    images.read(bytes, new magick.MagickReadSettings(settings));
    const sides = images.map(({ width, height }) => ({ width, height }));
    // ImageMagick does not say it. It has four bytes for a pixel, and its parsers have some times as many.
    const memory = 16 * sides.reduce((sum, { width, height }) => sum + width * height, 0);
    return {
      opened: { pages: sides, primary: 0 },
      page: (page) => ({ ...samplesOf(magick, images[page]!), memory }),
      close: () => images.dispose(),
    };
  } catch (error) {
    images.dispose();
    throw error instanceof DecoderFailure ? error : failureOf(error);
  }
}
