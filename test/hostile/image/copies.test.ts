import { describe, expect, test } from "vitest";
import { type CopyLevel, HashIndex, hashPixelsSync, hashWithCrops, type RawPixels } from "../../../dist/index.js";
import { random, randomHashes } from "../../support/hashes.ts";

const levels: readonly CopyLevel[] = ["fast", "standard", "thorough"];
const next = random(11);
const draw = (): number => next() / 2 ** 32;

function makeImage(
  width: number,
  height: number,
  channels: 1 | 3 | 4,
  at: (x: number, y: number) => number[],
): RawPixels {
  const data = new Uint8Array(width * height * channels);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) data.set(at(x, y).slice(0, channels), (y * width + x) * channels);
  return { data, width, height, channels };
}
const grey = (value: number): number[] => [value, value, value, 255];
const noise = (): number[] => [256 * draw(), 256 * draw(), 256 * draw(), 256 * draw()];

const images: [string, RawPixels][] = [
  ["5×5", makeImage(5, 5, 3, noise)],
  ["1×1", makeImage(1, 1, 3, noise)],
  ["4×300", makeImage(4, 300, 1, noise)],
  ["a strip of 10,000×40", makeImage(10_000, 40, 3, (x, y) => grey((x * 7 + y * 13) & 255))],
  ["a strip of 40×10,000", makeImage(40, 10_000, 1, noise)],
  ["all black", makeImage(700, 500, 3, () => grey(0))],
  ["all border, one pixel of content", makeImage(700, 500, 3, (x, y) => grey(x === 350 && y === 250 ? 255 : 0))],
  ["transparent noise", makeImage(400, 300, 4, () => [...noise().slice(0, 3), 0])],
  ["a checkerboard of pixels", makeImage(600, 600, 1, (x, y) => grey(255 * ((x + y) & 1)))],
  ["noise", makeImage(1000, 1000, 3, noise)],
  ["stripes", makeImage(800, 600, 3, (x) => grey(255 * ((x >> 3) & 1)))],
  [
    "a hundred rectangles in each other",
    makeImage(1000, 1000, 3, (x, y) => grey(64 + 128 * (Math.min(x, y, 999 - x, 999 - y) & 4 ? 1 : 0))),
  ],
  [
    "a thousand cards on white, which look like images in an interface",
    makeImage(1200, 1200, 3, (x, y) => (x % 38 < 30 && y % 38 < 30 ? noise() : grey(255))),
  ],
];

/** Of everything together, whatever the image; at most six alignments. */
const mostHashes = { fast: 8, standard: 80 + 1, thorough: 80 + 42 + 6 };

describe("images made to cost much, or to be nothing", () => {
  test.each(images)("%s", async (_, pixels) => {
    using index = new HashIndex();
    index.addManySync(
      Array.from({ length: 500 }, (_, i) => i),
      randomHashes(500, 4),
    );
    for (const level of levels) {
      const result = await index.searchImage(pixels, { level, all: true });
      expect(result.matches).toEqual([]);
      const hashes = result.stages.reduce((sum, stage) => sum + stage.hashes, 0);
      expect(hashes).toBeLessThanOrEqual(mostHashes[level]);
      const { quality, stable, hash } = hashPixelsSync(pixels);
      expect(result).toMatchObject({ quality, hash });
      // The plain hash is always the first that is searched, if it may be.
      expect(result.stages.some(({ name }) => name === "plain")).toBe(quality >= 50 && stable);
      if (quality >= 50 && stable) expect(result.stages[0]!.name).toBe("plain");
    }
    const { hash, quality, stable } = hashPixelsSync(pixels);
    const flip = (bits: number): string =>
      (BigInt(`0x${hash}`) ^ ((1n << BigInt(bits)) - 1n)).toString(16).padStart(64, "0");
    using near = new HashIndex();
    near.addManySync([31, 32], [flip(31), flip(32)]);
    const { matches } = await near.searchImage(pixels);
    const original = matches.filter(({ orientation }) => orientation === "orig");
    expect(original.map(({ distance }) => distance)).toEqual(quality >= 50 && stable ? [31] : []);
    const { crops } = await hashWithCrops(pixels, { level: "thorough" });
    expect(crops.length).toBeLessThanOrEqual(60);
  });

  test("a list that has the same hash ten thousand times, and hashes all around the query", async () => {
    const pixels = makeImage(300, 300, 3, (x, y) => grey((Math.sin(x / 9) + Math.cos((x * y) / 900)) * 60 + 128));
    const { hash } = hashPixelsSync(pixels);
    const own = Buffer.from(hash, "hex");
    using index = new HashIndex();
    const hashes = new Uint8Array(32 * 20_000);
    for (let i = 0; i < 20_000; i++) {
      hashes.set(own, 32 * i);
      if (i % 2 === 1) for (let bit = 0; bit < 60; bit++) hashes[32 * i + ((i * 7 + bit * 11) % 32)]! ^= 1 << (bit % 8);
    }
    await index.addMany(
      Array.from({ length: 20_000 }, (_, i) => i),
      hashes,
    );
    const { tier, matches, stages } = await index.searchImage(pixels, { level: "thorough", all: true });
    expect(tier).toBe("match");
    expect(matches[0]).toMatchObject({ id: 0, distance: 0, view: "original" });
    expect(stages.reduce((sum, stage) => sum + stage.hashes, 0)).toBeLessThanOrEqual(mostHashes.thorough);
  });
});

describe("input that is no image", () => {
  test.each(levels)("is an error that names it at level %s", async (level) => {
    using index = new HashIndex();
    const broken = Buffer.from("no image at all, but long enough to be looked at");
    await expect(index.searchImage(broken, { level })).rejects.toMatchObject({
      code: "ERR_EMPREINTE_UNSUPPORTED_FORMAT",
    });
    await expect(index.searchImage("/nowhere/at/all.png", { level })).rejects.toMatchObject({
      code: "ERR_EMPREINTE_READ",
    });
    await expect(index.searchImage(Buffer.alloc(0), { level, name: "mine" })).rejects.toThrow(/mine is empty/);
  });
});
