import Libsql from "libsql";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { BankStore } from "../../../dist/doors/bank.js";
import { hashAt, randomHashes } from "../../support/hashes.ts";

test("no hash is in a page of a b-tree, where SQLite would move it", async () => {
  const folder = mkdtempSync(join(tmpdir(), "empreinte-bank-pages-"));
  try {
    const path = join(folder, "known.bank");
    const hashes = randomHashes(3000, 61);
    const store = await BankStore.create(path);
    store.createBank({ name: "b" });
    await store.import(
      { bank: "b", source: "s" },
      Array.from({ length: 3000 }, (_, i) => ({
        id: `n${i}`,
        signals: [{ type: "pdq" as const, value: hashAt(hashes, i) }],
      })),
    );
    await store.close();
    // What SQLite itself says of each page of the file.
    const database = new Libsql(path);
    const rows = database.prepare("SELECT pagetype, pageno, ncell FROM dbstat").all() as {
      pagetype: string;
      pageno: number;
      ncell: number;
    }[];
    database.close();
    const bytes = readFileSync(path);
    const pages = (overflow: boolean): Buffer =>
      Buffer.concat(
        rows
          .filter(({ pagetype }) => (pagetype === "overflow") === overflow)
          .map(({ pageno }) => bytes.subarray(4096 * (pageno - 1), 4096 * pageno)),
      );
    const [moving, staying] = [pages(false), pages(true)];
    let found = 0;
    for (let i = 0; i < 3000; i++) {
      const half = Buffer.from(hashAt(hashes, i).subarray(0, 16));
      expect(moving.includes(half)).toBe(false);
      if (staying.includes(half)) found++;
    }
    expect(found).toBe(3000);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("many small imports write the file once, a second after the last of them", async () => {
  const folder = mkdtempSync(join(tmpdir(), "empreinte-bank-log-"));
  const path = join(folder, "known.bank");
  const store = await BankStore.create(path);
  try {
    store.createBank({ name: "b" });
    const hashes = randomHashes(16_000, 62);
    const size = (end = ""): number => statSync(`${path}${end}`).size;
    const before = size();
    for (let from = 0; from < 16_000; from += 1000) {
      const entries = Array.from({ length: 1000 }, (_, i) => ({
        id: `n${from + i}`,
        signals: [{ type: "pdq" as const, value: hashAt(hashes, from + i) }],
      }));
      await store.import({ bank: "b", source: "s" }, entries, { saveIndex: false });
    }
    expect(size("-wal")).toBeGreaterThan(5 * 2 ** 20); // SQLite moves a log of 4 MiB
    expect(size()).toBe(before);
    await expect.poll(size, { interval: 100 }).toBeGreaterThan(16_000 * 32);
  } finally {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
