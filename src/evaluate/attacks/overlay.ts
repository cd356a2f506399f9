import { black, hsv, lively, white } from "../draw/colours.js";
import { copied, cropped, paste, type Image } from "../draw/image.js";
import { box, disc, draw, lines, polygon, type Point, ring } from "../draw/shapes.js";
import { drawText, textWidth, words, wrapped } from "../draw/text.js";
import { someScene } from "../generated/scene.js";
import type { Random } from "../random.js";
import { resized } from "../sharp.js";
import { about, type SuiteAttack, family } from "./attack.js";

type FamilyAttack = Omit<SuiteAttack, "family">;

/** Top left of something `width` × `height` in a corner, a little way in. */
function corner(image: Image, width: number, height: number, random: Random): Point {
  const margin = 0.03 * Math.min(image.width, image.height);
  return [
    random.chance(0.5) ? margin : image.width - width - margin,
    random.chance(0.5) ? margin : image.height - height - margin,
  ];
}

/** A badge with two letters or a ring with one, three quarters opaque or more. */
export function withLogo(image: Image, share: number, random: Random): Image {
  const onto = copied(image);
  const side = share * Math.min(image.width, image.height) * 1.15;
  const [left, top] = corner(image, side, side, random);
  const [colour, opacity] = [lively(random), random.between(0.75, 1)];
  const [x, y] = [left + side / 2, top + side / 2];
  const letters = words(random, 1).slice(0, random.integer(1, 2)).toUpperCase();
  const size = 0.36 * side;
  if (random.chance(0.5)) {
    draw(onto, box(left, top, side, side, random.between(0.05, 0.5) * side), colour, opacity);
  } else {
    draw(onto, disc(x, y, side / 2), white, opacity);
    draw(onto, ring(x, y, 0.43 * side, 0.1 * side), colour, opacity);
  }
  drawText(onto, letters, x - textWidth(letters, size) / 2, y - size / 2, {
    size,
    colour: black,
    weight: 0.2,
    opacity,
  });
  return onto;
}

/** Draws centred capitals with an outline, as on memes. `place` is the height of their middle, from 0 (top) to 1. */
export function withCaption(image: Image, place: "top" | "bottom", random: Random): Image {
  const onto = copied(image);
  const size = image.height * random.between(0.075, 0.1);
  const text = words(random, random.integer(4, 7)).toUpperCase();
  const rows = wrapped(text, size, 0.9 * image.width).slice(0, 2);
  const pitch = 1.45 * size;
  const first = place === "top" ? 0.45 * size : image.height - rows.length * pitch;
  rows.forEach((row, i) => {
    const left = (image.width - textWidth(row, size)) / 2;
    drawText(onto, row, left, first + i * pitch, { size, colour: white, outline: black, weight: 0.17 });
  });
  return onto;
}

function face(onto: Image, x: number, y: number, radius: number, random: Random): void {
  draw(onto, disc(x, y, radius), hsv(random.between(44, 52), 0.75, 1));
  const dark = hsv(30, 0.8, 0.25);
  for (const side of [-1, 1]) draw(onto, disc(x + 0.36 * side * radius, y - 0.22 * radius, 0.13 * radius), dark);
  const bend = random.between(0.25, 0.5) * random.pick([1, 1, -1]);
  const mouth = Array.from({ length: 9 }, (_, i): Point => {
    const t = i / 4 - 1;
    return [x + 0.52 * t * radius, y + (0.42 + bend * (0.5 - t * t)) * radius];
  });
  draw(onto, lines([mouth], 0.12 * radius), dark);
}

function heart(onto: Image, x: number, y: number, radius: number): void {
  const outline = Array.from({ length: 40 }, (_, i): Point => {
    const t = (i / 40) * 2 * Math.PI;
    const across = 16 * Math.sin(t) ** 3;
    const up = 13 * Math.cos(t) - 5 * Math.cos(2 * t) - 2 * Math.cos(3 * t) - Math.cos(4 * t);
    return [x + (across / 17) * radius, y - (up / 17) * radius];
  });
  draw(onto, polygon(outline), hsv(352, 0.9, 0.92));
}

function star(onto: Image, x: number, y: number, radius: number): void {
  const outline = Array.from({ length: 10 }, (_, i): Point => {
    const far = i % 2 === 0 ? radius : 0.45 * radius;
    return [x + far * Math.sin((i * Math.PI) / 5), y - far * Math.cos((i * Math.PI) / 5)];
  });
  draw(onto, polygon(outline), hsv(48, 0.95, 1));
}

