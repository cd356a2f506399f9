/** Damaged, renamed, tiny and lying files: each gives its documented error or the right hash, and the process lives. */
import { chmodSync, rmSync } from "node:fs";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deflateSync } from "node:zlib";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import { EmpreinteError, hashImage, hashPixelsSync, ImageError, LimitError } from "../../../dist/index.js";
import { gif, png, pngOf, tiff } from "../../../fixtures/images/encode.ts";
import { makeInput, mulberry32 } from "../../../fixtures/kat/inputs.mjs";
import { run } from "../../support/run.ts";

const width = 160;
const height = 120;
const planes = [1, 2, 3].map((seed) => ({ gen: "scene", args: { seed, m: 14 } }));
const samples = makeInput({ width, height, channels: 3, planes });
const grey = samples.subarray(0, width * height);
const palette = Uint8Array.from({ length: 768 }, (_, i) => (i * 37) & 255);
const raw = { raw: { width, height, channels: 3 as const } };

let folder: string;
let files: Record<string, Buffer>;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "empreinte-hostile-"));
  const page = { width, height, bits: 8, channels: 3, photometric: 2, samples } as const;
  files = {
    png: png({ width, height, type: 2, bits: 8, samples }),
    tiff: tiff([page]),
    "tiff, samples first": tiff([page], { samplesFirst: true }),
    gif: gif(width, height, palette, [{ indices: grey }]),
    jpeg: await sharp(samples, raw).jpeg().toBuffer(),
    "progressive jpeg": await sharp(samples, raw).jpeg({ progressive: true }).toBuffer(),
    webp: await sharp(samples, raw).webp({ lossless: true }).toBuffer(),
    "lossy webp": await sharp(samples, raw).webp().toBuffer(),
    avif: await sharp(samples, raw).avif().toBuffer(),
  };
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const kinds = ["png", "tiff", "tiff, samples first", "gif", "jpeg", "progressive jpeg", "webp", "lossy webp", "avif"];

/** The hash, or the code of the error, which must be one of ours and name the input. */
async function outcome(input: Uint8Array, options = {}): Promise<string> {
  return hashImage(input, { name: "it", ...options }).then(
    (result) => result.hash,
    (error: unknown) => {
      expect(error).toBeInstanceOf(EmpreinteError);
      const { code, message } = error as EmpreinteError;
      expect(message).toContain("it ");
      // One printable line, without the input's bytes.
      expect(message).toMatch(/^[\x20-\x7e×]{1,300}$/);
      return code;
    },
  );
}

describe("cut short", () => {
  it.each(kinds)("%s", async (kind) => {
    const file = files[kind]!;
    const whole = (await hashImage(file)).hash;
    const lengths = Array.from({ length: 40 }, (_, i) => Math.floor((i * file.length) / 40));
    for (const length of [...lengths, 1, 2, 3, 4, 8, 11, 12, 13, 16, 30]) {
      const got = await outcome(file.subarray(0, length));
      const expected =
        length === 0 ? ["ERR_EMPREINTE_EMPTY"] : ["ERR_EMPREINTE_CORRUPT", "ERR_EMPREINTE_UNSUPPORTED_FORMAT"];
      expect(expected, `${length} of ${file.length} bytes`).toContain(got);
      if (length >= 16) expect(got).toBe("ERR_EMPREINTE_CORRUPT");
    }
    // Nothing is missing but the end mark: an error or the right hash.
    for (let missing = 1; missing <= 4; missing++) {
      expect(["ERR_EMPREINTE_CORRUPT", whole]).toContain(await outcome(file.subarray(0, file.length - missing)));
    }
  });
});

