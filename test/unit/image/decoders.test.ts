/** HEIC, JPEG XL and JPEG 2000, compared with the decoders of libheif, libjxl and OpenJPEG. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, test } from "vitest";
import sharp from "sharp";
import { hashDistance, hashImage, hashPixelsSync, safePreview, sniffImage } from "../../../dist/index.js";
import { coloured } from "../../support/image/bmp.ts";
import {
  cjxl,
  djxl,
  heifConvert,
  heifEnc,
  losslessHeic,
  missing,
  opj,
  opjBack,
  pngOf,
} from "../../support/image/encoders.ts";
import { gridOf, heif, type HeifItem, imir, irot, itemOf } from "../../support/image/heif.ts";
import { folder } from "../../support/cli.ts";
import { asRgb, furthest, pagesOf, rgbOf } from "../../support/image/pages.ts";
import { succeed, which } from "../../support/run.ts";

const { width, height, rgb } = coloured(96, 80);
const png = await pngOf(rgb, width, height, 3);
const grey = Uint8Array.from({ length: width * height }, (_, i) => rgb[3 * i + 1]!);
const deep = Uint16Array.from(rgb, (value, i) => value * 257 - (value > 0 ? (i * 7) % 256 : 0));

/** Turns RGB pixels: the result has at (x, y) what `from` says. */
function turned(
  [w, h]: readonly [number, number],
  from: (x: number, y: number) => readonly [number, number],
  source = rgb,
  across = width,
): Uint8Array {
  const result = new Uint8Array(3 * w * h);
  for (let y = 0; y < h; y++) {
    for (let x = 0; x < w; x++) {
      const [sx, sy] = from(x, y);
      const at = 3 * (sy * across + sx);
      result.set(source.subarray(at, at + 3), 3 * (y * w + x));
    }
  }
  return result;
}

interface Image {
  width: number;
  height: number;
  rgb: Uint8Array;
}

/** Compares images. The message of a comparison of arrays would have each of their pixels. */
function expectSame(one: Image, other: Image, within = 0): void {
  const difference = furthest(one.rgb, other.rgb);
  expect([one.width, one.height, Math.max(within, difference)]).toEqual([other.width, other.height, within]);
}

const original = { width, height, rgb };
/** heif-enc loses a level where it makes luma of RGB. */
const lossless = 1;

const needsHeif = missing("heif-enc", "heif-convert");
const needsJxl = missing("cjxl", "djxl");
const needsJp2 = missing("opj_compress", "opj_decompress");

