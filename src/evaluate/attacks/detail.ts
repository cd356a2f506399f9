import { byte, copied, type Picture } from "../draw/picture.js";
import type { Random } from "../random.js";
import { blurred, sharpened } from "../sharp.js";
import { about, type Attack, family } from "./attack.js";

const blur = (pixels: number): Omit<Attack, "family"> => ({
  name: `blur-${pixels}`,
  description: `Gaussian blur of ${pixels} pixels, were the longest side 512.`,
  apply: (picture, random) => blurred(picture, (about(random, pixels) * Math.max(picture.width, picture.height)) / 512),
});

/** Normal noise; each channel its own, as a sensor's. */
export function noisy(picture: Picture, deviation: number, random: Random): Picture {
  const noise = Float32Array.from({ length: 65_536 }, () => deviation * random.normal());
  const data = new Uint8Array(picture.data.length);
  for (let i = 0, at = 0; i < data.length; i++) {
    // A table read from a new place every row or so: normal numbers are slow to make.
    if (i % 4099 === 0) at = random.integer(0, 65_535);
    data[i] = byte(picture.data[i]! + noise[at++ & 65_535]!);
  }
  return { ...picture, data };
}

const noise = (deviation: number): Omit<Attack, "family"> => ({
  name: `noise-${deviation}`,
  description: `Normal noise of standard deviation ${deviation} on every sample.`,
  apply: (picture, random) => noisy(picture, about(random, deviation), random),
});

export const detail: Attack[] = family("detail", [
  blur(1),
  blur(2),
  blur(4),
  noise(10),
  noise(25),
  {
    name: "salt-and-pepper",
    description: "Five pixels in a hundred are black or white.",
    apply(picture, random) {
      const changed = copied(picture);
      for (let i = 0; i < changed.data.length; i += 3) {
        if (random.chance(0.05)) changed.data.fill(random.chance(0.5) ? 255 : 0, i, i + 3);
      }
      return changed;
    },
  },
  {
    name: "sharpen",
    description: "Sharpened with a radius of 1 … 2 pixels.",
    apply: (picture, random) => sharpened(picture, random.between(1, 2)),
  },
]);
