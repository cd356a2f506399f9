import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { BankStore, type CheckQuery, type Decision, Matcher } from "../../../dist/doors/bank.js";
import { hashImage } from "../../../dist/index.js";
import { hashAt, hex, randomHashes } from "../../support/hashes.ts";
import { grey, height, width } from "../../support/image/samples.ts";

const hashes = randomHashes(16, 311);
function hash(i: number, flips = 0): string {
  const bytes = Uint8Array.from(hashAt(hashes, i));
  for (let bit = 0; bit < flips; bit++) bytes[bit >> 3]! ^= 128 >> (bit & 7);
  return hex(bytes);
}
const pdq = (value: string) => [{ type: "pdq" as const, value }];
const query = (value: string): CheckQuery => ({ hash: value, quality: 100, stable: true });
const from = { bank: "b", source: "hotline" };

let folder: string;
let store: BankStore;
let matcher: Matcher;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "empreinte-prequalification-"));
  store = await BankStore.create(join(folder, "known.bank"), { actor: "ada" });
  store.createBank({ name: "b", policy: { action: "block" } });
  matcher = new Matcher(store);
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

describe("prequalification", () => {
  test("suggests the source's labels first, then what an analyst said, and each outcome is the next suggestion", async () => {
    const start = Date.now();
    await store.import(from, [{ id: "a", signals: pdq(hash(0)), labels: ["ncmec:A1"] }]);
    const first = matcher.check(query(hash(0, 3)));
    expect(first.prequalification).toMatchObject({
      kind: "source",
      by: "hotline",
      labels: [{ scheme: "ncmec", code: "A1" }],
      distance: 3,
      orientation: "orig",
      entryNumber: 1,
    });
    expect(first.prequalification!.time).toBeGreaterThanOrEqual(start);

    const overridden = matcher.qualify(first, { labels: ["ncmec:B1"], by: "grace", note: "older" });
    expect(overridden).toMatchObject({
      outcome: "overridden",
      by: "grace",
      entryNumber: 1,
      distance: 3,
      note: "older",
    });
    const second = matcher.check(query(hash(0, 5)));
    expect(second.prequalification).toEqual({
      kind: "analyst",
      by: "grace",
      labels: [{ scheme: "ncmec", code: "B1" }],
      time: overridden.time,
      qualification: overridden.number,
      distance: 5,
      orientation: "orig",
      entryNumber: 1,
    });
    const confirmed = matcher.qualify(second, { labels: second.prequalification!.labels });
    expect(confirmed).toMatchObject({ outcome: "confirmed", by: "ada", suggestion: overridden.number });
    expect(matcher.check(query(hash(0))).prequalification).toMatchObject({
      by: "ada",
      qualification: confirmed.number,
      distance: 0,
    });
    expect(store.qualifications({ ...from, entryId: "a" })).toEqual([overridden, confirmed]);
    expect(store.audit().filter(({ what }) => what === "qualify")).toMatchObject([
      { who: "ada", detail: { by: "grace", outcome: "overridden", qualification: overridden.number, entryNumber: 1 } },
      { who: "ada", detail: { by: "ada", outcome: "confirmed" } },
    ]);
    expect(store.changes(0).filter(({ kind }) => kind === "qualified")).toHaveLength(2);
    // Earlier decisions had earlier suggestions, and still have when they are explained.
    for (const decision of [first, second]) {
      expect(matcher.explain(JSON.parse(JSON.stringify(decision)) as Decision).same).toBe(true);
    }
  });

  test("comes from the nearest entry; of equally near ones an analyst's and the newest counts, also one without labels", async () => {
    await store.import(from, [
      { id: "far", signals: pdq(hash(0, 8)), labels: ["x:far"] },
      { id: "mute", signals: pdq(hash(0)) },
      { id: "listed", signals: pdq(hash(0)), labels: ["x:listed"] },
    ]);
    const suggested = () => matcher.check(query(hash(0))).prequalification;
    expect(suggested()).toMatchObject({ entryNumber: 3, kind: "source" });
    expect(matcher.check(query(hash(0, 6))).prequalification).toMatchObject({ entryNumber: 1, distance: 2 });
    const decision = matcher.check(query(hash(0)));
    expect(matcher.qualify(decision, { labels: [], entryNumber: 2 }).outcome).toBe("overridden");
    expect(suggested()).toMatchObject({ entryNumber: 2, kind: "analyst", labels: [] });
    matcher.qualify(decision, { labels: ["x:new"], entryNumber: 3 });
    expect(suggested()).toMatchObject({ kind: "analyst", labels: [{ scheme: "x", code: "new" }] });
    expect(matcher.check(query(hash(9))).prequalification).toBeUndefined();
  });

  test("new content has no suggestion, and its outcome is new", async () => {
    await store.import(from, [{ id: "a", signals: pdq(hash(0)) }]);
    const decision = matcher.check(query(hash(0)));
    expect(decision.prequalification).toBeUndefined();
    expect(matcher.qualify(decision, { labels: ["x:1"] }).outcome).toBe("new");
  });

  test("an entry that gets another hash loses its suggestion", async () => {
    await store.import(from, [{ id: "a", signals: pdq(hash(0)) }]);
    const decision = matcher.check(query(hash(0)));
    matcher.qualify(decision, { labels: ["x:1"] });
    const said = matcher.check(query(hash(0)));
    await store.import(from, [{ id: "a", signals: pdq(hash(1)) }]);
    expect(matcher.check(query(hash(1)))).toMatchObject({ action: "block" });
    expect(matcher.check(query(hash(1))).prequalification).toBeUndefined();
    expect(store.qualifications({ ...from, entryId: "a" })).toHaveLength(1);
    expect(matcher.explain(said).same).toBe(true);
  });

  test("a removed entry suggests nothing, and earlier decisions are explained as recorded", async () => {
    await store.import(from, [
      { id: "a", signals: pdq(hash(0)), labels: ["x:0"] },
      { id: "c", signals: pdq(hash(1)), labels: ["x:0"] },
    ]);
    for (const i of [0, 1]) matcher.qualify(matcher.check(query(hash(i))), { labels: ["x:1"], note: "n" });
    const decisions = [0, 1].map((i) => matcher.check(query(hash(i))));
    await store.withdraw({ ...from, entryId: "a" });
    await store.erase({ ...from, entryId: "c" });
    expect([0, 1].map((i) => matcher.check(query(hash(i))).prequalification)).toEqual([undefined, undefined]);
    expect(store.qualifications({ ...from, entryId: "a" })).toHaveLength(1);
    expect(store.qualifications({ ...from, entryId: "c" })).toEqual([]);
    expect(decisions.map((one) => matcher.explain(one).same)).toEqual([true, true]);
    expect(() => matcher.qualify(decisions[0]!, { labels: [] })).toThrow(
      expect.objectContaining({ code: "ERR_EMPREINTE_UNKNOWN_NAME" }) as Error,
    );
  });

  test("a wrong qualification is refused, and nothing is recorded", async () => {
    await store.import(from, [{ id: "a", signals: pdq(hash(0)) }]);
    const decision = matcher.check(query(hash(0)));
    const { revision } = store;
    expect(() => matcher.qualify(decision, { labels: ["no scheme"] })).toThrow("label");
    expect(() => matcher.qualify(decision, { labels: "x:1" as never })).toThrow("labels");
    expect(() => matcher.qualify(decision, { labels: [], by: "" })).toThrow("by");
    expect(() => matcher.qualify(decision, { labels: [], entryNumber: 7 })).toThrow("entryNumber");
    expect(() => matcher.qualify(matcher.check(query(hash(5))), { labels: [] })).toThrow("entryNumber");
    expect(store.revision).toBe(revision);
  });
});

