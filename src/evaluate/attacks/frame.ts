import { black, ink, lively, night, paper, white } from "../draw/colours.js";
import { type Colour, framed, mixed, painted, paste, type Image } from "../draw/image.js";
import { drawText, textWidth, words, wrapped } from "../draw/text.js";
import type { Random } from "../random.js";
import { blurred, resized } from "../sharp.js";
import { about, type SuiteAttack, family } from "./attack.js";

type FamilyAttack = Omit<SuiteAttack, "family">;

/** `share` of the longer side, on all four. */
function bordered(image: Image, share: number, colour: Colour): Image {
  const width = Math.max(1, share * Math.max(image.width, image.height));
  return framed(image, { left: width, top: width, right: width, bottom: width }, colour);
}

function border(kind: string, share: number, colourOf: (random: Random) => Colour): FamilyAttack {
  return {
    name: `border-${kind}-${share}`,
    description: `A ${kind === "colour" ? "coloured" : kind} border all round, ${share} % of the longer side wide.`,
    apply: (image, random) => bordered(image, about(random, share / 100), colourOf(random)),
  };
}

/** The image in the middle of a ground that `groundOf` paints. */
function onGround(image: Image, share: number, groundOf: (width: number, height: number) => Image): Image {
  const margin = Math.round(share * Math.max(image.width, image.height));
  const ground = groundOf(image.width + 2 * margin, image.height + 2 * margin);
  paste(ground, image, margin, margin);
  return ground;
}

/** Wood, fabric or paper: one colour with stripes or grain. */
function texture(width: number, height: number, random: Random): Image {
  const [one, other] = [lively(random), lively(random)];
  const [fx, fy] = [random.between(0.02, 0.5), random.between(0.02, 0.5)];
  const grain = random.between(0.05, 0.15);
  return painted(width, height, (x, y) => {
    const wave = 0.5 + 0.25 * Math.sin(fx * x + 2 * Math.sin(fy * y)) + 0.25 * Math.sin(fy * y);
    return mixed(one, other, 0.35 * wave + grain * (random.next() - 0.5));
  });
}

/** A bar outside of the image, with a line or two of text in it, as captions of posts are. */
export function withBar(image: Image, place: "above" | "below", share: number, random: Random): Image {
  const height = Math.round(share * image.height);
  const ground = random.chance(0.6) ? paper(random) : night(random);
  const top = place === "above" ? height : 0;
  const onto = framed(image, { top, bottom: height - top }, ground);
  const rows = share > 0.15 ? 2 : 1;
  const size = (height * random.between(0.4, 0.5)) / (1.4 * rows - 0.4);
  const text = wrapped(words(random, 14), size, 0.92 * image.width).slice(0, rows);
  const first = (place === "above" ? 0 : image.height) + (height - (1.4 * text.length - 0.4) * size) / 2;
  const left = 0.04 * image.width;
  const centred = random.chance(0.5);
  text.forEach((line, i) => {
    const at = centred ? (image.width - textWidth(line, size)) / 2 : left;
    drawText(onto, line, at, first + 1.4 * size * i, { size, colour: ink(ground), weight: 0.15 });
  });
  return onto;
}

const bar = (place: "above" | "below", share: number): FamilyAttack => ({
  name: `caption-bar-${place}-${share}`,
  description: `A bar with text ${place} the image, ${share} % of its height; dark or light by the seed.`,
  apply: (image, random) => withBar(image, place, about(random, share / 100), random),
});

/** Returns the smallest size of that ratio in which the image fits unscaled. */
function around({ width, height }: Image, ratio: number): [number, number] {
  return [Math.round(Math.max(width, height * ratio)), Math.round(Math.max(height, width / ratio))];
}

function fit(name: string, ratio: number): FamilyAttack {
  return {
    name: `fit-${name}-black`,
    description: `Centred on black, ${name.replace("x", ":")}.`,
    apply(image) {
      const [width, height] = around(image, ratio);
      const left = (width - image.width) >> 1;
      const top = (height - image.height) >> 1;
      return framed(
        image,
        { left, top, right: width - image.width - left, bottom: height - image.height - top },
        black,
      );
    },
  };
}

export const frame: SuiteAttack[] = family("frame", [
  border("white", 2, () => white),
  border("black", 2, () => black),
  border("white", 5, () => white),
  border("colour", 5, lively),
  border("black", 10, () => black),
  border("colour", 10, lively),
  border("white", 20, () => white),
  {
    name: "border-textured-10",
    description: "A border of wavy, grainy stripes, 10 % of the longer side wide.",
    apply: (image, random) => onGround(image, about(random, 0.1), (width, height) => texture(width, height, random)),
  },
  {
    name: "border-gradient-10",
    description: "A border that runs from one colour to another, 10 % of the longer side wide.",
    apply(image, random) {
      const [from, to] = [lively(random), lively(random)];
      const down = random.chance(0.5);
      return onGround(image, about(random, 0.1), (width, height) =>
        painted(width, height, (x, y) => mixed(from, to, down ? y / height : (x + y) / (width + height))),
      );
    },
  },
  bar("above", 10),
  bar("below", 10),
  bar("above", 20),
  bar("below", 30),
  fit("9x16", 9 / 16),
  fit("16x9", 16 / 9),
  fit("1x1", 1),
  {
    name: "fit-9x16-blurred",
    description: "Centred, 9:16, on itself: enlarged, blurred and darker.",
    async apply(image, random) {
      const [width, height] = around(image, 9 / 16);
      const scale = Math.max(width / image.width, height / image.height);
      // Blurred small and enlarged: a blur this wide is the same, and far cheaper.
      const small = await resized(image, (image.width * scale) / 8, (image.height * scale) / 8);
      const soft = await blurred(small, (random.between(0.015, 0.035) * height) / 8);
      const large = await resized(soft, image.width * scale, image.height * scale);
      const light = random.between(0.6, 1);
      const ground = painted(width, height, (x, y) => {
        const u = Math.min(large.width - 1, x + ((large.width - width) >> 1));
        const v = Math.min(large.height - 1, y + ((large.height - height) >> 1));
        const i = 3 * (v * large.width + u);
        return [large.data[i]! * light, large.data[i + 1]! * light, large.data[i + 2]! * light];
      });
      paste(ground, image, (width - image.width) >> 1, (height - image.height) >> 1);
      return ground;
    },
  },
]);
