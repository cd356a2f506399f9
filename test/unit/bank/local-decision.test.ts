/** Local records in decisions: the last stage, only where a policy asks for it, and replayed without a record. */
import Libsql from "libsql";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { BankStore, type Decision, Matcher, type Policy } from "../../../dist/doors/bank.js";
import { type LocalRecord, registerLocal } from "../../../dist/doors/local.js";
import { hashPixelsSync } from "../../../dist/index.js";
import { hashAt, randomHashes } from "../../support/hashes.ts";
import { at, fromEach, type Rgb, scene } from "../../support/image/altered.ts";
import { recordOf } from "../../support/local-record.ts";

const key = Uint8Array.from({ length: 32 }, (_, i) => 7 * i + 3);
const from = { bank: "ncii", source: "s" };
const originals = Array.from({ length: 3 }, (_, i) => scene(40 + i, 480, 360));
const records: LocalRecord[] = [];
/** A third of an original in the middle of another image, which no hash of it finds. */
function within(original: Rgb, other: number): Rgb {
  const [under, over] = [at(scene(other, 560, 420)), at(original)];
  const inside = (x: number, y: number): boolean => x >= 150 && x < 390 && y >= 120 && y < 300;
  return fromEach(560, 420, (x, y) => (inside(x, y) ? over(x - 60, y - 30) : under(x, y)));
}
const upload = within(originals[0]!, 91);
beforeAll(async () => {
  for (const original of originals) records.push(await registerLocal(original));
});

let folder: string;
let path: string;
let store: BankStore;
let matcher: Matcher;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "empreinte-local-decision-"));
  path = join(folder, "known.bank");
  store = await BankStore.create(path, { localKey: key });
  matcher = new Matcher(store);
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

async function bank(policy: Partial<Policy>): Promise<void> {
  store.createBank({ name: "ncii", policy });
  for (const [i, image] of originals.entries()) {
    const signals = [{ type: "pdq" as const, value: hashPixelsSync(image).hash, quality: 90 }];
    await store.import(from, [{ id: String(i), signals }]);
    store.local.set({ ...from, entryId: String(i) }, records[i]);
  }
}
const thorough = (image: Rgb): Promise<Decision> => matcher.checkImage(image, { level: "thorough" });
const short = ({ action, matches }: Decision) => [action, ...matches.map(({ entryId, kind }) => `${entryId} ${kind}`)];

describe("a policy", () => {
  test("uses local records only where it is switched on, and only at thorough", async () => {
    await bank({ action: "block" });
    expect(short(await thorough(upload))).toEqual(["none"]);
    store.setPolicy("ncii", { action: "block", local: "block" });
    expect(short(await thorough(upload))).toEqual(["block", "0 local"]);
    expect(short(await matcher.checkImage(upload, { level: "standard" }))).toEqual(["none"]);
    store.setPolicy("ncii", { action: "block", local: "review" });
    expect(short(await thorough(upload))).toEqual(["review", "0 local"]);
    store.setPolicy("ncii", { action: "log", local: "block" });
    expect(short(await thorough(upload))).toEqual(["log", "0 local"]);
    expect(short(await thorough(scene(92, 500, 400)))).toEqual(["none"]);
    expect(() => store.setPolicy("ncii", { local: "log" as never })).toThrow(/local/);
  });

  test("decides by the hash of the image itself first", async () => {
    await bank({ action: "block", local: "block" });
    const decision = await thorough(originals[1]!);
    expect(short(decision)).toEqual(["block", "1 near"]);
    expect(decision.query.local).toBeUndefined();
  });
});

