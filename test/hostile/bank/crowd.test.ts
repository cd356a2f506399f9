/**
 * Several processes use one store: openings succeed, calls wait, and a withdrawal that is stopped half-way is
 * completed.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { BankStore } from "../../../dist/doors/bank.js";
import { entriesOfCase, hashesOfCase } from "../../support/bank/entries.mjs";
import { rowInIndexFile } from "../../support/hashes.ts";
import { rounds } from "../../support/long.ts";
import { root } from "../../support/run.ts";

const base = realpathSync(mkdtempSync(join(tmpdir(), "empreinte-bank-crowd-")));
afterAll(() => rmSync(base, { recursive: true, force: true }));
const from = { bank: "ncii", source: "hotline" };

async function filled(folder = mkdtempSync(join(base, "one-")), cases = 20): Promise<{ path: string; folder: string }> {
  const path = join(folder, "known.bank");
  const store = await BankStore.create(path);
  store.createBank({ name: "ncii" });
  await store.import(from, Array.from({ length: cases }, (_, i) => entriesOfCase(i)).flat());
  await store.close();
  return { path, folder };
}

/** Which of the values are in a file of the folder. Another process reads: see erasure.test.ts. */
function remaining(folder: string, values: readonly string[]): string[] {
  const names = readdirSync(folder).map((name) => join(folder, name));
  const { stdout } = spawnSync("cat", names, { maxBuffer: 2 ** 30 });
  return values.filter((value) => {
    // As the store has them, and as an index file has them.
    return stdout.includes(Buffer.from(value, "hex").subarray(0, 16)) || stdout.includes(rowInIndexFile(value));
  });
}

/** Runs one process of the crowd and answers what it reported. */
function member(...args: string[]): Promise<{ role: string; errors: string[] }> {
  const child = spawn(process.execPath, [join(root, "test/support/bank/crowd.mjs"), ...args]);
  let [said, failed] = ["", ""];
  child.stdout.on("data", (bytes) => (said += String(bytes)));
  child.stderr.on("data", (bytes) => (failed += String(bytes)));
  return new Promise((resolve, reject) => {
    child.once("close", () => {
      if (said === "") reject(new Error(failed));
      else resolve(JSON.parse(said) as { role: string; errors: string[] });
    });
  });
}

test("openings, imports and withdrawals of several processes all succeed", async () => {
  const { path, folder } = await filled();
  const steps = rounds(12, 60);
  const members = await Promise.all([
    member(path, "open", String(4 * steps), "0"),
    member(path, "open", String(4 * steps), "0"),
    member(path, "save", String(steps), "1000"),
    member(path, "withdraw", String(steps), "2000"),
  ]);
  expect(members.map(({ role, errors }) => [role, errors])).toEqual([
    ["open", []],
    ["open", []],
    ["save", []],
    ["withdraw", []],
  ]);
  const withdrawn = Array.from({ length: steps }, (_, i) => hashesOfCase(2000 + i)).flat();
  expect(remaining(folder, withdrawn)).toEqual([]);
  const store = await BankStore.open(path);
  expect(store.verify()).toEqual([]);
  expect(store.size).toBe(15 * (20 + steps));
  await store.close();
});

/** A process that reads the store, and so keeps SQLite's log, until its standard input ends. */
function reader(path: string): Promise<ChildProcess> {
  const program = `
    import Libsql from "libsql";
    const database = new Libsql(process.argv[1]);
    database.exec("BEGIN");
    database.prepare("SELECT count(*) FROM entry").get();
    console.log("reads");
    process.stdin.once("end", () => process.exit()).resume();`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program, path], { cwd: root });
  return new Promise((resolve, reject) => {
    child.stdout.once("data", () => resolve(child));
    child.once("close", () => reject(new Error("the reader ended")));
  });
}

const ended = (child: ChildProcess): Promise<unknown> => {
  const closed = new Promise((resolve) => child.once("close", resolve));
  child.stdin!.end();
  return closed;
};

