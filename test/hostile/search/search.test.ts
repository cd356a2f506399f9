import { getEventListeners } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { HashIndex } from "../../../dist/index.js";
import { InvalidArgumentError, InvalidHashError } from "../../../dist/errors.js";
import { clusteredHashes, difference, hashAt, hex, type Hit, idsFrom, oracle } from "../../support/hashes.ts";
import { rounds } from "../../support/long.ts";
import { run } from "../../support/run.ts";

const hashes = clusteredHashes(20_000, 5);
const queries = clusteredHashes(300, 5);
const query = hashAt(queries, 0);

function filled(entries: Uint8Array = hashes): HashIndex {
  const index = new HashIndex();
  index.addManySync(idsFrom(0, entries.length / 32), entries);
  return index;
}

function expectHits(got: Hit[][], entries: Uint8Array, searched: Uint8Array): void {
  expect(got).toHaveLength(searched.length / 32);
  got.forEach((list, i) =>
    expect(difference(list, oracle(entries, hashAt(searched, i), 31)), `query ${i}`).toBeUndefined(),
  );
}

const closed = expect.objectContaining({ code: "ERR_EMPREINTE_CLOSED" });

describe("radius", () => {
  test.each([
    [-1, "-1 of type number"],
    [257, "257 of type number"],
    [NaN, "NaN of type number"],
    [Infinity, "Infinity of type number"],
    [1.5, "1.5 of type number"],
    ["31", '"31" of type string'],
    [null, "null of type null"],
    [31n, "BigInt of type bigint"],
    [[31], "Array of type object"],
  ])("%s", async (value, shown) => {
    using index = filled(hashes.subarray(0, 320));
    const radius = value as number;
    const sentence = `Expected integer between 0 and 256 for radius but received ${shown}`;
    const same = (error: unknown): void => {
      expect(error).toBeInstanceOf(InvalidArgumentError);
      expect(error).toMatchObject({ code: "ERR_EMPREINTE_INVALID_ARGUMENT", message: sentence });
    };
    for (const call of [() => index.searchSync(query, { radius }), () => index.searchManySync(queries, { radius })]) {
      expect(call).toThrow(InvalidArgumentError);
      expect(call).toThrow(sentence);
    }
    await index.search(query, { radius }).then(() => expect.unreachable(), same);
    await index.searchMany(queries, { radius }).then(() => expect.unreachable(), same);
    expect(index.searchSync(query, { radius: 256 })).toHaveLength(10);
  });

  test("a radius in place of the options is refused, and none is 31", async () => {
    using index = filled();
    const number = 31 as unknown as object;
    const sentence = "Expected object for options but received 31 of type number";
    expect(() => index.searchSync(query, number)).toThrow(sentence);
    expect(() => index.searchManySync(queries, number)).toThrow(sentence);
    await expect(index.search(query, number)).rejects.toThrow(sentence);
    const wanted = index.searchSync(query, { radius: 31 });
    for (const options of [undefined, {}, { radius: undefined } as object]) {
      expect(index.searchSync(query, options)).toEqual(wanted);
      expect(await index.search(query, options)).toEqual(wanted);
    }
  });
});

describe("invalid hashes", () => {
  const bad: [string, unknown][] = [
    ["63 digits", "0".repeat(63)],
    ["65 digits", "0".repeat(65)],
    ["a letter that is no digit", "g".repeat(64)],
    ["nothing", ""],
    ["31 bytes", new Uint8Array(31)],
    ["33 bytes", new Uint8Array(33)],
    ["64 bytes", new Uint8Array(64)],
    ["no byte", new Uint8Array(0)],
    ["16-bit numbers", new Uint16Array(16)],
    ["a plain array", Array.from({ length: 32 }, () => 0)],
    ["a number", 7],
    ["null", null],
    ["undefined", undefined],
  ];

  test.each(bad)("%s", async (_, value) => {
    using index = filled(hashes.subarray(0, 320));
    const hash = value as string;
    expect(() => index.add(100, hash)).toThrow(InvalidHashError);
    expect(() => index.replace(0, hash)).toThrow(InvalidHashError);
    expect(() => index.searchSync(hash, { radius: 31 })).toThrow(InvalidHashError);
    await expect(index.search(hash, { radius: 31 })).rejects.toThrow(InvalidHashError);
    // All or none: the good ones before and after it are not added either.
    expect(() => index.addManySync([100, 101, 102], [query, hash, query])).toThrow(InvalidHashError);
    await expect(index.addMany([100, 101, 102], [query, hash, query])).rejects.toThrow(InvalidHashError);
    expect(index.size).toBe(10);
    expect(index.searchSync(query, { radius: 256 })).toHaveLength(10);
  });

  test("bytes that are no multiple of 32, and one string where several are meant", async () => {
    using index = new HashIndex();
    for (const value of [new Uint8Array(40), new Uint8Array(31), hex(query) as unknown as Uint8Array]) {
      expect(() => index.addManySync([0], value)).toThrow(InvalidHashError);
      await expect(index.addMany([0], value)).rejects.toThrow(InvalidHashError);
      expect(() => index.searchManySync(value, { radius: 31 })).toThrow(InvalidHashError);
      await expect(index.searchMany(value, { radius: 31 })).rejects.toThrow(InvalidHashError);
    }
    expect(index.size).toBe(0);
  });

  test("a message holds no more than 8 digits of what was given", () => {
    using index = new HashIndex();
    const text = `${hex(query)}0`;
    const message = expect.stringMatching(new RegExp(`${text.slice(0, 8)}(?!${text[8]})`)) as string;
    expect(() => index.add(0, text)).toThrow(expect.objectContaining({ message }));
    const whole = expect.stringMatching(/[0-9a-f]{9}/) as string;
    expect(() => index.add(0, text)).not.toThrow(expect.objectContaining({ message: whole }));
  });
});

