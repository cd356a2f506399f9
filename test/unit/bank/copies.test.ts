/** Altered copies against a bank: what a search for copies finds, decided by the policies. */
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  BankStore,
  type CheckImageOptions,
  type CheckQuery,
  type Decision,
  Matcher,
  type Policy,
} from "../../../dist/doors/bank.js";
import {
  type CopyLevel,
  hashDistance,
  HashIndex,
  hashPixelsSync,
  hashWithCrops,
  type ImageInput,
} from "../../../dist/index.js";
import { at, beside, crop, fromEach, mirrored, negative, type Rgb, scene, turn } from "../../support/image/altered.ts";
import { empreinte } from "../../support/cli.ts";
import { hashAt, hex, randomHashes } from "../../support/hashes.ts";

const originals = Array.from({ length: 4 }, (_, i) => scene(31 + i, 300 + 20 * i, 260));
const others = randomHashes(2000, 77);
/** In a frame of one colour, `share` of its width on each side. */
function framed(image: Rgb, share: number): Rgb {
  const edge = Math.round(share * image.width);
  const sample = at(image);
  const [width, height] = [image.width + 2 * edge, image.height + 2 * edge];
  return fromEach(width, height, (x, y) => {
    const inside = x >= edge && y >= edge && x < width - edge && y < height - edge;
    return inside ? sample(x - edge, y - edge) : [18, 22, 30];
  });
}

/** With a square of one colour over `share` of the width and height, near a corner. */
function covered(image: Rgb, share: number): Rgb {
  const sample = at(image);
  const inside = (at: number, side: number): boolean => at > 0.05 * side && at < (0.05 + share) * side;
  return fromEach(image.width, image.height, (x, y) =>
    inside(x, image.width) && inside(y, image.height) ? [200, 40, 30] : sample(x, y),
  );
}

/** Of two originals what people do to them, and an image that is neither. */
const alterations = originals
  .slice(0, 2)
  .map((original, i) => [
    original,
    mirrored(original),
    negative(original),
    framed(original, 0.12),
    mirrored(framed(original, 0.2)),
    crop(original, 0.02, 0.02, 0.02, 0.02),
    crop(original, 0.05, 0.06, 0.04, 0.05),
    crop(original, 0.07, 0.05, 0.08, 0.06),
    covered(original, 0.3),
    turn(original, 3),
    beside(original, scene(90 + i)),
    scene(60 + i),
  ]);

type QueryCopy = NonNullable<CheckQuery["copies"]>[number];

let folder: string;
let path: string;
let store: BankStore;
let matcher: Matcher;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "empreinte-bank-copies-"));
  path = join(folder, "known.bank");
  store = await BankStore.create(path);
  matcher = new Matcher(store);
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

function bank(name: string, policy: Partial<Policy> = { action: "block" }, negative = false): void {
  store.createBank({ name, policy, negative });
}
async function list(name: string, id: string, image: Rgb | string, more: object = {}): Promise<void> {
  const value = typeof image === "string" ? image : hashPixelsSync(image).hash;
  await store.import({ bank: name, source: "s" }, [{ id, signals: [{ type: "pdq", value, quality: 90 }], ...more }]);
}
const checkCopies = (input: ImageInput, options: CheckImageOptions = {}): Promise<Decision> =>
  matcher.checkImage(input, { level: "standard", ...options });
const plain = (image: Rgb): Decision => matcher.check(hashPixelsSync(image, { orientations: true }));
const found = ({ action, matches }: Decision) => [action, matches.map(({ entryId, kind }) => `${entryId} ${kind}`)];

