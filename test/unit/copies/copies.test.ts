import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type CropHashes,
  hashDistance,
  HashIndex,
  hashImage,
  HashList,
  hashPixelsSync,
  type ImageSearchOptions,
  type ImageSearchResult,
  type IndexMatch,
  orientationNames,
} from "../../../dist/index.js";
import {
  beside,
  crop,
  fromEach,
  mirrored,
  negative,
  quarterTurn,
  type Rgb,
  scene,
  turn,
  upsideDown,
} from "../../support/image/altered.ts";

const originals = Array.from({ length: 10 }, (_, i) => scene(i + 1, 300 + 10 * i, 260 - 5 * i));
const index = new HashIndex({ memory: "rows" });

beforeAll(() => {
  index.addManySync(
    originals.map((_, i) => i),
    originals.map((image) => hashPixelsSync(image).hash),
  );
});
afterAll(() => index.close());

const encoded = ({ data, width, height }: Rgb): Promise<Buffer> =>
  sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
type Result = ImageSearchResult<IndexMatch>;
const find = (image: Rgb, options?: ImageSearchOptions): Promise<Result> =>
  index.searchImage(image, { level: "standard", ...options });

/** An original and one crop, by their hashes. */
function withCrops(hash: string, crop: string): CropHashes {
  const region = { left: 0, top: 0, right: 1, bottom: 1 };
  return { hash, quality: 100, stable: true, crops: [{ hash: crop, quality: 100, name: "all", region }] };
}

/** An image of which no other view is as near to its hash with the last 50 bits flipped as the image itself. */
const nearest = scene(3, 300, 260);

/** Black words and an image on white, most of it empty. */
const pageOfText = (): Rgb =>
  fromEach(400, 300, (x, y) => {
    const isWord = y % 40 > 30 && x > 30 && x < 300 && (x * 7 + y * 3) % 13 < 6;
    const isImage = x > 320 && y > 200 && x < 390 && y < 290;
    return isWord || isImage ? [10, 10, 10] : [255, 255, 255];
  });

/** The one entry that was found. */
async function only(image: Rgb, options?: ImageSearchOptions): Promise<IndexMatch> {
  const { matches } = await find(image, options);
  expect(matches).toHaveLength(1);
  return matches[0]!;
}

describe("standard", () => {
  test("the image itself is found by its plain hash, and no other stage runs", async () => {
    const { tier, matches, stages, hash, quality } = await find(originals[3]!);
    expect({ hash, quality }).toMatchObject({ hash: hashPixelsSync(originals[3]!).hash, quality: 100 });
    expect({ tier, matches }).toEqual({
      tier: "match",
      matches: [{ id: 3, distance: 0, orientation: "orig", tier: "match", view: "original", supportCount: 1 }],
    });
    expect(stages.map(({ name, hashes }) => [name, hashes])).toEqual([["plain", 1]]);
  });

  test.each([
    ["mirrored", mirrored, "flipY"],
    ["upside down", upsideDown, "rot180"],
    ["a quarter turn", quarterTurn, undefined],
    ["mirrored and a quarter turn", (p: Rgb) => quarterTurn(mirrored(p)), undefined],
  ])("finds the image %s", async (_, alter, orientation) => {
    for (const i of [0, 5]) {
      const match = await only(alter(originals[i]!));
      expect(match).toMatchObject({ id: i, tier: "match", view: "turned" });
      expect(match.distance).toBeLessThanOrEqual(16);
      // The reference's orientation hashes have the same name for it.
      const { orientations } = hashPixelsSync(alter(originals[i]!), { orientations: true });
      const own = hashPixelsSync(originals[i]!).hash;
      const distances = orientationNames.map((name) => hashDistance(orientations![name], own));
      expect(match.orientation).toBe(orientationNames[distances.indexOf(Math.min(...distances))]);
      if (orientation !== undefined) expect(match.orientation).toBe(orientation);
    }
  });

  test("its negative", async () => {
    expect(await only(negative(originals[2]!))).toMatchObject({ id: 2, view: "negative", tier: "match" });
  });

  test("a slightly cropped image is found, and the region extends beyond the image by what was cut off", async () => {
    for (const [i, share] of [
      [0, 0.02],
      [2, 0.02],
      [1, 0.03],
      [4, 0.03],
    ] as const) {
      const match = await only(crop(originals[i]!, share, share, share, share));
      expect(match).toMatchObject({ id: i, tier: "match" });
      const [topLeft, , bottomRight] = match.region!;
      const outside = share / (1 - 2 * share);
      for (const value of topLeft!) expect(Math.abs(value + outside)).toBeLessThan(0.01);
      for (const value of bottomRight!) expect(Math.abs(value - 1 - outside)).toBeLessThan(0.01);
    }
  });

  test("turned by two degrees and cropped", async () => {
    for (const degrees of [2, -2]) {
      expect(await only(turn(originals[6]!, degrees))).toMatchObject({ id: 6, tier: "match", view: "rotated" });
    }
  });

  test("both halves of a collage, one after the other", async () => {
    const { matches } = await find(beside(originals[7]!, originals[8]!), { all: true });
    expect(matches.map(({ id, view }) => [id, view]).sort()).toEqual([
      [7, "half"],
      [8, "half"],
    ]);
    const left = matches.find(({ id }) => id === 7)!;
    expect(left.region).toEqual([
      [0, 0],
      [0.5, 0],
      [0.5, 1],
      [0, 1],
    ]);
  });

  test("what is in no list is not found, at any level", async () => {
    for (let seed = 40; seed < 46; seed++) {
      for (const level of ["fast", "standard", "thorough"] as const) {
        expect(await find(scene(seed, 240, 200), { level, all: true })).toMatchObject({ tier: "none", matches: [] });
      }
    }
  });

  test("a hash that is a little too far from the image is not found, at any level", async () => {
    const { hash } = hashPixelsSync(nearest);
    for (const level of ["fast", "standard", "thorough"] as const) {
      const most = level === "fast" ? 31 : 50;
      for (const bits of [most + 1, most + 2, 60, 72]) {
        using index = new HashIndex();
        index.add(0, (BigInt(`0x${hash}`) ^ ((1n << BigInt(bits)) - 1n)).toString(16).padStart(64, "0"));
        expect(await index.searchImage(nearest, { level, all: true })).toMatchObject({ tier: "none", matches: [] });
      }
    }
  });
});

