/** An index whose files are damaged, lost, mixed up, or whose writer goes away. */
import { spawn } from "node:child_process";
import {
  copyFileSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { beforeEach, describe, expect, it } from "vitest";
import { HashList } from "../../../dist/index.js";
import { empreinteProcess, folder, known, main, makeImage } from "../../support/cli.ts";
import { random } from "../../support/hashes.ts";
import { hexHashes } from "../../support/lists.ts";
import { long } from "../../support/long.ts";
import { root, run } from "../../support/run.ts";

const here = folder();
const scene = known("scenergb-65x63");
const photo = await makeImage(scene.id, join(here, "scene.png"));
const path = (name: string): string => join(here, name);
writeFileSync(path("a.csv"), [`${scene.hash},first`, ...hexHashes(17_000, 62)].join("\n"));
writeFileSync(path("b.csv"), [...hexHashes(17_000, 63), `${scene.hash},second`].join("\n"));
for (const name of ["a", "b"]) await (await HashList.build(path(`${name}.csv`), path(`${name}.idx`))).close();

const index = path("x.idx");
const entries = path("x.idx.entries");
const query = { hash: scene.hash, quality: 100, stable: true };
const scan = () => empreinteProcess(["scan", "--index", index, photo]);
const verify = () => empreinteProcess(["index", "verify", index]);

beforeEach(() => {
  rmSync(path("x.idx.entries.next"), { force: true });
  copyFileSync(path("a.idx"), index);
  copyFileSync(path("a.idx.entries"), entries);
});

function flip(file: string, at: number): void {
  const bytes = readFileSync(file);
  bytes[at]! ^= 0x10;
  writeFileSync(file, bytes);
}

async function expectRefused(sentence: RegExp, verifyStatus: number): Promise<void> {
  const scanned = await scan();
  expect(scanned).toMatchObject({ code: 2, stdout: "" });
  expect(scanned.stderr).toMatch(sentence);
  expect(scanned.stderr.trimEnd().split("\n")).toHaveLength(1);
  const verified = await verify();
  expect(verified.code).toBe(verifyStatus);
  expect(verified.stdout + verified.stderr).toMatch(sentence);
}

describe("two files that do not belong together, or only one", () => {
  it("as they were written they are fine", async () => {
    expect(await verify()).toMatchObject({ code: 0 });
    expect((await scan()).stdout).toMatch(/a\.csv:1\torig\t-\tfirst\n$/);
  });

  it("the entries of another index", async () => {
    copyFileSync(path("b.idx.entries"), entries);
    await expectRefused(/x\.idx\.entries: it belongs to another index: build the index again/, 1);
  });

  it("the index of other entries", async () => {
    copyFileSync(path("b.idx"), index);
    await expectRefused(/x\.idx\.entries: it belongs to another index/, 1);
  });

  it("no entries", async () => {
    rmSync(entries);
    await expectRefused(/x\.idx\.entries cannot be opened: .*ENOENT/, 2);
  });

  it("no index", async () => {
    rmSync(index);
    await expectRefused(/x\.idx cannot be opened: .*ENOENT/, 2);
  });

  it("a folder, an empty file, a text, the two exchanged", async () => {
    rmSync(index);
    writeFileSync(index, "");
    await expectRefused(/x\.idx: .*not an index file/, 1);
    writeFileSync(index, "hash,metadata\n".repeat(100));
    await expectRefused(/x\.idx: .*not an index file/, 1);
    copyFileSync(path("a.idx.entries"), index);
    copyFileSync(path("a.idx"), entries);
    await expectRefused(/x\.idx: .*not an index file/, 1);
    copyFileSync(path("a.idx"), index);
    await expectRefused(/x\.idx\.entries: this is not a file of entries/, 1);
    for (const text of ["", "EMPREENT", "hash\n"]) {
      writeFileSync(entries, text);
      await expectRefused(/x\.idx\.entries: this is not a file of entries/, 1);
    }
  });

  it("entries of a newer version", async () => {
    const bytes = readFileSync(entries);
    bytes.writeUInt32LE(2, 8);
    writeFileSync(entries, bytes);
    await expectRefused(/x\.idx\.entries: the file is of a newer version/, 1);
  });
});

describe("damage", () => {
  it("index and entries through the command", async () => {
    flip(index, 20_000);
    await expectRefused(/x\.idx: the index file is damaged/i, 1);
    copyFileSync(path("a.idx"), index);
    flip(entries, 50_000);
    await expectRefused(/x\.idx\.entries: the file is damaged \(its checksum is wrong\)/, 1);
  });

  it("one bit anywhere in the entries is found by the full check; unchecked it is an error or a text, never a crash", async () => {
    const size = statSync(entries).size;
    const next = random(64);
    const places = [
      ...Array.from({ length: 192 }, (_, i) => i),
      ...Array.from({ length: 150 }, () => (next() * 2 ** 24 + next() * 2 ** 16 + next() * 256 + next()) % size),
    ];
    places.push(...Array.from({ length: 40 }, (_, i) => size - 1 - i));
    for (const place of places) {
      copyFileSync(path("a.idx.entries"), entries);
      flip(entries, place);
      await expect(HashList.open(index), `byte ${place}`).rejects.toMatchObject({
        code: "ERR_EMPREINTE_INDEX_FILE",
      });
      try {
        using unchecked = await HashList.open(index, { verify: "later" });
        expect(unchecked.searchSync(query)).toHaveLength(1);
      } catch (error) {
        expect(error, `byte ${place}`).toMatchObject({ code: "ERR_EMPREINTE_INDEX_FILE" });
      }
    }
  });

  it("cut at every byte of the header, and anywhere", async () => {
    const size = statSync(entries).size;
    const cuts = [
      ...Array.from({ length: 200 }, (_, i) => i),
      ...Array.from({ length: 60 }, (_, i) => Math.floor((size * (i + 1)) / 61)),
      size - 1,
    ];
    for (const cut of cuts) {
      copyFileSync(path("a.idx.entries"), entries);
      truncateSync(entries, cut);
      for (const how of ["now", "later"] as const) {
        const opened = HashList.open(index, { verify: how });
        await expect(opened, `cut at ${cut}`).rejects.toMatchObject({ code: "ERR_EMPREINTE_INDEX_FILE" });
      }
    }
    writeFileSync(entries, Buffer.concat([readFileSync(path("a.idx.entries")), Buffer.from([0])]));
    await expect(HashList.open(index)).rejects.toMatchObject({ code: "ERR_EMPREINTE_INDEX_FILE" });
  });

  it("a file that is cut while it is open is an error at the match", async () => {
    using opened = await HashList.open(index);
    truncateSync(entries, 200);
    expect(() => opened.searchSync({ ...query })).toThrow(
      expect.objectContaining({ code: "ERR_EMPREINTE_INDEX_FILE" }),
    );
  });
});

describe("a writer that goes away", () => {
  it("between the renames of index and entries: the new pair is found, and the next build puts it in order", async () => {
    copyFileSync(path("b.idx"), index); // the entries beside it are still the old ones
    copyFileSync(path("b.idx.entries"), `${entries}.next`);
    expect((await scan()).stdout).toMatch(/b\.csv:17001\torig\t-\tsecond\n$/);
    expect((await verify()).code).toBe(0);
    expect((await empreinteProcess(["index", "info", index])).code).toBe(0);
    rmSync(entries);
    expect((await scan()).stdout).toMatch(/b\.csv:17001\torig\t-\tsecond\n$/);
    // A build that is stopped by a list that is not there leaves it; one that ends leaves two files.
    await empreinteProcess(["index", "build", path("gone.csv"), "-o", index]);
    expect((await scan()).stdout).toMatch(/b\.csv:17001/);
    await empreinteProcess(["index", "build", path("a.csv"), "-o", index]);
    expect((await scan()).stdout).toMatch(/a\.csv:1\torig\t-\tfirst\n$/);
    expect(
      readdirSync(here)
        .filter((name) => name.startsWith("x.idx"))
        .sort(),
    ).toEqual(["x.idx", "x.idx.entries"]);
  });

  it.skipIf(process.platform === "win32")(
    "at any rename, and then another one at any of its own: always the old pair or the new one, whole",
    async () => {
      for (const [name, number] of [
        ["small-a", 71],
        ["small-b", 72],
        ["small-c", 73],
      ] as const) {
        writeFileSync(path(`${name}.csv`), `${scene.hash},${name}\n${hexHashes(20, number).join("\n")}\n`);
      }
      const killAt = pathToFileURL(join(root, "test/support/bank/kill-at-rename.mjs")).href;
      /** Builds the index of a list and is killed at its n-th rename. Returns whether it was. */
      const build = async (list: string, at: number): Promise<boolean> => {
        const args = ["--import", killAt, main, "index", "build", path(`${list}.csv`), "-o", index];
        const { code, signal } = await run(process.execPath, args, {
          env: { ...process.env, EMPREINTE_KILL_AT: String(at) },
        });
        expect([code, signal]).toContain(signal === null ? 0 : "SIGKILL");
        return signal === "SIGKILL";
      };
      const found = async (): Promise<string> => {
        using opened = await HashList.open(index);
        expect(opened.size).toBe(21);
        const [match] = opened.searchSync(query);
        return match!.metadata;
      };
      let killedTwice = 0;
      // At its fourth rename a build has made the new pair valid, but the entries do not have their name yet.
      for (const first of long ? [1, 2, 3, 4] : [4]) {
        for (let second = 1; ; second++) {
          for (const name of readdirSync(here)) if (/^\.?x\.idx/.test(name)) rmSync(path(name));
          await (await HashList.build(path("small-a.csv"), index)).close();
          expect(await build("small-b", first)).toBe(true);
          const valid = first < 4 ? "small-a" : "small-b";
          expect(await found()).toBe(valid);
          const again = await build("small-c", second);
          expect(again ? [valid, "small-c"] : ["small-c"]).toContain(await found());
          if (!again) break;
          killedTwice++;
        }
      }
      expect(killedTwice).toBeGreaterThanOrEqual(long ? 16 : 4);
      for (const name of readdirSync(here)) if (name.includes(".tmp")) rmSync(path(name));
    },
  );

  it("before the index has its name: the old pair is the valid one", async () => {
    copyFileSync(path("b.idx.entries"), `${entries}.next`);
    expect((await scan()).stdout).toMatch(/a\.csv:1\torig\t-\tfirst\n$/);
  });

  it("a reader keeps what it opened while the pair is replaced and removed", async () => {
    using opened = await HashList.open(index);
    await (await HashList.build(path("b.csv"), index)).close();
    expect(opened.searchSync(query)).toMatchObject([{ line: 1, metadata: "first" }]);
    using after = await HashList.open(index);
    expect(after.searchSync(query)).toMatchObject([{ line: 17_001, metadata: "second" }]);
    if (process.platform !== "win32") renameSync(index, path("moved.idx"));
    expect(await opened.search(query)).toMatchObject([{ line: 1, metadata: "first" }]);
  });

  it.skipIf(process.platform === "win32").each(["SIGINT", "SIGKILL"] as const)(
    "%s while it reads: the old pair stays",
    async (signal) => {
      const both = (): Buffer => Buffer.concat([readFileSync(index), readFileSync(entries)]);
      const before = both();
      const beside = (): string[] => readdirSync(here).filter((name) => name.includes(".tmp"));
      // A pipe that nobody closes: the build never comes to its end by itself.
      const args = [main, "index", "build", path("b.csv"), "/dev/fd/3", "-o", index];
      const child = spawn("sh", ["-c", `sleep 100 | (exec 3<&0; exec "$0" "$@")`, process.execPath, ...args], {
        stdio: "ignore",
        detached: true,
      });
      const ended = new Promise((resolve) => child.on("close", resolve));
      for (let tries = 0; tries < 500 && beside().length === 0; tries++) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      expect(beside()).toHaveLength(1);
      process.kill(-child.pid!, signal); // the group: the shell, sleep and the command
      await ended; // the shell; the command may still be cleaning up
      for (let tries = 0; signal === "SIGINT" && tries < 500 && beside().length > 0; tries++) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      expect(both().equals(before)).toBe(true);
      // After kill −9 nobody is there to clean up.
      expect(beside()).toHaveLength(signal === "SIGINT" ? 0 : 1);
      for (const name of beside()) rmSync(path(name));
    },
  );

  it("a file that cannot grow, as on a full disk: 2, said by the file's name, nothing left", async (ctx) => {
    if (process.platform === "win32") ctx.skip("skipped: needs sh and ulimit");
    const limited = `trap '' XFSZ; ulimit -f 200; exec "$0" "$@"`;
    const args = [main, "index", "build", path("b.csv"), "-o", index];
    const { code, stderr } = await run("sh", ["-c", limited, process.execPath, ...args]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/x\.idx cannot be written: /);
    expect((await scan()).stdout).toMatch(/a\.csv:1\torig\t-\tfirst\n$/);
    expect(readdirSync(here).filter((name) => name.includes(".tmp"))).toEqual([]);
  });
});
