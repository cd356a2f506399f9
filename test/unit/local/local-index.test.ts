import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hashDistance, hashPixelsSync, orientationNames } from "../../../dist/index.js";
import type { LocalRecord } from "../../../dist/doors/local.js";
import { LocalIndex, registerLocal } from "../../../dist/doors/local.js";
import { withFurniture } from "../../../dist/evaluate/generated/similar.js";
import { Random } from "../../../dist/evaluate/random.js";
import {
  at,
  fromEach,
  mirrored,
  negative,
  quarterTurn,
  type Rgb,
  scene,
  upsideDown,
} from "../../support/image/altered.ts";
import { recordOf } from "../../support/local-record.ts";

const originals = Array.from({ length: 6 }, (_, i) => scene(40 + i, 480, 360));
const records: LocalRecord[] = [];
const index = new LocalIndex();
const folder = mkdtempSync(join(tmpdir(), "empreinte-local-"));

beforeAll(async () => {
  for (const [i, original] of originals.entries()) {
    records.push(await registerLocal(original));
    index.add(100 + i, records[i]!, { tag: i });
  }
});
afterAll(() => {
  index.close();
  rmSync(folder, { recursive: true });
});

/** A rectangle of an image, by its place in pixels. */
function crop(image: Rgb, left: number, top: number, right: number, bottom: number): Rgb {
  const sample = at(image);
  return fromEach(right - left, bottom - top, (x, y) => sample(left + x, top + y));
}
/** An image of a size that none of the originals has. */
const other = (): Rgb => scene(90, 520, 300);
/** An image pasted into another one. */
function inside(onto: Rgb, { data, width, height }: Rgb, left: number, top: number): Rgb {
  const [under, over] = [at(onto), at({ data, width, height, channels: 3 })];
  return fromEach(onto.width, onto.height, (x, y) => {
    const within = x >= left && y >= top && x < left + width && y < top + height;
    return within ? over(x - left, y - top) : under(x, y);
  });
}

describe("a LocalIndex finds an original in", () => {
  const third = (image: Rgb): Rgb => crop(image, 120, 90, 280, 220);
  const cases: Record<string, (image: Rgb) => Rgb> = {
    "the image itself": (image) => image,
    "a third of it": third,
    "a third of it, mirrored": (image) => mirrored(third(image)),
    "a third of it, turned by 90°": (image) => quarterTurn(third(image)),
    "a third of it inside another image": (image) =>
      inside(scene(91, 640, 480), crop(image, 60, 40, 340, 300), 200, 150),
  };
  for (const [name, alter] of Object.entries(cases)) {
    test(`${name}`, async () => {
      const { tier, matches, crowded } = await index.searchImage(alter(originals[2]!), { negative: "never" });
      expect(tier).toBe("match");
      expect(matches.map(({ id }) => id)).toEqual([102]);
      expect(crowded).toBe(false);
      const [{ local, supportCount, distance }] = matches as [(typeof matches)[number]];
      expect(local.inliers).toBeGreaterThanOrEqual(6);
      expect(local.support).toBeGreaterThanOrEqual(local.inliers);
      expect(local.seen).toBeGreaterThanOrEqual(local.support);
      expect(supportCount).toBe(local.support);
      expect(distance).toBeLessThanOrEqual(72);
    });
  }

  test("its negative, at the very end only", async () => {
    const image = negative(originals[1]!);
    const without = await index.searchImage(image, { negative: "never" });
    const { tier, matches, lookups } = await index.searchImage(image);
    expect(without.tier).toBe("none");
    expect({ tier, negative: matches[0]?.local.negative }).toEqual({ tier: "match", negative: true });
    expect(lookups).toBe(2 * without.lookups);
  });
});

