import { integer, invalidArgument, oneOf, positive } from "../check.js";
import { type CheckedHashOptions, checkHashOptions, hashOptionNames, type HashOptions } from "../hash/options.js";
import { defaultLimits, type Limits } from "../limits.js";
import { checkDigests, type DigestType } from "./input/digest.js";

/** Options of `hashImage`. */
export interface HashImageOptions extends HashOptions, Limits {
  /**
   * `"all"` also hashes every frame of an animation and every page of a TIFF, as `frames`. Default: only the first one.
   */
  pages?: "all";
  /** Which digests of the file's bytes to compute while they are read. Raw pixels have none. Default: none. */
  digests?: readonly DigestType[];
  /** Ends the work. The promise rejects with the signal's reason. */
  signal?: AbortSignal;
  /**
   * The name of the input in errors, for instance where a stream comes from. Default: the path, "buffer" or "stream".
   */
  name?: string;
}

/** The names of the options in `Limits`. */
export const limitNames = ["maxPixels", "maxBytes", "maxSeconds", "maxPages", "isolation"] as const;

/** The names of the options in `HashImageOptions`. */
export const hashImageOptionNames: readonly string[] = [
  ...hashOptionNames,
  ...limitNames,
  "pages",
  "digests",
  "signal",
  "name",
];

/** The options that every function with an image has, after they were checked. */
export interface CheckedInputOptions {
  limits: Required<Limits>;
  name: string | undefined;
}

/** Checks options and fills in defaults. @throws {InvalidArgumentError} for a limit or name that does not fit. */
export function checkInputOptions(options: Limits & { name?: string | undefined }): CheckedInputOptions {
  const { maxPixels = defaultLimits.maxPixels, maxBytes = defaultLimits.maxBytes } = options;
  const { maxSeconds = defaultLimits.maxSeconds, maxPages = defaultLimits.maxPages, name } = options;
  const { isolation = defaultLimits.isolation } = options;
  if (name !== undefined && typeof name !== "string") throw invalidArgument("name", "string", name);
  const most = Number.MAX_SAFE_INTEGER;
  return {
    limits: {
      maxPixels: integer("maxPixels", maxPixels, 1, most),
      maxBytes: integer("maxBytes", maxBytes, 1, most),
      maxSeconds: positive("maxSeconds", maxSeconds),
      maxPages: integer("maxPages", maxPages, 1, most),
      isolation: oneOf("isolation", isolation, ["none", "process"]),
    },
    name,
  };
}

/** Checks the number of a page. @throws {InvalidArgumentError} */
export function checkPage(page: number | undefined): number | undefined {
  return page === undefined ? undefined : integer("page", page, 0, Number.MAX_SAFE_INTEGER);
}

/** The options of `hashImage` after they were checked. */
export interface CheckedImageOptions extends CheckedInputOptions {
  hash: CheckedHashOptions;
  /** Whether all pages are hashed. */
  all: boolean;
  digests: readonly DigestType[];
}

/** Checks options and fills in defaults. @throws {InvalidArgumentError} for an option that does not fit. */
export function checkImageOptions(options: HashImageOptions): CheckedImageOptions {
  const input = checkInputOptions(options);
  return {
    ...input,
    hash: checkHashOptions(options),
    all: options.pages !== undefined && oneOf("pages", options.pages, ["all"]) === "all",
    digests: checkDigests(options.digests),
  };
}
