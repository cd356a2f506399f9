import { describe, expect, test } from "vitest";
import { orientationNames, hashPixelsSync, HashList, type Query } from "../../../dist/index.js";
import { InvalidArgumentError, InvalidHashError } from "../../../dist/errors.js";
import { type OrientationHashes } from "../../../dist/hash/orientations.js";
import { type ListProblem } from "../../../dist/doors/lists.js";
import { clusteredHashes, distances, hashAt, hex, random, randomHashes } from "../../support/hashes.ts";
import { hexHashes, reasons } from "../../support/lists.ts";

const list = (lines: readonly string[]): Buffer => Buffer.from(lines.map((line) => `${line}\n`).join(""));
const query = (hash: string, more: Partial<Query> = {}): Query => ({
  hash,
  quality: 100,
  stable: true,
  ...more,
});

/** The hash with its lowest `count` bits turned over. */
function near(hash: string, count: number): string {
  const flipped = BigInt(`0x${hash}`) ^ ((1n << BigInt(count)) - 1n);
  return flipped.toString(16).padStart(64, "0");
}

const [a, b, c] = hexHashes(3, 21) as [string, string, string];

describe("loading", () => {
  test("one list or several, of any form; what was loaded and what was not", async () => {
    const problems: ListProblem[] = [];
    const known = await HashList.load(
      [
        { name: "plain", input: list([a, "zz", "00".repeat(32), `${b},two`]) },
        list([`pdq ${c}`, "url x"]),
        { name: "empty", input: Buffer.alloc(0) },
      ],
      { onProblem: (problem) => problems.push(problem) },
    );
    expect(known.size).toBe(3);
    expect(known.lists).toEqual([
      { name: "plain", form: "plain", entries: 2, problems: 2 },
      { name: "list 2", form: "signals", entries: 1, problems: 1 },
      { name: "empty", form: "unknown", entries: 0, problems: 0 },
    ]);
    expect(problems).toEqual([
      { list: "plain", line: 2, skipped: true, code: "bad-hash", reason: reasons.length },
      { list: "plain", line: 3, skipped: true, code: "trivial-hash", reason: reasons.zero },
      { list: "list 2", line: 2, skipped: true, code: "other-signal", reason: reasons.signal },
    ]);
    const alone = await HashList.load(list([a]));
    expect(alone.lists).toEqual([{ name: "list 1", form: "plain", entries: 1, problems: 0 }]);
  });

  test("an aborted load rejects with the signal's reason", async () => {
    const reason = new Error("enough");
    await expect(HashList.load(list([a]), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  test("arguments", async () => {
    for (const lists of [undefined, 7, [7], [{ name: 7, input: "x" }], { name: "x", input: 7 }]) {
      await expect(HashList.load(lists as never)).rejects.toThrow(InvalidArgumentError);
    }
    await expect(HashList.load([], { name: "x" } as never)).rejects.toThrow(/Unknown option name/);
  });
});

describe("matching", () => {
  test("entries within the radius with list, line and metadata, sorted by distance, then list, then line", async () => {
    const known = await HashList.load([
      { name: "first", input: list([`${near(a, 31)},far`, "", `${near(a, 3)},near`, b]) },
      { name: "second", input: list(["hash,metadata", `${near(a, 3)},"too, near"`, near(a, 32), a, a]) },
    ]);
    const wanted = [
      { distance: 0, orientation: "orig", list: "second", line: 4, metadata: "", type: "pdq" },
      { distance: 0, orientation: "orig", list: "second", line: 5, metadata: "", type: "pdq" },
      { distance: 3, orientation: "orig", list: "first", line: 3, metadata: "near", type: "pdq" },
      { distance: 3, orientation: "orig", list: "second", line: 2, metadata: "too, near", type: "pdq" },
      { distance: 31, orientation: "orig", list: "first", line: 1, metadata: "far", type: "pdq" },
    ];
    expect(known.searchSync(query(a))).toEqual(wanted);
    expect(await known.search(query(a))).toEqual(wanted);
    expect(known.searchSync(query(a), { radius: 0 })).toEqual(wanted.slice(0, 2));
    expect(known.searchSync(query(a), { radius: 32 })).toHaveLength(6);
    expect(known.searchSync(query(c))).toEqual([]);
  });

  test("a hash by itself matches, as bytes or text, and so does a query that says nothing of its quality", async () => {
    const known = await HashList.load(list([a, b]));
    const wanted = known.searchSync(query(a));
    expect(wanted).toHaveLength(1);
    for (const same of [a, Buffer.from(a, "hex"), { hash: a }]) {
      expect(known.searchSync(same)).toEqual(wanted);
      expect(await known.search(same)).toEqual(wanted);
    }
  });

  test("a hash below minQuality or an unstable one matches only when requested", async () => {
    const known = await HashList.load(list([a]));
    for (const match of [known.searchSync.bind(known), (q: Query, o?: object) => known.search(q, o)] as ((
      q: Query,
      o?: object,
    ) => unknown)[]) {
      expect(await match(query(a, { quality: 50 }))).toHaveLength(1);
      expect(await match(query(a, { quality: 49 }))).toEqual([]);
      expect(await match(query(a, { quality: 49 }), { minQuality: 49 })).toHaveLength(1);
      expect(await match(query(a, { quality: 0 }), { minQuality: 0 })).toHaveLength(1);
      expect(await match(query(a, { stable: false }))).toEqual([]);
      expect(await match(query(a, { stable: false }), { allowUnstable: true })).toHaveLength(1);
    }
  });

  test("an entry is one match, by its nearest orientation; of equals the first", async () => {
    const hashes = hexHashes(8, 33);
    const orientations = Object.fromEntries(orientationNames.map((name, i) => [name, hashes[i]])) as OrientationHashes;
    orientations.rot270 = near(orientations.rot90, 8);
    const entry = near(orientations.rot90, 4); // 4 from both
    const known = await HashList.load(list([entry, orientations.flipMinus1, near(orientations.rot270, 1)]));
    const q = query(orientations.orig, { orientations });
    const wanted = [
      { distance: 0, orientation: "flipMinus1", list: "list 1", line: 2, metadata: "", type: "pdq" },
      { distance: 1, orientation: "rot270", list: "list 1", line: 3, metadata: "", type: "pdq" },
      { distance: 4, orientation: "rot90", list: "list 1", line: 1, metadata: "", type: "pdq" },
    ];
    expect(known.searchSync(q)).toEqual(wanted);
    expect(await known.search(q)).toEqual(wanted);
    expect(known.searchSync(q, { orientations: false })).toEqual([]);
  });

  test("a mirrored image is found by its orientation", async () => {
    const side = 96;
    const next = random(4);
    const noise = Uint8Array.from({ length: 12 * 12 }, () => next());
    const data = Uint8Array.from(
      { length: side * side },
      (_, i) => noise[12 * Math.floor(i / side / 8) + ((i % side) >> 3)]!,
    );
    const mirrored = data.map((_, i) => data[i - (i % side) + side - 1 - (i % side)]!);
    const known = await HashList.load(list([hashPixelsSync({ data, width: side, height: side, channels: 1 }).hash]));
    const upload = hashPixelsSync({ data: mirrored, width: side, height: side, channels: 1 }, { orientations: true });
    expect(known.searchSync(upload, { minQuality: 0 })).toMatchObject([{ line: 1, orientation: "flipY" }]);
    expect(known.searchSync(upload, { minQuality: 0, orientations: false })).toEqual([]);
  });

  test("the same as comparing with every entry, over many lists and pages of entries", async () => {
    const count = 40_000; // more than two of the pages in which entries are kept
    const hashes = clusteredHashes(count, 9);
    const line = (i: number): string =>
      `${hex(hashAt(hashes, i))}${i % 3 === 0 ? "" : `,№ ${i} ${"x".repeat(1 + (i % 50))}`}`;
    const lines = Array.from({ length: count }, (_, i) => line(i));
    const ends = [0, 1, 16_384, 16_384, 30_000, count];
    const known = await HashList.load(
      ends.slice(1).map((end, i) => ({ name: `part ${i}`, input: list(lines.slice(ends[i], end)) })),
    );
    expect(known.size).toBe(count);
    const queries = [...Array.from({ length: 4 }, (_, i) => hashAt(hashes, i * 9999)), randomHashes(1, 2)];
    for (const q of queries) {
      const far = distances(hashes, q);
      const wanted = lines
        .map((text, i) => {
          const part = ends.findLastIndex((end) => end <= i);
          return {
            distance: far[i]!,
            orientation: "orig",
            list: `part ${part}`,
            line: i - ends[part]! + 1,
            metadata: text.slice(65),
            type: "pdq",
          };
        })
        .filter(({ distance }) => distance <= 40)
        .sort((x, y) => x.distance - y.distance);
      // As text: comparing thousands of objects one by one takes seconds.
      expect(JSON.stringify(known.searchSync(query(hex(q)), { radius: 40 }))).toBe(JSON.stringify(wanted));
    }
  });
});

describe("arguments of a match", () => {
  test("each says what was expected", async () => {
    const known = await HashList.load(list([a]));
    const wrong: [Partial<Query>, object, RegExp][] = [
      [{}, { radius: -1 }, /^Expected integer between 0 and 256 for radius but received -1 of type number$/],
      [{}, { radius: 257 }, /for radius but received 257/],
      [{}, { radius: Number.NaN }, /for radius but received NaN/],
      [{}, { radius: "31" }, /for radius but received "31" of type string/],
      [{}, { minQuality: 101 }, /between 0 and 100 for minQuality/],
      [{}, { orientations: 1 }, /Expected boolean for orientations/],
      [{}, { allowUnstable: "no" }, /Expected boolean for allowUnstable/],
      [{}, { distance: 3 }, /Unknown option distance/],
      [{ quality: Number.NaN }, {}, /between 0 and 100 for quality/],
      [{ stable: 1 as never }, {}, /Expected boolean for stable/],
    ];
    for (const [more, options, message] of wrong) {
      expect(() => known.searchSync(query(a, more), options)).toThrow(InvalidArgumentError);
      expect(() => known.searchSync(query(a, more), options)).toThrow(message);
      await expect(known.search(query(a, more), options)).rejects.toThrow(message);
    }
    expect(() => known.searchSync(query(a.slice(1)))).toThrow(InvalidHashError);
    expect(() => known.searchSync(7 as never)).toThrow(InvalidHashError);
    expect(() => known.searchSync({ hash: undefined } as never)).toThrow(/hash or digests for query/);
    expect(() => known.searchSync({ digests: 7 } as never)).toThrow(/for digests/);
    expect(() => known.searchSync(query(a), { signal: undefined } as never)).toThrow(/Unknown option signal/);
  });

  test("an abort rejects with the signal's reason", async () => {
    const known = await HashList.load(list([a]));
    const reason = new Error("enough");
    await expect(known.search(query(a), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});

describe("closing", () => {
  test("frees at once, twice is once, and later calls fail", async () => {
    const known = await HashList.load(list([a]));
    known.close();
    known.close();
    expect(known.size).toBe(0);
    expect(() => known.searchSync(query(a))).toThrow(expect.objectContaining({ code: "ERR_EMPREINTE_CLOSED" }));
    await expect(known.search(query(a))).rejects.toMatchObject({ code: "ERR_EMPREINTE_CLOSED" });
  });

  test("a search that runs finishes with everything it found", async () => {
    const known = await HashList.load(list([`${a},kept`]));
    const running = known.search(query(a));
    known[Symbol.dispose]();
    expect(await running).toMatchObject([{ distance: 0, line: 1, metadata: "kept" }]);
  });
});
