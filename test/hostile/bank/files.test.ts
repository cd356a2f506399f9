import { spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { BankStore, Matcher } from "../../../dist/doors/bank.js";
import { entriesOfCase, hashesOfCase } from "../../support/bank/entries.mjs";
import { root } from "../../support/run.ts";

const from = { bank: "ncii", source: "hotline" };
let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "empreinte-bank-files-"));
  path = join(folder, "known.bank");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function fill(at = path, cases = 100): Promise<void> {
  const store = await BankStore.create(at);
  store.createBank({ name: "ncii" });
  await store.import(from, Array.from({ length: cases }, (_, i) => entriesOfCase(i)).flat());
  await store.close();
}

/** Puts bytes into the file, in place. */
function overwrite(at: number, bytes: Uint8Array): void {
  const file = openSync(path, "r+");
  writeSync(file, bytes, 0, bytes.length, at);
  closeSync(file);
}

describe("a file that cannot be used is refused with ERR_EMPREINTE_BANK_FILE or ERR_EMPREINTE_READ, and stays as it is", () => {
  test.each<[string, string, () => Promise<void> | void]>([
    ["missing", "ERR_EMPREINTE_READ", () => undefined],
    ["a folder", "ERR_EMPREINTE_READ", () => void mkdirSync(path)],
    ["text", "ERR_EMPREINTE_BANK_FILE", () => writeFileSync(path, "not a store, but longer than a header ".repeat(40))],
    ["empty", "ERR_EMPREINTE_BANK_FILE", () => writeFileSync(path, "")],
    [
      "of a newer version",
      "ERR_EMPREINTE_BANK_FILE",
      async () => {
        await fill();
        overwrite(60, Uint8Array.of(0, 0, 1, 0)); // user_version
      },
    ],
    [
      "another program's database",
      "ERR_EMPREINTE_BANK_FILE",
      async () => {
        await fill();
        overwrite(68, Uint8Array.of(0, 0, 0, 9)); // application_id
      },
    ],
    [
      "cut to a third",
      "ERR_EMPREINTE_BANK_FILE",
      async () => {
        await fill();
        rmSync(`${path}.index`);
        truncateSync(path, Math.floor(statSync(path).size / 3));
      },
    ],
  ])("%s", async (_, code, make) => {
    await make();
    await expect(BankStore.open(path)).rejects.toMatchObject({ code, message: expect.stringContaining(path) });
  });

  test("create does not replace an existing store", async () => {
    await fill();
    const before = readFileSync(path);
    await expect(BankStore.create(path)).rejects.toMatchObject({ code: "ERR_EMPREINTE_DUPLICATE_NAME" });
    expect(readFileSync(path).equals(before)).toBe(true);
  });
});

describe("flipped bits", () => {
  test("a flipped bit in a hash is found by verify, refused when the index is built, and never matched as another hash", async () => {
    await fill();
    const [value] = hashesOfCase(50);
    const at = readFileSync(path).indexOf(Buffer.from(value!, "hex"));
    expect(at).toBeGreaterThan(0);
    overwrite(at + 5, Uint8Array.of(readFileSync(path)[at + 5]! ^ 1));
    const store = await BankStore.open(path);
    const reported = store.verify();
    expect(reported[0]).toMatch(/is damaged \(signals, page \d+\)$/);
    // The entries of that page and no others: 84 signals, of at most 30 entries, of 500.
    expect(reported.slice(1).every((text) => /the index has 84|is not in its page/.test(text))).toBe(true);
    expect(reported.length).toBeGreaterThan(80);
    expect(() => new Matcher(store).check({ hash: value!, quality: 100, stable: true })).toThrow("is damaged (signals");
    await store.close();
    rmSync(`${path}.index`);
    await expect(BankStore.open(path)).rejects.toMatchObject({ code: "ERR_EMPREINTE_BANK_FILE" });
  });

  test("flipped bits in the structure of any page give an error or a difference in verify, never a crash", async () => {
    await fill(path, 20);
    const good = readFileSync(path);
    let reported = 0;
    const pages = good.length / 4096;
    for (let page = 1; page < pages; page += 3) {
      // The first bytes of a b-tree page are its kind and its counts; of an overflow page, which page follows.
      const bytes = Buffer.from(good);
      bytes[4096 * page]! ^= 0xff;
      const damaged = join(folder, `page ${page}`);
      writeFileSync(damaged, bytes);
      try {
        const store = await BankStore.open(damaged);
        try {
          if (store.verify().length > 0) reported++;
        } finally {
          await store.close();
        }
      } catch (error) {
        expect((error as { code?: string }).code).toMatch(/^ERR_EMPREINTE_/);
        reported++;
      }
    }
    expect(reported).toBe(Math.ceil((pages - 1) / 3));
  });
});

