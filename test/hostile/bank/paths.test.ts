/** A withdrawal holds whatever the path is called, and whatever happens to the files while the store is open. */
import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { BankStore } from "../../../dist/doors/bank.js";
import { HashIndex } from "../../../dist/index.js";
import { entriesOfCase, hashesOfCase } from "../../support/bank/entries.mjs";
import { rowInIndexFile } from "../../support/hashes.ts";
import { root } from "../../support/run.ts";

const base = realpathSync(mkdtempSync(join(tmpdir(), "empreinte-bank-paths-")));
afterAll(() => rmSync(base, { recursive: true, force: true }));
const from = { bank: "ncii", source: "hotline" };
const values = hashesOfCase(3);

let folder: string;
let path: string;
beforeEach(async () => {
  folder = mkdtempSync(join(base, "one-"));
  path = join(folder, "known.bank");
  const store = await BankStore.create(path);
  store.createBank({ name: "ncii" });
  await store.import(from, Array.from({ length: 20 }, (_, i) => entriesOfCase(i)).flat());
  await store.close();
});

/**
 * Which of the values are in a file of the folder, or of a folder in it. Another process reads: see erasure.test.ts.
 */
function remaining(of = folder): string[] {
  const names = readdirSync(of, { recursive: true, withFileTypes: true })
    .filter((one) => one.isFile())
    .map((one) => join(one.parentPath, one.name));
  const { stdout } = spawnSync("cat", names, { maxBuffer: 2 ** 30 });
  return values.filter((value) => {
    // As the store has them, and as an index file has them.
    return stdout.includes(Buffer.from(value, "hex").subarray(0, 16)) || stdout.includes(rowInIndexFile(value));
  });
}

/** Whether the index file of this name finds the withdrawn hash. */
async function found(file: string): Promise<boolean> {
  using index = await HashIndex.open(file);
  return index.searchSync(values[0]!, { radius: 0 }).length > 0;
}

describe("names of the path", () => {
  test("a relative path holds after the working directory changes", () => {
    mkdirSync(join(folder, "sub"));
    const program = `
      import { BankStore } from ${JSON.stringify(join(root, "dist/doors/bank.js"))};
      const store = await BankStore.open("known.bank");
      process.chdir("sub");
      await store.withdraw({ case: "case 3" });
      await store.close();`;
    const { status, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", program], { cwd: folder });
    expect(`${status} ${stderr}`).toBe("0 ");
    expect(remaining()).toEqual([]);
    expect(readdirSync(join(folder, "sub"))).toEqual([]);
    expect(readdirSync(folder).filter((name) => name.endsWith(".index"))).toEqual(["known.bank.index"]);
  });

  test.each(["file", "folder"])("a symbolic link to the %s leads to one index file", async (kind) => {
    const alias = kind === "file" ? join(folder, "alias.bank") : join(base, `link-${Math.random()}`, "known.bank");
    if (kind === "file") symlinkSync("known.bank", alias);
    else symlinkSync(folder, join(alias, ".."));
    const [one, other] = [await BankStore.open(alias), await BankStore.open(path)];
    await one.saveIndex();
    await other.withdraw({ case: "case 3" });
    expect(remaining()).toEqual([]);
    await one.close();
    await other.close();
    expect(remaining()).toEqual([]);
    expect(readdirSync(folder).filter((name) => name.endsWith(".index"))).toEqual(["known.bank.index"]);
  });

  test("a file with a hard link is refused by both names", async () => {
    linkSync(path, join(folder, "twin.bank"));
    for (const name of ["known.bank", "twin.bank"]) {
      const error = await BankStore.open(join(folder, name)).catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: "ERR_EMPREINTE_BANK_FILE", message: expect.stringContaining("2 names") });
    }
  });

  test.each(["file:uri.bank", "file:m.bank?mode=memory", ":memory:", "a?b#c.bank"])(
    "%s is the name of a file like any other",
    async (name) => {
      const inside = mkdtempSync(join(base, "names-"));
      const program = `
        import { BankStore } from ${JSON.stringify(join(root, "dist/doors/bank.js"))};
        const store = await BankStore.create(process.argv[1]);
        store.createBank({ name: "ncii" });
        await store.close();
        const again = await BankStore.open(process.argv[1]);
        console.log(again.banks().length);
        await again.close();`;
      const args = ["--input-type=module", "-e", program, name];
      const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: inside, encoding: "utf8" });
      expect(stdout + stderr).toBe("1\n");
      expect(readdirSync(inside).sort()).toEqual([name, `${name}.index`]);
    },
  );
});

