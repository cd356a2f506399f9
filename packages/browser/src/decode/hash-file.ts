/** From the bytes of an image file to its hash, in one thread. Everything that it allocates is wiped. */
import { type CropLevel, cropsOfPlaced } from "../core/crops.js";
import { hashPlaced, type HashSettings, place, type PlacedPixels } from "../core/hash.js";
import type { CoreExports } from "../core/module.js";
import { HashError } from "../errors.js";
import type { ImageFormat, ImageHash, Limits } from "../results.js";
import type { Decoded } from "./decoded.js";
import { decodeBmp } from "./bmp.js";
import { decodeGif } from "./gif.js";
import { decodeHeic } from "./heic.js";
import type { HeifExports } from "./heif-library.js";
import { decodeJpeg } from "./jpeg.js";
import { decodePng } from "./png.js";
import { sniff } from "./sniff.js";
import { decodeWebp } from "./webp.js";

/** How decoders that are not in the core are loaded, when they are first needed. */
export interface Decoders {
  libwebp(): Promise<BufferSource>;
  libheif(): Promise<HeifExports>;
}

function decode(
  format: Exclude<ImageFormat, "jpeg">,
  bytes: Uint8Array,
  maxPixels: number,
  decoders: Decoders,
): Promise<Decoded> | Decoded {
  if (format === "png") return decodePng(bytes, maxPixels);
  if (format === "gif") return decodeGif(bytes, maxPixels);
  if (format === "bmp") return decodeBmp(bytes, maxPixels);
  if (format === "webp") return decodeWebp(bytes, maxPixels, decoders.libwebp);
  return decodeHeic(bytes, maxPixels, decoders.libheif);
}

async function decodeInto(
  core: CoreExports,
  format: ImageFormat,
  bytes: Uint8Array,
  maxPixels: number,
  decoders: Decoders,
): Promise<PlacedPixels> {
  if (format === "jpeg") return decodeJpeg(core, bytes, maxPixels);
  const { data, ...geometry } = await decode(format, bytes, maxPixels, decoders);
  try {
    return { ...geometry, at: place(core, data) };
  } finally {
    data.fill(0);
  }
}

export interface FileSettings extends HashSettings, Required<Limits> {
  /** Which crops of an image are hashed, too. */
  crops: CropLevel;
}

/** Hashes an image file. `bytes` are overwritten. */
export async function hashFile(
  core: CoreExports,
  bytes: Uint8Array,
  settings: FileSettings,
  decoders: Decoders,
): Promise<ImageHash> {
  try {
    if (bytes.length > settings.maxBytes) {
      const text = `The file has ${bytes.length} bytes, more than the ${settings.maxBytes} that are read.`;
      throw new HashError("ERR_EMPREINTE_LIMIT", text);
    }
    const format = sniff(bytes);
    const pixels = await decodeInto(core, format, bytes, settings.maxPixels, decoders);
    const { width, height } = pixels;
    const found: ImageHash = { ...hashPlaced(core, pixels, settings), format, width, height, decoder: "wasm" };
    if (settings.crops !== "none") found.crops = await cropsOfPlaced(core, pixels, found.hash, settings.crops);
    return found;
  } finally {
    bytes.fill(0);
    core.wipe();
  }
}
