import { hashDistance } from "../hash/value.js";
import { leastQuality } from "../thresholds.js";
import { QueryImage, type ViewHash } from "../views/query-image.js";
import type { Entry } from "./entries.js";
import type { KeptFrame } from "./shot-frames.js";
import { distanceBetween, firstAtLeast } from "./timeline.js";

/** On how many frames of a shot a view is tested. */
const mostFrames = 8;
/** Greater distances do not count in a view's score. */
const unrelatedBits = 72;
/** By how many seconds times may differ: a list may have one frame a second, and a shot may begin a little later. */
const slackSeconds = 0.6;

/** A known video's frame that is near a view of a query frame. */
export interface ViewHit {
  /** The view of the query frame. */
  view: ViewHash;
  /** The frame of the query's shot. */
  frame: KeptFrame;
  /** The known video. */
  entry: Entry;
  /** The number of the hash in its timeline. */
  knownFrame: number;
  distance: number;
}

/** How well a view fits the frames of a shot. */
export interface TestedView {
  corners: Float32Array;
  /** How many frames are near the known video at a time that fits. */
  nearCount: number;
  /** How many frames were tested. */
  frameCount: number;
  /**
   * The mean number of bits by which the frames are nearer than unrelated ones, without the frame a view was aligned
   * to.
   */
  score: number;
}

/** Takes some items of a list, evenly spaced, with the first and the last among them. */
export function evenlySpaced<T>(all: readonly T[], most: number): T[] {
  if (all.length <= most) return [...all];
  return Array.from({ length: most }, (_, i) => all[Math.round((i * (all.length - 1)) / (most - 1))]!);
}

/** Tests views on several frames of one shot. A view that fits one frame by chance does not fit the others. */
export class ViewTest implements Disposable {
  readonly #frames: { kept: KeptFrame; image: QueryImage }[] = [];
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
  ): Promise<ViewTest> {
    const test = new ViewTest(speeds, signal);
    for (const kept of evenlySpaced(shot, mostFrames)) {
      test.#frames.push({ kept, image: await QueryImage.of(kept.image, signal) });
    }
    return test;
  }

  /**
   * Tests a hit's view as it is and aligned to the known frame. Returns the better one; undefined when neither fits.
   */
  async bestView(hit: ViewHit, nearRadius: number): Promise<TestedView | undefined> {
    const { view, entry, knownFrame } = hit;
    let best = await this.#test(view.view!, hit, nearRadius);
    if (best.nearCount === 0) return undefined;
    const target = entry.timeline.hashes.subarray(32 * knownFrame, 32 * knownFrame + 32);
    using image = await QueryImage.of(hit.frame.image, this.#signal);
    const [aligned] = await image.align([{ from: view, target }], this.#signal);
    if (aligned?.view !== undefined && aligned.quality > 0) {
      const tested = await this.#test(aligned.view, hit, nearRadius);
      if (tested.score > best.score) best = tested;
    }
    return 2 <= best.nearCount && best.frameCount <= 3 * best.nearCount ? best : undefined;
  }

  async #test(corners: Float32Array, hit: ViewHit, nearRadius: number): Promise<TestedView> {
    const tested: TestedView = { corners, nearCount: 0, frameCount: 0, score: 0 };
    let scored = 0;
    for (const { kept, image } of this.#frames) {
      const [made] = await image.hash(corners, 0, this.#signal);
      if (made === undefined || made.quality < leastQuality) continue;
      tested.frameCount++;
      const distance = this.#nearest(made.hash, kept, hit);
      if (distance <= nearRadius) tested.nearCount++;
      if (kept === hit.frame) continue;
      scored++;
      tested.score += Math.max(0, unrelatedBits - distance);
    }
    if (scored > 0) tested.score /= scored;
    return tested;
  }

  /**
   * Returns the distance to the nearest hash of the known video that can be shown at the time of `kept`, if the hit is
   * right.
   */
  #nearest(hash: Uint8Array, kept: KeptFrame, { frame, entry, knownFrame }: ViewHit): number {
    const { from, to, hashes } = entry.timeline;
    const later = kept.plain.timestampSeconds - frame.plain.timestampSeconds;
    const [slow, fast] = this.#speeds.map((speed) => speed * later) as [number, number];
    const least = from[knownFrame]! + Math.min(slow, fast) - slackSeconds;
    const most = to[knownFrame]! + Math.max(slow, fast) + slackSeconds;
    let nearest = 256;
    for (let i = firstAtLeast(to, least); i < from.length && from[i]! <= most; i++) {
      nearest = Math.min(nearest, distanceBetween(hashes, i, hash, 0));
    }
    return nearest;
  }

  [Symbol.dispose](): void {
    for (const { image } of this.#frames) image[Symbol.dispose]();
  }
}

/**
 * Returns how much a frame differs from its neighbours in the shot. If that is little, the nearest known frame looks
 * the same.
 */
export function motionAt(shot: readonly KeptFrame[], i: number): number {
  const to = (other: KeptFrame | undefined): number =>
    other === undefined ? 0 : hashDistance(shot[i]!.plain.hash, other.plain.hash);
  return Math.max(to(shot[i - 1]), to(shot[i + 1]));
}
