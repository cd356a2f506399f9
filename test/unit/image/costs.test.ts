/**
 * What an image would cost is known before it is decoded: each limit is exact, names itself, and leaves the pool free.
 */
import { readFile } from "node:fs/promises";
import { deflateSync } from "node:zlib";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { hashImage, hashPixelsSync, LimitError } from "../../../dist/index.js";
import { gif, png, pngOf } from "../../../fixtures/images/encode.ts";
import { makeInput } from "../../../fixtures/kat/inputs.mjs";
import { manyScans } from "../../support/image/jpeg.ts";

const width = 160;
const height = 120;
const planes = [1, 2, 3].map((seed) => ({ gen: "scene", args: { seed, m: 14 } }));
const samples = makeInput({ width, height, channels: 3, planes });
const { hash } = hashPixelsSync({ data: samples, width, height, channels: 3 });
const raw = { raw: { width, height, channels: 3 as const } };

async function limitOf(work: Promise<unknown>): Promise<LimitError> {
  const error = await work.then(
    () => expect.unreachable("it was decoded"),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(LimitError);
  return error as LimitError;
}

describe("scans of a JPEG", () => {
  it("are 100 at most", async () => {
    expect(await hashImage(manyScans(64, 99))).toMatchObject({ width: 64, height: 64 });
    expect(await limitOf(hashImage(manyScans(64, 100), { name: "it" }))).toMatchObject({
      code: "ERR_EMPREINTE_LIMIT",
      limit: "scans",
      message: "it has more than 100 scans, the most that a JPEG may have",
    });
  });

  it("of an ordinary progressive JPEG are not too many", async () => {
    for (const chromaSubsampling of ["4:2:0", "4:4:4"]) {
      const file = await sharp(samples, raw).jpeg({ progressive: true, quality: 100, chromaSubsampling }).toBuffer();
      expect((await hashImage(file)).width).toBe(width);
    }
  });

  it("times pixels are bounded by maxSeconds", async () => {
    const file = manyScans(4096, 19);
    expect(await limitOf(hashImage(file, { maxSeconds: 4, name: "it" }))).toMatchObject({
      limit: "maxSeconds",
      message: "it has 20 scans of 4096×4096 pixels, too much to decode in 4 seconds; maxSeconds raises this limit",
    });
    // 20 scans of 2^24 samples, at 2^26 in a second.
    expect(await limitOf(hashImage(file, { maxSeconds: 4.99 }))).toMatchObject({ limit: "maxSeconds" });
    expect(await hashImage(manyScans(256, 19), { maxSeconds: 1 })).toMatchObject({ width: 256 });
  });

  it("that are refused leave the pool free, and no work goes on", async () => {
    const files = [manyScans(11_585, 20_000), manyScans(8192, 1000), manyScans(11_585, 99), manyScans(11_585, 90)];
    const errors = await Promise.all(files.map((file) => limitOf(hashImage(file, { maxSeconds: 2 }))));
    expect(errors.map(({ limit }) => limit)).toEqual(["scans", "scans", "maxSeconds", "maxSeconds"]);
    // Threads that decode would use processor time while this one waits.
    const before = process.cpuUsage();
    expect((await readFile("package.json")).length).toBeGreaterThan(0);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1e6).toBeLessThan(0.5);
  });
});

describe("passes of an interlaced PNG", () => {
  it("times pixels are bounded by maxSeconds", async () => {
    const side = 8192;
    const file = pngOf(side, side, 0, 8, deflateSync(Buffer.alloc(1000)));
    file[28] = 1; // the checksum of the header is wrong now, which nobody gets to see
    expect(await limitOf(hashImage(file, { maxSeconds: 6, name: "it" }))).toMatchObject({
      limit: "maxSeconds",
      message: "it has 7 passes over 8192×8192 pixels, too much to decode in 6 seconds; maxSeconds raises this limit",
    });
  });

  it("are no matter for an ordinary one", async () => {
    const file = await sharp(samples, raw).png({ progressive: true }).toBuffer();
    expect((await hashImage(file, { maxSeconds: 1 })).hash).toBe(hash);
  });
});

describe("a side", () => {
  it.each([
    ["wide", 131_073, 1],
    ["high", 1, 131_073],
    ["far too wide", 100_000_000, 1],
    ["wider than the core takes", 2 ** 24 + 1, 2],
  ])("is 131,072 pixels at most: %s", async (_, across, down) => {
    const rows = deflateSync(Buffer.alloc((across + 1) * down), { level: 1 });
    const error = await limitOf(hashImage(pngOf(across, down, 0, 8, rows), { name: "it" }));
    expect(error).toMatchObject({
      limit: "side",
      message: `it is ${across}×${down} pixels: no side may be longer than 131072 pixels`,
    });
  });

  it("may be that long", async () => {
    const rows = deflateSync(Buffer.alloc(131_073 * 8), { level: 1 });
    expect(await hashImage(pngOf(131_072, 8, 0, 8, rows))).toMatchObject({ width: 131_072, height: 8, quality: 0 });
  });
});

