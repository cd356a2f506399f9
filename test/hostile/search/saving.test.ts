import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { HashIndex } from "../../../dist/index.js";
import { difference, hashAt, idsFrom, oracle, random, randomHashes } from "../../support/hashes.ts";
import { rounds } from "../../support/long.ts";
import { root, run, which } from "../../support/run.ts";

const folder = mkdtempSync(join(tmpdir(), "empreinte-saving-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const count = 30_000;
const hashes = randomHashes(count, 31);
const cannotWrite = expect.objectContaining({ code: "ERR_EMPREINTE_WRITE" });

/** A folder of its own with a saved index in it. */
async function prepared(name: string): Promise<{ inside: string; path: string }> {
  const inside = join(folder, name);
  mkdirSync(inside);
  const path = join(inside, "known.idx");
  using index = new HashIndex();
  index.addManySync(idsFrom(0, count), hashes);
  await index.save(path);
  return { inside, path };
}

async function expectWhole(path: string, size: number): Promise<void> {
  using index = await HashIndex.open(path);
  expect(index.size).toBe(size);
  expect(index.searchSync(hashAt(hashes, 7), { radius: 0 })).toEqual([{ id: 7, distance: 0, orientation: "orig" }]);
}

test("killed while it saves, again and again: the old file or the new one", async () => {
  const { inside, path } = await prepared("killed");
  const next = random(9);
  let size = count;
  let begun = 0;
  for (let i = 0; i < rounds(6, 10); i++) {
    const child = spawn(process.execPath, ["test/hostile/search/save.mjs", path, String(1_000_000 * (i + 1))], {
      cwd: root,
      stdio: ["ignore", "pipe", "inherit"],
    });
    let said = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (said += text));
    const sizes = (word: string): number[] =>
      [...said.matchAll(new RegExp(`^${word} (\\d+)$`, "gm"))].map((match) => Number(match[1]));
    // After it has begun some saves, and somewhere in the one that it has then reached.
    const least = 4 + (next() % 3);
    while (sizes("begin").length < least) await once(child.stdout, "data");
    await new Promise((resolve) => setTimeout(resolve, next() % 10));
    const ended = once(child, "close");
    child.kill("SIGKILL");
    expect((await ended)[1]).toBe("SIGKILL");
    begun += sizes("begin").length;
    const last = sizes("end").at(-1) ?? size;
    using index = await HashIndex.open(path);
    // One more than it could say that it began: it is killed between a save and the line that tells of it, too.
    expect(index.size, `after kill ${i}`).toBeGreaterThanOrEqual(last);
    expect(index.size).toBeLessThanOrEqual(last + 1);
    size = index.size;
    expect(index.searchSync(hashAt(hashes, 7), { radius: 0 })).toEqual([{ id: 7, distance: 0, orientation: "orig" }]);
  }
  expect(begun).toBeGreaterThanOrEqual(20);
  for (const name of readdirSync(inside)) expect(name).toMatch(/^(known\.idx|\.known\.idx\.[0-9a-f]+\.tmp)$/);
});

test("a full disk: an error, the old file, nothing left behind", async (ctx) => {
  if (process.platform === "win32") ctx.skip("skipped: needs a limit on the size of files");
  const { inside, path } = await prepared("full");
  const script = `
    import { HashIndex } from ${JSON.stringify(new URL("../../../dist/index.js", import.meta.url))};
    process.on("SIGXFSZ", () => {});
    const index = await HashIndex.open(process.argv[2]);
    index.add(99_999, "00".repeat(32));
    await index.save(process.argv[2]).then(
      () => console.log("saved"),
      (error) => console.log(error.name, error.code),
    );`;
  writeFileSync(join(inside, "save.mjs"), script);
  const program = `ulimit -f 1024; exec "$0" "$1" "$2"`; // half a MiB, or one where sh counts so
  const { stdout, stderr } = await run("sh", ["-c", program, process.execPath, join(inside, "save.mjs"), path]);
  expect({ stdout, stderr }).toEqual({ stdout: "EmpreinteError ERR_EMPREINTE_WRITE\n", stderr: "" });
  await expectWhole(path, count);
  expect(readdirSync(inside).toSorted()).toEqual(["known.idx", "save.mjs"]);
});

test("a disk that is really full: an error for an index and a pair, the old ones whole, nothing left behind", async (ctx) => {
  const able =
    process.platform === "linux" && (await run("unshare", ["-m", "true"]).catch(() => undefined))?.code === 0;
  if (!able) ctx.skip("skipped: needs the right to mount a file system");
  const inside = join(folder, "small");
  mkdirSync(inside);
  const program = `mount -t tmpfs -o size=2m none "$1" && exec "$0" test/hostile/search/full-disk.mjs "$1"`;
  const { code, stdout, stderr } = await run("unshare", ["-m", "sh", "-c", program, process.execPath, inside]);
  if (/mount: .*(permission|denied)/i.test(stderr)) ctx.skip("skipped: needs the right to mount a file system");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout.trimEnd().split("\n")).toEqual([
    "index: done",
    "pair: done",
    ...[1, 2, 3].flatMap(() => ["larger index: ERR_EMPREINTE_WRITE", "larger pair: ERR_EMPREINTE_WRITE"]),
    "on a full disk: ERR_EMPREINTE_WRITE ERR_EMPREINTE_WRITE",
    "filling pair.idx pair.idx.entries single.idx",
    "3000 7 3000 image 2999",
  ]);
});