describe("a match says", () => {
  test("where the original is in the query, within 1 % of the side", async () => {
    // 160 × 120 of the original at 120, 90, shown at its own size in the corner of another image.
    const part = crop(originals[3]!, 120, 90, 240, 180);
    const { matches } = await index.searchImage(inside(scene(92, 640, 480), part, 300, 200));
    const corners = [
      [300 - 120, 200 - 90],
      [300 - 120 + 480, 200 - 90],
      [300 - 120 + 480, 200 - 90 + 360],
      [300 - 120, 200 - 90 + 360],
    ].map(([x, y]) => [x! / 640, y! / 480]);
    expect(matches[0]?.id).toBe(103);
    matches[0]!.region.forEach(([x, y], i) => {
      expect(Math.abs(x - corners[i]![0]!)).toBeLessThan(0.01);
      expect(Math.abs(y - corners[i]![1]!)).toBeLessThan(0.01);
    });
    // The part that is shown: 120 … 360 of 480, 90 … 270 of 360.
    const { left, top, right, bottom } = matches[0]!.local.part;
    expect(left).toBeGreaterThan(0.24);
    expect(top).toBeGreaterThan(0.24);
    expect(right).toBeLessThan(0.76);
    expect(bottom).toBeLessThan(0.76);
  });

  test("the same orientation as the hashes of all orientations do", async () => {
    const image = originals[0]!;
    const { hash } = hashPixelsSync(image);
    const turns = [
      (i: Rgb) => i,
      quarterTurn,
      upsideDown,
      (i: Rgb) => quarterTurn(upsideDown(i)),
      mirrored,
      (i: Rgb) => mirrored(upsideDown(i)),
      (i: Rgb) => mirrored(quarterTurn(i)),
      (i: Rgb) => mirrored(quarterTurn(upsideDown(i))),
    ];
    const seen = new Set<string>();
    for (const turn of turns) {
      const query = turn(image);
      const { orientations } = hashPixelsSync(query, { orientations: true });
      const nearest = orientationNames.toSorted(
        (a, b) => hashDistance(orientations![a], hash) - hashDistance(orientations![b], hash),
      )[0]!;
      const { matches } = await index.searchImage(query, { negative: "never" });
      expect(matches[0]?.orientation).toBe(nearest);
      expect(matches[0]?.local.mirrored).toBe(nearest.startsWith("flip"));
      seen.add(nearest);
    }
    expect(seen.size).toBe(8);
  });
});

describe("a LocalIndex", () => {
  test("finds nothing in an image that shows none of its originals, nor in an image without points", async () => {
    const { tier, matches, points } = await index.searchImage(other());
    expect({ tier, matches }).toEqual({ tier: "none", matches: [] });
    expect(points).toBeGreaterThan(50);
    const plain = await index.searchImage(fromEach(300, 200, () => [90, 90, 90]));
    expect(plain).toMatchObject({ tier: "none", points: 0, lookups: 0, candidates: 0 });
  });

  test("searches the tags that are given", async () => {
    const found = async (tags: number[]): Promise<string> => (await index.searchImage(originals[4]!, { tags })).tier;
    expect([await found([4]), await found([1, 2]), await found([])]).toEqual(["match", "none", "none"]);
  });

  test("finds an original no longer once it was removed, and keeps no row of it", async () => {
    using own = new LocalIndex();
    own.add(1, records[0]!);
    own.add(2, records[1]!);
    expect(own.stats().rows).toBe(records[0]!.points + records[1]!.points);
    own.remove(1);
    expect({ size: own.size, rows: own.stats().rows }).toEqual({ size: 1, rows: records[1]!.points });
    expect((await own.searchImage(originals[0]!)).matches).toEqual([]);
    expect((await own.searchImage(originals[1]!)).tier).toBe("match");
    own.add(1, records[0]!);
    expect((await own.searchImage(originals[0]!)).matches[0]?.id).toBe(1);
  });

  test("finds the new record after a replacement, and keeps no row of the old one", async () => {
    using own = new LocalIndex();
    own.add(1, records[0]!);
    own.replace(1, records[1]!, { tag: 9 });
    expect(own.stats().rows).toBe(records[1]!.points);
    expect((await own.searchImage(originals[0]!)).matches).toEqual([]);
    expect((await own.searchImage(originals[1]!, { tags: [9] })).matches[0]?.id).toBe(1);
  });

  test("does not report an original that is removed while it is searched", async () => {
    using own = new LocalIndex();
    own.add(1, records[0]!);
    const searching = own.searchImage(originals[0]!);
    own.remove(1);
    expect((await searching).matches).toEqual([]);
  });

  test("finds two images by an interface of which a record comes with the library, unless that is benign", async () => {
    const [listed, query] = await Promise.all(
      ["listed", "query"].map(async (name): Promise<Rgb> => {
        const { data, width, height } = await withFurniture("same-banner", 1, new Random("unseen", name));
        return { data, width, height, channels: 3 };
      }),
    );
    const record = await registerLocal(listed!);
    using plain = new LocalIndex();
    plain.add(1, record);
    expect((await plain.searchImage(query!)).tier).toBe("match");
    await plain.benignShipped();
    await plain.benignShipped();
    expect((await plain.searchImage(query!)).tier).toBe("none");
    expect((await plain.searchImage(listed!)).matches[0]?.id).toBe(1);
    const path = join(folder, "shipped.local");
    const key = randomBytes(32);
    await plain.save(path, { key });
    using again = await LocalIndex.open(path, { key });
    expect((await again.searchImage(query!)).tier).toBe("none");
    plain.close();
    await expect(plain.benignShipped()).rejects.toMatchObject({ code: "ERR_EMPREINTE_CLOSED" });
  });

  test("leaves out what a benign image shows, whether it came before or after the original", async () => {
    // The left half of the original is that of the benign image: an interface, with something else beside it.
    const left = crop(originals[5]!, 0, 0, 240, 360);
    const benign = await registerLocal(inside(scene(93, 480, 360), left, 0, 0), { most: 400 });
    const whole = await registerLocal(originals[5]!);
    const query = inside(scene(94, 480, 360), left, 0, 0);
    for (const before of [true, false]) {
      using own = new LocalIndex();
      if (before) own.benign(benign);
      own.add(7, whole);
      if (!before) {
        expect((await own.searchImage(query)).tier).toBe("match");
        own.benign(benign);
      }
      expect(own.stats().rows).toBeLessThan(whole.points);
      expect((await own.searchImage(query)).tier).not.toBe("match");
      expect((await own.searchImage(originals[5]!)).matches[0]?.id).toBe(7);
      own.remove(7);
      expect(own.stats().rows).toBe(0);
    }
  });

  test("says that it is crowded where more than 64 originals have enough votes, and looks at 64", async () => {
    using own = new LocalIndex();
    // Each descriptor is in at most 40 entries, so that none is common: many records of a few points each.
    const bytes = records[0]!.toBytes();
    const groups = Math.floor(records[0]!.points / 40);
    for (let copy = 0; copy < 30; copy++) {
      for (let group = 0; group < groups; group++) own.add(groups * copy + group, recordOf(bytes, 40 * group, 40));
    }
    const { candidates, crowded, matches } = await own.searchImage(originals[0]!, { negative: "never" });
    expect(candidates).toBeGreaterThan(64);
    expect(crowded).toBe(true);
    expect(matches.length).toBeLessThanOrEqual(64);
  });

  test("drops descriptors that 64 rows have", async () => {
    using own = new LocalIndex();
    for (let i = 0; i < 70; i++) own.add(i, records[0]!);
    const { candidates, tier } = await own.searchImage(originals[0]!, { negative: "never" });
    expect({ candidates, tier }).toEqual({ candidates: 0, tier: "none" });
  });
});