describe("other arguments", () => {
  test("an unavailable kernel, an unknown option, an invalid signal", async () => {
    using index = filled();
    const kernel = { kernel: "quantum" };
    expect(() => index.searchSync(query, { radius: 31, ...kernel })).toThrow(
      /^Expected one of .*portable for kernel but received "quantum"/,
    );
    await expect(index.search(query, { radius: 31, ...kernel })).rejects.toThrow(InvalidArgumentError);
    await expect(index.search(query, { radios: 3 } as object)).rejects.toThrow(/Unknown option radios/);
    const signal = {} as AbortSignal;
    await expect(index.search(query, { radius: 31, signal })).rejects.toThrow(InvalidArgumentError);
  });

  test("an iterable that throws, adds or closes while it is read", () => {
    const index = new HashIndex();
    const reason = new Error("mine");
    const throwing = (function* () {
      yield query;
      throw reason;
    })();
    expect(() => index.addManySync([0, 1], throwing)).toThrow(reason);
    expect(index.size).toBe(0);
    const adding = (function* () {
      index.add(0, hashAt(hashes, 0));
      yield hashAt(hashes, 1);
    })();
    index.addManySync([1], adding);
    expect(index.size).toBe(2);
    expect(index.searchSync(hashAt(hashes, 1), { radius: 0 }).map((hit) => hit.id)).toContain(1);
    const closing = (function* () {
      index.close();
      yield query;
    })();
    expect(() => index.addManySync([2], closing)).toThrow(closed);
  });
});

describe("close()", () => {
  test("a search that runs finishes with what was there; every later call says closed", async () => {
    const index = filled();
    const running = [
      index.searchMany(queries, { radius: 31 }),
      index.searchMany(queries, { radius: 31 }),
      index.searchMany(queries, { radius: 31 }),
    ];
    index.close();
    for (const got of await Promise.all(running)) expectHits(got, hashes, queries);
    expect(() => index.add(0, query)).toThrow(closed);
    expect(() => index.addManySync([0], query)).toThrow(closed);
    await expect(index.addMany([0], query)).rejects.toEqual(closed);
    expect(() => index.remove([0])).toThrow(closed);
    expect(() => index.replace(0, query)).toThrow(closed);
    expect(() => index.has(0)).toThrow(closed);
    expect(() => index.searchSync(query, { radius: 31 })).toThrow(closed);
    expect(() => index.searchManySync(queries, { radius: 31 })).toThrow(closed);
    expect(() => index.nearestSync(query, { count: 1 })).toThrow(closed);
    expect(() => index.stats()).toThrow(closed);
    expect(index.size).toBe(0);
    await expect(index.nearest(query, { count: 1 })).rejects.toEqual(closed);
    await expect(index.optimize()).rejects.toEqual(closed);
    await expect(index.save("never.idx")).rejects.toEqual(closed);
    await expect(index.verify()).rejects.toEqual(closed);
    await expect(index.warm()).rejects.toEqual(closed);
    await expect(index.search(query, { radius: 31 })).rejects.toEqual(closed);
    await expect(index.searchMany(queries, { radius: 31 })).rejects.toEqual(closed);
  });

  test("twice, and by using, is fine", () => {
    const index = filled();
    index.close();
    index.close();
    index[Symbol.dispose]();
    expect(() => index.searchSync(query, { radius: 31 })).toThrow(closed);
  });
});

describe("changes while searches run", () => {
  test("a search sees exactly the entries at its call", async () => {
    using index = new HashIndex();
    const running: { size: number; hits: Promise<Hit[][]> }[] = [];
    const searched = queries.subarray(0, 32 * 20);
    // Portions that end inside, at and beyond a tile of 1,024 rows and a delta of 16,384.
    for (const portion of [0, 1, 510, 1, 512, 15_359, 1, 1, 3_000]) {
      const added = hashes.subarray(32 * index.size, 32 * (index.size + portion));
      index.addManySync(idsFrom(index.size, portion), added);
      running.push({ size: index.size, hits: index.searchMany(searched, { radius: 31 }) });
    }
    for (const { size, hits } of running) expectHits(await hits, hashes.subarray(0, 32 * size), searched);
    expect(index.size).toBe(19_385);
  });

  test("what was added may be overwritten by the caller at once", async () => {
    const given = hashes.slice();
    using index = filled(given);
    given.fill(0);
    expectHits(await index.searchMany(queries, { radius: 31 }), hashes, queries);
  });
});

