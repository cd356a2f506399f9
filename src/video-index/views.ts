import { hashToBytes } from "../hash/value.js";
import type { HashIndex } from "../search/hash-index.js";
import { frameViews } from "../views/frame-views.js";
import { QueryImage, type StageName, type ViewHash } from "../views/query-image.js";
import type { ViewName } from "../views/views.js";
import type { SignatureFrame } from "../video/signature.js";
import { flatFrom, leastViewQuality, tableRadius, viewRadius } from "../copies/candidates.js";
import type { CopyLevel } from "../copies/types.js";
import { type Entry, frameOf } from "./entries.js";
import type { Searched } from "./search.js";
import type { KeptFrame } from "./shots.js";
import { moves, type Sighting, spread, Trial, type Tried } from "./trial.js";

/** Frames of a shot that are looked at, and sightings that are tried on others. */
const bounds = { fast: [0, 0], standard: [2, 4], thorough: [4, 10] } as const;
/** Frames drawn from here on (see `SignatureFrame`) are cards, countdowns, test patterns: they have no views. */
const mostDrawn = 58;
/** Frames of a shot that say whether it is known as it is. */
const plainFrames = 16;
/** Nearest hits of a variant. */
const hitsEach = 16;
/** Views of earlier shots that are tried before all others. */
const mostKnown = 6;
/** Bytes of shots that wait to see what is found of later ones. */
const mostWaiting = 2 ** 23;
/** Looks that a video may begin with, and the seconds after which it may have one more: it may have a cut in each frame. */
const [firstLooks, lookSeconds] = [8, 1.5];

/** So far a view of that kind is looked up: what is missing from a cropped picture moves its hash, the rest does not. */
const reach = (name: ViewName): number => (name === "zoom-out" || name === "rotated" ? tableRadius : viewRadius);

/** The view that was chosen for a shot. */
export interface ShotView {
  name: ViewName;
  turned: ViewHash["orientation"];
  view: Float32Array;
  /** Seconds. */
  from: number;
  to: number;
}

type Chosen = Pick<ShotView, "name" | "turned" | "view">;

/**
 * Chooses one view for each shot of a video: where its frames as they are hit nothing, views of a few of them are looked
 * up, and one that also fits others of the shot is the view of all of them.
 */
export class ShotViews {
  /** Frames as seen through their shots' views, and the views. */
  readonly frames: SignatureFrame[] = [];
  readonly views: ShotView[] = [];
  readonly #level: CopyLevel;
  readonly #searched: Searched;
  /** Views of shots so far, and of how many frames. */
  readonly #known: { chosen: Chosen; frames: number }[] = [];
  #waiting: KeptFrame[][] = [];
  #bytes = 0;
  #looks = 0;

  constructor(searched: Searched, level: CopyLevel) {
    this.#searched = searched;
    this.#level = level;
  }

  /** Takes the kept frames of a shot. */
  async shot(all: KeptFrame[]): Promise<void> {
    const good = all.filter(({ plain: { quality, stable, drawn = 0 } }) => {
      return quality >= this.#searched.options.minQuality && stable && drawn < mostDrawn;
    });
    if (good.length === 0) return;
    const chosen = (await this.#isPlain(good)) ? undefined : await this.#choose(good);
    if (chosen === undefined) return this.#wait(good);
    const known = this.#known.find((other) => other.chosen === chosen);
    if (known === undefined) this.#known.push({ chosen, frames: good.length });
    else known.frames += good.length;
    await this.#see(good, chosen);
  }

  /** The video has ended: shots without a view of their own get the one that most of the others have. */
  async end(): Promise<void> {
    while (this.#waiting.length > 0) await this.#release();
    this.frames.sort((a, b) => a.timestampSeconds - b.timestampSeconds);
  }

  async #wait(shot: KeptFrame[]): Promise<void> {
    this.#waiting.push(shot);
    this.#bytes += bytesOf(shot);
    while (this.#bytes > mostWaiting) await this.#release();
  }

  async #release(): Promise<void> {
    const shot = this.#waiting.shift()!;
    this.#bytes -= bytesOf(shot);
    const usual = this.#known.toSorted((a, b) => b.frames - a.frames)[0];
    if (usual !== undefined) await this.#see(shot, usual.chosen);
  }

  /** Whether two frames of the shot, or its only one, are in one known video as they are, turned, mirrored or trimmed. */
  async #isPlain(shot: readonly KeptFrame[]): Promise<boolean> {
    const { options, entry, index } = this.#searched;
    const seen = spread(shot, plainFrames).map(({ plain }) => {
      const { hash, orientations = { orig: hash }, trimmed } = plain;
      const within = trimmed === undefined ? {} : (trimmed.orientations ?? { orig: trimmed.hash });
      return [...Object.values(orientations), ...Object.values(within)].map((text) => hashToBytes(text));
    });
    const found = await lookUp(index, seen.flat(), options.radius, options.signal);
    const frames = new Map<Entry, Set<number>>();
    let at = 0;
    for (const [frame, hashes] of seen.entries()) {
      for (const hits of found.slice(at, (at += hashes.length))) {
        for (const { id } of hits) {
          const hit = entry(id);
          if (hit !== undefined) frames.set(hit, (frames.get(hit) ?? new Set()).add(frame));
        }
      }
    }
    return Array.from(frames.values()).some(({ size }) => size >= Math.min(2, shot.length));
  }

