/** Whatever has more than one image says so, and no image behind the first is left out in silence. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp, { type Sharp } from "sharp";
import { beforeAll, describe, expect, test } from "vitest";
import { hasFurtherPages } from "../../../dist/image/further/has-further-pages.js";
import { BankStore, Matcher } from "../../../dist/doors/bank.js";
import { hashImage, HashIndex } from "../../../dist/index.js";
import { apng } from "../../support/image/apng.ts";
import { empreinte, folder, jsonLines } from "../../support/cli.ts";
import { scene } from "../../support/evaluate.ts";
import { random } from "../../support/hashes.ts";
import { box, gridOf, heif, type HeifItem, ispe } from "../../support/image/heif.ts";
import { mpo, tiffOf, types, withSegment, withXmp } from "../../support/image/several.ts";

const here = folder();
const images: Record<"jpeg" | "png" | "gif" | "webp" | "avif" | "tiff", Buffer[]> = {} as never;
let animated: { gif: Buffer; webp: Buffer };
let hashes: string[];

beforeAll(async () => {
  const scenes = [sharp(await scene(1)).resize(160, 120), sharp(await scene(2)).resize(160, 120)];
  const all = (encode: (image: Sharp) => Sharp): Promise<Buffer[]> =>
    Promise.all(scenes.map((image) => encode(image.clone()).toBuffer()));
  images.jpeg = await all((image) => image.jpeg());
  images.png = await all((image) => image.png());
  images.gif = await all((image) => image.gif());
  images.webp = await all((image) => image.webp());
  images.avif = await all((image) => image.avif());
  images.tiff = await all((image) => image.tiff());
  const joined = (): Sharp => sharp(images.png, { join: { animated: true } });
  animated = { gif: await joined().gif().toBuffer(), webp: await joined().webp().toBuffer() };
  hashes = await Promise.all(images.jpeg.map(async (bytes) => (await hashImage(bytes)).hash));
});

/** The hashes of all pages. */
async function pagesOf(bytes: Uint8Array): Promise<string[]> {
  const { frames = [] } = await hashImage(bytes, { pages: "all" });
  expect(frames.map(({ page }) => page)).toEqual(frames.map((_, i) => i));
  return frames.map(({ hash }) => hash);
}

const heic = (items: (Partial<HeifItem> & { data?: Buffer })[]): Buffer =>
  heif(
    items.map((item) => ({ type: "hvc1", data: Buffer.alloc(40), properties: [ispe(8, 8)], ...item })),
    1,
  );

/** Where a JPEG XL says that it is an animation: the last of these bits, from the lowest of each byte on. */
function jxlHeader(...bits: number[]): Buffer {
  const bytes = Buffer.alloc(40);
  bytes.writeUInt16BE(0xff0a);
  bits.forEach((bit, i) => (bytes[2 + (i >> 3)]! |= bit << (i & 7)));
  return bytes;
}

/** A small size of one side, with the other of the same length; nothing is as usual; there are extra fields. */
const jxlStart = [1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1];

