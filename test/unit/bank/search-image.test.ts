/** Searching a store for an image, without deciding, beside an index of the same hashes. */
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import sharp from "sharp";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { BankStore } from "../../../dist/doors/bank.js";
import { hashImage, HashIndex, hashPixelsSync, hashWithCrops, type IndexMatch } from "../../../dist/index.js";
import { beside, crop, mirrored, negative, type Rgb, scene, turn } from "../../support/image/altered.ts";
import { hashAt, hex, randomHashes } from "../../support/hashes.ts";

const originals = Array.from({ length: 3 }, (_, i) => scene(131 + i, 300 + 20 * i, 260));
const others = randomHashes(500, 177);
const pdq = (value: string, more: object = {}) => ({ type: "pdq" as const, value, ...more });
const from = { bank: "b", source: "s" };
const png = ({ data, ...raw }: Rgb) =>
  sharp(Buffer.from(data as Uint8Array), { raw })
    .png()
    .toBuffer();
const altered = [
  originals[0]!,
  mirrored(originals[1]!),
  negative(originals[0]!),
  crop(originals[1]!, 0.03, 0.02, 0.02, 0.03),
  crop(originals[2]!, 0.06, 0.05, 0.04, 0.05),
  turn(originals[0]!, 3),
  beside(originals[1]!, originals[2]!),
  scene(190),
];

let folder: string;
let store: BankStore;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "empreinte-bank-search-image-"));
  store = await BankStore.create(join(folder, "known.bank"));
  store.createBank({ name: "b" });
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Imports the hashes as one entry each, and returns an index of them by the store's entry numbers. */
async function filled(): Promise<HashIndex> {
  const values = originals.map((image) => hashPixelsSync(image).hash);
  for (let i = 0; i < 500; i++) values.push(hex(hashAt(others, i)));
  await store.import(
    from,
    values.map((value, i) => ({ id: `n${i}`, signals: [pdq(value)] })),
  );
  const index = new HashIndex();
  index.addManySync(
    values.map((_, i) => i + 1),
    values,
  );
  return index;
}
const seen = ({ distance, orientation, tier, view, region, supportCount }: Omit<IndexMatch, "id" | "crop">) => {
  return { distance, orientation, tier, view, region, supportCount };
};
const byIndex = (matches: IndexMatch[]) => matches.map((match) => [match.id, seen(match)]);

describe("what matches", () => {
  test("at level fast, the entries that an index finds, and that search finds, at every radius", async () => {
    using index = await filled();
    for (const image of altered) {
      for (const radius of [undefined, 0, 50, 110, 256]) {
        const options = radius === undefined ? {} : { radius };
        const { matches, ...result } = await store.searchImage(image, options);
        const { matches: expected, ...about } = await index.searchImage(image, options);
        expect(matches.map((match) => [match.entryNumber, seen(match)])).toEqual(byIndex(expected));
        const stages = [{ name: "plain", hashes: 8, milliseconds: expect.any(Number) as number }];
        expect(result).toEqual({ ...about, stages });
        const plain = await store.search(hashPixelsSync(image, { orientations: true }), options);
        expect(matches.map(({ tier: _tier, view: _view, ...match }) => match)).toEqual(plain);
      }
    }
    const { matches } = await store.searchImage(originals[0]!);
    expect(matches).toEqual([
      {
        distance: 0,
        orientation: "orig",
        tier: "match",
        view: "original",
        bank: "b",
        source: "s",
        entryId: "n0",
        entryNumber: 1,
        labels: [],
        type: "pdq",
      },
    ]);
  });

  for (const level of ["standard", "thorough"] as const) {
    test(`at level ${level}, the altered copies that an index finds`, async () => {
      using index = await filled();
      let found = 0;
      for (const image of altered) {
        for (const options of [{ level }, { level, all: true }, { level, radius: 20 }]) {
          const { matches, tier, flat, stages, hash, quality } = await store.searchImage(image, options);
          const expected = await index.searchImage(image, options);
          expect(matches.map((match) => [match.entryNumber, seen(match)])).toEqual(byIndex(expected.matches));
          expect({ tier, flat, hash, quality }).toEqual({
            tier: expected.tier,
            flat: expected.flat,
            hash: expected.hash,
            quality: expected.quality,
          });
          expect(stages.map(({ name, hashes }) => [name, hashes])).toEqual(
            expected.stages.map(({ name, hashes }) => [name, hashes]),
          );
          found += matches.length;
        }
      }
      expect(found).toBeGreaterThan(15);
    });
  }

  test("an entry with crops once, by the name of the nearest, with the support of all", async () => {
    const hashes = await hashWithCrops(originals[0]!);
    const signals = [hashes, ...hashes.crops].map(({ hash, quality }, i) =>
      pdq(hash, { quality, ...(i > 0 && { crop: hashes.crops[i - 1]!.name }) }),
    );
    await store.import(from, [{ id: "one", signals }]);
    using index = new HashIndex();
    index.addWithCrops(1, hashes);
    for (const image of [originals[0]!, crop(originals[0]!, 0.2, 0.2, 0.2, 0.2), mirrored(originals[0]!)]) {
      for (const level of ["fast", "standard"] as const) {
        const { matches } = await store.searchImage(image, { level, all: true });
        const expected = (await index.searchImage(image, { level, all: true })).matches;
        expect(expected).toHaveLength(1);
        expect(matches.map((match) => [match.entryNumber, seen(match), match.crop])).toEqual(
          expected.map((match) => [
            match.id,
            seen(match),
            match.crop === undefined ? undefined : hashes.crops[match.crop]!.name,
          ]),
        );
      }
    }
  });

  test("neither withdrawn nor disabled entries nor those of other banks, and none of them ends the search", async () => {
    store.createBank({ name: "other" });
    const { hash } = hashPixelsSync(originals[0]!);
    const small = hashPixelsSync(crop(originals[0]!, 0.2, 0.2, 0.2, 0.2)).hash;
    await store.import({ bank: "other", source: "s" }, [{ id: "elsewhere", signals: [pdq(hash)] }]);
    await store.import(from, [
      { id: "withdrawn", signals: [pdq(hash)] },
      { id: "paused", signals: [pdq(hash)] },
      { id: "crop", signals: [pdq(small)] },
    ]);
    await store.withdraw({ ...from, entryId: "withdrawn" });
    store.disable({ ...from, entryId: "paused" }, Date.now() + 600_000);
    for (const level of ["standard", "thorough"] as const) {
      const { stages, matches } = await store.searchImage(originals[0]!, { level, banks: ["b"] });
      expect(matches.map(({ entryId }) => entryId)).not.toContain("paused");
      expect(matches.map(({ bank }) => bank)).not.toContain("other");
      // The entries that do not count are equal to the image: had they counted, nothing else would have been tried.
      expect(stages.length).toBeGreaterThan(1);
    }
    expect(await store.searchImage(originals[0]!, { banks: ["b"] })).toMatchObject({ tier: "none", matches: [] });
    expect((await store.searchImage(originals[0]!)).matches).toMatchObject([{ bank: "other", entryId: "elsewhere" }]);
    expect(await store.searchImage(originals[0]!, { banks: [] })).toMatchObject({ tier: "none", matches: [] });
  });
});

