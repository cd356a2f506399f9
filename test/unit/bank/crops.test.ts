/** Hashes of parts of an image in a bank: one entry with the image's own, weaker than it, and gone with it. */
import Libsql from "libsql";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { BankStore, type Decision, type EntryInput, Matcher } from "../../../dist/doors/bank.js";
import { hashPixelsSync, hashWithCrops } from "../../../dist/index.js";
import { ListWriter, openList, cropListLines } from "../../../dist/doors/lists.js";
import { crop, scene } from "../../support/image/altered.ts";
import { hashAt, hex, randomHashes } from "../../support/hashes.ts";

const hashes = randomHashes(200, 4711);
/** Hash i with its first `flips` bits flipped. */
function hash(i: number, flips = 0): string {
  const bytes = Uint8Array.from(hashAt(hashes, i));
  for (let bit = 0; bit < flips; bit++) bytes[bit >> 3]! ^= 128 >> (bit & 7);
  return hex(bytes);
}
const own = (value: string) => ({ type: "pdq" as const, value });
const part = (value: string, crop = "centre-10", quality = 90) => ({
  type: "pdq" as const,
  value,
  quality,
  crop,
});
const from = { bank: "ncii", source: "hotline" };
const named = (entryId: string) => ({ ...from, entryId });

let folder: string;
let path: string;
let store: BankStore;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "empreinte-derived-"));
  path = join(folder, "known.bank");
  store = await BankStore.create(path);
  store.createBank({ name: "ncii", policy: { action: "block" } });
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

const check = (value: string): Decision => new Matcher(store).check({ hash: value, quality: 100, stable: true });
const found = (value: string) =>
  check(value).matches.map(({ entryId, crop, distance, action }) => [entryId, crop, distance, action]);
async function reopen(): Promise<void> {
  await store.close();
  store = await BankStore.open(path);
}

