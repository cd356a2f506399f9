/** How far each view is looked up: what a stage costs depends on little else. */
import { leastViewQuality, matchRadius, reviewRadius } from "../thresholds.js";
import type { ViewHash } from "../views/query-image.js";
import type { ViewName } from "../views/views.js";
import type { AlteredLevel } from "./types.js";

/** Unrelated photographs were never as near, and an alignment brings a true copy from here to the match radius. */
export const weakRadius = 72;
/** Up to here a search through an index's tables takes a third of the time of one to the weak radius. */
export const tableRadius = 62;
/** A view that is not to be aligned is looked up to here, where a search passes most of a list at a glance. */
export const viewRadius = 42;
/** `"standard"` looks up halves of a collage, and what may have been mirrored before it was framed, to here. */
const halfRadius = 34;
/**
 * A detected view of low quality, or of which four fifths have one colour, is looked up to here. It may be a dark
 * image, and it may be text or a card, which are near one another.
 */
export const poorViewRadius = 24;
/** An image of which this share of the pixels has one colour is a text screen, a chart or a title card. */
export const flatFrom = 0.8;
/**
 * From here no view confirms another. Icons of faces, with 0.74, came to 26 bits with a second view within 44; images
 * below 0.6 never came below 46.
 */
export const evenFrom = 0.6;

/**
 * Where a true copy may lie a little off, and how many views of each kind are looked up as far as an alignment reaches.
 * The others are looked up less far: a million entries within 72 bits cost a millisecond a view, within 62 a third of
 * one.
 */
const mostWeak: Partial<Record<ViewName, number>> = {
  original: 1,
  turned: 1,
  trimmed: 2,
  component: 2,
  rectangle: 2,
  quadrilateral: 2,
  "zoom-out": 9,
  rotated: 2,
};

function isPoor({ name, quality, flat }: ViewHash): boolean {
  return name !== "original" && name !== "turned" && (flat === true || quality < leastViewQuality);
}

/** Returns the radius of each view. Call it in the order in which the views are made. */
export function searchRadius(level: AlteredLevel, flat: boolean): (view: ViewHash) => number {
  const left = { ...mostWeak };
  return (view) => {
    const { name, orientation } = view;
    if (isPoor(view)) return poorViewRadius;
    if (flat) return matchRadius;
    // Such a view is the original's, or of no use. Searching farther gains a tenth of a point of recall and costs much
    // time.
    const mirrored = orientation === "flipY" && name !== "turned";
    if (level === "standard" && (name === "half" || mirrored)) return halfRadius;
    const room = name === "turned" && orientation !== "flipY" ? undefined : left[name];
    if (level === "standard" || room === undefined) return name === "original" ? reviewRadius : viewRadius;
    left[name] = room - 1;
    return room > 0 ? weakRadius : tableRadius;
  };
}