  async #choose(shot: readonly KeptFrame[]): Promise<Chosen | undefined> {
    const { options } = this.#searched;
    const picks = picked(shot, bounds[this.#level][0]);
    using trial = await Trial.of(shot, [options.minSpeed, options.maxSpeed], options.signal);
    const known = this.#known.toSorted((a, b) => b.frames - a.frames).slice(0, mostKnown);
    const again = await this.#bestOf(await this.#sightings(picks, true), trial);
    if (again !== undefined) return known.find(({ chosen }) => chosen.view === again.sighting.variant.view)?.chosen;
    const { timestampSeconds } = shot.at(-1)!.plain;
    if (this.#looks >= firstLooks + timestampSeconds / lookSeconds) return undefined;
    this.#looks++;
    const found = await this.#bestOf(await this.#sightings(picks, false), trial);
    if (found === undefined) return undefined;
    const { name, orientation } = found.sighting.variant;
    return { name, turned: orientation, view: found.tried.view };
  }

  /** What views of the frames are near: those of earlier shots, or all there are. */
  async #sightings(picks: readonly KeptFrame[], known: boolean): Promise<Sighting[]> {
    const { options, index, entry } = this.#searched;
    const sightings: Sighting[] = [];
    if (known && this.#known.length === 0) return sightings;
    for (const frame of picks) {
      using picture = await QueryImage.of(frame.small, options.signal);
      if (picture.flatness >= flatFrom) continue;
      const made = known ? await this.#seenBefore(picture) : await allViews(picture, frame, options.signal);
      for (const radius of new Set(made.map(({ name }) => reach(name)))) {
        const variants = made.filter(({ name }) => reach(name) === radius);
        const hashes = variants.map(({ hash }) => hash);
        const found = await lookUp(index, hashes, radius, options.signal);
        for (const [i, hits] of found.entries()) {
          for (const { id, distance } of hits) {
            const hit = entry(id);
            if (hit?.kind !== "video") continue;
            sightings.push({ entry: hit, known: frameOf(id), distance, variant: variants[i]!, frame });
          }
        }
      }
    }
    return sightings.sort((a, b) => a.distance - b.distance);
  }

  async #seenBefore(picture: QueryImage): Promise<ViewHash[]> {
    const made: ViewHash[] = [];
    for (const { chosen } of this.#known) {
      const [variant] = await picture.hash(chosen.view, 0, this.#searched.options.signal);
      if (variant !== undefined && variant.quality >= leastViewQuality && variant.stable) {
        made.push({ ...variant, ...chosen });
      }
    }
    return made;
  }

  /** Of the nearest sightings, of different views, the one that other frames of the shot speak for most. */
  async #bestOf(
    sightings: readonly Sighting[],
    trial: Trial,
  ): Promise<{ sighting: Sighting; tried: Tried } | undefined> {
    let best: { sighting: Sighting; tried: Tried } | undefined;
    const seen = new Set<ViewHash>();
    for (const sighting of sightings) {
      if (seen.has(sighting.variant)) continue;
      if (seen.size === bounds[this.#level][1]) break;
      seen.add(sighting.variant);
      const tried = await trial.best(sighting, 2 * this.#searched.options.radius);
      if (tried !== undefined && (best === undefined || tried.score > best.tried.score)) best = { sighting, tried };
    }
    return best;
  }

  /** Hashes the frames through the view. */
  async #see(shot: readonly KeptFrame[], chosen: Chosen): Promise<void> {
    const { signal } = this.#searched.options;
    for (const { plain, small } of shot) {
      using picture = await QueryImage.of(small, signal);
      if (picture.flatness >= flatFrom) continue;
      const [made] = await picture.hash(chosen.view, 0, signal);
      if (made === undefined) continue;
      const { number, timestampSeconds, drawn = 0 } = plain;
      const { quality, stable } = made;
      const hash = Buffer.from(made.hash).toString("hex");
      const times = { timestampSeconds, lastTimestampSeconds: timestampSeconds };
      this.frames.push({ number, ...times, hash, quality, stable, drawn });
    }
    const [first, last] = [shot[0]!.plain, shot.at(-1)!.plain];
    this.views.push({ ...chosen, from: first.timestampSeconds, to: last.timestampSeconds });
  }
}

const bytesOf = (shot: readonly KeptFrame[]): number => shot.reduce((sum, { small }) => sum + small.data.length, 0);

/** One of each part of the shot, where it moves least. */
function picked(shot: readonly KeptFrame[], parts: number): KeptFrame[] {
  const of = Math.min(parts, shot.length);
  return Array.from({ length: of }, (_, part) => {
    const [from, to] = [Math.floor((part * shot.length) / of), Math.floor(((part + 1) * shot.length) / of)];
    const numbers = Array.from({ length: to - from }, (_, i) => from + i);
    const still = numbers.toSorted((a, b) => moves(shot, a) - moves(shot, b))[0]!;
    return shot[still]!;
  });
}

async function lookUp(
  index: HashIndex,
  hashes: readonly Uint8Array[],
  radius: number,
  signal: AbortSignal | undefined,
): ReturnType<HashIndex["searchMany"]> {
  const queries = new Uint8Array(32 * hashes.length);
  hashes.forEach((hash, i) => queries.set(hash, 32 * i));
  return index.searchMany(queries, { radius, limit: hitsEach, ...(signal && { signal }) });
}

async function allViews(
  picture: QueryImage,
  { small }: KeptFrame,
  signal: AbortSignal | undefined,
): Promise<ViewHash[]> {
  const made: ViewHash[] = [];
  for (const stage of ["detected", "fixed", "large"] satisfies StageName[]) {
    made.push(...(await picture.stage(stage, signal)));
  }
  made.push(...(await picture.hash(frameViews(small.width, small.height), 0, signal)));
  return made.filter(({ quality, stable }) => quality >= leastViewQuality && stable);
}
