import type { Image } from "../draw/image.js";

/** The share of a side that is measured, and the share of its pixels that have to be nearly black or white. */
const strip = 0.02;
const least = 0.8;

/** How far a sample may be from black or white. */
const near = 24;

/**
 * Returns how many of the four sides are nearly black, or nearly white, along four fifths of their outermost fiftieth.
 * A frame of that colour hides where such an image ends.
 */
export function plainSidesOf({ data, width, height }: Image): number {
  const deepX = Math.max(1, Math.round(strip * width));
  const deepY = Math.max(1, Math.round(strip * height));
  const isPlain = (left: number, top: number, right: number, bottom: number): boolean => {
    let dark = 0;
    let bright = 0;
    for (let y = top; y < bottom; y++) {
      for (let i = 3 * (y * width + left); i < 3 * (y * width + right); i += 3) {
        const [darkest, brightest] = [
          Math.min(data[i]!, data[i + 1]!, data[i + 2]!),
          Math.max(data[i]!, data[i + 1]!, data[i + 2]!),
        ];
        if (brightest <= near) dark++;
        if (darkest >= 255 - near) bright++;
      }
    }
    return Math.max(dark, bright) >= least * (right - left) * (bottom - top);
  };
  return [
    isPlain(0, 0, deepX, height),
    isPlain(0, 0, width, deepY),
    isPlain(width - deepX, 0, width, height),
    isPlain(0, height - deepY, width, height),
  ].filter(Boolean).length;
}
