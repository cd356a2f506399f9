import { describe, expect, test } from "vitest";
import {
  type CropHashes,
  hashDistance,
  HashIndex,
  HashList,
  hashPixelsSync,
  hashWithCrops,
  type IndexMatch,
} from "../../../dist/index.js";
import { cropListLines } from "../../../dist/doors/lists.js";
import { crop, fromEach, scene } from "../../support/image/altered.ts";

const original = scene(5, 400, 300);

describe("hashWithCrops", () => {
  test("the original's hash, and for each crop the hash that its pixels have", async () => {
    const hashes = await hashWithCrops(original, { level: "thorough" });
    const { hash, quality, stable } = hashPixelsSync(original);
    expect(hashes).toMatchObject({ hash, quality, stable });
    expect(hashes.crops.length).toBeGreaterThan(30);
    for (const { hash: cropped, quality: good, region } of hashes.crops) {
      const { left, top, right, bottom } = region;
      const own = hashPixelsSync(crop(original, left, top, 1 - right, 1 - bottom));
      expect({ hash: cropped, quality: good }).toEqual({ hash: own.hash, quality: own.quality });
    }
  });

  test("at most 24 and 60, none twice or nearly, none outside, none of low quality", async () => {
    for (const [level, most] of [
      ["standard", 24],
      ["thorough", 60],
    ] as const) {
      const { hash, crops } = await hashWithCrops(original, { level });
      expect(crops.length).toBeLessThanOrEqual(most);
      const all = [hash, ...crops.map((one) => one.hash)];
      all.forEach((a, i) => all.slice(i + 1).forEach((b) => expect(hashDistance(a, b)).toBeGreaterThan(10)));
      for (const { quality, region, name } of crops) {
        expect(quality, name).toBeGreaterThanOrEqual(80);
        expect(region.left >= 0 && region.top >= 0 && region.right <= 1 && region.bottom <= 1, name).toBe(true);
        expect(region.right - region.left > 0.2 && region.bottom - region.top > 0.2, name).toBe(true);
      }
      expect(new Set(crops.map(({ name }) => name)).size).toBe(crops.length);
    }
  });

  test("a flat or a tiny image has no crops", async () => {
    expect((await hashWithCrops(fromEach(300, 300, () => [7, 7, 7]))).crops).toEqual([]);
    expect((await hashWithCrops(scene(2, 20, 20))).crops).toEqual([]);
  });
});