describe("a decision", () => {
  test("an original and its crops are one entry: its own hash blocks, and a crop's asks for a review", async () => {
    const original = scene(5, 400, 300);
    const { hash: whole, quality, crops } = await hashWithCrops(original);
    const signals = [
      { ...own(whole), quality },
      ...crops.map((one) => ({ type: "pdq" as const, value: one.hash, quality: one.quality, crop: one.name })),
    ];
    expect(await store.import(from, [{ id: "a", signals }])).toMatchObject({ added: 1, problems: 0 });
    const cut = hashPixelsSync(crop(original, 0.2, 0.2, 0.2, 0.2));
    for (let round = 0; round < 2; round++) {
      expect(store.size).toBe(1 + crops.length);
      expect(check(whole)).toMatchObject({ action: "block", matches: [{ entryId: "a", distance: 0 }] });
      expect(check(whole).matches[0]).not.toHaveProperty("crop");
      const decision = new Matcher(store).check(cut);
      expect(decision).toMatchObject({ action: "review", matches: [{ entryId: "a", crop: "centre-20" }] });
      expect(decision.matches[0]!.rule).toContain("crop centre-20");
      expect(new Matcher(store).explain(decision).same).toBe(true);
      expect(store.verify()).toEqual([]);
      // From the snapshot the second time.
      expect(existsSync(`${path}.index`)).toBe(true);
      await reopen();
    }
  });

  test("a nearer crop never makes an entry ask for less than the whole image does", async () => {
    await store.import(from, [{ id: "a", signals: [own(hash(0, 20)), part(hash(0))] }]);
    expect(found(hash(0))).toEqual([["a", undefined, 20, "block"]]);
    expect(found(hash(0, 12))).toEqual([["a", undefined, 8, "block"]]);
    // If its own is too far, the part's is what is left.
    store.setPolicy("ncii", { action: "block", radius: 15 });
    expect(found(hash(0))).toEqual([["a", "centre-10", 0, "review"]]);
  });

  test("the policy says what a crop asks for at most", async () => {
    await store.import(from, [{ id: "a", signals: [own(hash(0, 20)), part(hash(0))] }]);
    store.setPolicy("ncii", { action: "block", cropAction: "block" });
    expect(found(hash(0))).toEqual([["a", "centre-10", 0, "block"]]);
    store.setPolicy("ncii", { action: "log", cropAction: "block" });
    expect(found(hash(0))).toEqual([["a", "centre-10", 0, "log"]]);
    store.setPolicy("ncii", { action: "block", cropAction: "log", radius: 15 });
    expect(found(hash(0))).toEqual([["a", "centre-10", 0, "log"]]);
    expect(() => store.setPolicy("ncii", { cropAction: "none" as "log" })).toThrow("cropAction");
  });

  test("a crop of a known false alarm suppresses nothing, and the whole image does", async () => {
    store.createBank({ name: "false alarms", negative: true });
    await store.import(from, [{ id: "a", signals: [own(hash(0, 6))] }]);
    await store.import({ bank: "false alarms", source: "s" }, [{ id: "n", signals: [own(hash(1)), part(hash(0))] }]);
    expect(check(hash(0)).action).toBe("block");
    await store.import({ bank: "false alarms", source: "s" }, [{ id: "n", signals: [own(hash(0, 3)), part(hash(0))] }]);
    expect(check(hash(0))).toMatchObject({ action: "none" });
  });

  test("a crop that is in many uploads floods its entry only where it asks for as much as the entry", async () => {
    const flood = { uploads: 2, seconds: 100 };
    store.setPolicy("ncii", { action: "block", flood });
    await store.import(from, [{ id: "a", signals: [own(hash(0)), part(hash(1))] }]);
    const matcher = new Matcher(store);
    const upload = (i: number) => ({ hash: hash(1, i), quality: 100, stable: true });
    for (let i = 0; i < 6; i++) expect(matcher.check(upload(i)).action).toBe("review");
    expect(store.flooded()).toEqual([]);
    expect(check(hash(0)).action).toBe("block");
    store.setPolicy("ncii", { action: "block", flood, cropAction: "block" });
    for (let i = 0; i < 6; i++) matcher.check(upload(i));
    expect(store.flooded()).toMatchObject([{ entryId: "a" }]);
  });
});

