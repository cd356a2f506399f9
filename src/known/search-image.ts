/** Searches lists for an image by its digests, its hash and, at the higher levels, its views. */
import type { ImageInput } from "../image/input.js";
import { readUpload } from "../image/upload.js";
import {
  type CheckedImageSearch,
  type ImageHolder,
  type ImageSearchResult,
  samplesOptions,
  searchSamples,
} from "../search/search-image.js";
import type { KnownDigests } from "./digests.js";
import type { EntryFinder } from "./entry-finder.js";
import type { ListMatch } from "./list-match.js";

/** The parts of a `HashList` that a search reads. */
export interface SearchedLists {
  holder: ImageHolder;
  finder: EntryFinder;
  digests: KnownDigests | undefined;
}

/** Searches lists for an image. Crop lines belong to the entry of their original. */
export async function searchListsForImage(
  input: ImageInput,
  search: CheckedImageSearch,
  { holder, finder, digests }: SearchedLists,
): Promise<ImageSearchResult<ListMatch>> {
  const upload = await readUpload(input, samplesOptions(search), digests?.types ?? [], search.signal);
  const known = digests?.search(upload.digests ?? {}) ?? [];
  const exact = known.map((match): ListMatch => ({ ...match, tier: "match", view: "original" }));
  if (upload.samples === undefined) {
    if (exact.length === 0) throw upload.refused;
    return { tier: "match", matches: exact, quality: 0, flat: false, stages: [] };
  }
  const found = await searchSamples(upload.samples, search, { ...holder, groups: { entryOf: finder.entryOf } });
  const matches = [...exact, ...finder.matches(found.matches)];
  return { ...found, tier: exact.length > 0 ? "match" : found.tier, matches };
}
