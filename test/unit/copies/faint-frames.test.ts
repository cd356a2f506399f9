/** Frames of the colour that the image has at its own edges, or nearly: the trimming must not eat into the image. */
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { HashIndex, hashPixelsSync, type IndexMatch } from "../../../dist/index.js";
import { at, fromEach, type Rgb, scene } from "../../support/image/altered.ts";
import { random } from "../../support/hashes.ts";
import { rounds } from "../../support/long.ts";

type Colour = [number, number, number];

/** How far the edges of an image are from the frame's level. */
interface Ground {
  /** Level of the frame, 0 or 255. */
  frame: number;
  /** Level of the image's own edge at (x, y). */
  edge: () => number;
}

function noisy(frame: number, seed: number): Ground {
  const next = random(seed);
  const sign = frame === 0 ? 1 : -1;
  return { frame, edge: () => frame + sign * (4 + (next() % 5)) };
}

/** A scene that fades into the ground, an eighth of the way in from each side. */
function fading(seed: number, width: number, height: number, { edge }: Ground): Rgb {
  const sample = at(scene(seed, width, height));
  return fromEach(width, height, (x, y) => {
    const depth = Math.min(x / width, y / height, 1 - x / width, 1 - y / height);
    const share = Math.min(1, Math.max(0, (depth - 0.12) / 0.1));
    const own = edge();
    return sample(x, y).map((value) => own + share * (value - own)) as Colour;
  });
}

interface Edges {
  left?: number;
  top?: number;
  right?: number;
  bottom?: number;
}

function framed(image: Rgb, { left = 0, top = 0, right = 0, bottom = 0 }: Edges, level: number): Rgb {
  const sample = at(image);
  return fromEach(image.width + left + right, image.height + top + bottom, (x, y) =>
    x >= left && y >= top && x < left + image.width && y < top + image.height
      ? sample(x - left, y - top)
      : [level, level, level],
  );
}

/** Dark or light dashes in two lines, as text is. */
function withText(image: Rgb, top: number, level: number): Rgb {
  const sample = at(image);
  return fromEach(image.width, image.height, (x, y) => {
    const row = y - top;
    const inLine = (row >= 0 && row < 9) || (row >= 18 && row < 27);
    const isInk = inLine && x > 30 && x < 0.8 * image.width && (Math.floor(x / 3) * 7 + Math.floor(row / 9)) % 5 < 2;
    return isInk ? [level, level, level] : sample(x, y);
  });
}

function jpegOf({ data, width, height }: Rgb, quality: number): Promise<Buffer> {
  return sharp(data, { raw: { width, height, channels: 3 } })
    .jpeg({ quality })
    .toBuffer();
}

/** The match of the one known image, and how far its region is from the truth, in pixels. */
async function search(known: Rgb, upload: Rgb, { left = 0, top = 0 }: Edges, quality: number): Promise<number> {
  using index = new HashIndex();
  index.add(1, hashPixelsSync(known).hash);
  const { matches } = await index.searchImage(await jpegOf(upload, quality), { level: "standard" });
  expect(matches).toMatchObject([{ id: 1, tier: "match" }]);
  const region = (matches[0] as IndexMatch).region!;
  const [x0, y0] = region[0]!;
  const [x1, y1] = region[2]!;
  const errors = [
    x0 * upload.width - left,
    y0 * upload.height - top,
    x1 * upload.width - left - known.width,
    y1 * upload.height - top - known.height,
  ];
  return Math.max(...errors.map(Math.abs));
}

const shapes = (
  [
    ["a border", { left: 60, top: 60, right: 60, bottom: 60 }],
    ["bars of unequal height", { top: 41, bottom: 97 }],
    ["bars above and below", { top: 70, bottom: 70 }],
    ["bars left and right", { left: 90, right: 90 }],
    ["a bar above", { top: 83 }],
  ] satisfies [string, Edges][]
).slice(0, rounds(2, 5));

