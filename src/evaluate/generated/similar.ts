/**
 * Images that share something that many images share: the same caption, meme, logo, form, interface or collage frame
 * around something else, or a texture that repeats. What is shared depends on the kind and the seed only, the rest on
 * the number. Logos, forms, interfaces and frames have a few designs, as those of programs and publishers have.
 */
import { withBar } from "../attacks/frame.js";
import { withCaption, withLogo } from "../attacks/overlay.js";
import { inFeed, onDesktop } from "../attacks/screen.js";
import { lively, night, paper, white } from "../draw/colours.js";
import { blank, type Colour, type Image, mixed, painted, paste } from "../draw/image.js";
import { box, disc, draw, lines } from "../draw/shapes.js";
import { drawText, words } from "../draw/text.js";
import { Random } from "../random.js";
import { resized } from "../sharp.js";
import { conversation, textPage } from "./documents.js";
import { someScene } from "./scene.js";

/** What each kind of similar images shares. */
export const similarKinds = [
  "same-caption",
  "same-meme",
  "same-logo",
  "same-feed",
  "same-desktop",
  "same-banner",
  "same-collage",
  "same-form",
  "same-page",
  "same-chat",
  "bricks",
  "mesh",
  "stars",
  "faces",
] as const;
export type SimilarKind = (typeof similarKinds)[number];

/** @param shared gives the same numbers for every image of the kind, `own` others for each. */
type Maker = (shared: Random, own: Random) => Image | Promise<Image>;

/** Draws a news banner: a ticker with words, a clock and a name. */
function withBanner(image: Image, random: Random): Image {
  const onto = { ...image, data: image.data.slice() };
  const { width, height } = onto;
  const colour = lively(random);
  draw(onto, box(0, 0.82 * height, width, 0.18 * height), colour, 0.95);
  draw(onto, box(0.03 * width, 0.78 * height, 0.24 * width, 0.07 * height), white);
  const size = 0.05 * height;
  drawText(onto, words(random, 1).toUpperCase(), 0.05 * width, 0.79 * height, { size, colour: [20, 20, 24] });
  drawText(onto, words(random, 6), 0.03 * width, 0.87 * height, { size, colour: white });
  return onto;
}

/** Four frames with rounded ornaments at the corners, and other images in them. */
async function inFrames(shared: Random, own: Random): Promise<Image> {
  const onto = blank(600, 600, mixed(white, lively(shared), 0.5));
  for (let i = 0; i < 4; i++) {
    const [left, top] = [(i % 2) * 300 + 16, Math.floor(i / 2) * 300 + 16];
    paste(onto, await resized(someScene(own), 268, 268), left, top);
    for (const [x, y] of [
      [left, top],
      [left + 268, top],
      [left, top + 268],
      [left + 268, top + 268],
    ] as const) {
      draw(onto, disc(x, y, shared.between(8, 18)), lively(shared));
    }
  }
  return onto;
}

/** Draws a printed form that is filled in anew each time. */
function form(shared: Random, own: Random): Image {
  const onto = blank(560, 720, paper(shared));
  const ink: Colour = [30, 30, 36];
  drawText(onto, words(shared, 3).toUpperCase(), 40, 40, { size: 20, colour: ink });
  for (let row = 0; row < 12; row++) {
    const top = 100 + 48 * row;
    drawText(onto, words(shared, 2), 40, top, { size: 11, colour: ink });
    draw(onto, box(200, top - 6, 320, 28), ink);
    draw(onto, box(202, top - 4, 316, 24), white);
    drawText(onto, words(own, own.integer(1, 3)), 210, top, { size: 12, colour: [20, 30, 120] });
  }
  return onto;
}

/** A wall of the same bricks, each a little different. */
function bricks(shared: Random, own: Random): Image {
  const [brick, mortar] = [lively(shared), mixed(white, lively(shared), 0.2)];
  const tones = Array.from({ length: 1024 }, () => own.between(-24, 24));
  return painted(480, 360, (x, y) => {
    const row = Math.floor(y / 20);
    const at = x + (row % 2) * 24;
    if (y % 20 < 3 || at % 48 < 3) return mortar;
    const tone = tones[(row * 37 + Math.floor(at / 48)) % 1024]! + own.between(-6, 6);
    return [brick[0] + tone, brick[1] + tone, brick[2] + tone];
  });
}