describe("the same bytes", () => {
  let image: Buffer;
  const digest = (name: string, bytes: Buffer = image): string => createHash(name).update(bytes).digest("hex");
  beforeEach(async () => {
    image = await sharp(grey, { raw: { width, height, channels: 1 } })
      .png()
      .toBuffer();
  });

  test.each(["md5", "sha1", "sha256"] as const)(
    "the %s of a file matches in addition to the hash of its image",
    async (type) => {
      const { hash: known } = await hashImage(image);
      await store.import(from, [
        { id: "bytes", signals: [{ type, value: digest(type) }] },
        { id: "image", signals: pdq(known) },
      ]);
      const path = join(folder, "upload.png");
      writeFileSync(path, image);
      async function* stream(): AsyncGenerator<Uint8Array> {
        for (let at = 0; at < image.length; at += 1000) yield image.subarray(at, at + 1000);
      }
      for (const input of [image, path, stream()]) {
        const { action, matches, query: requested } = await matcher.checkImage(input);
        expect(action).toBe("block");
        expect(matches.map(({ entryId, kind, distance }) => [entryId, kind, distance])).toEqual([
          ["bytes", "exact", 0],
          ["image", "near", 0],
        ]);
        expect(requested.digests).toEqual({ md5: digest("md5"), sha1: digest("sha1"), sha256: digest("sha256") });
      }
      const other = await matcher.checkImage(Buffer.concat([image, Buffer.of(0)]));
      expect(other.matches.map(({ entryId }) => entryId)).toEqual(["image"]);
      const pixels = await matcher.checkImage({ data: Uint8Array.from(grey), width, height, channels: 1 });
      expect(pixels.matches.map(({ entryId }) => entryId)).toEqual(["image"]);
      expect(pixels.query.digests).toBeUndefined();
    },
  );

  test("a damaged image matches by its bytes where they are known, and is an error otherwise", async () => {
    const damaged = image.subarray(0, image.length >> 1);
    await expect(matcher.checkImage(damaged)).rejects.toMatchObject({ code: "ERR_EMPREINTE_CORRUPT" });
    await store.import(from, [{ id: "cut", signals: [{ type: "sha256", value: digest("sha256", damaged) }] }]);
    const decision = await matcher.checkImage(damaged);
    expect(decision).toMatchObject({ action: "block", matches: [{ entryId: "cut", kind: "exact" }] });
    expect(decision.reasons).toContain("there is no image hash: only the bytes are matched");
    expect(matcher.explain(decision).same).toBe(true);
    await expect(matcher.checkImage(Buffer.from("text, no image"))).rejects.toMatchObject({
      code: "ERR_EMPREINTE_UNSUPPORTED_FORMAT",
    });
  });

  test("a stream that never ends is abandoned with the signal's reason", async () => {
    async function* stuck(): AsyncGenerator<Uint8Array> {
      yield image.subarray(0, 100);
      await new Promise(() => undefined);
    }
    const signal = AbortSignal.timeout(100);
    await expect(matcher.checkImage(stuck(), { signal })).rejects.toMatchObject({ name: "TimeoutError" });
  });

  test("digests alone are a query, and nothing at all is not", async () => {
    await store.import(from, [{ id: "v", signals: [{ type: "md5", value: digest("md5") }] }]);
    expect(matcher.check({ digests: { md5: digest("md5").toUpperCase() } }).matches).toMatchObject([{ entryId: "v" }]);
    expect(() => matcher.check({})).toThrow("hash or digests");
  });

  test("a matcher with audit logs its decisions, with 8 digits of the hash at most", async () => {
    const { hash: known } = await hashImage(image);
    await store.import(from, [{ id: "a", signals: pdq(known) }]);
    const logging = new Matcher(store, { audit: true });
    await logging.checkImage(image);
    logging.check(query(hash(3)));
    await matcher.checkImage(image);
    const log = store.audit().filter(({ what }) => what === "decision");
    expect(log).toMatchObject([
      {
        revision: store.revision,
        detail: { action: "block", upload: known.slice(0, 8), matches: [{ entryNumber: 1 }], of: 1 },
      },
    ]);
    expect(JSON.stringify(log)).not.toContain(known.slice(0, 9));
  });
});
