import { type Corner, type Corners, encodeView } from "../native/view-numbers.js";
import type { ViewName } from "./views.js";
import { viewNames } from "./views.js";

/** Each corner relative to the middle of the image, in shares: top left, top right, bottom right, bottom left. */
const fromMiddle = [
  [-0.5, -0.5],
  [0.5, -0.5],
  [0.5, 0.5],
  [-0.5, 0.5],
] as const;

function view(name: ViewName, corners: Corners): number[] {
  return encodeView({ corners, kind: viewNames.indexOf(name), orientation: 0 });
}

/** Returns the view of an image that lost shares of its sides. */
function uncropped(left: number, top: number, right: number, bottom: number): number[] {
  const [across, down] = [1 - left - right, 1 - top - bottom];
  const [x0, y0, x1, y1] = [-left / across, -top / down, 1 + right / across, 1 + bottom / down];
  return view("zoom-out", [
    [x0, y0],
    [x1, y0],
    [x1, y1],
    [x0, y1],
  ]);
}

/**
 * Returns the view of an image that was rotated in a frame of its own size, with corners cut off and others left empty.
 */
function rotated(degrees: number, width: number, height: number): number[] {
  const angle = (degrees * Math.PI) / 180;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const place = (i: 0 | 1 | 2 | 3): Corner => {
    const [x, y] = [fromMiddle[i][0] * width, fromMiddle[i][1] * height];
    return [0.5 + (cos * x - sin * y) / width, 0.5 + (sin * x + cos * y) / height];
  };
  return view("rotated", [place(0), place(1), place(2), place(3)]);
}

/**
 * Returns fixed views for edits of films that images do not have: rotated by a few degrees without being enlarged, so
 * that corners are empty, or cropped by a fifth at one side. The numbers are encoded for the core.
 */
export function frameViews(width: number, height: number): Float32Array {
  const fifth = 0.2;
  return Float32Array.from([
    ...[1.5, 3, 5].flatMap((degrees) => [rotated(degrees, width, height), rotated(-degrees, width, height)]).flat(),
    ...uncropped(fifth, 0, 0, 0),
    ...uncropped(0, fifth, 0, 0),
    ...uncropped(0, 0, fifth, 0),
    ...uncropped(0, 0, 0, fifth),
    ...uncropped(0.125, 0.125, 0.125, 0.125),
  ]);
}
