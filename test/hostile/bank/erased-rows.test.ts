/** What the tables of a store have of an entry after its erasure, read with SQLite alone. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Libsql from "libsql";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { BankStore, Matcher } from "../../../dist/doors/bank.js";
import { hashAt, hex, randomHashes, rowInIndexFile } from "../../support/hashes.ts";

const folder = mkdtempSync(join(tmpdir(), "empreinte-erased-rows-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const hashes = randomHashes(16, 411);
const hash = (i: number): string => hex(hashAt(hashes, i));
const from = { bank: "ncii", source: "hotline" };
const entry = (i: number, signal = i) => ({
  id: `id ${i}`,
  cases: [`case ${i}`, "shared"],
  labels: [`own:${i}`, "shared:label"],
  signals: [{ type: "pdq" as const, value: hash(signal) }],
});

let path: string;
let numbers: Map<string, number>;
let rounds = 0;
/** Three entries. Each has cases, labels, an earlier version and a qualification. */
beforeEach(async () => {
  path = join(mkdtempSync(join(folder, `${rounds++}-`)), "known.bank");
  const store = await BankStore.create(path);
  store.createBank({ name: "ncii" });
  await store.import(from, [entry(0), entry(1), entry(2)]);
  const later = (i: number) => ({ ...entry(i, 3 + i), labels: [`later:${i}`] });
  await store.import(from, [later(0), later(1), later(2)]);
  const matcher = new Matcher(store);
  for (const i of [3, 4, 5]) {
    matcher.qualify(matcher.check({ hash: hash(i) }), { labels: [`said:${i}`], note: `note ${i}` });
  }
  numbers = new Map([...store.entries()].map(({ entryId, entryNumber }) => [entryId!, entryNumber]));
  await store.close();
});

/** Runs a query on the closed store. */
function rows(sql: string, ...values: unknown[]): unknown[][] {
  const database = new Libsql(path, { readonly: true } as never);
  try {
    return database.prepare(sql).raw().all(values) as unknown[][];
  } finally {
    database.close();
  }
}

/** The tables that have a row of an entry. */
function tablesWith(number: number): string[] {
  const names = rows("SELECT name FROM sqlite_schema WHERE type = 'table'").flat() as string[];
  return names
    .filter((name) => {
      const columns = rows("SELECT name FROM pragma_table_info(?)", name).flat();
      const column = columns.includes("entry") ? "entry" : name === "entry" ? "id" : undefined;
      return column !== undefined && rows(`SELECT 1 FROM "${name}" WHERE "${column}" = ?`, number).length > 0;
    })
    .sort();
}

async function erase(selection: Parameters<BankStore["erase"]>[0]): Promise<void> {
  const store = await BankStore.open(path);
  await store.erase(selection);
  await store.close();
}

const everywhere = ["entry", "entry_case", "entry_history", "qualification"];

describe("after an erasure", () => {
  test.each([
    ["by its id", () => ({ ...from, entryId: "id 1" })],
    ["by its number", () => ({ entryNumber: numbers.get("id 1")! })],
    ["by its case", () => ({ case: "case 1" })],
    ["by its hash", () => ({ hash: hash(4) })],
    ["by its earlier hash", () => ({ hash: hash(1) })],
  ])("%s, the tombstone is the only row that names the entry, and other entries keep theirs", async (_, selection) => {
    const [zero, one, two] = ["id 0", "id 1", "id 2"].map((id) => numbers.get(id)!) as [number, number, number];
    for (const number of [zero, one, two]) expect(tablesWith(number)).toEqual(everywhere);
    await erase(selection());
    expect(tablesWith(one)).toEqual(["tombstone"]);
    for (const number of [zero, two]) expect(tablesWith(number)).toEqual(everywhere);
  });

  test("a source's erasure leaves no row of its entries, and a label that others have stays", async () => {
    const store = await BankStore.open(path);
    await store.import({ bank: "ncii", source: "other" }, [{ ...entry(2), id: "other 2" }]);
    await store.close();
    await erase(from);
    for (const number of numbers.values()) expect(tablesWith(number)).toEqual(["tombstone"]);
    const again = await BankStore.open(path);
    expect(again.entry({ bank: "ncii", source: "other", entryId: "other 2" })).toMatchObject({
      cases: ["case 2", "shared"],
      labels: [
        { scheme: "own", code: "2" },
        { scheme: "shared", code: "label" },
      ],
    });
    expect(again.verify()).toEqual([]);
    await again.close();
    expect(rows("SELECT count(*) FROM labels")).toEqual([[1]]);
  });

  test("the keyed digests of its cases and labels are in no file either", async () => {
    const one = numbers.get("id 1")!;
    const digests = [
      ...rows("SELECT digest FROM entry_case WHERE entry = ?", one),
      ...rows("SELECT l.digest FROM labels l JOIN entry e ON e.labels = l.id WHERE e.id = ?", one),
    ].flat() as Buffer[];
    const shared = rows("SELECT digest FROM entry_case GROUP BY digest HAVING count(*) > 1").flat() as Buffer[];
    const own = digests
      .map((digest) => Buffer.from(digest))
      .filter((digest) => !digest.equals(Buffer.from(shared[0]!)));
    expect(own).toHaveLength(2);
    const inside = join(path, "..");
    const bytes = (): Buffer => Buffer.concat(readdirSync(inside).map((name) => readFileSync(join(inside, name))));
    for (const digest of own) expect(bytes().includes(digest)).toBe(true);
    await erase({ ...from, entryId: "id 1" });
    for (const digest of own) expect(bytes().includes(digest)).toBe(false);
  });
});