test("no folder, a folder of that name", async () => {
  using index = new HashIndex();
  index.add(1, hashAt(hashes, 0));
  await expect(index.save(join(folder, "missing", "known.idx"))).rejects.toEqual(cannotWrite);
  const taken = join(folder, "taken");
  mkdirSync(join(taken, "known.idx"), { recursive: true });
  await expect(index.save(join(taken, "known.idx"))).rejects.toEqual(cannotWrite);
  expect(readdirSync(taken)).toEqual(["known.idx"]);
  expect(index.searchSync(hashAt(hashes, 0), { radius: 0 })).toHaveLength(1);
});

test("a read-only folder", async (ctx) => {
  if (process.platform === "win32") ctx.skip("skipped: needs folders with POSIX rights");
  // Root may write anywhere: there another user tries, in a process of its own.
  const root = process.getuid?.() === 0;
  if (root && which("setpriv") === undefined) ctx.skip("skipped: needs setpriv");
  const { inside, path } = await prepared("read-only");
  chmodSync(folder, 0o755);
  chmodSync(inside, 0o555);
  chmodSync(path, 0o444);
  const as = root ? ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] : [];
  const [command, ...args] = [...as, process.execPath, "test/hostile/search/save.mjs", path, "1000000"];
  const { code, stdout, stderr } = await run(command!, args);
  if (/EACCES.*dist|Cannot find module/.test(stderr)) ctx.skip("skipped: needs a package that other users may read");
  expect({ code, stdout }).toEqual({ code: 1, stdout: `begin ${count + 1}\n` });
  expect(stderr).toMatch(/ERR_EMPREINTE_WRITE/);
  expect(readdirSync(inside)).toEqual(["known.idx"]);
  await expectWhole(path, count);
});

test("a file replaced under an open mapping: each index has its own", async () => {
  const { inside, path } = await prepared("replaced");
  using old = await HashIndex.open(path);
  const others = randomHashes(500, 32);
  using other = new HashIndex();
  other.addManySync(idsFrom(0, 500), others);
  const aside = join(inside, "other.idx");
  await other.save(aside);
  renameSync(aside, path);
  for (const query of [hashAt(hashes, 29_999), hashAt(others, 3)]) {
    expect(difference(old.searchSync(query, { radius: 100 }), oracle(hashes, query, 100))).toBeUndefined();
  }
  await old.verify();
  using now = await HashIndex.open(path);
  expect(
    difference(now.searchSync(hashAt(others, 3), { radius: 100 }), oracle(others, hashAt(others, 3), 100)),
  ).toBeUndefined();
  // Saved over the file it was opened from; and taken away altogether.
  old.remove(29_999);
  await old.save(path);
  expect(now.size).toBe(500);
  rmSync(path);
  expect(old.searchSync(hashAt(hashes, 3), { radius: 0 })).toEqual([{ id: 3, distance: 0, orientation: "orig" }]);
  await old.save(path);
  await expectWhole(path, count - 1);
});

test("aborted, saved twice at once, saved while it changes", async () => {
  const { inside, path } = await prepared("together");
  using index = await HashIndex.open(path);
  const reason = new Error("changed my mind");
  await expect(index.save(path, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  const controller = new AbortController();
  const saving = index.save(path, { signal: controller.signal });
  controller.abort(reason);
  await expect(saving).rejects.toBe(reason);
  expect(readdirSync(inside)).toEqual(["known.idx"]);
  const before = readFileSync(path);
  copyFileSync(path, join(inside, "copy.idx"));
  const saves = [index.save(path), index.save(path), index.save(join(inside, "copy.idx"))];
  index.remove(5);
  await Promise.all(saves);
  const mode = statSync(path).mode & 0o777;
  expect(mode).toBe(0o600);
  expect(readdirSync(inside)).toEqual(["copy.idx", "known.idx"]);
  expect(readFileSync(path).length).toBe(before.length);
  await expectWhole(path, count);
});

test("closed, emptied or changed right after save was called: the file is of the moment of the call", async () => {
  const inside = join(folder, "closed");
  mkdirSync(inside);
  const path = join(inside, "known.idx");
  const index = new HashIndex();
  index.addManySync(idsFrom(0, count), hashes);
  const emptied = index.save(path);
  index.remove(idsFrom(1, count - 1));
  await emptied;
  await expectWhole(path, count);
  index.addManySync(idsFrom(1, count - 1), hashes.subarray(32));
  const saving = index.save(path);
  index.close();
  await saving;
  await expectWhole(path, count);
});