describe("links of the index file", () => {
  test.each(["symbolic", "hard"])("an index file behind a %s link keeps no hash", async (kind) => {
    const index = `${path}.index`;
    const elsewhere = join(folder, "other-disk");
    if (kind === "symbolic") {
      renameSync(index, elsewhere);
      symlinkSync(elsewhere, index);
    } else linkSync(index, elsewhere);
    expect(await found(elsewhere)).toBe(true);
    const store = await BankStore.open(path);
    await store.withdraw({ case: "case 3" });
    expect(remaining()).toEqual([]);
    await store.close();
    expect(remaining()).toEqual([]);
    expect(await found(index)).toBe(false);
  });

  test("a link to anything else is removed, and what it leads to stays", async () => {
    const index = `${path}.index`;
    const letter = join(folder, "letter.txt");
    copyFileSync(join(root, "package.json"), letter);
    rmSync(index);
    symlinkSync(letter, index);
    const store = await BankStore.open(path);
    await store.withdraw({ case: "case 3" });
    await store.close();
    expect(readFileSync(letter)).toEqual(readFileSync(join(root, "package.json")));
    expect(remaining()).toEqual([]);
  });

  test("a link to the store itself does no harm", async () => {
    rmSync(`${path}.index`);
    symlinkSync(path, `${path}.index`);
    const store = await BankStore.open(path);
    await store.withdraw({ case: "case 3" });
    await store.close();
    expect(remaining()).toEqual([]);
    const again = await BankStore.open(path);
    expect(again.verify()).toEqual([]);
    await again.close();
  });

  test("a folder in its place is named by an error of the store", async () => {
    rmSync(`${path}.index`);
    mkdirSync(`${path}.index`);
    const error = await BankStore.open(path).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "ERR_EMPREINTE_WRITE", message: expect.stringMatching(/index.*folder/) });
  });
});

describe("a file that is replaced while it is open", () => {
  const refused = { code: "ERR_EMPREINTE_BANK_FILE" };

  test.each(["file", "folder"])(
    "a symbolic link to its %s that leads to a backup meanwhile is an error",
    async (kind) => {
      const backup = join(folder, "backup");
      mkdirSync(backup);
      copyFileSync(path, join(backup, "known.bank"));
      const link = join(folder, "current");
      const [before, after] = kind === "file" ? [path, join(backup, "known.bank")] : [folder, backup];
      const name = kind === "file" ? link : join(link, "known.bank");
      symlinkSync(before, link);
      const store = await BankStore.open(name);
      rmSync(link);
      // Without the link nobody opens anything by this name.
      await store.withdraw({ case: "case 4" });
      symlinkSync(after, link);
      const error = await store.withdraw({ case: "case 3" }).catch((reason: unknown) => reason);
      expect(error).toMatchObject({ ...refused, message: expect.stringContaining("leads to another file") });
      await expect(store.search(values[0]!)).rejects.toMatchObject(refused);
      await expect(store.close()).rejects.toMatchObject(refused);
      const again = await BankStore.open(name);
      await again.withdraw({ case: "case 3" });
      expect(remaining(backup)).toEqual([]);
      await again.close();
    },
  );

  test.each(["replaced", "deleted", "renamed", "in a folder that was renamed"])(
    "every change and every search fails once it is %s",
    async (how) => {
      copyFileSync(path, join(folder, "backup"));
      const store = await BankStore.open(path);
      if (how === "replaced") renameSync(join(folder, "backup"), path);
      else if (how === "renamed") renameSync(path, join(folder, "moved.bank"));
      else if (how.startsWith("in a folder")) renameSync(folder, `${folder}-moved`);
      else rmSync(path);
      await expect(store.withdraw({ case: "case 3" })).rejects.toMatchObject(refused);
      await expect(store.erase({ case: "case 3" })).rejects.toMatchObject(refused);
      await expect(store.import(from, entriesOfCase(30))).rejects.toMatchObject(refused);
      expect(() => store.createBank({ name: "other" })).toThrow(expect.objectContaining(refused));
      await expect(store.search(values[0]!)).rejects.toMatchObject(refused);
      // If the folder has gone, there is no log that closing would empty.
      if (how.startsWith("in a folder")) await store.close();
      else await expect(store.close()).rejects.toMatchObject(refused);
      await expect(store.search(values[0]!)).rejects.toMatchObject({ code: "ERR_EMPREINTE_CLOSED" });
    },
  );
});