describe("a file of one image", () => {
  test("has no further ones, in any format", () => {
    for (const [format, [bytes]] of Object.entries(images)) expect(hasFurtherPages(bytes!), format).toBe(false);
    expect(hasFurtherPages(Buffer.from("text"))).toBe(false);
    expect(hasFurtherPages(Buffer.alloc(0))).toBe(false);
  });

  test("may have bytes behind its end that are no image", () => {
    const trailers = [
      "SEFT and a maker's own",
      "\xff\xd8\xff",
      "\xff\xd8\xff\xe0\0\x02\xff\xd9",
      "RIFF....WAVE",
      "ftyp",
    ];
    for (const text of trailers) {
      const bytes = Buffer.concat([images.jpeg[0]!, Buffer.from(text, "latin1")]);
      expect(hasFurtherPages(bytes), text).toBe(false);
    }
  });

  test("may have a smaller version, a mask, or an image of the metadata", async () => {
    const [jpeg, thumbnail] = images.jpeg as [Buffer, Buffer];
    const exif = withSegment(jpeg, 0xe1, Buffer.concat([Buffer.from("Exif\0\0"), thumbnail.subarray(0, 60_000)]));
    expect(hasFurtherPages(exif)).toBe(false);
    for (const kind of [1, 4, 5]) expect(hasFurtherPages(tiffOf([{}, { kind }])), String(kind)).toBe(false);
    expect(hasFurtherPages(tiffOf([{}, { oldKind: 2 }]))).toBe(false);
    expect(hasFurtherPages(tiffOf([{ below: [{ kind: 1 }, { kind: 1 }] }]))).toBe(false);
  });

  test("may be a HEIC with tiles, hidden images and other data", () => {
    const tiles = [{ ...gridOf(1, 2, 16, 8, [2, 3]) }, {}, {}];
    expect(hasFurtherPages(heic([{}]))).toBe(false);
    expect(hasFurtherPages(heic(tiles))).toBe(false);
    expect(hasFurtherPages(heic([{}, { hidden: true }]))).toBe(false);
    expect(hasFurtherPages(heic([{}, { type: "Exif" as "hvc1" }]))).toBe(false);
  });
});

describe("a file of several images", () => {
  test("is an animation, a TIFF of pages, an icon of sizes or a HEIC of several images", async () => {
    expect(hasFurtherPages(animated.gif)).toBe(true);
    expect(hasFurtherPages(animated.webp)).toBe(true);
    expect(hasFurtherPages(tiffOf([{}, {}]))).toBe(true);
    // The first page may be the smaller one.
    expect(hasFurtherPages(tiffOf([{ kind: 1 }, { kind: 0 }]))).toBe(true);
    expect(hasFurtherPages(tiffOf([{}, { kind: 2 }]))).toBe(true);
    expect(hasFurtherPages(heic([{}, {}]))).toBe(true);
    const sequence = Buffer.concat([heic([{}]), box("moov", box("trak", Buffer.alloc(20)))]);
    expect(hasFurtherPages(sequence)).toBe(true);
    const icon = (count: number): Buffer => {
      const entry = (i: number): Buffer => {
        const bytes = Buffer.alloc(16);
        bytes.set([16, 16, 0, 0, 1, 0, 32, 0]);
        bytes.writeUInt32LE(images.png[0]!.length, 8);
        bytes.writeUInt32LE(6 + 16 * count + i * images.png[0]!.length, 12);
        return bytes;
      };
      const all = Array.from({ length: count }, (_, i) => i);
      const head = Buffer.from([0, 0, 1, 0, count, 0]);
      return Buffer.concat([head, ...all.map(entry), ...all.map((i) => images.png[i]!)]);
    };
    expect([hasFurtherPages(icon(1)), hasFurtherPages(icon(2))]).toEqual([false, true]);
  });

  test("is an animated PNG, also one of a single frame behind a hidden image, or that lacks its frames", () => {
    const frame = { width: 8, height: 8, samples: new Uint8Array(64) };
    const png = (count: number, hidden: boolean): Uint8Array =>
      apng({
        width: 8,
        height: 8,
        type: 0,
        frames: Array.from({ length: count }, () => frame),
        ...(hidden && { hidden: frame.samples }),
      });
    expect(hasFurtherPages(png(1, false))).toBe(false);
    expect(hasFurtherPages(png(2, false))).toBe(true);
    expect(hasFurtherPages(png(1, true))).toBe(true);
    const lacking = Buffer.from(png(1, false));
    lacking.writeUInt32BE(7, lacking.indexOf("acTL") + 4);
    expect(hasFurtherPages(lacking)).toBe(true);
  });

  test("is a JPEG XL that says so, behind all that may come before", () => {
    const orientation = [0, 0, 0];
    const before = [...jxlStart, ...orientation];
    expect(hasFurtherPages(jxlHeader(...before, 0, 0, 1))).toBe(true);
    expect(hasFurtherPages(jxlHeader(...before, 0, 0, 0))).toBe(false);
    // An intrinsic size of eight pixels, and previews of both kinds of sizes.
    const size = [1, 0, 0, 0, 0, 0, 1, 0, 0];
    const small = [1, 0, 0, 1, 0, 0];
    const large = [0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0];
    for (const [name, more] of Object.entries({
      size: [1, ...size, 0],
      small: [0, 1, ...small],
      large: [0, 1, ...large],
    })) {
      expect(hasFurtherPages(jxlHeader(...before, ...more, 1)), name).toBe(true);
      expect(hasFurtherPages(jxlHeader(...before, ...more, 0)), name).toBe(false);
    }
    // Everything is as usual, or there are no extra fields.
    expect(hasFurtherPages(jxlHeader(1, 0, 0, 0, 0, 0, 1, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1))).toBe(false);
    expect(hasFurtherPages(jxlHeader(1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1))).toBe(false);
  });

  test("is a JPEG 2000 of several codestreams, which are refused if all are wanted", async () => {
    const stream = Buffer.alloc(60);
    const head = [box("jP  ", Buffer.from("\r\n\x87\n", "latin1")), box("ftyp", Buffer.from("jp2 \0\0\0\0jp2 "))];
    const one = Buffer.concat([...head, box("jp2c", stream)]);
    const two = Buffer.concat([one, box("jp2c", stream)]);
    expect([hasFurtherPages(one), hasFurtherPages(two)]).toEqual([false, true]);
    await expect(hashImage(two, { pages: "all" })).rejects.toThrow("is a JPEG 2000 of 2 images");
  });

  test("is a TIFF with images below a page, as a DNG has them, which is refused if all are wanted", async () => {
    for (const below of [[{ kind: 0 }], [{ kind: 1 }, {}]]) {
      const bytes = tiffOf([{ kind: 1, below }]);
      expect(hasFurtherPages(bytes)).toBe(true);
      await expect(hashImage(bytes, { pages: "all" })).rejects.toMatchObject({
        code: "ERR_EMPREINTE_UNSUPPORTED_FORMAT",
      });
      expect((await hashImage(bytes)).width).toBe(8);
    }
    expect(await pagesOf(tiffOf([{ below: [{ kind: 1 }] }, {}]))).toHaveLength(2);
  });
});

