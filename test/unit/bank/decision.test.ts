import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createHash } from "node:crypto";
import sharp from "sharp";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { BankStore, type CheckQuery, type Decision, Matcher } from "../../../dist/doors/bank.js";
import { hashImage } from "../../../dist/index.js";
import { hashAt, hex, randomHashes } from "../../support/hashes.ts";
import { grey, height, width } from "../../support/image/samples.ts";

const hashes = randomHashes(32, 907);
/** Hash i with its first `flips` bits flipped. */
function hash(i: number, flips = 0): string {
  const bytes = Uint8Array.from(hashAt(hashes, i));
  for (let bit = 0; bit < flips; bit++) bytes[bit >> 3]! ^= 128 >> (bit & 7);
  return hex(bytes);
}
const pdq = (value: string, quality?: number) => [
  { type: "pdq" as const, value, ...(quality !== undefined && { quality }) },
];
const query = (value: string, more: Partial<CheckQuery> = {}): CheckQuery => ({
  hash: value,
  quality: 100,
  stable: true,
  ...more,
});

let folder: string;
let store: BankStore;
let matcher: Matcher;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "empreinte-decision-"));
  store = await BankStore.create(join(folder, "known.bank"));
  matcher = new Matcher(store);
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

const import1 = (bank: string, id: string, value: string, more: object = {}) =>
  store.import({ bank, source: "s" }, [{ id, signals: pdq(value), ...more }]);

