/** Searching lists for an image: its digests, its hash and, at the higher levels, its views. */
import { ImageError, LimitError } from "../errors.js";
import { isRawPixels } from "../hash/raw-pixels.js";
import type { ImageInput } from "../image/input.js";
import { sourceOf } from "../image/source.js";
import { decodeSamples, readSamples, type Samples } from "../image/samples.js";
import { withAbortController } from "../image/with-abort-controller.js";
import { isCropLine, mostCrops } from "../lists/crops.js";
import {
  type CheckedImageSearch,
  type ImageHolder,
  type ImageSearchResult,
  samplesOptions,
  searchSamples,
} from "../search/search-image.js";
import type { KnownDigests } from "./digests.js";
import type { Entries } from "./entries.js";
import type { ListMatch } from "./list-match.js";

/** What a search reads of a `HashList`. */
export interface SearchedLists {
  holder: ImageHolder;
  entries: Entries;
  digests: KnownDigests | undefined;
  listOf(entry: number): string;
}

/** The entry that a crop line belongs to: the last line before it, as far as crops reach, that is none. */
function originalOf(entry: number, entries: Entries): number {
  for (let at = entry; at >= 0 && at >= entry - mostCrops; at--) {
    if (!isCropLine(entries.metadata(at))) return at;
  }
  return entry;
}

interface Upload {
  /** The lines that name the file's bytes. */
  exact: ListMatch[];
  /** Absent where the decoder refused the file. */
  samples?: Samples;
}

/** Reads an image with its digests. A file that the decoder refuses is an error only where no line names its bytes. */
async function readUpload(
  input: ImageInput,
  search: CheckedImageSearch,
  digests: KnownDigests | undefined,
): Promise<Upload> {
  const options = samplesOptions(search);
  const { limits, name, signal } = search;
  if (digests === undefined || digests.types.length === 0 || isRawPixels(input)) {
    return { exact: [], samples: await readSamples(input, options, signal) };
  }
  const source = sourceOf(input, name, limits.maxBytes, digests.types);
  const content = await withAbortController(signal, (controller) => source.read(controller.signal));
  const exact = digests
    .search(content.digests ?? {})
    .map((match): ListMatch => ({ ...match, tier: "match", view: "original" }));
  try {
    return { exact, samples: await decodeSamples(content, source.name, options, signal) };
  } catch (error) {
    if (exact.length > 0 && (error instanceof ImageError || error instanceof LimitError)) return { exact };
    throw error;
  }
}

/** Searches lists for an image. Crop lines are one entry with the line of their original. */
export async function searchListsForImage(
  input: ImageInput,
  search: CheckedImageSearch,
  { holder, entries, digests, listOf }: SearchedLists,
): Promise<ImageSearchResult<ListMatch>> {
  const { exact, samples } = await readUpload(input, search, digests);
  if (samples === undefined) return { tier: "match", matches: exact, quality: 0, flat: false, stages: [] };
  const entryOf = (id: number): number => originalOf(id, entries);
  const found = await searchSamples(samples, search, { ...holder, groups: { entryOf } });
  const seen = new Set<number>();
  const near = found.matches.flatMap(({ id, ...match }): ListMatch[] => {
    const entry = entryOf(id);
    if (seen.has(entry)) return [];
    seen.add(entry);
    const about = { list: listOf(entry), line: entries.line(entry), metadata: entries.metadata(entry) };
    return [{ ...match, ...about, type: "pdq" }];
  });
  return { ...found, tier: exact.length > 0 ? "match" : found.tier, matches: [...exact, ...near] };
}
