import { boolean, checkOptions, checkSignal, integer, invalidArgument } from "../check.js";
import type { CandidateGroups, CandidateSet } from "../copies/candidates.js";
import { checkLevel } from "../copies/level.js";
import { type LocalFinding, type LocalHolder, localHolder, type QueryLocal } from "../copies/local-holder.js";
import { ImageViews } from "../copies/image-views.js";
import { searchCopies } from "../copies/search-copies.js";
import type { CopyIndex, CopyLevel, CopyStage, Tier } from "../copies/types.js";
import { checkHashOptions } from "../hash/options.js";
import type { PixelHash } from "../hash/result.js";
import { orientationNames } from "../hash/orientations.js";
import { matchRadius, leastQuality } from "../thresholds.js";
import type { ImageInput } from "../image/input/input.js";
import { checkInputOptions, checkPage, limitNames } from "../image/options.js";
import { readSamples, type Samples, type SamplesOptions } from "../image/samples.js";
import type { Limits } from "../limits.js";
import type { IndexMatch, Match } from "./match.js";
import type { Query } from "./query.js";

/** The options of a search for an image. */
export interface ImageSearchOptions extends Limits {
  /**
   * The most bits that may differ. Default 31. At level `"fast"` it may be 0 … 256. At the other levels it may be 0 …
   * 31, and a radius below 31 bounds reviews as well.
   */
  radius?: number;
  /** How much the search tries: see `CopyLevel`. Default `"fast"`. */
  level?: CopyLevel;
  /** Whether a search for altered copies continues after a sure match. Default false. */
  all?: boolean;
  /** Ends the search. The promise rejects with the signal's reason. */
  signal?: AbortSignal;
  /** The name of the input in errors. Default: the path, "buffer" or "stream". */
  name?: string;
  /**
   * Which image of a file of several is searched for, from 0, as `frames` of `hashImage` has them with `pages: "all"`.
   * Every image before it is decoded, too. Default: the first, as `hashImage` reads it.
   */
  page?: number;
}

/** The options of a search for an image in a `HashIndex`. */
export interface IndexImageSearchOptions extends ImageSearchOptions {
  /**
   * The local points of the originals, under the same ids. At level `"thorough"` they are searched after everything
   * else, where nothing sure was found. Other levels reject it.
   */
  local?: LocalHolder;
}

/** The result of a search for an image. */
export interface ImageSearchResult<M extends Match = Match> {
  /** The best tier of all matches, or `"none"` without a match. */
  tier: Tier | "none";
  /** One match for each known entry, sorted by tier (matches before reviews), then by distance. */
  matches: M[];
  /**
   * The hash of the image as it is, 64 hex digits. It is absent if the decoder refused a file whose digest is known.
   */
  hash?: string;
  /** The quality of the hash, 0 … 100. Below 50 it matches nothing. */
  quality: number;
  /**
   * Whether the image is a text screen, chart or title card, which matches only within the radius. False at level
   * `"fast"`.
   */
  flat: boolean;
  /** The stages of the search, in their order, with their durations. */
  stages: CopyStage[];
  /** True if the file has images behind the first, which were not read. The option `page` names one of them. */
  furtherPages?: true;
  /** The image's hash in all orientations, with the option `orientations`. Every holder takes it as a query. */
  query?: PixelHash;
}

export const imageSearchOptionNames: readonly string[] = [
  "radius",
  "level",
  "all",
  "signal",
  "name",
  "page",
  ...limitNames,
];

/** The checked options of a search for an image. */
export interface CheckedImageSearch extends Omit<SamplesOptions, "hash"> {
  level: CopyLevel;
  radius: number;
  all: boolean;
  signal: AbortSignal | undefined;
  local?: QueryLocal | undefined;
  /** Whether the image is hashed in all orientations at every level. */
  orientations?: boolean;
}

/** Checks options and fills in defaults. @throws {InvalidArgumentError} */
export function checkIndexImageSearch(options: IndexImageSearchOptions | undefined): CheckedImageSearch {
  const { local, ...others } = checkOptions(options, [...imageSearchOptionNames, "local"]);
  const search = checkImageSearch(others);
  if (local !== undefined && search.level !== "thorough") {
    throw invalidArgument("level with local", "thorough", search.level);
  }
  return { ...search, local: localHolder("local", local) };
}

/** Checks options and fills in defaults. @throws {InvalidArgumentError} */
export function checkImageSearch(options: ImageSearchOptions | undefined): CheckedImageSearch {
  const given = checkOptions(options, imageSearchOptionNames);
  const { radius = matchRadius, level: givenLevel = "fast", all = false, page } = given;
  const level = checkLevel(givenLevel);
  return {
    ...checkInputOptions(given),
    level,
    radius:
      level === "fast"
        ? integer("radius", radius, 0, 256)
        : integer(`radius at level ${level}`, radius, 0, matchRadius),
    all: boolean("all", all),
    page: checkPage(page),
    signal: checkSignal(given.signal),
  };
}

