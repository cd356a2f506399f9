/** Reading a file once for its image and for the digests of its bytes. */
import { ImageError, LimitError } from "../errors.js";
import { isRawPixels } from "../hash/raw-pixels.js";
import type { DigestType, FileDigests } from "./input/digest.js";
import type { ImageInput } from "./input/input.js";
import { decodeSamples, readSamples, type Samples, type SamplesOptions } from "./samples.js";
import { readInput } from "./input/source.js";

/** A file that was read once. It has `samples` or `refused`. */
export interface Upload {
  /** The digests of the file's bytes. Raw pixels have none. */
  digests?: FileDigests;
  /** The image, or the page of it, with its hash, unless the decoder refused it. */
  samples?: Samples;
  /** Why there is no image, although the bytes were read. */
  refused?: ImageError | LimitError;
}

/**
 * Reads a file once, decodes and hashes its image, and takes digests of its bytes. Bytes and pixels are copied before
 * this returns.
 * @param types the digests to take. Without any the decoder's refusal is thrown.
 * @throws as `hashImage`, except for what the decoder refuses.
 */
export async function readUpload(
  input: ImageInput,
  options: SamplesOptions,
  types: readonly DigestType[],
  signal: AbortSignal | undefined,
): Promise<Upload> {
  if (types.length === 0 || isRawPixels(input)) return { samples: await readSamples(input, options, signal) };
  const content = await readInput(input, options, signal, types);
  const { digests = {} } = content;
  try {
    return { digests, samples: await decodeSamples(content, options, signal) };
  } catch (error) {
    if (error instanceof ImageError || error instanceof LimitError) return { digests, refused: error };
    throw error;
  }
}
