import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { BankStore, type EntryInput, Matcher } from "../../../dist/doors/bank.js";
import type { ListProblem } from "../../../dist/doors/lists.js";
import { hashAt, hex, randomHashes } from "../../support/hashes.ts";

const hashes = randomHashes(64, 501);
const hash = (i: number): string => hex(hashAt(hashes, i));
const pdq = (i: number, quality?: number) => ({
  type: "pdq" as const,
  value: hash(i),
  ...(quality !== undefined && { quality }),
});
const from = { bank: "ncii", source: "hotline" };
const named = (entryId: string) => ({ ...from, entryId });

let folder: string;
let path: string;
let store: BankStore;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "empreinte-bank-"));
  path = join(folder, "known.bank");
  store = await BankStore.create(path);
  store.createBank({ name: "ncii", policy: { action: "block" } });
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

/** The numbers of the entries that an image with this hash matches. */
function matched(value: string, of: BankStore = store): string[] {
  return new Matcher(of)
    .check({ hash: value, quality: 100, stable: true })
    .matches.map(({ entryId }) => entryId ?? "none");
}

async function reopen(): Promise<void> {
  await store.close();
  store = await BankStore.open(path);
}

describe("import", () => {
  test("an entry matches at once, and after opening again", async () => {
    const counts = await store.import(from, [
      { id: "a", signals: [pdq(0), pdq(1)], labels: ["ncmec:A1"], cases: ["17"] },
    ]);
    expect(counts).toMatchObject({ added: 1, problems: 0 });
    for (let round = 0; round < 2; round++) {
      expect(matched(hash(0))).toEqual(["a"]);
      expect(matched(hash(1))).toEqual(["a"]);
      expect(matched(hash(2))).toEqual([]);
      expect(store.entry(named("a"))).toMatchObject({
        status: "active",
        labels: [{ scheme: "ncmec", code: "A1" }],
        cases: ["17"],
        signals: [pdq(0), pdq(1)],
      });
      await reopen();
    }
  });

  test("importing the same twice changes nothing", async () => {
    const entries = [
      { id: "a", signals: [pdq(0, 90)], labels: ["b:2", "a:1"], cases: ["2", "1"], time: "2026-01-01T00:00:00" },
      { signals: [pdq(1)] },
    ];
    await store.import(from, entries);
    const before = store.revision;
    expect(await store.import(from, [{ ...entries[0]!, labels: ["a:1", "b:2"] }, entries[1]!])).toMatchObject({
      added: 0,
      changed: 0,
      unchanged: 2,
    });
    expect(store.revision).toBe(before);
  });

  test("an entry whose hash changes matches the new one only", async () => {
    await store.import(from, [{ id: "a", signals: [pdq(0)] }]);
    expect(await store.import(from, [{ id: "a", signals: [pdq(1)] }])).toMatchObject({ changed: 1 });
    expect(matched(hash(0))).toEqual([]);
    expect(matched(hash(1))).toEqual(["a"]);
  });

  test("the last of several records of one entry counts, and an older one does not", async () => {
    await store.import(from, [
      { id: "a", signals: [pdq(0)], time: "2026-03-01" },
      { id: "a", signals: [pdq(1)], time: "2026-03-03" },
    ]);
    expect(await store.import(from, [{ id: "a", signals: [pdq(2)], time: "2026-03-02" }])).toMatchObject({ stale: 1 });
    expect(matched(hash(1))).toEqual(["a"]);
    expect(matched(hash(2))).toEqual([]);
  });

  test("several records of one entry in one import count one after the other, as in several imports", async () => {
    const add = (id: string, signal: number, time: number): EntryInput => ({ id, signals: [pdq(signal)], time });
    const withdrawn = (id: string, time: number): EntryInput => ({ id, status: "withdrawn", time });
    const counts = await store.import(from, [
      withdrawn("withdrawn first", 9),
      add("withdrawn first", 0, 3),
      add("newer first", 1, 9),
      add("newer first", 2, 3),
      add("comes back", 3, 1),
      withdrawn("comes back", 2),
      add("comes back", 4, 3),
    ]);
    expect(counts).toMatchObject({ added: 3, withdrawn: 2, refused: 1, stale: 1 });
    expect([0, 1, 2, 3, 4].map((i) => matched(hash(i)))).toEqual([[], ["newer first"], [], [], ["comes back"]]);
  });

  test("a record without a time does not make an entry forget when it was changed", async () => {
    await store.import(from, [{ id: "a", signals: [pdq(0)], time: "2026-03-03" }]);
    await store.import(from, [{ id: "a", signals: [pdq(1)] }]);
    expect(await store.import(from, [{ id: "a", signals: [pdq(2)], time: "2026-03-02" }])).toMatchObject({ stale: 1 });
  });

  test("a time without a zone is UTC", async () => {
    await store.import(from, [{ id: "a", signals: [pdq(0)], time: "2026-03-01T10:00:00" }]);
    expect(store.entry(named("a"))!.time).toEqual(new Date("2026-03-01T10:00:00Z"));
    expect(await store.import(from, [{ id: "a", signals: [pdq(1)], time: "2026-03-01T11:30:00+02:00" }])).toMatchObject(
      {
        stale: 1,
      },
    );
  });

  test("an entry that cannot be read is reported with its position, and the import continues", async () => {
    const problems: Omit<ListProblem, "list">[] = [];
    const bad = [
      { id: "a", signals: [] },
      { id: "b", signals: [{ type: "pdq", value: hash(0).slice(1) }] },
      { id: "", signals: [pdq(0)] },
      { id: "c", signals: [{ type: "md5", value: "zz" }] },
      { id: "d", signals: [pdq(0)], time: "yesterday" },
      { id: "e", signals: [pdq(0)], labels: ["no colon"] },
      { id: "f", signals: [pdq(0)], status: "gone" },
      null,
    ] as unknown as EntryInput[];
    const counts = await store.import(from, [...bad, { id: "z", signals: [pdq(5)] }], {
      onProblem: (problem) => problems.push(problem),
    });
    expect(counts).toMatchObject({ added: 1, problems: bad.length });
    expect(problems.map(({ entry }) => entry)).toEqual(bad.map((_, i) => i + 1));
    for (const { code, skipped } of problems) expect({ code, skipped }).toEqual({ code: "bad-entry", skipped: true });
    for (const { reason } of problems) expect(reason).not.toContain(hash(0).slice(0, 9));
    expect(matched(hash(5))).toEqual(["z"]);
  });

  test("an entry of a list that cannot be read is reported with its place in the list", async () => {
    const problems: Omit<ListProblem, "list">[] = [];
    const bad = [
      { id: "", signals: [pdq(0)], position: { entry: 7, line: 40 } },
      { id: "", signals: [pdq(0)], position: { entry: 8, byte: 900 } },
      { id: "", signals: [pdq(0)] },
    ];
    await store.import(from, bad, { onProblem: (problem) => problems.push(problem) });
    const about = { skipped: true, code: "bad-entry", reason: expect.any(String) as string };
    expect(problems).toEqual([
      { entry: 7, line: 40, ...about },
      { entry: 8, byte: 900, ...about },
      { entry: 3, ...about },
    ]);
  });

  test("the import cursor is kept with the last batch", async () => {
    expect(store.importCursor(from)).toBeUndefined();
    await store.import(from, [{ id: "a", signals: [pdq(0)] }], { importCursor: "page 2" });
    await reopen();
    expect(store.importCursor(from)).toBe("page 2");
  });

  test("an import that is aborted keeps its complete batches, and a second one adds the rest", async () => {
    const entries = Array.from({ length: 20 }, (_, i) => ({ id: `n${i}`, signals: [pdq(i)] }));
    const stop = new AbortController();
    const going = store.import(from, entries, { batch: 8, signal: stop.signal, onProgress: () => stop.abort() });
    await expect(going).rejects.toThrow("aborted");
    expect(entries.filter(({ id }) => store.entry(named(id))).length).toBe(8);
    expect(await store.import(from, entries, { batch: 8 })).toMatchObject({ added: 12, unchanged: 8 });
  });

  test("trivial hashes and low quality are quarantined with the reason until they are released", async () => {
    const zero = "0".repeat(64);
    const counts = await store.import(from, [
      { id: "zero", signals: [{ type: "pdq", value: zero }] },
      { id: "low", signals: [pdq(0, 49)] },
      { id: "fine", signals: [pdq(1, 50)] },
    ]);
    expect(counts).toMatchObject({ added: 3, quarantined: 2 });
    expect(store.quarantined().map(({ entryId, reason }) => [entryId, reason])).toEqual([
      ["zero", expect.stringContaining("zero")],
      ["low", "quality 49 is below 50"],
    ]);
    expect(matched(zero)).toEqual([]);
    expect(store.release(named("zero"))).toBe(true);
    expect(store.release(named("zero"))).toBe(false);
    expect(matched(zero)).toEqual(["zero"]);
    await reopen();
    expect(matched(zero)).toEqual(["zero"]);
    expect(store.quarantined().map(({ entryId }) => entryId)).toEqual(["low"]);
    expect(store.verify()).toEqual([]);
  });
});