describe("in an index", () => {
  test("a large crop is found by the crops that were added, as one entry, and gone with it", async () => {
    using index = new HashIndex();
    const query = crop(original, 0.2, 0.2, 0.2, 0.2);
    index.add(7, hashPixelsSync(original).hash);
    expect((await index.searchImage(query, { level: "thorough" })).tier).toBe("none");
    index.remove(7);

    const hashes = await hashWithCrops(original);
    index.addWithCrops(7, hashes);
    index.addWithCrops(8, await hashWithCrops(scene(6, 400, 300)), { tag: 1, cropTag: 2 });
    const { matches } = await index.searchImage(query, { level: "standard", all: true });
    expect(matches).toMatchObject([{ id: 7, tier: "match" }]);
    expect(hashes.crops[matches[0]!.crop!]).toBeDefined();
    // A plain search returns the same entry, by the same crop.
    const [near] = (await index.searchImage(query)).matches;
    expect(near).toMatchObject({ id: 7, crop: expect.any(Number) as number });
    const { hash: nearest } = hashes.crops[near!.crop!]!;
    expect(near!.distance).toBe(hashDistance(nearest, hashPixelsSync(query).hash));

    index.remove(7);
    expect(() => index.remove(7)).toThrow(expect.objectContaining({ code: "ERR_EMPREINTE_UNKNOWN_ID" }) as Error);
    expect((await index.searchImage(query, { level: "standard", all: true })).matches).toEqual([]);
    expect((await index.searchImage(original, { level: "standard", all: true })).matches).toEqual([]);
    const { matches: others } = await index.searchImage(scene(6, 400, 300), { level: "standard" });
    expect(others[0]).toMatchObject({ id: 8, distance: 0 });
    expect(others[0]!.crop).toBeUndefined();
  });

  test("tags tell crops from originals", async () => {
    using index = new HashIndex();
    const hashes = await hashWithCrops(original);
    index.addWithCrops(0, hashes, { tag: 3, cropTag: 4 });
    index.addWithCrops(1, hashes, { tag: 5 });
    const found = (tag: number): IndexMatch[] => index.searchSync(hashes.hash, { radius: 256, tags: [tag] });
    expect(found(3)).toEqual([{ id: 0, distance: 0, orientation: "orig" }]);
    const nearest = Math.min(...hashes.crops.map(({ hash }) => hashDistance(hash, hashes.hash)));
    expect(found(4)).toMatchObject([{ id: 0, distance: nearest, crop: expect.any(Number) as number }]);
    expect(found(5)).toEqual([{ id: 1, distance: 0, orientation: "orig" }]);
  });

  test("ids, tags, hashes and metadata that do not fit are errors, and nothing is added", async () => {
    using index = new HashIndex();
    const hashes = await hashWithCrops(original);
    const invalid = expect.objectContaining({ code: "ERR_EMPREINTE_INVALID_ARGUMENT" }) as Error;
    for (const id of [-1, 2 ** 53, 0.5]) expect(() => index.addWithCrops(id, hashes)).toThrow(invalid);
    for (const tag of [-1, 256, 0.5]) {
      expect(() => index.addWithCrops(1, hashes, { tag })).toThrow(invalid);
      expect(() => index.addWithCrops(1, hashes, { cropTag: tag })).toThrow(invalid);
    }
    expect(() => index.addWithCrops(1, {} as CropHashes)).toThrow(invalid);
    const many = { ...hashes, crops: Array.from({ length: 64 }, () => hashes.crops[0]!) };
    expect(() => index.addWithCrops(1, many)).toThrow(invalid);
    const broken = { ...hashes, crops: [{ ...hashes.crops[0]!, hash: "zz" }] };
    expect(() => index.addWithCrops(1, broken)).toThrow(
      expect.objectContaining({ code: "ERR_EMPREINTE_INVALID_HASH" }),
    );
    index.add(1, hashes.hash);
    expect(() => index.addWithCrops(1, hashes)).toThrow(
      expect.objectContaining({ code: "ERR_EMPREINTE_DUPLICATE_ID" }),
    );
    expect(index.size).toBe(1);
    expect(() => cropListLines(hashes, "a\nb")).toThrow(invalid);
    expect(() => cropListLines(hashes, "a;crop=x")).toThrow(invalid);
    await expect(hashWithCrops(original, { level: "fast" as "standard" })).rejects.toEqual(invalid);
  });
});

describe("in a list", () => {
  test("the original alone, or with its crops, which are one entry with it", async () => {
    const hashes = await hashWithCrops(original);
    expect(cropListLines(hashes, "case 7")).toEqual([`${hashes.hash},case 7`]);
    const lines = cropListLines(hashes, "case 7", { crops: true });
    expect(lines).toHaveLength(1 + hashes.crops.length);
    const other = cropListLines(await hashWithCrops(scene(6, 400, 300)), "case 8", { crops: true });
    using known = await HashList.load({ name: "mine", input: Buffer.from([...other, ...lines].join("\n")) });
    expect(known.size).toBe(lines.length + other.length);
    const query = crop(original, 0.2, 0.2, 0.2, 0.2);
    const { matches } = await known.searchImage(query, { level: "standard", all: true });
    expect(matches).toHaveLength(1);
    expect(matches[0]).toMatchObject({ list: "mine", line: other.length + 1, metadata: "case 7", tier: "match" });
  });
});