describe("digests", () => {
  const digest = (type: string, bytes: Uint8Array) => createHash(type).update(bytes).digest("hex");

  test("of the file's bytes match first, each entry once, at every level", async () => {
    const bytes = await png(originals[0]!);
    const { hash } = hashPixelsSync(originals[0]!);
    await store.import(from, [
      { id: "near", signals: [pdq(hash)] },
      { id: "bytes", signals: [{ type: "sha1", value: digest("sha1", bytes) }] },
      { id: "both", signals: [pdq(hash), { type: "md5", value: digest("md5", bytes) }] },
    ]);
    for (const level of ["fast", "standard", "thorough"] as const) {
      const { tier, matches } = await store.searchImage(bytes, { level });
      expect(tier).toBe("match");
      expect(matches.map((match) => [match.entryId, match.type, match.distance, match.tier, match.view])).toEqual([
        ["near", "pdq", 0, "match", "original"],
        ["bytes", "sha1", 0, "match", "original"],
        ["both", "md5", 0, "match", "original"],
      ]);
    }
    const plain = await store.search(
      await hashImage(bytes, { orientations: true, digests: ["md5", "sha1", "sha256"] }),
    );
    expect((await store.searchImage(bytes)).matches).toMatchObject(plain);
    // Samples have no bytes.
    expect((await store.searchImage(originals[0]!)).matches.map(({ entryId }) => entryId)).toEqual(["near", "both"]);
  });

  test("answer a file that the decoder refuses; without a match its refusal is thrown", async () => {
    const bytes = Buffer.from("GIF89a, or so it says");
    await expect(store.searchImage(bytes)).rejects.toMatchObject({ name: "ImageError" });
    await store.import(from, [{ id: "bytes", signals: [{ type: "sha256", value: digest("sha256", bytes) }] }]);
    for (const level of ["fast", "standard"] as const) {
      expect(await store.searchImage(bytes, { level })).toEqual({
        tier: "match",
        matches: [expect.objectContaining({ entryId: "bytes", type: "sha256", distance: 0, tier: "match" })],
        quality: 0,
        flat: false,
        stages: [],
      });
    }
    await expect(store.searchImage(bytes, { banks: [] })).rejects.toMatchObject({ name: "ImageError" });
  });
});

describe("the call", () => {
  test("refuses wrong options, and an unknown bank before it reads the stream", async () => {
    const code = "ERR_EMPREINTE_INVALID_ARGUMENT";
    for (const options of [
      { radius: 300 },
      { level: "standard", radius: 32 },
      { level: "exact" },
      { all: 1 },
      { banks: "b" },
      { minQuality: 3 },
    ]) {
      await expect(store.searchImage(originals[0]!, options as never)).rejects.toMatchObject({ code });
    }
    const stream = new PassThrough();
    await expect(store.searchImage(stream, { banks: ["none"] })).rejects.toMatchObject({
      code: "ERR_EMPREINTE_UNKNOWN_NAME",
    });
    stream.destroy();
    await expect(store.searchImage(join(folder, "none.png"))).rejects.toMatchObject({ code: "ERR_EMPREINTE_READ" });
    await expect(store.searchImage(originals[0]!, { maxPixels: 10 })).rejects.toMatchObject({ name: "LimitError" });
  });

  test("sees what another process changed, and ends with its signal or the store", async () => {
    const other = await BankStore.open(join(folder, "known.bank"));
    await store.import(from, [{ id: "a", signals: [pdq(hashPixelsSync(originals[0]!).hash)] }]);
    expect((await other.searchImage(originals[0]!)).matches).toMatchObject([{ entryId: "a" }]);
    await store.withdraw({ ...from, entryId: "a" });
    expect((await other.searchImage(originals[0]!, { level: "standard" })).matches).toEqual([]);
    const signal = AbortSignal.abort(new Error("no more"));
    await expect(other.searchImage(originals[0]!, { signal })).rejects.toThrow("no more");
    await other.close();
    await expect(other.searchImage(originals[0]!)).rejects.toMatchObject({ code: "ERR_EMPREINTE_CLOSED" });
  });
});
