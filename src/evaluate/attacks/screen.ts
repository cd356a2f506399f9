import { black, hsv, ink, lively, night, paper, white } from "../draw/colours.js";
import { blank, type Colour, mixed, painted, paste, type Image } from "../draw/image.js";
import { box, cover, disc, draw, lines, ring } from "../draw/shapes.js";
import { drawText, sentence, textWidth, words, wrapped } from "../draw/text.js";
import { someScene } from "../generated/scene.js";
import type { Random } from "../random.js";
import { resized } from "../sharp.js";
import { type SuiteAttack, family } from "./attack.js";

/** A telephone's screen; all sizes in it are shares of this width. */
const phoneWidth = 540;

/** `rows` lines of words from (left, top), no wider than `width`; gives where they end. */
function paragraph(
  onto: Image,
  at: { left: number; top: number; width: number; rows: number; size: number },
  colour: Colour,
  random: Random,
): number {
  const text = wrapped(sentence(random, 12 * at.rows), at.size, at.width).slice(0, at.rows);
  text.forEach((line, i) => drawText(onto, line, at.left, at.top + 1.9 * at.size * i, { size: at.size, colour }));
  return at.top + 1.9 * at.size * text.length;
}

/** The clock, and signs of reception and battery, in a strip at the top. */
function statusBar(onto: Image, colour: Colour, random: Random): number {
  const size = 0.024 * onto.width;
  const time = `${random.integer(0, 23)}:${String(random.integer(0, 59)).padStart(2, "0")}`;
  drawText(onto, time, 0.05 * onto.width, size, { size, colour });
  const right = 0.95 * onto.width;
  draw(onto, box(right - 2.2 * size, size, 2 * size, size, 0.2 * size), colour);
  for (let i = 0; i < 4; i++) {
    const height = (0.3 + 0.2 * i) * size;
    draw(onto, box(right - 5 * size + 0.5 * i * size, 2 * size - height, 0.35 * size, height), colour);
  }
  return 3.4 * size;
}

/** Rounded corners, as bubbles and cards have. */
function pasteRounded(onto: Image, image: Image, left: number, top: number, radius: number): void {
  const [x, y] = [Math.round(left), Math.round(top)];
  cover(onto, box(x, y, image.width, image.height, radius), 1, (u, v) => {
    const i =
      3 *
      (Math.min(image.height - 1, Math.max(0, v - y)) * image.width + Math.min(image.width - 1, Math.max(0, u - x)));
    return [image.data[i]!, image.data[i + 1]!, image.data[i + 2]!];
  });
}

function toWidth(image: Image, width: number): Promise<Image> {
  return resized(image, width, (image.height * width) / image.width);
}

/** A post in a feed: who, the image from edge to edge, signs, a caption, and what comes after it. */
export async function inFeed(image: Image, ground: Colour, random: Random): Promise<Image> {
  const width = phoneWidth;
  const shown = await toWidth(image, width);
  const colour = ink(ground);
  const onto = blank(width, Math.round(shown.height + width * random.between(0.55, 0.8)), ground);
  let top = statusBar(onto, colour, random);
  const size = 0.03 * width;
  draw(onto, disc(0.08 * width, top + 0.06 * width, 0.042 * width), lively(random));
  drawText(onto, words(random, 2), 0.15 * width, top + 0.045 * width, { size, colour });
  for (let i = 0; i < 3; i++) draw(onto, disc((0.9 + 0.02 * i) * width, top + 0.06 * width, 0.006 * width), colour);
  top += 0.12 * width;
  paste(onto, shown, 0, top);
  top = Math.round(top) + shown.height + 0.06 * width;
  for (const at of [0.07, 0.17, 0.27, 0.93]) draw(onto, ring(at * width, top, 0.028 * width, 0.007 * width), colour);
  top += 0.065 * width;
  top = paragraph(
    onto,
    { left: 0.04 * width, top, width: 0.9 * width, rows: random.integer(1, 3), size },
    colour,
    random,
  );
  if (onto.height - top > 0.18 * width) {
    draw(onto, box(0, top, width, 2), mixed(ground, colour, 0.2));
    draw(onto, disc(0.08 * width, top + 0.09 * width, 0.042 * width), lively(random));
    drawText(onto, words(random, 2), 0.15 * width, top + 0.075 * width, { size, colour });
  }
  return onto;
}