describe("a decision by local points", () => {
  test("says where the original is and what was seen, and nothing of the record", async () => {
    await bank({ action: "block", local: "block" });
    const { matches, reasons, query } = await thorough(upload);
    const [match] = matches;
    expect(match).toMatchObject({ kind: "local", tier: "match", view: "local", bank: "ncii", entryNumber: 1 });
    const { support, seen, inliers } = match!.local!;
    expect([support >= 10, seen >= support, inliers >= 6, match!.supportCount]).toEqual([true, true, true, support]);
    // The original's own corners: 480 × 360 with 90, 90 of it at 150, 120.
    const corners = [60, 30, 540, 30, 540, 390, 60, 390];
    match!.region!.flat().forEach((value, i) => {
      expect(Math.abs(value * (i % 2 === 0 ? 560 : 420) - corners[i]!)).toBeLessThan(6);
    });
    expect(reasons[0]).toContain(`${support} of ${seen} local points`);
    const text = JSON.stringify([matches, query]);
    const bytes = Buffer.from(records[0]!.toBytes());
    for (let i = 0; i < records[0]!.points; i++) {
      expect(text).not.toContain(bytes.toString("hex", 24 + 38 * i + 6, 24 + 38 * i + 38));
    }
  });

  test("is explained without the record: of a replaced, a withdrawn and an erased entry", async () => {
    await bank({ action: "block", local: "block" });
    const decision = await thorough(upload);
    expect(matcher.explain(decision)).toMatchObject({ same: true, gone: [] });
    store.local.set({ entryNumber: 1 }, records[1]);
    expect(matcher.explain(decision)).toMatchObject({ same: true, gone: [] });
    await store.withdraw({ entryNumber: 1 });
    expect(matcher.explain(decision)).toMatchObject({ same: true, gone: [1] });
    await store.erase({ entryNumber: 1 });
    expect(matcher.explain(decision)).toMatchObject({ same: true, gone: [1] });
    // What was seen does not outlive the record in new decisions.
    expect(matcher.check(decision.query).action).toBe("none");
  });

  test("finds nothing of what is withdrawn, removed, replaced or benign, and what is new", async () => {
    await bank({ action: "block", local: "block" });
    expect(short(await thorough(upload))).toEqual(["block", "0 local"]);
    store.local.set({ entryNumber: 1 }, records[2]);
    expect(short(await thorough(upload))).toEqual(["none"]);
    store.local.set({ entryNumber: 2 }, records[0]);
    expect(short(await thorough(upload))).toEqual(["block", "1 local"]);
    store.createBank({ name: "harmless", negative: true });
    const value = hashPixelsSync(originals[0]!).hash;
    await store.import({ bank: "harmless", source: "s" }, [{ id: "a", signals: [{ type: "pdq", value }] }]);
    const harmless = { bank: "harmless", source: "s", entryId: "a" };
    store.local.set(harmless, records[0]);
    expect(short(await thorough(upload))).toEqual(["none"]);
    await store.withdraw(harmless);
    expect(short(await thorough(upload))).toEqual(["block", "1 local"]);
    await store.withdraw({ entryNumber: 2 });
    expect(short(await thorough(upload))).toEqual(["none"]);
  });

  test("follows what another process changes", async () => {
    await bank({ action: "block", local: "block" });
    expect(short(await thorough(upload))).toEqual(["block", "0 local"]);
    const other = await BankStore.open(path, { localKey: key });
    try {
      await other.withdraw({ entryNumber: 1 });
      expect(short(await thorough(upload))).toEqual(["none"]);
      other.local.set({ entryNumber: 3 }, records[0]);
      expect(short(await thorough(upload))).toEqual(["block", "2 local"]);
    } finally {
      await other.close();
    }
  });
});

test("an upload that is made to resemble many originals is named in the reasons", async () => {
  store.createBank({ name: "ncii", policy: { action: "block", local: "block" } });
  const bytes = records[0]!.toBytes();
  // Each descriptor is in fewer originals than make it common.
  const groups = Math.floor(records[0]!.points / 40);
  const count = groups * Math.ceil(66 / groups);
  const values = randomHashes(count, 17);
  const entries = Array.from({ length: count }, (_, i) => {
    return { id: `n${i}`, signals: [{ type: "pdq" as const, value: hashAt(values, i) }] };
  });
  await store.import(from, entries, { minQuality: 0 });
  for (let i = 0; i < count; i++) {
    expect(store.local.set({ ...from, entryId: `n${i}` }, recordOf(bytes, 40 * (i % groups), 40))).toBe(true);
  }
  const decision = await thorough(originals[0]!);
  expect(decision.query.local!.crowded).toBe(true);
  expect(decision.reasons).toContainEqual(expect.stringMatching(/^the upload resembles parts of more originals than/));
  expect(decision.matches.length).toBeLessThanOrEqual(64);
  expect(matcher.explain(decision).same).toBe(true);
});