describe("a file of a LocalIndex", () => {
  const key = randomBytes(32);
  const path = join(folder, "index.local");

  test("gives the same answers, and shows no record to who has no key", async () => {
    using benign = new LocalIndex();
    benign.benign(await registerLocal(other()));
    for (const [i, record] of records.entries()) benign.add(i, record, { tag: i });
    await benign.save(path, { key });
    using again = await LocalIndex.open(path, { key });
    expect([again.size, again.stats().rows]).toEqual([benign.size, benign.stats().rows]);
    const query = crop(originals[2]!, 100, 80, 300, 240);
    expect(await again.searchImage(query, { tags: [2] })).toEqual(await benign.searchImage(query, { tags: [2] }));
    const file = readFileSync(path);
    for (const record of records) {
      const bytes = Buffer.from(record.toBytes());
      expect(file.includes(bytes.subarray(0, 4))).toBe(false);
      for (let at = 24; at < bytes.length; at += 38) expect(file.includes(bytes.subarray(at + 6, at + 38))).toBe(false);
    }
    if (process.platform !== "win32") expect(statSync(path).mode & 0o777).toBe(0o600);
    // The same records are sealed otherwise each time.
    await benign.save(path, { key });
    expect(readFileSync(path).equals(file)).toBe(false);
  });

  test("of an empty index is opened as one", async () => {
    using empty = new LocalIndex();
    await empty.save(path, { key });
    using again = await LocalIndex.open(path, { key });
    expect(again.size).toBe(0);
  });

  test("is refused with another key, and wherever a byte of it was changed or is missing", async () => {
    using own = new LocalIndex();
    own.add(3, records[3]!);
    await own.save(path, { key });
    const file = readFileSync(path);
    await expect(LocalIndex.open(path, { key: randomBytes(32) })).rejects.toMatchObject({
      code: "ERR_EMPREINTE_INDEX_FILE",
      message: expect.stringContaining("the key is another one, or the file is damaged") as string,
    });
    const bad = join(folder, "bad.local");
    const refused = async (bytes: Uint8Array): Promise<void> => {
      writeFileSync(bad, bytes);
      await expect(LocalIndex.open(bad, { key })).rejects.toMatchObject({ code: "ERR_EMPREINTE_INDEX_FILE" });
    };
    for (const at of [0, 8, 12, 43, 44, 47, 48, 1000, file.length - 17, file.length - 1]) {
      const changed = Buffer.from(file);
      changed[at]! ^= 1;
      await refused(changed);
    }
    for (const length of [0, 11, 44, 46, 48, file.length - 1]) await refused(file.subarray(0, length));
    await refused(Buffer.concat([file, Buffer.alloc(1)]));
  });

  test("of several pieces is refused when a piece is missing, moved or cut off", async () => {
    using own = new LocalIndex();
    const pieces = 3;
    for (let i = 0; i < (pieces * 2 ** 20) / records[0]!.toBytes().length; i++) own.add(i, records[0]!);
    await own.save(path, { key });
    const file = readFileSync(path);
    const cuts = [44];
    while (cuts.at(-1)! < file.length) cuts.push(cuts.at(-1)! + 20 + file.readUInt32LE(cuts.at(-1)));
    expect(cuts.length).toBeGreaterThan(3);
    const parts = cuts.slice(1).map((end, i) => file.subarray(cuts[i], end));
    const head = file.subarray(0, 44);
    const bad = join(folder, "bad.local");
    for (const some of [parts.slice(1), parts.slice(0, -1), [parts[1]!, parts[0]!, ...parts.slice(2)]]) {
      writeFileSync(bad, Buffer.concat([head, ...some]));
      await expect(LocalIndex.open(bad, { key })).rejects.toMatchObject({ code: "ERR_EMPREINTE_INDEX_FILE" });
    }
    using again = await LocalIndex.open(path, { key });
    expect(again.size).toBe(own.size);
  });

  test("that is not there cannot be read", async () => {
    await expect(LocalIndex.open(join(folder, "none"), { key })).rejects.toMatchObject({ code: "ERR_EMPREINTE_READ" });
  });

  test("leaves the caller's key as it is", async () => {
    using own = new LocalIndex();
    const mine = Buffer.alloc(32, 5);
    await own.save(path, { key: mine });
    (await LocalIndex.open(path, { key: mine })).close();
    expect(mine.equals(Buffer.alloc(32, 5))).toBe(true);
  });

  test("needs a key of 32 bytes, which no error shows", async () => {
    using own = new LocalIndex();
    const short = new Uint8Array(31).fill(7);
    const saving = own.save(path, { key: short });
    await expect(saving).rejects.toMatchObject({ code: "ERR_EMPREINTE_INVALID_ARGUMENT" });
    await expect(saving).rejects.not.toThrow(/7, ?7/);
    await expect(own.save(path, { key: "secret" as unknown as Uint8Array })).rejects.not.toThrow(/secret/);
    // @ts-expect-error: there is no file without a key
    await expect(own.save(path)).rejects.toMatchObject({ code: "ERR_EMPREINTE_INVALID_ARGUMENT" });
  });
});

