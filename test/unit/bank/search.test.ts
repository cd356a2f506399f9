/** Searching a store without deciding, beside a plain comparison with every entry. */
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { BankStore } from "../../../dist/doors/bank.js";
import { type Orientation, orientationNames } from "../../../dist/index.js";
import { bigDistance, hashAt, hex, randomHashes } from "../../support/hashes.ts";

const hashes = randomHashes(64, 733);
/** Hash i with its first `flips` bits flipped. */
function hash(i: number, flips = 0): string {
  const bytes = Uint8Array.from(hashAt(hashes, i));
  for (let bit = 0; bit < flips; bit++) bytes[bit >> 3]! ^= 128 >> (bit & 7);
  return hex(bytes);
}
const pdq = (value: string, more: object = {}) => ({ type: "pdq" as const, value, ...more });
const from = { bank: "b", source: "s" };

let folder: string;
let path: string;
let store: BankStore;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "empreinte-bank-search-"));
  path = join(folder, "known.bank");
  store = await BankStore.create(path);
  store.createBank({ name: "b" });
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

describe("what matches", () => {
  test("every entry within the radius, once, by its nearest signal, sorted by distance, then by number", async () => {
    const signals = Array.from({ length: 40 }, (_, i) => [
      hash(i % 3, (7 * i) % 61),
      hash(i % 3, (11 * i) % 53),
      hash(10 + i),
    ]);
    await store.import(
      from,
      signals.map((values, i) => ({ id: `n${i}`, signals: values.map((value) => pdq(value)), labels: [`x:${i % 2}`] })),
    );
    const query = Buffer.from(hash(0, 3), "hex");
    for (const radius of [0, 10, 31, 50, 256]) {
      const expected = signals
        .map((values, i) => ({
          entryNumber: i + 1,
          distance: Math.min(...values.map((value) => bigDistance(Buffer.from(value, "hex"), query))),
        }))
        .filter(({ distance }) => distance <= radius)
        .sort((a, b) => a.distance - b.distance || a.entryNumber - b.entryNumber);
      const matches = await store.search(hash(0, 3), { radius });
      expect(matches.map(({ entryNumber, distance }) => ({ entryNumber, distance }))).toEqual(expected);
    }
    const [first] = await store.search(query);
    expect(first).toEqual({
      distance: expect.any(Number) as number,
      orientation: "orig",
      bank: "b",
      source: "s",
      entryId: `n${first!.entryNumber - 1}`,
      entryNumber: first!.entryNumber,
      labels: [{ scheme: "x", code: `${(first!.entryNumber - 1) % 2}` }],
      type: "pdq",
    });
  });

  test("whatever the policies say: radius, quality, action, share, labels and negative banks", async () => {
    store.setPolicy("b", { radius: 0, minQuality: 100, action: "log", matchRatio: 1e-9, labels: ["x:1"] });
    store.createBank({ name: "no", negative: true });
    await store.import(from, [{ id: "a", signals: [pdq(hash(0), { quality: 51 })] }]);
    await store.import({ bank: "no", source: "s" }, [{ id: "n", signals: [pdq(hash(0, 5))] }]);
    const matches = await store.search({ hash: hash(0, 20), quality: 50, stable: true });
    expect(matches).toMatchObject([
      { bank: "no", entryId: "n", distance: 15 },
      { bank: "b", entryId: "a", distance: 20 },
    ]);
    expect(await store.search(hash(0, 20), { banks: ["b"] })).toMatchObject([{ bank: "b" }]);
    expect(await store.search(hash(0, 20), { banks: [] })).toEqual([]);
    await expect(store.search(hash(0), { banks: ["none"] })).rejects.toMatchObject({
      code: "ERR_EMPREINTE_UNKNOWN_NAME",
    });
    await expect(store.search(hash(0), { banks: "b" as never })).rejects.toThrow("banks");
  });

  test("quarantined, withdrawn, erased and disabled entries do not, a released one does", async () => {
    await store.import(from, [
      { id: "held", signals: [pdq(hash(0), { quality: 3 })] },
      { id: "withdrawn", signals: [pdq(hash(0))] },
      { id: "erased", signals: [pdq(hash(0))] },
      { id: "paused", signals: [pdq(hash(0))] },
      { id: "there", signals: [pdq(hash(0))] },
    ]);
    await store.withdraw({ ...from, entryId: "withdrawn" });
    await store.erase({ ...from, entryId: "erased" });
    store.disable({ ...from, entryId: "paused" }, Date.now() + 60_000);
    const found = async () => (await store.search(hash(0))).map(({ entryId }) => entryId);
    expect(await found()).toEqual(["there"]);
    store.release({ ...from, entryId: "held" });
    store.disable({ ...from, entryId: "paused" }, null);
    expect(await found()).toEqual(["held", "paused", "there"]);
  });

  test("a crop by its name, and the whole image where that is nearer", async () => {
    const crop = { quality: 90, crop: "centre-10" };
    await store.import(from, [{ signals: [pdq(hash(0)), pdq(hash(0, 20), crop)] }]);
    const [whole] = await store.search(hash(0, 9));
    expect(whole).toMatchObject({ entryNumber: 1, distance: 9 });
    expect(whole).not.toHaveProperty("crop");
    expect(whole).not.toHaveProperty("entryId");
    expect(await store.search(hash(0, 12))).toMatchObject([{ entryNumber: 1, distance: 8, crop: "centre-10" }]);
  });

  test("digests match the same bytes, at distance 0, also without a hash", async () => {
    const md5 = createHash("md5").update("bytes").digest("hex");
    const sha256 = createHash("sha256").update("bytes").digest("hex");
    await store.import(from, [
      { id: "near", signals: [pdq(hash(0))] },
      { id: "bytes", signals: [{ type: "md5", value: md5 }] },
      { id: "both", signals: [pdq(hash(0, 4)), { type: "sha256", value: sha256 }] },
    ]);
    const query = { hash: hash(0, 2), digests: { md5, sha256 } };
    expect((await store.search(query)).map(({ entryId, type, distance }) => [entryId, type, distance])).toEqual([
      ["bytes", "md5", 0],
      ["both", "sha256", 0],
      ["near", "pdq", 2],
    ]);
    expect(await store.search({ digests: { md5 } })).toMatchObject([{ entryId: "bytes", orientation: "orig" }]);
    // The hash of an image is not the digest of a file.
    expect(await store.search(sha256)).toEqual([]);
    await expect(store.search({ digests: { md5: "zz" } })).rejects.toMatchObject({
      code: "ERR_EMPREINTE_INVALID_HASH",
    });
  });
});