describe("images behind the end of another", () => {
  test("are those of an MPO, and are read with all pages", async () => {
    const [left, right] = images.jpeg as [Buffer, Buffer];
    for (const type of [types.disparity, types.undefined, types.primary]) {
      for (const gap of [0, 300]) {
        const bytes = mpo(
          [
            { jpeg: left, type: types.primary },
            { jpeg: right, type },
          ],
          gap,
        );
        expect(hasFurtherPages(bytes), `${type} ${gap}`).toBe(true);
        expect(await pagesOf(bytes)).toEqual(hashes);
      }
    }
    expect((await hashImage(mpo([left, right].map((jpeg) => ({ jpeg, type: types.disparity }))))).hash).toBe(hashes[0]);
  });

  test("do not count where the table calls them thumbnails or gain maps", async () => {
    const [jpeg, other] = images.jpeg as [Buffer, Buffer];
    for (const type of [types.thumbnail, types.thumbnail4K, types.gainMap]) {
      const bytes = mpo([
        { jpeg, type: types.primary },
        { jpeg: other, type },
      ]);
      expect(hasFurtherPages(bytes), String(type)).toBe(false);
      expect(await pagesOf(bytes)).toEqual([hashes[0]]);
      // The table is about this image, and about no other.
      expect(await pagesOf(Buffer.concat([bytes, other]))).toEqual(hashes);
    }
  });

  test("do not count where they say that they are gain maps or depth maps", async () => {
    const [jpeg, other] = images.jpeg as [Buffer, Buffer];
    const own = [
      withXmp(other, 'xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" hdrgm:Version="1.0"'),
      withXmp(other, 'HDRGainMap:HDRGainMapVersion="65536"'),
      withXmp(other, 'apdi:AuxiliaryImageType="urn:com:apple:photo:2020:aux:hdrgainmap"'),
      withSegment(other, 0xe2, Buffer.from("urn:iso:std:iso:ts:21496:-1\0\0\0\0\0")),
    ];
    for (const [i, map] of own.entries()) {
      expect(await pagesOf(Buffer.concat([jpeg, map])), String(i)).toEqual([hashes[0]]);
      // The first image is no gain map, whatever it says.
      expect(await pagesOf(Buffer.concat([map, jpeg])), String(i)).toEqual(hashes.toReversed());
    }
    expect(await pagesOf(Buffer.concat([jpeg, withXmp(other, 'dc:title="a map"')]))).toEqual(hashes);
  });

  test("are found behind every format that has an end, in every format", async () => {
    const { tiff, ...ended } = images;
    for (const [format, [first]] of Object.entries(ended)) {
      for (const [behind, [, second]] of Object.entries(images)) {
        const bytes = Buffer.concat([first!, second!]);
        expect(hasFurtherPages(bytes), `${behind} behind ${format}`).toBe(true);
        expect(await pagesOf(bytes)).toEqual([(await hashImage(first!)).hash, (await hashImage(second!)).hash]);
      }
    }
    const heics = Buffer.concat([heic([{}]), heic([{}])]);
    expect(hasFurtherPages(heics)).toBe(true);
    expect(hasFurtherPages(Buffer.concat([tiff[0]!, tiff[1]!]))).toBe(false);
  });

  test("are found behind other bytes, and the frames of an animation there are read, too", async () => {
    const [jpeg, other] = images.jpeg as [Buffer, Buffer];
    const between = Buffer.from("Image_UTC_Data\xff\xd8\xff and the like", "latin1");
    expect(await pagesOf(Buffer.concat([jpeg, between, other]))).toEqual(hashes);
    expect(await pagesOf(Buffer.concat([jpeg, animated.gif, other]))).toHaveLength(4);
    const bytes = Buffer.concat([jpeg, animated.gif, other]);
    await expect(hashImage(bytes, { pages: "all", maxPages: 3 })).rejects.toMatchObject({ limit: "maxPages" });
    expect((await hashImage(bytes, { pages: "all", maxPages: 4 })).frames).toHaveLength(4);
  });

  test("are not looked for inside a video, and are found behind it", async () => {
    const [jpeg, other] = images.jpeg as [Buffer, Buffer];
    const video = [box("ftyp", Buffer.from("isom\0\0\0\0isom")), box("mdat", other), box("moov", Buffer.alloc(8))];
    expect(hasFurtherPages(Buffer.concat([jpeg, ...video]))).toBe(false);
    expect(await pagesOf(Buffer.concat([jpeg, ...video, other]))).toEqual(hashes);
    // Without tracks it is no video, and nothing else reads what is inside.
    expect(await pagesOf(Buffer.concat([jpeg, ...video.slice(0, 2)]))).toEqual(hashes);
  });

  test("that are cut are reported as damaged, not left out", async () => {
    const bytes = Buffer.concat([images.jpeg[0]!, images.jpeg[1]!.subarray(0, -200)]);
    expect(hasFurtherPages(bytes)).toBe(true);
    await expect(hashImage(bytes, { pages: "all" })).rejects.toMatchObject({ code: "ERR_EMPREINTE_CORRUPT" });
  });

  test("are looked for in bounded time where everything looks like one", async () => {
    const places = Buffer.alloc(3 * 200_000, Buffer.from([0xff, 0xd8, 0xff]));
    const bytes = Buffer.concat([images.jpeg[0]!, places]);
    expect(hasFurtherPages(bytes)).toBe(true);
    await expect(hashImage(bytes, { pages: "all" })).rejects.toMatchObject({ limit: "places" });
    expect(hasFurtherPages(bytes.subarray(0, images.jpeg[0]!.length + 3 * 5000))).toBe(false);
  });

  // Each takes hours if directories are read as often as something leads to them.
  test.each([
    ["of which all directories below a page are the same", 100_000, 8],
    ["of which all directories below a page are behind its end", 100_000, 2 ** 31],
  ])("are looked for in bounded time in a TIFF %s", async (_, below, at) => {
    const entries = 30_000;
    const bytes = Buffer.alloc(8 + 2 + 12 * entries + 4 + 4 * below);
    bytes.write("II*\0", "latin1");
    bytes.writeUInt32LE(8, 4);
    bytes.writeUInt16LE(entries, 8);
    const field = (i: number, tag: number, type: number, count: number, value: number): void => {
      bytes.writeUInt16LE(tag, 10 + 12 * i);
      bytes.writeUInt16LE(type, 12 + 12 * i);
      bytes.writeUInt32LE(count, 14 + 12 * i);
      bytes.writeUInt32LE(value, 18 + 12 * i);
    };
    const behind = 10 + 12 * entries;
    for (let i = 0; i < entries; i++) field(i, 1000, 4, 1, 0);
    // A smaller version, so that no directory decides by itself.
    field(0, 254, 4, 1, 1);
    field(1, 330, 4, below, behind + 4);
    bytes.writeUInt32LE(8, behind);
    for (let i = 0; i < below; i++) bytes.writeUInt32LE(at, behind + 4 + 4 * i);
    expect(hasFurtherPages(bytes)).toBe(true);
    await expect(hashImage(bytes, { pages: "all" })).rejects.toMatchObject({
      code: "ERR_EMPREINTE_UNSUPPORTED_FORMAT",
    });
  });
});

