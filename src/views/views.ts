import { type Corners, decodeView } from "../native/view-numbers.js";

/** The names of all views, in the order of the core's kinds. */
export const viewNames = [
  "original",
  "trimmed",
  "component",
  "rectangle",
  "quadrilateral",
  "half",
  "zoom-in",
  "zoom-out",
  "rotated",
  "aligned",
  "turned",
  "negative",
  "resized",
  "local",
] as const;

/**
 * The idea that produced a view of the query image.
 *
 * - `original` is the image as it is, `turned` one of its other seven orientations, `negative` the image with reversed
 *   tones.
 * - `resized` is the image resized to 512×512 first, as the reference's tool does.
 * - `trimmed` is the image without its border, bars or letterbox.
 * - `component` is an image inside a user interface, `rectangle` one between straight edges, as picture in picture.
 * - `quadrilateral` is an image in perspective, as in a photo of a screen. `half` is a half, third or quarter of a
 *   collage.
 * - `zoom-in` and `zoom-out` have a fixed share less or more on the sides, `rotated` is rotated by a few degrees.
 * - `aligned` is a view that was moved towards the known hash.
 * - `local` is where local points put the original (`empreinte/local`).
 */
export type ViewName = (typeof viewNames)[number];

/**
 * The corners of a place in an image: top left, top right, bottom right, bottom left, as shares of its width and
 * height.
 */
export type Region = readonly [x: number, y: number][];

/** Returns whether a view is the whole image, in any orientation. */
export function isWholeView(view: Float32Array): boolean {
  return decodeView(view).kind === viewNames.indexOf("original");
}

/** Returns the corners of a view, as shares of the image's width and height. */
export function cornersOf(view: Float32Array): Corners {
  return decodeView(view).corners;
}