describe("the query", () => {
  const orientations = Object.fromEntries(orientationNames.map((name, i) => [name, hash(i)])) as Record<
    Orientation,
    string
  >;

  test("with orientations each entry matches once, by the nearest of them", async () => {
    await store.import(from, [
      { id: "mirrored", signals: [pdq(hash(4, 6))] },
      { id: "two", signals: [pdq(hash(3, 2)), pdq(hash(6, 2))] },
    ]);
    const query = { hash: orientations.orig, orientations, quality: 90, stable: true };
    expect(
      (await store.search(query)).map(({ entryId, orientation, distance }) => [entryId, orientation, distance]),
    ).toEqual([
      ["two", orientationNames[3], 2],
      ["mirrored", orientationNames[4], 6],
    ]);
    expect(await store.search(query, { orientations: false })).toEqual([]);
  });

  test("below the least quality or not stable it matches nothing by distance, unless the options say so", async () => {
    await store.import(from, [{ id: "a", signals: [pdq(hash(0))] }]);
    const low = { hash: hash(0), quality: 49 };
    const unstable = { hash: hash(0), stable: false };
    for (const query of [low, unstable]) expect(await store.search(query)).toEqual([]);
    expect(await store.search(low, { minQuality: 49 })).toHaveLength(1);
    expect(await store.search(unstable, { allowUnstable: true })).toHaveLength(1);
    expect(await store.search({ hash: hash(0) })).toHaveLength(1);
    await expect(store.search({} as never)).rejects.toMatchObject({ name: "InvalidHashError" });
    await expect(store.search(hash(0), { radius: 257 })).rejects.toThrow("radius");
    await expect(store.search(hash(0), { level: "fast" } as never)).rejects.toThrow("level");
  });

  test("is answered by what any process has changed before, and ends with its signal or the store", async () => {
    const other = await BankStore.open(path);
    await store.import(from, [{ id: "a", signals: [pdq(hash(0))] }]);
    expect(await other.search(hash(0))).toMatchObject([{ entryId: "a" }]);
    await store.withdraw({ ...from, entryId: "a" });
    expect(await other.search(hash(0))).toEqual([]);
    const signal = AbortSignal.abort(new Error("no more"));
    await expect(other.search(hash(0), { signal })).rejects.toThrow("no more");
    await other.close();
    await expect(other.search(hash(0))).rejects.toMatchObject({ code: "ERR_EMPREINTE_CLOSED" });
  });
});
