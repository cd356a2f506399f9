import { black } from "../draw/colours.js";
import { flipped, mirrored, type Image, turned } from "../draw/image.js";
import { rotated } from "../draw/warp.js";
import { about, type SuiteAttack, family } from "./attack.js";

type FamilyAttack = Omit<SuiteAttack, "family">;

/** Turned, and cut to the largest rectangle of the image's shape without a corner from outside. */
export function turnedAndCut(image: Image, degrees: number): Image {
  const angle = (Math.abs(degrees) * Math.PI) / 180;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const { width, height } = image;
  const scale = Math.min(width / (width * cos + height * sin), height / (width * sin + height * cos));
  return rotated(image, degrees, Math.floor(width * scale), Math.floor(height * scale), "edge");
}

/** Turned on a canvas that holds all of it, with black corners. */
function turnedOnCanvas(image: Image, degrees: number): Image {
  const angle = (Math.abs(degrees) * Math.PI) / 180;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const { width, height } = image;
  return rotated(image, degrees, Math.ceil(width * cos + height * sin), Math.ceil(width * sin + height * cos), black);
}

const cut = (degrees: number): FamilyAttack => ({
  name: `rotate-cut-${degrees}`,
  description: `Turned by ${degrees}°, one way or the other, and cut to the largest rectangle of the same shape.`,
  apply: (image, random) => turnedAndCut(image, random.sign() * about(random, degrees)),
});

const canvas = (degrees: number): FamilyAttack => ({
  name: `rotate-canvas-${degrees}`,
  description: `Turned by ${degrees}°, one way or the other, on a canvas that holds all of it; black corners.`,
  apply: (image, random) => turnedOnCanvas(image, random.sign() * about(random, degrees)),
});

export const rotation: SuiteAttack[] = family("rotation", [
  cut(1),
  cut(2),
  cut(5),
  cut(10),
  canvas(1),
  canvas(2),
  canvas(5),
  canvas(10),
  canvas(45),
  {
    name: "turn-90",
    description: "Turned by a right angle, one way or the other.",
    apply: (image, random) => turned(image, random.chance(0.5) ? 1 : 3),
  },
  { name: "turn-180", description: "Turned upside down.", apply: (image) => turned(image, 2) },
  { name: "mirror", description: "Mirrored left to right.", apply: (image) => mirrored(image) },
  { name: "flip", description: "Mirrored top to bottom.", apply: (image) => flipped(image) },
]);
