import { freemem } from "node:os";
import { describe, expect, test } from "vitest";
import { HashIndex } from "../../../dist/index.js";
import { rounds } from "../../support/long.ts";
import { difference, distances, hashAt, idsFrom, oracle, random, randomHashes } from "../../support/hashes.ts";

// Many entries, many queries, many matches.

test("the same hash hundreds of thousands of times, or five million: built and answered", async (ctx) => {
  const count = rounds(300_000, 5_000_000);
  if (freemem() < 600 * count) ctx.skip(`skipped: needs ${600 * count} bytes of free memory`);
  const hash = randomHashes(1, 8);
  const hashes = new Uint8Array(32 * count);
  hashes.set(hash);
  for (let done = 32; done < hashes.length; done *= 2) hashes.copyWithin(done, 0, Math.min(done, hashes.length - done));
  const tags = new Uint8Array(count);
  const [middle, last] = [count / 2 - 1, count - 1];
  const some = [3, middle, last - 1, last];
  for (const id of some) tags[id] = 7;
  using index = new HashIndex();
  await index.addMany(idsFrom(0, count), hashes, { tags });
  await index.optimize();
  expect(index.stats()).toMatchObject({ rows: count, indexed: count, shards: 1 });
  const first = [0, 1, 2].map((id) => ({ id, distance: 0, orientation: "orig" }));
  expect(index.searchSync(hash, { radius: 0, limit: 3 })).toEqual(first);
  expect(await index.nearest(hash, { count: 3 })).toEqual(first);
  // All of them were looked at, by both strategies: the few of a tag are found among them.
  for (const strategy of ["multi-index", "columns"] as const) {
    const found = await index.search(hash, { radius: 31, tags: [7], strategy });
    expect(found).toEqual(some.map((id) => ({ id, distance: 0, orientation: "orig" })));
  }
  expect(index.searchSync(new Uint8Array(32), { radius: 31 })).toEqual([]);
  index.remove([0, last - 1]);
  expect((await index.search(hash, { radius: 20, tags: [7] })).map(({ id }) => id)).toEqual([3, middle, last]);
});

describe("a batch of a great many queries", () => {
  const many = rounds(50_000, 1_000_000);
  const hashes = randomHashes(2000, 43);
  // Half of them unrelated; of the rest each is an entry with few bits turned.
  const queries = randomHashes(many, 44);
  const next = random(45);
  for (let i = 0; i < many; i += 2) {
    const query = hashAt(queries, i);
    query.set(hashAt(hashes, next() % 2000));
    for (let flips = next() % 9; flips > 0; flips--) query[next() % 32]! ^= 1 << (next() % 8);
  }

  test.each([31, 4])("within %i, and the nearest: each query its own answer", async (radius) => {
    using index = new HashIndex();
    index.addManySync(idsFrom(0, 2000), hashes);
    const [found, nearest] = await Promise.all([
      index.searchMany(queries, { radius, limit: 4 }),
      index.nearestMany(queries, { count: 1, radius }),
    ]);
    expect(found).toHaveLength(many);
    expect(nearest).toHaveLength(many);
    let hits = 0;
    for (let i = 0; i < many; i++) {
      hits += found[i]!.length;
      // An expectation each would take a minute.
      const [first, same] = [found[i]![0], nearest[i]![0]];
      if (first?.id !== same?.id || first?.distance !== same?.distance) expect(same, `query ${i}`).toEqual(first);
      if (i % 997 > 1) continue;
      const wanted = oracle(hashes, hashAt(queries, i), radius);
      expect(difference(found[i]!, wanted.slice(0, 4)), `query ${i}`).toBeUndefined();
    }
    expect(hits).toBeGreaterThan(radius === 31 ? 0.49 * many : many / 8);
  });
});

describe("a query with ten thousand matches beside others", () => {
  const count = 150_000;
  const centre = randomHashes(1, 46);
  const hashes = randomHashes(count, 47);
  const next = random(48);
  for (let i = 0; i < 12_000; i++) {
    const hash = hashAt(hashes, (i * 9973) % count);
    hash.set(centre);
    for (let flips = next() % 25; flips > 0; flips--) hash[next() % 32]! ^= 1 << (next() % 8);
  }
  const few = hashAt(hashes, (12_001 * 9973) % count);
  const all = oracle(hashes, centre, 31);
  const little = oracle(hashes, few, 31);

  test("each is complete and in order, with a limit the first of it", async () => {
    expect(all.length).toBeGreaterThan(10_000);
    expect(little.length).toBeLessThan(10);
    using index = new HashIndex();
    index.addManySync(idsFrom(0, count), hashes);
    await index.optimize();
    const running = Array.from({ length: 40 }, (_, i) =>
      i % 4 === 0
        ? index.search(centre, { radius: 31 })
        : i % 4 === 1
          ? index.search(centre, { radius: 31, limit: 10 })
          : index.search(few, { radius: 31 }),
    );
    for (const [i, hits] of (await Promise.all(running)).entries()) {
      const wanted = i % 4 === 0 ? all : i % 4 === 1 ? all.slice(0, 10) : little;
      expect(difference(hits, wanted), `search ${i}`).toBeUndefined();
    }
    const batch = Buffer.concat(Array.from({ length: 300 }, (_, i) => (i % 10 === 0 ? centre : few)));
    for (const strategy of ["auto", "tiled", "columns", "multi-index"] as const) {
      const found = await index.searchMany(batch, { radius: 31, strategy });
      for (const [i, hits] of found.entries()) {
        expect(difference(hits, i % 10 === 0 ? all : little), `${strategy}, query ${i}`).toBeUndefined();
      }
    }
    const sums = distances(hashes, centre);
    const near = await index.nearest(centre, { count: 11_000 });
    expect(near).toHaveLength(11_000);
    expect(near.every(({ id, distance }) => sums[id] === distance)).toBe(true);
    expect(difference(near, all.slice(0, 11_000))).toBeUndefined();
  });
});