describe("import", () => {
  test("importing the same crops twice changes nothing; another name or value, or none, is a change", async () => {
    const entry = (...signals: NonNullable<EntryInput["signals"]>): EntryInput[] => [{ id: "a", signals }];
    await store.import(from, entry(own(hash(0)), part(hash(1))));
    const revision = store.revision;
    expect(await store.import(from, entry(own(hash(0)), part(hash(1))))).toMatchObject({ unchanged: 1 });
    expect(store.revision).toBe(revision);
    expect(await store.import(from, entry(own(hash(0)), part(hash(1), "square")))).toMatchObject({ changed: 1 });
    expect(found(hash(1))).toMatchObject([["a", "square", 0, "review"]]);
    expect(await store.import(from, entry(own(hash(0)), own(hash(1))))).toMatchObject({ changed: 1 });
    expect(check(hash(1)).action).toBe("block");
    expect(await store.import(from, entry(own(hash(0))))).toMatchObject({ changed: 1 });
    expect(found(hash(1))).toEqual([]);
  });

  test("an entry without an id is recognized by its whole images, with crops or without", async () => {
    await store.import(from, [{ signals: [own(hash(0)), own(hash(1))] }]);
    const richer = [own(hash(0)), part(hash(2)), own(hash(1)), part(hash(3), "square")];
    expect(await store.import(from, [{ signals: richer }])).toMatchObject({ added: 0, changed: 1 });
    await store.close();
    const database = new Libsql(path);
    const one = <T>(sql: string): T => (database.prepare(sql).raw().get([]) as [T])[0];
    const secret = one<Buffer>("SELECT value FROM meta WHERE name = 'secret'");
    const key = one<Buffer>("SELECT digest FROM entry");
    database.close();
    const keyed = (text: string): string =>
      createHash("sha256")
        .update(`${secret.toString("hex")} ${text}`)
        .digest("hex")
        .slice(0, 32);
    expect(key.toString("hex")).toBe(keyed(`entry 1 ~${keyed(`0:${hash(0)} 0:${hash(1)}`)}`));
    store = await BankStore.open(path);
    await store.erase({ hash: hash(2) });
    expect(await store.import(from, [{ signals: [own(hash(0)), own(hash(1))] }])).toMatchObject({ refused: 1 });
  });

  test("crops without a whole image, of another type, with a wrong name or beyond 60 are refused", async () => {
    const many = Array.from({ length: 61 }, (_, i) => part(hash(10 + i), `part-${i}`));
    const bad = [
      [part(hash(0))],
      [own(hash(0)), { ...part("0".repeat(32)), type: "md5" }],
      [own(hash(0)), part(hash(1), hash(1).slice(0, 25))],
      [own(hash(0)), part(hash(1), "Case 7")],
      [own(hash(0)), part(hash(1), "")],
      [own(hash(0)), ...many],
    ] as EntryInput["signals"][];
    const reasons: string[] = [];
    const entries = bad.map((signals, i) => ({ id: `n${i}`, signals: signals! }));
    const options = { onProblem: ({ reason }: { reason: string }) => reasons.push(reason) };
    expect(await store.import(from, entries, options)).toMatchObject({ added: 0, problems: bad.length });
    expect(reasons).toEqual([
      "Expected at most 0 crops for signals but received 1",
      expect.stringContaining("Expected pdq for a signal with a crop for type"),
      expect.stringContaining("for crop"),
      expect.stringContaining("for crop"),
      expect.stringContaining("for crop"),
      "Expected at most 60 crops for signals but received 61",
    ]);
    expect(reasons.join(" ")).not.toContain(hash(1).slice(0, 9));
    const two = [own(hash(0)), own(hash(1)), ...many];
    expect(await store.import(from, [{ id: "two", signals: two }])).toMatchObject({ added: 1, problems: 0 });
  });

  test("a crop that the screening would hold back is left out, and its entry is imported without it", async () => {
    const signals = [own(hash(0)), part("0".repeat(64), "top-20"), part(hash(1)), part(hash(2), "low", 20)];
    const again = { id: "a", signals };
    const counts = await store.import(from, [again]);
    expect(counts).toMatchObject({ added: 1, quarantined: 0, cropsLeftOut: 2 });
    expect(store.entry(named("a"), { crops: true })!.signals.map(({ crop }) => crop)).toEqual([undefined, "centre-10"]);
    expect(await store.import(from, [again])).toMatchObject({ unchanged: 1, cropsLeftOut: 2 });
    const benign = { benign: [hash(1, 3)] };
    expect(await store.import(from, [again], benign)).toMatchObject({ changed: 1, cropsLeftOut: 3 });
    expect(found(hash(1))).toEqual([]);
  });

  test("a store keeps 254 names of crops and calls further ones other", async () => {
    for (let k = 0; k < 5; k++) {
      const signals = Array.from({ length: 60 }, (_, i) => part(hash(10 + i, k), `part-${k}-${i}`));
      await store.import(from, [{ id: `n${k}`, signals: [own(hash(k)), ...signals] }]);
    }
    const names = [0, 1, 2, 3, 4].flatMap((k) =>
      store.entry(named(`n${k}`), { crops: true })!.signals.flatMap(({ crop }) => crop ?? []),
    );
    expect(names.slice(0, 254)).toEqual(Array.from({ length: 254 }, (_, i) => `part-${Math.floor(i / 60)}-${i % 60}`));
    expect(names.slice(254)).toEqual(Array.from({ length: 46 }, () => "other"));
    expect(store.verify()).toEqual([]);
  });
});

