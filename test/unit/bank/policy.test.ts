import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { FloodCounts } from "../../../dist/bank/decision/flood.js";
import { BankStore, type CheckQuery, Matcher } from "../../../dist/doors/bank.js";
import { hashDistance, hashImage } from "../../../dist/index.js";
import { hashAt, hex, randomHashes } from "../../support/hashes.ts";
import { grey, height, width } from "../../support/image/samples.ts";
import { needsLongRun } from "../../support/long.ts";

const hashes = randomHashes(4096, 1201);
const hash = (i: number): string => hex(hashAt(hashes, i));
/** Hash 0 with one bit flipped, or two: 32,640 different uploads that are all near it. */
function near(i: number): string {
  const bytes = Uint8Array.from(hashAt(hashes, 0));
  bytes[i % 32]! ^= 1;
  bytes[(i + 1 + Math.floor(i / 32)) % 32]! ^= 2;
  return hex(bytes);
}
const pdq = (value: string, quality?: number) => [
  { type: "pdq" as const, value, ...(quality !== undefined && { quality }) },
];
const query = (value: string): CheckQuery => ({ hash: value, quality: 100, stable: true });

let folder: string;
let store: BankStore;
let matcher: Matcher;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "empreinte-policy-"));
  store = await BankStore.create(join(folder, "known.bank"));
  matcher = new Matcher(store);
});
afterEach(async () => {
  vi.useRealTimers();
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

describe("matchRatio", () => {
  const all = Array.from({ length: 1024 }, (_, i) => i);
  const matched = (): Set<number> =>
    new Set(all.filter((i) => matcher.check(query(hash(i))).matches.some(({ bank }) => bank === "b")));
  beforeEach(async () => {
    store.createBank({ name: "b" });
    await store.import(
      { bank: "b", source: "s" },
      all.map((i) => ({ id: `${i}`, signals: pdq(hash(i)) })),
    );
  });

  test("it takes the same share of uploads each time, and a larger share includes the smaller", (ctx) => {
    needsLongRun(ctx);
    expect(matched().size).toBe(1024);
    const shares = [0.1, 0.5, 0.9].map((matchRatio) => {
      store.setPolicy("b", { matchRatio, seed: 5 });
      const once = matched();
      expect(matched()).toEqual(once);
      // Four standard deviations of a binomial share.
      expect(Math.abs(once.size / 1024 - matchRatio)).toBeLessThan(
        4 * Math.sqrt((matchRatio * (1 - matchRatio)) / 1024),
      );
      return once;
    });
    for (const i of shares[0]!) expect(shares[1]).toContain(i);
    for (const i of shares[1]!) expect(shares[2]).toContain(i);
    store.setPolicy("b", { matchRatio: 0.5, seed: 6 });
    const other = [...matched()].filter((i) => shares[1]!.has(i)).length;
    expect(other / 1024).toBeGreaterThan(0.2);
    expect(other / 1024).toBeLessThan(0.3);
  });

  test("it concerns one bank alone, is a reason of the decision, and is replayed by explain", async () => {
    store.createBank({ name: "whole", policy: { action: "log" } });
    await store.import({ bank: "whole", source: "s" }, [{ id: "0", signals: pdq(hash(0)) }]);
    store.setPolicy("b", { matchRatio: 0.5, action: "block" });
    const left = all.find((i) => !matcher.check(query(hash(i))).matches.some(({ bank }) => bank === "b"))!;
    const decision = matcher.check(query(hash(left)));
    expect(decision.reasons).toContain("b: this upload is not in its share of 0.5 of uploads");
    const taken = matcher.check(
      query(hash(all.find((i) => i !== left && matcher.check(query(hash(i))).action === "block")!)),
    );
    expect(taken.action).toBe("block");
    store.setPolicy("b", { matchRatio: 1, action: "block" });
    expect([decision, taken].map((one) => matcher.explain(one).same)).toEqual([true, true]);
    expect(matcher.check(query(hash(left))).action).toBe("block");
  });

  test.each([0, -1, 1.5, Number.NaN, "half"])("%s is refused", (matchRatio) => {
    expect(() => store.setPolicy("b", { matchRatio: matchRatio as number })).toThrow("matchRatio");
  });
});

describe("flood", () => {
  const flood = { uploads: 10, seconds: 60 };
  beforeEach(async () => {
    store.createBank({ name: "b", policy: { action: "block", flood } });
    await store.import({ bank: "b", source: "s" }, [
      { id: "logo", signals: pdq(hash(0)) },
      { id: "other", signals: pdq(hash(1)) },
    ]);
  });
  const actions = (count: number, from = 0): string[] =>
    Array.from({ length: count }, (_, i) => matcher.check(query(near(from + i))).action);

  test("an entry that hits more uploads than its bank allows asks for a review until it is released", async () => {
    expect(actions(10)).toEqual(Array.from({ length: 10 }, () => "block"));
    const before = matcher.check(query(near(0)));
    expect(store.flooded()).toEqual([]);
    expect(actions(3, 10)).toEqual(["review", "review", "review"]);
    const decision = matcher.check(query(near(0)));
    expect(decision).toMatchObject({
      action: "review",
      matches: [{ entryId: "logo", flooded: true, action: "review" }],
    });
    expect(decision.reasons).toContain("b, entry 1: has hit too many different uploads: review at most");
    expect(matcher.check(query(hash(1))).action).toBe("block");
    expect(store.flooded()).toMatchObject([
      { entryId: "logo", status: "active", reason: "hit more than 10 different uploads within 60 s" },
    ]);
    expect(store.changes(0).at(-1)).toMatchObject({ kind: "flooded", entryId: "logo" });
    expect([before, decision].map((one) => matcher.explain(one).same)).toEqual([true, true]);
    const path = join(folder, "known.bank");
    const other = await BankStore.open(path);
    expect(new Matcher(other).check(query(near(99))).action).toBe("review");
    await other.close();

    expect(store.release({ bank: "b", source: "s", entryId: "logo" })).toBe(true);
    expect(store.release({ bank: "b", source: "s", entryId: "logo" })).toBe(false);
    expect(store.flooded()).toEqual([]);
    expect(actions(11, 200)).toEqual([...Array.from({ length: 10 }, () => "block"), "review"]);
    expect([before, decision].map((one) => matcher.explain(one).same)).toEqual([true, true]);
  });

  test("the same upload counts once", () => {
    for (let i = 0; i < 50; i++) expect(matcher.check(query(near(i % 10))).action).toBe("block");
  });

  test("only hits within the window count", () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    for (let i = 0; i < 40; i++) {
      expect(matcher.check(query(near(i))).action).toBe("block");
      vi.advanceTimersByTime(6001);
    }
    expect(actions(2, 100)).toEqual(["block", "review"]); // the ninth to the eleventh of a minute
  });

  test("hits within the window still count where very many entries are hit", () => {
    const counts = new FloodCounts();
    const limit = { uploads: 2, seconds: 60 };
    const entries = Array.from({ length: 40_000 }, (_, i) => i);
    const flooded = (upload: string, time: number): number =>
      entries.filter((entry) => counts.add(entry, upload, limit, time)).length;
    expect(flooded("first", 0)).toBe(0);
    expect(flooded("second", 1000)).toBe(0);
    expect(flooded("third", 2000)).toBe(entries.length);
    // A window later all of that is past.
    expect(flooded("fourth", 62_000)).toBe(0);
    expect(flooded("fifth", 62_001)).toBe(0);
    expect(flooded("sixth", 62_002)).toBe(entries.length);
  });

  test("neither a known false alarm nor a bank without a limit counts hits", async () => {
    store.createBank({ name: "no", negative: true });
    await store.import({ bank: "no", source: "s" }, [{ id: "logo", signals: pdq(hash(0)) }]);
    expect(new Set(actions(30))).toEqual(new Set(["none"]));
    store.setPolicy("b", { action: "block" });
    await store.withdraw({ bank: "no", source: "s", entryId: "logo" });
    expect(new Set(actions(30))).toEqual(new Set(["block"]));
  });

  test("an entry that gets another hash is counted anew", async () => {
    actions(11);
    expect(store.flooded()).toHaveLength(1);
    await store.import({ bank: "b", source: "s" }, [{ id: "logo", signals: pdq(near(3)) }]);
    expect(store.flooded()).toEqual([]);
    expect(matcher.check(query(near(3))).action).toBe("block");
  });

  test.each([{ uploads: 0, seconds: 1 }, { uploads: 1 }, { uploads: 1, seconds: 0 }, 5])("%j is refused", (wrong) => {
    expect(() => store.setPolicy("b", { flood: wrong as never })).toThrow(/flood|options/);
  });
});

describe("screening", () => {
  const held = async (value: string, options = {}): Promise<string | undefined> => {
    const id = value.slice(0, 12);
    await store.import({ bank: "b", source: "s" }, [{ id, signals: pdq(value) }], options);
    return store.entry({ bank: "b", source: "s", entryId: id })!.reason;
  };
  beforeEach(() => store.createBank({ name: "b" }));
  const made = async (inside: string): Promise<string> => {
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="512" height="512"><rect width="512" height="512" fill="white"/>${inside}</svg>`;
    return (await hashImage(await sharp(Buffer.from(svg)).png().toBuffer())).hash;
  };
  const bars = (count: number, upright: boolean): string =>
    Array.from({ length: count }, (_, i) => {
      const at = (512 * i) / count;
      return upright ? `<rect x="${at}" width="5" height="512"/>` : `<rect y="${at}" width="512" height="5"/>`;
    }).join("");

  test.each([
    ["a grid of 8 × 8", bars(8, true) + bars(8, false)],
    ["a grid of 3 × 5", bars(3, true) + bars(5, false)],
    ["a form with one box", '<rect x="100" y="60" width="200" height="300"/>'],
    ["a frame", '<rect x="20" y="20" width="472" height="472" fill="#ccc"/>'],
  ])("%s is held back, and matches after its release", async (_, inside) => {
    const value = await made(inside);
    expect(await held(value)).toMatch(/^a grid/);
    expect(matcher.check(query(value)).matches).toEqual([]);
    expect(store.quarantined()).toHaveLength(1);
    store.release({ bank: "b", source: "s", entryId: value.slice(0, 12) });
    expect(matcher.check(query(value)).matches).toHaveLength(1);
  });

  test("ordinary images and random hashes are not held back", async () => {
    const image = await sharp(grey, { raw: { width, height, channels: 1 } })
      .png()
      .toBuffer();
    expect(await held((await hashImage(image)).hash)).toBeUndefined();
    expect(await held(await made('<text x="80" y="300" font-size="120">LOGO</text>'))).toBeUndefined();
    const counts = await store.import(
      { bank: "b", source: "random" },
      Array.from({ length: 4096 }, (_, i) => ({ id: `${i}`, signals: pdq(hash(i)) })),
    );
    expect(counts.quarantined).toBe(0);
  });

  test("a pattern of rows times columns with up to 32 wrong bits is held back, and one with 70 is not", async () => {
    const pattern = (wrong: number, seed: number): string => {
      const [rows, columns] = [hashAt(hashes, seed), hashAt(hashes, seed + 1)];
      const bits = Array.from({ length: 256 }, (_, i) => (rows[i >> 4]! ^ columns[i & 15]!) & 1);
      const order = bits
        .map((_, i) => [hashAt(hashes, seed + 2 + (i >> 5))[i & 31]! * 256 + i, i] as const)
        .sort((a, b) => a[0] - b[0]);
      for (const [, i] of order.slice(0, wrong)) bits[i]! ^= 1;
      return bits.join("").replace(/.{4}/g, (four) => Number.parseInt(four, 2).toString(16));
    };
    for (let seed = 0; seed < 200; seed += 10) {
      expect(await held(pattern(0, seed))).toBeDefined();
      expect(await held(pattern(32, seed))).toBeDefined();
      expect(await held(pattern(70, seed))).toBeUndefined();
    }
  });

  test("a nearly constant hash is held back", async () => {
    const sparse = (set: number): string => {
      const bits = Array.from({ length: 256 }, (_, i) => ((i * 101) % 256 < set ? 1 : 0));
      return bits.join("").replace(/.{4}/g, (four) => Number.parseInt(four, 2).toString(16));
    };
    for (const set of [70, 79, 177, 190]) expect(await held(sparse(set))).toMatch(/^nearly constant/);
  });

  test("a hash near the operator's benign sample is held back, in any orientation", async () => {
    const image = await sharp(grey, { raw: { width, height, channels: 1 } })
      .png()
      .toBuffer();
    const known = await hashImage(image, { orientations: true });
    const turned = (await hashImage(await sharp(image).rotate(90).png().toBuffer())).hash;
    const benign = [hash(0), known];
    const radius = hashDistance(hash(0), near(3));
    expect(await held(near(3), { benign })).toBe(`hits the benign sample, at distance ${radius}`);
    expect(await held(turned, { benign })).toMatch(/^hits the benign sample/);
    expect(await held(near(4), { benign, benignRadius: radius - 1 })).toBeUndefined();
    expect(await held(hash(1), { benign })).toBeUndefined();
    await expect(held(hash(2), { benign: "a file" })).rejects.toThrow("benign");
    await expect(held(hash(2), { benign: ["zz"] })).rejects.toMatchObject({ code: "ERR_EMPREINTE_INVALID_HASH" });
  });
});
