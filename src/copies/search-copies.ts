import { leastQuality, leastViewQuality } from "../thresholds.js";
import type { QueryImage, StageName, ViewHash } from "../views/query-image.js";
import { alignCandidates } from "./align.js";
import { type CandidateGroups, CandidateSet } from "./candidates.js";
import type { ImageViews } from "./image-views.js";
import type { LocalFinding, QueryLocal } from "./local-holder.js";
import { evenFrom, flatFrom, searchRadius } from "./radii.js";
import type { AlteredLevel, CopyIndex, CopyStage } from "./types.js";

export interface CopySearchOptions extends CandidateGroups {
  level: AlteredLevel;
  /** 0 … 31: see `CandidateSet`. */
  radius: number;
  signal: AbortSignal | undefined;
  /** Whether the candidates decide already. Nothing more is looked for then. */
  isDecided: (candidates: CandidateSet) => boolean;
  /** Extracts local points. At level "thorough" originals are searched by them, after everything else. */
  local?: QueryLocal | undefined;
}

/** What a search found, and what it did. */
export interface CopySearchResult {
  candidates: CandidateSet;
  /** The image is a text screen, chart or title card. */
  flat: boolean;
  stages: CopyStage[];
  /** The originals that were found by local points: matches before reviews. */
  local: LocalFinding[];
  /** Whether more originals had enough votes than were verified. */
  crowded: boolean;
}

/** One search for altered copies, stage after stage. */
class CopySearch {
  readonly stages: CopyStage[] = [];
  readonly candidates: CandidateSet;
  crowded = false;
  readonly #index: CopyIndex;
  readonly #options: CopySearchOptions;

  constructor(index: CopyIndex, options: CopySearchOptions) {
    this.#index = index;
    this.#options = options;
    this.candidates = new CandidateSet(options.radius, options);
  }

  get shouldContinue(): boolean {
    return !this.#options.isDecided(this.candidates);
  }

  /** Makes views, looks them up, and notes how long that took. */
  async stage(
    name: CopyStage["name"],
    radiusOf: (view: ViewHash) => number,
    make: () => Promise<ViewHash[]> | ViewHash[],
  ): Promise<void> {
    const from = performance.now();
    const views = await make();
    const radii = views.map(radiusOf);
    for (const radius of new Set(radii)) {
      const some = views.filter((_, i) => radii[i] === radius);
      await this.candidates.search(this.#index, some, radius, this.#options.signal);
    }
    this.stages.push({ name, hashes: views.length, milliseconds: performance.now() - from });
  }

  async align(image: QueryImage): Promise<void> {
    const from = performance.now();
    const hashes = await alignCandidates(image, this.#index, this.candidates, this.#options);
    if (hashes > 0) this.stages.push({ name: "aligned", hashes, milliseconds: performance.now() - from });
  }

  /** Searches by local points, and at the very end by those of the image with its tones reversed. */
  async searchLocal(image: ImageViews): Promise<LocalFinding[]> {
    const { level, local, signal } = this.#options;
    if (local === undefined || level !== "thorough") return [];
    let from = performance.now();
    using query = await local(image.samples, signal);
    const find = async (name: CopyStage["name"], negative: boolean): Promise<LocalFinding[]> => {
      const { findings, lookups, crowded } = await query.find(negative, signal);
      this.crowded ||= crowded;
      this.stages.push({ name, hashes: lookups, milliseconds: performance.now() - from });
      from = performance.now();
      return findings;
    };
    const found = await find("local", false);
    if (found.some(({ tier }) => tier === "match")) return found;
    return mergeFindings(found, await find("local-negative", true));
  }
}

/** Returns each original once, by the first of its findings. */
function mergeFindings(some: readonly LocalFinding[], more: readonly LocalFinding[]): LocalFinding[] {
  const known = new Set(some.map(({ id }) => id));
  return [...some, ...more.filter(({ id }) => !known.has(id))];
}

/** An image with its tones reversed has all its bits reversed. */
function negativeOf(original: ViewHash): ViewHash {
  return { ...original, hash: original.hash.map((byte) => ~byte), name: "negative" };
}

function good(least: number, views: ViewHash[]): ViewHash[] {
  return views.filter(({ quality, stable }) => quality >= least && stable);
}

/** The stages after the hash of the image as it is. Returns whether the image is flat. */
async function runRemainingStages(
  image: ImageViews,
  search: CopySearch,
  { level, signal }: CopySearchOptions,
): Promise<boolean> {
  const { original } = image;
  const workingCopy = await image.image(signal);
  const flat = workingCopy.flatness >= flatFrom;
  search.candidates.strict = flat;
  search.candidates.confirms = workingCopy.flatness < evenFrom;
  const radius = searchRadius(level, flat);
  const views = async (name: StageName): Promise<ViewHash[]> => good(leastViewQuality, await image.stage(name, signal));

  await search.stage("turned", radius, async () => {
    if (original.quality < leastQuality) return [];
    const others = [...(await image.resized(signal)), negativeOf(original)];
    return good(leastQuality, [...others, ...(await image.stage("turned", signal))]);
  });
  if (search.shouldContinue)
    await search.stage("detected", radius, async () => good(leastQuality, await image.stage("detected", signal)));
  if (flat) return true;
  if (search.shouldContinue) {
    await search.stage("fixed", radius, async () => {
      const fixed = await views("fixed");
      return level === "thorough" ? [...fixed, ...(await views("large"))] : fixed;
    });
  }
  if (search.shouldContinue) await search.align(workingCopy);
  return false;
}

/**
 * Looks for altered copies of a decoded image: turned, mirrored, with a border, a caption, inside a screenshot,
 * slightly cropped. The hash of the image as it is comes first; the rest, in the order of what it finds for what it
 * costs, is searched until the candidates decide, or to the end. What is below the quality, the image or a view of it,
 * matches nothing.
 */
export async function searchCopies(
  image: ImageViews,
  index: CopyIndex,
  options: CopySearchOptions,
): Promise<CopySearchResult> {
  const search = new CopySearch(index, options);
  const { original } = image;
  if (original.quality >= leastQuality && original.stable) {
    await search.stage("plain", searchRadius(options.level, false), () => [original]);
  }
  const flat = search.shouldContinue && image.hasMore && (await runRemainingStages(image, search, options));
  const local = search.shouldContinue && image.hasMore && !flat ? await search.searchLocal(image) : [];
  return { candidates: search.candidates, flat, stages: search.stages, local, crowded: search.crowded };
}
