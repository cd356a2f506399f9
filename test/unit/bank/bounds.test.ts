/** What a store takes and keeps at each bound: the last value that passes and the next one. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { FloodCounts } from "../../../dist/bank/decision/flood.js";
import { labelMatchedByPolicy } from "../../../dist/bank/decision/match-signals.js";
import { BankStore, type EntryInput, Matcher } from "../../../dist/doors/bank.js";
import { orientationNames } from "../../../dist/index.js";
import { hashAt, hex, randomHashes } from "../../support/hashes.ts";

const hashes = randomHashes(128, 611);
const hash = (i: number): string => hex(hashAt(hashes, i));
const pdq = (i: number, more: object = {}) => ({ type: "pdq" as const, value: hash(i), ...more });
const from = { bank: "ncii", source: "hotline" };

let folder: string;
let store: BankStore;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "empreinte-bank-bounds-"));
  store = await BankStore.create(join(folder, "known.bank"));
  store.createBank({ name: "ncii" });
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Whether the store takes an entry. */
async function isTaken(entry: Partial<EntryInput>): Promise<boolean> {
  const { added, changed, problems } = await store.import(from, [{ signals: [pdq(0)], ...entry }]);
  expect(added + changed + problems).toBe(1);
  return problems === 0;
}

describe("an import", () => {
  test("takes texts of up to 1,024 characters, and neither an empty one nor one with a NUL", async () => {
    const text = (length: number): string => "wörd ".repeat(300).slice(0, length);
    expect(await isTaken({ id: text(1024) })).toBe(true);
    expect(await isTaken({ id: text(1025) })).toBe(false);
    expect(await isTaken({ id: "a", cases: [text(1024)] })).toBe(true);
    expect(await isTaken({ id: "a", cases: [text(1025)] })).toBe(false);
    for (const wrong of ["", "a\0b"]) {
      expect(await isTaken({ id: wrong })).toBe(false);
      expect(await isTaken({ id: "a", cases: [wrong] })).toBe(false);
    }
    expect(store.entry({ ...from, entryId: text(1024) })!.entryId).toBe(text(1024));
  });

  test("takes labels of up to 128 characters in each part, and up to 256 labels and cases", async () => {
    const word = (length: number): string => "x".repeat(length);
    expect(await isTaken({ id: "a", labels: [`${word(128)}:${word(128)}`] })).toBe(true);
    expect(await isTaken({ id: "a", labels: [`${word(129)}:1`] })).toBe(false);
    expect(await isTaken({ id: "a", labels: [`x:${word(129)}`] })).toBe(false);
    expect(await isTaken({ id: "a", labels: [{ scheme: "x", version: word(129), code: "1" }] })).toBe(false);
    const many = (count: number): string[] => Array.from({ length: count }, (_, i) => `x:${i}`);
    expect(await isTaken({ id: "a", labels: many(256), cases: many(256) })).toBe(true);
    expect(store.entry({ ...from, entryId: "a" })!.labels).toHaveLength(256);
    expect(await isTaken({ id: "a", labels: many(257) })).toBe(false);
    expect(await isTaken({ id: "a", cases: many(257) })).toBe(false);
  });

  test("takes a quality of 0 to 100, and times from 1970 to the last that a Date holds", async () => {
    for (const [quality, taken] of [
      [0, true],
      [100, true],
      [-1, false],
      [101, false],
      [50.5, false],
    ] as const) {
      expect(await isTaken({ id: `q${quality}`, signals: [pdq(0, { quality })] })).toBe(taken);
    }
    for (const [time, taken] of [
      [0, true],
      [8.64e15, true],
      [-1, false],
      [8.64e15 + 1024, false],
      [Number.NaN, false],
      ["2026-03-01", true],
      ["1969-12-31", false],
    ] as const) {
      expect(await isTaken({ id: `t${time}`, time })).toBe(taken);
    }
    expect(store.entry({ ...from, entryId: "t2026-03-01" })!.time).toEqual(new Date("2026-03-01T00:00:00Z"));
  });

  test("keeps an id as a digest from the length of the shortest hash on", async () => {
    const digits = hash(1);
    const kept = async (id: string): Promise<string | undefined> => {
      await store.import(from, [{ id, signals: [pdq(0)] }]);
      return store.entry({ ...from, entryId: id })!.entryId;
    };
    expect(await kept(digits.slice(0, 31))).toBe(digits.slice(0, 31));
    for (const id of [digits.slice(0, 32), digits.slice(0, 40), `0x${digits}`, digits.toUpperCase()]) {
      expect(await kept(id)).toBeUndefined();
    }
    const base64 = Buffer.from(digits, "hex").toString("base64");
    for (const id of [base64, base64.slice(0, 43)]) expect(await kept(id)).toBeUndefined();
    expect(await kept(base64.slice(0, 42))).toBe(base64.slice(0, 42));
  });

  test("takes 60 crops for each whole image", async () => {
    const crops = (count: number) => Array.from({ length: count }, (_, i) => pdq(2 + i, { crop: `c${i}` }));
    expect(await isTaken({ id: "a", signals: [pdq(0), ...crops(60)] })).toBe(true);
    expect(await isTaken({ id: "a", signals: [pdq(0), ...crops(61)] })).toBe(false);
    expect(await isTaken({ id: "b", signals: [pdq(0), pdq(1), ...crops(61)] })).toBe(true);
  });

  test("remembers the newest time of an entry, even of a record that changes nothing else", async () => {
    const record = (time: number, signal = 0) => ({ id: "a", signals: [pdq(signal)], time });
    await store.import(from, [record(10)]);
    expect(await store.import(from, [record(20)])).toMatchObject({ unchanged: 1 });
    expect(await store.import(from, [record(15, 1)])).toMatchObject({ stale: 1, changed: 0 });
    // A record of the same time is no older.
    expect(await store.import(from, [record(20, 1)])).toMatchObject({ changed: 1, stale: 0 });
  });

  test("takes another quality, type or crop of the same hash as a change", async () => {
    const md5 = { type: "md5" as const, value: "0".repeat(31) + "1" };
    const versions = [
      [pdq(0, { quality: 90 })],
      [pdq(0, { quality: 80 })],
      [pdq(0)],
      [{ ...pdq(0), type: "vpdq" as const }],
      [pdq(0), md5],
      [pdq(0), pdq(1, { crop: "a" }), md5],
      [pdq(0), pdq(1, { crop: "b" }), md5],
      [pdq(0), pdq(2, { crop: "b" }), md5],
    ];
    await store.import(from, [{ id: "a", signals: [pdq(9)] }]);
    for (const signals of versions) {
      expect(await store.import(from, [{ id: "a", signals }])).toMatchObject({ changed: 1, unchanged: 0 });
      expect(await store.import(from, [{ id: "a", signals }])).toMatchObject({ changed: 0, unchanged: 1 });
    }
  });

  test("writes into the audit log what each batch added, once", async () => {
    const entries = Array.from({ length: 25 }, (_, i) => ({ id: `n${i}`, signals: [pdq(i)] }));
    await store.import(from, entries, { batch: 10 });
    const added = [...store.audit()].filter(({ what }) => what === "import").map(({ detail }) => detail);
    expect(added).toEqual([10, 10, 5].map((count) => ({ ...from, added: count })));
  });

  test("calls the import cursor and onProgress with what was taken, and skips what was taken before", async () => {
    const entries = Array.from({ length: 25 }, (_, i) => ({ id: `n${i}`, signals: [pdq(i)] }));
    const progress: [added: number, taken: number][] = [];
    await store.import(from, entries, {
      batch: 10,
      skip: 3,
      importCursor: (taken) => `after ${taken}`,
      onProgress: ({ added }, taken) => progress.push([added, taken]),
    });
    expect(progress).toEqual([
      [10, 13],
      [20, 23],
      [22, 25],
    ]);
    expect(store.importCursor(from)).toBe("after 25");
    expect(store.entry({ ...from, entryId: "n2" })).toBeUndefined();
    expect(store.entry({ ...from, entryId: "n3" })).toBeDefined();
  });
});