describe("thorough", () => {
  test("cropped further: aligned, and the region is where the original was", async () => {
    let found = 0;
    for (const i of [1, 4, 9]) {
      const [left, top, right, bottom] = [0.06, 0.02, 0.01, 0.05];
      const { matches } = await find(crop(originals[i]!, left, top, right, bottom), { level: "thorough" });
      expect(matches.every(({ id }) => id === i)).toBe(true);
      const match = matches[0];
      if (match?.region === undefined) continue;
      found++;
      const across = 1 - left - right;
      const down = 1 - top - bottom;
      const truth = [-left / across, -top / down, 1 + right / across, 1 + bottom / down];
      const seen = [match.region[0]![0], match.region[0]![1], match.region[2]![0], match.region[2]![1]];
      seen.forEach((value, k) => expect(Math.abs(value - truth[k]!)).toBeLessThan(0.04));
    }
    expect(found).toBeGreaterThanOrEqual(2);
  });

  test("finds all that standard finds", async () => {
    for (const altered of [mirrored(originals[0]!), crop(originals[1]!, 0.05, 0, 0, 0), turn(originals[2]!, 3)]) {
      const [standard, thorough] = [await find(altered), await find(altered, { level: "thorough" })];
      const ids = ({ matches }: Result): number[] => matches.map(({ id }) => id);
      expect(ids(thorough)).toEqual(expect.arrayContaining(ids(standard)));
    }
  });
});