describe("matches", () => {
  test.each(["fast", "standard", "thorough"] as const)(
    "at %s it finds what a search of an index finds, blocks a match and reviews a review",
    async (level: CopyLevel) => {
      bank("ncii");
      using index = new HashIndex();
      for (const [i, image] of originals.entries()) {
        await list("ncii", String(i), image);
        index.add(i, hashPixelsSync(image).hash);
      }
      const filler = Array.from({ length: 2000 }, (_, i) => ({
        id: `other ${i}`,
        signals: [{ type: "pdq" as const, value: hashAt(others, i) }],
      }));
      await store.import({ bank: "ncii", source: "s" }, filler);
      index.addManySync(
        filler.map((_, i) => 100 + i),
        others,
      );
      const seen = new Set<string>();
      for (const altered of alterations) {
        for (const [k, image] of altered.entries()) {
          const expected = await index.searchImage(image, { level });
          const decision = await matcher.checkImage(image, { level });
          const action = { match: "block", review: "review", none: "none" }[expected.tier];
          expect([k, decision.action]).toEqual([k, action]);
          expect(decision.matches[0]?.entryId).toBe(expected.matches[0] && String(expected.matches[0].id));
          expect(matcher.explain(decision).same).toBe(true);
          seen.add(`${expected.tier} ${decision.matches[0]?.kind ?? ""}`);
        }
      }
      // Otherwise little was compared.
      expect([...seen].sort()).toEqual(
        {
          fast: ["match near", "none "],
          standard: ["match copy", "match near", "none ", "review copy"],
          thorough: ["match copy", "match near", "none ", "review copy"],
        }[level],
      );
    },
    60_000,
  );

  test("a decision says which view is near and where, and can be repeated from what it says", async () => {
    bank("ncii");
    await list("ncii", "a", originals[0]!, { labels: ["x:1"] });
    const upload = mirrored(framed(originals[0]!, 0.2));
    expect(plain(upload).action).toBe("none");
    const decision = await checkCopies(upload);
    expect(decision).toMatchObject({
      action: "block",
      matches: [{ entryId: "a", kind: "copy", orientation: "flipY", tier: "match", view: "trimmed", quality: 90 }],
      prequalification: { labels: [{ scheme: "x", code: "1" }] },
    });
    const [{ distance, region, rule }] = decision.matches as [Decision["matches"][0]];
    expect(rule).toContain(`distance ${distance} of at most 31`);
    expect(rule).toContain("by the view trimmed");
    const edge = 0.2 / 1.4;
    const [x, y] = region![0]!;
    expect(Math.min(Math.abs(x - edge), Math.abs(1 - x - edge))).toBeLessThan(0.02);
    expect(y).toBeGreaterThan(0.1);
    // Without the image: a decision is plain data.
    const stored = JSON.parse(JSON.stringify(decision)) as Decision;
    expect(matcher.explain(stored).same).toBe(true);
    expect(found(matcher.check(stored.query))).toEqual(["block", ["a copy"]]);
    await store.withdraw({ bank: "ncii", source: "s", entryId: "a" });
    expect(matcher.explain(stored)).toMatchObject({ same: true, gone: [1] });
    expect(found(matcher.check(stored.query))).toEqual(["none", []]);
  });

  test("a file is matched by bytes and image at once, and a refused image by its bytes", async () => {
    bank("ncii");
    await list("ncii", "a", originals[0]!);
    const { data, width, height } = framed(originals[0]!, 0.2);
    const file = join(folder, "upload.png");
    await sharp(data as Uint8Array, { raw: { width, height, channels: 3 } })
      .png()
      .toFile(file);
    const decision = await checkCopies(file, { all: true });
    expect(found(decision)).toEqual(["block", ["a copy"]]);
    expect(decision.query.digests?.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(await matcher.checkImage(file)).toMatchObject({ query: { hash: decision.query.hash } });
    const broken = join(folder, "broken.png");
    const cut = readFileSync(file).subarray(0, 200);
    writeFileSync(broken, cut);
    await expect(checkCopies(broken)).rejects.toMatchObject({ name: "ImageError" });
    const value = createHash("md5").update(cut).digest("hex");
    await store.import({ bank: "ncii", source: "s" }, [{ id: "bytes", signals: [{ type: "md5", value }] }]);
    expect(found(await checkCopies(broken))).toEqual(["block", ["bytes exact"]]);
    await expect(matcher.checkImage(file, { level: "deep" as "fast" })).rejects.toThrow("level");
    await expect(checkCopies(file, { radius: 3 } as object)).rejects.toThrow("radius");
    await expect(checkCopies(file, { maxPixels: 10 })).rejects.toMatchObject({ code: "ERR_EMPREINTE_LIMIT" });
    await expect(checkCopies(file, { signal: AbortSignal.abort(new Error("no")) })).rejects.toThrow("no");
  });
});

describe("policies", () => {
  /** A query that was seen near signal 0, `bits` off. */
  function near(bits: number, tier: "match" | "review", more: Partial<QueryCopy> = {}): CheckQuery {
    const bytes = Uint8Array.from(hashAt(others, 0));
    for (let bit = 0; bit < bits; bit++) bytes[bit >> 3]! ^= 128 >> (bit & 7);
    const copy: QueryCopy = {
      signal: 0,
      hash: hex(bytes),
      quality: 90,
      tier,
      view: "trimmed",
      supportCount: 2,
      ...more,
    };
    return { hash: hex(hashAt(others, 99)), quality: 90, stable: true, copies: [copy] };
  }
  const decided = (query: CheckQuery): string => matcher.check(query).action;

  test("a copy for review never blocks, nor does a copy that claims to be nearer than it is", async () => {
    bank("ncii");
    await list("ncii", "a", hex(hashAt(others, 0)));
    expect([0, 31].map((bits) => decided(near(bits, "match")))).toEqual(["block", "block"]);
    expect([0, 31, 32, 50].map((bits) => decided(near(bits, "review")))).toEqual(Array(4).fill("review"));
    expect([32, 50, 51].map((bits) => decided(near(bits, "match")))).toEqual(["review", "review", "none"]);
    const aligned = [34, 35, 50, 51].map((bits) => decided(near(bits, "match", { view: "aligned" })));
    expect(aligned).toEqual(["block", "review", "review", "none"]);
    const bad = [{ ...near(0, "match").copies![0]!, tier: "sure" }, { signal: 0 }, null, "x"];
    for (const one of bad) {
      const query = { ...near(0, "match"), copies: [one as QueryCopy] };
      expect(() => matcher.check(query)).toThrow(/^Expected .* but received /);
    }
  });

  test("each bank uses its own radius, quality, orientations, labels, pauses and share", async () => {
    bank("ncii");
    await list("ncii", "a", hex(hashAt(others, 0)), { labels: ["x:1"] });
    const under = (policy: Partial<Policy>, query: CheckQuery): string => {
      store.setPolicy("ncii", { action: "block", ...policy });
      return decided(query);
    };
    expect([10, 11].map((bits) => under({ radius: 10 }, near(bits, "match")))).toEqual(["block", "none"]);
    expect([10, 11].map((bits) => under({ radius: 10 }, near(bits, "review")))).toEqual(["review", "none"]);
    expect([31, 32, 45].map((bits) => under({ radius: 100 }, near(bits, "match")))).toEqual([
      "block",
      "review",
      "review",
    ]);
    expect([80, 91].map((minQuality) => under({ minQuality }, near(3, "match")))).toEqual(["block", "none"]);
    expect(under({ minQuality: 80 }, near(3, "match", { quality: 79 }))).toBe("none");
    expect(under({ orientations: ["orig"] }, near(3, "match", { orientation: "flipY" }))).toBe("none");
    expect(under({ orientations: ["flipY"] }, near(3, "match", { orientation: "flipY" }))).toBe("block");
    expect([["x:1"], ["x:2"]].map((labels) => under({ labels }, near(3, "match")))).toEqual(["block", "none"]);
    expect(under({ matchRatio: 1e-9 }, near(3, "match"))).toBe("none");
    expect(under({ action: "log" }, near(3, "review"))).toBe("log");
    expect(under({}, near(3, "match"))).toBe("block");
    store.disable({ entryNumber: 1 }, "2999-01-01");
    expect(decided(near(3, "match"))).toBe("none");
  });

  test("a false alarm inside the upload suppresses, one for review does not, and neither floods", async () => {
    const flood = { uploads: 1, seconds: 100 };
    bank("ncii", { action: "block", flood });
    bank("false alarms", {}, true);
    await list("ncii", "a", hex(hashAt(others, 0)));
    await list("false alarms", "n", hex(hashAt(others, 0)));
    const both = (tier: "match" | "review"): CheckQuery => {
      const query = near(5, "match");
      return { ...query, copies: [...query.copies!, { ...query.copies![0]!, signal: 1, tier }] };
    };
    expect(decided(both("match"))).toBe("none");
    expect(decided(both("review"))).toBe("block");
    for (let i = 0; i < 3; i++) {
      const upload = hex(hashAt(others, 200 + i));
      expect(decided({ ...near(5, "review"), hash: upload })).toBe("review");
    }
    expect(store.flooded()).toEqual([]);
    for (let i = 0; i < 3; i++) decided({ ...near(5, "match"), hash: hex(hashAt(others, 300 + i)) });
    expect(store.flooded()).toMatchObject([{ entryId: "a" }]);
  });

  test("a match of a weaker bank does not end the search for a stronger one", async () => {
    bank("seen before", { action: "log" });
    bank("ncii");
    const collage = beside(scene(91), originals[1]!);
    await list("seen before", "whole", collage);
    await list("ncii", "right", originals[1]!);
    expect(found(plain(collage))).toEqual(["log", ["whole near"]]);
    expect(found(await checkCopies(collage))).toEqual(["block", ["whole near", "right copy"]]);
    // And a match that the bank does not count ends nothing.
    store.setPolicy("ncii", { action: "block", orientations: ["flipY"] });
    expect(found(await checkCopies(collage))).toEqual(["log", ["whole near"]]);
  });

  test("a large crop is found by the hash of a crop, for review unless the policy allows more", async () => {
    bank("ncii");
    const { hash, quality, crops } = await hashWithCrops(originals[2]!);
    const parts = crops.map((one) => ({
      type: "pdq" as const,
      value: one.hash,
      quality: one.quality,
      crop: one.name,
    }));
    const signals = [{ type: "pdq" as const, value: hash, quality }, ...parts];
    await store.import({ bank: "ncii", source: "s" }, [{ id: "a", signals }]);
    const upload = framed(crop(originals[2]!, 0.2, 0.2, 0.2, 0.2), 0.15);
    const decision = await checkCopies(upload);
    expect(decision).toMatchObject({ action: "review", matches: [{ crop: "centre-20", kind: "copy" }] });
    expect(matcher.explain(decision).same).toBe(true);
    expect((await checkCopies(framed(originals[2]!, 0.15))).action).toBe("block");
    store.setPolicy("ncii", { action: "block", cropAction: "block" });
    expect((await checkCopies(upload)).action).toBe("block");
  });
});

test("registering crops with an image finds more copies, and never makes a copy ask for less", async () => {
  bank("ncii");
  using index = new HashIndex();
  for (const [i, image] of originals.slice(0, 2).entries()) {
    const { hash, crops } = await hashWithCrops(image);
    const own = { type: "pdq" as const, value: hash };
    const parts = crops.map((one) => ({ ...own, value: one.hash, quality: one.quality, crop: one.name }));
    await store.import({ bank: "ncii", source: "s" }, [{ id: String(i), signals: [own, ...parts] }]);
    index.add(i, hash);
  }
  const rank = ["none", "review", "block"];
  const seen = new Set<string>();
  for (const image of originals.slice(0, 2)) {
    // A crop is nearer to most of these than the whole image, which is within reach only when it is aligned.
    const cuts = [0.04, 0.06, 0.08, 0.12].map((share) => crop(image, share, 0, 0, 0));
    for (const cut of [...cuts, ...[0.03, 0.1].map((share) => crop(image, share, share, share, share))]) {
      const { tier } = await index.searchImage(cut, { level: "standard" });
      const alone = { match: "block", review: "review", none: "none" }[tier];
      const { action } = await checkCopies(cut);
      expect(rank.indexOf(action)).toBeGreaterThanOrEqual(rank.indexOf(alone));
      seen.add(`${alone} ${action}`);
    }
  }
  expect([...seen].sort()).toEqual(["block block", "none review"]);
});

test("every bank that has the same image gets its match, also by alignment", async () => {
  bank("seen before", { action: "log" });
  bank("ncii");
  let aligned = 0;
  for (const [i, image] of originals.slice(0, 3).entries()) {
    for (const name of ["seen before", "ncii"]) await list(name, String(i), image);
    for (const share of [0.06, 0.08, 0.12]) {
      const { matches } = await checkCopies(crop(image, share, 0, 0, 0));
      expect(matches.map((match) => match.bank).sort()).toEqual(matches.length === 0 ? [] : ["ncii", "seen before"]);
      if (matches[0]?.view === "aligned") aligned++;
    }
  }
  expect(aligned).toBeGreaterThan(0);
});

describe("a store that changes meanwhile", () => {
  const searchManyOf = Reflect.get(HashIndex.prototype, "searchMany") as HashIndex["searchMany"];
  afterEach(() => void vi.restoreAllMocks());

  test("an entry that is withdrawn during a search does not match, and other changes do not stop the search", async () => {
    bank("ncii");
    for (const [i, image] of originals.entries()) await list("ncii", String(i), image);
    const many = Array.from({ length: 2000 }, (_, i) => ({
      id: `other ${i}`,
      signals: [{ type: "pdq" as const, value: hashAt(others, i) }],
    }));
    const searchMany = vi.spyOn(HashIndex.prototype, "searchMany");
    for (const [i, image] of originals.entries()) {
      // The first, second, third and fourth look-up of the search waits until the entry is withdrawn.
      let [lookUps, revision] = [0, 0];
      searchMany.mockImplementation(async function (this: HashIndex, ...args) {
        if (++lookUps === i + 1) {
          const batch = many.slice(500 * i, 500 * i + 500);
          await store.import({ bank: "ncii", source: "t" }, batch, { batch: 100 });
          ({ revision } = await store.withdraw({ bank: "ncii", source: "s", entryId: String(i) }));
        }
        return searchManyOf.apply(this, args);
      });
      const decision = await matcher.checkImage(framed(image, 0.2), { level: "thorough", all: true });
      expect(lookUps).toBeGreaterThan(i);
      expect(decision.revision).toBe(revision);
      expect(decision.matches).toEqual([]);
      expect(matcher.explain(decision).same).toBe(true);
    }
    searchMany.mockRestore();
    expect(store.verify()).toEqual([]);
  });

  test("a search while the store is closed gives its decision or fails by its code, and fails afterwards", async () => {
    bank("ncii");
    await list("ncii", "a", originals[0]!);
    const looking = checkCopies(framed(originals[0]!, 0.2), { all: true });
    const closed = { status: "rejected", reason: { code: "ERR_EMPREINTE_CLOSED" } };
    const [ended] = await Promise.allSettled([looking, store.close()]);
    // It may be over before the store is closed.
    expect(ended).toMatchObject(
      ended.status === "rejected"
        ? closed
        : { value: { matches: [expect.objectContaining({ entryId: "a" }) as unknown] } },
    );
    const [after] = await Promise.allSettled([checkCopies(originals[0]!, { all: true })]);
    expect(after).toMatchObject(closed);
    store = await BankStore.open(path);
  });
});

test("scan --bank --level applies the policies to an altered copy and prints its view", async () => {
  bank("ncii");
  await list("ncii", "a", originals[0]!);
  await store.close();
  const save = async (name: string, { data, width, height }: Rgb): Promise<string> => {
    const file = join(folder, name);
    await sharp(data as Uint8Array, { raw: { width, height, channels: 3 } })
      .png()
      .toFile(file);
    return file;
  };
  const upload = await save("framed.png", mirrored(framed(originals[0]!, 0.2)));
  const plainly = await save("plain.png", originals[0]!);
  const other = await save("other.png", scene(77));
  const scan = (...more: string[]) => empreinte(["scan", "--bank", path, ...more]);
  expect(await scan(upload, other)).toMatchObject({ code: 0, stdout: "" });
  const { code, stdout } = await scan("--level", "standard", upload, plainly, other);
  expect(code).toBe(1);
  const rows = stdout.trimEnd().split("\n");
  const field = (i: number): string | undefined => rows[i]?.split("\t").slice(0, 7).join(" ");
  expect(rows).toHaveLength(2);
  expect(field(0)).toMatch(/framed\.png match \d+ ncii\/s\/a flipY trimmed action=block region=/);
  expect(field(1)).toBe(`${plainly} match 0 ncii/s/a orig - action=block`);
  const json = JSON.parse((await scan("--json", "--level", "thorough", upload)).stdout) as Decision;
  expect(json).toMatchObject({
    action: "block",
    matches: [{ kind: "copy", view: "trimmed", tier: "match" }],
  });
  const wrong = [
    ["--level", "deep", upload],
    ["--level", "thorough", "--no-orientations", upload],
    ["--level", "standard", "--radius", "3", upload],
  ];
  for (const { code: status } of await Promise.all(wrong.map((args) => scan(...args)))) expect(status).toBe(64);
  expect(hashDistance(hashPixelsSync(originals[0]!).hash, hashPixelsSync(scene(77)).hash)).toBeGreaterThan(31);
  store = await BankStore.open(path);
});
