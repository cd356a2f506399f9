/** An upload's picture hash and the digests of its bytes, which are read once. */
import { checkOptions, checkSignal } from "../../check.js";
import { ImageError, LimitError } from "../../errors.js";
import { checkHashOptions } from "../../hash/options.js";
import { isRawPixels } from "../../hash/raw-pixels.js";
import type { PixelHash } from "../../hash/result.js";
import { digestTypes } from "../../image/digest.js";
import { checkImageOptions, hashImageOptionNames } from "../../image/options.js";
import { hashImage } from "../../image/hash-image.js";
import type { HashImageOptions } from "../../image/options.js";
import type { ImageInput } from "../../image/input.js";
import { sourceOf } from "../../image/source.js";
import { checkInputOptions } from "../../image/options.js";
import { readSamples, type Samples } from "../../image/samples.js";
import { withAbortController } from "../../image/with-abort-controller.js";
import type { Limits } from "../../limits.js";
import type { CheckQuery } from "./query.js";

export type CheckImageOptions = Omit<HashImageOptions, "orientations" | "digests" | "pages">;

const optionNames = hashImageOptionNames.filter((name) => !["orientations", "digests", "pages"].includes(name));

export interface Upload {
  query: CheckQuery;
  /** Of a look for copies: the picture. */
  samples?: Samples;
  /** Why there is no picture hash: the bytes are whole, and the decoder refused them. */
  refused?: Error;
}

interface Reading {
  name: string | undefined;
  maxBytes: number;
  signal: AbortSignal | undefined;
}

/** @param decode what is made of the bytes, by the name of where they come from. */
async function read(
  input: ImageInput,
  { name, maxBytes, signal }: Reading,
  decode: (input: ImageInput, name: string | undefined) => Promise<Upload>,
): Promise<Upload> {
  if (isRawPixels(input)) return decode(input, name);
  // Not by hashImage's option of the same name: of a picture that the decoder refuses the digests are wanted, too.
  const source = sourceOf(input, name, maxBytes, digestTypes);
  const { bytes, digests = {} } = await withAbortController(signal, (stop) => source.read(stop.signal));
  try {
    const { query, ...rest } = await decode(bytes, source.name);
    return { query: { ...query, digests }, ...rest };
  } catch (error) {
    if (error instanceof ImageError || error instanceof LimitError) return { query: { digests }, refused: error };
    throw error;
  }
}

/** @throws as `hashImage`, but for what the decoder refuses. */
export async function readUpload(input: ImageInput, options: CheckImageOptions | undefined): Promise<Upload> {
  const given = checkOptions(options, optionNames) as CheckImageOptions;
  const { limits, name } = checkImageOptions(given);
  const signal = checkSignal(given.signal);
  return read(input, { name, maxBytes: limits.maxBytes, signal }, async (picture, from) => {
    const named = from === undefined ? given : { ...given, name: from };
    return { query: queryOf(await hashImage(picture, { ...named, orientations: true })) };
  });
}

/** The same with the picture itself, which is decoded once. */
export async function readPicture(
  input: ImageInput,
  given: Limits & { name?: string | undefined },
  signal: AbortSignal | undefined,
): Promise<Upload> {
  const options = { ...checkInputOptions(given), hash: checkHashOptions({ orientations: true }) };
  const { name, limits } = options;
  return read(input, { name, maxBytes: limits.maxBytes, signal }, async (picture, from) => {
    const samples = await readSamples(picture, { ...options, name: from }, signal);
    return { query: queryOf(samples.hash), samples };
  });
}

function queryOf({ hash, quality, stable, orientations }: PixelHash): CheckQuery {
  return { hash, quality, stable, ...(orientations && { orientations }) };
}
