/** Folders as the command walks them, and answers brought back into the order of the files. */
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { inOrder } from "../../../dist/cli/io/ordered.js";
import { walk } from "../../../dist/cli/io/files/walk.js";
import { folder } from "../../support/cli.ts";
import { needsLongRun } from "../../support/long.ts";

const never = new AbortController().signal;

async function paths(args: string[], signal = never): Promise<string[]> {
  const found: string[] = [];
  for await (const file of walk(args, { signal }))
    found.push(file.error ? `${file.error.code} ${file.path}` : `${file.path}`);
  return found;
}

describe("walk", () => {
  const root = folder();
  for (const name of ["b/2", "b/10", "b/c/x", "B", "a.txt", "é", "z"]) {
    mkdirSync(join(root, name, ".."), { recursive: true });
    writeFileSync(join(root, name), "");
  }
  mkdirSync(join(root, "empty"));
  symlinkSync(root, join(root, "b", "loop"));
  symlinkSync(join(root, "z"), join(root, "b", "to-z"));

  it("is depth first, by the bytes of the names; links to folders are not entered, links to files are files", async () => {
    const names = ["B", "a.txt", "b/10", "b/2", "b/c/x", "b/to-z", "z", "é"];
    expect(await paths([root])).toEqual(names.map((name) => `${root}/${name}`));
    expect(await paths([`${root}/`])).toEqual(names.map((name) => `${root}/${name}`));
  });

  it("keeps the order of the arguments, repeats what is repeated, and enters a linked folder that is named", async () => {
    expect(await paths([`${root}/z`, `${root}/b/c`, "-", `${root}/z`])).toEqual([
      `${root}/z`,
      `${root}/b/c/x`,
      "-",
      `${root}/z`,
    ]);
    expect(await paths([`${root}/b/loop/b/c`])).toEqual([`${root}/b/loop/b/c/x`]);
  });

  it("names what is not there and goes on", async () => {
    expect(await paths([`${root}/none`, `${root}/z/none`, `${root}/z`])).toEqual([
      `ENOENT ${root}/none`,
      `ENOTDIR ${root}/z/none`,
      `${root}/z`,
    ]);
  });

  it("stops when the signal says so", async () => {
    const stop = new AbortController();
    const found: unknown[] = [];
    for await (const file of walk([root], { signal: stop.signal })) {
      found.push(file);
      if (found.length === 3) stop.abort();
    }
    expect(found).toHaveLength(3);
  });

  it("a folder of more names than are sorted at once gives each name once", async (ctx) => {
    needsLongRun(ctx);
    const big = folder();
    const count = 70_000;
    for (let i = 0; i < count; i++) writeFileSync(join(big, `${i}`), "");
    const found = await paths([big]);
    expect(new Set(found).size).toBe(count);
    expect(found).toHaveLength(count);
    // The first run is sorted, and so is the rest.
    const first = found.slice(0, 65_536);
    expect(first).toEqual([...first].sort());
    expect(found.slice(65_536)).toEqual(found.slice(65_536).sort());
  });
});

type Work = Parameters<typeof inOrder<number, number, string>>[1];

describe("inOrder", () => {
  async function* inputs(count: number, withAnswer: (i: number) => boolean = () => false) {
    for (let i = 0; i < count; i++) yield withAnswer(i) ? { answer: `own ${i}` } : { input: i, given: i };
  }
  /** Takes eight at a time and answers them backwards. */
  const backwards: Work = async function* (all) {
    let held: { index: number; input: number }[] = [];
    let index = 0;
    const answers = () =>
      held.toReversed().map(({ index: at, input }) => ({ index: at, answer: (given: number) => `${input} ${given}` }));
    for await (const input of all) {
      held.push({ index: index++, input });
      if (held.length < 8) continue;
      yield* answers();
      held = [];
    }
    yield* answers();
  };

  it("brings answers back into the order of the inputs, those that came with their answer among them", async () => {
    const got: string[] = [];
    for await (const answer of inOrder(
      inputs(100, (i) => i % 7 < 3),
      backwards,
      16,
      never,
    ))
      got.push(answer);
    expect(got).toEqual(Array.from({ length: 100 }, (_, i) => (i % 7 < 3 ? `own ${i}` : `${i} ${i}`)));
  });

  it("takes no more than the window ahead of the reader", async () => {
    let handed = 0;
    let read = 0;
    let most = 0;
    const counting: Work = async function* (all) {
      let index = 0;
      for await (const input of all) {
        most = Math.max(most, ++handed - read);
        yield { index: index++, answer: () => String(input) };
      }
    };
    for await (const answer of inOrder(inputs(200), counting, 10, never)) {
      expect(answer).toBe(String(read++));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(read).toBe(200);
    expect(most).toBeLessThanOrEqual(10);
  });

  it("a window full of inputs that bring their answer does not stand still", async () => {
    let count = 0;
    for await (const answer of inOrder(
      inputs(50, () => true),
      backwards,
      4,
      never,
    ))
      expect(answer).toBe(`own ${count++}`);
    expect(count).toBe(50);
  });

  it("throws what the work throws, after the answers before it", async () => {
    const failing: Work = async function* (all) {
      let index = 0;
      for await (const input of all) {
        if (input === 3) throw new Error("broken");
        yield { index: index++, answer: () => String(input) };
      }
    };
    const got: string[] = [];
    const reading = async (): Promise<void> => {
      for await (const answer of inOrder(inputs(10), failing, 4, never)) got.push(answer);
    };
    await expect(reading()).rejects.toThrow("broken");
    expect(got).toEqual(["0", "1", "2"]);
  });

  it("ends when the reader leaves, and when the signal is aborted while the window is full", async () => {
    for await (const _ of inOrder(inputs(100), backwards, 16, never)) break;
    const stop = new AbortController();
    const reader = inOrder(inputs(100), backwards, 8, stop.signal);
    await reader.next();
    stop.abort();
    // What was handed out is still answered, the rest is not.
    let rest = 0;
    for await (const _ of reader) rest++;
    expect(rest).toBeLessThan(99);
  });
});
