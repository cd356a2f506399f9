import { native } from "../native/load.js";
import type { VideoFrame } from "./frame.js";
import type { FrameRegion } from "./signature.js";

/**
 * Sides that differ by at most this share of the frame count as the same: detectors are a pixel or two off, and codecs
 * blur edges.
 */
const same = 0.01;
/** How many boxes of earlier shots are remembered. */
const mostKnown = 64;
/** The fewest pixels of a region's side. Smaller images have a quality too low to match. */
export const leastPixels = 48;

const sides = ["left", "top", "right", "bottom"] as const;

function isSame(a: FrameRegion, b: FrameRegion): boolean {
  return sides.every((side) => Math.abs(a[side] - b[side]) <= same);
}

/**
 * Returns whether a region is nearly the whole frame, which the plain hash covers. Choosing it would hide another
 * region.
 */
function isWhole({ left, top, right, bottom }: FrameRegion): boolean {
  return Math.max(left, top, 1 - right, 1 - bottom) <= 2 * same;
}

/** The regions of a frame that may hold the video, the most likely first, without the frame itself. */
function regionsIn({ data, width, height, channels }: VideoFrame): FrameRegion[] {
  const boxes = native.frameBoxes({ data, width, height, channels, stride: width * channels });
  const regions: FrameRegion[] = [];
  for (let i = 0; i < boxes.length; i += 4) {
    const [left, top, right, bottom] = boxes.subarray(i, i + 4) as unknown as [number, number, number, number];
    const region = { left, top, right, bottom };
    const large = (right - left) * width >= leastPixels && (bottom - top) * height >= leastPixels;
    if (large && !isWhole(region) && !regions.some((other) => isSame(other, region))) regions.push(region);
  }
  return regions;
}

/** Returns the region whose sides are the medians of the given regions' sides. */
function median(regions: readonly FrameRegion[]): FrameRegion {
  const middle = (side: keyof FrameRegion): number =>
    regions.map((region) => region[side]).toSorted((a, b) => a - b)[regions.length >> 1]!;
  return { left: middle("left"), top: middle("top"), right: middle("right"), bottom: middle("bottom") };
}

/**
 * Whether people would put a video there: they centre it, or keep the frame's width or height and add a bar. The edges
 * within an image may be anywhere.
 */
function isLikely({ left, top, right, bottom }: FrameRegion): boolean {
  const spans = (from: number, to: number): boolean => from <= same && to >= 1 - same;
  const centred = (from: number, to: number): boolean => Math.abs(from - (1 - to)) <= same;
  if (centred(left, right) && centred(top, bottom)) return true;
  return (spans(left, right) || spans(top, bottom)) && (right - left) * (bottom - top) >= 0.5;
}

interface KnownRegion {
  region: FrameRegion;
  /** In how many frames it was found. */
  frames: number;
}

/**
 * Chooses the one region of a shot. A border is the same in all frames of a video and mostly in all its shots.
 * Something that looks like a border in one image, such as a dark sky or a door, changes from image to image. So a
 * region's votes are the frames of the shot and of earlier shots in which it was found.
 */
export class FrameRegions {
  #known: KnownRegion[] = [];
  #inspectedFrames = 0;

  /** @returns undefined when no border was found. */
  choose(frames: readonly VideoFrame[]): FrameRegion | undefined {
    const found = frames.map(regionsIn);
    const voted: { region: FrameRegion; votes: number; before: number }[] = [];
    for (const region of found.flat()) {
      if (voted.some((other) => isSame(other.region, region))) continue;
      const alike = found.flatMap((regions) => regions.filter((other) => isSame(other, region)).slice(0, 1));
      const before = this.#known.find((known) => isSame(known.region, region))?.frames ?? 0;
      voted.push({ region: median(alike), votes: alike.length, before });
    }
    const past = this.#known.toSorted((a, b) => b.frames - a.frames)[0];
    const usual = past !== undefined && 2 * past.frames > this.#inspectedFrames ? past.region : undefined;
    this.#remember(voted, frames.length);
    const agreed = voted.filter(({ votes }) => 2 * votes > frames.length);
    const score = ({ region, votes, before }: (typeof voted)[number]): number =>
      votes / frames.length + Math.min(1, before / 6) + (isLikely(region) ? 0.2 : 0);
    const best = agreed.toSorted((a, b) => score(b) - score(a))[0];
    // A border that most of the video had so far is also around a shot that is too dark to show it.
    return best?.region ?? usual;
  }

  #remember(voted: readonly { region: FrameRegion; votes: number }[], inspected: number): void {
    this.#inspectedFrames += inspected;
    for (const { region, votes } of voted) {
      const known = this.#known.find((other) => isSame(other.region, region));
      if (known === undefined) this.#known.push({ region, frames: votes });
      else known.frames += votes;
    }
    this.#known = this.#known.toSorted((a, b) => b.frames - a.frames).slice(0, mostKnown);
  }
}