test("a policy takes a radius of 0 to 256, a quality of 0 to 100 and shares of 0 to 1", () => {
  const takes = (policy: object): boolean => {
    try {
      store.setPolicy("ncii", policy);
      return true;
    } catch (error) {
      expect(error).toMatchObject({ code: "ERR_EMPREINTE_INVALID_ARGUMENT" });
      return false;
    }
  };
  for (const [name, least, most, beyond] of [
    ["radius", 0, 256, 257],
    ["minQuality", 0, 100, 101],
    ["minShare", 0, 1, 1.001],
  ] as const) {
    expect([name, takes({ [name]: least }), takes({ [name]: most })]).toEqual([name, true, true]);
    expect([name, takes({ [name]: -0.001 }), takes({ [name]: beyond })]).toEqual([name, false, false]);
  }
  expect(takes({ matchRatio: 1 })).toBe(true);
  expect([takes({ matchRatio: 0 }), takes({ matchRatio: 1.001 })]).toEqual([false, false]);
});

test("a bank takes a purpose of up to 1,024 characters", () => {
  store.createBank({ name: "long", purpose: "p".repeat(1024) });
  expect(() => store.createBank({ name: "longer", purpose: "p".repeat(1025) })).toThrow(/1024 characters/);
  expect(store.banks().map(({ name }) => name)).toEqual(["ncii", "long"]);
});

