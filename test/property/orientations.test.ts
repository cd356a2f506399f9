/** The hashes of the eight orientations against hashing pixels that really are rotated and mirrored. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Orientation, orientationNames, hashDistance, hashPixelsSync } from "../../dist/index.js";
import { makeInput } from "../../fixtures/kat/inputs.mjs";
import { rounds } from "../support/long.ts";

interface Image {
  width: number;
  height: number;
  data: Uint8Array;
}

/** Where pixel (x, y) of the turned image comes from, for a source of the given sides. */
type Source = (x: number, y: number, width: number, height: number) => [x: number, y: number];

/** Plain geometry, independent of the coefficients' signs. rot90 is counter-clockwise. */
const turns: Record<Orientation, { swaps: boolean; from: Source }> = {
  orig: { swaps: false, from: (x, y) => [x, y] },
  rot90: { swaps: true, from: (x, y, w) => [w - 1 - y, x] },
  rot180: { swaps: false, from: (x, y, w, h) => [w - 1 - x, h - 1 - y] },
  rot270: { swaps: true, from: (x, y, _, h) => [y, h - 1 - x] },
  flipX: { swaps: false, from: (x, y, _, h) => [x, h - 1 - y] },
  flipY: { swaps: false, from: (x, y, w) => [w - 1 - x, y] },
  flipPlus1: { swaps: true, from: (x, y) => [y, x] },
  flipMinus1: { swaps: true, from: (x, y, w, h) => [w - 1 - y, h - 1 - x] },
};

function turn({ data, width, height }: Image, orientation: Orientation): Image {
  const { swaps, from } = turns[orientation];
  const [w, h] = swaps ? [height, width] : [width, height];
  const out = new Uint8Array(data.length);
  for (let y = 0; y < h; y++) {
    for (let x = 0; x < w; x++) {
      const [sx, sy] = from(x, y, width, height);
      out[y * w + x] = data[sy * width + sx]!;
    }
  }
  return { data: out, width: w, height: h };
}

/** a, then b, as one orientation: what the pixels of a 2×3 image say. */
function compose(a: Orientation, b: Orientation): Orientation {
  const small = { data: Uint8Array.of(1, 2, 3, 4, 5, 6), width: 2, height: 3 };
  const both = turn(turn(small, a), b);
  const same = orientationNames.find((one) => {
    const once = turn(small, one);
    return once.width === both.width && once.data.every((value, i) => value === both.data[i]);
  });
  if (same === undefined) throw new Error("the eight are a group");
  return same;
}

const hash = (image: Image): ReturnType<typeof hashPixelsSync> =>
  hashPixelsSync({ ...image, channels: 1 }, { orientations: true });

/** A textured image from few numbers, so that a counterexample can be read. */
interface Recipe {
  gen: "scene" | "waves";
  seed: number;
  width: number;
  height: number;
}

function draw({ gen, seed, width, height }: Recipe): Image {
  const args = gen === "waves" ? { seed, n: 14, noise: 2 } : { seed, m: 14 };
  return { width, height, data: makeInput({ width, height, channels: 1, planes: [{ gen, args }] }) };
}

const recipes = (side: fc.Arbitrary<number>): fc.Arbitrary<Recipe> =>
  fc.record({
    gen: fc.constantFrom("scene" as const, "waves" as const),
    seed: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
    width: side,
    height: side,
  });

/**
 * 64 times an odd number, with a filter of odd width: filter and sampling are symmetrical, turning changes no sum but
 * in rounding.
 */
const symmetrical = recipes(fc.constantFrom(320, 576));
const any = recipes(fc.integer({ min: 300, max: 700 }));
const rotations = orientationNames.slice(1);

describe("hashes of the eight orientations", () => {
  it.each(rotations)("%s is the hash of pixels turned so, where the filter is symmetrical", (orientation) => {
    fc.assert(
      fc.property(symmetrical, (recipe) => {
        const image = draw(recipe);
        const computed = hash(image).orientations!;
        const real = hash(turn(image, orientation));
        // Two coefficients beside the median may change places in rounding.
        expect(hashDistance(computed[orientation], real.hash)).toBeLessThanOrEqual(2);
        expect(hashDistance(computed.orig, real.hash)).toBeGreaterThan(60);
      }),
      { numRuns: rounds(4, 12), seed: 20 },
    );
  });

  it("are within the usual radius of the hash of turned pixels at any size", () => {
    fc.assert(
      fc.property(any, fc.constantFrom(...rotations), (recipe, orientation) => {
        const image = draw(recipe);
        expect(
          hashDistance(hash(image).orientations![orientation], hash(turn(image, orientation)).hash),
        ).toBeLessThanOrEqual(31);
      }),
      { numRuns: rounds(15, 40), seed: 21 },
    );
  });

  it("form a group: a rotated image has the same eight hashes in another order", () => {
    fc.assert(
      fc.property(symmetrical, fc.constantFrom(...orientationNames), (recipe, first) => {
        const image = draw(recipe);
        const before = hash(image).orientations!;
        const after = hash(turn(image, first)).orientations!;
        for (const second of orientationNames) {
          expect(hashDistance(after[second], before[compose(first, second)])).toBeLessThanOrEqual(2);
        }
      }),
      { numRuns: rounds(8, 24), seed: 22 },
    );
  });

  it("orig is the hash itself, but for 64×64, where the reference has two computations", () => {
    fc.assert(
      fc.property(any, (recipe) => {
        const { hash: plain, orientations } = hash(draw(recipe));
        expect(orientations!.orig).toBe(plain);
      }),
      { numRuns: rounds(8, 20), seed: 23 },
    );
  });
});