test("no bytes make the search for them throw", () => {
  const next = random(5);
  const below = (end: number): number => Math.floor((next() / 2 ** 32) * end);
  const others = [
    tiffOf([{}, { below: [{}] }]),
    heic([{}, {}]),
    jxlHeader(...jxlStart),
    Buffer.from([0, 0, 1, 0, 2, 0]),
  ];
  const whole = [...Object.values(images).flat(), animated.gif, animated.webp, ...others];
  const seeds = [...whole, ...whole.map((one) => Buffer.concat([one, whole[below(whole.length)]!]))];
  for (let round = 0; round < 20_000; round++) {
    const bytes = Buffer.from(seeds[below(seeds.length)]!);
    for (let i = below(6); i > 0; i--)
      bytes[below(Math.min(bytes.length, 2000))] = [0, 1, 127, 128, 255, below(256)][below(6)]!;
    const cut = below(2) === 0 ? bytes : bytes.subarray(0, below(Math.min(bytes.length, 2000)));
    expect(() => hasFurtherPages(cut), `round ${round}`).not.toThrow();
  }
});

describe("results", () => {
  test("say that there are further images, unless all are read", async () => {
    const store = await BankStore.create(join(here, "known.bank"));
    const matcher = new Matcher(store);
    for (const bytes of [animated.gif, Buffer.concat(images.png)]) {
      for (const isolation of ["none", "process"] as const) {
        expect((await hashImage(bytes, { isolation })).furtherPages, isolation).toBe(true);
        expect(await hashImage(bytes, { isolation, pages: "all" })).not.toHaveProperty("furtherPages");
      }
      for (const level of ["fast", "standard"] as const)
        expect((await matcher.checkImage(bytes, { level })).furtherPages, level).toBe(true);
    }
    for (const [bytes] of Object.values(images)) {
      expect(await hashImage(bytes!)).not.toHaveProperty("furtherPages");
      expect(await matcher.checkImage(bytes!)).not.toHaveProperty("furtherPages");
    }
    store.close();
  });

  test("of a search are about the image that its number names", async () => {
    const store = await BankStore.create(join(here, "numbered.bank"));
    store.createBank({ name: "known" });
    using index = new HashIndex();
    const { frames = [] } = await hashImage(animated.webp, { pages: "all" });
    for (const { page, hash } of frames) {
      index.add(page + 1, hash);
      await store.import({ bank: "known", source: "s" }, [{ id: `${page}`, signals: [{ type: "pdq", value: hash }] }]);
    }
    const matcher = new Matcher(store);
    for (const level of ["fast", "standard"] as const) {
      for (const isolation of ["none", "process"] as const) {
        const options = { level, isolation };
        for (const page of [0, 1]) {
          const found = await index.searchImage(animated.webp, { ...options, page });
          expect(found, `${level} ${isolation}`).toMatchObject({
            hash: frames[page]!.hash,
            matches: [{ id: page + 1 }],
          });
          expect(found).not.toHaveProperty("furtherPages");
          const { query, matches } = await matcher.checkImage(animated.webp, { ...options, page });
          expect([query.hash, matches[0]?.entryId]).toEqual([frames[page]!.hash, `${page}`]);
        }
        const first = await index.searchImage(animated.webp, options);
        expect(first).toMatchObject({ furtherPages: true, matches: [{ id: 1 }] });
        await expect(index.searchImage(animated.webp, { ...options, page: 2 })).rejects.toThrow(
          "There is no page 2: the file has 2",
        );
      }
    }
    const raw = { data: new Uint8Array(300), width: 10, height: 10, channels: 3 as const };
    await expect(index.searchImage(raw, { page: 1 })).rejects.toThrow(/page of raw pixels/);
    await expect(index.searchImage(animated.webp, { page: -1 })).rejects.toThrow(/page/);
    store.close();
  });
});

