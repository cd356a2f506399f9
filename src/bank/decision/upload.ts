/** Reading an upload once: its image with the hash, and the digests of its bytes. */
import { ImageError, LimitError } from "../../errors.js";
import { checkHashOptions } from "../../hash/options.js";
import { isRawPixels } from "../../hash/raw-pixels.js";
import { digestTypes } from "../../image/digest.js";
import type { ImageInput } from "../../image/input.js";
import { checkInputOptions } from "../../image/options.js";
import { decodeSamples, readSamples, type Samples } from "../../image/samples.js";
import { sourceOf } from "../../image/source.js";
import { withAbortController } from "../../image/with-abort-controller.js";
import type { Limits } from "../../limits.js";
import type { CheckQuery } from "./query.js";

export interface Upload {
  query: CheckQuery;
  /** The image, unless it was refused. */
  samples?: Samples;
  /** Why there is no image: the bytes were read, but the decoder refused them. */
  refused?: Error;
}

function uploadOf(samples: Samples, digests: CheckQuery["digests"]): Upload {
  const { hash, quality, stable, orientations } = samples.hash;
  const query = { hash, quality, stable, ...(orientations && { orientations }), ...(digests && { digests }) };
  return { query, samples };
}

/**
 * Reads an upload, hashes its image in all orientations, and computes the digests of its bytes. Raw pixels have no digests.
 * Where the decoder refuses the image, the digests alone are the query.
 * @throws as `hashImage`, except for what the decoder refuses.
 */
export async function readUpload(
  input: ImageInput,
  given: Limits & { name?: string | undefined },
  signal: AbortSignal | undefined,
): Promise<Upload> {
  const options = { ...checkInputOptions(given), hash: checkHashOptions({ orientations: true }) };
  if (isRawPixels(input)) return uploadOf(await readSamples(input, options, signal), undefined);
  const source = sourceOf(input, options.name, options.limits.maxBytes, digestTypes);
  const content = await withAbortController(signal, (controller) => source.read(controller.signal));
  const digests = content.digests ?? {};
  try {
    return uploadOf(await decodeSamples(content, source.name, options, signal), digests);
  } catch (error) {
    if (error instanceof ImageError || error instanceof LimitError) return { query: { digests }, refused: error };
    throw error;
  }
}