describe("text, EXIF and colour profiles of a PNG", () => {
  const most = 2 ** 24;
  const zeros = (count: number): Buffer => deflateSync(Buffer.alloc(count), { level: 9 });
  const chunks: [string, (count: number) => [name: string, data: Uint8Array]][] = [
    ["zTXt", (count) => ["zTXt", Buffer.concat([Buffer.from("Comment\0\0", "latin1"), zeros(count)])]],
    ["iTXt", (count) => ["iTXt", Buffer.concat([Buffer.from("XML\0\x01\0en\0XML\0", "latin1"), zeros(count)])]],
    ["iCCP", (count) => ["iCCP", Buffer.concat([Buffer.from("icc\0\0", "latin1"), zeros(count)])]],
    [
      "plain iTXt",
      (count) => ["iTXt", Buffer.concat([Buffer.from("XML\0\0\0en\0XML\0", "latin1"), Buffer.alloc(count, 65)])],
    ],
    ["tEXt", (count) => ["tEXt", Buffer.concat([Buffer.from("Comment\0", "latin1"), Buffer.alloc(count, 65)])]],
    ["eXIf", (count) => ["eXIf", Buffer.alloc(count, 65)]],
  ];
  const withChunks = (more: [name: string, data: Uint8Array][]): Buffer =>
    png({ width, height, type: 2, bits: 8, samples, chunks: more });

  it.each(chunks)("%s: 16 MiB at most, in one or in many", async (_, chunk) => {
    for (const more of [[chunk(most + 1)], Array.from({ length: 5 }, () => chunk(most / 4))]) {
      expect(await limitOf(hashImage(withChunks(more), { name: "it" }))).toMatchObject({
        limit: "metadata",
        message: "it has text, EXIF or a colour profile of more than 16777216 bytes, the most that is read",
      });
    }
  });

  it("are no matter where they are ordinary or damaged", async () => {
    const damaged = Buffer.concat([Buffer.from("Comment\0\0", "latin1"), Buffer.alloc(100_000, 77)]);
    for (const more of [
      chunks.map(([, chunk]) => chunk(2000)),
      [chunks[0]![1](most / 2)],
      [["zTXt", damaged] as [string, Uint8Array]],
    ]) {
      expect((await hashImage(withChunks(more))).hash).toBe(hash);
    }
  });

  it("are as much in a WebP", async () => {
    const file = await sharp(samples, raw)
      .webp({ lossless: true })
      .withExif({ IFD0: { Copyright: "x" } })
      .toBuffer();
    expect((await hashImage(file)).hash).toBe(hash);
    const more = Buffer.concat([Buffer.from("EXIF\0\0\0\0", "latin1"), Buffer.alloc(most + 2)]);
    more.writeUInt32LE(most + 2, 4);
    const long = Buffer.concat([file, more]);
    long.writeUInt32LE(long.length - 8, 4);
    expect(await limitOf(hashImage(long))).toMatchObject({ limit: "metadata" });
  });
});

describe("the segments of a JPEG", () => {
  const segment = (marker: number, length: number): Buffer => {
    const bytes = Buffer.alloc(length + 4, 65);
    bytes.set([0xff, marker]);
    bytes.writeUInt16BE(length + 2, 2);
    return bytes;
  };
  const withSegments = async (count: number, one: Buffer): Promise<Buffer> => {
    const file = await sharp(samples, raw).jpeg().toBuffer();
    return Buffer.concat([file.subarray(0, 2), Buffer.alloc(count * one.length, one), file.subarray(2)]);
  };

  it.each([
    ["64 MiB in all", 1024, 1025, segment(0xe1, 65_533)],
    ["16,384 of them", 16_370, 16_384, segment(0xfe, 1)],
  ] as const)("are at most %s", async (_, allowed, tooMany, one) => {
    expect((await hashImage(await withSegments(allowed, one))).quality).toBeGreaterThan(0);
    expect(await limitOf(hashImage(await withSegments(tooMany, one)))).toMatchObject({ limit: "metadata" });
  });
});

describe("frames of an animation", () => {
  const palette = Uint8Array.from({ length: 768 }, (_, i) => Math.floor(i / 3));
  const dots = (count: number): { indices: Uint8Array; area: { left: 0; top: 0; width: 1; height: 1 } }[] =>
    Array.from({ length: count }, (_, i) => ({
      indices: Uint8Array.of(i & 255),
      area: { left: 0, top: 0, width: 1, height: 1 },
    }));

  it("times pixels are bounded by maxSeconds, with all pages", async () => {
    const file = gif(8000, 8000, palette, dots(20));
    expect(await limitOf(hashImage(file, { pages: "all", name: "it" }))).toMatchObject({
      limit: "maxSeconds",
      message: "it has 20 frames of 64000000 pixels, too much to decode in 30 seconds; maxSeconds raises this limit",
    });
    expect(await hashImage(gif(64, 64, palette, dots(20)), { pages: "all" })).toMatchObject({ width: 64 });
  });
});