/** Draws a gallery's viewer: the whole image on black, signs above and below. */
export async function inViewer(image: Image, random: Random): Promise<Image> {
  const width = phoneWidth;
  const height = Math.round(width * random.between(1.9, 2.2));
  const scale = Math.min(width / image.width, (0.72 * height) / image.height);
  const shown = await resized(image, image.width * scale, image.height * scale);
  const ground = random.chance(0.8) ? black : paper(random);
  const colour = ink(ground);
  const onto = blank(width, height, ground);
  const top = statusBar(onto, colour, random);
  draw(
    onto,
    lines(
      [
        [
          [0.08 * width, top],
          [0.05 * width, top + 0.03 * width],
          [0.08 * width, top + 0.06 * width],
        ],
      ],
      3,
    ),
    colour,
  );
  drawText(onto, words(random, 2), 0.14 * width, top + 0.015 * width, { size: 0.03 * width, colour });
  paste(onto, shown, (width - shown.width) / 2, (height - shown.height) / 2);
  for (let i = 0; i < 4; i++) draw(onto, ring((0.14 + 0.24 * i) * width, 0.95 * height, 0.028 * width, 3), colour);
  return onto;
}

/** Draws a message in a conversation: bubbles of both sides, one with the image in it. */
export async function inChat(image: Image, random: Random): Promise<Image> {
  const width = phoneWidth;
  const dark = random.chance(0.4);
  const ground: Colour = dark ? night(random) : mixed(white, lively(random), 0.12);
  const mine = random.chance(0.5);
  const shown = await toWidth(image, width * random.between(0.62, 0.76));
  const edge = 0.012 * width;
  const onto = blank(width, Math.round(shown.height + width * random.between(0.75, 1.05)), ground);
  const bar = dark ? mixed(ground, white, 0.08) : lively(random);
  draw(onto, box(0, 0, width, 0.17 * width), bar);
  const top = statusBar(onto, ink(bar), random);
  draw(onto, disc(0.14 * width, top + 0.045 * width, 0.036 * width), lively(random));
  drawText(onto, words(random, 2), 0.21 * width, top + 0.03 * width, { size: 0.032 * width, colour: ink(bar) });
  const tints: [Colour, Colour] = [
    dark ? [52, 54, 60] : white,
    mixed(dark ? [30, 60, 90] : white, lively(random), 0.35),
  ];
  const size = 0.028 * width;
  const bubble = (y: number, own: boolean): number => {
    const text = wrapped(words(random, random.integer(3, 11)), size, 0.55 * width);
    const inner = Math.max(...text.map((line) => textWidth(line, size)));
    const left = own ? 0.93 * width - inner : 0.07 * width;
    const tall = (1.9 * text.length + 0.9) * size;
    const tint = tints[own ? 1 : 0];
    draw(onto, box(left - size, y, inner + 2 * size, tall, size), tint);
    text.forEach((line, i) => drawText(onto, line, left, y + size * (0.95 + 1.9 * i), { size, colour: ink(tint) }));
    return y + tall + 0.03 * width;
  };
  let y = bubble(0.21 * width, !mine);
  const left = mine ? width - shown.width - 0.05 * width : 0.05 * width;
  draw(
    onto,
    box(left - edge, y - edge, shown.width + 2 * edge, shown.height + 2 * edge, 3 * edge),
    tints[mine ? 1 : 0],
  );
  pasteRounded(onto, shown, left, y, random.chance(0.7) ? 2 * edge : 0);
  y += shown.height + 0.05 * width;
  for (let own = random.chance(0.5); y < onto.height - 0.25 * width; own = !own) y = bubble(y, own);
  draw(onto, box(0.03 * width, onto.height - 0.1 * width, 0.8 * width, 0.075 * width, 0.04 * width), tints[0]);
  draw(onto, disc(0.92 * width, onto.height - 0.062 * width, 0.04 * width), lively(random));
  return onto;
}

