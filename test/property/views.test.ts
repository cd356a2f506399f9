import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hashDistance, HashIndex, hashPixelsSync, type RawPixels } from "../../dist/index.js";
import { QueryImage, type ViewHash, wholeView } from "../../dist/views/query-image.js";
import { at, fromEach, type Rgb, scene } from "../support/image/altered.ts";
import { random, randomHashes } from "../support/hashes.ts";

const base = scene(3, 640, 480);

/** The scene brought to another size, each sample the mean of what it covers. */
function resized(width: number, height: number): Rgb {
  const sample = at(base);
  const across = base.width / width;
  const down = base.height / height;
  return fromEach(width, height, (x, y) => {
    const sum = [0, 0, 0];
    let n = 0;
    for (let v = Math.floor(y * down); v < Math.max(Math.floor(y * down) + 1, (y + 1) * down); v++)
      for (let u = Math.floor(x * across); u < Math.max(Math.floor(x * across) + 1, (x + 1) * across); u++, n++)
        sample(u, v).forEach((value, c) => (sum[c] = sum[c]! + value));
    return [sum[0]! / n, sum[1]! / n, sum[2]! / n];
  });
}

const imageOf = ({ data, width, height, channels }: RawPixels): Promise<QueryImage> =>
  QueryImage.of(
    {
      data: Uint8Array.from(data),
      width,
      height,
      channels: channels as 1 | 3 | 4,
    },
    undefined,
  );

const bytes = (hash: string): Uint8Array => Buffer.from(hash, "hex");

describe("a view of the whole", () => {
  test("has nearly the hash of the image, whatever its size", async () => {
    const side = fc.integer({ min: 150, max: 1400 });
    await fc.assert(
      fc.asyncProperty(side, side, async (width, height) => {
        fc.pre(width * height < 500_000);
        const image = resized(width, height);
        using query = await imageOf(image);
        const [view] = await query.hash(wholeView, 0, undefined);
        expect(hashDistance(view!.hash, hashPixelsSync(image).hash)).toBeLessThanOrEqual(28);
        expect(Math.abs(view!.quality - hashPixelsSync(image).quality)).toBeLessThanOrEqual(10);
      }),
      { numRuns: 12 },
    );
  });

  test("is the same for grey, RGB and RGBA samples of one image", async () => {
    const grey = base.data.filter((_, i) => i % 3 === 0);
    const { width, height } = base;
    const forms: [1 | 3 | 4, Uint8Array][] = [
      [1, Uint8Array.from(grey)],
      [3, Uint8Array.from({ length: 3 * grey.length }, (_, i) => grey[Math.floor(i / 3)]!)],
      [4, Uint8Array.from({ length: 4 * grey.length }, (_, i) => (i % 4 === 3 ? i % 251 : grey[Math.floor(i / 4)]!))],
    ];
    const hashes: string[] = [];
    for (const [channels, data] of forms) {
      using query = await imageOf({ data, width, height, channels });
      const [view] = await query.hash(wholeView, 0, undefined);
      hashes.push(Buffer.from(view!.hash).toString("hex"));
    }
    expect(new Set(hashes).size).toBe(1);
  });
});

describe("stages", () => {
  test("are bounded, without two that are the same, and every view's hash is what hashing the view again gives", async () => {
    using query = await imageOf(resized(700, 500));
    const all: ViewHash[] = [];
    for (const stage of ["turned", "detected", "fixed", "large"] as const) {
      const views = await query.stage(stage, undefined);
      expect(views.length).toBeLessThanOrEqual(64);
      all.push(...views);
    }
    expect(all.length).toBeGreaterThan(30);
    all.forEach((a, i) => all.slice(i + 1).forEach((b) => expect(hashDistance(a.hash, b.hash)).toBeGreaterThan(2)));
    for (const { view, hash, quality } of all) {
      const [again] = await query.hash(view!, 0, undefined);
      expect({ hash: again!.hash, quality: again!.quality }).toEqual({ hash, quality });
    }
  });
});

describe("an alignment", () => {
  test("never ends farther away than it began, and its hash is that of its view", async () => {
    using query = await imageOf(base);
    const next = random(5);
    const draw = (): number => next() / 2 ** 32;
    const [whole] = await query.hash(wholeView, 0, undefined);
    for (let i = 0; i < 8; i++) {
      const target = Uint8Array.from(whole!.hash, (byte) =>
        draw() < 0.3 ? byte ^ (1 << Math.floor(8 * draw())) : byte,
      );
      const [moved] = await query.align([{ from: whole!, target }], undefined);
      expect(hashDistance(moved!.hash, target)).toBeLessThanOrEqual(hashDistance(whole!.hash, target));
      const [again] = await query.hash(moved!.view!, 0, undefined);
      expect(again!.hash).toEqual(moved!.hash);
    }
  });
});

describe("the index", () => {
  test("returns every hash that it was given, wherever it is", async () => {
    for (const memory of ["full", "rows"] as const) {
      using index = new HashIndex({ memory });
      const hashes = randomHashes(40_000, 9);
      await index.addMany(
        Array.from({ length: 40_000 }, (_, i) => 3 * i),
        hashes,
      );
      await index.optimize();
      index.addManySync([1, 2], [bytes("ab".repeat(32)), bytes("0f".repeat(32))]);
      expect(index.get(1)).toEqual(Uint8Array.from(bytes("ab".repeat(32))));
      for (let i = 0; i < 40_000; i += 97) expect(index.get(3 * i)).toEqual(hashes.slice(32 * i, 32 * i + 32));
      index.remove(3);
      expect(index.get(3)).toBeUndefined();
      expect(index.get(4)).toBeUndefined();
    }
  });
});

describe("unrelated images", () => {
  test("are not found by any view, aligned or not", async () => {
    using index = new HashIndex();
    index.addManySync([1], [hashPixelsSync(scene(77, 300, 200)).hash]);
    const found = await index.searchImage(base, { level: "thorough", all: true });
    expect(found.matches).toEqual([]);
  });
});
