import { byte, copied, type Image } from "../draw/image.js";
import type { Random } from "../random.js";
import { blurred, sharpened } from "../sharp.js";
import { about, type SuiteAttack, family } from "./attack.js";

const blur = (pixels: number): Omit<SuiteAttack, "family"> => ({
  name: `blur-${pixels}`,
  description: `Gaussian blur of ${pixels} pixels, were the longest side 512.`,
  apply: (image, random) => blurred(image, (about(random, pixels) * Math.max(image.width, image.height)) / 512),
});

/** Normal noise; each channel its own, as a sensor's. */
export function noisy(image: Image, deviation: number, random: Random): Image {
  const noise = Float32Array.from({ length: 65_536 }, () => deviation * random.normal());
  const data = new Uint8Array(image.data.length);
  for (let i = 0, at = 0; i < data.length; i++) {
    // A table read from a new place every row or so: normal numbers are slow to make.
    if (i % 4099 === 0) at = random.integer(0, 65_535);
    data[i] = byte(image.data[i]! + noise[at++ & 65_535]!);
  }
  return { ...image, data };
}

const noise = (deviation: number): Omit<SuiteAttack, "family"> => ({
  name: `noise-${deviation}`,
  description: `Normal noise of standard deviation ${deviation} on every sample.`,
  apply: (image, random) => noisy(image, about(random, deviation), random),
});

export const detail: SuiteAttack[] = family("detail", [
  blur(1),
  blur(2),
  blur(4),
  noise(10),
  noise(25),
  {
    name: "salt-and-pepper",
    description: "Five pixels in a hundred are black or white.",
    apply(image, random) {
      const changed = copied(image);
      for (let i = 0; i < changed.data.length; i += 3) {
        if (random.chance(0.05)) changed.data.fill(random.chance(0.5) ? 255 : 0, i, i + 3);
      }
      return changed;
    },
  },
  {
    name: "sharpen",
    description: "Sharpened with a radius of 1 … 2 pixels.",
    apply: (image, random) => sharpened(image, random.between(1, 2)),
  },
]);