describe("withdrawal and erasure", () => {
  test("withdrawing one of several entries with the same hash leaves the others", async () => {
    await store.import(from, [
      { id: "a", signals: [pdq(0), pdq(1)] },
      { id: "b", signals: [pdq(0)] },
    ]);
    await store.withdraw(named("a"));
    expect(matched(hash(0))).toEqual(["b"]);
    expect(matched(hash(1))).toEqual([]);
  });

  test("entries are selected by case, by source or by hash", async () => {
    const other = { bank: "ncii", source: "other" };
    await store.import(from, [
      { id: "a", signals: [pdq(0)], cases: ["17"] },
      { id: "b", signals: [pdq(1)], cases: ["17", "18"] },
      { id: "c", signals: [pdq(2), pdq(3)] },
    ]);
    await store.import(other, [
      { id: "d", signals: [pdq(3)] },
      { id: "e", signals: [pdq(4)] },
      { id: "f", signals: [pdq(5)] },
    ]);
    expect(await store.withdraw({ case: "17" })).toMatchObject({ entries: 2, signals: 2 });
    expect(await store.erase({ hash: hash(3) })).toMatchObject({ entries: 2, signals: 3 });
    expect([0, 1, 2, 3, 4, 5].map((i) => matched(hash(i)))).toEqual([[], [], [], [], ["e"], ["f"]]);
    expect(await store.withdraw(other)).toMatchObject({ entries: 2 });
    expect(store.size).toBe(0);
    expect(store.verify()).toEqual([]);
  });

  test("a hash selects nothing where its bytes are in the store only across the fields of a record", async () => {
    await store.import(from, [{ id: "a", signals: [pdq(0)] }]);
    const { revision } = store;
    // 24 bytes of the value, the number of the entry, and the revision that added it.
    const across = Buffer.alloc(32);
    Buffer.from(hash(0), "hex").copy(across, 0, 8);
    across.writeUInt32LE(store.entry(named("a"))!.entryNumber, 24);
    across.writeUInt32LE(revision, 28);
    expect(await store.withdraw({ hash: across })).toMatchObject({ entries: 0, revision });
    expect(store.revision).toBe(revision);
    expect(matched(hash(0))).toEqual(["a"]);
  });

  test("a hash also selects quarantined entries and those that had it before", async () => {
    await store.import(from, [
      { id: "a", signals: [pdq(0)] },
      { id: "b", signals: [pdq(1, 10)] },
    ]);
    await store.import(from, [{ id: "a", signals: [pdq(2)] }]);
    expect(await store.erase({ hash: hash(0) })).toMatchObject({ entries: 1, signals: 2 });
    expect(await store.erase({ hash: hash(1), type: "pdq" })).toMatchObject({ entries: 1, signals: 1 });
  });

  test("a withdrawn entry keeps what its source said, and an erased one keeps nothing", async () => {
    await store.import(from, [
      { id: "a", signals: [pdq(0)], labels: ["x:1"], cases: ["1"] },
      { id: "b", signals: [pdq(1)], labels: ["x:1"], cases: ["1"] },
    ]);
    await store.withdraw(named("a"));
    await store.erase(named("b"));
    expect(store.entry(named("a"))).toMatchObject({ status: "withdrawn", signals: [], cases: ["1"] });
    expect(store.entry(named("b"))).toBeUndefined();
    expect(await store.withdraw(named("a"))).toMatchObject({ entries: 0 });
    expect(await store.erase(named("a"))).toMatchObject({ entries: 1 });
    expect(store.entry(named("a"))).toBeUndefined();
  });

  test.each(["withdraw", "erase"] as const)(
    "after %s the source cannot bring an entry back until it is lifted",
    async (end) => {
      const entry = { id: "a", signals: [pdq(0)], time: "2026-01-01" };
      await store.import(from, [entry]);
      await store[end](named("a"));
      await reopen();
      const later = { ...entry, time: "2030-01-01" };
      for (const again of [entry, later]) expect(await store.import(from, [again])).toMatchObject({ refused: 1 });
      expect(matched(hash(0))).toEqual([]);
      expect(await store.import({ bank: "ncii", source: "other" }, [entry])).toMatchObject({ added: 1 });
      expect(store.lift(named("a"))).toBe(true);
      expect(await store.import(from, [entry])).toMatchObject({ added: 1 });
      expect(matched(hash(0))).toEqual(["a", "a"]);
    },
  );

  test("an entry without an id, or with its hash as its id, stays out, too", async () => {
    for (const entry of [{ signals: [pdq(0)] }, { id: hash(1).toUpperCase(), signals: [pdq(1)] }]) {
      await store.import(from, [entry]);
      await store.erase({ hash: entry.signals[0]!.value });
      expect(await store.import(from, [entry])).toMatchObject({ refused: 1, added: 0 });
    }
  });

  test("a source's withdrawal before the entry keeps it out, unless the entry is newer", async () => {
    expect(await store.import(from, [{ id: "a", status: "withdrawn", time: "2026-02-02" }])).toMatchObject({
      withdrawn: 1,
    });
    const add = (time?: string): EntryInput => ({ id: "a", signals: [pdq(0)], ...(time !== undefined && { time }) });
    expect(await store.import(from, [add("2026-02-01")])).toMatchObject({ refused: 1 });
    expect(await store.import(from, [add()])).toMatchObject({ refused: 1 });
    await store.import(from, [{ id: "a", status: "withdrawn", time: "2026-02-05" }]);
    expect(await store.import(from, [add("2026-02-04")])).toMatchObject({ refused: 1 });
    expect(await store.import(from, [add("2026-02-06")])).toMatchObject({ added: 1 });
    expect(matched(hash(0))).toEqual(["a"]);
    await store.withdraw(named("b"));
    expect(await store.import(from, [{ id: "b", signals: [pdq(1)], time: "2030-01-01" }])).toMatchObject({
      refused: 1,
    });
  });

  test("an entry that its source and then an operator withdrew stays out for good", async () => {
    const add = (time: string): EntryInput => ({ id: "a", signals: [pdq(0)], time });
    await store.import(from, [add("2026-01-01")]);
    await store.import(from, [{ id: "a", status: "withdrawn", time: "2026-01-02" }]);
    expect(await store.import(from, [add("2026-01-03")])).toMatchObject({ added: 1 });
    await store.import(from, [{ id: "a", status: "withdrawn", time: "2026-01-04" }]);
    await store.withdraw(named("a"));
    expect(await store.import(from, [add("2026-01-05")])).toMatchObject({ refused: 1 });
  });

  test("an older withdrawal that comes again does not undo a newer one", async () => {
    const withdrawn = (time: number): EntryInput => ({ id: "a", status: "withdrawn", time });
    const add = (time: number): EntryInput => ({ id: "a", signals: [pdq(0)], time });
    await store.import(from, [withdrawn(9)]);
    expect(await store.import(from, [withdrawn(2)])).toMatchObject({ unchanged: 1 });
    for (const time of [3, 9]) expect(await store.import(from, [add(time)])).toMatchObject({ refused: 1, added: 0 });
    expect(matched(hash(0))).toEqual([]);
    expect(await store.import(from, [add(10)])).toMatchObject({ added: 1 });
  });

  test("withdrawing a source is final for what the source had withdrawn itself, before it came or after", async () => {
    await store.import(from, [{ id: "there", signals: [pdq(0)], time: 1 }]);
    await store.import(from, [
      { id: "there", status: "withdrawn", time: 2 },
      { id: "never came", status: "withdrawn", time: 2 },
    ]);
    await store.withdraw(from);
    const later = ["there", "never came"].map((id) => ({ id, signals: [pdq(1)], time: 5 }));
    expect(await store.import(from, later)).toMatchObject({ refused: 2, added: 0 });
    expect(matched(hash(1))).toEqual([]);
  });

  test("a misspelt selection is refused, not taken for the whole source", async () => {
    const wrong = [
      { ...from, entrie: "a" },
      { bank: "ncii" },
      { source: "hotline" },
      { bank: "ncii", entryId: "a" },
      { entryId: "a" },
      { case: "1", hash: hash(0) },
      { type: "pdq" },
      { entryNumber: 1, ...from },
      {},
      "a",
      null,
    ];
    for (const selection of wrong) {
      for (const removal of ["withdraw", "erase"] as const) {
        await expect(store[removal](selection as never)).rejects.toThrow("for selection");
      }
    }
    await expect(store.withdraw({ bank: "ncii", source: "none" })).rejects.toMatchObject({
      code: "ERR_EMPREINTE_UNKNOWN_NAME",
    });
  });
});

