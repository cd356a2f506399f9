import { resized } from "../sharp.js";
import { about, type Attack, family } from "./attack.js";

const scaled = (name: string, factor: number): Omit<Attack, "family"> => ({
  name,
  description: `Resized to ${factor} of its width and height, within a twentieth.`,
  apply(picture, random) {
    const by = about(random, factor);
    return resized(picture, picture.width * by, picture.height * by);
  },
});

export const scale: Attack[] = family("scale", [
  scaled("resize-half", 0.5),
  scaled("resize-quarter", 0.25),
  scaled("resize-tenth", 0.1),
  scaled("resize-double", 2),
  {
    name: "stretch-square",
    description: "Stretched or squeezed to a square.",
    apply(picture) {
      const side = Math.sqrt(picture.width * picture.height);
      return resized(picture, side, side);
    },
  },
  {
    name: "stretch-1.5",
    description: "One side, the seed says which, is made 1.5 times as long, within a twentieth.",
    apply(picture, random) {
      const by = about(random, 1.5);
      const wide = random.chance(0.5);
      return resized(picture, picture.width * (wide ? by : 1), picture.height * (wide ? 1 : by));
    },
  },
]);
