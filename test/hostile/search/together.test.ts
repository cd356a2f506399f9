import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { HashList } from "../../../dist/index.js";
import { empreinte, folder } from "../../support/cli.ts";
import { hexHashes } from "../../support/lists.ts";
import { random } from "../../support/hashes.ts";
import { rounds } from "../../support/long.ts";
import { root } from "../../support/run.ts";

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
    const matches = hashes.map((hash) => known.searchSync({ hash, quality: 100, stable: true }, { radius: 0 }));
    if (matches.every((list) => list.length === 0)) return false;
    expect(matches.map((list) => list.map(({ metadata }) => metadata))).toEqual(hashes.map((_, i) => [`${name}${i}`]));
    return true;
  });
  expect(found).toHaveLength(1);
  expect(known.lists.map(({ name }) => name)).toEqual([found[0]!.path]);
  return found[0]!.name;
}

/** Another process that builds one of the lists at the same place again and again. */
class Builder {
  readonly child: ChildProcess;
  builds = 0;
  #waiting: (() => void) | undefined;

  constructor(list: string) {
    const stdio = ["pipe", "pipe", "inherit"] as const;
    this.child = spawn(process.execPath, ["test/hostile/search/build.mjs", list, index], {
      cwd: root,
      stdio: [...stdio],
    });
    this.child.stdout!.on("data", (chunk: Buffer) => {
      this.builds += chunk.toString().split("\n").length - 1;
      this.#waiting?.();
    });
  }

  /** Waits until so many builds are done. */
  async until(builds: number): Promise<void> {
    while (this.builds < builds) await new Promise<void>((resolve) => (this.#waiting = resolve));
  }

  /** Lets the build that runs come to its end. */
  async stop(): Promise<unknown> {
    this.child.stdin!.end();
    const [code] = (await once(this.child, "close")) as [number | null];
    return code;
  }
}

const files = (): string[] => readdirSync(here).filter((name) => name.includes("x.idx"));

describe("two builds at once", () => {
  test("and a reader: each ends well, whoever opens finds one of the two", async () => {
    (await HashList.build(lists[0]!.path, index)).close();
    const builders = lists.map(({ path }) => new Builder(path));
    const enough = rounds(20, 100);
    const seen = { a: 0, b: 0 };
    for (let i = 0; builders.some(({ builds }) => builds < enough) || seen.a <= 5 || seen.b <= 5; i++) {
      using known = await HashList.open(index, { verify: i % 2 === 0 ? "now" : "later" });
      seen[owner(known) as "a" | "b"]++;
    }
    expect(await Promise.all(builders.map((builder) => builder.stop()))).toEqual([0, 0]);
    expect(files().toSorted()).toEqual(["x.idx", "x.idx.entries"]);
    using known = await HashList.open(index);
    owner(known);
  });

  test("through the command: both succeed, and verify finds a pair", async () => {
    for (let i = 0; i < rounds(2, 3); i++) {
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
    const other = new Builder(lists[1]!.path);
    await other.until(1);
    const kills = rounds(5, 10);
    for (let kill = 0; kill < kills; kill++) {
      const victim = new Builder(lists[0]!.path);
      // After a build or two, at a random point of the next one: as long after it as a build takes here.
      await victim.until(1);
      const start = performance.now();
      await victim.until(2);
      const took = performance.now() - start;
      await new Promise((resolve) => setTimeout(resolve, (took * (next() % 1000)) / 1000));
      const gone = once(victim.child, "close");
      victim.child.kill("SIGKILL");
      await gone;
      const before = other.builds;
      {
        using known = await HashList.open(index);
        owner(known);
      }
      await other.until(before + 2); // it goes on
    }
    expect(await other.stop()).toBe(0);
    using known = await HashList.open(index);
    owner(known);
  },
);