describe("the caller's query buffer, right after the call", () => {
  const spoil: Record<string, () => { given: Uint8Array; after: () => void }> = {
    overwritten: () => {
      const given = queries.slice();
      return { given, after: () => void given.fill(0xff) };
    },
    transferred: () => {
      const given = queries.slice();
      return { given, after: () => void structuredClone(given.buffer, { transfer: [given.buffer] }) };
    },
    shrunk: () => {
      // Resizable buffers are newer than the types of the oldest supported Node.js.
      const Resizable = ArrayBuffer as unknown as new (
        n: number,
        o: object,
      ) => ArrayBuffer & { resize(n: number): void };
      const buffer = new Resizable(queries.length, { maxByteLength: 2 * queries.length });
      const given = new Uint8Array(buffer);
      given.set(queries);
      return { given, after: () => buffer.resize(0) };
    },
  };

  test.each(Object.keys(spoil))("%s", async (how) => {
    using index = filled();
    const { given, after } = spoil[how]!();
    const running = index.searchMany(given, { radius: 31 });
    after();
    expectHits(await running, hashes, queries);
    const gone = how !== "overwritten";
    expect(given.length).toBe(gone ? 0 : queries.length);
    if (how === "transferred") {
      // Empty memory would be no queries. This is memory that another thread has.
      await expect((async () => index.searchMany(given, { radius: 31 }))()).rejects.toMatchObject({
        code: "ERR_EMPREINTE_INVALID_ARGUMENT",
      });
    } else if (gone) expect(await index.searchMany(given, { radius: 31 })).toEqual([]);
  });
});

describe("AbortSignal", () => {
  test("aborted before: the reason, and nothing runs", async () => {
    using index = filled();
    const reason = new Error("changed my mind");
    await expect(index.search(query, { radius: 31, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    await expect(index.searchMany(queries, { radius: 31, signal: AbortSignal.abort() })).rejects.toThrow(/aborted/);
  });

  test("aborted while it runs: the reason, and the index is as before", async () => {
    using index = filled();
    const many = Buffer.concat(Array.from({ length: 10 }, () => queries));
    const controller = new AbortController();
    const reason = new Error("changed my mind");
    const running = [1, 2, 3, 4, 5, 6].map(() => index.searchMany(many, { radius: 31, signal: controller.signal }));
    const done = Promise.allSettled(running);
    controller.abort(reason);
    for (const result of await done) expect(result).toEqual({ status: "rejected", reason });
    expect(getEventListeners(controller.signal, "abort")).toHaveLength(0);
    expectHits(await index.searchMany(queries, { radius: 31 }), hashes, queries);
  });

  test("never aborted: no listener stays behind", async () => {
    using index = filled();
    const { signal } = new AbortController();
    await index.searchMany(queries, { radius: 31, signal });
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
  });
});

test("a Worker terminated in mid-search, again and again: the process lives and still searches", async () => {
  const count = rounds(6, 10);
  const { code, signal, stdout, stderr } = await run(process.execPath, ["test/hostile/search/workers.mjs", `${count}`]);
  expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: "" });
  expect(stdout).toBe(`${count} terminated, 1 hit\n`);
});

test("Workers that open one file, change what they opened and end in several ways: each has its own, the file stays", async () => {
  const inside = mkdtempSync(join(tmpdir(), "empreinte-shared-"));
  const ran = await run(process.execPath, ["test/hostile/search/shared.mjs", join(inside, "known.idx")]);
  rmSync(inside, { recursive: true });
  const { code, signal, stdout, stderr } = ran;
  expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: "" });
  const last = JSON.stringify({ own: false, rows: [0, 0], hits: [1, 1] });
  expect(stdout.trimEnd().split("\n")).toEqual(["true 0 0 undefined", ...Array(5).fill("true 0 0 -"), last]);
});

test("a Worker terminated inside a call: the process lives", async () => {
  const count = rounds(2, 3);
  const script = "test/hostile/image/worker-calls.mjs";
  const { code, signal, stdout, stderr } = await run(process.execPath, [script, `${count}`]);
  expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: "" });
  const kinds = [
    "text",
    "pixels",
    "pixels off-thread",
    "index",
    "search off-thread",
    "lists",
    "videos",
    "outputs",
    "matches",
  ];
  expect(stdout).toBe(kinds.map((kind) => `${kind}: ${count} terminated\n`).join(""));
});