describe("a withdrawal while another process keeps the log", () => {
  test("is rejected after the timeout, with the index file gone, and checkpoint() completes it", async () => {
    const { path, folder } = await filled();
    const values = hashesOfCase(3);
    const store = await BankStore.open(path, { timeoutSeconds: 0.2 });
    const other = await reader(path);
    await expect(store.withdraw({ case: "case 3" })).rejects.toMatchObject({ code: "ERR_EMPREINTE_BUSY" });
    expect(existsSync(`${path}.index`)).toBe(false);
    expect(await store.search(values[0]!)).toEqual([]);
    expect(() => store.checkpoint()).toThrow(expect.objectContaining({ code: "ERR_EMPREINTE_BUSY" }));
    await ended(other);
    store.checkpoint();
    expect(remaining(folder, values)).toEqual([]);
    await store.close();
  });

  test("waits for the log as long as timeoutSeconds says", async () => {
    const { path, folder } = await filled();
    const store = await BankStore.open(path, { timeoutSeconds: 120 });
    const other = await reader(path);
    // The withdrawal waits on this thread, so another process ends the reader.
    const killer = spawn("sh", ["-c", `sleep 1; kill -9 ${other.pid}`], { stdio: "ignore" });
    await store.withdraw({ case: "case 3" });
    expect(remaining(folder, hashesOfCase(3))).toEqual([]);
    await store.close();
    killer.kill();
  });

  test("a process that opens the store meanwhile neither fails nor finds the entry", async () => {
    const { path } = await filled();
    const store = await BankStore.open(path, { timeoutSeconds: 0.2 });
    const other = await reader(path);
    await expect(store.withdraw({ case: "case 3" })).rejects.toMatchObject({ code: "ERR_EMPREINTE_BUSY" });
    const again = await BankStore.open(path, { timeoutSeconds: 0.2 });
    expect(await again.search(hashesOfCase(3)[0]!)).toEqual([]);
    expect(await again.search(hashesOfCase(4)[0]!)).toHaveLength(1);
    await again.close();
    await ended(other);
    await store.close();
  });
});

describe("a full disk", () => {
  test("a withdrawal makes the room that it needs, or leaves no index file, and checkpoint() completes it", async (ctx) => {
    const disk = mkdtempSync(join(base, "disk-"));
    const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=1400k", "tmpfs", disk]).status === 0;
    if (!mounted) return ctx.skip("skipped: needs the right to mount a file system");
    try {
      const { path, folder } = await filled(disk);
      const store = await BankStore.open(path);
      // The rest of the disk is filled by others.
      spawnSync("sh", ["-c", `cat /dev/zero > ${join(disk, "others")}`]);
      const values = hashesOfCase(3);
      await store.withdraw({ case: "case 3" }).catch((error: unknown) => {
        expect(error).toMatchObject({ code: "ERR_EMPREINTE_WRITE" });
      });
      expect(remaining(folder, values).length === 0 || !existsSync(`${path}.index`)).toBe(true);
      rmSync(join(disk, "others"));
      await store.withdraw({ case: "case 3" });
      store.checkpoint();
      expect(remaining(folder, values)).toEqual([]);
      expect(store.verify()).toEqual([]);
      await store.close();
    } finally {
      spawnSync("umount", ["-l", disk]);
    }
  });

  test("a withdrawal waits until no process maps the removed index file, and then has its room", async (ctx) => {
    const disk = mkdtempSync(join(base, "disk-"));
    const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=16m", "tmpfs", disk]).status === 0;
    if (!mounted) return ctx.skip("skipped: needs the right to mount a file system");
    try {
      const { path, folder } = await filled(disk, 1100);
      const [store, other] = [await BankStore.open(path), await BankStore.open(path)];
      expect(readFileSync("/proc/self/maps", "utf8").split(`${path}.index`)).toHaveLength(3);
      spawnSync("sh", ["-c", `cat /dev/zero > ${join(disk, "others")}`]);
      await store.withdraw({ case: "case 3" });
      store.checkpoint();
      expect(remaining(folder, hashesOfCase(3))).toEqual([]);
      for (const one of [store, other]) {
        expect(await one.search(hashesOfCase(3)[0]!)).toEqual([]);
        expect(await one.search(hashesOfCase(4)[0]!)).toHaveLength(1);
        expect(one.verify()).toEqual([]);
        await one.close();
      }
    } finally {
      spawnSync("umount", ["-l", disk]);
    }
  });
});
