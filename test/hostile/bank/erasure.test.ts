import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BankStore, Matcher } from "../../../dist/doors/bank.js";
import { everyByte, lying, presentIn } from "../../support/bank/bytes.ts";
import { entriesOfCase, hashesOfCase } from "../../support/bank/entries.mjs";
import { killed } from "../../support/killed.ts";
import { random, randomHashes, rowInIndexFile } from "../../support/hashes.ts";
import { rounds } from "../../support/long.ts";
import { root } from "../../support/run.ts";

const folder = mkdtempSync(join(tmpdir(), "empreinte-bank-erasure-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const from = { bank: "ncii", source: "hotline" };

function matching(store: BankStore, values: readonly string[]): number {
  const matcher = new Matcher(store);
  return values.filter((hash) => matcher.check({ hash, quality: 100, stable: true }).matches.length > 0).length;
}

/** Which of the texts are somewhere in the bytes. */
function presentTexts(texts: readonly string[], bytes: Buffer): string[] {
  const present = presentIn(
    bytes,
    texts.map((text) => Buffer.from(text)),
  );
  return texts.filter((_, i) => present[i]);
}

async function filled(name: string, cases: number): Promise<{ path: string; inside: string; store: BankStore }> {
  const inside = mkdtempSync(join(folder, name));
  const path = join(inside, "known.bank");
  const store = await BankStore.create(path);
  store.createBank({ name: "ncii" });
  const entries = Array.from({ length: cases }, (_, i) => entriesOfCase(i)).flat();
  await store.import(from, entries);
  return { path, inside, store };
}

describe("the bytes", () => {
  test("they are in the store and in the index file before, and in no file after", async () => {
    const { inside, store } = await filled("plain-", 40);
    const values = hashesOfCase(7);
    expect(lying(inside, values)).toEqual(values);
    // In the store as they are, and in the index file with their bits in another order.
    const index = readFileSync(join(inside, "known.bank.index"));
    for (const value of values) expect(index.includes(rowInIndexFile(value))).toBe(true);
    const done = await store.withdraw({ case: "case 7" });
    expect(done).toMatchObject({ entries: 5, signals: 15 });
    expect(done.stoppedAfter).toBeLessThanOrEqual(done.goneAfter);
    expect(lying(inside, values)).toEqual([]);
    expect(matching(store, values)).toBe(0);
    await store.saveIndex();
    expect(lying(inside, values)).toEqual([]);
    expect(lying(inside, hashesOfCase(8))).toEqual(hashesOfCase(8));
    await store.close();
    expect(lying(inside, values)).toEqual([]);
  });

  test("those of earlier versions, of quarantined entries, of entries named by their hash, and of a source's own withdrawal are gone", async () => {
    const { inside, store } = await filled("forms-", 1);
    const [old, held, called, taken] = hashesOfCase(900) as [string, string, string, string];
    const pdq = (value: string, quality = 90) => [{ type: "pdq" as const, value, quality }];
    await store.import(from, [
      { id: "old", signals: pdq(old) },
      { id: "held", signals: pdq(held, 5) },
      { id: called, signals: pdq(called) },
      { id: "taken", signals: pdq(taken) },
    ]);
    await store.import(from, [{ id: "old", signals: pdq(hashesOfCase(901)[0]!) }]);
    expect(lying(inside, [old, held, called, taken])).toHaveLength(4);
    await store.import(from, [{ id: "taken", status: "withdrawn" }]);
    expect(lying(inside, [taken])).toEqual([]);
    for (const entryId of ["old", "held", called]) await store.withdraw({ ...from, entryId });
    expect(lying(inside, [old, held, called])).toEqual([]);
    await store.close();
  });

  test("the ids, cases and notes of erased entries are in no file, and those of other entries are", async () => {
    const { path, inside, store } = await filled("names-", 4);
    const text = (what: string, i: number): string => `${what}-${hashesOfCase(500 + i)[0]!.slice(0, 20)}`;
    const entries = Array.from({ length: 100 }, (_, i) => ({
      id: text("id", i),
      cases: [text("case", i)],
      signals: [{ type: "pdq" as const, value: hashesOfCase(500 + i)[0]! }],
    }));
    await store.import(from, entries);
    const matcher = new Matcher(store);
    for (const [i, { signals }] of entries.entries()) {
      const decision = matcher.check({ hash: signals[0]!.value, quality: 100, stable: true });
      matcher.qualify(decision, { labels: ["x:1"], note: text("note", i) });
    }
    const texts = (from: number, to: number): string[] =>
      Array.from({ length: to - from }, (_, k) => ["id", "case", "note"].map((what) => text(what, from + k))).flat();
    const lyingTexts = (some: string[]): string[] => presentTexts(some, everyByte(inside));
    expect(lyingTexts(texts(0, 100))).toHaveLength(300);
    for (let i = 0; i < 50; i++) await store.erase({ ...from, entryId: text("id", i) });
    for (let i = 50; i < 80; i++) await store.erase({ case: text("case", i) });
    expect(lyingTexts(texts(0, 80))).toEqual([]);
    expect(lyingTexts(texts(80, 100))).toEqual(texts(80, 100));
    await store.close();
    expect(lyingTexts(texts(0, 80))).toEqual([]);
    const again = await BankStore.open(path);
    expect(again.entry({ ...from, entryId: text("id", 0) })).toBeUndefined();
    expect(await again.withdraw({ case: text("case", 60) })).toMatchObject({ entries: 0 });
    expect(again.verify()).toEqual([]);
    await again.close();
  });

  test("no id, case, label or note of an erased entry is in a file after thousands of imports in any order", async () => {
    const { inside, store } = await filled("texts-", 2);
    const count = rounds(4000, 10_000);
    const next = random(5);
    const hashOf = (i: number): string => hashesOfCase(100_000 + i)[0]!;
    const textOf = (what: string, i: number): string => `${what}-${hashOf(i).slice(0, 24)}`;
    const entryOf = (i: number) => ({
      id: textOf("id", i),
      cases: [textOf("case", i), textOf("group", i % 50)],
      labels: [`own:${textOf("label", i)}`, "shared:label"],
      signals: [{ type: "pdq" as const, value: hashOf(i) }],
    });
    // Ids in no order, in batches that split and merge the pages of the tables.
    const order = Array.from({ length: count }, (_, i) => i).sort(() => (next() % 2) - 0.5);
    for (let at = 0; at < count; at += 500) await store.import(from, order.slice(at, at + 500).map(entryOf));
    // Some change their cases and labels, some are withdrawn first, and some are qualified.
    const changed = order.slice(0, 100);
    await store.import(
      from,
      changed.map((i) => ({ ...entryOf(i), cases: [textOf("later", i)], labels: [`own:${textOf("new", i)}`] })),
    );
    const matcher = new Matcher(store);
    for (const i of order.slice(100, 200)) {
      const decision = matcher.check({ hash: hashOf(i), quality: 100, stable: true });
      matcher.qualify(decision, { labels: [`said:${textOf("view", i)}`], note: textOf("note", i) });
    }
    const gone = order.slice(0, 350);
    const withdrawnFirst = gone.slice(200, 300);
    for (const i of withdrawnFirst) await store.withdraw({ case: textOf("case", i) });
    const numbers = new Map([...store.entries()].map(({ entryNumber, cases }) => [cases[0], entryNumber]));
    for (const i of gone) {
      const number = numbers.get(textOf("case", i));
      await store.erase(withdrawnFirst.includes(i) ? { entryNumber: number! } : { ...from, entryId: textOf("id", i) });
    }
    const bytes = everyByte(inside);
    const kinds = ["id", "case", "label", "later", "new", "view", "note"];
    const left = gone.flatMap((i) => kinds.map((kind) => textOf(kind, i)));
    expect(presentTexts(left, bytes)).toEqual([]);
    const others = order.slice(350).flatMap((i) => ["id", "case", "label"].map((kind) => textOf(kind, i)));
    expect(presentTexts(others, bytes)).toEqual(others);
    expect(store.verify()).toEqual([]);
    await store.close();
  });

  test("they are gone after many changes in any order", async () => {
    const { inside, store } = await filled("many-", 120);
    const next = random(77);
    const gone: string[] = [];
    const there = new Set(Array.from({ length: 120 }, (_, i) => i));
    for (let round = 0; round < 60; round++) {
      const some = [...there][next() % there.size]!;
      there.delete(some);
      await store[next() % 2 === 0 ? "erase" : "withdraw"]({ case: `case ${some}` });
      gone.push(...hashesOfCase(some));
      await store.import(from, entriesOfCase(1000 + round));
      there.add(1000 + round);
    }
    await store.saveIndex();
    expect(lying(inside, gone)).toEqual([]);
    expect(matching(store, gone)).toBe(0);
    const left = [...there].flatMap((number) => hashesOfCase(number));
    expect(matching(store, left)).toBe(left.length);
    expect(store.verify()).toEqual([]);
    await store.close();
  });

  test("they are gone while another process has the store open and reads", async () => {
    const { path, inside, store } = await filled("two-", 20);
    const other = await BankStore.open(path);
    expect(matching(other, hashesOfCase(3))).toBe(15);
    await store.erase({ case: "case 3" });
    expect(matching(other, hashesOfCase(3))).toBe(0);
    expect(lying(inside, hashesOfCase(3))).toEqual([]);
    await other.close();
    await store.close();
    expect(lying(inside, hashesOfCase(3))).toEqual([]);
  });

  test("they are gone when the withdrawal comes while the index file is being saved", async () => {
    const inside = mkdtempSync(join(folder, "saving-"));
    const store = await BankStore.create(join(inside, "known.bank"));
    store.createBank({ name: "ncii" });
    const many = randomHashes(40_000, 9);
    await store.import(
      from,
      Array.from({ length: 40_000 }, (_, i) => ({
        id: `n${i}`,
        signals: [{ type: "pdq" as const, value: many.subarray(32 * i, 32 * i + 32) }],
      })),
    );
    await store.import(from, entriesOfCase(1));
    rmSync(join(inside, "known.bank.index"));
    let during = 0;
    for (const pause of [0, 1, 3, 8]) {
      await store.import(from, entriesOfCase(2 + pause));
      store.setPolicy("ncii", { radius: pause });
      let isSaved = false;
      const saving = store.saveIndex().finally(() => (isSaved = true));
      if (pause > 0) await setTimeout(pause);
      if (!isSaved) during++;
      await store.erase({ case: `case ${2 + pause}` });
      expect(lying(inside, hashesOfCase(2 + pause))).toEqual([]);
      await saving;
      expect(lying(inside, hashesOfCase(2 + pause))).toEqual([]);
    }
    expect(during).toBeGreaterThan(0);
    await store.close();
  });
});

describe("kill -9", () => {
  const kills = rounds(12, 36);
  const steps = 6;
  let first: string;
  beforeAll(async () => {
    const { inside, store } = await filled("first-", kills * steps);
    await store.close();
    first = inside;
  });

  const child = (path: string, from: number, seed: number): string[] => {
    return [join(root, "test/support/bank/child.mjs"), path, String(from), String(steps), String(seed)];
  };

  test(`${kills} times at random points leaves the state before or after, and never a match of what was withdrawn`, async () => {
    const inside = join(folder, "killed");
    cpSync(first, inside, { recursive: true });
    const path = join(inside, "known.bank");
    const next = random(4711);
    const gone: string[] = [];
    let between = 0;
    let steppedOn = 0;
    for (let kill = 0; kill < kills; kill++) {
      const from = kill * steps;
      // Two lines a step: every place in the child's work gets its kills.
      const { lines, finished } = await killed(child(path, from, kill), kill % (2 * steps), (next() % 1000) / 1000);
      expect(lines[0]).toBe("ready");
      if (!finished) between++;
      steppedOn += lines.length - 1;
      // As the files are, before anybody repairs anything.
      const reported = lines.flatMap((line) => (line.startsWith("ended ") ? [Number(line.slice(6))] : []));
      const now = reported.flatMap((number) => hashesOfCase(number));
      gone.push(...now);
      expect(lying(inside, now)).toEqual([]);
      const store = await BankStore.open(path);
      expect(store.verify()).toEqual([]);
      expect(matching(store, now)).toBe(0);
      const bytes = everyByte(inside);
      const absent: string[] = [];
      for (let number = from; number < from + steps; number++) {
        for (const which of [number, 10_000 + number]) {
          const values = hashesOfCase(which);
          const found = matching(store, values);
          expect([0, values.length]).toContain(found);
          // What no longer matches is in no file. What was reported as added is found.
          if (found === 0) absent.push(...values);
          if (lines.includes(`added ${which}`)) expect(found).toBe(values.length);
        }
      }
      expect(lying(inside, absent, bytes)).toEqual([]);
      await store.close();
    }
    const store = await BankStore.open(path);
    expect(matching(store, gone)).toBe(0);
    await store.close();
    const bytes = everyByte(inside);
    expect(lying(inside, gone, bytes)).toEqual([]);
    // The kills were spread over the work: most came before its end, and after steps that had returned.
    expect(between).toBeGreaterThan(kills / 2);
    expect(steppedOn).toBeGreaterThan(2 * kills);
  });
});