describe("what a store answers about crops", () => {
  test("entries are answered without their crops unless the caller wants them, and the log notes an export of crops", async () => {
    const signals = [{ ...own(hash(0)), quality: 80 }, part(hash(1)), part(hash(2), "square", 85)];
    await store.import(from, [{ id: "a", signals }]);
    const plain = { signals: signals.slice(0, 1), cropSignals: 2 };
    expect(store.entry(named("a"))).toMatchObject(plain);
    expect([...store.entries()]).toMatchObject([plain]);
    const all = store.entry(named("a"), { crops: true })!;
    expect(all.signals).toEqual(signals);
    expect(all).not.toHaveProperty("cropSignals");
    expect([...store.entries({ crops: true })]).toEqual([all]);
    expect(() => [...store.entries({ crops: 1 } as object)]).toThrow("crops");
    expect(JSON.stringify(store.changes(0))).not.toContain(hash(1).slice(0, 8));
    store.recordExport({ bank: "ncii", crops: true, to: "plain" });
    expect(store.audit().at(-1)).toMatchObject({ what: "export", detail: { crops: true } });
  });

  test.each(["withdraw", "erase"] as const)("%s removes every crop: no file has the bytes", async (how) => {
    const entries = [0, 1].map((k) => {
      const parts = Array.from({ length: 60 }, (_, i) => part(hash(10 + 60 * k + i), `part-${i}`));
      return { id: `n${k}`, signals: [own(hash(k)), ...parts] };
    });
    await store.import(from, entries);
    await store.import(from, [{ ...entries[0]!, signals: entries[0]!.signals.slice(0, 40) }]);
    await store.saveIndex();
    const lying = (values: string[]): number => {
      const bytes = readdirSync(folder).map((name) => readFileSync(join(folder, name)));
      return values.filter((value) => bytes.some((file) => file.includes(Buffer.from(value.slice(0, 32), "hex"))))
        .length;
    };
    const values = entries[0]!.signals.map(({ value }) => value);
    expect(lying(values)).toBe(61);
    const decision = check(hash(20));
    expect(await store[how]({ ...from, entryId: "n0" })).toMatchObject({ entries: 1, signals: 61 + 40 });
    expect(lying(values)).toBe(0);
    expect(values.flatMap(found)).toEqual([]);
    expect(found(hash(75))).toMatchObject([["n1", "part-5", 0, "review"]]);
    expect(new Matcher(store).explain(decision)).toMatchObject({ same: true, gone: [1] });
    await reopen();
    expect(lying(values)).toBe(0);
    expect(values.flatMap(found)).toEqual([]);
    expect(store.verify()).toEqual([]);
  });
});

test("a store of an older version is refused, with what to do, and stays as it is", async () => {
  await store.import(from, [{ id: "a", signals: [own(hash(0))] }]);
  await store.close();
  const lines = `const { default: L } = await import("libsql"); const d = new L(process.argv[1]);
    d.exec("PRAGMA user_version = 2"); d.close();`;
  const made = spawnSync(process.execPath, ["--input-type=module", "-e", lines, path], { encoding: "utf8" });
  expect(made.stderr).toBe("");
  const before = readFileSync(path);
  await expect(BankStore.open(path)).rejects.toMatchObject({
    code: "ERR_EMPREINTE_BANK_FILE",
    message: expect.stringMatching(/known\.bank has store version 2, .* import its lists again$/),
  });
  expect(readFileSync(path).equals(before)).toBe(true);
  store = await BankStore.create(`${path}.new`);
});