describe("HEIC", () => {
  test("without loss is the image that was encoded", async (ctx) => {
    if (needsHeif !== undefined) return ctx.skip(needsHeif);
    const file = await heifEnc(png, ...losslessHeic);
    expect(sniffImage(file)).toBe("heic");
    const theirs = await heifConvert(file);
    expectSame(await rgbOf(file), original, lossless);
    expectSame(await rgbOf(file), await rgbOf(theirs));
    const { hash } = await hashImage(theirs);
    expect(await hashImage(file)).toMatchObject({ hash, width, height });
    expect(await hashImage(file, { isolation: "process" })).toMatchObject({ hash, width, height });
  });

  test("with loss is what heif-convert makes of it", async (ctx) => {
    if (needsHeif !== undefined) return ctx.skip(needsHeif);
    for (const options of [
      ["-q", "50"],
      ["-q", "90", "-p", "chroma=444"],
      ["-q", "70", "-p", "chroma=422"],
    ]) {
      const file = await heifEnc(png, ...options);
      const theirs = await heifConvert(file);
      // Versions of libheif interpolate colours that are stored for every other pixel in two ways.
      expectSame(await rgbOf(file), await rgbOf(theirs), options.includes("chroma=444") ? 0 : 16);
      expect(hashDistance((await hashImage(file)).hash, (await hashImage(theirs)).hash)).toBeLessThanOrEqual(2);
    }
  });

  test("of 10 and 12 bits is rounded to 8 as other samples are", async (ctx) => {
    if (needsHeif !== undefined) return ctx.skip(needsHeif);
    const source = await pngOf(deep, width, height, 3);
    for (const bits of [10, 12]) {
      const file = await heifEnc(source, "-b", String(bits), ...losslessHeic);
      const [page] = await pagesOf(await heifConvert(file));
      expect(page!.depth).toBe(16);
      // heif-convert writes the bits at the top of each sample.
      const theirs = new Uint16Array(page!.data.buffer, page!.data.byteOffset, page!.data.length / 2);
      const most = 2 ** bits - 1;
      const expected = Uint8Array.from(theirs, (value) => Math.round(((value >> (16 - bits)) * 255) / most));
      expectSame(await rgbOf(file), { width, height, rgb: expected });
    }
  });

  test("in grey is one channel", async (ctx) => {
    if (needsHeif !== undefined) return ctx.skip(needsHeif);
    const file = await heifEnc(await pngOf(grey, width, height, 1), "-L");
    const [page] = await pagesOf(file);
    expect(page!.channels).toBe(1);
    expect(furthest(page!.data, grey)).toBeLessThanOrEqual(1);
  });

  test("drops alpha and keeps the colour under it", async (ctx) => {
    if (needsHeif !== undefined) return ctx.skip(needsHeif);
    const rgba = Uint8Array.from({ length: 4 * width * height }, (_, i) =>
      i % 4 === 3 ? (i >> 4) & 255 : rgb[3 * Math.floor(i / 4) + (i % 4)]!,
    );
    expectSame(await rgbOf(await heifEnc(await pngOf(rgba, width, height, 4), ...losslessHeic)), original, lossless);
  });

  const tile = async (image: Uint8Array, side: number): Promise<HeifItem> => {
    const item = itemOf(await heifEnc(await pngOf(image, side, side, 3), ...losslessHeic));
    return { ...item, hidden: true };
  };
  /** A grid of two rows and three columns, of which the last parts are left out. */
  async function grid(turns: Buffer[] = []): Promise<{ file: Buffer; whole: Uint8Array; items: HeifItem[] }> {
    const image = coloured(192, 128);
    const cut = (x: number, y: number): Uint8Array =>
      turned([64, 64], (i, j) => [x + i, y + j], image.rgb, image.width);
    const tiles = await Promise.all([0, 1, 2, 3, 4, 5].map((i) => tile(cut(64 * (i % 3), 64 * (i > 2 ? 1 : 0)), 64)));
    const whole = turned([180, 120], (x, y) => [x, y], image.rgb, image.width);
    const one = gridOf(2, 3, 180, 120, [1, 2, 3, 4, 5, 6]);
    const items = [...tiles, { ...one, properties: [...one.properties, ...turns] }];
    return { file: heif(items, 7), whole, items };
  }

  test("puts the tiles of a grid together", async (ctx) => {
    if (needsHeif !== undefined) return ctx.skip(needsHeif);
    const { file, whole } = await grid();
    expectSame(await rgbOf(file), { width: 180, height: 120, rgb: whole }, lossless);
    expectSame(await rgbOf(file), await rgbOf(await heifConvert(file)));
    expect((await pagesOf(file, true)).map(({ primary }) => primary)).toEqual([true]);
  });

  test("applies rotations and reflections, which are part of the image", async (ctx) => {
    if (needsHeif !== undefined) return ctx.skip(needsHeif);
    const item = itemOf(await heifEnc(png, ...losslessHeic));
    const turnedBy = (...turns: Buffer[]): Buffer => heif([{ ...item, properties: [...item.properties, ...turns] }], 1);
    const [right, bottom] = [width - 1, height - 1];
    const cases: [Buffer[], [number, number], (x: number, y: number) => [number, number]][] = [
      [[irot(1)], [height, width], (x, y) => [right - y, x]],
      [[irot(2)], [width, height], (x, y) => [right - x, bottom - y]],
      [[irot(3)], [height, width], (x, y) => [y, bottom - x]],
      [[imir(0)], [width, height], (x, y) => [x, bottom - y]],
      [[imir(1)], [width, height], (x, y) => [right - x, y]],
    ];
    for (const [turns, size, from] of cases) {
      const file = turnedBy(...turns);
      expectSame(await rgbOf(file), { width: size[0], height: size[1], rgb: turned(size, from) }, lossless);
      expectSame(await rgbOf(file), await rgbOf(await heifConvert(file)));
    }
    const { file } = await grid([irot(1)]);
    expectSame(await rgbOf(file), await rgbOf(await heifConvert(file)));
  });

  test("of several images is the primary one, or all in the order of the file", async (ctx) => {
    if (needsHeif !== undefined) return ctx.skip(needsHeif);
    const one = itemOf(await heifEnc(png, ...losslessHeic));
    const other = itemOf(await heifEnc(await pngOf(rgb.toReversed(), width, height, 3), ...losslessHeic));
    const file = heif([one, other], 2);
    const images = [rgb, rgb.toReversed()].map((data) => ({ width, height, rgb: data }));
    expectSame(await rgbOf(file), images[1]!, lossless);
    const pages = await pagesOf(file, true);
    expect(pages.map(({ page, primary }) => [page, primary])).toEqual([
      [0, false],
      [1, true],
    ]);
    pages.forEach((page, i) => expectSame({ width, height, rgb: asRgb(page) }, images[i]!, lossless));
    await expect(hashImage(file, { pages: "all", maxPages: 1 })).rejects.toMatchObject({ limit: "maxPages" });
    const all = await hashImage(file, { pages: "all", isolation: "process" });
    expect(all.frames!.map(({ hash }) => hash)).toEqual(
      pages.map((page) => hashPixelsSync({ data: asRgb(page), width, height, channels: 3 }).hash),
    );
    expect(all.hash).toBe(all.frames![1]!.hash);
  });

  test("that lacks a tile, or a part of one, is damaged", async (ctx) => {
    if (needsHeif !== undefined) return ctx.skip(needsHeif);
    const { items } = await grid();
    const corrupt = { code: "ERR_EMPREINTE_CORRUPT" };
    const noisy = sharp({
      create: {
        width: 256,
        height: 256,
        channels: 3,
        background: "grey",
        noise: { type: "gaussian", mean: 128, sigma: 40 },
      },
    });
    const big = itemOf(await heifEnc(await noisy.png().toBuffer(), "-q", "60"));
    for (const [from, to] of [
      [0.2, 1],
      [0.8, 1],
      [0.5, 0.51],
    ] as const) {
      const zeroed = Buffer.from(big.data);
      zeroed.fill(0, Math.floor(from * zeroed.length), Math.floor(to * zeroed.length));
      await expect(hashImage(heif([{ ...big, data: zeroed }], 1)), `from ${from}`).rejects.toMatchObject(corrupt);
    }
    for (const data of [Buffer.alloc(0), items[3]!.data.subarray(0, 40), Buffer.alloc(items[3]!.data.length)]) {
      const broken = items.map((item, i) => (i === 3 ? { ...item, data } : item));
      await expect(hashImage(heif(broken, 7))).rejects.toMatchObject(corrupt);
    }
    const endless = items.map((item, i) => (i === 6 ? { ...item, tiles: [7, 7, 7, 7, 7, 7] } : item));
    await expect(hashImage(heif(endless, 7))).rejects.toMatchObject(corrupt);
  });
});