test("a record that was moved to another entry, or damaged, does not open", async () => {
  await bank({ action: "block", local: "block" });
  await store.close();
  const change = (sql: string): void => {
    const database = new Libsql(path);
    database.exec(sql);
    database.close();
  };
  const [one, two] = ["entry = 1", "entry = 2"].map((where) => `(SELECT text FROM local_record WHERE ${where})`);
  change(`CREATE TEMP TABLE was AS SELECT ${one} AS one, ${two} AS two;
    UPDATE local_record SET text = (SELECT two FROM was) WHERE entry = 1;
    UPDATE local_record SET text = (SELECT one FROM was) WHERE entry = 2`);
  store = await BankStore.open(path, { localKey: key });
  matcher = new Matcher(store);
  await expect(thorough(upload)).rejects.toMatchObject({ code: "ERR_EMPREINTE_LOCAL_KEY" });
  await store.close();
  change("UPDATE local_record SET text = 9007199254740991 WHERE entry = 1");
  store = await BankStore.open(path, { localKey: key });
  matcher = new Matcher(store);
  await expect(thorough(upload)).rejects.toMatchObject({ code: "ERR_EMPREINTE_BANK_FILE" });
  expect(store.verify()).toContainEqual(expect.stringContaining("is damaged"));
});

describe("a store without the right key", () => {
  test("says in the reasons that records are not searched, and explains that", async () => {
    await bank({ action: "block", local: "block" });
    await store.close();
    store = await BankStore.open(path);
    matcher = new Matcher(store);
    const decision = await thorough(upload);
    expect(decision.action).toBe("none");
    expect(decision.reasons).toEqual([expect.stringMatching(/^ncii: local records are not searched, .*key$/)]);
    expect(matcher.explain(decision).same).toBe(true);
  });

  test("refuses a key that opens no record, by name", async () => {
    await bank({ action: "block", local: "block" });
    await store.close();
    store = await BankStore.open(path, { localKey: key.toReversed() });
    matcher = new Matcher(store);
    const refused = { code: "ERR_EMPREINTE_LOCAL_KEY", message: expect.stringContaining("record of entry 1 does not") };
    await expect(thorough(upload)).rejects.toMatchObject(refused);
    // Searches without records still work.
    expect((await matcher.checkImage(originals[1]!)).action).toBe("block");
  });
});

test("searchImage of a store finds originals by their records at thorough, whatever the policies say", async () => {
  await bank({ action: "block" });
  const { tier, matches, stages } = await store.searchImage(upload, { level: "thorough" });
  expect([tier, matches.map(({ entryId, view }) => `${entryId} ${view}`)]).toEqual(["match", ["0 local"]]);
  expect(matches[0]!.local!.inliers).toBeGreaterThanOrEqual(6);
  expect(stages.at(-1)!.name).toBe("local");
  expect((await store.searchImage(upload, { level: "standard" })).tier).toBe("none");
});

test("a query that names what was seen is checked", () => {
  const original = { signal: 0, record: 1, tier: "match", distance: 20, orientation: "orig" };
  const local = { inliers: 9, support: 12, seen: 20, part: { left: 0, top: 0, right: 1, bottom: 1 } };
  const region = [0, 1, 2, 3].map(() => [0, 0]);
  for (const [wrong, name] of [
    [{ originals: {} }, "originals"],
    [{ originals: [{ ...original, region, local, tier: "sure" }] }, "tier"],
    [{ originals: [{ ...original, region, local: { ...local, part: {} } }] }, "part"],
    [{ originals: [{ ...original, region: [], local }] }, "region"],
  ] as const) {
    const query = { hash: "0".repeat(64), local: wrong as never };
    expect(() => matcher.check(query)).toThrow(new RegExp(name));
  }
});
