import { checkOptions } from "../check.js";
import { hashChecked } from "../image/hash-image.js";
import type { ImageInput } from "../image/input/input.js";
import { type CheckedImageOptions, checkImageOptions, limitNames } from "../image/options.js";
import { orientedImages } from "./oriented-queries.js";
import type { SearchContext } from "./probe-hits.js";
import type { VideoImageSearchResult } from "./results.js";
import {
  type CheckedVideoSearch,
  checkVideoSearch,
  type SearchImageOptions,
  videoSearchNames,
} from "./search-options.js";
import { searchImages } from "./search.js";

const hashNames: readonly string[] = [...limitNames, "name"];
const searchNames: readonly string[] = videoSearchNames.filter((name) => name !== "orientations" && name !== "lookUp");

export interface CheckedSearchImage {
  hash: CheckedImageOptions;
  search: CheckedVideoSearch;
}

/** Checks options and fills in defaults. @throws {InvalidArgumentError} An option is of the wrong kind. */
export function checkSearchImage(options: SearchImageOptions | undefined): CheckedSearchImage {
  const given = checkOptions(options, [...hashNames, ...searchNames]) as SearchImageOptions;
  const only = (names: readonly string[]): object =>
    Object.fromEntries(Object.entries(given).filter(([name]) => names.includes(name)));
  const hash = { ...only(hashNames), orientations: true };
  return { hash: checkImageOptions(hash), search: checkVideoSearch(only(searchNames)) };
}

/** Hashes an image in all orientations and searches for it. */
export async function searchImage(
  input: ImageInput,
  { hash: options, search: { minQuality, signal } }: CheckedSearchImage,
  context: SearchContext,
): Promise<VideoImageSearchResult> {
  const result = await hashChecked(input, options, signal);
  const { hash, quality, stable } = result;
  return { matches: await searchImages(orientedImages(result, minQuality, true), context), hash, quality, stable };
}
