import { boolean, invalidArgument, oneOf, checkOptions, checkSignal } from "../check.js";
import { orientationNames } from "../hash/orientations.js";
import { hashToBytes } from "../hash/value.js";
import type { ImageInput } from "../image/input.js";
import { checkInputOptions } from "../image/options.js";
import { readSamples, type Samples, type SamplesOptions } from "../image/samples.js";
import { HashIndex } from "../search/hash-index.js";
import { QueryImage, type StageName, type ViewHash, wholeView } from "../views/query-image.js";
import { alignWeak } from "./align.js";
import { type CopyIndex, CandidateSet, flatFrom, leastViewQuality, partRadius } from "./candidates.js";
import { reviewRadius, sureRadius, tableRadius, viewRadius, weakRadius } from "./candidates.js";
import type { ViewName } from "../views/views.js";
import type { CopyLevel, CopyOptions, CopyResult, CopyStage } from "./types.js";

const levels = ["fast", "standard", "thorough"] as const;
export const copyOptionNames: readonly string[] = [
  "level",
  "all",
  "entryOf",
  "signal",
  "name",
  "maxPixels",
  "maxBytes",
  "maxSeconds",
  "maxPages",
];

/** Below this quality a hash is close to unrelated pictures. */
const leastQuality = 50;
/** Sides below this give no working copy, as they give no hash. */
const leastSide = 5;

/** What of the options the look itself needs. */
export interface CopySearchOptions {
  level: CopyLevel;
  entryOf: (id: number) => number;
  /** See `Evidence`. */
  kindOf?: (id: number) => number;
  signal: AbortSignal | undefined;
  /** Whether what was seen is enough: nothing more is looked for then. */
  enough: (evidence: CandidateSet) => boolean;
}

interface Checked extends Omit<SamplesOptions, "hash">, CopySearchOptions {}

const sureMatch = (evidence: CandidateSet): boolean => evidence.matches()[0]?.tier === "match";

/** @throws {InvalidArgumentError} */
export function copyLevel(level: unknown): CopyLevel {
  return oneOf("level", level, levels);
}

function check(options: CopyOptions | undefined): Checked {
  const given = checkOptions(options, copyOptionNames);
  const { level = "standard", all = false, entryOf = (id: number) => id } = given;
  if (typeof entryOf !== "function") throw invalidArgument("entryOf", "function", entryOf);
  return {
    ...checkInputOptions(given),
    level: copyLevel(level),
    enough: boolean("all", all) ? () => false : sureMatch,
    entryOf,
    signal: checkSignal(given.signal),
  };
}

/** One look for copies, stage after stage. */
class CopySearch {
  readonly stages: CopyStage[] = [];
  readonly evidence: CandidateSet;
  readonly #index: CopyIndex;
  readonly #options: CopySearchOptions;

  constructor(index: CopyIndex, options: CopySearchOptions) {
    this.#index = index;
    this.#options = options;
    this.evidence = new CandidateSet(options.entryOf, options.kindOf);
  }

  /** Whether what comes next is still asked for. */
  get shouldContinue(): boolean {
    return !this.#options.enough(this.evidence);
  }

