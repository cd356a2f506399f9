/** Where the content of a framed image is found, side by side with where it was put. */
import { describe, expect, test } from "vitest";
import { HashIndex, hashPixelsSync } from "../../../dist/index.js";
import { rounds } from "../../support/long.ts";
import { at, fromEach, type Rgb, scene } from "../../support/image/altered.ts";

/** Pixels of the frame: left, top, right, bottom. */
type Edges = readonly [left: number, top: number, right: number, bottom: number];

function framed(image: Rgb, [left, top, right, bottom]: Edges, tone: number): Rgb {
  const sample = at(image);
  const isInside = (x: number, y: number): boolean =>
    x >= left && y >= top && x < left + image.width && y < top + image.height;
  return fromEach(image.width + left + right, image.height + top + bottom, (x, y) =>
    isInside(x, y) ? sample(x - left, y - top) : [tone, tone, tone],
  );
}

/** How many pixels each side of the region is off. */
async function errors(image: Rgb, edges: Edges, tone: number): Promise<number[]> {
  using index = new HashIndex();
  index.add(1, hashPixelsSync(image).hash);
  const upload = framed(image, edges, tone);
  const { matches } = await index.searchImage(upload, { level: "standard", all: true });
  expect(matches).toMatchObject([{ id: 1, tier: "match", view: "trimmed" }]);
  const [[x0, y0], , [x1, y1]] = matches[0]!.region as unknown as [[number, number], unknown, [number, number]];
  const [left, top] = edges;
  return [
    x0 * upload.width - left,
    y0 * upload.height - top,
    x1 * upload.width - left - image.width,
    y1 * upload.height - top - image.height,
  ].map(Math.abs);
}

const all: Edges[] = [
  [41, 53, 67, 75],
  [61, 0, 0, 0],
  [0, 61, 0, 0],
  [0, 0, 61, 0],
  [0, 0, 0, 61],
];
// The first has every side.
const frames = all.slice(0, rounds(1, all.length));

describe.each([
  ["dark", 18],
  ["light", 250],
])("in a %s frame", (_, tone) => {
  test.each(frames)("of %i, %i, %i and %i pixels, every side is found exactly in a small image", async (...edges) => {
    for (const error of await errors(scene(5, 900, 700), edges, tone)) expect(error).toBeLessThan(0.02);
  });

  test.each(frames)("of %i, %i, %i and %i pixels, every side is found to a pixel in a larger one", async (...edges) => {
    for (const error of await errors(scene(5, 1000, 640), edges, tone)) expect(error).toBeLessThan(0.75);
  });
});