describe("damaged", () => {
  it.each(kinds)("%s: any byte, any value", async (kind) => {
    const next = mulberry32(7);
    const codes = new Set<string>();
    for (let i = 0; i < 60; i++) {
      const file = Buffer.from(files[kind]!);
      // More often in the head, where false sizes are.
      const end = i % 2 === 0 ? Math.min(120, file.length) : file.length;
      for (let k = 0; k <= i % 3; k++) file[next() % end] = next() >>> 24;
      const got = await outcome(file, i % 4 === 0 ? { pages: "all" } : {});
      codes.add(/^[0-9a-f]{64}$/.test(got) ? "hash" : got);
    }
    for (const code of codes) {
      expect(code).toMatch(/^(hash|ERR_EMPREINTE_(CORRUPT|UNSUPPORTED_FORMAT|LIMIT|OUT_OF_MEMORY))$/);
    }
    expect(codes.size).toBeGreaterThan(1);
  });

  it("a head of each format with nothing of it behind", async () => {
    const next = mulberry32(8);
    for (const kind of kinds) {
      for (const keep of [8, 12, 16, 32, 64]) {
        const noise = Buffer.from(Array.from({ length: 3000 }, () => next() >>> 24));
        const got = await outcome(Buffer.concat([files[kind]!.subarray(0, keep), noise]));
        // Lossy WebP is arithmetic coding without checks: whatever follows the head is an image.
        if (kind === "lossy webp" && /^[0-9a-f]{64}$/.test(got)) continue;
        expect(got, `${kind}, ${keep} bytes`).toMatch(/^ERR_EMPREINTE_(CORRUPT|UNSUPPORTED_FORMAT|LIMIT)$/);
      }
    }
  });
});

describe("files that are not images", () => {
  const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>';
  const cases: [string, Uint8Array][] = [
    ["a text", Buffer.from("hello")],
    ["one byte", Buffer.of(0xff)],
    ["NULs", Buffer.alloc(10_000)],
    [
      "random bytes",
      Buffer.from(Array.from({ length: 10_000 }, (_, i) => (Math.imul(i + 1, 2_654_435_761) >>> 13) & 255)),
    ],
    ["an SVG", Buffer.from(svg)],
    ["an SVG behind a byte-order mark", Buffer.from(`\ufeff${svg}`)],
    ["a PDF", Buffer.from("%PDF-1.4\n1 0 obj\n")],
  ];
  it.each(cases)("%s", async (_, bytes) => {
    await expect(hashImage(bytes)).rejects.toMatchObject({
      name: "ImageError",
      code: "ERR_EMPREINTE_UNSUPPORTED_FORMAT",
      message: "buffer is not a JPEG, PNG, GIF, WebP, TIFF, AVIF, HEIC, JPEG XL, JPEG 2000, BMP or ICO image",
    });
  });

  it("an SVG that begins like another format is not drawn", async () => {
    for (const head of ["GIF89a", "RIFF    WEBP", "RIFF    WEBPVP8 ", "\xff\xd8\xff", "II*\0", "\x89PNG\r\n\x1a\n"]) {
      expect(await outcome(Buffer.from(head + svg, "latin1"))).toBe("ERR_EMPREINTE_CORRUPT");
    }
  });

  it("nothing", async () => {
    const path = join(folder, "empty.jpg");
    await writeFile(path, "");
    await expect(hashImage(path)).rejects.toMatchObject({
      name: "ImageError",
      code: "ERR_EMPREINTE_EMPTY",
      message: `${path} is empty`,
    });
    for (const input of [new Uint8Array(0), new ArrayBuffer(0), new Blob([]).stream()]) {
      await expect(hashImage(input)).rejects.toMatchObject({ code: "ERR_EMPREINTE_EMPTY" });
    }
  });
});

test("a wrong name does not matter, wrong content does", async () => {
  const { hash } = hashPixelsSync({ data: samples, width, height, channels: 3 });
  for (const name of ["png.jpg", "png.svg", "png", "png.mp4"]) {
    await writeFile(join(folder, name), files["png"]!);
    expect((await hashImage(join(folder, name))).hash, name).toBe(hash);
  }
  await writeFile(join(folder, "text.jpg"), "This is a text.\n");
  await expect(hashImage(join(folder, "text.jpg"))).rejects.toMatchObject({ code: "ERR_EMPREINTE_UNSUPPORTED_FORMAT" });
});

