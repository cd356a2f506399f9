/** Things over an image: stickers, words, paint, another image. */
import { black, lively, white } from "../../draw/colours.js";
import { copied, type Image, paste } from "../../draw/image.js";
import { draw, lines, type Point } from "../../draw/shapes.js";
import { drawText, textWidth, words } from "../../draw/text.js";
import { someScene } from "../../generated/scene.js";
import type { Random } from "../../random.js";
import { resized } from "../../sharp.js";
import { withBar } from "../frame.js";
import { withCaption, withEmoji } from "../overlay.js";
import type { LocalAttack } from "./local-attack.js";

/** Returns the share of pixels that differ from the image as it was. */
function covered(before: Image, after: Image): number {
  let changed = 0;
  for (let i = 0; i < before.data.length; i += 3) {
    const same = [0, 1, 2].every((c) => before.data[i + c] === after.data[i + c]);
    if (!same) changed++;
  }
  return (3 * changed) / before.data.length;
}

/** Stickers until they cover a share of the image. */
export function withStickers(image: Image, share: number, random: Random): Image {
  const onto = copied(image);
  for (let i = 0; i < 200 && covered(image, onto) < share; i++) withEmoji(onto, random.between(0.15, 0.35), random);
  return onto;
}

const stickers = (share: number): LocalAttack => ({
  name: `stickers-${share}`,
  description: `Faces, hearts and stars over ${share} % of the image.`,
  apply: (image, random) => withStickers(image, share / 100, random),
});

/** Rows of words from top to bottom. */
function withTextAllOver(image: Image, random: Random): Image {
  const onto = copied(image);
  const size = image.height * random.between(0.035, 0.05);
  for (let top = 0.4 * size; top < image.height; top += 1.6 * size) {
    let row = words(random, 3);
    while (textWidth(row, size) < image.width) row += ` ${words(random, 2)}`;
    drawText(onto, row, random.between(-2, 0) * size, top, { size, colour: white, outline: black, weight: 0.17 });
  }
  return onto;
}

/** Broad strokes of a brush until they cover a share of the image. */
function painted(image: Image, share: number, random: Random): Image {
  const onto = copied(image);
  for (let i = 0; i < 60 && covered(image, onto) < share; i++) {
    let at: Point = [random.between(0, image.width), random.between(0, image.height)];
    const stroke = [at];
    for (let step = 0; step < 6; step++) {
      at = [at[0] + random.between(-0.25, 0.25) * image.width, at[1] + random.between(-0.25, 0.25) * image.height];
      stroke.push(at);
    }
    draw(onto, lines([stroke], 0.04 * Math.min(image.width, image.height)), lively(random));
  }
  return onto;
}

export const marks: readonly LocalAttack[] = [
  stickers(30),
  stickers(40),
  stickers(50),
  {
    name: "meme",
    description: "A bar with text above and one below, and capitals over the lower part.",
    apply: (image, random) =>
      withBar(
        withBar(withCaption(image, "bottom", random), "above", random.between(0.15, 0.25), random),
        "below",
        random.between(0.15, 0.25),
        random,
      ),
  },
  {
    name: "text-all-over",
    description: "Rows of outlined words from top to bottom, 3.5 … 5 % of the height each.",
    apply: withTextAllOver,
  },
  {
    name: "image-over-40",
    description: "Another image over 40 % of the area, anywhere.",
    async apply(image, random) {
      const onto = copied(image);
      const by = Math.sqrt(0.4);
      const other = await resized(someScene(random), by * image.width, by * image.height);
      paste(onto, other, random.between(0, image.width - other.width), random.between(0, image.height - other.height));
      return onto;
    },
  },
  {
    name: "paint-30",
    description: "Broad strokes of a brush over 30 % of the image.",
    apply: (image, random) => painted(image, 0.3, random),
  },
];