describe("revisions", () => {
  test("changes lists what happened to which entry, from any revision on", async () => {
    const start = store.revision;
    await store.import(from, [
      { id: "a", signals: [pdq(0)] },
      { id: "b", signals: [pdq(1, 3)] },
      { id: "c", signals: [pdq(2)] },
    ]);
    await store.import(from, [{ id: "c", signals: [pdq(3)] }]);
    store.release(named("b"));
    store.disable(named("a"), "2030-01-01");
    await store.erase(named("c"));
    store.setPolicy("ncii", { radius: 10 });
    const reported = store.changes(start);
    expect(reported.map(({ kind, entryId, entryNumber }) => [kind, entryId, entryNumber])).toEqual([
      ["added", "a", 1],
      ["added", undefined, 3], // erased since
      ["quarantined", "b", 2],
      ["changed", undefined, 3],
      ["released", "b", 2],
      ["disabled", "a", 1],
      ["erased", undefined, 3],
      ["policy", undefined, undefined],
    ]);
    const revisions = reported.map(({ revision }) => revision);
    expect(revisions).toEqual([...revisions].sort((a, b) => a - b));
    expect(store.changes(revisions[3]!)).toEqual(reported.slice(4));
    expect(store.changes(store.revision)).toEqual([]);
  });

  test("a number is never used again", async () => {
    await store.import(from, [{ id: "a", signals: [pdq(0)] }]);
    await store.erase(named("a"));
    await reopen();
    await store.import(from, [{ id: "b", signals: [pdq(1)] }]);
    expect(store.entry(named("b"))!.entryNumber).toBe(2);
  });
});