/** The functions by which a holder of known hashes is searched. */
export interface ImageHolder {
  /** Finds the entries within the radius of a query. */
  search(query: Query, options: { radius: number; signal?: AbortSignal }): Promise<IndexMatch[]>;
  /** The index in which every hash is a row of its own. */
  rows: CopyIndex;
  /** The groups of hashes that belong together. */
  groups?: CandidateGroups;
}

/** Returns the options with which an image is decoded for a search. */
export function samplesOptions({
  level,
  limits,
  name,
  page,
  orientations = false,
}: CheckedImageSearch): SamplesOptions {
  const plain = level === "fast";
  return { limits, name, page, hash: checkHashOptions({ orientations: plain || orientations }), hashOnly: plain };
}

/** Decodes an image and searches for it. Bytes and pixels are copied before this returns. */
export async function searchImage(
  input: ImageInput,
  search: CheckedImageSearch,
  holder: ImageHolder,
): Promise<ImageSearchResult<IndexMatch>> {
  const samples = await readSamples(input, samplesOptions(search), search.signal);
  using image = new SearchedImage(samples, { keep: search.local !== undefined });
  const found = await image.searchIn(holder, search); // before the image is freed
  return samples.furtherPages ? { ...found, furtherPages: true } : found;
}

type Found = Pick<ImageSearchResult<IndexMatch>, "matches" | "flat" | "stages">;

/** An image that is decoded and hashed once, for one holder of known hashes or several. */
export class SearchedImage implements Disposable {
  readonly #hash: PixelHash;
  readonly #views: ImageViews;

  /**
   * @param samples as decoded with `samplesOptions`. The search may empty them.
   * @param options `keep`: whether it keeps them, for a search by local points.
   */
  constructor(samples: Samples, { keep = false }: { keep?: boolean } = {}) {
    this.#hash = samples.hash;
    this.#views = new ImageViews(samples, keep);
  }

  /** Searches a holder. Wait for the answer before the next is searched. */
  async searchIn(holder: ImageHolder, search: CheckedImageSearch): Promise<ImageSearchResult<IndexMatch>> {
    const { hash, quality } = this.#hash;
    const found = await (search.level === "fast"
      ? searchPlain(this.#hash, search, holder)
      : searchAltered(this.#views, search, holder));
    return { tier: found.matches[0]?.tier ?? "none", ...found, hash, quality };
  }

  /** Frees what was made of the image. */
  [Symbol.dispose](): void {
    this.#views[Symbol.dispose]();
  }
}

async function searchPlain(hash: PixelHash, search: CheckedImageSearch, holder: ImageHolder): Promise<Found> {
  const { radius, signal } = search;
  const from = performance.now();
  const found = await holder.search(hash, { radius, ...(signal && { signal }) });
  const milliseconds = performance.now() - from;
  const searched = hash.quality >= leastQuality && hash.stable;
  return {
    matches: found.map((match) => ({
      ...match,
      tier: match.distance <= matchRadius ? "match" : "review",
      view: match.orientation === "orig" ? "original" : "turned",
    })),
    flat: false,
    stages: searched ? [{ name: "plain", hashes: orientationNames.length, milliseconds }] : [],
  };
}

const hasSureMatch = (candidates: CandidateSet): boolean => candidates.matches()[0]?.tier === "match";

async function searchAltered(
  image: ImageViews,
  { level, radius, all, signal, local }: CheckedImageSearch,
  { rows, groups }: ImageHolder,
): Promise<Found> {
  const {
    candidates,
    flat,
    stages,
    local: found,
  } = await searchCopies(image, rows, {
    ...groups,
    level: level === "thorough" ? "thorough" : "standard",
    radius,
    signal,
    isDecided: all ? () => false : hasSureMatch,
    local,
  });
  return { matches: withLocal(candidates.matches(), found), flat, stages };
}

/**
 * Returns the matches of hashes with those of local points. An entry that both have is one match: that by local points
 * where only this is sure, otherwise that by hashes, which says what was found besides.
 */
function withLocal(matches: readonly IndexMatch[], findings: readonly LocalFinding[]): IndexMatch[] {
  if (findings.length === 0) return [...matches];
  const all = new Map(matches.map((match) => [match.id, match]));
  for (const { id, tier, distance, orientation, region, local } of findings) {
    const other = all.get(id);
    if (other !== undefined && (other.tier === "match" || tier === "review")) other.local = local;
    else all.set(id, { id, distance, orientation, tier, view: "local", region, supportCount: local.support, local });
  }
  const order = { match: 0, review: 1 };
  return [...all.values()].sort(
    (a, b) => order[a.tier ?? "review"] - order[b.tier ?? "review"] || a.distance - b.distance || a.id - b.id,
  );
}
