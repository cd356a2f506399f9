import { native } from "../native/load.js";
import type { VideoFrame } from "./frame.js";
import type { FrameRegion } from "./signature.js";

/** Sides within this share of the frame's are the same: detectors are a pixel or two off, and codecs blur edges. */
const same = 0.01;
/** Boxes of past shots that are remembered. */
const mostKnown = 64;
/** A side of a region has at least so many pixels: smaller pictures have no quality anyway. */
export const leastPixels = 48;

const sides = ["left", "top", "right", "bottom"] as const;

function isSame(a: FrameRegion, b: FrameRegion): boolean {
  return sides.every((side) => Math.abs(a[side] - b[side]) <= same);
}

/** So near the frame's sides a region is as good as the frame: the plain hash finds it, and another region may be missed. */
function isWhole({ left, top, right, bottom }: FrameRegion): boolean {
  return Math.max(left, top, 1 - right, 1 - bottom) <= 2 * same;
}

/** Where in a frame another picture may lie, what looks surest first; the frame itself is none of them. */
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

/** Each side the median of those given. */
function median(regions: readonly FrameRegion[]): FrameRegion {
  const middle = (side: keyof FrameRegion): number =>
    regions.map((region) => region[side]).toSorted((a, b) => a - b)[regions.length >> 1]!;
  return { left: middle("left"), top: middle("top"), right: middle("right"), bottom: middle("bottom") };
}

/** People centre what they put into a frame, or leave its width or height and add a bar; a picture's own edges lie anywhere. */
function isLikely({ left, top, right, bottom }: FrameRegion): boolean {
  const spans = (from: number, to: number): boolean => from <= same && to >= 1 - same;
  const centred = (from: number, to: number): boolean => Math.abs(from - (1 - to)) <= same;
  if (centred(left, right) && centred(top, bottom)) return true;
  return (spans(left, right) || spans(top, bottom)) && (right - left) * (bottom - top) >= 0.5;
}

interface Known {
  region: FrameRegion;
  /** Frames in which it was found. */
  frames: number;
}

/**
 * Chooses the one region of a shot. A frame around a video is the same in all its frames, and mostly in all its shots, while
 * what a single picture takes for a frame (a dark sky, a door) is another in the next: so what counts is in how many of the
 * shot's frames a region was found, and in how many before.
 */
export class FrameRegions {
  #known: Known[] = [];
  #looked = 0;

  /** @returns undefined where nothing lies around the picture, as far as one sees. */
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
    const usual = past !== undefined && 2 * past.frames > this.#looked ? past.region : undefined;
    this.#remember(voted, frames.length);
    const agreed = voted.filter(({ votes }) => 2 * votes > frames.length);
    const score = ({ region, votes, before }: (typeof voted)[number]): number =>
      votes / frames.length + Math.min(1, before / 6) + (isLikely(region) ? 0.2 : 0);
    const best = agreed.toSorted((a, b) => score(b) - score(a))[0];
    // What was around most of the video so far is around a shot, too, that is too dark to show it.
    return best?.region ?? usual;
  }

  #remember(voted: readonly { region: FrameRegion; votes: number }[], looked: number): void {
    this.#looked += looked;
    for (const { region, votes } of voted) {
      const known = this.#known.find((other) => isSame(other.region, region));
      if (known === undefined) this.#known.push({ region, frames: votes });
      else known.frames += votes;
    }
    this.#known = this.#known.toSorted((a, b) => b.frames - a.frames).slice(0, mostKnown);
  }
}
