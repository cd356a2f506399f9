/** How far each view is looked up, at each level, and how many of a kind go as far as an alignment reaches. */
import { describe, expect, test } from "vitest";
import {
  evenFrom,
  poorViewRadius,
  searchRadius,
  tableRadius,
  viewRadius,
  weakRadius,
} from "../../../dist/copies/radii.js";
import { searchCopies } from "../../../dist/copies/search-copies.js";
import { leastViewQuality, matchRadius, reviewRadius } from "../../../dist/thresholds.js";

type View = Parameters<ReturnType<typeof searchRadius>>[0];
const view = (name: View["name"], more: Partial<View> = {}): View => ({
  hash: new Uint8Array(32),
  name,
  orientation: "orig",
  quality: 100,
  stable: true,
  view: undefined,
  ...more,
});

describe.each(["standard", "thorough"] as const)("at %s", (level) => {
  test("a view of low quality or of one colour is looked up to 24 bits, but never the image itself", () => {
    const radius = searchRadius(level, false);
    for (const poor of [{ quality: leastViewQuality - 1 }, { flat: true }]) {
      expect(radius(view("rectangle", poor))).toBe(poorViewRadius);
      expect(radius(view("original", poor))).toBeGreaterThan(poorViewRadius);
      expect(radius(view("turned", poor))).toBeGreaterThan(poorViewRadius);
    }
    expect(radius(view("rectangle", { quality: leastViewQuality }))).toBeGreaterThan(poorViewRadius);
  });

  test("the views of a flat image are looked up as far as a match reaches", () => {
    const radius = searchRadius(level, true);
    for (const name of ["original", "rectangle", "half"] as const) expect(radius(view(name))).toBe(matchRadius);
  });
});

test("at standard, halves and mirrored views go less far, and the image itself as far as a review", () => {
  const radius = searchRadius("standard", false);
  const halves = radius(view("half"));
  expect(halves).toBeLessThan(viewRadius);
  expect(halves).toBeGreaterThan(matchRadius);
  expect(radius(view("rectangle", { orientation: "flipY" }))).toBe(halves);
  expect(radius(view("half", { orientation: "flipY" }))).toBe(halves);
  expect(radius(view("turned", { orientation: "flipY" }))).toBe(viewRadius);
  expect(radius(view("rectangle"))).toBe(viewRadius);
  expect(radius(view("original"))).toBe(reviewRadius);
});

test("at thorough, the first two rectangles and the image itself go farthest, and the rest as far as the tables reach", () => {
  const radius = searchRadius("thorough", false);
  expect([1, 2, 3].map(() => radius(view("rectangle")))).toEqual([weakRadius, weakRadius, tableRadius]);
  expect([1, 2].map(() => radius(view("original")))).toEqual([weakRadius, tableRadius]);
  expect([1, 2].map(() => radius(view("turned", { orientation: "flipY" })))).toEqual([weakRadius, tableRadius]);
  expect(radius(view("turned"))).toBe(viewRadius);
  expect(radius(view("half"))).toBe(viewRadius);
  // Another search begins with all of them.
  expect(searchRadius("thorough", false)(view("rectangle"))).toBe(weakRadius);
});

test("a view confirms an aligned one only in images without large even areas", async () => {
  const confirms = async (flatness: number): Promise<boolean> => {
    const image = {
      original: view("original"),
      hasMore: true,
      image: async () => ({ flatness }),
      stage: async () => [],
      resized: async () => [],
    } as unknown as Parameters<typeof searchCopies>[0];
    const index = {
      searchMany: async (queries: Uint8Array) => Array.from({ length: queries.length / 32 }, () => []),
      get: () => undefined,
    };
    const options = { level: "standard", radius: matchRadius, signal: undefined, isDecided: () => false } as const;
    return (await searchCopies(image, index, options)).candidates.confirms;
  };
  expect([await confirms(0), await confirms(evenFrom - 0.01), await confirms(evenFrom)]).toEqual([true, true, false]);
});
