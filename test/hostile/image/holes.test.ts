/**
 * Holes: a part of the file is zeros, because it never arrived. Decoders make an image of many
 * of them. TIFFs whose strips or tiles are damaged are here as well.
 */
import sharp, { type Sharp } from "sharp";
import { describe, expect, it } from "vitest";
import { hashDistance, hashImage } from "../../../dist/index.js";
import { TiffReader } from "../../../dist/image/formats/tiff-directory.js";
import { makeInput, SPECS } from "../../../fixtures/kat/inputs.mjs";

const spec = SPECS.find(({ id }) => id === "scenergb-1024x768") ?? SPECS.find(({ id }) => id.startsWith("scenergb-"))!;
const scene = (): Sharp =>
  sharp(makeInput(spec), { raw: { width: spec.width, height: spec.height, channels: 3 } }).resize(700, 500, {
    fit: "fill",
  });

const codeOf = (bytes: Uint8Array): Promise<string> =>
  hashImage(bytes, { pages: "all" }).then(
    () => "hashed",
    ({ code }: { code: string }) => code,
  );

const encoders: [string, () => Promise<Buffer>][] = [
  ["a JPEG with the usual tables", () => scene().jpeg({ optimiseCoding: false, quality: 90 }).toBuffer()],
  ["a JPEG with tables of its own", () => scene().jpeg({ optimiseCoding: true, quality: 90 }).toBuffer()],
  ["a progressive JPEG", () => scene().jpeg({ progressive: true, quality: 90 }).toBuffer()],
  ["a PNG", () => scene().png({ compressionLevel: 1 }).toBuffer()],
  ["a GIF", () => scene().gif({ effort: 1 }).toBuffer()],
  ["a lossy WebP", () => scene().webp({ quality: 80 }).toBuffer()],
  ["a lossless WebP", () => scene().webp({ lossless: true, effort: 1 }).toBuffer()],
  ["an AVIF", () => scene().avif({ effort: 0 }).toBuffer()],
  ["a TIFF of JPEGs", () => scene().tiff({ compression: "jpeg" }).toBuffer()],
];

describe("a hole is damage", () => {
  it.each(encoders)("in %s", async (_, encoded) => {
    const whole = await encoded();
    expect(await codeOf(whole)).toBe("hashed");
    const half = whole.length >> 1;
    const holes: Record<string, (bytes: Buffer) => Buffer> = {
      "to the end": (bytes) => bytes.fill(0, half),
      "to the end mark": (bytes) => bytes.fill(0, half, bytes.length - 2),
      "of 2 kB in the middle": (bytes) => bytes.fill(0, half, half + 2048),
    };
    for (const [name, make] of Object.entries(holes)) {
      expect([name, await codeOf(make(Buffer.from(whole)))]).toEqual([name, "ERR_EMPREINTE_CORRUPT"]);
    }
  });
});

