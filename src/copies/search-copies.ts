import { boolean, invalidArgument, oneOf, checkOptions, checkSignal } from "../check.js";
import { dihedralVariants } from "../hash/pixels.js";
import { hashToBytes } from "../hash/value.js";
import type { ImageInput } from "../image/hash-image.js";
import { checkSamplesOptions, readSamples, type Samples, type SamplesOptions } from "../image/samples.js";
import { HashIndex } from "../search/hash-index.js";
import { QueryPicture, type StageName, type Variant, wholeView } from "../views/query-image.js";
import { alignWeak } from "./align.js";
import { type CopyIndex, Evidence, flatFrom, leastViewQuality, partRadius } from "./candidates.js";
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
export interface LookOptions {
  level: CopyLevel;
  entryOf: (id: number) => number;
  /** See `Evidence`. */
  kindOf?: (id: number) => number;
  signal: AbortSignal | undefined;
  /** Whether what was seen is enough: nothing more is looked for then. */
  enough: (evidence: Evidence) => boolean;
}

interface Checked extends Omit<SamplesOptions, "hash">, LookOptions {}

const sureMatch = (evidence: Evidence): boolean => evidence.matches()[0]?.tier === "match";

/** @throws {InvalidArgumentError} */
export function copyLevel(level: unknown): CopyLevel {
  return oneOf("level", level, levels);
}

function check(options: CopyOptions | undefined): Checked {
  const given = checkOptions(options, copyOptionNames);
  const { level = "standard", all = false, entryOf = (id: number) => id } = given;
  if (typeof entryOf !== "function") throw invalidArgument("entryOf", "function", entryOf);
  return {
    ...checkSamplesOptions(given),
    level: copyLevel(level),
    enough: boolean("all", all) ? () => false : sureMatch,
    entryOf,
    signal: checkSignal(given.signal),
  };
}

/** One look for copies, stage after stage. */
class Look {
  readonly stages: CopyStage[] = [];
  readonly evidence: Evidence;
  readonly #index: CopyIndex;
  readonly #options: LookOptions;

  constructor(index: CopyIndex, options: LookOptions) {
    this.#index = index;
    this.#options = options;
    this.evidence = new Evidence(options.entryOf, options.kindOf);
  }

  /** Whether what comes next is still asked for. */
  get goesOn(): boolean {
    return !this.#options.enough(this.evidence);
  }

  /** Makes variants, looks them up, and says how long that took. */
  async stage(
    name: CopyStage["name"],
    radiusOf: (variant: Variant) => number,
    make: () => Promise<Variant[]> | Variant[],
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

  async align(picture: QueryPicture): Promise<void> {
    const from = performance.now();
    const hashes = await alignWeak(picture, this.#index, this.evidence, this.#options);
    if (hashes > 0) this.stages.push({ name: "aligned", hashes, milliseconds: performance.now() - from });
  }
}

function plainVariant({ hash }: Samples): Variant {
  const { quality, stable } = hash;
  return { hash: hashToBytes(hash.hash), name: "original", turned: "orig", quality, stable, view: undefined };
}

/** The eight orientations by the coefficients' signs: from one hashing, and up to 50 bits off. */
function dihedralOf({ hash }: Samples): Variant[] {
  const { quality, stable } = hash;
  return dihedralVariants.slice(1).map((turned) => ({
    hash: hashToBytes(hash.dihedral![turned]),
    name: "turned",
    turned,
    quality,
    stable,
    view: undefined,
  }));
}

/** A picture with its tones reversed has all its bits reversed. */
function negativeOf(plain: Variant): Variant {
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
function reach(level: CopyLevel, flat: boolean): (variant: Variant) => number {
  const left = { ...widest };
  return ({ name, turned }) => {
    if (flat || level === "fast") return sureRadius;
    // Such a view is the original's or nothing: what lies farther off is a tenth of a point of recall, and much time.
    const mirrored = turned === "flipY" && name !== "turned";
    if (level === "standard" && (name === "half" || mirrored)) return partRadius;
    const room = name === "turned" && turned !== "flipY" ? undefined : left[name];
    if (level === "standard" || room === undefined) return name === "original" ? reviewRadius : viewRadius;
    left[name] = room - 1;
    return room > 0 ? weakRadius : tableRadius;
  };
}

/** The stages after the plain hash, for a picture that has variants. Answers whether the picture is flat. */
async function lookFurther(samples: Samples, look: Look, plain: Variant, options: LookOptions): Promise<boolean> {
  const { level, signal } = options;
  using picture = await QueryPicture.taking(samples, signal);
  const flat = picture.flatness >= flatFrom;
  look.evidence.strict = flat;
  const radius = reach(level, flat);
  const good = (least: number, variants: Variant[]): Variant[] =>
    variants.filter(({ quality, stable }) => quality >= least && stable);
  const views = async (name: StageName): Promise<Variant[]> =>
    good(leastViewQuality, await picture.stage(name, signal));

  await look.stage("turned", radius, async () => {
    if (plain.quality < leastQuality) return [];
    const resized = await picture.hash(wholeView, 512, signal);
    const others = [...resized.map((variant): Variant => ({ ...variant, name: "resized" })), negativeOf(plain)];
    return good(leastQuality, [...others, ...(await picture.stage("turned", signal))]);
  });
  if (look.goesOn) await look.stage("detected", radius, () => views("detected"));
  if (flat) return true;
  if (look.goesOn) {
    await look.stage("fixed", radius, async () => {
      const fixed = await views("fixed");
      return level === "thorough" ? [...fixed, ...(await views("wide"))] : fixed;
    });
  }
  if (look.goesOn) await look.align(picture);
  return false;
}

/** What a look found, and what it did. */
export interface Looked {
  evidence: Evidence;
  /** A text screen, chart or title card. */
  flat: boolean;
  stages: CopyStage[];
}

/**
 * Looks for copies of a picture that is decoded.
 *
 * @param samples with the dihedral hashes where the level is `"fast"`. There may be none of them afterwards.
 */
export async function lookForCopies(samples: Samples, index: CopyIndex, options: LookOptions): Promise<Looked> {
  const look = new Look(index, options);
  const plain = plainVariant(samples);
  const answer = (flat: boolean): Looked => ({ evidence: look.evidence, flat, stages: look.stages });
  const { level } = options;
  const radius = reach(level, false);
  if (plain.quality >= leastQuality && plain.stable) {
    await look.stage("plain", radius, () => (level === "fast" ? [plain, ...dihedralOf(samples)] : [plain]));
  }
  if (level === "fast") return answer(false);
  if (!look.goesOn || Math.min(samples.width, samples.height) < leastSide) return answer(false);
  return answer(await lookFurther(samples, look, plain, options));
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
  const hash = { way: 0, compat: 0, dihedral: checked.level === "fast", kernel: undefined };
  const samples = await readSamples(input, { ...checked, hash }, checked.signal);
  const { evidence, flat, stages } = await lookForCopies(samples, index, checked);
  const matches = evidence.matches();
  const { hash: text, quality } = samples.hash;
  return { tier: matches[0]?.tier ?? "none", matches, hash: text, quality, flat, stages };
}
