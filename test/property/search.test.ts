import fc from "fast-check";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { HashIndex } from "../../dist/index.js";
import { bigDistance, clusteredHashes, hashAt, idsFrom } from "../support/hashes.ts";
import { rounds } from "../support/long.ts";
import {
  anyTags,
  anyCommands,
  anyEntries,
  anyHash,
  anyRadius,
  anyStrategy,
  type Entry,
  Model,
  type Real,
  unique,
} from "../support/search-model.ts";

const folder = mkdtempSync(join(tmpdir(), "empreinte-model-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function filled(entries: readonly Entry[]): HashIndex {
  const index = new HashIndex();
  const tags = Uint8Array.from(entries, ({ tag }) => tag);
  index.addManySync(
    entries.map(({ id }) => id),
    entries.map(({ hash }) => hash),
    { tags },
  );
  return index;
}

/** Runs of a property that fills indexes. */
const numRuns = rounds(40, 60);

const entries = anyEntries.map(unique);

describe("the distances of a search are a metric", () => {
  const between = (a: Uint8Array, b: Uint8Array): number => {
    using index = filled([{ id: 0, hash: a, tag: 0 }]);
    const hits = index.searchSync(b, { radius: 256 });
    expect(hits).toHaveLength(1);
    return hits[0]!.distance;
  };

  test("0 only to itself, the same both ways, never longer by way of a third, and the number of differing bits", () => {
    fc.assert(
      fc.property(anyHash, anyHash, anyHash, (a, b, c) => {
        expect(between(a, a)).toBe(0);
        expect(between(a, b) === 0).toBe(Buffer.from(a).equals(b));
        expect(between(a, b)).toBe(between(b, a));
        expect(between(a, c)).toBeLessThanOrEqual(between(a, b) + between(b, c));
        expect(between(a, b)).toBe(bigDistance(a, b));
      }),
    );
  });

  test("turning the same bits in all hashes and the query changes no answer", () => {
    const turned = (hash: Uint8Array, mask: Uint8Array): Uint8Array => hash.map((byte, i) => byte ^ mask[i]!);
    fc.assert(
      fc.property(entries, anyHash, anyHash, anyRadius, anyStrategy, (list, query, mask, radius, strategy) => {
        using index = filled(list);
        using other = filled(list.map((entry) => ({ ...entry, hash: turned(entry.hash, mask) })));
        expect(other.searchSync(turned(query, mask), { radius, strategy })).toEqual(
          index.searchSync(query, { radius, strategy }),
        );
      }),
      { numRuns },
    );
  });
});

describe("the answers are sets of one order", () => {
  test("a smaller radius is the beginning of a larger, a limit of none, k nearest of all", () => {
    fc.assert(
      fc.property(
        entries,
        anyHash,
        anyRadius,
        anyStrategy,
        fc.integer({ min: 1, max: 100 }),
        (list, query, radius, strategy, k) => {
          using index = filled(list);
          const all = index.searchSync(query, { radius: 256, strategy });
          expect(all.map(({ id }) => id).toSorted((a, b) => a - b)).toEqual(
            list.map(({ id }) => id).toSorted((a, b) => a - b),
          );
          const within = index.searchSync(query, { radius, strategy });
          expect(within).toEqual(all.filter(({ distance }) => distance <= radius));
          expect(within).toEqual(all.slice(0, within.length));
          expect(index.searchSync(query, { radius, strategy, limit: k })).toEqual(within.slice(0, k));
          expect(index.nearestSync(query, { count: k, strategy })).toEqual(all.slice(0, k));
          expect(index.nearestSync(query, { count: k, strategy, radius })).toEqual(within.slice(0, k));
        },
      ),
      { numRuns },
    );
  });

  test("tags part them: those and the others make all, none is in both", () => {
    fc.assert(
      fc.property(entries, anyHash, anyRadius, anyStrategy, anyTags, (list, query, radius, strategy, some = []) => {
        using index = filled(list);
        const others = [0, 1, 64, 255].filter((tag) => !some.includes(tag));
        const here = index.searchSync(query, { radius, strategy, tags: some });
        const there = index.searchSync(query, { radius, strategy, tags: others });
        const both = [...here, ...there].sort((a, b) => a.distance - b.distance || a.id - b.id);
        expect(both).toEqual(index.searchSync(query, { radius, strategy }));
        const bankOf = new Map(list.map(({ id, tag }) => [id, tag]));
        expect(here.every(({ id }) => some.includes(bankOf.get(id)!))).toBe(true);
      }),
      { numRuns },
    );
  });

  test("two indexes find together what one of all entries finds, and removing undoes adding", () => {
    fc.assert(
      fc.property(entries, anyHash, anyRadius, anyStrategy, fc.nat(30), (list, query, radius, strategy, cut) => {
        const [first, second] = [list.slice(0, cut), list.slice(cut)];
        using one = filled(first);
        using two = filled(second);
        using all = filled(list);
        const of = (index: HashIndex) => index.searchSync(query, { radius, strategy });
        const both = [...of(one), ...of(two)].sort((a, b) => a.distance - b.distance || a.id - b.id);
        expect(of(all)).toEqual(both);
        all.remove(second.map(({ id }) => id));
        expect(of(all)).toEqual(of(one));
      }),
      { numRuns },
    );
  });
});

// Model and index are changed by the same commands, saved, opened and joined between, and searched.
describe("any changes and questions: as a plain map answers", () => {
  async function expectAlike(make: () => Promise<{ model: Model; real: Real }>, numRuns: number): Promise<void> {
    await fc.assert(
      fc.asyncProperty(anyCommands, async (commands) => {
        const setup = await make();
        try {
          await fc.asyncModelRun(() => setup, commands);
        } finally {
          setup.real.index.close();
        }
      }),
      { numRuns },
    );
  }

  test.each(["full", "lean", "rows"] as const)("beginning with nothing, %s", async (memory) => {
    const make = async () => ({ model: new Model(), real: { index: new HashIndex({ memory }), folder } });
    await expectAlike(make, rounds(10, 50));
  });

  describe("beginning with a file of 33,000 entries", () => {
    const count = 33_000;
    const hashes = clusteredHashes(count, 82);
    beforeAll(async () => {
      for (const memory of ["full", "lean"] as const) {
        using index = new HashIndex({ memory });
        index.addManySync(idsFrom(50, count), hashes);
        await index.optimize();
        if (index.stats().indexed !== count) throw new Error("no tables were built");
        await index.save(join(folder, `${memory}.idx`));
      }
    });
    const base = Array.from({ length: count }, (_, i) => ({ id: i + 50, hash: hashAt(hashes, i), tag: 0 }));

    test.each(["full", "lean"] as const)("%s", async (memory) => {
      const make = async () => {
        const model = new Model();
        model.put(base);
        return { model, real: { index: await HashIndex.open(join(folder, `${memory}.idx`)), folder } };
      };
      await expectAlike(make, rounds(3, 10));
    });
  });
});
