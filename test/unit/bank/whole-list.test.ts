/** Whole lists, entries that their source holds back, and memos. */
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Libsql from "libsql";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { BankStore, type EntryInput } from "../../../dist/doors/bank.js";
import { hashAt, hex, randomHashes } from "../../support/hashes.ts";

const hashes = randomHashes(50, 815);
const hash = (i: number): string => hex(hashAt(hashes, i));
const from = { bank: "ncii", source: "exchange" };

let folder: string;
let path: string;
let store: BankStore;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "empreinte-whole-"));
  path = join(folder, "known.bank");
  store = await BankStore.create(path);
  store.createBank({ name: "ncii" });
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

const entry = (i: number, more: Partial<EntryInput> = {}): EntryInput => ({
  id: `e${i}`,
  signals: [{ type: "pdq", value: hash(i) }],
  time: 1000,
  ...more,
});
/** Which of the hashes 0 … 9 a search finds. */
async function found(): Promise<number[]> {
  const all = await Promise.all(Array.from({ length: 10 }, (_, i) => store.search(hash(i), { radius: 0 })));
  return all.flatMap((matches, i) => (matches.length > 0 ? [i] : []));
}
const give = (ids: number[], id: string, complete: boolean, more: Partial<EntryInput> = {}, first = true) =>
  store.import(
    from,
    ids.map((i) => entry(i, more)),
    { wholeList: { id, first, complete: () => complete }, importCursor: `${id} ${ids.join()}` },
  );

describe("a whole list", () => {
  test("ends what it does not name when it is complete, and not before", async () => {
    await store.import(
      from,
      [0, 1, 2, 3].map((i) => entry(i)),
    );
    await store.import({ ...from, source: "other" }, [entry(9)]);
    expect(await give([0, 4], "first", false)).toMatchObject({ added: 1, unchanged: 1, withdrawn: 0 });
    expect(await found()).toEqual([0, 1, 2, 3, 4, 9]);
    expect(await give([2], "first", true, {}, false)).toMatchObject({ unchanged: 1, withdrawn: 2 });
    expect(await found()).toEqual([0, 2, 4, 9]);
    expect(store.importCursor(from)).toBe("first 2");
    expect(store.verify()).toEqual([]);
  });

  test("is continued by another process, and begun anew by another id", async () => {
    await store.import(
      from,
      [0, 1, 2].map((i) => entry(i)),
    );
    await give([0], "first", false);
    await store.close();
    store = await BankStore.open(path);
    await give([1], "first", true, {}, false);
    expect(await found()).toEqual([0, 1]);
    await give([0], "second", false);
    await give([1], "third", true);
    expect(await found()).toEqual([1]);
  });

  test("forgets what it named before where its beginning is given again", async () => {
    await store.import(
      from,
      [0, 1, 2].map((i) => entry(i)),
    );
    await give([0, 1], "first", false);
    await give([1], "first", false);
    expect(await give([2], "first", true, {}, false)).toMatchObject({ withdrawn: 1 });
    expect(await found()).toEqual([1, 2]);
  });

  test("says what would end, and ends nothing where that is refused", async () => {
    await give([0, 1, 2, 3], "first", true);
    await store.withdraw({ ...from, entryId: "e3" });
    await store.import({ ...from, source: "other" }, [entry(9)]);
    const counts: object[] = [];
    const complete = (unlisted: () => object): boolean => {
      counts.push(unlisted());
      throw new Error("too much");
    };
    const wholeList = { id: "second", first: true, complete };
    await expect(store.import(from, [entry(1), entry(5)], { wholeList })).rejects.toThrow("too much");
    expect(counts).toEqual([{ entries: 2, of: 4 }]);
    expect(await found()).toEqual([0, 1, 2, 9]);
    expect(await give([1, 5], "second", true)).toMatchObject({ added: 1, unchanged: 1, withdrawn: 2 });
  });

  test("ends nothing where it is interrupted", async () => {
    await store.import(
      from,
      [0, 1].map((i) => entry(i)),
    );
    async function* broken(): AsyncGenerator<EntryInput> {
      yield entry(0);
      throw new Error("the connection ended");
    }
    const wholeList = { id: "first", first: true, complete: () => true };
    await expect(store.import(from, broken(), { wholeList })).rejects.toThrow("the connection ended");
    expect(await found()).toEqual([0, 1]);
  });

  test("cannot be continued where the store has not begun it, so that nothing ends wrongly", async () => {
    await give([0, 1], "first", true);
    const unknown = expect.objectContaining({ code: "ERR_EMPREINTE_UNKNOWN_NAME" });
    await expect(give([1], "second", true, {}, false)).rejects.toThrow(unknown);
    expect(await found()).toEqual([0, 1]);
    await give([0], "second", false);
    await give([1], "second", true, {}, false);
    expect(await found()).toEqual([0, 1]);
  });

  test("is forgotten where the source gives entries outside of it, which then never end with it", async () => {
    await give([0, 1], "first", true);
    await give([0], "second", false);
    await store.import(from, [entry(2)]);
    const unknown = expect.objectContaining({ code: "ERR_EMPREINTE_UNKNOWN_NAME" });
    await expect(give([1], "second", true, {}, false)).rejects.toThrow(unknown);
    expect(await found()).toEqual([0, 1, 2]);
    // The other source's list is its own.
    await give([0, 1], "third", false);
    await store.import({ ...from, source: "other" }, [entry(9)]);
    await give([2], "third", true, {}, false);
    expect(await found()).toEqual([0, 1, 2, 9]);
  });

  test("takes no more room, however often it is begun and given up", async () => {
    const many = Array.from({ length: 2000 }, (_, i) => ({
      id: `long id ${i}`,
      status: "withdrawn" as const,
      signals: [],
    }));
    const begin = (id: string) => store.import(from, many, { wholeList: { id, first: true, complete: () => false } });
    await begin("first");
    await store.import(from, []);
    await store.checkpoint();
    const size = statSync(path).size;
    for (let i = 0; i < 5; i++) {
      await begin(`again ${i}`);
      if (i % 2 === 0) await store.import(from, []);
    }
    await store.checkpoint();
    // The audit records take a few pages. One more list would take 14 of them.
    expect(statSync(path).size).toBeLessThan(size + 8 * 4096);
    const database = new Libsql(path, { readonly: true });
    expect(database.prepare("SELECT count(*) AS rows FROM listed").get()).toMatchObject({ rows: 0 });
    database.close();
  });

  test("what it ended comes back without a time", async () => {
    await give([0, 1], "first", true);
    await give([0], "second", true);
    await store.import(from, [{ id: "e1", signals: [{ type: "pdq", value: hash(1) }] }]);
    expect(await found()).toEqual([0, 1]);
  });

  test("what it ended comes back with a record of the same time", async () => {
    await give([0, 1], "first", true);
    expect(await give([0], "second", true)).toMatchObject({ withdrawn: 1 });
    expect(await give([0, 1], "third", true)).toMatchObject({ added: 1, unchanged: 1 });
    expect(await found()).toEqual([0, 1]);
  });

  test("what an operator withdrew does not come back", async () => {
    await give([0, 1], "first", true);
    await store.withdraw({ ...from, entryId: "e1" });
    expect(await give([0, 1], "second", true, { time: 2000 })).toMatchObject({ refused: 1 });
    expect(await found()).toEqual([0]);
  });

  test("a record that cannot be read is named, and so ends nothing", async () => {
    await give([0, 1], "first", true);
    const bad = { id: "e1", signals: [{ type: "pdq" as const, value: "not a hash" }] };
    const wholeList = { id: "second", first: true, complete: () => true };
    expect(await store.import(from, [entry(0), bad], { wholeList })).toMatchObject({ problems: 1, withdrawn: 0 });
    expect(await found()).toEqual([0, 1]);
  });

  test("an empty list ends everything of its source", async () => {
    await give([0, 1], "first", true);
    expect(await give([], "second", true)).toMatchObject({ withdrawn: 2 });
    expect(await found()).toEqual([]);
  });

  test("the option is checked", async () => {
    type Given = { id: string; first: boolean; complete(): boolean };
    const complete = (): boolean => true;
    const bad = [{ id: "", first: true, complete }, { id: "a", complete }, { id: "a" }, "a"] as unknown as Given[];
    for (const wholeList of bad) {
      await expect(store.import(from, [], { wholeList })).rejects.toThrow(
        expect.objectContaining({ code: "ERR_EMPREINTE_INVALID_ARGUMENT" }),
      );
    }
  });
});