test("a file that may not be read", async (ctx) => {
  if (process.platform === "win32") return ctx.skip("skipped: needs POSIX permissions");
  const path = join(folder, "locked.png");
  await writeFile(path, files["png"]!);
  chmodSync(path, 0);
  // Root may read everything: be somebody else for a moment.
  const root = process.getuid!() === 0;
  if (root) process.seteuid!(65_534);
  try {
    await expect(hashImage(path)).rejects.toMatchObject({
      code: "ERR_EMPREINTE_READ",
      message: `${path} cannot be read: EACCES, permission denied`,
    });
  } finally {
    if (root) process.seteuid!(0);
  }
});

test("below 5 pixels a side there is no hash: all zero, quality 0, not stable; from 5 on there is", async () => {
  const zero = "0".repeat(64);
  for (const [w, h] of [
    [1, 1],
    [4, 4],
    [4, 300],
    [300, 4],
    [2, 3],
  ] as const) {
    const data = makeInput({ width: w, height: h, channels: 1, planes: [{ gen: "noise", args: { seed: 3 } }] });
    const got = await hashImage(png({ width: w, height: h, type: 0, bits: 8, samples: data }), { orientations: true });
    expect(got).toMatchObject({ hash: zero, quality: 0, stable: false, width: w, height: h });
    expect(new Set(Object.values(got.orientations!))).toEqual(new Set([zero]));
  }
  const five = makeInput({ width: 5, height: 5, channels: 1, planes: [{ gen: "noise", args: { seed: 4 } }] });
  const got = await hashImage(png({ width: 5, height: 5, type: 0, bits: 8, samples: five }));
  expect(got).toEqual({ ...hashPixelsSync({ data: five, width: 5, height: 5, channels: 1 }), width: 5, height: 5 });
  expect(got.hash).not.toBe(zero);
});

describe("files that lie", () => {
  it("a PNG that claims far more pixels than it has", async () => {
    const claim = pngOf(11_000, 11_000, 6, 8, deflateSync(Buffer.alloc(1000)));
    expect(await outcome(claim)).toBe("ERR_EMPREINTE_CORRUPT");
    await expect(hashImage(pngOf(60_000, 60_000, 6, 8, deflateSync(Buffer.alloc(1000))))).rejects.toThrow(LimitError);
  });

  it("a GIF whose blocks cannot be followed", async () => {
    const head = files["gif"]!.subarray(0, 13 + 768);
    for (const tail of [
      "\x21",
      "\x21\xf9",
      "\x21\xf9\x04",
      "\x21\xf9\x04\x01",
      "\x21\xfe\xff",
      "\x21\xf9\x04\x01\0\0\0\0",
      "\x3b",
      "",
    ]) {
      expect(await outcome(Buffer.concat([head, Buffer.from(tail, "latin1")]))).toBe("ERR_EMPREINTE_CORRUPT");
    }
  });

  it("a TIFF whose directories form a ring, or point outside", async () => {
    const page = { width, height, bits: 8, channels: 1, photometric: 1, samples: grey } as const;
    const file = tiff([page, page]);
    const second = file.readUInt32LE(file.readUInt32LE(4) + 2 + 12 * file.readUInt16LE(file.readUInt32LE(4)));
    const link = second + 2 + 12 * file.readUInt16LE(second);
    expect(file.readUInt32LE(link)).toBe(0);
    const { hash } = hashPixelsSync({ data: grey, width, height, channels: 1 });
    for (const target of [file.readUInt32LE(4), second, file.length + 1000, 0xffff_fff0]) {
      const twisted = Buffer.from(file);
      twisted.writeUInt32LE(target, link);
      expect(["ERR_EMPREINTE_CORRUPT", hash]).toContain(await outcome(twisted, { pages: "all" }));
    }
  });

  it("an AVIF brand on something else", async () => {
    const head = Buffer.from("\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf", "latin1");
    expect(await outcome(Buffer.concat([head, Buffer.alloc(3000, "mdat")]))).toBe("ERR_EMPREINTE_CORRUPT");
  });
});

