import { checkOptions, invalidArgument } from "../check.js";
import { native } from "../native/load.js";
import { checkHashOptions, hashOptionNames, type HashOptions } from "./options.js";
import { isRawPixels, nativePixels, type RawPixels } from "./raw-pixels.js";
import { type PixelHash, pixelHash } from "./result.js";

/**
 * Hashes raw pixels on this thread. For a thumbnail, starting work on another thread takes longer than the hash. For
 * large images prefer `hashImage`, which hashes the same pixels on another thread.
 *
 * @throws {InvalidArgumentError} `ERR_EMPREINTE_INVALID_ARGUMENT` if the geometry does not fit the buffer.
 *
 * @example
 * const { hash, quality } = hashPixelsSync({ data, width: 64, height: 64, channels: 3 });
 */
export function hashPixelsSync(pixels: RawPixels, options?: HashOptions): PixelHash {
  if (!isRawPixels(pixels)) throw invalidArgument("pixels", "{data, width, height, channels}", pixels);
  const checked = checkHashOptions(checkOptions(options, hashOptionNames) as HashOptions);
  // The addon reads options by name, which would add a fifth to the time of a thumbnail.
  const { method, compat, orientations, kernel } = checked;
  const usual = method === 0 && compat === 0 && !orientations && kernel === undefined;
  return pixelHash(native.hashSync(nativePixels(pixels), usual ? undefined : checked));
}