describe("the index file", () => {
  const index = (): string => `${path}.index`;

  test.each<[string, () => void]>([
    ["missing", () => rmSync(index())],
    ["cut", () => writeFileSync(index(), readFileSync(index()).subarray(0, 5000))],
    ["of no format", () => writeFileSync(index(), "no index")],
    [
      "changed in its body",
      () => {
        const bytes = readFileSync(index());
        bytes[bytes.length - 100]! ^= 4;
        writeFileSync(index(), bytes);
      },
    ],
  ])("%s: the index is built again from the store and saved", async (_, damage) => {
    await store.import(from, [{ id: "a", signals: [pdq(0)] }]);
    await store.close();
    damage();
    store = await BankStore.open(path);
    expect(matched(hash(0))).toEqual(["a"]);
    expect(store.verify()).toEqual([]);
    await store.close();
    const { mtimeMs } = statSync(index());
    store = await BankStore.open(path);
    await store.close();
    expect(statSync(index()).mtimeMs).toBe(mtimeMs);
    store = await BankStore.open(path);
  });

  test("an older one is brought up to date", async () => {
    await store.import(
      from,
      [0, 1, 2].map((i) => ({ id: `n${i}`, signals: [pdq(i)] })),
    );
    const old = readFileSync(index());
    await store.import(from, [{ id: "n1", signals: [pdq(7)] }]);
    await store.close();
    // The store vouches for the new one only; the old one is not used.
    writeFileSync(index(), old);
    store = await BankStore.open(path);
    expect([1, 2, 7].map((i) => matched(hash(i)))).toEqual([[], ["n2"], ["n1"]]);
    store.disable(named("n2"), null);
    expect(existsSync(index())).toBe(false);
    await store.saveIndex();
    expect(existsSync(index())).toBe(true);
    expect(statSync(index()).mode & 0o777).toBe(0o600);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test("one that is removed while the store is open is saved again", async () => {
    await store.import(from, [{ id: "a", signals: [pdq(0)] }]);
    expect(existsSync(index())).toBe(true);
    rmSync(index());
    await store.saveIndex();
    expect(existsSync(index())).toBe(true);
    await reopen();
    expect(matched(hash(0))).toEqual(["a"]);
  });

  test("an import without saveIndex leaves it as it is, and searches find the entries all the same", async () => {
    await store.import(from, [{ id: "a", signals: [pdq(0)] }], { saveIndex: false });
    expect(existsSync(index())).toBe(false);
    expect(matched(hash(0))).toEqual(["a"]);
    await store.saveIndex();
    const { mtimeMs } = statSync(index());
    await store.import(from, [{ id: "b", signals: [pdq(1)] }], { saveIndex: false });
    expect(statSync(index()).mtimeMs).toBe(mtimeMs);
    const other = await BankStore.open(path);
    expect(matched(hash(1), other)).toEqual(["b"]);
    await other.close();
    await expect(store.import(from, [], { saveIndex: 1 as unknown as boolean })).rejects.toThrow("saveIndex");
  });

  test("a withdrawal of entries in a row reaches an index that has only the first of them", async () => {
    const rows = (from_: number, to: number) =>
      Array.from({ length: to - from_ }, (_, i) => ({
        id: `n${from_ + i}`,
        signals: [pdq(from_ + i)],
        cases: ["row"],
      }));
    await store.import(from, rows(0, 3));
    const other = await BankStore.open(path);
    try {
      expect(matched(hash(0), other)).toEqual(["n0"]);
      await store.import(from, rows(3, 6));
      // One row of the log: signals 0 to 5, of which the other index has 0 to 2.
      await store.withdraw({ case: "row" });
      for (let i = 0; i < 6; i++) expect(matched(hash(i), other)).toEqual([]);
      expect(other.verify()).toEqual([]);
      await store.import(from, [{ id: "later", signals: [pdq(7)] }]);
      expect(matched(hash(7), other)).toEqual(["later"]);
      expect(other.verify()).toEqual([]);
    } finally {
      await other.close();
    }
  });

  test("a change by another process is seen by the next check", async () => {
    await store.import(from, [{ id: "a", signals: [pdq(0)] }]);
    const other = await BankStore.open(path);
    try {
      await store.import(from, [{ id: "b", signals: [pdq(1)] }]);
      expect(matched(hash(1), other)).toEqual(["b"]);
      await store.withdraw(named("a"));
      expect(matched(hash(0), other)).toEqual([]);
      expect(other.verify()).toEqual([]);
    } finally {
      await other.close();
    }
  });
});

test("after close every call fails with ERR_EMPREINTE_CLOSED", async () => {
  await store.close();
  expect(() => store.revision).toThrow(expect.objectContaining({ code: "ERR_EMPREINTE_CLOSED" }));
  expect(() => matched(hash(0))).toThrow(expect.objectContaining({ code: "ERR_EMPREINTE_CLOSED" }));
  await expect(store.withdraw(named("a"))).rejects.toMatchObject({ code: "ERR_EMPREINTE_CLOSED" });
  store = await BankStore.open(path);
});
