/**
 * A store's file that somebody else has changed is refused at opening, or named by the first call that meets the
 * change.
 */
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Libsql from "libsql";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BankStore, Matcher } from "../../../dist/doors/bank.js";
import { EmpreinteError } from "../../../dist/index.js";
import { entriesOfCase, hashesOfCase } from "../../support/bank/entries.mjs";

const folder = mkdtempSync(join(tmpdir(), "empreinte-bank-foreign-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const from = { bank: "ncii", source: "hotline" };
const original = join(folder, "original.bank");

beforeAll(async () => {
  const store = await BankStore.create(original);
  store.createBank({ name: "ncii", policy: { action: "block" } });
  const entries = Array.from({ length: 10 }, (_, i) => entriesOfCase(i)).flat();
  await store.import(
    from,
    entries.map((entry, i) => ({ ...entry, labels: [`scheme:${i % 7}`] })),
  );
  await store.withdraw({ case: "case 9" });
  const matcher = new Matcher(store);
  const hash = hashesOfCase(1)[0]!;
  matcher.qualify(matcher.check({ hash, quality: 100, stable: true }), { labels: ["x:1"], note: "seen" });
  await store.close();
});

let copies = 0;
/** Makes a copy of the store that these statements have changed. */
function altered(...statements: string[]): string {
  const path = join(folder, `copy-${copies++}.bank`);
  copyFileSync(original, path);
  const database = new Libsql(path);
  for (const statement of statements) database.exec(statement);
  database.close();
  return path;
}

/** Opens a store and does everything with it. Returns the first error. */
async function useAll(path: string): Promise<unknown> {
  let store: BankStore | undefined;
  try {
    store = await BankStore.open(path, { timeoutSeconds: 1 });
    store.banks();
    store.verify();
    store.changes(0);
    store.audit();
    store.sources();
    for (const { entryNumber } of store.entries()) store.qualifications({ entryNumber });
    const matcher = new Matcher(store);
    for (const hash of hashesOfCase(1)) {
      const decision = matcher.check({ hash, quality: 100, stable: true });
      matcher.explain({ ...decision, revision: 2 });
    }
    await store.import(from, entriesOfCase(1));
    await store.withdraw({ case: "case 1" });
    await store.erase({ case: "case 2" });
    return undefined;
  } catch (error) {
    return error;
  } finally {
    await store?.close().catch(() => {});
  }
}

test("the unchanged copy passes", async () => {
  expect(await useAll(altered())).toBeUndefined();
});

const spare = "CREATE TABLE spare (a, b)";
const endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n";

describe("a schema that is not ours is refused at opening", () => {
  test.each([
    ["a further table", spare],
    ["a further index", "CREATE INDEX more ON entry (updated)"],
    ["a further view", "CREATE VIEW extra AS SELECT 1"],
    ["statistics", "ANALYZE"],
    [
      "a trigger that keeps values",
      spare,
      "CREATE TRIGGER keep BEFORE UPDATE ON signal_page BEGIN INSERT INTO spare VALUES (old.id, old.bytes); END",
    ],
    [
      "a trigger that restores values",
      "CREATE TRIGGER back AFTER UPDATE ON signal_page BEGIN UPDATE signal_page SET bytes = old.bytes WHERE id = old.id; END",
    ],
    [
      "a trigger that deletes tombstones",
      "CREATE TRIGGER forget AFTER INSERT ON tombstone BEGIN DELETE FROM tombstone; END",
    ],
    ["a trigger of the audit log that is missing", "DROP TRIGGER audit_kept"],
    ["an index that is missing", "DROP INDEX case_of_entry"],
    ["a table that is missing", "DROP TABLE qualification"],
    ["an endless view in place of a table", "DROP TABLE meta", `CREATE VIEW meta AS ${endless.replace("i)", "name)")}`],
    ["a column more", "ALTER TABLE entry ADD COLUMN more TEXT"],
    ["a column of another name", "ALTER TABLE entry RENAME COLUMN reason TO why"],
    [
      "a column with a check",
      "DROP TABLE labels",
      "CREATE TABLE labels (id INTEGER PRIMARY KEY, text TEXT CHECK (text <> ''))",
    ],
    ["a virtual table", "DROP TABLE labels", "CREATE VIRTUAL TABLE labels USING fts5 (text)"],
    [
      "two tables in one tree",
      "PRAGMA writable_schema = ON",
      "UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM sqlite_schema WHERE name = 'change') WHERE name = 'qualification'",
    ],
  ])("%s", async (_, ...statements) => {
    const path = altered(...statements);
    const error = await BankStore.open(path).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "ERR_EMPREINTE_BANK_FILE" });
  });
});

