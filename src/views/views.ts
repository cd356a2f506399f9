import { type Corners, decodeView } from "../native/view-numbers.js";

/** Which idea a view of the picture comes from. */
export const viewNames = [
  "original",
  "trimmed",
  "part",
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
] as const;

/**
 * `original`: the picture as it is; `turned`: turned or mirrored; `negative`: its tones reversed; `resized`: brought to
 * 512×512 first, as the reference's tool does; `trimmed`: without border, bars, letterbox; `part`: a picture inside an
 * interface; `rectangle`: between straight edges, picture in picture; `quadrilateral`: in perspective, a photo of a screen;
 * `half`: a half or quarter of a collage; `zoom-in`, `zoom-out`: a share less or more on the sides; `rotated`: by a few
 * degrees; `aligned`: moved towards the entry.
 */
export type ViewName = (typeof viewNames)[number];

/** A place in an image: top left, top right, bottom right, bottom left, as shares of its width and height. */
export type Region = readonly [x: number, y: number][];

/** Returns whether a view is the whole image, in any orientation. */
export function isWholeView(view: Float32Array): boolean {
  return decodeView(view).kind === viewNames.indexOf("original");
}

/** Returns the corners of a view, as shares of the image's width and height. */
export function cornersOf(view: Float32Array): Corners {
  return decodeView(view).corners;
}