describe("a sequence of HEIC", () => {
  const here = folder();
  const ffmpeg = which("ffmpeg");
  const encoders = ffmpeg === undefined ? "" : execFileSync(ffmpeg, ["-v", "error", "-encoders"], { encoding: "utf8" });
  const needs = encoders.includes("libx265") ? undefined : "skipped: needs ffmpeg with libx265";

  /** Frames of a film as a HEIF, which is the same file with other brands and another handler. */
  async function sequence(options: string): Promise<{ file: Buffer; frames: string[] }> {
    const film = join(here, "film.mp4");
    const source = ["-f", "lavfi", "-i", "testsrc2=size=320x240:rate=4:duration=1.5"];
    const coding = [
      "-c:v",
      "libx265",
      "-pix_fmt",
      "yuv420p",
      "-tag:v",
      "hvc1",
      "-x265-params",
      `log-level=none:${options}`,
    ];
    await succeed(ffmpeg!, ["-v", "error", "-y", ...source, ...coding, film]);
    await succeed(ffmpeg!, ["-v", "error", "-y", "-i", film, join(here, "%d.png")]);
    const file = readFileSync(film);
    file.write("msf1", 8, "latin1");
    file.write("hevcmsf1iso8", 16, "latin1");
    file.write("pict", file.indexOf("vide", 0, "latin1"), "latin1");
    const frames = await Promise.all(
      [1, 2, 3, 4, 5, 6].map(async (i) => (await hashImage(join(here, `${i}.png`))).hash),
    );
    return { file, frames };
  }

  it.for(["keyint=1", "bframes=0"])("has its frames as pages: %s", async (options, ctx) => {
    if (needs !== undefined) return ctx.skip(needs);
    const { file, frames } = await sequence(options);
    expect(sniffImage(file)).toBe("heic");
    expect(hashDistance((await hashImage(file)).hash, frames[0]!)).toBeLessThanOrEqual(4);
    const all = await hashImage(file, { pages: "all" });
    expect(all.frames).toHaveLength(6);
    all.frames!.forEach(({ hash }, i) => expect(hashDistance(hash, frames[i]!)).toBeLessThanOrEqual(4));
    expect(all.hash).toBe(all.frames![0]!.hash);
    await expect(hashImage(file, { pages: "all", maxPages: 5 })).rejects.toMatchObject({ limit: "maxPages" });
    await expect(hashImage(file.subarray(0, file.length / 2))).rejects.toMatchObject({ code: "ERR_EMPREINTE_CORRUPT" });
  });

  test("whose frames are stored in another order is of a kind that is not decoded", async (ctx) => {
    if (needs !== undefined) return ctx.skip(needs);
    const { file } = await sequence("bframes=3:b-adapt=0");
    const unsupported = { code: "ERR_EMPREINTE_UNSUPPORTED_FORMAT" };
    await expect(hashImage(file, { pages: "all" })).rejects.toMatchObject(unsupported);
  });
});