test("a second writer waits and fails when that takes too long, and a reader continues", async () => {
  await fill();
  const blocker = spawn(
    process.execPath,
    [
      "--input-type=module",
      "-e",
      `import Database from "libsql"; const db = new Database(process.argv[1]); db.exec("BEGIN IMMEDIATE");
       console.log("held");
       process.stdin.once("data", () => setTimeout(() => { db.exec("COMMIT"); process.exit(); }, 500));`,
      path,
    ],
    { cwd: root, stdio: ["pipe", "pipe", "inherit"] },
  );
  const ended = new Promise((resolve) => blocker.on("close", resolve));
  const store = await BankStore.open(path);
  await new Promise((resolve) => blocker.stdout.once("data", resolve));
  const impatient = await BankStore.open(path, { timeoutSeconds: 0.1 });
  await expect(impatient.withdraw({ case: "case 4" })).rejects.toMatchObject({ code: "ERR_EMPREINTE_BUSY" });
  await impatient.close();
  const [hash] = hashesOfCase(3);
  expect(new Matcher(store).check({ hash: hash!, quality: 100, stable: true }).matches).toHaveLength(1);
  // It holds its lock for half a second after this, while the withdrawal waits in this thread.
  const start = performance.now();
  blocker.stdin.write("go\n");
  await store.withdraw({ case: "case 3" });
  expect(performance.now() - start).toBeGreaterThan(450);
  expect(new Matcher(store).check({ hash: hash!, quality: 100, stable: true }).matches).toHaveLength(0);
  await store.close();
  await ended;
});

test("a store is not made in a folder that cannot be written", async () => {
  chmodSync(folder, 0o500);
  // Root writes where it likes: be somebody else for a while.
  const nobody = 65_534;
  const root = process.getuid?.() === 0;
  if (root) {
    for (const name of [".", ...readdirSync(folder)]) chownSync(join(folder, name), nobody, nobody);
    process.seteuid!(nobody);
  }
  try {
    const refused = { code: "ERR_EMPREINTE_WRITE" };
    await expect(BankStore.create(join(folder, "other"))).rejects.toMatchObject(refused);
  } finally {
    if (root) process.seteuid!(0);
    chmodSync(folder, 0o700);
  }
});

const tool = (name: string, ...args: string[]) => spawnSync(name, args).status;

function smallDisk(): string | undefined {
  const at = mkdtempSync(join(tmpdir(), "empreinte-small-"));
  if (tool("mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", at) === 0) return at;
  rmSync(at, { recursive: true });
  return undefined;
}

test("a full disk is reported, and nothing is lost", async (ctx) => {
  const disk = smallDisk();
  if (disk === undefined) return ctx.skip("skipped: needs the right to mount a tmpfs");
  try {
    const store = await BankStore.create(join(disk, "known.bank"));
    store.createBank({ name: "ncii" });
    await store.import(from, entriesOfCase(0));
    const big = Array.from({ length: 6000 }, (_, i) => entriesOfCase(100 + i)).flat();
    await expect(store.import(from, big)).rejects.toMatchObject({ code: "ERR_EMPREINTE_WRITE" });
    expect(store.verify()).toEqual([]);
    const matcher = new Matcher(store);
    for (const hash of hashesOfCase(0)) {
      expect(matcher.check({ hash, quality: 100, stable: true }).matches).toHaveLength(1);
    }
    await store.close();
  } finally {
    // Lazily: libsql lets go of a closed file when its statements are collected.
    tool("umount", "-l", disk);
    rmSync(disk, { recursive: true, force: true });
  }
});
