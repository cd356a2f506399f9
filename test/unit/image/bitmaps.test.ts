/** BMP and ICO: every depth, header and order of rows, and what is not whole. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, describe, expect, it, test } from "vitest";
import { hashImage, sniffImage } from "../../../dist/index.js";
import { bitmap, bmp, type BmpKind, coloured, ico, iconBitmap, indexed } from "../../support/image/bmp.ts";
import { furthest, pagesOf, rgbOf } from "../../support/image/pages.ts";
import { succeed, which } from "../../support/run.ts";

const folder = mkdtempSync(join(tmpdir(), "empreinte-bitmaps-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Widths that need padding, and one that does not. */
const sizes = [
  [64, 48],
  [37, 29],
  [33, 5],
] as const;

const palettes: BmpKind[] = [
  { bits: 1 },
  { bits: 2 },
  { bits: 4 },
  { bits: 8 },
  { bits: 8, topDown: true },
  { bits: 4, colours: 11 },
  { bits: 8, colours: 100 },
  { bits: 8, header: 12 },
  { bits: 4, header: 12 },
  { bits: 1, header: 64 },
  { bits: 8, header: 124 },
  { bits: 8, runs: true },
  { bits: 4, runs: true },
  { bits: 8, runs: true, topDown: true },
  { bits: 8, runs: true, colours: 17 },
];

const exact: BmpKind[] = [
  { bits: 24 },
  { bits: 24, topDown: true },
  { bits: 24, header: 12 },
  { bits: 24, header: 108 },
  { bits: 32 },
  { bits: 32, topDown: true, header: 124 },
  { bits: 32, masks: [0xff, 0xff00, 0xff0000] },
  { bits: 32, masks: [0xff000000, 0xff0000, 0xff00], header: 56 },
];

const reduced: BmpKind[] = [
  { bits: 16 },
  { bits: 16, masks: [0xf800, 0x7e0, 0x1f] },
  { bits: 16, masks: [0xf00, 0xf0, 0xf], header: 108 },
  { bits: 32, masks: [0x3ff00000, 0xffc00, 0x3ff] },
];

const nameOf = ({ bits, header = 40, topDown, runs, masks, colours }: BmpKind): string =>
  [
    `${bits} bits`,
    `header ${header}`,
    topDown && "top-down",
    runs && "runs",
    masks && `masks ${masks.map((m) => m.toString(16)).join()}`,
    colours && `${colours} colours`,
  ]
    .filter(Boolean)
    .join(", ");

/** What a value becomes that was rounded to the bits of a mask, and back to 8. */
function throughMask(value: number, mask: number): number {
  const most = 2 ** [...mask.toString(2)].filter((digit) => digit === "1").length - 1;
  return Math.round((Math.round((value * most) / 255) * 255) / most);
}

