import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "libsql";
import { afterAll, describe, expect, test } from "vitest";
import { BankStore, Matcher, type StorePosition } from "../../../dist/doors/bank.js";
import { lying } from "../../support/bank/bytes.ts";
import { entriesOfCase, hashesOfCase } from "../../support/bank/entries.mjs";
import { random } from "../../support/hashes.ts";
import { rounds } from "../../support/long.ts";

const folder = mkdtempSync(join(tmpdir(), "empreinte-replica-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const from = { bank: "ncii", source: "hotline" };
const code = (name: string): object => expect.objectContaining({ code: name });

async function filled(name: string, cases = 8): Promise<{ path: string; store: BankStore }> {
  const path = join(mkdtempSync(join(folder, `${name}-`)), "known.bank");
  const store = await BankStore.create(path);
  store.createBank({ name: "ncii" });
  await store.import(from, Array.from({ length: cases }, (_, i) => entriesOfCase(i)).flat());
  return { path, store };
}

async function replicaOf(store: BankStore, name: string): Promise<{ path: string; inside: string; store: BankStore }> {
  const inside = mkdtempSync(join(folder, `${name}-`));
  const path = join(inside, "copy.bank");
  store.history.copyTo(path);
  const replica = await BankStore.open(path);
  replica.history.setReplica(true);
  return { path, inside, store: replica };
}

const follow = async (replica: BankStore, store: BankStore): Promise<unknown> =>
  replica.history.applyRevisions(store.history.readRevisions(replica.history.position())!);

/** Every row of every replicated table, read by SQLite alone. */
function rowsOf(path: string): Record<string, unknown[]> {
  const database = new Database(path, { readonly: true });
  const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").all() as {
    name: string;
  }[];
  const own = ["audit", "touched", "meta"];
  const rows = tables
    .filter(({ name }) => !own.includes(name))
    .map(({ name }) => [name, database.prepare(`SELECT * FROM ${name}`).raw().all()] as const);
  const counters = database.prepare(
    "SELECT * FROM meta WHERE name IN ('revision','entries','signals','texts','stills','secret')",
  );
  const all = { ...Object.fromEntries(rows), meta: counters.raw().all() };
  database.close();
  return all;
}

/** One random change of a store. */
async function change(store: BankStore, next: () => number, turn: number): Promise<void> {
  const entry = { ...from, entryId: `n${next() % 12}-${next() % 5}` };
  const kinds: (() => unknown)[] = [
    () => store.import(from, entriesOfCase(next() % 12)),
    () =>
      store.import({ ...from, source: `source ${next() % 3}` }, entriesOfCase(20 + (next() % 4)), {
        importCursor: `${turn}`,
      }),
    () =>
      store.import(from, [
        {
          id: entry.entryId,
          labels: [`x:${next() % 3}`],
          signals: [{ type: "pdq", value: hashesOfCase(100 + turn)[0]! }],
        },
      ]),
    () =>
      store.import(from, [
        { id: `low ${turn}`, signals: [{ type: "pdq", value: hashesOfCase(200 + turn)[0]!, quality: 3 }] },
      ]),
    () => store.import(from, [{ id: entry.entryId, status: "withdrawn", time: turn }]),
    () => store.withdraw(entry),
    () => store.withdraw({ case: `case ${next() % 12}` }),
    () => store.erase({ case: `case ${next() % 12}` }),
    () => store.lift(entry),
    () => store.disable(entry, next() % 2 === 0 ? null : new Date(2_000_000_000_000)),
    () => store.quarantined().map(({ entryNumber }) => store.release({ entryNumber })),
    () => store.setPolicy("ncii", { radius: next() % 40 }),
    () => store.createBank({ name: `bank ${turn}` }),
    () => {
      const matcher = new Matcher(store);
      const decision = matcher.check({ hash: hashesOfCase(next() % 12)[0]!, quality: 100, stable: true });
      if (decision.matches.length > 0)
        matcher.qualify(decision, { labels: [`x:${turn}`], by: "analyst", note: "seen" });
    },
  ];
  await kinds[next() % kinds.length]!();
}

describe("a replica", () => {
  test("has, after any changes, the rows and the answers of the store that it follows, and none of the withdrawn bytes", async () => {
    for (let seed = 1; seed <= rounds(1, 8); seed++) {
      const next = random(seed);
      const { path, store } = await filled("any");
      const replicas = [await replicaOf(store, "first"), await replicaOf(store, "second")];
      for (let turn = 0; turn < 60; turn++) {
        await change(store, next, turn);
        if (next() % 3 === 0) await follow(replicas[0]!.store, store);
        if (next() % 20 === 0) await follow(replicas[1]!.store, store);
      }
      store.setPolicy("ncii", {});
      const values = Array.from({ length: 12 }, (_, i) => hashesOfCase(i)).flat();
      const stays = lying(join(path, ".."), values);
      for (const replica of replicas) {
        await follow(replica.store, store);
        expect(rowsOf(replica.path), `seed ${seed}`).toEqual(rowsOf(path));
        expect(replica.store.verify()).toEqual([]);
        expect(replica.store.history.digest()).toBe(store.history.digest());
        expect(replica.store.size).toBe(store.size);
        for (const hash of values) {
          expect(await replica.store.search(hash, { radius: 31 })).toEqual(await store.search(hash, { radius: 31 }));
        }
        expect(lying(replica.inside, values).filter((value) => !stays.includes(value))).toEqual([]);
        await replica.store.close();
        const again = await BankStore.open(replica.path);
        expect(again.verify()).toEqual([]);
        expect(again.history.isReplica).toBe(true);
        await again.close();
      }
      await store.close();
    }
  });

  test("serves another replica, and is a store of its own when it is made one", async () => {
    const { store } = await filled("chain");
    const middle = await replicaOf(store, "middle");
    const last = await replicaOf(middle.store, "last");
    await store.withdraw({ case: "case 3" });
    await store.import(from, entriesOfCase(30));
    await follow(middle.store, store);
    await follow(last.store, middle.store);
    expect(last.store.history.digest()).toBe(store.history.digest());
    middle.store.history.setReplica(false);
    await middle.store.import(from, entriesOfCase(31));
    await follow(last.store, middle.store);
    expect(await last.store.search(hashesOfCase(31)[0]!)).toHaveLength(1);
    for (const { store: one } of [{ store }, middle, last]) await one.close();
  });

  test("refuses changes of its own, and stays as it is", async () => {
    const { store } = await filled("own");
    const { store: replica } = await replicaOf(store, "replica");
    const before = replica.history.position();
    await expect(replica.import(from, entriesOfCase(40))).rejects.toEqual(code("ERR_EMPREINTE_REPLICA"));
    await expect(replica.withdraw({ case: "case 1" })).rejects.toEqual(code("ERR_EMPREINTE_REPLICA"));
    const lift = (): unknown => replica.disable({ ...from, entryId: "n1-1" }, null);
    expect(lift).toThrow(code("ERR_EMPREINTE_REPLICA"));
    expect(() => replica.createBank({ name: "other" })).toThrow(code("ERR_EMPREINTE_REPLICA"));
    const hit = { hash: hashesOfCase(1)[0]!, quality: 100, stable: true };
    expect(new Matcher(replica, { audit: true }).check(hit).matches).toHaveLength(1);
    expect(replica.history.position()).toEqual(before);
    expect(replica.verify()).toEqual([]);
    await replica.close();
    await store.close();
  });

  test("refuses revisions that were damaged, that do not continue its own, or that are of another history", async () => {
    const { path, store } = await filled("refuse");
    const { store: replica, path: copy } = await replicaOf(store, "replica");
    const before = replica.history.position();
    await store.withdraw({ case: "case 2" });
    const bytes = store.history.readRevisions(before)!;
    for (let at = 0; at < bytes.length; at += 997) {
      const damaged = Uint8Array.from(bytes);
      damaged[at]! ^= 1;
      await expect(replica.history.applyRevisions(damaged)).rejects.toEqual(code("ERR_EMPREINTE_INVALID_ARGUMENT"));
      await expect(replica.history.applyRevisions(bytes.subarray(0, at))).rejects.toEqual(
        code("ERR_EMPREINTE_INVALID_ARGUMENT"),
      );
    }
    expect(replica.history.position()).toEqual(before);
    await replica.history.applyRevisions(bytes);
    await expect(replica.history.applyRevisions(bytes)).rejects.toEqual(code("ERR_EMPREINTE_HISTORY"));
    // The same change, made in two copies, gives two histories.
    const { store: other } = await replicaOf(store, "other");
    other.history.setReplica(false);
    for (const one of [store, other]) one.createBank({ name: "same" });
    expect(other.history.position().revision).toBe(store.history.position().revision);
    expect(other.history.digest()).not.toBe(store.history.digest());
    expect(() => store.history.readRevisions(other.history.position())).toThrow(code("ERR_EMPREINTE_HISTORY"));
    await store.withdraw({ case: "case 4" });
    await follow(replica, store);
    await other.withdraw({ case: "case 5" });
    const foreign = other.history.readRevisions({ ...before, digest: store.history.digest(before.revision) })!;
    await expect(replica.history.applyRevisions(foreign)).rejects.toEqual(code("ERR_EMPREINTE_HISTORY"));
    expect(rowsOf(copy)).toEqual(rowsOf(path));
    for (const one of [store, other, replica]) await one.close();
  });

  test("needs a new copy where it lacks more than the limit", async () => {
    const { store } = await filled("limit");
    const before = store.history.position();
    await store.import(from, entriesOfCase(50));
    const { length } = store.history.readRevisions(before)!;
    expect(store.history.readRevisions(before, { maxBytes: length })).toHaveLength(length);
    expect(store.history.readRevisions(before, { maxBytes: 4096 })).toBeUndefined();
    expect(() => store.history.readRevisions({ ...before, digest: "00" } as StorePosition)).toThrow(
      code("ERR_EMPREINTE_INVALID_ARGUMENT"),
    );
    await store.close();
  });
});

test("a copy has mode 0600, and no file is overwritten", async () => {
  const { path, store } = await filled("copy");
  const copy = join(path, "..", "copy.bank");
  store.history.copyTo(copy);
  if (process.platform !== "win32") expect(statSync(copy).mode & 0o777).toBe(0o600);
  expect(() => store.history.copyTo(copy)).toThrow(code("ERR_EMPREINTE_WRITE"));
  expect(() => store.history.copyTo(path)).toThrow(code("ERR_EMPREINTE_WRITE"));
  await store.close();
});

test("verify reports a revision whose changes were altered", async () => {
  const { path, store } = await filled("altered");
  await store.close();
  const database = new Database(path);
  database.exec("UPDATE change SET last = last - 1 WHERE kind = 'added'");
  database.close();
  const again = await BankStore.open(path);
  expect(again.verify()).toContain("the history: revision 2 was altered");
  await again.close();
});
