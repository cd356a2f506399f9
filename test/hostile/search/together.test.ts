import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { HashList } from "../../../dist/index.js";
import { empreinte, folder } from "../../support/cli.ts";
import { hexHashes } from "../../support/lists.ts";
import { random } from "../../support/hashes.ts";
import { root, run } from "../../support/run.ts";

// Two who build an index at the same place at once, and one who reads there: a pair of files is always of one build.

const here = folder();
const index = join(here, "x.idx");
const count = 50;
const lists = ["a", "b"].map((name, i) => {
  const hashes = hexHashes(count, 70 + i);
  const path = join(here, `${name}.csv`);
  writeFileSync(path, hashes.map((hash, line) => `${hash},${name}${line}\n`).join(""));
  return { name, path, hashes };
});

beforeEach(() => {
  for (const name of readdirSync(here)) if (name.includes("x.idx")) rmSync(join(here, name));
});

/** Whose pair it is. Throws unless every entry has the metadata of its own list. */
function owner(known: HashList): string {
  expect(known.size).toBe(count);
  const found = lists.filter(({ name, hashes }) => {
    const matches = hashes.map((hash) => known.matchSync({ hash, quality: 100, stable: true }, { radius: 0 }));
    if (matches.every((list) => list.length === 0)) return false;
    expect(matches.map((list) => list.map(({ metadata }) => metadata))).toEqual(hashes.map((_, i) => [`${name}${i}`]));
    return true;
  });
  expect(found).toHaveLength(1);
  expect(known.lists.map(({ name }) => name)).toEqual([found[0]!.path]);
  return found[0]!.name;
}

const build = (list: string, milliseconds: number) => ["test/hostile/search/build.mjs", list, index, `${milliseconds}`];
const files = (): string[] => readdirSync(here).filter((name) => name.includes("x.idx"));

describe("two builds at once", () => {
  test("and a reader: each ends well, whoever opens finds one of the two", async () => {
    (await HashList.build(lists[0]!.path, index)).close();
    const builders = lists.map(({ path }) => run(process.execPath, build(path, 8000)));
    let building = true;
    const all = Promise.all(builders).finally(() => (building = false));
    const seen = { a: 0, b: 0 };
    for (let i = 0; building; i++) {
      using known = await HashList.open(index, { verify: i % 2 === 0 ? "now" : "later" });
      seen[owner(known) as "a" | "b"]++;
    }
    for (const { code, stdout, stderr } of await all) {
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      expect(Number(stdout)).toBeGreaterThan(20);
    }
    expect(seen.a).toBeGreaterThan(5);
    expect(seen.b).toBeGreaterThan(5);
    expect(files().toSorted()).toEqual(["x.idx", "x.idx.entries"]);
    using known = await HashList.open(index);
    owner(known);
  });

  test("through the command: both succeed, and verify finds a pair", async () => {
    for (let i = 0; i < 5; i++) {
      const ran = await Promise.all(
        lists.map(({ path }) => empreinte(["index", "build", "--quiet", path, "-o", index])),
      );
      for (const { code, stderr } of ran) expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      expect(await empreinte(["index", "verify", index])).toMatchObject({ code: 0 });
      expect(files().toSorted()).toEqual(["x.idx", "x.idx.entries"]);
    }
  });

  test("in one process", async () => {
    const all = [...lists, ...lists, ...lists, ...lists];
    for (const known of await Promise.all(all.map(({ path }) => HashList.build(path, index)))) {
      owner(known);
      known.close();
    }
    expect(files().toSorted()).toEqual(["x.idx", "x.idx.entries"]);
  });
});

test.skipIf(process.platform === "win32")(
  "one of two is killed, again and again: the other goes on, and there is always a pair",
  async () => {
    (await HashList.build(lists[0]!.path, index)).close();
    const next = random(17);
    const other = run(process.execPath, build(lists[1]!.path, 12_000));
    let going = true;
    const ended = other.finally(() => (going = false));
    let killed = 0;
    while (going) {
      const child: ChildProcess = spawn(process.execPath, build(lists[0]!.path, 60_000), {
        cwd: root,
        stdio: "ignore",
      });
      const gone = once(child, "close");
      await new Promise((resolve) => setTimeout(resolve, 200 + (next() % 200)));
      child.kill("SIGKILL");
      await gone;
      killed++;
      using known = await HashList.open(index);
      owner(known);
    }
    const { code, stdout, stderr } = await ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(Number(stdout)).toBeGreaterThan(20);
    expect(killed).toBeGreaterThan(10);
    using known = await HashList.open(index);
    owner(known);
  },
);