describe.each([
  ["black", 0],
  ["white", 255],
])("in a %s frame, an image whose own edges are 4 to 8 levels off it", (_, frame) => {
  test.each(shapes)("is found to two pixels in %s", async (_shape, edges) => {
    const image = fading(3, 480, 360, noisy(frame, 7));
    expect(await search(image, framed(image, edges, frame), edges, 90)).toBeLessThan(2);
  });

  test.each(shapes)("is found in %s that was compressed again", async (_shape, edges) => {
    const image = fading(4, 480, 360, noisy(frame, 8));
    expect(await search(image, framed(image, edges, frame), edges, 60)).toBeLessThan(12);
  });

  test("is found below a caption", async () => {
    const image = fading(5, 480, 360, noisy(frame, 9));
    const upload = withText(framed(image, { top: 80 }, frame), 26, 255 - frame);
    expect(await search(image, upload, { top: 80 }, 90)).toBeLessThan(2);
  });
});

describe("an image whose own edges have exactly the frame's colour", () => {
  const ground = (frame: number): Ground => ({ frame, edge: () => frame });

  test.each([
    ["4:3", 480, 360],
    ["3:2", 480, 320],
    ["1:1", 400, 400],
    ["16:9", 480, 270],
  ])("is found between bars by its usual shape, %s", async (_, width, height) => {
    const image = fading(6, width, height, ground(255));
    const edges = { top: 55, bottom: 55 };
    expect(await search(image, framed(image, edges, 255), edges, 90)).toBeLessThan(12);
  });

  test("is found in a border by the equal width of its sides", async () => {
    const image = fading(7, 470, 350, ground(0));
    const edges = { left: 64, top: 64, right: 64, bottom: 64 };
    expect(await search(image, framed(image, edges, 0), edges, 90)).toBeLessThan(12);
  });
});

test("a flat drawing is found in a frame, and another drawing is not", async () => {
  const bars = (heights: number[]): Rgb =>
    fromEach(480, 360, (x, y) => {
      const height = heights[Math.floor(x / 60)];
      const isBar = height !== undefined && x % 60 > 44 && y > 330 - height && y < 330;
      return isBar ? [20, 40, 160] : [255, 255, 255];
    });
  const drawing = bars([80, 300, 150, 240, 40, 200, 120, 280]);
  const other = bars([250, 60, 290, 100, 220, 30, 260, 90]);
  using index = new HashIndex();
  index.add(1, hashPixelsSync(drawing).hash);
  const edges = { left: 60, top: 60, right: 60, bottom: 60 };
  const { matches, flat } = await index.searchImage(framed(drawing, edges, 0), { level: "standard" });
  expect({ flat, matches }).toMatchObject({ flat: false, matches: [{ id: 1, tier: "match" }] });
  expect((await index.searchImage(framed(other, edges, 0), { level: "standard" })).matches).toEqual([]);
});

test("a message's image of the bubble's own colour is found on its ground", async () => {
  const image = fading(8, 360, 300, noisy(255, 10));
  const sample = at(image);
  const upload = fromEach(540, 760, (x, y) => {
    if (y < 80) return [140, 30, 90];
    if (x >= 27 && x < 387 && y >= 200 && y < 500) return sample(x - 27, y - 200);
    if (x >= 21 && x < 393 && y >= 194 && y < 506) return [255, 255, 255];
    if (x >= 300 && x < 510 && y >= 120 && y < 170)
      return (x + y) % 7 < 2 && y % 20 < 10 ? [40, 40, 40] : [200, 220, 250];
    if (x >= 40 && x < 300 && y >= 560 && y < 620)
      return (x * 3 + y) % 7 < 2 && y % 20 < 10 ? [40, 40, 40] : [255, 255, 255];
    return [226, 232, 238];
  });
  expect(await search(image, upload, { left: 27, top: 200 }, 90)).toBeLessThan(8);
});