describe("fast", () => {
  const alterations = [mirrored, upsideDown, quarterTurn, (p: Rgb) => crop(p, 0.01, 0, 0, 0)];

  test("is the default and finds what a search for the eight orientations finds, at any radius", async () => {
    for (const alter of alterations) {
      const altered = alter(originals[5]!);
      const query = await hashImage(altered, { orientations: true });
      for (const radius of [0, 31, 130, 256]) {
        const { matches, stages, hash, tier } = await index.searchImage(altered, { radius });
        expect(matches.map(({ id, distance, orientation }) => ({ id, distance, orientation }))).toEqual(
          await index.search(query, { radius }),
        );
        for (const match of matches) {
          expect(match.tier).toBe(match.distance <= 31 ? "match" : "review");
          expect(match.view).toBe(match.orientation === "orig" ? "original" : "turned");
        }
        expect(hash).toBe(query.hash);
        expect(tier).toBe(matches[0]?.tier ?? "none");
        expect(stages.map(({ name, hashes }) => [name, hashes])).toEqual([["plain", 8]]);
      }
      expect(await index.searchImage(altered, { radius: 256 })).toMatchObject({ matches: { length: 10 } });
    }
  });

  test("an entry at 31 bits is a match, and one beyond is a review where the radius reaches it", async () => {
    const { hash } = hashPixelsSync(nearest);
    using index = new HashIndex();
    for (const bits of [31, 32, 60, 61]) {
      index.add(bits, (BigInt(`0x${hash}`) ^ ((1n << BigInt(bits)) - 1n)).toString(16).padStart(64, "0"));
    }
    const found = async (radius?: number) => {
      const { tier, matches } = await index.searchImage(nearest, radius === undefined ? {} : { radius });
      return [tier, matches.map((match) => `${match.distance} ${match.tier}`)];
    };
    expect(await found()).toEqual(["match", ["31 match"]]);
    expect(await found(30)).toEqual(["none", []]);
    expect(await found(60)).toEqual(["match", ["31 match", "32 review", "60 review"]]);
    index.remove(31);
    expect(await found(60)).toEqual(["review", ["32 review", "60 review"]]);
  });

  test("gives every entry, also of more than 64 that are equally near", async () => {
    using own = new HashIndex();
    const { hash } = hashPixelsSync(originals[0]!);
    own.addManySync(
      Array.from({ length: 100 }, (_, i) => i),
      Array.from({ length: 100 }, () => hash),
    );
    expect((await own.searchImage(originals[0]!)).matches.map(({ id }) => id)).toEqual(
      Array.from({ length: 100 }, (_, i) => i),
    );
  });

  test("is what HashList.search finds for the eight orientations", async () => {
    const lines = originals.map((image) => hashPixelsSync(image).hash).join("\n");
    using known = await HashList.load({ name: "list", input: Buffer.from(lines) });
    for (const alter of alterations) {
      const altered = alter(originals[5]!);
      const expected = await known.search(await hashImage(altered, { orientations: true }));
      const { matches, stages } = await known.searchImage(altered);
      expect(matches).toEqual(
        expected.map((match) => ({
          ...match,
          tier: match.distance <= 31 ? "match" : "review",
          view: match.orientation === "orig" ? "original" : "turned",
        })),
      );
      expect(stages.map(({ name, hashes }) => [name, hashes])).toEqual([["plain", 8]]);
    }
  });
});

