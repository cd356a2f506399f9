import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { HashIndex } from "../../dist/index.js";
import { native } from "../../dist/native/load.js";
import {
  bigDistance,
  clusteredHashes,
  difference,
  distances,
  hashAt,
  hex,
  idsFrom,
  oracle,
  randomHashes,
  within,
} from "../support/hashes.ts";
import { long, rounds } from "../support/long.ts";

// Searching, on every kernel of this processor, against a search that goes byte by byte through a table.
const kernels = native.kernels().filter((kernel) => kernel.supported);
const names = kernels.map((kernel) => kernel.name);
const everyRadius = Array.from({ length: 257 }, (_, radius) => radius);

function filled(hashes: Uint8Array): HashIndex {
  const index = new HashIndex();
  index.addManySync(idsFrom(0, hashes.length / 32), hashes);
  return index;
}

test("the table's distance is that of one large number, and this machine has a kernel besides portable or says not", () => {
  const hashes = randomHashes(50, 1);
  for (let i = 0; i < 49; i++) {
    const [a, b] = [hashAt(hashes, i), hashAt(hashes, i + 1)];
    expect(distances(a, b)[0]).toBe(bigDistance(a, b));
  }
  expect(names).toContain("portable");
});

describe.each(names)("%s", (kernel) => {
  // A step has 16 rows, a tile 1,024, a block 4,096, the delta 16,384: one less, equal, one more, several.
  test.each([0, 1, 2, 15, 16, 17, 1023, 1024, 1025, 4095, 4096, 4097, 16383, 16384, 16385, 40000])(
    "%i hashes",
    async (count) => {
      for (const make of long ? [randomHashes, clusteredHashes] : [clusteredHashes]) {
        const hashes = make(count, count + 1);
        using index = filled(hashes);
        expect(index.size).toBe(count);
        // One that is there (the last, so that no row is forgotten), one of the clusters, one of neither.
        const queries = [count > 0 ? hashAt(hashes, count - 1) : randomHashes(1, 5), clusteredHashes(1, count + 1)];
        queries.push(randomHashes(1, 77));
        const all = queries.map((query) => distances(hashes, query));
        for (const radius of [0, 1, 31, 60, 128, 255, 256]) {
          const wanted = all.map((list) => within(list, radius));
          const batch = index.searchManySync(queries, { radius, kernel });
          const later = await index.searchMany(queries, { radius, kernel });
          for (const [i, query] of queries.entries()) {
            expect(difference(batch[i]!, wanted[i]!), `batch, radius ${radius}`).toBeUndefined();
            expect(difference(later[i]!, wanted[i]!), `batch off-thread, radius ${radius}`).toBeUndefined();
            expect(difference(index.searchSync(query, { radius, kernel }), wanted[i]!)).toBeUndefined();
          }
          expect(difference(await index.search(queries[0]!, { radius, kernel }), wanted[0]!)).toBeUndefined();
        }
      }
    },
  );

  test("every radius from 0 to 256", () => {
    const hashes = Buffer.concat([clusteredHashes(1500, 3), randomHashes(300, 4)]);
    using index = filled(hashes);
    for (const query of [hashAt(hashes, 10), hashAt(hashes, 1799), new Uint8Array(32), new Uint8Array(32).fill(255)]) {
      const all = distances(hashes, query);
      for (const radius of everyRadius) {
        const got = index.searchSync(query, { radius, kernel });
        expect(difference(got, within(all, radius)), `radius ${radius}`).toBeUndefined();
      }
    }
  });

  test("a hash of each distance is found at that radius and not at one less", () => {
    const query = hashAt(randomHashes(1, 9), 0);
    const hashes = new Uint8Array(32 * 257);
    for (const bits of everyRadius) {
      const hash = hashAt(hashes, bits);
      hash.set(query);
      for (let bit = 0; bit < bits; bit++) hash[bit >> 3]! ^= 0x80 >> (bit & 7);
    }
    using index = filled(hashes);
    for (const radius of everyRadius) {
      const wanted = everyRadius
        .slice(0, radius + 1)
        .map((distance) => ({ id: distance, distance, orientation: "orig" }));
      expect(difference(index.searchSync(query, { radius, kernel }), wanted), `radius ${radius}`).toBeUndefined();
    }
  });

  test("any hashes, in any portions, any queries, any radius", () => {
    const bytes = (most: number) => fc.array(fc.uint8Array({ minLength: 32, maxLength: 32 }), { maxLength: most });
    fc.assert(
      fc.property(fc.array(bytes(40), { maxLength: 5 }), bytes(6), fc.nat(256), (portions, queries, radius) => {
        using index = new HashIndex();
        let size = 0;
        for (const portion of portions) {
          index.addManySync(idsFrom(size, portion.length), portion);
          size += portion.length;
          expect(index.size).toBe(size);
        }
        const hashes = Buffer.concat(portions.flat());
        const wanted = queries.map((query) => oracle(hashes, query, radius));
        expect(index.searchManySync(queries, { radius, kernel })).toEqual(wanted);
        expect(index.searchManySync(Buffer.concat(queries), { radius, kernel })).toEqual(wanted);
      }),
      { numRuns: rounds(15, 100) },
    );
  });
});

test("equal hashes are all found, in the order of their ids", async () => {
  const hash = randomHashes(1, 21);
  using index = filled(Buffer.concat(Array.from({ length: 1000 }, () => hash)));
  const wanted = Array.from({ length: 1000 }, (_, id) => ({ id, distance: 0, orientation: "orig" }));
  expect(index.searchSync(hash, { radius: 0 })).toEqual(wanted);
  expect(await index.search(hash, { radius: 256 })).toEqual(wanted);
});

