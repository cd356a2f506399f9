/** Known hashes in files: what is built, saved and opened matches as what is loaded. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { HashList } from "../../../dist/index.js";
import { InvalidArgumentError } from "../../../dist/errors.js";
import { type ListProblem } from "../../../dist/doors/lists.js";
import { hexHashes } from "../../support/lists.ts";

const here = mkdtempSync(join(tmpdir(), "empreinte-known-"));
afterAll(() => rmSync(here, { recursive: true, force: true }));
const at = (name: string): string => join(here, name);

const hashes = hexHashes(40_000, 71); // more than two pages of entries
const sizes = [0, 1, 16_384, 16_385, 16_385, hashes.length];
const line = (i: number): string => `${hashes[i]}${i % 3 === 0 ? "" : `,№ ${i} ${"x".repeat(i % 40)}`}`;
const lists = sizes.slice(1).map((end, i) => ({
  name: `list ${i}`,
  input: Buffer.from(Array.from({ length: end - sizes[i]! }, (_, k) => `${line(sizes[i]! + k)}\n`).join("")),
}));
const query = (hash: string) => ({ hash, quality: 100, stable: true });
/** The edges of lists and pages, and a wide search, which finds thousands. */
function answers(known: HashList): unknown[] {
  const edges = [0, 1, 2, 16_383, 16_384, 16_385, 32_767, 32_768, hashes.length - 1];
  return [
    ...edges.map((i) => known.searchSync(query(hashes[i]!))),
    known.searchSync(query(hashes[5]!), { radius: 110 }),
  ];
}
const loaded = await HashList.load(lists);
const wanted = answers(loaded);

describe("build, save, open", () => {
  test.each(["full", "lean", "rows"] as const)("%s: the same as what is loaded", async (memory) => {
    const counts: number[] = [];
    const path = at(`${memory}.idx`);
    using built = await HashList.build(lists, path, { memory, onProgress: (n) => counts.push(n) });
    expect(answers(built)).toEqual(wanted);
    expect(built.lists).toEqual(loaded.lists);
    expect(built.size).toBe(hashes.length);
    expect(counts.at(-1)).toBe(hashes.length);
    expect(counts).toEqual(counts.toSorted((a, b) => a - b));
    for (const verify of ["now", "later"] as const) {
      using opened = await HashList.open(path, { verify });
      expect(answers(opened)).toEqual(wanted);
    }
  });

  test("what was loaded, or opened, is saved; a file URL is a path; two files and no more", async () => {
    await loaded.save(pathToFileURL(at("saved.idx")));
    using opened = await HashList.open(pathToFileURL(at("saved.idx")));
    expect(answers(opened)).toEqual(wanted);
    await opened.save(at("again.idx"));
    expect(readFileSync(at("again.idx.entries")).equals(readFileSync(at("saved.idx.entries")))).toBe(true);
    await opened.save(at("saved.idx")); // over itself, while it is open
    expect(answers(opened)).toEqual(wanted);
    using again = await HashList.open(at("saved.idx"));
    expect(answers(again)).toEqual(wanted);
    expect(readdirSync(here).filter((name) => !/^\w+\.idx(\.entries)?$/.test(name))).toEqual([]);
  });

  test("warm searches are the same", async () => {
    using opened = await HashList.open(at("saved.idx"), { verify: "later" });
    await opened.warm();
    expect(answers(opened)).toEqual(wanted);
    expect(opened.stats()).toMatchObject({ rows: hashes.length });
  });

  test("problems, and no entry at all", async () => {
    const problems: ListProblem[] = [];
    const source = { name: "odd", input: Buffer.from(`zz\n${"0".repeat(64)}\n`) };
    using built = await HashList.build(source, at("none.idx"), { onProblem: (problem) => problems.push(problem) });
    expect(problems.map(({ list, line: number }) => [list, number])).toEqual([
      ["odd", 1],
      ["odd", 2],
    ]);
    expect(built.size).toBe(0);
    expect(built.searchSync(query(hashes[0]!), { radius: 256 })).toEqual([]);
    expect(built.lists).toMatchObject([{ name: "odd", entries: 0, problems: 2 }]);
  });
});

describe("an abort", () => {
  test("while lists are read: its reason, the old files, nothing beside them", async () => {
    const both = (): Buffer => Buffer.concat([readFileSync(at("saved.idx")), readFileSync(at("saved.idx.entries"))]);
    const before = both();
    const abort = new AbortController();
    const reason = new Error("enough");
    const building = HashList.build(lists, at("saved.idx"), {
      signal: abort.signal,
      onProgress: () => abort.abort(reason),
    });
    await expect(building).rejects.toBe(reason);
    await expect(loaded.save(at("saved.idx"), { signal: abort.signal })).rejects.toBe(reason);
    await expect(HashList.open(at("saved.idx"), { signal: abort.signal })).rejects.toBe(reason);
    expect(both().equals(before)).toBe(true);
    expect(readdirSync(here).filter((name) => name.includes(".tmp"))).toEqual([]);
  });
});

describe("closing", () => {
  test("a match that runs ends with everything it found; later calls fail; twice is once", async () => {
    const opened = await HashList.open(at("saved.idx"));
    const running = opened.search(query(hashes[7]!));
    opened.close();
    opened.close();
    expect(await running).toMatchObject([{ distance: 0, line: 7, metadata: expect.stringMatching(/^№ 7 x{7}$/) }]);
    const closed = { code: "ERR_EMPREINTE_CLOSED" };
    expect(() => opened.searchSync(query(hashes[7]!))).toThrow(expect.objectContaining(closed));
    expect(() => opened.stats()).toThrow(expect.objectContaining(closed));
    await expect(opened.save(at("closed.idx"))).rejects.toMatchObject(closed);
    await expect(opened.warm()).rejects.toMatchObject(closed);
  });
});

describe("arguments", () => {
  test("each says what was expected", async () => {
    const wrong: [() => Promise<unknown>, RegExp][] = [
      [() => HashList.build(lists, ""), /path/],
      [() => HashList.build(lists, 7 as never), /path/],
      [() => HashList.build(7 as never, at("x.idx")), /for input/],
      [() => HashList.build(lists, at("x.idx"), { memory: "most" as never }), /full, lean, rows for memory/],
      [() => HashList.build(lists, at("x.idx"), { onProgress: 1 as never }), /function for onProgress/],
      [() => HashList.build(lists, at("x.idx"), { name: "x" } as never), /Unknown option name/],
      [() => HashList.open(at("saved.idx"), { verify: "never" as never }), /now, later for verify/],
      [() => HashList.open("\0"), /path/],
      [() => loaded.save(undefined as never), /path/],
    ];
    for (const [call, message] of wrong) {
      await expect(call()).rejects.toThrow(InvalidArgumentError);
      await expect(call()).rejects.toThrow(message);
    }
    expect(readdirSync(here).filter((name) => name.startsWith("x.idx"))).toEqual([]);
  });
});