describe("an entry that its source does not call active", () => {
  const held = { status: "quarantined" as const };
  const statuses = (): string[] => [...store.entries()].map(({ entryId, status }) => `${entryId} ${status}`);

  test("is kept and does not match until a record calls it active", async () => {
    expect(await store.import(from, [entry(0, held), entry(1)])).toMatchObject({ added: 2, quarantined: 1 });
    expect(await found()).toEqual([1]);
    expect(store.quarantined()).toMatchObject([{ entryId: "e0", reason: expect.stringContaining("source") }]);
    expect(await store.import(from, [entry(0, held)])).toMatchObject({ unchanged: 1 });
    await store.import(from, [entry(0, { time: 2000 })]);
    expect(await found()).toEqual([0, 1]);
  });

  test("an active entry stops matching, and starts again, without another value", async () => {
    await store.import(from, [entry(0)]);
    await store.import(from, [entry(0, { ...held, time: 2000 })]);
    expect(await found()).toEqual([]);
    expect(statuses()).toEqual(["e0 quarantined"]);
    await store.import(from, [entry(0, { time: 3000 })]);
    expect(await found()).toEqual([0]);
    expect(store.verify()).toEqual([]);
  });

  test("what an operator released stays released until a newer record", async () => {
    await store.import(from, [entry(0, held)]);
    store.release({ ...from, entryId: "e0" });
    await store.import(from, [entry(0, held)]);
    expect(await found()).toEqual([0]);
    await store.import(from, [entry(0, { ...held, time: 2000 })]);
    expect(await found()).toEqual([]);
  });
});

describe("memos", () => {
  test("are written, listed by the beginning of their names, replaced and removed", () => {
    const { revision } = store;
    expect(store.writeMemo("a/2", "two")).toBe(true);
    store.writeMemo("a/1", "one");
    store.writeMemo("b", "");
    expect(store.memos("a/")).toEqual([
      { name: "a/1", text: "one" },
      { name: "a/2", text: "two" },
    ]);
    expect(store.memos("")).toHaveLength(3);
    store.writeMemo("a/1", "other");
    store.writeMemo("a/2", undefined);
    expect(store.memos("a")).toEqual([{ name: "a/1", text: "other" }]);
    expect(store.revision).toBe(revision);
  });

  test("several processes take turns by the text that they expect", async () => {
    expect(store.writeMemo("lock", "mine", { expected: undefined })).toBe(true);
    const second = await BankStore.open(path);
    expect(second.writeMemo("lock", "ours", { expected: undefined })).toBe(false);
    expect(second.writeMemo("lock", "ours", { expected: "mine" })).toBe(true);
    await second.close();
    expect(store.memos("lock")).toEqual([{ name: "lock", text: "ours" }]);
  });

  test("names and texts are checked", () => {
    expect(() => store.writeMemo("", "a")).toThrow("name");
    expect(() => store.writeMemo("a", "x".repeat(2 ** 20 + 1))).toThrow("1048576");
  });
});
