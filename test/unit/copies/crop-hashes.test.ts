import { describe, expect, test } from "vitest";
import {
  addRegistration,
  findCopies,
  hashDistance,
  HashIndex,
  hashPixelsSync,
  InvalidArgumentError,
  HashList,
  hashWithCrops,
  registeredEntry,
  removeRegistration,
} from "../../../dist/index.js";
import { cropListLines } from "../../../dist/doors/lists.js";
import { crop, fromEach, scene } from "../../support/altered.ts";

const original = scene(5, 400, 300);

describe("register", () => {
  test("the original's hash, and of each part what a hash of a picture of that part is", async () => {
    const registration = await hashWithCrops(original, { level: "thorough" });
    const { hash, quality, stable } = hashPixelsSync(original);
    expect(registration).toMatchObject({ hash, quality, stable });
    expect(registration.derived.length).toBeGreaterThan(30);
    for (const { hash: part, quality: good, region } of registration.derived) {
      const { left, top, right, bottom } = region;
      const own = hashPixelsSync(crop(original, left, top, 1 - right, 1 - bottom));
      expect({ hash: part, quality: good }).toEqual({ hash: own.hash, quality: own.quality });
    }
  });

  test("at most 24 and 60, none twice or nearly, none outside, none of low quality", async () => {
    for (const [level, most] of [
      ["standard", 24],
      ["thorough", 60],
    ] as const) {
      const { hash, derived } = await hashWithCrops(original, { level });
      expect(derived.length).toBeLessThanOrEqual(most);
      const all = [hash, ...derived.map((one) => one.hash)];
      all.forEach((a, i) => all.slice(i + 1).forEach((b) => expect(hashDistance(a, b)).toBeGreaterThan(10)));
      for (const { quality, region, name } of derived) {
        expect(quality, name).toBeGreaterThanOrEqual(80);
        expect(region.left >= 0 && region.top >= 0 && region.right <= 1 && region.bottom <= 1, name).toBe(true);
        expect(region.right - region.left > 0.2 && region.bottom - region.top > 0.2, name).toBe(true);
      }
      expect(new Set(derived.map(({ name }) => name)).size).toBe(derived.length);
    }
  });

  test("of a flat or a tiny picture nothing is derived", async () => {
    expect((await hashWithCrops(fromEach(300, 300, () => [7, 7, 7]))).derived).toEqual([]);
    expect((await hashWithCrops(scene(2, 20, 20))).derived).toEqual([]);
  });
});

describe("in an index", () => {
  test("a large crop is found by what was registered, as one entry, and gone with it", async () => {
    using index = new HashIndex();
    const query = crop(original, 0.2, 0.2, 0.2, 0.2);
    index.addManySync([64 * 7], [hashPixelsSync(original).hash]);
    expect((await findCopies(query, index, { level: "thorough" })).tier).toBe("none");
    index.remove(64 * 7);

    addRegistration(index, 7, await hashWithCrops(original));
    addRegistration(index, 8, await hashWithCrops(scene(6, 400, 300)), { bank: 1, derivedBank: 2 });
    const options = { entryOf: registeredEntry, all: true };
    const { matches } = await findCopies(query, index, options);
    expect(matches.map(({ entry, tier }) => [entry, tier])).toEqual([[7, "match"]]);
    expect(() => addRegistration(index, 7, { hash: "00".repeat(32), quality: 0, stable: false, derived: [] })).toThrow(
      expect.objectContaining({ code: "ERR_EMPREINTE_DUPLICATE_ID" }) as Error,
    );

    const { rows } = index.stats();
    expect(removeRegistration(index, 7)).toBe(true);
    expect(removeRegistration(index, 7)).toBe(false);
    expect(index.stats().rows).toBeLessThan(rows);
    expect((await findCopies(query, index, options)).matches).toEqual([]);
    expect((await findCopies(original, index, options)).matches).toEqual([]);
    expect((await findCopies(scene(6, 400, 300), index, options)).matches[0]).toMatchObject({ entry: 8, distance: 0 });
  });

  test("banks tell the derived ones from the others", async () => {
    using index = new HashIndex();
    const registration = await hashWithCrops(original);
    addRegistration(index, 0, registration, { bank: 3, derivedBank: 4 });
    const ids = (bank: number): number[] =>
      index.searchSync(registration.hash, { radius: 256, banks: [bank] }).map(({ id }) => id);
    expect(ids(3)).toEqual([0]);
    expect(ids(4).sort((a, b) => a - b)).toEqual(registration.derived.map((_, i) => i + 1));
  });

  test("entries and metadata that do not fit are errors", async () => {
    using index = new HashIndex();
    const registration = await hashWithCrops(original);
    for (const entry of [-1, 2 ** 47, 0.5]) {
      expect(() => addRegistration(index, entry, registration)).toThrow(InvalidArgumentError);
    }
    expect(() => addRegistration({} as HashIndex, 1, registration)).toThrow(InvalidArgumentError);
    expect(() => cropListLines(registration, "a\nb")).toThrow(InvalidArgumentError);
    expect(() => cropListLines(registration, "a;crop=x")).toThrow(InvalidArgumentError);
    await expect(hashWithCrops(original, { level: "fast" as "standard" })).rejects.toBeInstanceOf(InvalidArgumentError);
  });
});

describe("in a list", () => {
  test("the original alone, or with what is derived, which is one entry with it", async () => {
    const registration = await hashWithCrops(original);
    expect(cropListLines(registration, "case 7")).toEqual([`${registration.hash},case 7`]);
    const lines = cropListLines(registration, "case 7", { derived: true });
    expect(lines).toHaveLength(1 + registration.derived.length);
    const other = cropListLines(await hashWithCrops(scene(6, 400, 300)), "case 8", { derived: true });
    using known = await HashList.load({ name: "mine", source: Buffer.from([...other, ...lines].join("\n")) });
    expect(known.size).toBe(lines.length + other.length);
    const { matches } = await known.findCopies(crop(original, 0.2, 0.2, 0.2, 0.2), { all: true });
    expect(matches).toHaveLength(1);
    expect(matches[0]).toMatchObject({ list: "mine", entry: other.length + 1, metadata: "case 7", tier: "match" });
  });
});
