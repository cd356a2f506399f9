/** Parts of an image: crops of any place and shape, smaller, turned, or as thumbnails. */
import { cropped, type Image, mirrored, turned } from "../../draw/image.js";
import { rotated } from "../../draw/warp.js";
import type { Random } from "../../random.js";
import { jpeg, resized } from "../../sharp.js";
import type { LocalAttack } from "./local-attack.js";

/** Chooses a rectangle of a share of the area, anywhere, up to √2 times wider or higher than the image's shape. */
export function part(image: Image, area: number, random: Random): Image {
  const shape = Math.exp(random.between(-0.35, 0.35));
  const side = Math.sqrt(area / 100);
  const width = Math.min(1, side * Math.sqrt(shape)) * image.width;
  const height = Math.min(1, side / Math.sqrt(shape)) * image.height;
  const left = random.between(0, image.width - width);
  return cropped(image, left, random.between(0, image.height - height), width, height);
}

/** Turned by some degrees, one way or the other, on a canvas that holds all of it. */
export function turnedOn(image: Image, degrees: number, random: Random): Image {
  const angle = (Math.abs(degrees) * Math.PI) / 180;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const width = Math.round(image.width * cos + image.height * sin);
  const height = Math.round(image.width * sin + image.height * cos);
  const ground = random.pick([
    [0, 0, 0],
    [255, 255, 255],
    [128, 128, 128],
  ] as const);
  return rotated(image, random.sign() * degrees, width, height, ground);
}

/** Reduced so that the longer side has so many pixels. */
export function thumbnail(image: Image, side: number): Promise<Image> {
  const by = side / Math.max(image.width, image.height);
  return resized(image, by * image.width, by * image.height);
}

const plainPart = (area: number): LocalAttack => ({
  name: `part-${area}`,
  description: `A rectangle of ${area} % of the area, anywhere, up to √2 times wider or higher than the image's shape.`,
  apply: (image, random) => part(image, area, random),
});

const smallPart = (area: number): LocalAttack => ({
  name: `part-${area}-half-jpeg-50`,
  description: `Such a part of ${area} %, resized to a half and saved as JPEG of quality 50.`,
  async apply(image, random) {
    const cut = part(image, area, random);
    return jpeg(await resized(cut, cut.width / 2, cut.height / 2), 50);
  },
});

const turnedPart = (area: number, degrees: number): LocalAttack => ({
  name: `part-${area}-turn-${degrees}`,
  description: `Such a part of ${area} %, turned by ${degrees}° on a plain canvas.`,
  apply: (image, random) => turnedOn(part(image, area, random), degrees, random),
});

const mirroredPart = (area: number): LocalAttack => ({
  name: `part-${area}-turn-90-mirror`,
  description: `Such a part of ${area} %, turned by 90° and mirrored.`,
  apply: (image, random) => mirrored(turned(part(image, area, random), random.chance(0.5) ? 1 : 3)),
});

const small = (side: number): LocalAttack => ({
  name: `thumbnail-${side}`,
  description: `Reduced to ${side} pixels on the longer side.`,
  apply: (image) => thumbnail(image, side),
});

const smallOf = (side: number, area: number): LocalAttack => ({
  name: `thumbnail-${side}-part-${area}`,
  description: `A part of ${area} %, reduced to ${side} pixels on the longer side.`,
  apply: (image, random) => thumbnail(part(image, area, random), side),
});

export const parts: readonly LocalAttack[] = [
  ...[50, 30, 20, 10, 5].map(plainPart),
  ...[50, 30, 20, 10].map(smallPart),
  turnedPart(50, 10),
  turnedPart(50, 30),
  mirroredPart(50),
  turnedPart(30, 10),
  turnedPart(30, 30),
  mirroredPart(30),
  small(128),
  small(96),
  smallOf(128, 50),
  smallOf(200, 20),
];
