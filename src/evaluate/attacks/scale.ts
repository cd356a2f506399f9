import { resized } from "../sharp.js";
import { about, type SuiteAttack, family } from "./attack.js";

const scaled = (name: string, factor: number): Omit<SuiteAttack, "family"> => ({
  name,
  description: `Resized to ${factor} of its width and height, within a twentieth.`,
  apply(image, random) {
    const by = about(random, factor);
    return resized(image, image.width * by, image.height * by);
  },
});

export const scale: SuiteAttack[] = family("scale", [
  scaled("resize-half", 0.5),
  scaled("resize-quarter", 0.25),
  scaled("resize-tenth", 0.1),
  scaled("resize-double", 2),
  {
    name: "stretch-square",
    description: "Stretched or squeezed to a square.",
    apply(image) {
      const side = Math.sqrt(image.width * image.height);
      return resized(image, side, side);
    },
  },
  {
    name: "stretch-1.5",
    description: "One side, the seed says which, is made 1.5 times as long, within a twentieth.",
    apply(image, random) {
      const by = about(random, 1.5);
      const wider = random.chance(0.5);
      return resized(image, image.width * (wider ? by : 1), image.height * (wider ? 1 : by));
    },
  },
]);
