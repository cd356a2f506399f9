import { cropped, type Picture } from "../draw/picture.js";
import type { Random } from "../random.js";
import { about, type Attack, family } from "./attack.js";

type Entry = Omit<Attack, "family">;

/** `share` of width and height away from each side. */
export function trimmed(picture: Picture, share: number): Picture {
  const { width, height } = picture;
  return cropped(picture, share * width, share * height, (1 - 2 * share) * width, (1 - 2 * share) * height);
}

const each = (share: number): Entry => ({
  name: `crop-each-${share}`,
  description: `${share} % of width and height cut off at each side.`,
  apply: (picture, random) => trimmed(picture, about(random, share / 100)),
});

function oneSide(picture: Picture, share: number, random: Random): Picture {
  const { width, height } = picture;
  const across = random.chance(0.5);
  const [cutX, cutY] = across ? [share * width, 0] : [0, share * height];
  const first = random.chance(0.5);
  return cropped(picture, first ? cutX : 0, first ? cutY : 0, width - cutX, height - cutY);
}

const side = (share: number): Entry => ({
  name: `crop-side-${share}`,
  description: `${share} % of width or height cut off at one side; the seed says which.`,
  apply: (picture, random) => oneSide(picture, about(random, share / 100), random),
});

const keep = (area: number): Entry => ({
  name: `crop-keep-${area}`,
  description: `A rectangle of ${area} % of the area, up to a sixth wider or higher than the picture's shape, anywhere.`,
  apply(picture, random) {
    const shape = random.between(6 / 7, 7 / 6);
    const side = Math.sqrt(about(random, area / 100));
    const width = Math.min(1, side * Math.sqrt(shape)) * picture.width;
    const height = Math.min(1, side / Math.sqrt(shape)) * picture.height;
    const left = random.between(0, picture.width - width);
    return cropped(picture, left, random.between(0, picture.height - height), width, height);
  },
});

export const crop: Attack[] = family("crop", [
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
    apply(picture, random) {
      const side = Math.min(picture.width, picture.height);
      const [left, top] = [picture.width - side, picture.height - side];
      const at = random.between(0.4, 0.6);
      return cropped(picture, at * left, at * top, side, side);
    },
  },
]);
