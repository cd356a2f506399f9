import { describe, expect, test } from "vitest";
import { HashIndex } from "../../dist/index.js";
import { clusteredHashes, difference, distances, hashAt, random, randomHashes, within } from "../support/hashes.ts";

// The strategies by name, on parts with tables, small parts, a delta and removed entries together, against a search
// that goes byte by byte. What the strategies do inside is tested harder without Node, in test/native/engine.cc.

const count = 50_000;
const hashes = Buffer.concat([clusteredHashes(count / 2, 51), randomHashes(count / 2, 52)]);
const strategies = ["auto", "scan", "columns", "tiled", "multi-index"] as const;

/** The bits of the hash that the table of a chunk is sorted by (native/search/file/FORMAT.md). */
const chunkBit = (chunk: number, i: number): number => 16 * i + ((chunk - i) & 15);

test("a crowd of near rows of which none is in a bucket of the query is found once each", async () => {
  const next = random(61);
  const [all, crowd] = [40_000, 9000];
  const query = randomHashes(1, 62);
  const rows = randomHashes(all, 63);
  for (let row = 0; row < crowd; row++) {
    rows.set(query, 32 * row);
    for (let chunk = 0; chunk < 16; chunk++) {
      const bit = chunkBit(chunk, next() % 16);
      rows[32 * row + 31 - (bit >> 3)]! ^= 1 << (bit & 7);
    }
  }
  const there = within(distances(rows, query), 31);
  expect(there).toHaveLength(crowd);
  for (const memory of ["full", "lean"] as const) {
    using index = new HashIndex({ memory });
    index.addManySync(
      Float64Array.from({ length: all }, (_, i) => i),
      rows,
    );
    await index.optimize();
    for (const strategy of ["auto", "multi-index"] as const) {
      const found = index.searchSync(query, { radius: 31, strategy });
      expect(difference(found, there), `${memory}, ${strategy}`).toBeUndefined();
    }
  }
});

describe.each(["full", "lean", "rows"] as const)("memory %s", (memory) => {
  test("radius, limit, tags and nearest, one and many, sync and not", async () => {
    using index = new HashIndex({ memory });
    const next = random(6);
    const ids = Float64Array.from({ length: count }, (_, i) => i);
    for (let i = count - 1; i > 0; i--) {
      const other = next() % (i + 1);
      [ids[i], ids[other]] = [ids[other]!, ids[i]!];
    }
    // Entry i of the arrays has id ids[i]; back to where each id is.
    const byId = Buffer.alloc(32 * count);
    const tags = new Uint8Array(count);
    ids.forEach((id, i) => byId.set(hashAt(hashes, i), 32 * id));
    ids.forEach((id) => (tags[id] = id % 5));
    const add = (from: number, to: number): void => {
      const these = ids.subarray(from, to);
      const options = { tags: Uint8Array.from(these, (id) => id % 5) };
      index.addManySync(these, hashes.subarray(32 * from, 32 * to), options);
    };
    add(0, 40_000);
    await index.optimize();
    add(40_000, 45_000);
    add(45_000, 48_000);
    add(48_000, count);
    const gone = new Set(Array.from({ length: 2000 }, () => next() % count));
    index.remove(gone);
    expect(index.stats().indexed).toBe(memory === "rows" ? 0 : 40_000);
    expect(index.size).toBe(count - gone.size);

    const queries = [hashAt(byId, 17), hashAt(hashes, 3), hashAt(hashes, 49_999), randomHashes(1, 53)];
    const all = queries.map((query) => distances(byId, query));
    for (const radius of [0, 15, 31, 39, 63, 79, 110]) {
      const there = all.map((list) => within(list, radius).filter(({ id }) => !gone.has(id)));
      const some = there.map((hits) => hits.filter(({ id }) => [1, 4].includes(tags[id]!)));
      for (const strategy of strategies) {
        const what = `radius ${radius}, ${strategy}`;
        const options = { strategy, tags: [4, 1] };
        const many = index.searchManySync(queries, { radius, strategy, limit: 7 });
        const later = await index.searchMany(queries, { radius, ...options });
        const nearest = await index.nearestMany(queries, { count: 7, ...options, radius });
        for (const [i, query] of queries.entries()) {
          expect(difference(index.searchSync(query, { radius, strategy }), there[i]!), what).toBeUndefined();
          expect(difference(many[i]!, there[i]!.slice(0, 7)), `${what}, limit`).toBeUndefined();
          expect(difference(later[i]!, some[i]!), `${what}, tags`).toBeUndefined();
          expect(difference(nearest[i]!, some[i]!.slice(0, 7)), `${what}, nearest`).toBeUndefined();
          const one = index.nearestSync(query, { count: 1, strategy, radius });
          expect(difference(one, there[i]!.slice(0, 1)), `${what}, one`).toBeUndefined();
        }
      }
    }
  });
});

test("a batch with a limit, over a part with tables and one that is scanned for all at once: each query's nearest", async () => {
  const near = 6000;
  const [a, b] = [randomHashes(1, 61), randomHashes(1, 62)];
  const next = random(63);
  // Around each centre, the nearest first.
  const cluster = (centre: Uint8Array): Buffer => {
    const rows = Buffer.concat(Array.from({ length: near }, () => centre));
    for (let i = 0; i < near; i++)
      for (let flips = i < 10 ? 3 : 12; flips > 0; flips--) rows[32 * i + (next() % 32)]! ^= 1 << (next() % 8);
    return rows;
  };
  const rows = Buffer.concat([randomHashes(40_000, 64), cluster(a), cluster(b)]);
  using index = new HashIndex();
  const add = (from: number, to: number): void =>
    index.addManySync(
      Float64Array.from({ length: to - from }, (_, i) => from + i),
      rows.subarray(32 * from, 32 * to),
    );
  add(0, 40_000);
  await index.optimize();
  add(40_000, 40_000 + 2 * near);
  const queries = [a, b, ...Array.from({ length: 7 }, (_, i) => randomHashes(1, 70 + i))];
  const found = index.searchManySync(queries, { radius: 31, limit: 7 });
  for (const [i, query] of queries.entries())
    expect(difference(found[i]!, within(distances(rows, query), 31).slice(0, 7)), `query ${i}`).toBeUndefined();
});