  /** Makes variants, looks them up, and says how long that took. */
  async stage(
    name: CopyStage["name"],
    radiusOf: (variant: ViewHash) => number,
    make: () => Promise<ViewHash[]> | ViewHash[],
  ): Promise<void> {
    const from = performance.now();
    const variants = await make();
    const radii = variants.map(radiusOf);
    for (const radius of new Set(radii)) {
      const some = variants.filter((_, i) => radii[i] === radius);
      await this.evidence.search(this.#index, some, radius, this.#options.signal);
    }
    this.stages.push({ name, hashes: variants.length, milliseconds: performance.now() - from });
  }

  async align(picture: QueryImage): Promise<void> {
    const from = performance.now();
    const hashes = await alignWeak(picture, this.#index, this.evidence, this.#options);
    if (hashes > 0) this.stages.push({ name: "aligned", hashes, milliseconds: performance.now() - from });
  }
}

function plainVariant({ hash }: Samples): ViewHash {
  const { quality, stable } = hash;
  return { hash: hashToBytes(hash.hash), name: "original", orientation: "orig", quality, stable, view: undefined };
}

/** The eight orientations by the coefficients' signs: from one hashing, and up to 50 bits off. */
function orientationsOf({ hash }: Samples): ViewHash[] {
  const { quality, stable } = hash;
  return orientationNames.slice(1).map((orientation) => ({
    hash: hashToBytes(hash.orientations![orientation]),
    name: "turned",
    orientation,
    quality,
    stable,
    view: undefined,
  }));
}

/** A picture with its tones reversed has all its bits reversed. */
function negativeOf(plain: ViewHash): ViewHash {
  return { ...plain, hash: plain.hash.map((byte) => ~byte), name: "negative" };
}

/**
 * Where a true copy may lie a little off, and how many of each kind are looked up as far as an alignment reaches. The others
 * are looked up less far: a million entries within 72 bits cost a millisecond a variant, within 62 a third of one.
 */
const widest: Partial<Record<ViewName, number>> = {
  original: 1,
  turned: 1,
  trimmed: 2,
  part: 2,
  rectangle: 2,
  quadrilateral: 2,
  "zoom-out": 9,
  rotated: 2,
};

/** How far a variant is looked up. */
function searchRadius(level: CopyLevel, flat: boolean): (variant: ViewHash) => number {
  const left = { ...widest };
  return ({ name, orientation }) => {
    if (flat || level === "fast") return sureRadius;
    // Such a view is the original's or nothing: what lies farther off is a tenth of a point of recall, and much time.
    const mirrored = orientation === "flipY" && name !== "turned";
    if (level === "standard" && (name === "half" || mirrored)) return partRadius;
    const room = name === "turned" && orientation !== "flipY" ? undefined : left[name];
    if (level === "standard" || room === undefined) return name === "original" ? reviewRadius : viewRadius;
    left[name] = room - 1;
    return room > 0 ? weakRadius : tableRadius;
  };
}

/** The stages after the plain hash, for a picture that has variants. Answers whether the picture is flat. */
async function runRemainingStages(
  samples: Samples,
  look: CopySearch,
  plain: ViewHash,
  options: CopySearchOptions,
): Promise<boolean> {
  const { level, signal } = options;
  using picture = await QueryImage.taking(samples, signal);
  const flat = picture.flatness >= flatFrom;
  look.evidence.strict = flat;
  const radius = searchRadius(level, flat);
  const good = (least: number, variants: ViewHash[]): ViewHash[] =>
    variants.filter(({ quality, stable }) => quality >= least && stable);
  const views = async (name: StageName): Promise<ViewHash[]> =>
    good(leastViewQuality, await picture.stage(name, signal));

  await look.stage("turned", radius, async () => {
    if (plain.quality < leastQuality) return [];
    const resized = await picture.hash(wholeView, 512, signal);
    const others = [...resized.map((variant): ViewHash => ({ ...variant, name: "resized" })), negativeOf(plain)];
    return good(leastQuality, [...others, ...(await picture.stage("turned", signal))]);
  });
  if (look.shouldContinue) await look.stage("detected", radius, () => views("detected"));
  if (flat) return true;
  if (look.shouldContinue) {
    await look.stage("fixed", radius, async () => {
      const fixed = await views("fixed");
      return level === "thorough" ? [...fixed, ...(await views("large"))] : fixed;
    });
  }
  if (look.shouldContinue) await look.align(picture);
  return false;
}

/** What a look found, and what it did. */
export interface CopySearchResult {
  evidence: CandidateSet;
  /** A text screen, chart or title card. */
  flat: boolean;
  stages: CopyStage[];
}

/**
 * Looks for copies of a picture that is decoded.
 *
 * @param samples with the orientation hashes where the level is `"fast"`. There may be none of them afterwards.
 */
export async function searchCopies(
  samples: Samples,
  index: CopyIndex,
  options: CopySearchOptions,
): Promise<CopySearchResult> {
  const look = new CopySearch(index, options);
  const plain = plainVariant(samples);
  const answer = (flat: boolean): CopySearchResult => ({ evidence: look.evidence, flat, stages: look.stages });
  const { level } = options;
  const radius = searchRadius(level, false);
  if (plain.quality >= leastQuality && plain.stable) {
    await look.stage("plain", radius, () => (level === "fast" ? [plain, ...orientationsOf(samples)] : [plain]));
  }
  if (level === "fast") return answer(false);
  if (!look.shouldContinue || Math.min(samples.width, samples.height) < leastSide) return answer(false);
  return answer(await runRemainingStages(samples, look, plain, options));
}

/**
 * Finds the entries of an index that a picture is an altered copy of: turned, mirrored, with a border, a caption, inside a
 * screenshot, slightly cropped. The plain hash is always searched first; what comes after it, in the order of what it finds
 * for what it costs, is searched until there is a sure match, or, with `all`, to the end.
 *
 * `match` is within 31 bits, or within 24 by alignment. `review` is what an alignment brought to 31, and what lies within
 * 50 bits and has a second witness. Text screens, charts and title cards keep to 31. What is below quality 50, the picture
 * or a part of it, matches nothing. Of each variant the 64 nearest hashes are looked at.
 *
 * @throws as `hashImage`; `ERR_EMPREINTE_CLOSED` for an index that is closed; the signal's reason.
 *
 * @example
 * const { tier, matches } = await findCopies("screenshot.png", index, { level: "thorough" });
 */
export async function findCopies(input: ImageInput, index: HashIndex, options?: CopyOptions): Promise<CopyResult> {
  const checked = check(options);
  if (!(index instanceof HashIndex)) throw invalidArgument("index", "HashIndex", index);
  const hash = { method: 0, compat: 0, orientations: checked.level === "fast", kernel: undefined };
  const samples = await readSamples(input, { ...checked, hash }, checked.signal);
  const { evidence, flat, stages } = await searchCopies(samples, index, checked);
  const matches = evidence.matches();
  const { hash: text, quality } = samples.hash;
  return { tier: matches[0]?.tier ?? "none", matches, hash: text, quality, flat, stages };
}