describe("WebP", () => {
  const [width, height] = [400, 300];
  const samples = (): Promise<Buffer> => scene().resize(width, height, { fit: "fill" }).removeAlpha().raw().toBuffer();
  const animation = async (options: object): Promise<Buffer> => {
    const frame = await samples();
    const raw = Buffer.concat([0, 90, 180].map((shift) => frame.map((value) => value ^ shift)));
    return sharp(raw, { raw: { width, height: 3 * height, channels: 3, pageHeight: height } as never })
      .webp({ ...options, loop: 0 })
      .toBuffer();
  };

  it("of one small hole, at any place, is damage", async () => {
    const whole = await scene().webp({ quality: 80 }).toBuffer();
    for (let i = 1; i < 20; i++) {
      const at = Math.floor((i * whole.length) / 20);
      const holed = Buffer.from(whole).fill(0, at, at + 64);
      expect([at, await codeOf(holed)]).toEqual([at, "ERR_EMPREINTE_CORRUPT"]);
    }
  });

  it.each([{ quality: 80 }, { lossless: true, effort: 0 }])(
    "with a hole in a frame is damage where the frame is read: %j",
    async (options) => {
      const whole = await animation(options);
      expect((await hashImage(whole, { pages: "all" })).frames).toHaveLength(3);
      const first = whole.indexOf("ANMF");
      const last = whole.lastIndexOf("ANMF");
      const holed = (from: number, to: number): Buffer =>
        Buffer.from(whole).fill(0, (from + to) >> 1, (from + 3 * to) >> 2);
      const inLast = holed(last, whole.length);
      expect(await codeOf(inLast)).toBe("ERR_EMPREINTE_CORRUPT");
      expect((await hashImage(inLast)).hash).toBe((await hashImage(whole)).hash);
      const inFirst = holed(first, whole.indexOf("ANMF", first + 4));
      await expect(hashImage(inFirst)).rejects.toMatchObject({ code: "ERR_EMPREINTE_CORRUPT" });
    },
  );

  it("of a few pixels, of one colour and of noise is whole", async () => {
    const noise = await samples();
    for (const [wide, high] of [
      [1, 1],
      [5, 3],
      [16, 16],
      [333, 17],
    ] as const) {
      const length = 3 * wide * high;
      for (const pixels of [Buffer.alloc(length, 77), noise.subarray(0, length)]) {
        const image = sharp(pixels, { raw: { width: wide, height: high, channels: 3 } });
        for (const options of [
          { quality: 1 },
          { quality: 100, effort: 6 },
          { lossless: true, effort: 6 },
          { nearLossless: true },
        ]) {
          const file = await image.clone().webp(options).toBuffer();
          expect([wide, high, options, await codeOf(file)]).toEqual([wide, high, options, "hashed"]);
        }
      }
    }
  });
});

describe("zeros that encoders write are not", () => {
  const [width, height] = [2000, 1500];
  const grid = `<svg width="${width}" height="${height}"><pattern id="p" width="16" height="16"
    patternUnits="userSpaceOnUse"><rect width="8" height="8" fill="#fff"/></pattern>
    <rect width="100%" height="100%" fill="url(#p)"/></svg>`;
  const dot = { input: { create: { width: 9, height: 9, channels: 3, background: "#fff" } as const } };
  const black = { create: { width, height, channels: 3, background: "#000" } as const };
  it.each([
    ["one colour", () => sharp(black)],
    ["a dot", () => sharp(black).composite([{ ...dot, left: 900, top: 700 }])],
    ["a pattern", () => sharp(Buffer.from(grid)).flatten()],
  ] as [string, () => Sharp][])("%s", async (_, image) => {
    const files = await Promise.all([
      image().jpeg({ optimiseCoding: true }).toBuffer(),
      image().jpeg({ progressive: true }).toBuffer(),
      image().webp({ lossless: true, effort: 1 }).toBuffer(),
      image().webp({ quality: 1, effort: 1 }).toBuffer(),
    ]);
    for (const file of files) expect(await codeOf(file)).toBe("hashed");
  });

  // A hole in a WebP cannot be distinguished from areas of one colour by its zeros.
  it("thousands of zeros in a WebP with noise at its top and one colour below", async () => {
    const raw = Buffer.alloc(4000 * 4000);
    for (let i = 0; i < 80_000; i++) raw[i] = (i * 2_654_435_761) >>> 24;
    const image = sharp(raw, { raw: { width: 4000, height: 4000, channels: 1 } });
    for (const options of [{ quality: 80 }, { quality: 100, effort: 0 }, { lossless: true, effort: 0 }]) {
      const file = await image.clone().webp(options).toBuffer();
      expect(file.includes(Buffer.alloc(1024))).toBe(true);
      expect(await codeOf(file)).toBe("hashed");
    }
  });

  it("stripes and dots of periods up to 32 in JPEGs", async () => {
    for (const period of [2, 3, 5, 7, 8, 16, 31, 32]) {
      const raw = Buffer.alloc(1024 * 512);
      for (let i = 0; i < raw.length; i++)
        raw[i] = (i & 1023) % period === 0 && (period & 1 || !((i >> 10) & 7)) ? 255 : 0;
      const image = sharp(raw, { raw: { width: 1024, height: 512, channels: 1 } });
      for (const options of [{ optimiseCoding: true }, { progressive: true }, { mozjpeg: true, quality: 20 }]) {
        expect([period, await codeOf(await image.clone().jpeg(options).toBuffer())]).toEqual([period, "hashed"]);
      }
    }
  });

  it("there are such zeros in a JPEG of one colour", async () => {
    expect((await sharp(black).jpeg({ optimiseCoding: true }).toBuffer()).includes(Buffer.alloc(256))).toBe(true);
  });
});