test("a pattern of rows times columns is held back up to 32 wrong bits, and not from 33 on", async () => {
  const pattern = (wrong: number, seed: number): string => {
    const [rows, columns] = [hashAt(hashes, seed), hashAt(hashes, seed + 1)];
    const bits = Array.from({ length: 256 }, (_, i) => (rows[i >> 4]! ^ columns[i & 15]!) & 1);
    const key = (i: number): number => hashAt(hashes, seed + 2 + (i >> 5))[i & 31]! * 256 + i;
    const order = bits.map((_, i) => i).sort((a, b) => key(a) - key(b));
    for (const i of order.slice(0, wrong)) bits[i]! ^= 1;
    return bits.join("").replace(/.{4}/g, (four) => Number.parseInt(four, 2).toString(16));
  };
  const isHeld = async (value: string): Promise<boolean> => {
    const { quarantined } = await store.import(from, [{ id: value.slice(0, 20), signals: [{ type: "pdq", value }] }]);
    return quarantined === 1;
  };
  for (let seed = 0; seed < 100; seed += 10) {
    expect(await isHeld(pattern(32, seed))).toBe(true);
    expect(await isHeld(pattern(33, seed))).toBe(false);
    expect(await isHeld(pattern(34, seed))).toBe(false);
  }
});

test("screening has the quality that is given, to the point", async () => {
  const held = async (quality: number, minQuality?: number): Promise<boolean> => {
    const options = minQuality === undefined ? {} : { minQuality };
    const entry = { id: `${quality} ${minQuality}`, signals: [pdq(0, { quality })] };
    return (await store.import(from, [entry], options)).quarantined === 1;
  };
  expect([await held(49), await held(50)]).toEqual([true, false]);
  expect([await held(79, 80), await held(80, 80)]).toEqual([true, false]);
  expect([await held(0, 0), await held(99, 100)]).toEqual([false, true]);
});

test("the audit log names up to 20 removed entries, and of more it has the count alone", async () => {
  const entry = (i: number, of: string) => ({ id: `${of} ${i}`, signals: [pdq(i)], cases: [of] });
  for (const [name, count] of [
    ["twenty", 20],
    ["more", 21],
  ] as const) {
    await store.import(
      from,
      Array.from({ length: count }, (_, i) => entry(i, name)),
    );
    await store.withdraw({ case: name });
    const { detail } = [...store.audit()].at(-1)!;
    expect(detail).toMatchObject({ by: "case", entries: count, signals: count });
    if (count === 20) expect((detail as { entryNumbers: number[] }).entryNumbers).toHaveLength(20);
    else expect(detail).not.toHaveProperty("entryNumbers");
  }
});

test("hits count for less than the whole window, and one more upload than allowed floods an entry", () => {
  const limit = { uploads: 1, seconds: 60 };
  const flooded = (later: number): boolean => {
    const counts = new FloodCounts();
    expect(counts.add(1, "first", limit, 1000)).toBe(false);
    return counts.add(1, "second", limit, 1000 + later);
  };
  expect([flooded(0), flooded(59_999), flooded(60_000)]).toEqual([true, true, false]);
  const three = new FloodCounts();
  const floods = ["a", "b", "c", "d"].map((upload, i) => three.add(1, upload, { uploads: 3, seconds: 60 }, i));
  expect(floods).toEqual([false, false, false, true]);
  // Another entry has its own count, and an entry that is forgotten begins anew.
  expect(three.add(2, "e", { uploads: 3, seconds: 60 }, 5)).toBe(false);
  three.forget(1);
  expect(three.add(1, "f", { uploads: 3, seconds: 60 }, 6)).toBe(false);
});

test("an upload that comes again counts from then on, and keeps no older one", () => {
  const counts = new FloodCounts();
  const limit = { uploads: 2, seconds: 100 };
  const hits: [string, number][] = [
    ["a", 0],
    ["b", 10_000],
    ["a", 90_000],
    ["c", 115_000],
  ];
  // When the last one comes, the second is more than 100 seconds old.
  expect(hits.map(([upload, time]) => counts.add(1, upload, limit, time))).toEqual([false, false, false, false]);
  expect(counts.add(1, "d", limit, 116_000)).toBe(true);
});

