/** A withdrawal by hash finds every entry that has or ever had the hash, and reads few records. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Database } from "../../../dist/bank/storage/database.js";
import { BankStore } from "../../../dist/doors/bank.js";
import { signalsOf } from "../../support/bank/videos.ts";
import { hex, random, randomHashes } from "../../support/hashes.ts";
import { rounds } from "../../support/long.ts";
import { Film, shown } from "../../support/video/films.ts";

const from = { bank: "known", source: "s" };
const hashes = randomHashes(400, 3);
const hash = (i: number): string => hex(hashes.subarray(32 * i, 32 * i + 32));
const pdq = (i: number) => ({ type: "pdq" as const, value: hash(i) });

let folder: string;
let store: BankStore;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "empreinte-bank-by-hash-"));
  store = await BankStore.create(join(folder, "known.bank"));
  store.createBank({ name: "known" });
});
afterEach(async () => {
  vi.restoreAllMocks();
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

const withdraws = async (value: string, type?: "pdq" | "md5" | "vpdq"): Promise<number> =>
  (await store.withdraw(type === undefined ? { hash: value } : { hash: value, type })).entries;

test("also of an earlier version, a held back or paused entry, a weak frame of a video, and of any type", async () => {
  await store.import(from, [
    { id: "changed", signals: [pdq(0), pdq(1)] },
    { id: "held", status: "quarantined", signals: [pdq(2)] },
    { id: "released", status: "quarantined", signals: [pdq(3)] },
    { id: "paused", signals: [pdq(4)] },
    { id: "bytes", signals: [{ type: "md5", value: "0123456789abcdef0123456789abcdef" }] },
  ]);
  await store.import(from, [{ id: "changed", signals: [pdq(5)] }]);
  await store.import(from, [{ id: "changed", signals: [pdq(6)] }]);
  store.release({ ...from, entryId: "released" });
  store.disable({ ...from, entryId: "paused" }, Date.now() + 1e9);
  const video = shown([{ film: new Film(101, 20), from: 0, seconds: 20 }], 1);
  const black = "0".repeat(64);
  video.frames[3] = { ...video.frames[3]!, hash: black };
  await store.import(from, [{ id: "video", signals: signalsOf(video) }]);
  expect(await withdraws(hash(0))).toBe(1);
  for (const i of [1, 5, 6, 7]) expect(await withdraws(hash(i))).toBe(0);
  for (const i of [2, 3, 4]) expect(await withdraws(hash(i))).toBe(1);
  expect(await withdraws("0123456789abcdef0123456789abcdef", "md5")).toBe(1);
  expect(await withdraws(black)).toBe(1);
  expect(await withdraws(black)).toBe(0);
  expect(store.size).toBe(0);
});

test("of many entries it reads the pages of those that have it, and of no others", async () => {
  const many = Array.from({ length: 20_000 }, (_, i) => ({
    id: `${i}`,
    signals: [{ type: "pdq" as const, value: "" }],
  }));
  const values = randomHashes(many.length, 8);
  many.forEach((entry, i) => (entry.signals[0]!.value = hex(values.subarray(32 * i, 32 * i + 32))));
  await store.import(from, many, { batch: many.length });
  await store.import(from, [{ id: "held", status: "quarantined", signals: [pdq(2)] }]);
  const get = vi.spyOn(Database.prototype, "get");
  expect(await withdraws(many[7000]!.signals[0]!.value)).toBe(1);
  expect(get.mock.calls.filter(([sql]) => sql.includes("FROM signal_page")).length).toBeLessThan(10);
  expect(await withdraws(hash(2))).toBe(1);
});

test("finds what a model finds, whatever happened to the entries before", async () => {
  const next = random(17);
  /** What each entry has or ever had. */
  const had = new Map<number, Set<number>>();
  for (let round = 0; round < rounds(60, 1500); round++) {
    const id = next() % 40;
    const step = next() % 6;
    if (step <= 3) {
      const signals = Array.from({ length: 1 + (next() % 3) }, () => next() % 120);
      const status = step === 3 ? ("quarantined" as const) : ("active" as const);
      await store.import(from, [{ id: `${id}`, status, signals: [...new Set(signals)].map(pdq) }]);
      if (!had.has(id)) had.set(id, new Set());
      const entry = store.entry({ ...from, entryId: `${id}` });
      if (entry?.status !== "withdrawn") for (const signal of signals) had.get(id)!.add(signal);
    } else if (step === 4) store.release({ ...from, entryId: `${id}` });
    else {
      const value = next() % 120;
      const expected = [...had].filter(([, signals]) => signals.has(value)).map(([number]) => number);
      expect(await withdraws(hash(value)), `round ${round}`).toBe(expected.length);
      for (const number of expected) {
        had.delete(number);
        store.lift({ ...from, entryId: `${number}` });
      }
    }
  }
  expect(store.verify()).toEqual([]);
});
