/**
 * Everything at once: changes, searches, busy readers, openings, renames and full disks, and kill -9 for all of them.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterAll, expect, test } from "vitest";
import { BankStore, Matcher } from "../../../dist/doors/bank.js";
import { lying } from "../../support/bank/bytes.ts";
import { entriesOfCase, hashesOfCase } from "../../support/bank/entries.mjs";
import { random } from "../../support/hashes.ts";
import { rounds } from "../../support/long.ts";
import { root } from "../../support/run.ts";

const kills = rounds(6, 12);
/** Cases that a process ends in one round. */
const steps = 6;

const disk = realpathSync(mkdtempSync(join(tmpdir(), "empreinte-bank-soak-")));
/** Whether the disk is small, so that it can be filled. Mounting needs a right that few have. */
const small = spawnSync("mount", ["-t", "tmpfs", "-o", "size=24m", "tmpfs", disk]).status === 0;
afterAll(() => {
  if (small) spawnSync("umount", ["-l", disk]);
  rmSync(disk, { recursive: true, force: true });
});

/** A process at work, with what it has printed. */
interface Worker {
  child: ChildProcess;
  lines: string[];
  closed: Promise<void>;
}

function start(path: string, role: string, first: number, seed: number, ended: readonly number[] = []): Worker {
  const program = join(root, "test/support/bank/soak.mjs");
  const child = spawn(process.execPath, [program, path, role, `${first}`, `${steps}`, `${seed}`, ended.join()]);
  const lines: string[] = [];
  let rest = "";
  child.stdout.on("data", (bytes: Buffer) => {
    const pieces = (rest + bytes.toString()).split("\n");
    rest = pieces.pop()!;
    lines.push(...pieces);
  });
  child.stderr.on("data", (bytes: Buffer) => lines.push(`failed ${bytes.toString()}`));
  return { child, lines, closed: new Promise((resolve) => child.once("close", () => resolve())) };
}

/** Waits until the process has printed so many lines, or has ended. */
async function printed({ child, lines }: Worker, count: number): Promise<void> {
  while (lines.length < count && child.exitCode === null && child.signalCode === null) await setTimeout(2);
}

/** What happens to the files while processes work on them. Everything is undone. */
const troubles: Record<string, (store: string, wait: () => Promise<void>) => Promise<void>> = {
  async nothing() {},
  async "the folder has another name for a while"(store, wait) {
    renameSync(store, `${store}-moved`);
    await wait();
    renameSync(`${store}-moved`, store);
  },
  async "the index file is removed"(store) {
    rmSync(join(store, "known.bank.index"), { force: true });
  },
  async "the index file is replaced by a link to nothing"(store) {
    const index = join(store, "known.bank.index");
    rmSync(index, { force: true });
    try {
      symlinkSync(join(disk, "nowhere"), index);
    } catch (error) {
      // A process has just saved its own.
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
  },
  async "the disk is full for a while"(_, wait) {
    if (!small) return;
    spawnSync("sh", ["-c", 'cat /dev/zero > "$0" 2>/dev/null', join(disk, "others")]);
    await wait();
    rmSync(join(disk, "others"), { force: true });
  },
};

test(`${kills} rounds leave each case whole or gone, and nothing of what was reported as ended`, async () => {
  const folder = join(disk, "store");
  mkdirSync(folder);
  const path = join(folder, "known.bank");
  const first = await BankStore.create(path);
  first.createBank({ name: "ncii" });
  const entries = Array.from({ length: kills * steps }, (_, i) => entriesOfCase(i)).flat();
  await first.import({ bank: "ncii", source: "hotline" }, entries);
  await first.close();
  const next = random(8149);
  const share = (): number => (next() % 1000) / 1000;
  const ended: number[] = [];
  const seen = new Map<string, number>();
  const names = Object.keys(troubles);
  let inside = 0;
  for (let round = 0; round < kills; round++) {
    const from = round * steps;
    const change = start(path, "change", from, round);
    const others = ["search", "hold", "open"].filter(() => next() % 3 > 0);
    const crowd = others.map((role, i) => start(path, role, from, 1000 * round + i, ended));
    await printed(change, 2 + (next() % 4));
    const begun = performance.now();
    const trouble = names[round % names.length]!;
    await troubles[trouble]!(folder, () => setTimeout(20 + 150 * share()));
    await printed(change, 4 + (next() % (2 * steps)));
    await setTimeout(share() * Math.min(200, performance.now() - begun));
    const all = [change, ...crowd];
    for (const { child } of all) child.kill("SIGKILL");
    await Promise.all(all.map(({ closed }) => closed));
    const lines = all.flatMap((one) => one.lines);
    const what = `round ${round}: ${trouble}, with ${others.join(", ")}`;
    expect(lines.filter((line) => /^(failed|matched)/.test(line)).join("\n"), what).toBe("");
    for (const line of lines) seen.set(line.replace(/ \d+$/, ""), 1 + (seen.get(line.replace(/ \d+$/, "")) ?? 0));
    if (!change.lines.includes("finished")) inside++;
    // As the files are, before anybody repairs anything.
    const now = change.lines.filter((line) => line.startsWith("ended ")).map((line) => Number(line.slice(6)));
    ended.push(...now);
    expect(lying(folder, now.flatMap(hashesOfCase)), what).toEqual([]);
    const store = await BankStore.open(path);
    expect(store.verify(), what).toEqual([]);
    const matcher = new Matcher(store);
    const matching = (values: readonly string[]): number =>
      values.filter((hash) => matcher.check({ hash, quality: 100, stable: true }).matches.length > 0).length;
    const absent: string[] = [];
    for (let number = from; number < from + steps; number++) {
      for (const which of [number, 10_000 + number]) {
        const values = hashesOfCase(which);
        const found = matching(values);
        expect([0, values.length], `${what}, case ${which}`).toContain(found);
        if (found === 0) absent.push(...values);
        if (change.lines.includes(`added ${which}`)) expect(found, `${what}, case ${which}`).toBe(values.length);
      }
    }
    expect(lying(folder, absent), what).toEqual([]);
    await store.close();
  }
  const store = await BankStore.open(path);
  const gone = ended.flatMap(hashesOfCase);
  for (const value of gone) expect(await store.search(value)).toEqual([]);
  await store.close();
  expect(lying(folder, gone)).toEqual([]);
  expect(existsSync(join(disk, "others"))).toBe(false);
  // The kills came inside the work, and the crowd was at work, too.
  expect(inside).toBeGreaterThan(kills / 2);
  expect([...seen.keys()]).toEqual(expect.arrayContaining(["ready", "ended", "added", "searched", "holds", "closed"]));
});
