import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Libsql from "libsql";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { BankStore, Matcher } from "../../../dist/doors/bank.js";
import { entriesOfCase, hashesOfCase } from "../../support/bank/entries.mjs";
import { root } from "../../support/run.ts";

const from = { bank: "ncii", source: "hotline" };
const day = 86_400_000;
let folder: string;
let path: string;
let store: BankStore;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "empreinte-audit-"));
  path = join(folder, "known.bank");
  store = await BankStore.create(path, { actor: "ada" });
});
afterEach(async () => {
  vi.useRealTimers();
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs SQL on the closed store, in a process of its own. */
function sql(...statements: string[]): { status: number | null; stderr: string } {
  const program = `import Libsql from "libsql"; const db = new Libsql(process.argv[1]);
    for (const text of process.argv.slice(2)) db.exec(text); db.close();`;
  return spawnSync(process.execPath, ["--input-type=module", "-e", program, path, ...statements], {
    cwd: root,
    encoding: "utf8",
  });
}

test("an actor that is a function is called for each record, and names a qualification's author", async () => {
  await store.close();
  let name = "key 1";
  store = await BankStore.open(path, { actor: () => name });
  store.createBank({ name: "ncii" });
  name = "key 2";
  await store.import(from, entriesOfCase(1));
  const matcher = new Matcher(store);
  const decision = matcher.check({ hash: hashesOfCase(1)[0]! });
  name = "key 3";
  expect(matcher.qualify(decision, { labels: [] }).by).toBe("key 3");
  expect(store.audit().map(({ who }) => who)).toEqual(["key 1", "key 2", "key 3"]);
  name = "";
  expect(() => store.createBank({ name: "other" })).toThrow("actor");
  expect(store.banks().map((bank) => bank.name)).toEqual(["ncii"]);
});

test("the log says who did what, when, and which revision that made", async () => {
  const start = Date.now();
  store.createBank({ name: "ncii", policy: { action: "block" } });
  await store.import(from, [...entriesOfCase(1), ...entriesOfCase(2), { id: "bad", signals: [] }]);
  await store.import(from, entriesOfCase(1)); // changes nothing
  await store.close();
  store = await BankStore.open(path, { actor: "grace" });
  store.setPolicy("ncii", { radius: 10 });
  store.disable({ ...from, entryId: "n1-0" }, "2030-01-01T00:00:00Z");
  await store.withdraw({ case: "case 1" });
  await store.erase({ hash: hashesOfCase(2)[4]! });
  store.lift({ ...from, entryId: "n1-0" });
  const log = store.audit();
  expect(log.map(({ who, what, revision }) => `${who} ${what} ${revision}`)).toEqual([
    "ada create 1",
    "ada import 2",
    "grace policy 3",
    "grace disable 4",
    "grace withdraw 5",
    "grace erase 6",
    "grace lift 6",
  ]);
  expect(log.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5, 6, 7]);
  for (const { time } of log) expect(time).toBeGreaterThanOrEqual(start);
  expect(log.map(({ detail }) => detail)).toMatchObject([
    { bank: "ncii", policy: { action: "block" } },
    { ...from, added: 10, problems: 1 },
    { bank: "ncii", policy: { radius: 10 } },
    { entryNumber: 1, until: "2030-01-01T00:00:00.000Z" },
    {
      by: "case",
      caseDigest: expect.stringMatching(/^[0-9a-f]{8}$/),
      entries: 5,
      signals: 15,
      entryNumbers: [1, 2, 3, 4, 5],
    },
    { by: "hash", hash: hashesOfCase(2)[4]!.slice(0, 8), entries: 1, entryNumbers: [7] },
    { ...from, entryNumber: 1 },
  ]);
  expect(store.audit({ after: 2, limit: 2 }).map(({ number }) => number)).toEqual([3, 4]);
  expect(store.verify()).toEqual([]);
});

test("the log has 8 digits of a hash at most, and no name of an erased entry", async () => {
  store.createBank({ name: "ncii" });
  await store.import(from, entriesOfCase(1));
  await store.erase({ ...from, entryId: "n1-0" });
  await store.erase({ case: "case 1" });
  await store.erase({ hash: hashesOfCase(2)[0]! });
  const text = JSON.stringify(store.audit());
  for (const value of [...hashesOfCase(1), ...hashesOfCase(2)]) expect(text).not.toContain(value.slice(0, 9));
  expect(text).toContain(hashesOfCase(2)[0]!.slice(0, 8));
  expect(text).not.toContain("n1-");
  expect(text).not.toContain("case 1");
});

describe("the audit log only grows", () => {
  beforeEach(async () => {
    store.createBank({ name: "ncii" });
    for (let i = 0; i < 5; i++) await store.import(from, entriesOfCase(i));
    await store.close();
  });
  const opened = async (): Promise<string[]> => {
    store = await BankStore.open(path);
    return store.verify();
  };

  test.each(["UPDATE audit SET who = 'nobody' WHERE id = 2", "DELETE FROM audit WHERE id = 2", "DELETE FROM audit"])(
    "%s is refused by the store itself",
    async (statement) => {
      const { status, stderr } = sql(statement);
      expect(status).not.toBe(0);
      expect(stderr).toContain("the audit log only grows");
      expect(await opened()).toEqual([]);
      expect(store.audit()).toHaveLength(6);
    },
  );

  test("verify finds a record that was altered or removed all the same", async () => {
    // Whoever drops a trigger can make it again.
    const trigger = (name: string): string => {
      const database = new Libsql(path);
      const [text] = database.prepare("SELECT sql FROM sqlite_schema WHERE name = ?").raw().get([name]) as [string];
      database.close();
      return text;
    };
    const [kept, grows] = [trigger("audit_kept"), trigger("audit_grows")];
    expect(sql("DROP TRIGGER audit_kept", "UPDATE audit SET who = 'nobody' WHERE id = 2", kept).status).toBe(0);
    expect(await opened()).toEqual(["the audit log: record 2 was altered"]);
    await store.close();
    expect(sql("DROP TRIGGER audit_grows", "DELETE FROM audit WHERE id = 4", grows).status).toBe(0);
    expect(await opened()).toEqual([
      "the audit log: record 2 was altered",
      "the audit log: records between 3 and 5 are missing",
    ]);
  });
});

test("records older than the retention are deleted at the next opening, and the rest is intact", async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  store.createBank({ name: "ncii" });
  for (let i = 0; i < 6; i++) {
    await store.import(from, entriesOfCase(i));
    vi.setSystemTime(Date.now() + day);
  }
  expect(store.auditDays).toBe(365);
  store.setAuditDays(4);
  expect(store.audit().map(({ what }) => what)).toEqual(["import", "import", "import", "import", "retention"]);
  expect(store.verify()).toEqual([]);
  await store.close();
  vi.setSystemTime(Date.now() + 2.5 * day);
  store = await BankStore.open(path);
  expect(store.audit().map(({ number }) => number)).toEqual([7, 8]);
  await store.close();
  vi.setSystemTime(Date.now() + 1000 * day);
  store = await BankStore.open(path);
  // The newest one stays: the next number comes from it.
  expect(store.audit().map(({ number }) => number)).toEqual([8]);
  expect(store.verify()).toEqual([]);
  expect(() => store.setAuditDays(0)).toThrow("days");
});

test("a store of the first version is refused by every process that opens it, and stays as it is", async () => {
  store.createBank({ name: "ncii", policy: { action: "block", flood: { uploads: 1, seconds: 9 } } });
  await store.import(from, entriesOfCase(1));
  await store.close();
  const made = sql(
    "DROP TABLE crop_name",
    "DROP TABLE audit",
    "DROP TABLE revision_time",
    "DROP TABLE qualification",
    "DELETE FROM meta WHERE name LIKE 'audit%'",
    "PRAGMA user_version = 1",
  );
  expect(made.stderr).toBe("");
  const before = readFileSync(path);
  const both = await Promise.allSettled([BankStore.open(path, { actor: "ada" }), BankStore.open(path)]);
  const refused = {
    status: "rejected",
    reason: { code: "ERR_EMPREINTE_BANK_FILE", message: expect.stringContaining("has store version 1") },
  };
  expect(both).toMatchObject([refused, refused]);
  expect(readFileSync(path).equals(before)).toBe(true);
  store = await BankStore.create(`${path}.new`);
});
