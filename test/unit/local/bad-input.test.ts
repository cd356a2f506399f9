/** Images and records that are made to break local fingerprints, or to find what is not there. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { LocalIndex, LocalRecord, registerLocal } from "../../../dist/doors/local.js";
import { at, fromEach, type Rgb, scene } from "../../support/image/altered.ts";
import { recordOf, withChecksum } from "../../support/local-record.ts";

const originals = [scene(40, 480, 360), scene(41, 480, 360)];
const records: LocalRecord[] = [];
const index = new LocalIndex();
beforeAll(async () => {
  for (const [id, original] of originals.entries()) {
    records.push(await registerLocal(original));
    index.add(id, records[id]!);
  }
});
afterAll(() => index.close());

/** The same numbers at each run. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  };
}
function noise(width: number, height: number): Rgb {
  const next = random(7);
  return fromEach(width, height, () => [next(), next(), next()]);
}
const grey = (value: number): [number, number, number] => [value, value, value];
const images: Record<string, () => Rgb> = {
  "1×1": () => fromEach(1, 1, () => grey(9)),
  "16×10,000": () => noise(16, 10_000),
  "10,000×3": () => noise(10_000, 3),
  noise: () => noise(300, 260),
  "a checkerboard": () => fromEach(400, 400, (x, y) => grey(((x >> 3) + (y >> 3)) & 1 ? 230 : 20)),
  "a checkerboard of single pixels": () => fromEach(300, 300, (x, y) => grey((x + y) & 1 ? 255 : 0)),
  "a halftone": () => fromEach(420, 300, (x, y) => grey(Math.hypot((x % 8) - 4, (y % 8) - 4) < 2 + x / 200 ? 10 : 240)),
  "wire mesh": () => fromEach(400, 320, (x, y) => grey(x % 25 < 4 || y % 25 < 4 ? 40 : 190)),
  "thousands of spots": () =>
    fromEach(700, 700, (x, y) => grey((Math.imul(x >> 2, 40503) ^ Math.imul(y >> 2, 30011)) & 255)),
};

describe("of an image", () => {
  for (const [name, make] of Object.entries(images)) {
    test(`${name}: points and look-ups are bounded, and nothing is found`, async () => {
      const image = make();
      const record = await registerLocal(image, { most: 400 });
      expect(record.points).toBeLessThanOrEqual(400);
      const { tier, points, lookups, crowded } = await index.searchImage(image, { negative: "never" });
      // A point may have a second orientation, and each is looked up plain and mirrored.
      expect(points).toBeLessThanOrEqual(2000);
      expect([tier, crowded, lookups]).toEqual(["none", false, 2 * points]);
    });
  }

  test("that a thousand originals share: it is no evidence, and other originals are still found", async () => {
    using many = new LocalIndex();
    const shared = recordOf(records[0]!.toBytes(), 0, 40);
    for (let id = 0; id < 1000; id++) many.add(id, shared);
    many.add(1000, records[1]!);
    const texture = await many.searchImage(originals[0]!, { negative: "never" });
    expect(texture).toMatchObject({ tier: "none", candidates: 0, crowded: false });
    const [left, right] = [at(originals[0]!), at(originals[1]!)];
    const both = fromEach(960, 360, (x, y) => (x < 480 ? left(x, y) : right(x - 480, y)));
    const { matches } = await many.searchImage(both, { negative: "never" });
    expect(matches.map(({ id, tier }) => [id, tier])).toEqual([[1000, "match"]]);
  });
});

describe("a record is refused although its checksum is right", () => {
  const cases: [name: string, change: (record: Buffer) => void, code: string, says: RegExp][] = [
    ["another table", (record) => record.writeUInt8(200, 5), "ERR_EMPREINTE_LOCAL_TABLE", /register .* (again|anew)/i],
    ["another table's checksum", (record) => record.writeUInt32LE(1, 8), "ERR_EMPREINTE_LOCAL_TABLE", /register/i],
    ["a newer version", (record) => record.writeUInt8(9, 4), "ERR_EMPREINTE_LOCAL_RECORD", /newer|version/],
    ["more points than bytes", (record) => record.writeUInt16LE(65_535, 6), "ERR_EMPREINTE_LOCAL_RECORD", /record/],
    ["fewer points than bytes", (record) => record.writeUInt16LE(1, 6), "ERR_EMPREINTE_LOCAL_RECORD", /record/],
    ["no width", (record) => record.writeUInt32LE(0, 12), "ERR_EMPREINTE_LOCAL_RECORD", /record/],
    [
      "a height beyond all images",
      (record) => record.writeUInt32LE(2 ** 31, 16),
      "ERR_EMPREINTE_LOCAL_RECORD",
      /record/,
    ],
    ["a point larger than the image", (record) => record.writeUInt8(255, 28), "ERR_EMPREINTE_LOCAL_RECORD", /record/],
  ];
  test.each(cases)("%s", (_name, change, code, says) => {
    const record = Buffer.from(records[0]!.toBytes());
    change(record);
    let error: unknown;
    try {
      LocalRecord.from(withChecksum(record));
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toMatchObject({ code, message: expect.stringMatching(says) as string });
  });
});
