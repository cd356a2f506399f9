import { flatFrom, tableRadius, viewRadius } from "../copies/radii.js";
import { leastViewQuality } from "../thresholds.js";
import type { CopyLevel } from "../copies/types.js";
import { hashToBytes } from "../hash/value.js";
import type { SignatureFrame } from "../video/signature.js";
import { frameViews } from "../views/frame-views.js";
import { QueryImage, type StageName, type ViewHash } from "../views/query-image.js";
import type { ViewName } from "../views/views.js";
import type { Entry } from "./entries.js";
import type { FrameIndex, SearchContext } from "./probe-hits.js";
import type { KeptFrame } from "./shot-frames.js";
import { evenlySpaced, motionAt, type TestedView, type ViewHit, ViewTest } from "./view-test.js";

/** From how many frames of a shot views are made, and how many hits are tested on other frames. */
const bounds = {
  fast: { frames: 0, hits: 0 },
  standard: { frames: 2, hits: 4 },
  thorough: { frames: 4, hits: 10 },
} as const;
/** Frames with a higher synthetic score are cards, countdowns and test patterns. No views of them are made. */
const mostSynthetic = 57;
/** How many frames of a shot say whether it is known as it is. */
const plainFrames = 16;
/** How many of the nearest hits of a view count. */
const hitsEach = 16;
/** How many views of earlier shots are tried before all others. */
const mostEarlier = 6;
/** How many bytes of frames may wait for what is found of later shots. */
const mostWaitingBytes = 2 ** 23;
/**
 * How many searches for views a video may begin with, and the seconds after which it may have one more. A video may
 * have a cut in every frame.
 */
const [firstViewSearches, viewSearchSeconds] = [8, 1.5];

/**
 * Returns the radius for a kind of view. The missing part of a cropped image changes its hash, which other alterations
 * do not.
 */
const viewRadiusOf = (name: ViewName): number => (name === "zoom-out" || name === "rotated" ? tableRadius : viewRadius);

/** A view that was chosen for a shot. */
interface ChosenView {
  name: ViewName;
  orientation: ViewHash["orientation"];
  corners: Float32Array;
}

/** A chosen view with the time of its shot, in seconds. */
export interface ShotView extends ChosenView {
  from: number;
  to: number;
}

/**
 * Chooses one view for each shot of a video. If the frames of a shot are not known as they are, views of a few of
 * them are looked up. A view that also fits other frames of the shot becomes the view of all of them.
 */
export class ShotViews {
  /** The frames as hashed through their shots' views. */
  readonly frames: SignatureFrame[] = [];
  /** The views of the shots. */
  readonly views: ShotView[] = [];
  readonly #level: CopyLevel;
  readonly #context: SearchContext;
  /** The views of earlier shots, with the number of frames of those shots. */
  readonly #earlier: { chosen: ChosenView; frames: number }[] = [];
  /** Shots without a view, until `end`. */
  #waiting: KeptFrame[][] = [];
  #waitingBytes = 0;
  #viewSearches = 0;

  constructor(context: SearchContext, level: CopyLevel) {
    this.#context = context;
    this.#level = level;
  }

  /** Takes the kept frames of a shot. */
  async addShot(all: KeptFrame[]): Promise<void> {
    const good = all.filter(({ plain: { quality, stable, syntheticScore = 0 } }) => {
      return quality >= this.#context.options.minQuality && stable && syntheticScore <= mostSynthetic;
    });
    if (good.length === 0) return;
    const chosen = (await this.#isKnownPlain(good)) ? undefined : await this.#choose(good);
    if (chosen === undefined) return this.#wait(good);
    const earlier = this.#earlier.find((other) => other.chosen === chosen);
    if (earlier === undefined) this.#earlier.push({ chosen, frames: good.length });
    else earlier.frames += good.length;
    await this.#hashThrough(good, chosen);
  }

  /** Ends the video: shots without a view of their own get the view that most of the others have. */
  async end(): Promise<void> {
    while (this.#waiting.length > 0) await this.#release();
    this.frames.sort((a, b) => a.timestampSeconds - b.timestampSeconds);
  }

  async #wait(shot: KeptFrame[]): Promise<void> {
    this.#waiting.push(shot);
    this.#waitingBytes += bytesOf(shot);
    while (this.#waitingBytes > mostWaitingBytes) await this.#release();
  }

  async #release(): Promise<void> {
    const shot = this.#waiting.shift()!;
    this.#waitingBytes -= bytesOf(shot);
    const [usual] = this.#mostFrequent(1);
    if (usual !== undefined) await this.#hashThrough(shot, usual.chosen);
  }

  #mostFrequent(most: number): { chosen: ChosenView; frames: number }[] {
    return this.#earlier.toSorted((a, b) => b.frames - a.frames).slice(0, most);
  }

