import { describe, expect, test } from "vitest";
import { HashIndex, type IndexMatch } from "../../../dist/index.js";
import { distances, hashAt, idsFrom, random, randomHashes } from "../../support/hashes.ts";
import { rounds } from "../../support/long.ts";

// What a person who had an image removed was promised: a search that starts after `remove` returned does not find it.
// Held while searches run on all threads of the pool and the index joins its parts in the background.

const size = 70_000;
const hashes = randomHashes(size, 11);
const others = randomHashes(size, 12);

/**
 * Batches that are always under strategy, until `done`; each answer is right for the whole time it took, or it is
 * counted.
 */
function load(index: HashIndex): { finish: () => Promise<number> } {
  let going = true;
  let batches = 0;
  const queries = hashes.subarray(0, 32 * 256);
  const loops = [1, 2, 3, 4].map(async () => {
    while (going) {
      await index.searchMany(queries, { radius: 31, threads: 1 });
      batches++;
    }
  });
  const finish = async (): Promise<number> => {
    going = false;
    await Promise.all(loops);
    return batches;
  };
  return { finish };
}

/** What all kinds of search say about the hash; all start at the call. */
async function searched(index: HashIndex, hash: Uint8Array): Promise<number[][]> {
  const sync = [
    index.searchSync(hash, { radius: 0 }),
    index.searchSync(hash, { radius: 31, strategy: "multi-index" }),
    index.searchSync(hash, { radius: 0, strategy: "columns" }),
    index.nearestSync(hash, { count: 1, radius: 31 }),
    index.searchManySync([hash, hash], { radius: 31 })[1]!,
  ];
  const later = await Promise.all([index.search(hash, { radius: 31 }), index.nearest(hash, { count: 1, radius: 31 })]);
  return [...sync, ...later].map((hits) => hits.map((hit) => hit.id));
}

describe.each(["full", "lean", "rows"] as const)("under load, memory %s", (memory) => {
  test("removed: gone from the next search; added and replaced: in the next, old or new and never both", async () => {
    using index = new HashIndex({ memory });
    index.addManySync(idsFrom(0, size), hashes);
    const running = load(index);
    const next = random(5);
    const there = new Map(Array.from({ length: size }, (_, id) => [id, hashAt(hashes, id)]));
    let newId = size;
    for (let round = 0; round < 60; round++) {
      // Many at once, so that parts wear out and are joined again meanwhile.
      const many = Array.from({ length: 600 }, () => next() % size).filter((id) => there.has(id));
      const gone = [...new Set(many)].map((id) => ({ id, hash: there.get(id)! }));
      index.remove(gone.map(({ id }) => id));
      for (const { id, hash } of gone.slice(0, 3)) {
        for (const ids of await searched(index, hash)) expect(ids, `removed ${id}, round ${round}`).not.toContain(id);
      }
      for (const { id } of gone) there.delete(id);
      for (const hits of index.searchManySync(Buffer.concat(gone.map(({ hash }) => hash)), { radius: 0 }))
        expect(hits).toEqual([]);

      const hash = hashAt(others, newId % size);
      index.add(newId, hash);
      there.set(newId, hash);
      for (const ids of await searched(index, hash)) expect(ids, `added ${newId}`).toEqual([newId]);
      newId++;

      const id = [...there.keys()][next() % there.size]!;
      const before = there.get(id)!;
      const after = hashAt(randomHashes(1, 1000 + round), 0);
      index.replace(id, after);
      there.set(id, after);
      for (const ids of await searched(index, before)) expect(ids, `replaced ${id}`).not.toContain(id);
      for (const ids of await searched(index, after)) expect(ids, `replaced ${id}`).toEqual([id]);
    }
    await index.optimize();
    expect(index.size).toBe(there.size);
    expect(await running.finish()).toBeGreaterThan(4);
    // Nothing is lost, nothing came back.
    const ids = [...there.keys()];
    const all = await index.searchMany(Buffer.concat(ids.map((id) => there.get(id)!)), { radius: 0 });
    all.forEach((hits, i) => expect(hits.map((hit) => hit.id)).toEqual([ids[i]]));
  });
});

test("a replaced entry shows in every search beside it, once: the old hash or the new", async () => {
  using index = new HashIndex();
  index.addManySync(idsFrom(1, 40_000), hashes.subarray(0, 32 * 40_000));
  await index.optimize();
  const forms = randomHashes(200, 77);
  index.add(0, hashAt(forms, 0));
  const query = hashAt(forms, 0);
  const far = distances(forms, query);
  const running: { form: number; found: Promise<IndexMatch[]> }[] = [];
  for (let form = 1; form < 200; form++) {
    running.push({
      form: form - 1,
      found: index.search(query, { radius: 256, strategy: form % 2 === 0 ? "scan" : "columns" }),
    });
    index.replace(0, hashAt(forms, form));
    if (running.length % 20 > 0) continue;
    for (const { form: then, found } of running.splice(0)) {
      const hits = (await found).filter((hit) => hit.id === 0);
      expect(hits, `form ${then}`).toEqual([{ id: 0, distance: far[then], orientation: "orig" }]);
    }
  }
});

test("removed while it is added, read and joined: a search keeps the moment of its call", async () => {
  using index = new HashIndex();
  index.addManySync(idsFrom(0, size), hashes);
  const query = hashAt(hashes, 5);
  const before = index.searchMany(
    Array.from({ length: 100 }, () => query),
    { radius: 0 },
  );
  index.remove(5);
  const after = index.searchMany(
    Array.from({ length: 100 }, () => query),
    { radius: 0 },
  );
  const joined = index.optimize();
  const adding = index.addMany(idsFrom(size, size), others);
  for (const hits of await before) expect(hits).toEqual([{ id: 5, distance: 0, orientation: "orig" }]);
  for (const hits of await after) expect(hits).toEqual([]);
  await Promise.all([joined, adding]);
  await index.optimize();
  expect(index.searchSync(query, { radius: 0 })).toEqual([]);
  expect(index.size).toBe(2 * size - 1);
});

test("entries that are removed while shards are joined are in no search after the joining", async () => {
  const count = 40_000;
  for (let round = 0; round < rounds(6, 15); round++) {
    using index = new HashIndex();
    for (let from = 0; from < count; from += 5000) {
      index.addManySync(idsFrom(from, 5000), hashes.subarray(32 * from, 32 * (from + 5000)));
    }
    const joining = index.optimize();
    // The joining is at another place each round.
    for (let turn = 0; turn < 3 * round; turn++) await new Promise((resolve) => setImmediate(resolve));
    index.remove(idsFrom(0, count - 1));
    const left = [{ id: count - 1, distance: 0, orientation: "orig" }];
    const last = hashAt(hashes, count - 1);
    expect(index.searchSync(last, { radius: 60 })).toEqual(left);
    await joining;
    index.remove(count - 1);
    expect(index.size).toBe(0);
    expect(index.searchSync(last, { radius: 256 })).toEqual([]);
    await index.optimize();
    expect(index.searchSync(last, { radius: 256 })).toEqual([]);
    expect(index.has(0)).toBe(false);
  }
});