/** Changes the places or the lengths of the second half of the strips or tiles. */
function altered(
  whole: Buffer,
  change: (place: { at: number; bytes: number }) => { at: number; bytes: number },
): Buffer {
  const file = Buffer.from(whole);
  const reader = new TiffReader(file);
  const directory = reader.directory(0);
  const offsets = directory.get(324) ?? directory.get(273)!;
  const counts = directory.get(325) ?? directory.get(279)!;
  const [places, lengths] = [reader.numbers(offsets), reader.numbers(counts)];
  const put = (field: typeof offsets, i: number, value: number): unknown =>
    field.type === 3 ? file.writeUInt16LE(value, field.at + 2 * i) : file.writeUInt32LE(value, field.at + 4 * i);
  for (let i = places.length >> 1; i < places.length; i++) {
    const { at, bytes } = change({ at: places[i]!, bytes: lengths[i]! });
    put(offsets, i, at);
    put(counts, i, bytes);
  }
  return file;
}

describe("a strip or tile of a TIFF", () => {
  const kinds: [string, Parameters<Sharp["tiff"]>[0]][] = (
    ["none", "packbits", "lzw", "deflate", "jpeg", "webp"] as const
  ).flatMap((compression): [string, Parameters<Sharp["tiff"]>[0]][] => [
    [`${compression} strips`, { compression }],
    [`${compression} tiles`, { compression, tile: true, tileWidth: 128, tileHeight: 128 }],
  ]);
  it.each(kinds)("that is missing or cut is damage: %s", async (_, options) => {
    const whole = await scene().tiff(options).toBuffer();
    expect(await codeOf(whole)).toBe("hashed");
    const changes: Record<string, Parameters<typeof altered>[1]> = {
      "no place": ({ bytes }) => ({ at: 0, bytes }),
      "no length": ({ at }) => ({ at, bytes: 0 }),
      neither: () => ({ at: 0, bytes: 0 }),
      "half the length": ({ at, bytes }) => ({ at, bytes: bytes >> 1 }),
      "behind the end": ({ bytes }) => ({ at: whole.length + 1000, bytes }),
    };
    for (const [name, change] of Object.entries(changes)) {
      expect([name, await codeOf(altered(whole, change))]).toEqual([name, "ERR_EMPREINTE_CORRUPT"]);
    }
  });

  const paper = (): Sharp => scene().greyscale().threshold(128).toColourspace("b-w");
  const fax = { compression: "ccittfax4", bitdepth: 1 } as const;

  it("of fax codes that is cut or zeros is damage", async () => {
    const whole = await paper().tiff(fax).toBuffer();
    const { hash } = await hashImage(whole);
    expect(hashDistance(hash, (await hashImage(await paper().png().toBuffer())).hash)).toBeLessThanOrEqual(2);
    expect(await codeOf(altered(whole, ({ at, bytes }) => ({ at, bytes: bytes >> 1 })))).toBe("ERR_EMPREINTE_CORRUPT");
    expect(await codeOf(altered(whole, ({ at, bytes }) => ({ at, bytes: bytes - 20 })))).toBe("ERR_EMPREINTE_CORRUPT");
    const zeroed = Buffer.from(whole);
    altered(whole, ({ at, bytes }) => {
      zeroed.fill(0, at, at + bytes);
      return { at, bytes };
    });
    expect(await codeOf(zeroed)).toBe("ERR_EMPREINTE_CORRUPT");
  });

  it("of fax codes in tiles is not read, because the decoder hides their damage", async () => {
    const tiled = await paper()
      .tiff({ ...fax, tile: true, tileWidth: 128, tileHeight: 128 })
      .toBuffer();
    await expect(hashImage(tiled)).rejects.toMatchObject({
      code: "ERR_EMPREINTE_UNSUPPORTED_FORMAT",
      message: expect.stringContaining("a TIFF with fax codes in tiles"),
    });
  });
});