test("text, base64 and bytes are the same query and the same entry", () => {
  const hash = randomHashes(1, 31);
  const forms = [hash, hex(hash), `  0X${hex(hash).toUpperCase()}\n`, Buffer.from(hash).toString("base64")];
  using index = new HashIndex();
  forms.forEach((form, i) => index.add(i, form));
  expect(index.size).toBe(forms.length);
  const all = forms.map((_, id) => ({ id, distance: 0, orientation: "orig" }));
  for (const form of forms) expect(index.searchSync(form, { radius: 0 })).toEqual(all);
  expect(index.searchManySync(forms, { radius: 0 })).toEqual(forms.map(() => all));
});

test("many queries at once: each gets its own hits", async () => {
  const hashes = clusteredHashes(3000, 8);
  using index = filled(hashes);
  const queries = clusteredHashes(700, 8);
  const got = await index.searchMany(queries, { radius: 31 });
  expect(got).toHaveLength(700);
  let hits = 0;
  for (const [i, list] of got.entries()) {
    expect(difference(list, oracle(hashes, hashAt(queries, i), 31)), `query ${i}`).toBeUndefined();
    hits += list.length;
  }
  expect(hits).toBeGreaterThan(1000);
});

test("queries shared out among threads all get their hits, however many remain", async () => {
  const hashes = clusteredHashes(300, 8);
  using index = filled(hashes);
  for (const count of [1, 63, 64, 127, 128, 129, 191, 193, 257, 300]) {
    const queries = hashes.subarray(0, 32 * count);
    for (const threads of [1, 2, 3, 7]) {
      const got = await index.searchMany(queries, { radius: 0, threads });
      expect(got).toHaveLength(count);
      for (const [i, list] of got.entries()) {
        expect(difference(list, oracle(hashes, hashAt(hashes, i), 0)), `${count}, ${threads}, ${i}`).toBeUndefined();
      }
    }
  }
});

test("of many that are equally near, the nearest are those with the lowest ids, wherever they were added", async () => {
  const query = randomHashes(1, 41);
  const near = (bits: number): Uint8Array => {
    const hash = Uint8Array.from(query);
    for (let bit = 0; bit < bits; bit++) hash[bit >> 3]! ^= 1 << (bit & 7);
    return hash;
  };
  for (const bits of [0, 5, 90]) {
    using index = new HashIndex();
    const copies = (count: number): Uint8Array => Buffer.concat(Array.from({ length: count }, () => near(bits)));
    // The ids that count are added last, behind thousands of others.
    index.addManySync(idsFrom(100_000, 9000), copies(9000));
    index.addManySync(idsFrom(50, 50), copies(50));
    index.add(7, near(bits + 1));
    for (const count of [1, 10, 40]) {
      const ids = Array.from({ length: count }, (_, i) => 50 + i);
      const wanted = ids.map((id) => ({ id, distance: bits, orientation: "orig" }));
      expect(index.nearestSync(query, { count })).toEqual(wanted);
      expect(await index.nearest(query, { count })).toEqual(wanted);
      expect(index.searchSync(query, { radius: bits, limit: count })).toEqual(wanted);
    }
  }
});

test("a limit holds for a query with orientations, and the nearest ones are kept", async () => {
  const hashes = randomHashes(9, 43);
  const names = ["orig", "rot90", "rot180", "rot270", "flipX", "flipY", "flipPlus1", "flipMinus1"] as const;
  const orientations = Object.fromEntries(names.map((name, i) => [name, hex(hashAt(hashes, i))])) as Record<
    (typeof names)[number],
    string
  >;
  using index = new HashIndex();
  // Entry i is i bits from orientation i.
  for (let i = 0; i < 8; i++) {
    const near = Uint8Array.from(hashAt(hashes, i));
    for (let bit = 0; bit < 7 - i; bit++) near[bit >> 3]! ^= 1 << (bit & 7);
    index.add(i, near);
  }
  const query = { hash: orientations.orig, orientations };
  const wanted = names.map((orientation, id) => ({ id, distance: 7 - id, orientation })).toReversed();
  for (const limit of [1, 3, 8, 9]) {
    expect(index.searchSync(query, { limit })).toEqual(wanted.slice(0, limit));
    expect(await index.search(query, { limit })).toEqual(wanted.slice(0, limit));
  }
  expect(index.searchSync(query)).toEqual(wanted);
});

test("the crops of an original have its tag, unless they get another one", () => {
  const hashes = randomHashes(4, 47);
  const region = { left: 0, top: 0, right: 1, bottom: 1 };
  const entry = (i: number) => ({
    hash: hex(hashAt(hashes, i)),
    quality: 100,
    stable: true,
    crops: [{ hash: hex(hashAt(hashes, i + 1)), quality: 100, name: "all", region }],
  });
  using index = new HashIndex();
  index.addWithCrops(1, entry(0), { tag: 5 });
  index.addWithCrops(2, entry(2), { tag: 5, cropTag: 6 });
  const found = (i: number, tag: number): number =>
    index.searchSync(hashAt(hashes, i), { radius: 0, tags: [tag] }).length;
  expect([0, 1, 2, 3].map((i) => [0, 5, 6].map((tag) => found(i, tag)))).toEqual([
    [0, 1, 0],
    [0, 1, 0],
    [0, 1, 0],
    [0, 0, 1],
  ]);
});
