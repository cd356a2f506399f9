import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { BankStore, Matcher } from "../../../dist/doors/bank.js";
import { entriesOfCase, hashesOfCase, hashOf } from "../../support/bank/entries.mjs";

let folder: string;
let store: BankStore;
const from = { bank: "ncii", source: "hotline" };
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "empreinte-listing-"));
  store = await BankStore.create(join(folder, "known.bank"));
  store.createBank({ name: "ncii" });
  store.createBank({ name: "other" });
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

test("entries are listed by number, for a bank, a source or a status, and sources are counted", async () => {
  const many = Array.from({ length: 500 }, (_, i) => entriesOfCase(i)).flat();
  await store.import(from, many, { importCursor: "page 7" });
  const pdq = (quality: number) => [{ type: "pdq" as const, value: hashOf(9000, quality, 0), quality }];
  await store.import({ bank: "ncii", source: "second" }, [
    { id: "low", signals: pdq(10) },
    { id: "good", signals: pdq(90) },
  ]);
  await store.import({ bank: "other", source: "hotline" }, entriesOfCase(7000));
  await store.withdraw({ case: "case 3" });
  expect([...store.entries()].map(({ entryNumber }) => entryNumber)).toEqual(
    Array.from({ length: 2507 }, (_, i) => i + 1),
  );
  expect([...store.entries({ bank: "other" })].map(({ entryId }) => entryId)).toEqual(
    entriesOfCase(7000).map(({ id }) => id),
  );
  expect(
    [...store.entries({ bank: "ncii", source: "second" })].map(({ entryId, status }) => [entryId, status]),
  ).toEqual([
    ["low", "quarantined"],
    ["good", "active"],
  ]);
  expect([...store.entries({ status: "withdrawn" })].map(({ entryNumber }) => entryNumber)).toEqual([
    16, 17, 18, 19, 20,
  ]);
  expect(store.sources()).toEqual([
    { ...from, importCursor: "page 7", active: 2495, quarantined: 0, withdrawn: 5, signals: 7485 },
    { bank: "ncii", source: "second", active: 1, quarantined: 1, withdrawn: 0, signals: 1 },
    { bank: "other", source: "hotline", active: 5, quarantined: 0, withdrawn: 0, signals: 15 },
  ]);
  expect([...store.entries({ after: 2504 })].map(({ entryNumber }) => entryNumber)).toEqual([2505, 2506, 2507]);
  expect([...store.entries({ bank: "ncii", after: 2501 })].map(({ entryId }) => entryId)).toEqual(["good"]);
  expect(() => [...store.entries({ after: -1 })]).toThrow("after");
  expect(() => [...store.entries({ bank: "none" })]).toThrow("none");
  expect(() => [...store.entries({ bank: "other", source: "second" })]).toThrow("second");
  expect(() => [...store.entries({ state: "active" } as object)]).toThrow("state");
});

test("what is said of a source is kept beside the entries, and says whether the source is stale", async () => {
  await store.import(from, entriesOfCase(1));
  const { revision } = store;
  const records = store.audit().length;
  const noon = Date.UTC(2026, 5, 1, 12);
  const later = { bank: "other", source: "never imported" };
  store.reportSource(from, { currentAt: noon, staleAfterSeconds: 900 });
  store.reportSource(later, { staleAfterSeconds: 900, stopped: "a page was cut off" });
  expect(store.sourceReports(noon + 900_000)).toEqual([
    { ...from, currentAt: new Date(noon), stale: false },
    { ...later, stale: true, stopped: "a page was cut off" },
  ]);
  expect(store.sourceReports(noon + 900_001)[0]).toMatchObject({ stale: true });
  store.reportSource(later, { staleAfterSeconds: 900 });
  expect(store.sourceReports()[1]).toEqual({ ...later, stale: false });
  store.reportSource(later, undefined);
  expect(store.sourceReports()).toHaveLength(1);
  expect([store.revision, store.audit().length]).toEqual([revision, records]);
  const refused =
    (report: object): unknown =>
    () =>
      store.reportSource(from, report as never);
  expect(refused({})).toThrow("staleAfterSeconds");
  expect(refused({ staleAfterSeconds: 1, current: noon })).toThrow("current");
  expect(refused({ staleAfterSeconds: 1, currentAt: "noon" })).toThrow("currentAt");
  expect(refused({ staleAfterSeconds: 1, stopped: `at ${hashesOfCase(1)[0]!}` })).toThrow("without a hash for stopped");
  expect(() => store.reportSource({ bank: "none", source: "a" }, undefined)).toThrow("none");
});