describe("options", () => {
  test("all goes on after a match, and more views support it", async () => {
    const { stages, matches } = await find(originals[3]!, { all: true });
    expect(stages.map(({ name }) => name)).toEqual(["plain", "turned", "detected", "fixed"]);
    // Only a thorough search also has the large fixed views.
    const thorough = await find(originals[3]!, { all: true, level: "thorough" });
    const fixed = [stages, thorough.stages].map((some) => some.find(({ name }) => name === "fixed")!.hashes);
    expect(fixed[1]).toBeGreaterThan(fixed[0]!);
    expect(matches[0]).toMatchObject({ id: 3, distance: 0, view: "original" });
    expect(matches[0]!.supportCount).toBeGreaterThan(1);
  });

  test("an original and its crops are one match", async () => {
    using own = new HashIndex();
    const { hash } = hashPixelsSync(originals[0]!);
    own.addWithCrops(10, withCrops(hash, hash));
    own.add(25, hash);
    const { matches } = await own.searchImage(originals[0]!, { level: "standard" });
    expect(matches.map(({ id, crop, supportCount }) => [id, crop, supportCount])).toEqual([
      [10, undefined, 2],
      [25, undefined, 1],
    ]);
  });

  test("a copy at 32 to 50 bits is a review only with the support of a second hash", async () => {
    const { hash } = hashPixelsSync(nearest);
    const flip = (bits: number): string =>
      (BigInt(`0x${hash}`) ^ ((1n << BigInt(bits)) - 1n)).toString(16).padStart(64, "0");
    for (const level of ["standard", "thorough"] as const) {
      for (const [bits, tier] of [
        [31, "match"],
        [50, "none"],
        [51, "none"],
      ] as const) {
        using alone = new HashIndex();
        alone.add(1, flip(bits));
        expect((await alone.searchImage(nearest, { level, all: true })).tier).toBe(tier);
      }
    }
    const withCrop = async (original: number, crop: number) => {
      using two = new HashIndex();
      two.addWithCrops(9, withCrops(flip(original), flip(crop)));
      return await two.searchImage(nearest, { level: "standard" });
    };
    expect(await withCrop(50, 49)).toMatchObject({
      tier: "review",
      matches: [{ id: 9, crop: 0, distance: 49, tier: "review", supportCount: 2 }],
    });
    expect(await withCrop(51, 50)).toMatchObject({ tier: "none", matches: [] });
  });

  test("of an image that is mostly of one colour, such as a page of text, only what is within the radius counts", async () => {
    const page = pageOfText();
    const { hash, quality } = hashPixelsSync(page);
    expect(quality).toBeGreaterThanOrEqual(50);
    const flip = (bits: number): string =>
      (BigInt(`0x${hash}`) ^ ((1n << BigInt(bits)) - 1n)).toString(16).padStart(64, "0");
    const found = async (original: number, crop: number) => {
      using index = new HashIndex();
      index.addWithCrops(9, withCrops(flip(original), flip(crop)));
      const { flat, tier } = await index.searchImage(page, { level: "standard", all: true });
      return { flat, tier };
    };
    expect(await found(31, 60)).toEqual({ flat: true, tier: "match" });
    // A photograph would be a review: see above.
    expect(await found(32, 33)).toEqual({ flat: true, tier: "none" });
    expect(await found(50, 49)).toEqual({ flat: true, tier: "none" });
  });

  test("a radius below 31 bounds every match, and reviews as well", async () => {
    const { hash } = hashPixelsSync(originals[0]!);
    const flip = (bits: number): string =>
      (BigInt(`0x${hash}`) ^ ((1n << BigInt(bits)) - 1n)).toString(16).padStart(64, "0");
    using own = new HashIndex();
    own.addManySync([1, 2], [flip(10), flip(20)]);
    own.addWithCrops(3, withCrops(flip(50), flip(48)));
    for (const [radius, wanted] of [
      [9, []],
      [10, [1]],
      [20, [1, 2]],
      [31, [1, 2, 3]],
    ] as const) {
      const { matches } = await own.searchImage(originals[0]!, { level: "standard", radius, all: true });
      expect(matches.map(({ id }) => id)).toEqual(wanted);
      if (radius < 31) for (const { distance } of matches) expect(distance).toBeLessThanOrEqual(radius);
    }
  });

  // The samples' memory is given back before it ends: nobody else's may be.
  test("what was given is the caller's as before, and so are small buffers, which share memory", async () => {
    const text = "in the pool that small buffers are pieces of";
    for (const side of [8, 20, 36, 300]) {
      const image = scene(3, side, side);
      const [given, bytes] = [Buffer.from(image.data), await encoded(image)];
      const encodedBefore = Buffer.from(bytes).toString("hex");
      const pooled = Array.from({ length: 50 }, () => Buffer.from(text));
      await find({ ...image, data: given }, { all: true });
      await index.searchImage(bytes, { level: "standard", all: true });
      pooled.push(Buffer.from(text));
      expect(new Set(pooled.map(String))).toEqual(new Set([text]));
      expect(given.equals(Buffer.from(image.data))).toBe(true);
      expect(bytes.toString("hex")).toBe(encodedBefore);
    }
  });

  test("what does not fit is an error", async () => {
    const refused = (promise: Promise<unknown>): Promise<void> =>
      expect(promise).rejects.toMatchObject({ code: "ERR_EMPREINTE_INVALID_ARGUMENT" });
    await refused(find(originals[0]!, { level: "slow" as "fast" }));
    await refused(find(originals[0]!, { frobnicate: 1 } as ImageSearchOptions));
    await refused(find(originals[0]!, { all: 1 as unknown as boolean }));
    await refused(find(originals[0]!, { radius: 32 }));
    await refused(find(originals[0]!, { level: "fast", radius: 257 }));
    await refused(find({ ...originals[0]!, width: 10_000 }));
    await refused(find(originals[0]!, { maxPixels: 0 }));
    await expect(find(originals[0]!, { maxPixels: 100 })).rejects.toMatchObject({ code: "ERR_EMPREINTE_LIMIT" });
  });

  test("an abort ends it, and a closed index is said to be closed", async () => {
    const stop = new AbortController();
    const reason = new Error("enough");
    const running = find(scene(60, 240, 200), { level: "thorough", all: true, signal: stop.signal });
    stop.abort(reason);
    await expect(running).rejects.toBe(reason);
    await expect(find(originals[0]!, { signal: stop.signal })).rejects.toBe(reason);
    const closed = new HashIndex();
    closed.close();
    await expect(closed.searchImage(originals[0]!)).rejects.toMatchObject({ code: "ERR_EMPREINTE_CLOSED" });
  });

  test("encoded images and their samples have the same result", async () => {
    const image = mirrored(originals[3]!);
    const { data, width, height } = image;
    const png = await sharp(data as Uint8Array, { raw: { width, height, channels: 3 } })
      .png()
      .toBuffer();
    const strip = ({ matches, hash }: Result): unknown => ({ matches, hash });
    expect(strip(await index.searchImage(png, { level: "standard" }))).toEqual(strip(await find(image)));
  });
});
