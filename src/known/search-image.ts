/** Searches lists for an image by its digests, its hash and, at the higher levels, its views. */
import { digestTypes } from "../image/input/digest.js";
import type { ImageInput } from "../image/input/input.js";
import { readUpload } from "../image/upload.js";
import {
  type CheckedImageSearch,
  type ImageHolder,
  type ImageSearchResult,
  samplesOptions,
  SearchedImage,
} from "../search/search-image.js";
import type { KnownDigests } from "./digests.js";
import type { EntryFinder } from "./entry-finder.js";
import type { ListMatch } from "./list-match.js";

/** The parts of a `HashList` that a search reads. */
export interface SearchedList {
  holder: ImageHolder;
  finder: EntryFinder;
  digests: KnownDigests | undefined;
}

/** Searches lists for an image, which is read and hashed once. Crop lines belong to the entry of their original. */
export async function searchListsForImage(
  input: ImageInput,
  search: CheckedImageSearch,
  lists: readonly SearchedList[],
): Promise<ImageSearchResult<ListMatch>[]> {
  const types = digestTypes.filter((type) => lists.some(({ digests }) => digests?.types.includes(type)));
  const { samples, digests = {}, refused } = await readUpload(input, samplesOptions(search), types, search.signal);
  using image = samples && new SearchedImage(samples);
  const results: ImageSearchResult<ListMatch>[] = [];
  for (const { holder, finder, digests: known } of lists) {
    const exact = (known?.search(digests) ?? []).map(exactMatch);
    const found = await image?.searchIn({ ...holder, groups: { entryOf: finder.entryOf } }, search);
    const matches = [...exact, ...finder.matches(found?.matches ?? [])];
    const tier = exact.length > 0 ? "match" : (found?.tier ?? "none");
    // If the decoder refused the file, its digests are all there is.
    const query = search.orientations && samples && { query: samples.hash };
    const further = samples?.furtherPages && { furtherPages: true as const };
    results.push({ quality: 0, flat: false, stages: [], ...found, tier, matches, ...query, ...further });
  }
  if (refused !== undefined && results.every(({ matches }) => matches.length === 0)) throw refused;
  return results;
}

const exactMatch = (match: ListMatch): ListMatch => ({ ...match, tier: "match", view: "original" });