test("a qualification takes a note of up to 1,024 characters", async () => {
  await store.import(from, [{ id: "a", signals: [pdq(0)] }]);
  const matcher = new Matcher(store);
  const qualify = (length: number): unknown =>
    matcher.qualify(matcher.check({ hash: hash(0) }), { labels: ["x:1"], by: "ada", note: "n".repeat(length) });
  expect(qualify(1024)).toBeDefined();
  expect(() => qualify(1025)).toThrow(/1024 characters/);
});

test("an entry that is disabled until a time counts again from that time on", () => {
  const bank = { policy: {} } as Parameters<typeof labelMatchedByPolicy>[0];
  const counts = (until: number | null): boolean => {
    const entry = { disabledUntil: until, labels: [] } as unknown as Parameters<typeof labelMatchedByPolicy>[1];
    return labelMatchedByPolicy(bank, entry, hash(0), 1000) !== undefined;
  };
  expect([counts(null), counts(999), counts(1000), counts(1001)]).toEqual([true, true, true, false]);
});

test("of equally near signals of one entry that of the earlier orientation is reported, wherever it is", async () => {
  const near = (i: number): string => hex(hashAt(hashes, i).map((byte, at) => (at === 0 ? byte ^ 15 : byte)));
  const values = orientationNames.map((_, i) => near(20 + i));
  const signals = values.map((value) => ({ type: "pdq" as const, value }));
  await store.import(from, [
    { id: "in order", signals },
    { id: "reversed", signals: signals.toReversed() },
    { id: "without the first", signals: signals.slice(1) },
  ]);
  const orientations = Object.fromEntries(orientationNames.map((name, i) => [name, hash(20 + i)])) as Record<
    (typeof orientationNames)[number],
    string
  >;
  const { matches } = new Matcher(store).check({ hash: hash(20), orientations });
  expect(matches.map(({ entryId, orientation, distance }) => [entryId, orientation, distance])).toEqual([
    ["in order", "orig", 4],
    ["reversed", "orig", 4],
    ["without the first", orientationNames[1], 4],
  ]);
});

test("an index that is built anew has the signals that may match, and no others", async () => {
  await store.import(from, [
    { id: "kept", signals: [pdq(0)] },
    { id: "changed", signals: [pdq(1)] },
    { id: "withdrawn", signals: [pdq(2)] },
    { id: "quarantined", signals: [pdq(3, { quality: 10 })] },
    { id: "erased", signals: [pdq(5)] },
  ]);
  await store.import(from, [{ id: "changed", signals: [pdq(6)] }]);
  await store.import(from, [{ id: "released", signals: [pdq(4, { quality: 90 })] }], { minQuality: 100 });
  await store.withdraw({ ...from, entryId: "withdrawn" });
  await store.erase({ ...from, entryId: "erased" });
  store.release({ ...from, entryId: "released" });
  const path = join(folder, "known.bank");
  for (const removed of [false, true]) {
    await store.close();
    if (removed) rmSync(`${path}.index`);
    store = await BankStore.open(path);
    expect(store.verify()).toEqual([]);
    const matcher = new Matcher(store);
    const found = [0, 1, 2, 3, 4, 5, 6].map((i) => matcher.check({ hash: hash(i) }).matches.map((m) => m.entryId));
    expect(found).toEqual([["kept"], [], [], [], ["released"], [], ["changed"]]);
  }
});

test("of equally near signals of one entry the first one is reported, by a decision and by a search", async () => {
  const signals = [pdq(0), pdq(0), pdq(0, { crop: "centre-10" })];
  await store.import(from, [
    { id: "other", signals: [pdq(1)] },
    { id: "a", signals },
    { id: "b", signals },
  ]);
  const { matches } = new Matcher(store).check({ hash: hash(0) });
  expect(matches.map(({ entryId, signal, crop }) => [entryId, signal, crop])).toEqual([
    ["a", 1, undefined],
    ["b", 4, undefined],
  ]);
  const found = await store.search(hash(0));
  expect(found.map(({ entryId, distance, crop }) => [entryId, distance, crop])).toEqual([
    ["a", 0, undefined],
    ["b", 0, undefined],
  ]);
});

test("a query of digests alone has no quality, and a hash alone has all of it", () => {
  const matcher = new Matcher(store);
  const sha256 = hash(9);
  expect(matcher.check({ digests: { sha256 } }).query).toEqual({ quality: 0, stable: false, digests: { sha256 } });
  expect(matcher.check({ hash: hash(0) }).query).toEqual({ hash: hash(0), quality: 100, stable: true });
});