test("labels that another entry had earlier stay, so that its earlier decisions can be repeated", async () => {
  const store = await BankStore.open(path);
  const one = (id: string, signal: number, label: string) => ({
    id,
    labels: [label],
    signals: [{ type: "pdq" as const, value: hash(signal) }],
  });
  await store.import(from, [one("x", 8, "s:1"), one("y", 9, "s:1")]);
  const matcher = new Matcher(store);
  const decision = matcher.check({ hash: hash(9) });
  expect(decision.matches).toMatchObject([{ entryId: "y", labels: [{ scheme: "s", code: "1" }] }]);
  await store.import(from, [one("y", 9, "s:2")]);
  await store.erase({ ...from, entryId: "x" });
  expect(matcher.explain(decision)).toMatchObject({ same: true, gone: [] });
  await store.close();
});

test("of long texts nothing is left either, from their beginning to their end", async () => {
  const long = (what: string, length: number): string =>
    Array.from({ length: Math.ceil(length / 12) }, (_, i) => `${what}${String(i).padStart(10, "0")};`)
      .join("")
      .slice(0, length);
  const entry = (what: string, signal: number) => ({
    id: long(`i${what}`, 1024),
    cases: [long(`c${what}`, 1000)],
    // Longer than a page of texts.
    labels: Array.from({ length: 60 }, (_, i) => long(`l${what}${i}-`, 120)).map((code) => `own:${code}`),
    signals: [{ type: "pdq" as const, value: hash(signal) }],
  });
  const store = await BankStore.open(path);
  await store.import(from, [entry("x", 8), entry("y", 9)]);
  const matcher = new Matcher(store);
  for (const [what, signal] of [
    ["x", 8],
    ["y", 9],
  ] as const) {
    // prettier-ignore
    matcher.qualify(matcher.check({ hash: hash(signal) }), { labels: [], note: long(`n${what}`, 1024) });
  }
  const all = (what: string): string[] => {
    const { id, cases, labels } = entry(what, 8);
    return [id, ...cases, ...labels.map((label) => label.slice(4)), long(`n${what}`, 1024)];
  };
  const inside = join(path, "..");
  const bytes = (): Buffer => Buffer.concat(readdirSync(inside).map((name) => readFileSync(join(inside, name))));
  const pieces = (what: string): string[] => all(what).flatMap((text) => text.match(/.{1,20}/g)!.filter((one) => one.length === 20)); // prettier-ignore
  const left = (what: string, from_ = bytes()): string[] => pieces(what).filter((piece) => from_.includes(piece));
  expect(left("x").length).toBeGreaterThan(400);
  await store.erase({ ...from, entryId: entry("x", 8).id });
  expect(left("x")).toEqual([]);
  expect(store.entry({ ...from, entryId: entry("y", 9).id })).toMatchObject({
    entryId: entry("y", 9).id,
    cases: entry("y", 9).cases,
    labels: { length: 60 },
  });
  await store.close();
  expect(left("x")).toEqual([]);
});

test("a source's own withdrawal in an import that is aborted afterwards is in no file", async () => {
  const store = await BankStore.open(path);
  const stop = new AbortController();
  const entries = [{ id: "id 1", status: "withdrawn" as const }, entry(6, 6), entry(7, 7)];
  const inside = join(path, "..");
  const has = (i: number): boolean =>
    readdirSync(inside).some((name) => {
      const bytes = readFileSync(join(inside, name));
      return bytes.includes(Buffer.from(hash(i), "hex")) || bytes.includes(rowInIndexFile(hash(i)));
    });
  await store.saveIndex();
  expect(readFileSync(join(inside, "known.bank.index")).includes(rowInIndexFile(hash(4)))).toBe(true);
  expect([has(4), has(1)]).toEqual([true, true]);
  const going = store.import(from, entries, { batch: 1, signal: stop.signal, onProgress: () => stop.abort() });
  await expect(going).rejects.toThrow("aborted");
  expect([has(4), has(1), has(3)]).toEqual([false, false, true]);
  await store.close();
});

test("a withdrawal keeps the rows of what the source said, with the values of no version", async () => {
  const store = await BankStore.open(path);
  await store.withdraw({ ...from, entryId: "id 1" });
  await store.close();
  const one = numbers.get("id 1")!;
  expect(tablesWith(one)).toEqual([...everywhere, "tombstone"].sort());
  expect(rows("SELECT digest, text, reason FROM entry WHERE id = ?", one)).toEqual([[null, null, null]]);
  const bytes = readFileSync(path);
  for (const i of [1, 4]) expect(bytes.includes(Buffer.from(hash(i), "hex"))).toBe(false);
  for (const i of [0, 2, 3, 5]) expect(bytes.includes(Buffer.from(hash(i), "hex"))).toBe(true);
});
