/** Searches that end on the thread of their caller and searches that go on on another one, beside the table. */
import { scrypt } from "node:crypto";
import { describe, expect, test } from "vitest";
import { HashIndex } from "../../dist/index.js";
import { difference, distances, hashAt, idsFrom, randomHashes, within } from "../support/hashes.ts";

const rows = 6000;
const hashes = randomHashes(rows, 71);
const gone = Array.from({ length: 300 }, (_, i) => 7 * i);

function filled(): HashIndex {
  const index = new HashIndex();
  index.addManySync(idsFrom(0, rows), hashes, { tags: Uint8Array.from({ length: rows }, (_, id) => id % 3) });
  index.remove(gone);
  return index;
}

/** Queries near some of the rows. */
const queries = Array.from({ length: 64 }, (_, i) => {
  const query = Uint8Array.from(hashAt(hashes, 31 * i));
  for (let bit = 0; bit < i; bit++) query[(11 * bit) % 32]! ^= 1 << (bit % 8);
  return query;
});
const every = queries.map((query) => distances(hashes, query));

// One query at radius 31 is done at once, and 64 are not. At radius 256 the hits of some queries end the part of the
// search that is done at once, and the rest of it is done elsewhere.
describe.each([1, 2, 8, 20, 64])("%i queries", (count) => {
  test.each([0, 31, 60, 120, 256])("find exactly the rows of the table at radius %i", async (radius) => {
    using index = filled();
    for (const tag of [undefined, 1]) {
      const tags = tag === undefined ? {} : { tags: [tag] };
      const found = await index.searchMany(queries.slice(0, count), { radius, threads: 1, ...tags });
      expect(found).toHaveLength(count);
      found.forEach((hits, i) => {
        const wanted = within(every[i]!, radius).filter(
          ({ id }) => !gone.includes(id) && (tag === undefined || id % 3 === tag),
        );
        expect(difference(hits, wanted), `query ${i}`).toBeUndefined();
      });
    }
  });
});

/** Whether a promise is fulfilled before the event loop goes on, while all threads of the pool are busy. */
async function isAtOnce(start: () => Promise<unknown>): Promise<boolean> {
  const busy = Array.from(
    { length: 4 },
    () => new Promise((resolve) => scrypt("password", "salt", 32, { N: 8192, r: 8 }, resolve)),
  );
  let later = false;
  setImmediate(() => (later = true));
  await start();
  const atOnce = !later;
  await Promise.all(busy);
  return atOnce;
}

test("a short search needs no other thread, and a long one leaves this thread", async () => {
  using index = filled();
  const [query] = queries;
  expect(await isAtOnce(() => index.search(query!))).toBe(true);
  expect(await isAtOnce(() => index.searchMany(queries.slice(0, 8)))).toBe(true);
  expect(await isAtOnce(() => index.searchMany(queries))).toBe(false);
  expect(await isAtOnce(() => index.searchMany(queries.slice(0, 20), { radius: 256 }))).toBe(false);
  expect(await isAtOnce(() => index.nearest(query!, { count: 3 }))).toBe(false);
});

test("an aborted search rejects with the signal's reason, however short it is", async () => {
  using index = filled();
  const reason = new Error("enough");
  const signal = AbortSignal.abort(reason);
  await expect(index.search(queries[0]!, { signal })).rejects.toBe(reason);
  await expect(index.searchMany(queries, { signal })).rejects.toBe(reason);
});