describe("policies", () => {
  test("each bank has its own radius, and the distance decides", async () => {
    store.createBank({ name: "wide", policy: { radius: 31 } });
    store.createBank({ name: "narrow", policy: { radius: 10, action: "block" } });
    await import1("wide", "w", hash(0));
    await import1("narrow", "n", hash(0, 2));
    const bits = (flips: number) => {
      const { action, matches } = matcher.check(query(hash(0, flips)));
      return [action, matches.map(({ bank, distance }) => `${bank} ${distance}`)];
    };
    expect(bits(2)).toEqual(["block", ["narrow 0", "wide 2"]]);
    expect(bits(12)).toEqual(["block", ["narrow 10", "wide 12"]]);
    expect(bits(13)).toEqual(["review", ["wide 13"]]);
    expect(bits(31)).toEqual(["review", ["wide 31"]]);
    expect(bits(32)).toEqual(["none", []]);
  });

  test("a radius above the default reaches as far as it says, for its own bank alone", async () => {
    store.createBank({ name: "wide", policy: { radius: 60 } });
    store.createBank({ name: "default", policy: { action: "block" } });
    await import1("wide", "w", hash(0));
    await import1("default", "d", hash(0));
    const bits = (flips: number) =>
      matcher.check(query(hash(0, flips))).matches.map(({ bank, distance }) => [bank, distance]);
    expect(bits(31)).toEqual([
      ["wide", 31],
      ["default", 31],
    ]);
    for (const flips of [32, 45, 60]) expect(bits(flips)).toEqual([["wide", flips]]);
    expect(bits(61)).toEqual([]);
    expect(matcher.explain(matcher.check(query(hash(0, 60)))).same).toBe(true);
  });

  test("the strongest action decides, and the reasons name the bank and entry", async () => {
    for (const action of ["log", "block", "review"] as const) {
      store.createBank({ name: action, policy: { action } });
      await import1(action, action, hash(0));
    }
    const { action, reasons, matches } = matcher.check(query(hash(0)));
    expect(action).toBe("block");
    expect(matches).toHaveLength(3);
    expect(reasons).toEqual([expect.stringMatching(/^block, s, entry 2: distance 0 .*: block$/)]);
  });

  test("low quality of the upload or the entry, or an unstable hash, matches nothing", async () => {
    store.createBank({ name: "b", policy: { minQuality: 60 } });
    await store.import({ bank: "b", source: "s" }, [
      { id: "low", signals: pdq(hash(0), 59) },
      { id: "high", signals: pdq(hash(0), 60) },
    ]);
    expect(matcher.check(query(hash(0), { quality: 60 })).matches.map(({ entryId }) => entryId)).toEqual(["high"]);
    expect(matcher.check(query(hash(0), { quality: 59 }))).toMatchObject({
      action: "none",
      matches: [],
      reasons: ["b: quality 59 is below 60: nothing is matched by distance"],
    });
    expect(matcher.check(query(hash(0), { stable: false }))).toMatchObject({ action: "none", matches: [] });
  });

  test("only entries with one of the policy's labels match", async () => {
    store.createBank({ name: "b", policy: { labels: ["ncmec:A1", "iwf:A"] } });
    await import1("b", "a", hash(0), { labels: [{ scheme: "ncmec", version: "2", code: "A1" }] });
    await import1("b", "b", hash(0), { labels: ["ncmec:B1"] });
    await import1("b", "c", hash(0));
    const { matches } = matcher.check(query(hash(0)));
    expect(matches.map(({ entryId, labels }) => [entryId, labels])).toEqual([
      ["a", [{ scheme: "ncmec", version: "2", code: "A1" }]],
    ]);
  });

  test("a bank matches the nearest of its orientations", async () => {
    const image = await sharp(grey, { raw: { width, height, channels: 1 } })
      .png()
      .toBuffer();
    const mirrored = await sharp(image).flop().png().toBuffer();
    const { hash: known } = await hashImage(image);
    store.createBank({ name: "all" });
    store.createBank({ name: "upright", policy: { orientations: ["orig"] } });
    await import1("all", "a", known);
    await import1("upright", "u", known);
    expect((await matcher.checkImage(image)).matches.map(({ bank, orientation }) => [bank, orientation])).toEqual([
      ["all", "orig"],
      ["upright", "orig"],
    ]);
    expect((await matcher.checkImage(mirrored)).matches.map(({ bank, orientation }) => [bank, orientation])).toEqual([
      ["all", "flipY"], // over the upright axis, in the reference's words
    ]);
  });

  test("digests match the same bytes, whatever the image's quality", async () => {
    const bytes = Buffer.from("some file");
    const digest = (name: string) => createHash(name).update(bytes).digest("hex");
    store.createBank({ name: "b", policy: { action: "block" } });
    const types = ["md5", "sha1", "sha256"] as const;
    await store.import(
      { bank: "b", source: "s" },
      types.map((type) => ({ id: type, signals: [{ type, value: digest(type).toUpperCase() }] })),
    );
    for (const type of types) {
      const requested = query(hash(0), { quality: 0, stable: false, digests: { [type]: digest(type) } });
      expect(matcher.check(requested).matches).toMatchObject([{ entryId: type, kind: "exact", type, distance: 0 }]);
    }
    expect(matcher.check(query(digest("sha256"))).matches).toEqual([]);
    const other = createHash("md5").update("other").digest("hex");
    expect(matcher.check(query(hash(0), { digests: { md5: other } })).matches).toEqual([]);
  });

  test("a disabled entry matches again after the time", async () => {
    store.createBank({ name: "b" });
    await import1("b", "a", hash(0));
    store.disable({ bank: "b", source: "s", entryId: "a" }, Date.now() + 60_000);
    expect(matcher.check(query(hash(0))).action).toBe("none");
    store.disable({ bank: "b", source: "s", entryId: "a" }, Date.now() - 1);
    expect(matcher.check(query(hash(0))).action).toBe("review");
  });

  test("a negative bank suppresses the matches that are not nearer than its own", async () => {
    store.createBank({ name: "b", policy: { action: "block" } });
    store.createBank({ name: "false alarms", negative: true, policy: { radius: 20 } });
    await import1("b", "a", hash(0));
    await import1("false alarms", "f", hash(0, 20));
    const at = (flips: number) => matcher.check(query(hash(0, flips)));
    expect(at(20)).toMatchObject({ action: "none", reasons: [expect.stringContaining("suppressed by false alarms")] });
    expect(at(10).action).toBe("none"); // 10 bits from both
    expect(at(9).action).toBe("block");
    expect(at(0).matches.map(({ suppressed }) => suppressed)).toEqual([false, false]);
  });

  test.each([
    ["radius", { radius: 257 }],
    ["minQuality", { minQuality: -1 }],
    ["orientations", { orientations: [] }],
    ["orientations", { orientations: ["upside down"] }],
    ["labels", { labels: "ncmec:A1" }],
    ["action", { action: "delete" }],
  ])("a policy with a wrong %s is refused", (what, policy) => {
    expect(() => store.createBank({ name: "b", policy: policy as never })).toThrow(what);
    expect(store.banks()).toEqual([]);
  });
});

test("a match describes what was found, with 8 digits of the hash at most", async () => {
  store.createBank({ name: "b", policy: { action: "log" } });
  await import1("b", "a", hash(3), { labels: ["x:1"] });
  const decision = matcher.check(query(hash(3, 4)));
  expect(decision).toMatchObject({ action: "log", revision: store.revision });
  expect(decision.matches).toEqual([
    {
      hash: hash(3).slice(0, 8),
      type: "pdq",
      kind: "near",
      distance: 4,
      orientation: "orig",
      bank: "b",
      negative: false,
      source: "s",
      entryId: "a",
      entryNumber: 1,
      signal: 0,
      labels: [{ scheme: "x", code: "1" }],
      action: "log",
      suppressed: false,
      rule: "distance 4 of at most 31, quality 100 of at least 50",
    },
  ]);
});

