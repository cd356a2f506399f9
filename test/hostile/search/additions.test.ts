import { pbkdf2 } from "node:crypto";
import { promisify } from "node:util";
import { describe, expect, test, vi } from "vitest";
import { HashIndex } from "../../../dist/index.js";
import type { IndexHandle } from "../../../dist/native/binding/search.js";
import { native } from "../../../dist/native/load.js";
import { hashAt, idsFrom, random, randomHashes } from "../../support/hashes.ts";
import { rounds } from "../../support/long.ts";

// Additions on other threads, and what becomes of them when the index is closed or the caller changes his mind.

const size = 200_000;
const hashes = randomHashes(size, 91);
const reason = new Error("changed my mind");
const closed = expect.objectContaining({ code: "ERR_EMPREINTE_CLOSED" });

/** A new index and what the addon says of it, closed or not. */
function watched(): { index: HashIndex; native: () => { rows: number; shards: number; delta: number; bytes: number } } {
  const create = vi.spyOn(native, "createIndex");
  const index = new HashIndex();
  const handle = create.mock.results.at(-1)!.value as IndexHandle;
  create.mockRestore();
  return { index, native: () => native.indexStats(handle) };
}

const empty = { rows: 0, shards: 0, delta: 0, bytes: 0 };

/** Holds this thread until the entries are there; the promise that says so is still pending then. */
function untilAdded(index: HashIndex, rows: number): void {
  for (const end = performance.now() + 300_000; index.size < rows && performance.now() < end;);
  expect(index.size).toBe(rows);
}

function busy(milliseconds: number): void {
  for (const end = performance.now() + milliseconds; performance.now() < end;);
}

/** Every thread of the pool at work for a while, so that a new request has to wait. */
function poolAtWork(): Promise<unknown> {
  const threads = Number(process.env["UV_THREADPOOL_SIZE"]) || 4;
  const work = promisify(pbkdf2);
  return Promise.all(Array.from({ length: threads }, () => work("a", "b", 300_000, 32, "sha512")));
}

describe("close() while entries are added", () => {
  test("running and waiting: each says closed, nothing is in the index, its memory is free", async () => {
    const ids = Array.from({ length: 10 }, (_, i) => idsFrom(i * size, size));
    for (const wait of [undefined, 0, 1, 5, 20]) {
      const working = wait === undefined ? poolAtWork() : undefined;
      const { index, native: stats } = watched();
      const external = process.memoryUsage().external;
      const adding = ids.map((some) => index.addMany(some, hashes));
      const done = Promise.allSettled(adding);
      busy(wait ?? 0);
      index.close();
      for (const result of await done) expect(result).toEqual({ status: "rejected", reason: closed });
      expect(stats(), `after ${wait} ms`).toMatchObject(empty);
      // What V8 was informed of, too: some 7 MB an addition.
      expect(process.memoryUsage().external - external).toBeLessThan(6_000_000);
      await working;
    }
  });

  test("added, and closed before the promise could say so", async () => {
    const { index, native: stats } = watched();
    const adding = index.addMany(idsFrom(0, size), hashes);
    untilAdded(index, size);
    index.close();
    await expect(adding).rejects.toEqual(closed);
    expect(stats()).toMatchObject(empty);
  });

  test("a signal that is aborted then changes nothing", async () => {
    const { index, native: stats } = watched();
    const controller = new AbortController();
    const adding = index.addMany(idsFrom(0, size), hashes, { signal: controller.signal });
    index.close();
    controller.abort(reason);
    await expect(adding).rejects.toEqual(closed);
    expect(stats()).toMatchObject(empty);
  });

  test("optimize() that runs says closed, and leaves nothing", async () => {
    for (const wait of [0, 3, 30]) {
      const { index, native: stats } = watched();
      await index.addMany(idsFrom(0, size), hashes);
      const joining = index.optimize().then(
        () => "done",
        (error: unknown) => error,
      );
      await new Promise((resolve) => setTimeout(resolve, wait));
      index.close();
      expect([closed, "done"]).toContainEqual(await joining);
      expect(stats()).toMatchObject(empty);
    }
  });
});

describe("an addition that is aborted", () => {
  test("while it waits: it rejects, and adds nothing, now or later", async () => {
    using index = new HashIndex();
    const working = poolAtWork();
    const before = index.addMany(idsFrom(size, size), hashes);
    const controller = new AbortController();
    const adding = index.addMany(idsFrom(0, size), hashes, { signal: controller.signal });
    const done = Promise.allSettled([adding]);
    controller.abort(reason);
    expect(await done).toEqual([{ status: "rejected", reason }]);
    await Promise.all([before, working]);
    expect(index.size).toBe(size);
    expect(index.has(0)).toBe(false);
    // The ids are free.
    await index.addMany(idsFrom(0, size), hashes);
    expect(index.size).toBe(2 * size);
  });

  test("when all is added: it resolves, and all is there", async () => {
    using index = new HashIndex();
    const controller = new AbortController();
    const adding = index.addMany(idsFrom(0, size), hashes, { signal: controller.signal });
    untilAdded(index, size);
    controller.abort(reason);
    await expect(adding).resolves.toBeUndefined();
    expect(index.size).toBe(size);
  });

  test("at any moment: all or nothing, as it says", async () => {
    using index = new HashIndex({ memory: "rows" });
    const next = random(7);
    const count = 40_000;
    const ends = { fulfilled: 0, rejected: 0 };
    for (let i = 0; i < rounds(20, 60); i++) {
      const first = i * count;
      const controller = new AbortController();
      const options = { signal: controller.signal };
      const adding = index.addMany(idsFrom(first, count), hashes.subarray(0, 32 * count), options);
      if (i % 3 === 0) controller.abort(reason);
      else setTimeout(() => controller.abort(reason), next() % 6);
      const [result] = await Promise.allSettled([adding]);
      ends[result.status]++;
      const there = result.status === "fulfilled";
      if (!there) expect(result.reason).toBe(reason);
      for (const id of [first, first + count / 2, first + count - 1])
        expect(index.has(id), `addition ${i}`).toBe(there);
      expect(index.size).toBe(ends.fulfilled * count);
    }
    expect(ends.fulfilled).toBeGreaterThan(0);
    expect(index.searchSync(hashAt(hashes, 0), { radius: 0 })).toHaveLength(ends.fulfilled);
  });
});