describe("arguments of a LocalIndex", () => {
  const invalid = expect.objectContaining({ code: "ERR_EMPREINTE_INVALID_ARGUMENT" }) as Error;

  test("that are wrong are refused, and nothing changes", () => {
    using own = new LocalIndex();
    own.add(1, records[0]!);
    for (const wrong of [
      () => own.add(-1, records[1]!),
      () => own.add(2, records[1]!, { tag: 255 }),
      () => own.add(2, records[1]!.toBytes() as unknown as LocalRecord),
      () => own.replace(1, {} as LocalRecord),
      () => own.benign(undefined as unknown as LocalRecord),
      () => new LocalIndex({ radius: 32 }),
      () => new LocalIndex({ memory: "much" as "full" }),
    ]) {
      expect(wrong).toThrow(invalid);
    }
    expect(() => own.add(1, records[1]!)).toThrow(
      expect.objectContaining({ code: "ERR_EMPREINTE_DUPLICATE_ID" }) as Error,
    );
    expect(() => own.remove(2)).toThrow(expect.objectContaining({ code: "ERR_EMPREINTE_UNKNOWN_ID" }) as Error);
    expect(() => own.replace(2, records[1]!)).toThrow(
      expect.objectContaining({ code: "ERR_EMPREINTE_UNKNOWN_ID" }) as Error,
    );
    expect({ size: own.size, rows: own.stats().rows }).toEqual({ size: 1, rows: records[0]!.points });
  });

  test("of a search that are wrong are refused", async () => {
    await expect(index.searchImage(originals[0]!, { tags: [300] })).rejects.toThrow(invalid);
    await expect(index.searchImage(originals[0]!, { negative: "first" as "last" })).rejects.toThrow(invalid);
    await expect(index.searchImage(originals[0]!, { signal: AbortSignal.abort(new Error("ended")) })).rejects.toThrow(
      "ended",
    );
  });

  test("are of no use after close", async () => {
    const own = new LocalIndex();
    own.close();
    own.close();
    const closed = expect.objectContaining({ code: "ERR_EMPREINTE_CLOSED" }) as Error;
    expect(own.size).toBe(0);
    expect(() => own.add(1, records[0]!)).toThrow(closed);
    expect(() => own.has(1)).toThrow(closed);
    await expect(own.searchImage(originals[0]!)).rejects.toThrow(closed);
    await expect(own.save(join(folder, "closed"), { key: randomBytes(32) })).rejects.toThrow(closed);
  });
});