describe("a list", () => {
  const registration = {
    hash: hash(0),
    quality: 90,
    stable: true,
    crops: [1, 2, 3].map((i) => ({
      hash: hash(i),
      quality: 90,
      name: `centre-${i}`,
      region: { left: 0, top: 0, right: 1, bottom: 1 },
    })),
  };
  /** Pieces of a few bytes, so that lines of one entry come in different ones. */
  async function* pieces(text: string) {
    for (let at = 0; at < text.length; at += 97) yield Buffer.from(text.slice(at, at + 97));
  }
  async function read(text: string) {
    const problems: string[] = [];
    const list = await openList(pieces(text), { onProblem: ({ line, reason }) => problems.push(`${line}: ${reason}`) });
    const items = [];
    for await (const item of list) items.push(item);
    return { items, problems };
  }
  const names = ({ signals }: { signals: readonly { crop?: string }[] }) => signals.map(({ crop }) => crop);

  test.each(["case 7", "", ' "quoted", and spaces ', "a;crop= b"])(
    "crop lines are one entry with the line of the image that they follow: %j",
    async (metadata) => {
      const marked = metadata.includes(";crop=");
      const text = marked
        ? [`${hash(0)},${metadata}`, ...[1, 2, 3].map((i) => `${hash(i)},${metadata};crop=centre-${i}`)]
        : cropListLines(registration, metadata, { crops: true });
      const { items, problems } = await read([`${hash(9)},first`, ...text, `${hash(8)},${metadata}`, ""].join("\n"));
      expect(problems).toEqual([]);
      expect(items.map(({ signals, position }) => [signals.length, position!.entry, position!.line])).toEqual([
        [1, 1, 1],
        [4, 2, 2],
        [1, 3, 6],
      ]);
      expect(names(items[1]!)).toEqual([undefined, "centre-1", "centre-2", "centre-3"]);
      expect(await store.import(from, items)).toMatchObject({ added: 3, problems: 0 });
      expect(check(hash(2)).matches).toMatchObject([{ entryNumber: 2, crop: "centre-2", action: "review" }]);
      // Written again, it is the same list.
      const writer = new ListWriter("plain");
      const again = await read(items.map((entry) => writer.entry(entry)).join(""));
      const said = (some: typeof items) => some.map((entry) => ({ ...entry, position: undefined }));
      expect(said(again.items)).toEqual(said(items));
      expect(writer.leftOut).toEqual({});
    },
  );

  test("a crop line without its image's line before it is a problem, and no other image's crop", async () => {
    const sorted = [
      `${hash(1)},case 7;crop=centre-1`,
      `${hash(9)},case 8`,
      `${hash(2)},case 7;crop=centre-2`,
      `${hash(0)},case 7`,
      "no hash",
      `${hash(3)},case 7;crop=centre-3`,
      `${hash(4)},case 9;crop=Not A Part`,
    ];
    const { items, problems } = await read(sorted.join("\n"));
    expect(items.map((entry) => [entry.signals[0]!.value, names(entry)])).toEqual([
      [hash(9), [undefined]],
      [hash(0), [undefined]],
      [hash(4), [undefined]],
    ]);
    expect(problems.map((text) => text.slice(0, 21))).toEqual([
      "1: a crop line has to",
      "3: a crop line has to",
      expect.stringMatching(/^5: /),
      "6: a crop line has to",
    ]);
    const many = [`${hash(0)},x`, ...Array.from({ length: 62 }, (_, i) => `${hash(10 + i)},x;crop=part-${i}`)];
    const bounded = await read(many.join("\n"));
    expect(bounded.items.map(({ signals }) => signals.length)).toEqual([61]);
    expect(bounded.problems).toHaveLength(2);
  });

  test("another format writes crops as hashes like any other, and counts the loss", () => {
    const entry = {
      signals: [{ type: "pdq" as const, value: hash(0) }, part(hash(1))],
      labels: [],
      cases: [],
      status: "active" as const,
    };
    for (const format of ["signal-csv", "stopncii", "vics-2.0"] as const) {
      const writer = new ListWriter(format);
      const text = writer.entry(entry) + writer.end();
      expect(text.toLowerCase()).toContain(hash(1));
      expect(text).not.toContain("centre");
      expect(writer.leftOut).toMatchObject({ crop: 1 });
    }
    // Without an image before it, a crop is a line like any other.
    const plain = new ListWriter("plain");
    expect(plain.entry({ ...entry, signals: [part(hash(1)), part(hash(2))] })).toBe(`${hash(1)}\n${hash(2)}\n`);
    expect(plain.leftOut).toMatchObject({ crop: 1 });
  });
});