describe("JPEG XL", () => {
  test("without loss is the image that was encoded, bare or in its container", async (ctx) => {
    if (needsJxl !== undefined) return ctx.skip(needsJxl);
    for (const options of [
      ["-d", "0"],
      ["-d", "0", "--container=1"],
    ]) {
      const file = await cjxl(png, options);
      expect(sniffImage(file)).toBe("jxl");
      expectSame(await rgbOf(file), original);
      const { hash } = await hashImage(png);
      expect((await hashImage(file, { isolation: "process" })).hash).toBe(hash);
    }
    const greyFile = await cjxl(await pngOf(grey, width, height, 1), ["-d", "0"]);
    const [page] = await pagesOf(greyFile);
    expect([page!.channels, furthest(page!.data, grey)]).toEqual([1, 0]);
  });

  test("with loss is what djxl makes of it, to one level", async (ctx) => {
    if (needsJxl !== undefined) return ctx.skip(needsJxl);
    const jpeg = await sharp(png).jpeg({ quality: 85 }).toBuffer();
    for (const file of [await cjxl(png, ["-d", "1"]), await cjxl(png, ["-d", "4"]), await cjxl(jpeg, [], "in.jpg")]) {
      const theirs = await djxl(file);
      expectSame(await rgbOf(file), await rgbOf(theirs), 2);
      expect(hashDistance((await hashImage(file)).hash, (await hashImage(theirs)).hash)).toBeLessThanOrEqual(2);
    }
  });

  test("of 16 bits is rounded to 8", async (ctx) => {
    if (needsJxl !== undefined) return ctx.skip(needsJxl);
    const source = await pngOf(deep, width, height, 3);
    expectSame(await rgbOf(await cjxl(source, ["-d", "0"])), await rgbOf(source));
  });

  test("drops alpha and keeps the colour under it", async (ctx) => {
    if (needsJxl !== undefined) return ctx.skip(needsJxl);
    const rgba = Uint8Array.from({ length: 4 * width * height }, (_, i) =>
      i % 4 === 3 ? (i >> 4) & 255 : rgb[3 * Math.floor(i / 4) + (i % 4)]!,
    );
    const file = await cjxl(await pngOf(rgba, width, height, 4), ["-d", "0", "--keep_invisible=1"]);
    expectSame(await rgbOf(file), original);
  });

  test("has the samples that are stored, whatever its orientation and colour profile", async (ctx) => {
    if (needsJxl !== undefined) return ctx.skip(needsJxl);
    const turnedJpeg = await sharp(png).withMetadata({ orientation: 6 }).jpeg({ quality: 95 }).toBuffer();
    const file = await cjxl(turnedJpeg, [], "in.jpg");
    const { hash } = await hashImage(turnedJpeg);
    expect(await hashImage(file)).toMatchObject({ width, height });
    expect(hashDistance((await hashImage(file)).hash, hash)).toBeLessThanOrEqual(4);
    const wide = await sharp(png).withIccProfile("p3").png().toBuffer();
    expectSame(await rgbOf(await cjxl(wide, ["-d", "0"])), await rgbOf(wide));
    expectSame(await rgbOf(await cjxl(wide, ["-d", "1"])), await rgbOf(await djxl(await cjxl(wide, ["-d", "1"]))), 2);
  });

  test("has the frames of an animation as pages", async (ctx) => {
    if (needsJxl !== undefined) return ctx.skip(needsJxl);
    const frames = [rgb, rgb.toReversed(), rgb.map((value) => 255 - value)];
    const tall = sharp(Buffer.concat(frames), { raw: { width, height: 3 * height, channels: 3, pageHeight: height } });
    const gif = await tall.gif({ delay: [100, 100, 100] }).toBuffer();
    const file = await cjxl(gif, ["-d", "0"], "in.gif");
    const expected = (await pagesOf(gif, true)).map(asRgb);
    const pages = await pagesOf(file, true);
    expect(pages.map(({ page, primary }) => [page, primary])).toEqual([
      [0, true],
      [1, false],
      [2, false],
    ]);
    pages.forEach((page, i) => expectSame({ width, height, rgb: asRgb(page) }, { width, height, rgb: expected[i]! }));
    await expect(hashImage(file, { pages: "all", maxPages: 2 })).rejects.toMatchObject({ limit: "maxPages" });
    expect((await hashImage(file, { pages: "all", maxPages: 3 })).frames).toHaveLength(3);
  });
});