test("an act beside the store is in the audit log, without a hash, and the log stays whole", () => {
  store.recordAct("skip", { bank: "ncii", source: "hotline", to: "2026-03-29T01:00:00.000Z", by: "ada", times: 3 });
  expect(store.audit().at(-1)).toMatchObject({
    what: "act",
    detail: { act: "skip", bank: "ncii", source: "hotline", by: "ada", times: 3 },
  });
  const records = store.audit().length;
  const [hash] = hashesOfCase(1);
  expect(() => store.recordAct("skip", { reason: `it was ${hash!}` })).toThrow("without a hash for reason");
  expect(() => store.recordAct("skip", { act: "other" })).toThrow("none of them act");
  expect(() => store.recordAct("", {})).toThrow("act");
  expect(() => store.recordAct("skip", { share: 0.5 })).toThrow("share");
  expect(() => store.recordAct("skip", null as never)).toThrow("detail");
  expect(store.audit()).toHaveLength(records);
  expect(store.verify()).toEqual([]);
});

test("the times of revisions never go back, also where the clock does", async () => {
  // Later than the store was made.
  const noon = Date.UTC(2100, 5, 1, 12);
  const clock = vi.spyOn(Date, "now");
  const first = store.revision + 1;
  const minutes = [0, 30, -20, 10, 40];
  for (const [i, minute] of minutes.entries()) {
    clock.mockReturnValue(noon + 60_000 * minute);
    await store.import(from, entriesOfCase(i));
  }
  clock.mockRestore();
  const last = store.revision;
  expect(last).toBe(first + 4);
  const after = (times: Date[]): number[] => times.map((time) => (time.getTime() - noon) / 60_000);
  expect(after(store.revisionTimes(first, last))).toEqual([0, 30, 30, 30, 40]);
  expect(after(store.revisionTimes(first + 2, first + 3))).toEqual([30, 30]);
  expect(store.revisionTimes(1, last)).toHaveLength(last);
  expect(() => store.revisionTimes(1, last + 1)).toThrow("last");
  expect(() => store.revisionTimes(0, last)).toThrow("first");
});

test("entries in arrays give the same as entries one by one, including problems and positions", async () => {
  const all = [...entriesOfCase(1), { id: "bad", signals: [] }, ...entriesOfCase(2), ...entriesOfCase(3)];
  const problems: unknown[] = [];
  const options = { batch: 4, onProblem: ({ entry }: { entry?: number }) => problems.push(entry) };
  async function* arrays() {
    yield all.slice(0, 5);
    yield [];
    yield all.slice(5, 9);
    yield all.slice(9);
  }
  const counts = await store.import(from, all, options);
  const taken: string[] = [];
  const importCursor = (count: number): string => (taken.push(`${count}`), `${count}`);
  const other = { bank: "ncii", source: "arrays" };
  expect(await store.import(other, arrays(), { ...options, importCursor })).toEqual(counts);
  expect(problems).toEqual([6, 6]);
  expect(taken.at(-1)).toBe("16");
  expect(store.importCursor(other)).toBe("16");
  const kept = (source: string) =>
    [...store.entries({ bank: "ncii", source })].map(({ entryId, signals }) => [entryId, signals]);
  expect(kept("arrays")).toEqual(kept("hotline"));
  expect(await store.import({ bank: "ncii", source: "rest" }, arrays(), { skip: 9 })).toMatchObject({
    added: 7,
    problems: 0,
  });
});

test("an entry without an id is named by its number", async () => {
  const value = hashesOfCase(1)[0]!;
  await store.import(from, [
    { signals: [{ type: "pdq", value, quality: 20 }] },
    { signals: [{ type: "pdq", value: hashesOfCase(1)[1]! }] },
  ]);
  const matches = () => new Matcher(store).check({ hash: value, quality: 99, stable: true }).matches;
  const [held] = store.quarantined();
  expect(held).toMatchObject({ entryNumber: 1, reason: "quality 20 is below 50" });
  expect(matches()).toEqual([]);
  expect(store.release({ entryNumber: 1 })).toBe(true);
  // The policy's own least quality still holds.
  store.setPolicy("ncii", { minQuality: 0 });
  expect(matches()).toMatchObject([{ entryNumber: 1 }]);
  expect(store.disable({ entryNumber: 1 }, "2999-01-01")).toBe(true);
  expect(matches()).toEqual([]);
  expect(store.disable({ entryNumber: 1 }, null)).toBe(true);
  expect(await store.withdraw({ entryNumber: 1 })).toMatchObject({ entries: 1, signals: 2 });
  expect(matches()).toEqual([]);
  expect(store.entry({ entryNumber: 1 })).toMatchObject({ status: "withdrawn", signals: [] });
  expect(store.entry({ entryNumber: 2 })).toMatchObject({ status: "active" });
  expect(await store.erase({ entryNumber: 2 })).toMatchObject({ entries: 1 });
  expect(store.entry({ entryNumber: 2 })).toBeUndefined();
  expect(store.release({ entryNumber: 99 })).toBe(false);
  expect(await store.withdraw({ entryNumber: 99 })).toMatchObject({ entries: 0 });
  expect(() => store.release({ entryNumber: 1.5 })).toThrow("entryNumber");
  // The tombstone keeps it out, under whatever name it had.
  expect(await store.import(from, [{ signals: [{ type: "pdq", value }] }])).toMatchObject({ added: 0, refused: 1 });
});