describe("explain", () => {
  const same = (decision: Decision): boolean => {
    const sent = JSON.parse(JSON.stringify(decision)) as Decision;
    return matcher.explain(sent).same;
  };

  test("explain gives the same answer after every kind of later change", async () => {
    store.createBank({ name: "b", policy: { action: "block" } });
    store.createBank({ name: "no", negative: true, policy: { radius: 4 } });
    await store.import({ bank: "b", source: "s" }, [
      { id: "a", signals: pdq(hash(0)), labels: ["x:1"] },
      { id: "c", signals: pdq(hash(0, 6)) },
      { id: "q", signals: pdq(hash(0, 7), 20) },
    ]);
    const decisions = [
      matcher.check(query(hash(0))),
      matcher.check(query(hash(1))),
      matcher.check(query(hash(0), { quality: 3 })),
    ];
    expect(decisions.map(({ action }) => action)).toEqual(["block", "none", "none"]);
    const later: [string, () => unknown][] = [
      ["another policy", () => store.setPolicy("b", { radius: 0, action: "log" })],
      ["other labels", () => import1("b", "a", hash(0), { labels: ["x:2"] })],
      ["another hash", () => import1("b", "a", hash(1))],
      ["a new entry", () => import1("b", "n", hash(1, 2))],
      ["a negative one", () => import1("no", "f", hash(0))],
      ["released", () => store.release({ bank: "b", source: "s", entryId: "q" })],
      ["disabled", () => store.disable({ bank: "b", source: "s", entryId: "c" }, "2999-01-01")],
    ];
    for (const [, change] of later) {
      const revision = store.revision;
      await change();
      expect(store.revision).toBeGreaterThan(revision);
      expect(decisions.map(same)).toEqual(decisions.map(() => true));
      decisions.push(matcher.check(query(hash(0))), matcher.check(query(hash(1))));
    }
    expect(decisions.map(same)).toEqual(decisions.map(() => true));
    // They are not all the same, or there would be nothing to tell.
    expect(new Set(decisions.map(({ matches }) => JSON.stringify(matches))).size).toBeGreaterThan(5);
  });

  test("explain uses recorded matches for entries that were removed since, and names them", async () => {
    store.createBank({ name: "b" });
    await import1("b", "a", hash(0));
    await import1("b", "c", hash(0, 3));
    const decision = matcher.check(query(hash(0, 1)));
    await store.withdraw({ bank: "b", source: "s", entryId: "a" });
    expect(matcher.explain(decision)).toMatchObject({ same: true, gone: [1], decision: { action: "review" } });
    await store.erase({ bank: "b", source: "s", entryId: "c" });
    expect(matcher.explain(decision)).toMatchObject({ same: true, gone: [1, 2] });
    expect(matcher.check(query(hash(0, 1))).action).toBe("none");
  });

  test("explain notices a match by a hash that its entry did not have any more, even after the withdrawal", async () => {
    store.createBank({ name: "b" });
    await import1("b", "a", hash(0));
    const before = matcher.check(query(hash(0)));
    await import1("b", "a", hash(1));
    const after = matcher.check(query(hash(0)));
    expect([before.matches, after.matches]).toMatchObject([{ length: 1 }, []]);
    const forged = { ...before, revision: after.revision };
    expect([same(before), same(after), same(forged)]).toEqual([true, true, false]);
    await store.withdraw({ bank: "b", source: "s", entryId: "a" });
    expect([same(before), same(after), same(forged)]).toEqual([true, true, false]);
  });

  test("explain notices a match by a signal that was quarantined, even after its release", async () => {
    store.createBank({ name: "b" });
    const held = { id: "q", signals: pdq(hash(0), 90) };
    await store.import({ bank: "b", source: "s" }, [held], { minQuality: 100 });
    const before = matcher.check(query(hash(0)));
    store.release({ bank: "b", source: "s", entryId: "q" });
    const after = matcher.check(query(hash(0)));
    expect([before.matches, after.matches]).toMatchObject([[], { length: 1 }]);
    expect([same(before), same(after), same({ ...after, revision: before.revision })]).toEqual([true, true, false]);
    await store.withdraw({ bank: "b", source: "s", entryId: "q" });
    expect([same(before), same(after), same({ ...after, revision: before.revision })]).toEqual([true, true, false]);
  });

  test("explain notices a decision that was altered", async () => {
    store.createBank({ name: "b" });
    await import1("b", "a", hash(0));
    const decision = matcher.check(query(hash(0)));
    const match = decision.matches[0]!;
    expect(same(decision)).toBe(true);
    expect(same({ ...decision, action: "none" })).toBe(false);
    expect(same({ ...decision, matches: [] })).toBe(false);
    expect(same({ ...decision, matches: [{ ...match, distance: 1 }] })).toBe(false);
    expect(same({ ...decision, revision: 0 })).toBe(false);
    expect(same({ ...decision, matches: [match, { ...match, signal: 99, entryNumber: 7 }] })).toBe(false);
    expect(() => matcher.explain({ ...decision, revision: 99 })).toThrow("no revision 99");
  });
});