describe("forged counters are refused at opening", () => {
  test.each([
    ["revision", "9007199254740992"],
    ["revision", "1e300"],
    ["revision", "-1"],
    ["revision", "'text'"],
    ["revision", "zeroblob(100000)"],
    ["entries", "1"],
    ["entries", "9007199254740992"],
    ["signals", "9007199254740991"],
    ["signals", "1"],
    ["signals", "1.5"],
    ["texts", "9007199254740991"],
    ["texts", "0"],
    ["secret", "zeroblob(10000000)"],
    ["secret", "zeroblob(31)"],
    ["secret", "NULL"],
    ["index file", "zeroblob(1000000)"],
  ])("%s = %s", async (name, value) => {
    const path = altered(`INSERT OR REPLACE INTO meta VALUES ('${name}', ${value})`);
    const error = await BankStore.open(path).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "ERR_EMPREINTE_BANK_FILE" });
  });

  test.each([
    ["revision", -1],
    ["revision", 1],
    ["entries", -60],
    ["signals", 84],
    ["signals", -84],
    ["texts", 4080],
    ["texts", -4080],
  ])("the counter %s is off by %i", async (name, by) => {
    const path = altered(`UPDATE meta SET value = value + ${by} WHERE name = '${name}'`);
    await expect(BankStore.open(path)).rejects.toMatchObject({ code: "ERR_EMPREINTE_BANK_FILE" });
  });

  test.each(["revision", "secret"])("%s is missing", async (name) => {
    const error = await BankStore.open(altered(`DELETE FROM meta WHERE name = '${name}'`)).catch((e: unknown) => e);
    expect(error).toMatchObject({ code: "ERR_EMPREINTE_BANK_FILE" });
  });
});

describe("forged rows end in one of our errors, or in none, and never in a loop", () => {
  test.each([
    "UPDATE removed_signal SET last = 9007199254740991",
    "INSERT INTO removed_signal VALUES (2, -5, 9007199254740991)",
    "UPDATE entry SET count = 9007199254740991",
    "UPDATE entry SET first = -1",
    "UPDATE entry SET first = 'text'",
    "UPDATE entry_history SET count = 4294967296",
    "UPDATE change SET last = 9007199254740991",
    "UPDATE change SET first = -9007199254740991",
    "UPDATE labels SET text = 9007199254740991",
    "UPDATE labels SET text = -4",
    "UPDATE labels SET text = text + 1",
    "UPDATE entry SET text = (SELECT value FROM meta WHERE name = 'texts') - 1",
    "UPDATE entry SET text = 'text'",
    "UPDATE entry_case SET text = 1e300",
    "UPDATE text_page SET bytes = zeroblob(4577)",
    "UPDATE text_page SET bytes = zeroblob(100000000)",
    "UPDATE policy SET text = 'no JSON'",
    `UPDATE policy SET text = '{"radius": 1e9}'`,
    "UPDATE policy SET text = 'null'",
    "UPDATE signal_page SET bytes = zeroblob(100000000)",
    "UPDATE signal_page SET bytes = 'text'",
    "DELETE FROM signal_page WHERE id = 0",
    "DELETE FROM source",
    "DELETE FROM bank",
    "UPDATE bank SET name = zeroblob(10)",
    "UPDATE crop_name SET name = NULL",
    "UPDATE tombstone SET digest = digest || 'text'",
    "UPDATE revision_time SET time = 'text'",
    "UPDATE qualification SET labels = 2",
    "UPDATE qualification SET note = -1",
  ])("%s", async (statement) => {
    const before = process.memoryUsage.rss();
    const error = await useAll(altered(statement));
    if (error !== undefined) expect(error).toBeInstanceOf(EmpreinteError);
    expect(process.memoryUsage.rss() - before).toBeLessThan(80 * 2 ** 20);
  });
});