describe("the command", () => {
  const note = "pages: only the first image was read, not those behind it";

  test("names what has further images, with status 2, unless it reads all pages", async () => {
    const files: Record<string, Buffer> = {
      "a.mpo": mpo(images.jpeg.map((jpeg) => ({ jpeg, type: types.disparity }))),
      "b.gif": animated.gif,
      "c.webp": animated.webp,
      "d.png": Buffer.concat([images.png[0]!, images.png[1]!]),
    };
    const list = join(here, "list.txt");
    writeFileSync(list, `${hashes[1]}\n`);
    for (const [name, bytes] of Object.entries(files)) {
      const file = join(here, name);
      writeFileSync(file, bytes);
      const hashed = await empreinte(["hash", file]);
      expect([hashed.code, hashed.stdout.split("\n").length], name).toEqual([2, 2]);
      expect(hashed.stderr).toContain(`${name}: ${note}; --all-pages reads them`);
      const all = await empreinte(["hash", "--all-pages", file]);
      expect([all.code, all.stderr, all.stdout.split("\n").length], name).toEqual([0, "", 3]);
      expect(await empreinte(["scan", "--list", list, file])).toMatchObject({ code: 2, stdout: "" });
      expect((await empreinte(["scan", "--list", list, "--all-pages", file])).code, name).toBe(1);
      const near = await empreinte(["scan", "--list", list, "--level", "standard", file]);
      expect([near.code, near.stdout]).toEqual([2, ""]);
      expect(near.stderr).toContain(`${note}; --all-pages reads them`);
    }
    const json = await empreinte(["hash", "--json", join(here, "b.gif")]);
    expect(jsonLines(json.stdout)).toMatchObject([
      { kind: "image" },
      { pages: true, error: { code: "ERR_EMPREINTE_UNSUPPORTED_FORMAT" } },
    ]);
    const listed = await empreinte(["list", "create", join(here, "a.mpo")]);
    expect([listed.code, listed.stderr.includes(note)]).toEqual([2, true]);
  });

  describe("with --all-pages and --level standard", () => {
    const list = join(here, "originals.txt");
    const bank = join(here, "originals.bank");
    /** A copy that only its view without the border finds. */
    let framed: Buffer;
    let plain: Buffer;
    let mirrored: Buffer;

    beforeAll(async () => {
      const original = sharp(await scene(3)).resize(320, 240);
      const other = sharp(await scene(4)).resize(400, 320);
      const border = { top: 40, bottom: 40, left: 40, right: 40, background: "#204060" };
      framed = await original.clone().extend(border).png().toBuffer();
      plain = await other.clone().png().toBuffer();
      mirrored = await other.flop().png().toBuffer();
      const { hash } = await hashImage(await original.clone().png().toBuffer());
      writeFileSync(list, `${hash}\n`);
      const store = await BankStore.create(bank);
      store.createBank({ name: "known", policy: { action: "block" } });
      await store.import({ bank: "known", source: "s" }, [{ id: "3", signals: [{ type: "pdq", value: hash }] }]);
      store.close();
    });

    const scan = (known: string[], ...more: string[]) =>
      empreinte(["scan", ...known, "--level", "standard", "--all-pages", ...more]);

    test.each(["process", "none"])("every image is searched, decoded in: %s", async (isolation) => {
      const animation = sharp([plain, mirrored, framed], { join: { animated: true } });
      const files: Record<string, Buffer> = {
        "appended.png": Buffer.concat([plain, framed]),
        "animated.webp": await animation.webp({ lossless: true }).toBuffer(),
        "paged.tiff": await animation.tiff({ compression: "deflate" }).toBuffer(),
      };
      for (const [name, bytes] of Object.entries(files)) {
        const file = join(here, name);
        writeFileSync(file, bytes);
        const page = name === "appended.png" ? 1 : 2;
        for (const known of [
          ["--list", list],
          ["--bank", bank],
        ]) {
          const found = await scan(known, "--isolation", isolation, file);
          expect([found.code, found.stderr], name).toEqual([1, ""]);
          expect(found.stdout.split("\n"), name).toHaveLength(2);
          expect(found.stdout, name).toMatch(new RegExp(`\\ttrimmed\\t.*page=${page} region=`));
          const { matches } = jsonLines<{ matches: object[] }>((await scan(known, "--json", file)).stdout)[0]!;
          expect(matches, name).toMatchObject([{ page, view: "trimmed" }]);
        }
        // A pipe is read once.
        const piped = await empreinte(["scan", "--list", list, "--level", "standard", "--all-pages", "-"], {
          input: bytes,
        });
        expect([piped.code, piped.stdout.includes(`page=${page}`)], name).toEqual([1, true]);
      }
    });

    test("what the first image gives is printed although a further one is damaged", async () => {
      const file = join(here, "damaged.png");
      writeFileSync(file, Buffer.concat([framed, plain.subarray(0, 2000)]));
      const { code, stdout, stderr } = await scan(["--list", list], file);
      expect([code, stdout.split("\n").length]).toEqual([2, 2]);
      expect(stdout).toContain("\ttrimmed\t");
      expect(stderr).toMatch(/damaged\.png/);
    });

    test("an image alone has no number", async () => {
      const file = join(here, "alone.png");
      writeFileSync(file, framed);
      const { code, stdout } = await scan(["--list", list], file);
      expect([code, stdout.includes("page=")]).toEqual([1, false]);
    });
  });

  test("names them from a pipe and under a name that is not text, and also a video behind an image", async () => {
    const piped = await empreinte(["hash", "-"], { input: animated.gif });
    expect([piped.code, piped.stderr.includes(note)]).toEqual([2, true]);
    const bytes = Buffer.concat([Buffer.from(`${here}/`), Buffer.from([0xe9, 0x2e, 0x67, 0x69, 0x66])]);
    writeFileSync(bytes, animated.gif);
    const names = join(here, "names.txt");
    writeFileSync(names, Buffer.concat([bytes, Buffer.from("\n")]));
    const named = await empreinte(["hash", "--files-from", names]);
    expect([named.code, named.stderr.includes(note)]).toEqual([2, true]);
    const video = [box("ftyp", Buffer.from("isom\0\0\0\0isom")), box("moov", Buffer.alloc(8))];
    const motion = await empreinte(["hash", "-"], { input: Buffer.concat([images.jpeg[0]!, ...video]) });
    expect([motion.code, motion.stdout.split("\n").length]).toEqual([2, 2]);
    expect(motion.stderr).toContain("a video of 36 bytes behind the image was not read");
    const read = await empreinte(["hash", "--embedded", "-"], { input: Buffer.concat([images.jpeg[0]!, ...video]) });
    expect([read.code, read.stderr.includes("was not read from a pipe")]).toEqual([2, true]);
  });
});
