import { cropped, type Image } from "../draw/image.js";
import type { Random } from "../random.js";
import { about, type SuiteAttack, family } from "./attack.js";

type FamilyAttack = Omit<SuiteAttack, "family">;

/** `share` of width and height away from each side. */
export function trimmed(image: Image, share: number): Image {
  const { width, height } = image;
  return cropped(image, share * width, share * height, (1 - 2 * share) * width, (1 - 2 * share) * height);
}

const each = (share: number): FamilyAttack => ({
  name: `crop-each-${share}`,
  description: `${share} % of width and height cut off at each side.`,
  apply: (image, random) => trimmed(image, about(random, share / 100)),
});

function oneSide(image: Image, share: number, random: Random): Image {
  const { width, height } = image;
  const across = random.chance(0.5);
  const [cutX, cutY] = across ? [share * width, 0] : [0, share * height];
  const first = random.chance(0.5);
  return cropped(image, first ? cutX : 0, first ? cutY : 0, width - cutX, height - cutY);
}

const side = (share: number): FamilyAttack => ({
  name: `crop-side-${share}`,
  description: `${share} % of width or height cut off at one side; the seed says which.`,
  apply: (image, random) => oneSide(image, about(random, share / 100), random),
});

const keep = (area: number): FamilyAttack => ({
  name: `crop-keep-${area}`,
  description: `A rectangle of ${area} % of the area, up to a sixth wider or higher than the image's shape, anywhere.`,
  apply(image, random) {
    const shape = random.between(6 / 7, 7 / 6);
    const side = Math.sqrt(about(random, area / 100));
    const width = Math.min(1, side * Math.sqrt(shape)) * image.width;
    const height = Math.min(1, side / Math.sqrt(shape)) * image.height;
    const left = random.between(0, image.width - width);
    return cropped(image, left, random.between(0, image.height - height), width, height);
  },
});

export const crop: SuiteAttack[] = family("crop", [
  each(2),
  each(5),
  each(10),
  each(20),
  each(30),
  side(2),
  side(5),
  side(10),
  side(20),
  side(30),
  keep(80),
  keep(50),
  {
    name: "crop-square",
    description: "Cut to a square, from the middle or up to a tenth beside it.",
    apply(image, random) {
      const side = Math.min(image.width, image.height);
      const [left, top] = [image.width - side, image.height - side];
      const at = random.between(0.4, 0.6);
      return cropped(image, at * left, at * top, side, side);
    },
  },
]);
