import { integer, invalidArgument, oneOf, checkOptions, positive, checkSignal } from "../check.js";
import {
  type CheckedHashOptions,
  checkHashOptions,
  hashOptionNames,
  type HashOptions,
  isRawPixels,
  pixelArguments,
  type PixelHash,
  pixelHash,
  type RawPixels,
} from "../hash/pixels.js";
import { defaultLimits, type Limits } from "../limits.js";
import { withSignal } from "../native/abort.js";
import { native } from "../native/load.js";
import { decodePages, type Page, tooManyPixels, tooSlow } from "./decode.js";
import { checkDigests, type DigestType, type FileDigests } from "./digest.js";
import { decodeSlots } from "./decode-slots.js";
import { type EncodedInput, type Source, sourceOf } from "./read.js";
import { withStop } from "./with-stop.js";

/** What can be hashed: an encoded picture or decoded pixels. */
export type ImageInput = EncodedInput | RawPixels;

export interface HashImageOptions extends HashOptions, Limits {
  /** `"all"`: also every frame of an animation and every page of a TIFF, as `frames`. Default: the first one only. */
  pages?: "all";
  /** Also these digests of the file's bytes, taken as they are read: `digests` of the result. Raw pixels have none. */
  digests?: readonly DigestType[];
  /** Ends the work; the promise rejects with the signal's reason. */
  signal?: AbortSignal;
  /** What errors call the input, for instance where a stream comes from. Default: the path, "buffer" or "stream". */
  name?: string;
}

/** The hash of one page. */
export interface PageHash extends PixelHash {
  /** From 0. */
  page: number;
}

export interface ImageHash extends PixelHash {
  /** Pixels of the stored picture, before any turn that its EXIF orientation asks for. */
  width: number;
  /** Pixels of the stored picture. */
  height: number;
  /** With `pages: "all"`: every page, in order. The hash above is the first page's (of an AVIF, the primary one's). */
  frames?: PageHash[];
  /** With the option `digests`. */
  digests?: FileDigests;
}

const limitNames = ["maxPixels", "maxBytes", "maxSeconds", "maxPages"] as const;
export const hashImageOptionNames: readonly string[] = [
  ...hashOptionNames,
  ...limitNames,
  "pages",
  "digests",
  "signal",
  "name",
];

/** The options of hashImage, checked. */
export interface CheckedOptions {
  hash: CheckedHashOptions;
  limits: Required<Limits>;
  all: boolean;
  digests: readonly DigestType[];
  name: string | undefined;
}

/** @throws {InvalidArgumentError} */
export function checkImageOptions(options: HashImageOptions): CheckedOptions {
  const { maxPixels, maxBytes, maxSeconds, maxPages } = { ...defaultLimits, ...defined(options) };
  const most = Number.MAX_SAFE_INTEGER;
  if (options.name !== undefined && typeof options.name !== "string")
    throw invalidArgument("name", "string", options.name);
  return {
    hash: checkHashOptions(options),
    limits: {
      maxPixels: integer("maxPixels", maxPixels, 1, most),
      maxBytes: integer("maxBytes", maxBytes, 1, most),
      maxSeconds: positive("maxSeconds", maxSeconds),
      maxPages: integer("maxPages", maxPages, 1, most),
    },
    all: options.pages !== undefined && oneOf("pages", options.pages, ["all"]) === "all",
    digests: checkDigests(options.digests),
    name: options.name,
  };
}

function defined(limits: Limits): Limits {
  return Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== undefined));
}

/** Samples that are not 8-bit grey, RGB or RGBA become so in place. */
export async function hashPage(page: Page, options: CheckedHashOptions, stop: AbortSignal): Promise<PixelHash> {
  const { data, width, height, channels, depth, cmyk } = page;
  const stride = (width * channels * depth) / 8;
  const { method, compat, orientations, kernel } = options;
  const answer = await withSignal(stop, (cancel) =>
    native.hash(data, width, height, channels, stride, depth, cmyk, method, compat, orientations, kernel, true, cancel),
  );
  return pixelHash(answer);
}

async function hashEncoded(source: Source, options: CheckedOptions, stop: AbortController): Promise<ImageHash> {
  const { limits, all } = options;
  const content = await source.read(stop.signal);
  return decodeSlots.withSlot(stop.signal, async () => {
    const late = (): void => stop.abort(tooSlow(source.name, limits.maxSeconds));
    const timer = setTimeout(late, Math.min(1000 * limits.maxSeconds, 2 ** 31 - 1));
    try {
      let first: ImageHash | undefined;
      const frames: PageHash[] = [];
      for await (const page of decodePages({ ...content, name: source.name, limits, stop: stop.signal }, all)) {
        const hash = await hashPage(page, options.hash, stop.signal);
        if (page.primary) first = { ...hash, width: page.width, height: page.height };
        frames.push({ page: page.page, ...hash });
      }
      return { ...first!, ...(all && { frames }), ...(content.digests && { digests: content.digests }) };
    } finally {
      clearTimeout(timer);
    }
  });
}

/** As `hashImage`, with options already checked. */
export async function hashChecked(
  input: ImageInput,
  options: CheckedOptions,
  signal: AbortSignal | undefined,
): Promise<ImageHash> {
  signal?.throwIfAborted();
  if (isRawPixels(input)) {
    const { width, height } = input;
    const pixels = pixelArguments(input, options.hash);
    const { maxPixels } = options.limits;
    if (width * height > maxPixels) throw tooManyPixels(options.name ?? "pixels", maxPixels, width, height);
    // The addon copies the caller's pixels before this line is over.
    const answer = await withSignal(signal, (cancel) => native.hash(...pixels, false, cancel));
    const hash = pixelHash(answer);
    return { ...hash, width, height, ...(options.all ? { frames: [{ page: 0, ...hash }] } : {}) };
  }
  const source = sourceOf(input, options.name, options.limits.maxBytes, options.digests);
  return withStop(signal, (stop) => hashEncoded(source, options, stop));
}

/**
 * Hashes a picture: JPEG, PNG, GIF, WebP, TIFF or AVIF, told by content, or raw pixels.
 *
 * The hash is of the samples as they are stored, at full size, as the reference takes it: EXIF orientation and ICC profiles
 * are not applied, alpha is dropped and the colour under it counts, grey stays one channel, 16 bits are scaled to 8, CMYK
 * becomes RGB as (255−ink)·(255−black)/255. A JPEG is decoded exactly as libjpeg-turbo does.
 *
 * Bytes and pixels are copied before this function returns.
 *
 * @throws {InvalidArgumentError} `ERR_EMPREINTE_INVALID_ARGUMENT`: an option or input of the wrong kind.
 * @throws {ImageError} `ERR_EMPREINTE_READ`, `ERR_EMPREINTE_EMPTY`, `ERR_EMPREINTE_UNSUPPORTED_FORMAT` or
 * `ERR_EMPREINTE_CORRUPT`, naming the input.
 * @throws {LimitError} `ERR_EMPREINTE_LIMIT`: maxPixels, maxBytes, maxSeconds or maxPages was passed; `limit` says which.
 *
 * @example
 * const { hash, quality } = await hashImage("photo.jpg");
 */
export async function hashImage(input: ImageInput, options?: HashImageOptions): Promise<ImageHash> {
  const given = checkOptions(options, hashImageOptionNames) as HashImageOptions;
  return hashChecked(input, checkImageOptions(given), checkSignal(given.signal));
}