/** A face, a heart or a star, as wide as `share` of the shorter side, anywhere inside. */
export function withEmoji(onto: Image, share: number, random: Random): void {
  const radius = (share * Math.min(onto.width, onto.height)) / 2;
  const x = random.between(radius, onto.width - radius);
  const y = random.between(radius, onto.height - radius);
  const kind = random.pick(["face", "face", "heart", "star"]);
  if (kind === "face") face(onto, x, y, radius, random);
  else if (kind === "heart") heart(onto, x, y, radius);
  else star(onto, x, y, radius);
}

/** A rectangle of `share` of width and height, anywhere but at the very edge. */
function censored(image: Image, share: number, random: Random): [number, number, number, number] {
  const width = share * image.width;
  const height = share * image.height;
  const left = random.between(0.05 * image.width, 0.95 * image.width - width);
  return [left, random.between(0.05 * image.height, 0.95 * image.height - height), width, height];
}

const inset = (share: number): FamilyAttack => ({
  name: `inset-${share}`,
  description: `Another image, ${share} % as wide and high, over a corner, as a webcam or a reaction is.`,
  async apply(image, random) {
    const onto = copied(image);
    const by = about(random, share / 100);
    const small = await resized(someScene(random), by * image.width, by * image.height);
    paste(onto, small, ...corner(image, small.width, small.height, random));
    return onto;
  },
});

const logo = (share: number): FamilyAttack => ({
  name: `logo-${share}`,
  description: `A badge, ${share} % of the shorter side, in a corner; colour, letters and corner by the seed.`,
  apply: (image, random) => withLogo(image, about(random, share / 100), random),
});

export const overlay: SuiteAttack[] = family("overlay", [
  {
    name: "watermark-tiled",
    description: "A word over and over, slanting rows, 20 … 30 % opaque.",
    apply(image, random) {
      const onto = copied(image);
      const size = image.height * random.between(0.05, 0.07);
      const text = words(random, 2).toUpperCase();
      const pitch = textWidth(text, size) + 3 * size;
      const style = { size, colour: white, opacity: random.between(0.2, 0.3) };
      for (let row = 0; row * 3.2 * size < image.height; row++) {
        for (let left = ((row % 3) - 2) * 0.3 * pitch; left < image.width; left += pitch) {
          drawText(onto, text, left, row * 3.2 * size, style);
        }
      }
      return onto;
    },
  },
  logo(15),
  logo(25),
  {
    name: "text-below",
    description: "White capitals with a black outline over the lower part, 4 … 7 words.",
    apply: (image, random) => withCaption(image, "bottom", random),
  },
  {
    name: "text-above-and-below",
    description: "The same over the upper and the lower part.",
    apply: (image, random) => withCaption(withCaption(image, "top", random), "bottom", random),
  },
  {
    name: "emoji-35",
    description: "A face, heart or star of 35 % of the shorter side, anywhere.",
    apply(image, random) {
      const onto = copied(image);
      withEmoji(onto, about(random, 0.35), random);
      return onto;
    },
  },
  {
    name: "emoji-four-15",
    description: "Four of 15 % each.",
    apply(image, random) {
      const onto = copied(image);
      for (let i = 0; i < 4; i++) withEmoji(onto, about(random, 0.15), random);
      return onto;
    },
  },
  {
    name: "box-25",
    description: "A black or coloured box over 25 % of width and height, anywhere.",
    apply(image, random) {
      const onto = copied(image);
      const colour = random.chance(0.7) ? black : lively(random);
      draw(onto, box(...censored(image, about(random, 0.25), random)), colour);
      return onto;
    },
  },
  {
    name: "pixelated-25",
    description: "Squares of 10 … 16 to a side over 25 % of width and height, anywhere.",
    async apply(image, random) {
      const onto = copied(image);
      const [left, top, width, height] = censored(image, about(random, 0.25), random).map(Math.round) as [
        number,
        number,
        number,
        number,
      ];
      const cells = random.integer(10, 16);
      const coarse = await resized(cropped(image, left, top, width, height), cells, cells);
      for (let y = Math.max(0, top); y < Math.min(image.height, top + height); y++) {
        for (let x = Math.max(0, left); x < Math.min(image.width, left + width); x++) {
          const cell = Math.floor(((y - top) / height) * cells) * cells + Math.floor(((x - left) / width) * cells);
          onto.data.set(coarse.data.subarray(3 * cell, 3 * cell + 3), 3 * (y * image.width + x));
        }
      }
      return onto;
    },
  },
  inset(25),
  inset(35),
]);