describe("JPEG 2000", () => {
  const kinds: [string, string[], string][] = [
    ["in its container", [], "out.jp2"],
    ["as a codestream", [], "out.j2k"],
    ["in tiles", ["-t", "33,40"], "out.jp2"],
    ["with loss", ["-r", "20", "-I"], "out.jp2"],
    ["with layers, without loss in the last", ["-r", "20,10,1", "-p", "RPCL"], "out.j2k"],
  ];

  it.for(kinds)("%s is what OpenJPEG makes of it", async ([, options, name], ctx) => {
    if (needsJp2 !== undefined) return ctx.skip(needsJp2);
    const file = await opj(png, options, name);
    expect(sniffImage(file)).toBe("jp2");
    const theirs = await opjBack(file, name.replace("out", "in"));
    expectSame(await rgbOf(file), await rgbOf(theirs));
    if (!options.includes("-I")) expectSame(await rgbOf(file), original);
    expect((await hashImage(file, { isolation: "process" })).hash).toBe((await hashImage(theirs)).hash);
  });

  test("in grey is one channel, and alpha is dropped", async (ctx) => {
    if (needsJp2 !== undefined) return ctx.skip(needsJp2);
    const [page] = await pagesOf(await opj(await pngOf(grey, width, height, 1)));
    expect([page!.channels, furthest(page!.data, grey)]).toEqual([1, 0]);
    const rgba = Uint8Array.from({ length: 4 * width * height }, (_, i) =>
      i % 4 === 3 ? (i >> 4) & 255 : rgb[3 * Math.floor(i / 4) + (i % 4)]!,
    );
    expectSame(await rgbOf(await opj(await pngOf(rgba, width, height, 4))), original);
  });

  test("of 16 bits is rounded to 8", async (ctx) => {
    if (needsJp2 !== undefined) return ctx.skip(needsJp2);
    const source = await pngOf(deep, width, height, 3);
    expectSame(await rgbOf(await opj(source)), await rgbOf(source));
  });
});

test("previews and searches read these formats as well", async (ctx) => {
  const needs = needsHeif ?? needsJxl ?? needsJp2;
  if (needs !== undefined) return ctx.skip(needs);
  for (const file of [await heifEnc(png, ...losslessHeic), await cjxl(png, ["-d", "0"]), await opj(png)]) {
    const { blurhash } = await safePreview(file);
    expect(blurhash.slice(0, 10)).toBe((await safePreview(png)).blurhash.slice(0, 10));
    expect((await safePreview(file, { isolation: "process" })).blurhash).toBe(blurhash);
  }
});