/** Wire mesh before another image. */
function mesh(shared: Random, own: Random): Image {
  const onto = someScene(own, 480, 360);
  const colour = mixed(lively(shared), [90, 90, 90], 0.7);
  for (let at = -360; at < 480; at += 24) {
    draw(
      onto,
      lines(
        [
          [
            [at, 0],
            [at + 360, 360],
          ],
          [
            [at + 360, 0],
            [at, 360],
          ],
        ],
        3,
      ),
      colour,
    );
  }
  return onto;
}

/** A night sky: points of light on noise. */
function stars(_shared: Random, own: Random): Image {
  const onto = painted(480, 360, () => {
    const grain = own.between(4, 18);
    return [grain, grain, grain + 6];
  });
  for (let i = 0; i < 160; i++) {
    draw(onto, disc(own.between(0, 480), own.between(0, 360), own.between(0.8, 2.4)), [230, 230, 220]);
  }
  return onto;
}

/** Crude faces: the same ellipses with other places and colours. */
function faces(_shared: Random, own: Random): Image {
  const onto = blank(480, 360, mixed(lively(own), [120, 120, 120], 0.5));
  const [x, y, radius] = [own.between(180, 300), own.between(150, 210), own.between(90, 130)];
  draw(onto, disc(x, y, radius), mixed([225, 180, 150], lively(own), 0.2));
  for (const side of [-1, 1]) {
    draw(onto, disc(x + 0.4 * side * radius, y - 0.2 * radius, 0.15 * radius), white);
    draw(onto, disc(x + 0.4 * side * radius, y - 0.2 * radius, 0.07 * radius), [40, 30, 20]);
  }
  draw(onto, box(x - 0.4 * radius, y + 0.4 * radius, 0.8 * radius, 0.12 * radius), [170, 60, 70]);
  return onto;
}

const scene = (random: Random): Image => someScene(random, 480, 360);

const makers: Record<SimilarKind, Maker> = {
  "same-caption": (shared, own) => withBar(scene(own), "below", 0.25, shared),
  "same-meme": (shared, own) => withCaption(scene(own), "bottom", shared),
  "same-logo": (shared, own) => withLogo(scene(own), 0.2, shared),
  "same-feed": (shared, own) => inFeed(scene(own), night(shared), shared),
  "same-desktop": (shared, own) => onDesktop(scene(own), shared),
  "same-banner": (shared, own) => withBanner(scene(own), shared),
  "same-collage": inFrames,
  "same-form": form,
  // The same letters in other words.
  "same-page": (_shared, own) => textPage(own),
  "same-chat": (_shared, own) => conversation(own),
  bricks,
  mesh,
  stars,
  faces,
};

/** The kinds that share what a program or a publisher draws, of which there are few: the library ships it as benign. */
export const furnitureKinds: readonly SimilarKind[] = [
  "same-logo",
  "same-feed",
  "same-desktop",
  "same-banner",
  "same-collage",
  "same-form",
];
/** How many designs of each there are. A seed gives one of them. */
export const designs = 4;

/** Returns an image with one of the designs around or in something of its own. */
export async function withFurniture(kind: SimilarKind, design: number, own: Random): Promise<Image> {
  return makers[kind](new Random("furniture", kind, design), own);
}

/** Returns the `number`-th similar image of a kind; the same for the same seed. */
export async function similarImage(kind: SimilarKind, number: number, seed: string | number): Promise<Image> {
  const [shared, own] = [new Random(seed, "similar", kind), new Random(seed, "similar", kind, number)];
  return furnitureKinds.includes(kind)
    ? withFurniture(kind, shared.integer(0, designs - 1), own)
    : makers[kind](shared, own);
}