/** Draws a window on a desktop: a browser with a page around the image, or a viewer over a wallpaper. */
export async function onDesktop(image: Image, random: Random): Promise<Image> {
  const [width, height] = [1280, random.pick([720, 800])];
  const browser = random.chance(0.6);
  const onto = browser ? blank(width, height, paper(random)) : wallpaper(width, height, random);
  const area = { width: width * random.between(0.5, 0.62), height: height * random.between(0.55, 0.66) };
  const scale = Math.min(area.width / image.width, area.height / image.height);
  const shown = await resized(image, image.width * scale, image.height * scale);
  const grey: Colour = [222, 224, 230];
  if (browser) {
    draw(onto, box(0, 0, width, 44), grey);
    for (let i = 0; i < 3; i++) {
      draw(onto, box(12 + 190 * i, 8, 180, 36, 8), i === 1 ? paper(random) : mixed(grey, white, 0.3));
      drawText(onto, words(random, 2).slice(0, 15), 30 + 190 * i, 22, { size: 11, colour: ink(grey) });
    }
    draw(onto, box(90, 52, width - 250, 30, 15), mixed(white, grey, 0.5));
    drawText(onto, `${words(random, 1)}.${words(random, 1)}/${words(random, 1)}`, 112, 62, {
      size: 10,
      colour: [90, 90, 96],
    });
    const left = Math.round(width * random.between(0.08, 0.16));
    drawText(onto, sentence(random, 5), left, 108, { size: 22, colour: [30, 30, 34], weight: 0.17 });
    paste(onto, shown, left, 150);
    const below = { left, top: 166 + shown.height, width: shown.width, rows: 4, size: 12 };
    paragraph(onto, below, [60, 60, 66], random);
    const side = left + shown.width + 40;
    for (let top = 160; top < height - 80 && side < width - 150; top += 130) {
      draw(onto, box(side, top, 120, 70, 4), lively(random));
      paragraph(onto, { left: side, top: top + 80, width: width - side - 20, rows: 2, size: 11 }, [60, 60, 66], random);
    }
    return onto;
  }
  const left = Math.round(random.between(40, width - shown.width - 60));
  const top = Math.round(random.between(60, height - shown.height - 70));
  draw(onto, box(left - 6, top - 40, shown.width + 12, shown.height + 46, 8), grey);
  for (let i = 0; i < 3; i++) draw(onto, disc(left + 14 + 22 * i, top - 20, 7), hsv(8 + 55 * i, 0.7, 0.9));
  drawText(onto, words(random, 2), left + 100, top - 25, { size: 11, colour: [60, 60, 66] });
  paste(onto, shown, left, top);
  draw(onto, box(0, height - 44, width, 44), night(random), 0.85);
  for (let i = 0; i < 7; i++) draw(onto, box(20 + 46 * i, height - 36, 28, 28, 6), lively(random));
  return onto;
}

function wallpaper(width: number, height: number, random: Random): Image {
  const [from, to, glow] = [lively(random), lively(random), lively(random)];
  const [x0, y0] = [random.between(0, width), random.between(0, height)];
  return painted(width, height, (x, y) => {
    const light = Math.exp(-((x - x0) ** 2 + (y - y0) ** 2) / (0.3 * width) ** 2);
    return mixed(mixed(from, to, y / height), glow, 0.6 * light);
  });
}

export const screen: SuiteAttack[] = family("screen", [
  {
    name: "screenshot-feed-light",
    description: "A screenshot of a post in a feed on a light ground: names, signs, a caption, the next post's head.",
    apply: (image, random) => inFeed(image, paper(random), random),
  },
  {
    name: "screenshot-feed-dark",
    description: "The same on a dark ground.",
    apply: (image, random) => inFeed(image, night(random), random),
  },
  { name: "screenshot-viewer", description: "A screenshot of a gallery's viewer, mostly on black.", apply: inViewer },
  {
    name: "screenshot-chat",
    description: "A screenshot of a conversation with the image in a bubble, corners mostly rounded; light or dark.",
    apply: inChat,
  },
  {
    name: "screenshot-desktop",
    description: "A screenshot of a computer: the image on a page in a browser, or in a window over a wallpaper.",
    apply: onDesktop,
  },
]);

/** Draws a feed with other content, for images that have nothing of the originals. */
export async function otherFeed(random: Random): Promise<Image> {
  return inFeed(someScene(random), random.chance(0.5) ? paper(random) : night(random), random);
}
