import { describe, expect, test } from "vitest";
import { HashIndex } from "../../../dist/index.js";
import { IndexError, InvalidArgumentError } from "../../../dist/errors.js";
import { clusteredHashes, difference, hashAt, idsFrom, oracle, randomHashes } from "../../support/hashes.ts";
import { rounds } from "../../support/long.ts";
import { run } from "../../support/run.ts";

const hashes = clusteredHashes(1000, 41);
const query = hashAt(hashes, 0);

function filled(): HashIndex {
  const index = new HashIndex();
  index.addManySync(idsFrom(0, 1000), hashes);
  return index;
}

describe("ids", () => {
  const bad = [-1, 1.5, 2 ** 53, NaN, Infinity, "7", null, 7n];
  test.each(bad)("%s", async (value) => {
    using index = filled();
    const id = value as number;
    const calls = [
      () => index.add(id, query),
      () => index.addManySync([2000, id, 2001], Buffer.concat([query, query, query])),
      () => index.remove(id),
      () => index.remove([1, id]),
      () => index.replace(id, query),
      () => index.has(id),
    ];
    for (const call of calls) expect(call).toThrow(InvalidArgumentError);
    await expect(index.addMany([id], query)).rejects.toThrow(InvalidArgumentError);
    if (typeof value === "number") {
      const packed = Float64Array.of(1, value);
      expect(() => index.remove(packed)).toThrow(InvalidArgumentError);
      expect(() => index.addManySync(packed, Buffer.concat([query, query]))).toThrow(InvalidArgumentError);
      await expect(index.addMany(packed, Buffer.concat([query, query]))).rejects.toThrow(InvalidArgumentError);
    }
    expect(index.size).toBe(1000);
    expect(index.has(1) && !index.has(2000)).toBe(true);
  });

  test("there already, given twice, unknown: all or nothing", async () => {
    using index = filled();
    const revision = index.stats().revision;
    const two = Buffer.concat([query, query]);
    const duplicate = expect.objectContaining({ name: "IndexError", code: "ERR_EMPREINTE_DUPLICATE_ID" });
    const unknown = expect.objectContaining({ name: "IndexError", code: "ERR_EMPREINTE_UNKNOWN_ID" });
    for (const ids of [
      [5000, 5],
      [5000, 5000],
    ]) {
      expect(() => index.addManySync(ids, two)).toThrow(duplicate);
      await expect(index.addMany(ids, two)).rejects.toEqual(duplicate);
    }
    expect(() => index.add(5, query)).toThrow(IndexError);
    expect(() => index.remove([5, 5000])).toThrow(unknown);
    expect(() => index.replace(5000, query)).toThrow(unknown);
    expect(index.stats()).toMatchObject({ rows: 1000, revision });
    index.remove([5, 5]);
    expect(() => index.remove(5)).toThrow(unknown);
    index.add(5, query);
    expect(index.size).toBe(1000);
  });

  test("another number of them than hashes or tags", async () => {
    using index = filled();
    expect(() => index.addManySync([2000], hashes.subarray(0, 64))).toThrow(InvalidArgumentError);
    expect(() => index.addManySync([2000, 2001, 2002], hashes.subarray(0, 64))).toThrow(InvalidArgumentError);
    const tags = new Uint8Array(3);
    expect(() => index.addManySync([2000, 2001], hashes.subarray(0, 64), { tags })).toThrow(InvalidArgumentError);
    await expect(index.addMany([2000], hashes.subarray(0, 64))).rejects.toThrow(InvalidArgumentError);
    for (const tag of [-1, 256, 0.5, NaN, "1"]) {
      expect(() => index.add(2000, query, { tag: tag as number })).toThrow(InvalidArgumentError);
      expect(() => index.replace(5, query, { tag: tag as number })).toThrow(InvalidArgumentError);
      expect(() => index.searchSync(query, { radius: 31, tags: [tag as number] })).toThrow(InvalidArgumentError);
    }
    expect(() => index.searchSync(query, { radius: 31, tags: 3 as unknown as number[] })).toThrow(InvalidArgumentError);
    index.addManySync([], []);
    index.remove([]);
    expect(index.size).toBe(1000);
  });
});

