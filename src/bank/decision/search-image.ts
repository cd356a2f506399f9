/** Searching the entries of a store for an image, without deciding. */
import { checkOptions } from "../../check.js";
import { digestTypes } from "../../image/input/digest.js";
import type { ImageInput } from "../../image/input/input.js";
import { readUpload } from "../../image/upload.js";
import { checkQuery, defaultQueryOptions } from "../../search/query.js";
import {
  checkImageSearch,
  type ImageHolder,
  imageSearchOptionNames,
  type ImageSearchOptions,
  type ImageSearchResult,
  samplesOptions,
  SearchedImage,
} from "../../search/search-image.js";
import type { DecisionContext } from "./context.js";
import { CountedSignals } from "./counted-signals.js";
import { localQueryOf } from "./local-query.js";
import {
  type BankMatch,
  bankNumbers,
  entryMatches,
  isSearched,
  searchDigests,
  searchHashes,
} from "./search-entries.js";

/** The options of `BankStore.searchImage`. */
export interface BankImageSearchOptions extends ImageSearchOptions {
  /** The names of the banks to search. Default: all. */
  banks?: readonly string[];
}

function holderOf(context: DecisionContext, banks: ReadonlySet<number> | undefined): ImageHolder {
  const time = Date.now();
  const rows = new CountedSignals(context, (entry) => isSearched(entry, banks, time));
  return {
    search: (query, options) => searchHashes(context, checkQuery(query, defaultQueryOptions).hashes, options),
    rows,
    groups: { entryOf: rows.entryOf },
  };
}

/** Searches for an image. See `BankStore.searchImage`. */
export async function searchEntriesForImage(
  context: DecisionContext,
  input: ImageInput,
  options: BankImageSearchOptions | undefined,
): Promise<ImageSearchResult<BankMatch>> {
  const { banks, ...rest } = checkOptions(options, [...imageSearchOptionNames, "banks"]);
  const checked = checkImageSearch(rest);
  const search = { ...checked, local: checked.level === "thorough" ? localQueryOf(context) : undefined };
  // Each reading brings the index up to date with what other processes have changed.
  const numbersOfBanks = (): Set<number> | undefined => context.read((snapshot) => bankNumbers(snapshot, banks));
  numbersOfBanks(); // An unknown bank is an error before the image is read.
  const { digests, samples, refused } = await readUpload(input, samplesOptions(search), digestTypes, search.signal);
  const numbers = numbersOfBanks();
  using image = samples && new SearchedImage(samples, { keep: search.local !== undefined });
  const near = await image?.searchIn(holderOf(context, numbers), search);
  const matches = context.read((snapshot) => {
    const exact = searchDigests(snapshot, digests);
    const found = exact.map((match) => ({ ...match, tier: "match" as const, view: "original" as const }));
    return entryMatches(snapshot, [...found, ...(near?.matches ?? [])], numbers);
  });
  if (refused !== undefined && matches.length === 0) throw refused;
  const further = samples?.furtherPages && { furtherPages: true as const };
  return { quality: 0, flat: false, stages: [], ...near, tier: matches[0]?.tier ?? "none", matches, ...further };
}
