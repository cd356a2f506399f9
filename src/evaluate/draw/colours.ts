import type { Random } from "../random.js";
import type { Colour } from "./image.js";

export const black: Colour = [0, 0, 0];
export const white: Colour = [255, 255, 255];

/** Hue in degrees, saturation and value 0 … 1. */
export function hsv(hue: number, saturation: number, value: number): Colour {
  const channel = (n: number): number => {
    const k = (n + hue / 60) % 6;
    return 255 * (value - value * saturation * Math.max(0, Math.min(k, 4 - k, 1)));
  };
  return [channel(5), channel(3), channel(1)];
}

/** A colour that somebody would choose for a frame or a badge. */
export function lively(random: Random): Colour {
  return hsv(random.between(0, 360), random.between(0.45, 0.95), random.between(0.35, 0.95));
}

/** Nearly white or nearly black, as interfaces are. */
export function paper(random: Random): Colour {
  const level = random.integer(244, 255);
  return [level, level, level];
}

export function night(random: Random): Colour {
  const level = random.integer(0, 32);
  return [level, level, Math.min(255, level + random.integer(0, 10))];
}

/** Grey for a line of text or an icon on `ground`. */
export function ink(ground: Colour): Colour {
  return ground[0] + ground[1] + ground[2] > 384 ? [38, 38, 42] : [230, 230, 235];
}