describe("how many", () => {
  test.each([0, -1, 1.5, NaN, 2 ** 32, "3", null])("a count or limit of %s is refused", async (value) => {
    using index = filled();
    const k = value as number;
    expect(() => index.nearestSync(query, { count: k })).toThrow(InvalidArgumentError);
    await expect(index.nearest(query, { count: k })).rejects.toThrow(InvalidArgumentError);
    await expect(index.nearestMany([query], { count: k })).rejects.toThrow(InvalidArgumentError);
    expect(() => index.searchSync(query, { radius: 31, limit: k })).toThrow(InvalidArgumentError);
    await expect(index.search(query, { radius: 31, limit: k, threads: 1 })).rejects.toThrow(InvalidArgumentError);
    await expect(index.search(query, { radius: 31, threads: value as number })).rejects.toThrow(InvalidArgumentError);
  });

  test("without a count the nearest one is given", async () => {
    using index = filled();
    const [wanted] = oracle(hashes, query, 256);
    expect(index.nearestSync(query)).toEqual([wanted]);
    expect(await index.nearest(query, { radius: 256 })).toEqual([wanted]);
    expect(await index.nearestMany([query])).toEqual([[wanted]]);
  });

  test("more than there are, and as many as fit", async () => {
    using index = filled();
    const all = oracle(hashes, query, 256);
    for (const k of [1000, 1001, 2 ** 32 - 1]) {
      expect(difference(index.nearestSync(query, { count: k }), all)).toBeUndefined();
      expect(difference(await index.nearest(query, { count: k }), all)).toBeUndefined();
      expect(difference(index.searchSync(query, { radius: 256, limit: k }), all)).toBeUndefined();
    }
    expect(index.nearestSync(query, { count: 1000, radius: 0 })).toEqual(oracle(hashes, query, 0));
    for (const radius of [-1, 257, NaN, "3"]) {
      const options = { radius: radius as number };
      expect(() => index.nearestSync(query, { count: 1, ...options })).toThrow(InvalidArgumentError);
      await expect(index.nearest(query, { count: 1, ...options })).rejects.toThrow(InvalidArgumentError);
    }
    expect(() => index.searchSync(query, { radius: 31, strategy: "fast" as "scan" })).toThrow(InvalidArgumentError);
  });
});

test("an empty index, before and after it had entries; one entry", async () => {
  using index = new HashIndex();
  const empty = async (): Promise<void> => {
    for (const strategy of ["auto", "scan", "columns", "tiled", "multi-index"] as const) {
      expect(index.searchSync(query, { radius: 256, strategy })).toEqual([]);
      expect(index.nearestSync(query, { count: 5, strategy })).toEqual([]);
      expect(await index.searchMany([query, query], { radius: 256, strategy })).toEqual([[], []]);
      expect(await index.searchMany([], { radius: 256, strategy })).toEqual([]);
    }
    await index.optimize();
    expect(index.size).toBe(0);
  };
  await empty();
  index.add(3, query);
  for (const strategy of ["auto", "scan", "columns", "tiled", "multi-index"] as const) {
    expect(index.searchSync(query, { radius: 0, strategy })).toEqual([{ id: 3, distance: 0, orientation: "orig" }]);
    expect(index.nearestSync(hashAt(randomHashes(1, 5), 0), { count: 5, strategy })).toHaveLength(1);
  }
  index.remove(3);
  await empty();
});

test("a batch of many thousand queries, and close() meanwhile", async () => {
  const index = filled();
  const count = rounds(20_000, 100_000);
  const queries = clusteredHashes(count, 41);
  const running = [index.searchMany(queries, { radius: 20 }), index.nearestMany(queries, { count: 1, radius: 20 })];
  index.close();
  const [within, nearest] = await Promise.all(running);
  expect(within).toHaveLength(count);
  expect(nearest).toHaveLength(count);
  for (let i = 0; i < count; i += 499) {
    const wanted = oracle(hashes, hashAt(queries, i), 20);
    expect(difference(within![i]!, wanted), `query ${i}`).toBeUndefined();
    expect(difference(nearest![i]!, wanted.slice(0, 1)), `query ${i}`).toBeUndefined();
  }
});

test("Workers terminated while they search, add, join, save and verify: the process lives", async () => {
  const count = rounds(6, 15);
  const args = ["test/hostile/search/workers.mjs", `${count}`, "changes"];
  const { code, signal, stdout, stderr } = await run(process.execPath, args);
  expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: "" });
  expect(stdout).toBe(`${count} terminated, 1 hit\n`);
});