describe("a BMP", () => {
  it.each(palettes.map((kind) => [nameOf(kind), kind] as const))("gives its palette's colours: %s", async (_, kind) => {
    for (const [width, height] of sizes) {
      const { image, indexes, palette } = indexed(width, height, kind.colours ?? 2 ** kind.bits);
      const file = bmp(kind, image, { indexes, palette });
      expect(sniffImage(file)).toBe("bmp");
      expect(await rgbOf(file)).toEqual(image);
    }
  });

  it.each(exact.map((kind) => [nameOf(kind), kind] as const))("gives its colours: %s", async (_, kind) => {
    for (const [width, height] of sizes) {
      const image = coloured(width, height);
      expect(await rgbOf(bmp(kind, image))).toEqual(image);
    }
  });

  it.each(reduced.map((kind) => [nameOf(kind), kind] as const))("scales its fields to 8 bits: %s", async (_, kind) => {
    const image = coloured(37, 29);
    const masks = kind.masks ?? [0x7c00, 0x3e0, 0x1f];
    const { rgb } = await rgbOf(bmp(kind, image));
    expect(rgb).toEqual(image.rgb.map((value, i) => throughMask(value, masks[i % 3]!)));
  });

  test("drops alpha and keeps the colour under it", async () => {
    const image = coloured(20, 10);
    const file = bmp({ bits: 32 }, image);
    for (let at = 57; at < file.length; at += 4) file[at] = at & 255;
    expect((await rgbOf(file)).rgb).toEqual(image.rgb);
  });

  test("has pixels of colour 0 where runs skip them", async () => {
    const { image, indexes, palette } = indexed(6, 3, 4);
    const { head } = bitmap({ bits: 8, runs: true, colours: 4 }, image, { indexes, palette });
    // A jump by 2 and 1, a pixel of colour 3, an end of line, and a row of colour 2.
    const runs = Buffer.from([0, 2, 2, 1, 1, 3, 0, 0, 6, 2, 0, 1]);
    const file = Buffer.concat([
      bmp({ bits: 8, runs: true, colours: 4 }, image, { indexes, palette }).subarray(0, 14),
      head,
      runs,
    ]);
    const rows = [2, 2, 2, 2, 2, 2, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    const expected = Uint8Array.from(rows.flatMap((index) => [...palette.subarray(3 * index, 3 * index + 3)]));
    expect((await rgbOf(file)).rgb).toEqual(expected);
  });

  test("hashes as the same pixels in a PNG", async () => {
    const { width, height, rgb } = coloured(300, 200);
    const png = await sharp(rgb, { raw: { width, height, channels: 3 } })
      .png()
      .toBuffer();
    const { hash } = await hashImage(png);
    expect((await hashImage(bmp({ bits: 24 }, { width, height, rgb }))).hash).toBe(hash);
    expect(
      (await hashImage(bmp({ bits: 24, topDown: true }, { width, height, rgb }), { isolation: "process" })).hash,
    ).toBe(hash);
  });

  test("is read as ImageMagick reads it", async (ctx) => {
    const convert = which("convert");
    if (convert === undefined) return ctx.skip("skipped: needs ImageMagick's convert");
    for (const kind of [...palettes, ...exact, ...reduced]) {
      // ImageMagick 6 does not know 2 bits, nor runs from the top, takes three bytes for a colour of OS/2 2, and leaves
      // the lower half of a byte empty that it makes of a field of 4 bits.
      const { image, ...lists } = indexed(37, 29, kind.colours ?? Math.min(256, 2 ** kind.bits));
      const isPalette = kind.bits <= 8;
      const [file, raw] = [join(folder, "in.bmp"), join(folder, "out.rgb")];
      if (
        kind.bits === 2 ||
        kind.header === 64 ||
        kind.masks?.[2] === 0xf ||
        (kind.runs === true && kind.topDown === true)
      )
        continue;
      writeFileSync(file, isPalette ? bmp(kind, image, lists) : bmp(kind, coloured(37, 29)));
      await succeed(convert, [`bmp:${file}`, "-alpha", "off", "-depth", "8", `rgb:${raw}`]);
      const { rgb } = await rgbOf(readFileSync(file));
      // It repeats the bits of narrow fields instead of scaling them.
      expect([nameOf(kind), furthest(rgb, readFileSync(raw)) <= (reduced.includes(kind) ? 2 : 0)]).toEqual([
        nameOf(kind),
        true,
      ]);
    }
  });
});

describe("an icon", () => {
  const small = indexed(16, 16, 16);
  const middle = coloured(32, 32);
  const large = coloured(48, 40);
  const bitmaps = [
    { width: 16, height: 16, bits: 4, bytes: iconBitmap({ bits: 4 }, small.image, small) },
    { width: 32, height: 32, bits: 24, bytes: iconBitmap({ bits: 24 }, middle) },
    { width: 48, height: 40, bits: 32, bytes: iconBitmap({ bits: 32 }, large) },
  ];

  test("is its largest image", async () => {
    for (const order of [bitmaps, bitmaps.toReversed()]) {
      expect(sniffImage(ico(order))).toBe("ico");
      expect(await rgbOf(ico(order))).toEqual(large);
    }
  });

  test("is the deepest of its largest images, and of these the first", async () => {
    const other = indexed(48, 40, 256);
    const eight = { width: 48, height: 40, bits: 8, bytes: iconBitmap({ bits: 8 }, other.image, other) };
    const turned = { ...large, rgb: large.rgb.toReversed() };
    const second = { width: 48, height: 40, bits: 32, bytes: iconBitmap({ bits: 32 }, turned) };
    expect(await rgbOf(ico([eight, bitmaps[2]!]))).toEqual(large);
    expect(await rgbOf(ico([second, bitmaps[2]!]))).toEqual(turned);
  });

  test("has each image as a page, in the order of the file", async () => {
    const pages = await pagesOf(ico(bitmaps), true);
    expect(pages.map(({ page, width, primary }) => [page, width, primary])).toEqual([
      [0, 16, false],
      [1, 32, false],
      [2, 48, true],
    ]);
    const all = await hashImage(ico(bitmaps), { pages: "all" });
    expect([all.width, all.height, all.frames!.length]).toEqual([48, 40, 3]);
    expect(all.hash).toBe(all.frames![2]!.hash);
    await expect(hashImage(ico(bitmaps), { pages: "all", maxPages: 2 })).rejects.toMatchObject({ limit: "maxPages" });
  });

  test("may have a PNG", async () => {
    const { width, height, rgb } = coloured(256, 256);
    const bytes = await sharp(rgb, { raw: { width, height, channels: 3 } })
      .png()
      .toBuffer();
    const file = ico([...bitmaps, { width, height, bits: 32, bytes }]);
    expect(await rgbOf(file)).toEqual({ width, height, rgb });
  });
});

describe("a bitmap that is not whole", () => {
  const { image, indexes, palette } = indexed(37, 29, 256);
  const corrupt = { code: "ERR_EMPREINTE_CORRUPT" };
  const files: [string, Buffer, shortestRest: number][] = [
    ["24 bits", bmp({ bits: 24 }, image), 1],
    ["8 bits", bmp({ bits: 8 }, image, { indexes, palette }), 3],
    ["runs", bmp({ bits: 8, runs: true }, image, { indexes, palette }), 4],
    ["an icon", ico([{ width: 37, height: 29, bits: 24, bytes: iconBitmap({ bits: 24 }, image) }]), 1],
  ];

  it.each(files)("%s: wherever it is cut", async (_, file, last) => {
    for (let length = 30; length <= file.length - last - 1; length += length < 200 ? 1 : 61) {
      const cut = file.subarray(0, length);
      if (sniffImage(cut) === undefined) continue;
      await expect(hashImage(cut), `${length} of ${file.length} bytes`).rejects.toMatchObject(corrupt);
    }
    const shortest = file.subarray(0, file.length - last - 1);
    await expect(hashImage(shortest)).rejects.toMatchObject(corrupt);
  });

  /** Changes a number in a copy. */
  const changed = (file: Buffer, change: (copy: Buffer) => void): Buffer => {
    const copy = Buffer.from(file);
    change(copy);
    return copy;
  };
  const plain = bmp({ bits: 24 }, image);
  const coded = bmp({ bits: 8, runs: true }, image, { indexes, palette });
  const runsFrom = coded.readUInt32LE(10);
  const runs = (...bytes: number[]): Buffer => Buffer.concat([coded.subarray(0, runsFrom), Buffer.from(bytes)]);

  it.each([
    ["no width", changed(plain, (copy) => copy.writeInt32LE(0, 18))],
    ["a width below 0", changed(plain, (copy) => copy.writeInt32LE(-37, 18))],
    ["no height", changed(plain, (copy) => copy.writeInt32LE(0, 22))],
    ["a depth that its compression has not", changed(plain, (copy) => copy.writeUInt32LE(1, 30))],
    ["a compression that does not exist", changed(plain, (copy) => copy.writeUInt32LE(99, 30))],
    ["pixels inside the header", changed(plain, (copy) => copy.writeUInt32LE(20, 10))],
    ["pixels behind the end", changed(plain, (copy) => copy.writeUInt32LE(2 ** 31, 10))],
    [
      "a palette that is too short",
      bmp({ bits: 8, colours: 20 }, image, { indexes, palette: palette.subarray(0, 60) }),
    ],
    ["no palette", bmp({ bits: 8, colours: 0 }, image, { indexes, palette: palette.subarray(0, 0) }).fill(0, 46, 50)],
    ["masks that overlap", bmp({ bits: 16, masks: [0xff00, 0xff0, 0xf] }, image)],
    ["masks with gaps", bmp({ bits: 16, masks: [0xa000, 0x7e0, 0x1f] }, image)],
    ["masks without bits", bmp({ bits: 32, masks: [0, 0, 0] }, image)],
    ["masks above 16 bits", bmp({ bits: 16, masks: [0xff0000, 0xff00, 0xff] }, image)],
    ["a run past the edge", runs(38, 1, 0, 1)],
    ["stored pixels past the edge", runs(30, 1, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8, 0, 1)],
    ["a jump past the edge", runs(0, 2, 255, 0, 0, 1)],
    ["a jump past the last row", runs(0, 2, 0, 255, 0, 1)],
    ["a row too many", runs(...Array.from({ length: 30 }, () => [37, 1, 0, 0]).flat(), 0, 1)],
    ["an end before the last row", runs(37, 1, 0, 0, 37, 1, 0, 1)],
    ["an end inside the last row", runs(...Array.from({ length: 28 }, () => [37, 1, 0, 0]).flat(), 5, 1, 0, 1)],
    ["runs without an end", runs(37, 1, 0, 0)],
  ])("is damaged: %s", async (_, file) => {
    await expect(hashImage(file)).rejects.toMatchObject(corrupt);
    await expect(hashImage(file, { isolation: "process" })).rejects.toMatchObject(corrupt);
  });

  test("is unsupported where it has a JPEG, a PNG or a compression of OS/2", async () => {
    for (const compression of [4, 5]) {
      const file = changed(plain, (copy) => copy.writeUInt32LE(compression, 30));
      await expect(hashImage(file)).rejects.toMatchObject({ code: "ERR_EMPREINTE_UNSUPPORTED_FORMAT" });
    }
    const file = changed(bmp({ bits: 24, header: 64 }, image), (copy) => copy.writeUInt32LE(4, 30));
    await expect(hashImage(file)).rejects.toMatchObject({ code: "ERR_EMPREINTE_UNSUPPORTED_FORMAT" });
  });

  test("keeps to the limits before it takes memory", async () => {
    const sides = (width: number, height: number): Buffer =>
      changed(plain, (copy) => {
        copy.writeInt32LE(width, 18);
        copy.writeInt32LE(height, 22);
      });
    await expect(hashImage(sides(60_000, 60_000))).rejects.toMatchObject({ limit: "maxPixels" });
    await expect(hashImage(sides(2 ** 31 - 1, -(2 ** 31)))).rejects.toMatchObject({ limit: "maxPixels" });
    await expect(hashImage(sides(200_000, 10))).rejects.toMatchObject({ limit: "side" });
    await expect(hashImage(plain, { maxPixels: 37 * 29 - 1 })).rejects.toMatchObject({ limit: "maxPixels" });
    await expect(hashImage(plain, { maxPixels: 37 * 29 })).resolves.toMatchObject({ width: 37 });
    await expect(hashImage(plain, { maxBytes: plain.length - 1 })).rejects.toMatchObject({ limit: "maxBytes" });
  });

  test("an icon inside an icon, a directory that is cut and images that share bytes are no way around the checks", async () => {
    const inner = ico([{ width: 37, height: 29, bits: 24, bytes: iconBitmap({ bits: 24 }, image) }]);
    await expect(hashImage(ico([{ width: 37, height: 29, bits: 24, bytes: inner }]))).rejects.toMatchObject(corrupt);
    const many = ico(
      Array.from({ length: 3 }, () => ({ width: 37, height: 29, bits: 24, bytes: iconBitmap({ bits: 24 }, image) })),
    );
    expect(sniffImage(many.subarray(0, 40))).toBe("ico");
    await expect(hashImage(many.subarray(0, 40))).rejects.toMatchObject(corrupt);
    for (let i = 1; i < 3; i++) many.copy(many, 6 + 16 * i, 6, 22);
    expect((await hashImage(many, { pages: "all" })).frames).toHaveLength(3);
  });
});
