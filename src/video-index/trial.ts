import { hashDistance } from "../hash/value.js";
import { QueryImage, type ViewHash } from "../views/query-image.js";
import type { Entry } from "./entries.js";
import type { KeptFrame } from "./shots.js";
import { distanceBetween } from "./timeline.js";

/** Frames of a shot that a view is tried on. */
const mostFrames = 8;
/** Further than this is not near. */
const unrelated = 72;
/** Below this a hash says nothing. */
const leastQuality = 50;
/** Seconds that times may be off: a list of one frame a second, and a shot that began a little later. */
const slack = 0.6;

/** A place in a known video that a view of a frame is near. */
export interface Sighting {
  entry: Entry;
  /** Of the entry's hashes. */
  known: number;
  distance: number;
  variant: ViewHash;
  /** Of the shot's frames. */
  frame: KeptFrame;
}

export interface Tried {
  view: Float32Array;
  /** Frames that are near the known video at a time that fits. */
  near: number;
  tried: number;
  /** By how much they are nearer than what is unrelated, per frame; the frame a view was aligned to is not counted. */
  score: number;
}

/** Some of a list, evenly spread, the first and the last among them. */
export function spread<T>(all: readonly T[], most: number): T[] {
  if (all.length <= most) return [...all];
  return Array.from({ length: most }, (_, i) => all[Math.round((i * (all.length - 1)) / (most - 1))]!);
}

/** Tries views on several frames of one shot: a view that fits one frame by chance fits no other. */
export class Trial implements Disposable {
  readonly #frames: { kept: KeptFrame; picture: QueryImage }[] = [];
  readonly #speeds: readonly [least: number, most: number];
  readonly #signal: AbortSignal | undefined;

  private constructor(speeds: readonly [number, number], signal: AbortSignal | undefined) {
    this.#speeds = speeds;
    this.#signal = signal;
  }

  static async of(
    shot: readonly KeptFrame[],
    speeds: readonly [least: number, most: number],
    signal: AbortSignal | undefined,
  ): Promise<Trial> {
    const trial = new Trial(speeds, signal);
    for (const kept of spread(shot, mostFrames)) {
      trial.#frames.push({ kept, picture: await QueryImage.of(kept.small, signal) });
    }
    return trial;
  }

  /** The best view to be had from a sighting: as it is, or moved to what it is near. */
  async best(sighting: Sighting, supportRadius: number): Promise<Tried | undefined> {
    const { variant, entry, known } = sighting;
    let best = await this.#try(variant.view!, sighting, supportRadius);
    if (best.near === 0) return undefined;
    const target = entry.timeline.hashes.subarray(32 * known, 32 * known + 32);
    using picture = await QueryImage.of(sighting.frame.small, this.#signal);
    const [moved] = await picture.align([{ from: variant, target }], this.#signal);
    if (moved?.view !== undefined && moved.quality > 0) {
      const tried = await this.#try(moved.view, sighting, supportRadius);
      if (tried.score > best.score) best = tried;
    }
    return 2 <= best.near && best.tried <= 3 * best.near ? best : undefined;
  }

  async #try(view: Float32Array, { entry, known, frame }: Sighting, supportRadius: number): Promise<Tried> {
    const tried: Tried = { view, near: 0, tried: 0, score: 0 };
    let counted = 0;
    for (const { kept, picture } of this.#frames) {
      const [made] = await picture.hash(view, 0, this.#signal);
      if (made === undefined || made.quality < leastQuality) continue;
      tried.tried++;
      const distance = this.#nearest(made.hash, kept, frame, entry, known);
      if (distance <= supportRadius) tried.near++;
      if (kept === frame) continue;
      counted++;
      tried.score += Math.max(0, unrelated - distance);
    }
    if (counted > 0) tried.score /= counted;
    return tried;
  }

  /** Bits to the nearest hash of the known video among those that may be shown then. */
  #nearest(hash: Uint8Array, kept: KeptFrame, anchor: KeptFrame, { timeline }: Entry, known: number): number {
    const { from, to, hashes } = timeline;
    const later = kept.plain.timestampSeconds - anchor.plain.timestampSeconds;
    const [slow, fast] = this.#speeds.map((speed) => speed * later) as [number, number];
    const least = from[known]! + Math.min(slow, fast) - slack;
    const most = to[known]! + Math.max(slow, fast) + slack;
    let nearest = 256;
    for (let i = firstFrom(to, least); i < from.length && from[i]! <= most; i++) {
      nearest = Math.min(nearest, distanceBetween(hashes, i, hash, 0));
    }
    return nearest;
  }

  [Symbol.dispose](): void {
    for (const { picture } of this.#frames) picture[Symbol.dispose]();
  }
}

/** The first of ascending numbers that is not below. */
function firstFrom(ascending: Float64Array, least: number): number {
  let [low, high] = [0, ascending.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ascending[middle]! < least) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** How much the frames around differ from each: less where the known video's nearest frame looks the same. */
export function moves(shot: readonly KeptFrame[], i: number): number {
  const to = (other: KeptFrame | undefined): number =>
    other === undefined ? 0 : hashDistance(shot[i]!.plain.hash, other.plain.hash);
  return Math.max(to(shot[i - 1]), to(shot[i + 1]));
}