describe("the caller's memory after the call", () => {
  const pixels = (data: Uint8Array) => ({ data, width, height, channels: 3 }) as const;
  const want = hashPixelsSync(pixels(samples)).hash;

  it("transferred", async () => {
    for (let i = 0; i < 30; i++) {
      const data = new Uint8Array(samples);
      const bytes = new Uint8Array(files["png"]!);
      const work = [hashImage(pixels(data)), hashImage(bytes), hashImage(new Uint8Array(files["png"]!).buffer)];
      structuredClone(data, { transfer: [data.buffer] });
      structuredClone(bytes, { transfer: [bytes.buffer] });
      expect([data.length, bytes.length]).toEqual([0, 0]);
      for (const { hash } of await Promise.all(work)) expect(hash).toBe(want);
    }
  });

  it("overwritten", async () => {
    const data = new Uint8Array(samples);
    const bytes = Buffer.from(files["png"]!);
    const work = [hashImage(pixels(data)), hashImage(bytes)];
    data.fill(0);
    bytes.fill(0);
    for (const { hash } of await Promise.all(work)) expect(hash).toBe(want);
  });

  it("shrunk", async () => {
    const resizable = (source: Uint8Array): Uint8Array<ArrayBuffer> => {
      // The options are in ES2024, the types here are of ES2023.
      const Resizable = ArrayBuffer as new (length: number, options: { maxByteLength: number }) => ArrayBuffer;
      const data = new Uint8Array(new Resizable(source.length, { maxByteLength: 2 * source.length }));
      data.set(source);
      return data;
    };
    for (let i = 0; i < 30; i++) {
      const data = resizable(samples);
      const bytes = resizable(files["png"]!);
      const work = [hashImage(pixels(data)), hashImage(bytes), hashImage(bytes.buffer)];
      for (const { buffer } of [data, bytes]) (buffer as ArrayBuffer & { resize(length: number): void }).resize(0);
      for (const { hash } of await Promise.all(work)) expect(hash).toBe(want);
    }
  });

  it("already gone", async () => {
    const data = new Uint8Array(samples);
    structuredClone(data, { transfer: [data.buffer] });
    await expect(hashImage(pixels(data))).rejects.toMatchObject({ code: "ERR_EMPREINTE_INVALID_ARGUMENT" });
    await expect(hashImage(data)).rejects.toMatchObject({ code: "ERR_EMPREINTE_EMPTY" });
  });
});

test("a hardened decoder hashes the six formats alike and opens nothing else", async () => {
  // For the whole process, so in one of its own.
  const script = `
    import { hardenDecoder, hashImage } from "./dist/index.js";
    import sharp from "sharp";
    const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>');
    const opened = async () => sharp(svg).metadata().then(() => true, () => false);
    const before = await opened();
    hardenDecoder();
    const hashes = [];
    for (const path of process.argv.slice(1)) hashes.push((await hashImage(path)).hash);
    console.log(JSON.stringify({ before, after: await opened(), hashes }));`;
  const names = ["png", "tiff", "gif", "jpeg", "webp", "avif"];
  const paths = names.map((name) => join(folder, `hardened.${name}`));
  const hashes: string[] = [];
  for (const [i, name] of names.entries()) {
    await writeFile(paths[i]!, files[name]!);
    hashes.push((await hashImage(files[name]!)).hash);
  }
  const { code, stdout, stderr } = await run(process.execPath, ["--input-type=module", "-e", script, ...paths]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(JSON.parse(stdout)).toEqual({ before: true, after: false, hashes });
});

test("errors are of the documented classes", async () => {
  expect(await hashImage(Buffer.from("x")).catch((error: unknown) => error)).toBeInstanceOf(ImageError);
  expect(await hashImage(files["png"]!, { maxPixels: 1 }).catch((error: unknown) => error)).toBeInstanceOf(LimitError);
});
