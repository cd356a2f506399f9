/** An upload's picture hash and the digests of its bytes, which are read once. */
import { options as known, signal as checkSignal } from "../check.js";
import { ImageError, LimitError } from "../errors.js";
import { isRawPixels } from "../hash/pixels.js";
import { digestTypes } from "../image/digest.js";
import { checkImageOptions, hashImage, hashImageOptionNames } from "../image/hash-image.js";
import type { HashImageOptions, ImageInput } from "../image/hash-image.js";
import { sourceOf } from "../image/read.js";
import { withStop } from "../image/with-stop.js";
import type { CheckQuery } from "./decision.js";

export type CheckImageOptions = Omit<HashImageOptions, "dihedral" | "digests" | "pages">;

const optionNames = hashImageOptionNames.filter((name) => !["dihedral", "digests", "pages"].includes(name));

export interface Upload {
  query: CheckQuery;
  /** Why there is no picture hash: the bytes are whole, and the decoder refused them. */
  refused?: Error;
}

/** @throws as `hashImage`, but for what the decoder refuses. */
export async function readUpload(input: ImageInput, options: CheckImageOptions | undefined): Promise<Upload> {
  const given = known(options, optionNames) as CheckImageOptions;
  const { limits, name } = checkImageOptions(given);
  const signal = checkSignal(given.signal);
  if (isRawPixels(input)) return { query: await pictureOf(input, given) };
  // Not by hashImage's option of the same name: of a picture that the decoder refuses the digests are wanted, too.
  const source = sourceOf(input, name, limits.maxBytes, digestTypes);
  const { bytes, digests = {} } = await withStop(signal, (stop) => source.read(stop.signal));
  try {
    return { query: { ...(await pictureOf(bytes, { ...given, name: source.name })), digests } };
  } catch (error) {
    if (error instanceof ImageError || error instanceof LimitError) return { query: { digests }, refused: error };
    throw error;
  }
}

async function pictureOf(input: ImageInput, options: CheckImageOptions): Promise<CheckQuery> {
  const { hash, quality, stable, dihedral } = await hashImage(input, { ...options, dihedral: true });
  return { hash, quality, stable, ...(dihedral && { dihedral }) };
}