  /** Returns whether two frames of the shot, or its only one, are in one known video without a view. */
  async #isKnownPlain(shot: readonly KeptFrame[]): Promise<boolean> {
    const { options, entryOf, index } = this.#context;
    const frames = evenlySpaced(shot, plainFrames).map(({ plain }) => {
      const { hash, orientations = { orig: hash }, trimmed } = plain;
      const inside = trimmed === undefined ? {} : (trimmed.orientations ?? { orig: trimmed.hash });
      return [...Object.values(orientations), ...Object.values(inside)].map((text) => hashToBytes(text));
    });
    const found = await lookUp(index, frames.flat(), options.radius, options.signal);
    const framesOfEntry = new Map<Entry, Set<number>>();
    let at = 0;
    for (const [frame, hashes] of frames.entries()) {
      for (const hits of found.slice(at, (at += hashes.length))) {
        for (const { id } of hits) {
          const entry = entryOf(id);
          if (entry !== undefined) framesOfEntry.set(entry, (framesOfEntry.get(entry) ?? new Set()).add(frame));
        }
      }
    }
    return Array.from(framesOfEntry.values()).some(({ size }) => size >= Math.min(2, shot.length));
  }

  /** Chooses the view of a shot: one of an earlier shot, or a new one. */
  async #choose(shot: readonly KeptFrame[]): Promise<ChosenView | undefined> {
    const { options } = this.#context;
    const frames = calmestFrames(shot, bounds[this.#level].frames);
    using test = await ViewTest.of(shot, [options.minSpeed, options.maxSpeed], options.signal);
    const candidates = this.#mostFrequent(mostEarlier);
    const again = await this.#bestHit(await this.#viewHits(frames, true), test);
    if (again !== undefined) return candidates.find(({ chosen }) => chosen.corners === again.hit.view.view)?.chosen;
    const { timestampSeconds } = shot.at(-1)!.plain;
    if (this.#viewSearches >= firstViewSearches + timestampSeconds / viewSearchSeconds) return undefined;
    this.#viewSearches++;
    const found = await this.#bestHit(await this.#viewHits(frames, false), test);
    if (found === undefined) return undefined;
    const { name, orientation } = found.hit.view;
    return { name, orientation, corners: found.tested.corners };
  }

  /** Looks up views of the frames, either those of earlier shots or all others. Returns the hits, the nearest first. */
  async #viewHits(frames: readonly KeptFrame[], earlier: boolean): Promise<ViewHit[]> {
    const { options, index, entryOf, frameOf } = this.#context;
    const found: ViewHit[] = [];
    if (earlier && this.#earlier.length === 0) return found;
    for (const frame of frames) {
      using image = await QueryImage.of(frame.image, options.signal);
      if (image.flatness >= flatFrom) continue;
      const made = earlier ? await this.#earlierViews(image) : await allViews(image, frame, options.signal);
      for (const radius of new Set(made.map(({ name }) => viewRadiusOf(name)))) {
        const views = made.filter(({ name }) => viewRadiusOf(name) === radius);
        const hashes = views.map(({ hash }) => hash);
        const answers = await lookUp(index, hashes, radius, options.signal);
        for (const [i, hits] of answers.entries()) {
          for (const { id, distance } of hits) {
            const entry = entryOf(id);
            if (entry?.kind !== "video") continue;
            found.push({ entry, knownFrame: frameOf(id), distance, view: views[i]!, frame });
          }
        }
      }
    }
    return found.sort((a, b) => a.distance - b.distance);
  }

  async #earlierViews(image: QueryImage): Promise<ViewHash[]> {
    const made: ViewHash[] = [];
    for (const { chosen } of this.#earlier) {
      const { name, orientation, corners } = chosen;
      const [view] = await image.hash(corners, 0, this.#context.options.signal);
      if (view !== undefined && view.quality >= leastViewQuality && view.stable) {
        made.push({ ...view, name, orientation, view: corners });
      }
    }
    return made;
  }

  /** Tests the nearest hits of different views. Returns the one that fits the frames of the shot best. */
  async #bestHit(hits: readonly ViewHit[], test: ViewTest): Promise<{ hit: ViewHit; tested: TestedView } | undefined> {
    let best: { hit: ViewHit; tested: TestedView } | undefined;
    const seen = new Set<ViewHash>();
    for (const hit of hits) {
      if (seen.has(hit.view)) continue;
      if (seen.size === bounds[this.#level].hits) break;
      seen.add(hit.view);
      const tested = await test.bestView(hit, 2 * this.#context.options.radius);
      if (tested !== undefined && (best === undefined || tested.score > best.tested.score)) best = { hit, tested };
    }
    return best;
  }

  /** Hashes the frames of a shot through its view. */
  async #hashThrough(shot: readonly KeptFrame[], chosen: ChosenView): Promise<void> {
    const { signal } = this.#context.options;
    for (const { plain, image: samples } of shot) {
      using image = await QueryImage.of(samples, signal);
      if (image.flatness >= flatFrom) continue;
      const [made] = await image.hash(chosen.corners, 0, signal);
      if (made === undefined) continue;
      const { number, timestampSeconds, syntheticScore = 0 } = plain;
      const { quality, stable } = made;
      const hash = Buffer.from(made.hash).toString("hex");
      const times = { timestampSeconds, lastTimestampSeconds: timestampSeconds };
      this.frames.push({ number, ...times, hash, quality, stable, syntheticScore });
    }
    const [first, last] = [shot[0]!.plain, shot.at(-1)!.plain];
    this.views.push({ ...chosen, from: first.timestampSeconds, to: last.timestampSeconds });
  }
}

const bytesOf = (shot: readonly KeptFrame[]): number => shot.reduce((sum, { image }) => sum + image.data.length, 0);

/** Divides the shot into `count` stretches and takes the frame of each one that moves least. */
function calmestFrames(shot: readonly KeptFrame[], count: number): KeptFrame[] {
  const of = Math.min(count, shot.length);
  return Array.from({ length: of }, (_, stretch) => {
    const [from, to] = [Math.floor((stretch * shot.length) / of), Math.floor(((stretch + 1) * shot.length) / of)];
    const numbers = Array.from({ length: to - from }, (_, i) => from + i);
    const calmest = numbers.toSorted((a, b) => motionAt(shot, a) - motionAt(shot, b))[0]!;
    return shot[calmest]!;
  });
}

async function lookUp(
  index: FrameIndex,
  hashes: readonly Uint8Array[],
  radius: number,
  signal: AbortSignal | undefined,
): ReturnType<FrameIndex["searchMany"]> {
  const queries = new Uint8Array(32 * hashes.length);
  hashes.forEach((hash, i) => queries.set(hash, 32 * i));
  return index.searchMany(queries, { radius, limit: hitsEach, ...(signal && { signal }) });
}

async function allViews(
  image: QueryImage,
  { image: { width, height } }: KeptFrame,
  signal: AbortSignal | undefined,
): Promise<ViewHash[]> {
  const made: ViewHash[] = [];
  for (const stage of ["detected", "fixed", "large"] satisfies StageName[]) {
    made.push(...(await image.stage(stage, signal)));
  }
  made.push(...(await image.hash(frameViews(width, height), 0, signal)));
  return made.filter(({ quality, stable, flat }) => quality >= leastViewQuality && stable && flat !== true);
}
