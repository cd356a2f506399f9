/** What hashImage takes, what it answers, and what it says to anything else. */
import { createReadStream, rmSync } from "node:fs";
import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import { hashImage, hashPixelsSync, ImageError, type ImageInput } from "../../../dist/index.js";
import { InvalidArgumentError } from "../../../dist/errors.js";
import { png } from "../../../fixtures/images/encode.ts";
import { makeInput } from "../../../fixtures/kat/inputs.mjs";

const width = 210;
const height = 140;
const planes = [1, 2, 3].map((seed) => ({ gen: "scene", args: { seed, m: 14 } }));
const samples = makeInput({ width, height, channels: 3, planes });
const file = png({ width, height, type: 2, bits: 8, samples });
const expected = { ...hashPixelsSync({ data: samples, width, height, channels: 3 }), width, height };

let folder: string;
let path: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "empreinte-inputs-"));
  path = join(folder, "image.png");
  await writeFile(path, file);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The file in pieces of `size` bytes, each in memory that is used again for the next. */
async function* pieces(size: number): AsyncGenerator<Uint8Array> {
  const piece = new Uint8Array(size);
  for (let at = 0; at < file.length; at += size) {
    const part = file.subarray(at, at + size);
    piece.set(part);
    yield piece.subarray(0, part.length);
    piece.fill(0);
  }
}

function arrayBuffer(): ArrayBuffer {
  return new Uint8Array(file).buffer;
}

describe("every kind of input gives the same answer", () => {
  const kinds: [string, () => ImageInput][] = [
    ["a path", () => path],
    ["a file: URL", () => pathToFileURL(path)],
    ["a Buffer", () => file],
    [
      "a Uint8Array that is a part of its memory",
      () => {
        const larger = Buffer.concat([Buffer.alloc(7), file, Buffer.alloc(9)]);
        return new Uint8Array(larger.buffer, larger.byteOffset + 7, file.length);
      },
    ],
    ["an ArrayBuffer", arrayBuffer],
    [
      "shared memory",
      () => {
        const shared = new Uint8Array(new SharedArrayBuffer(file.length));
        shared.set(file);
        return shared;
      },
    ],
    ["a web stream", () => new Blob([new Uint8Array(file)]).stream()],
    [
      "a web stream of small pieces",
      () => Readable.toWeb(createReadStream(path, { highWaterMark: 11 })) as ReadableStream<Uint8Array>,
    ],
    ["a file stream", () => createReadStream(path, { highWaterMark: 100 })],
    ["a Node stream", () => Readable.from([file.subarray(0, 10), file.subarray(10)])],
    ["an async generator that uses its memory again", () => pieces(333)],
    ["pixels", () => ({ data: samples, width, height, channels: 3 })],
  ];
  it.each(kinds)("%s", async (_, input) => {
    expect(await hashImage(input())).toEqual(expected);
  });
});

describe("pixels", () => {
  it("with a stride, 1 to 4 channels", async () => {
    const grey = samples.subarray(0, width * height);
    for (const channels of [1, 2, 3, 4] as const) {
      const stride = width * channels + 13;
      const data = new Uint8Array(stride * height).fill(201);
      const plain = new Uint8Array(width * height * (channels < 3 ? 1 : 3));
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) {
          const i = y * width + x;
          const colour = channels < 3 ? [grey[i]!] : [...samples.subarray(3 * i, 3 * i + 3)];
          plain.set(colour, colour.length * i);
          data.set(colour, y * stride + x * channels);
        }
      }
      const want = hashPixelsSync(
        { data: plain, width, height, channels: channels < 3 ? 1 : 3 },
        { orientations: true },
      );
      const got = await hashImage({ data, width, height, channels, stride }, { orientations: true });
      expect(got, `${channels} channels`).toEqual({ ...want, width, height });
    }
  });

  it("are one page", async () => {
    const { hash, quality, stable } = expected;
    const all = await hashImage({ data: samples, width, height, channels: 3 }, { pages: "all" });
    expect(all).toEqual({ ...expected, frames: [{ page: 0, hash, quality, stable }] });
  });

  it.each([
    ["too few bytes", { data: samples.subarray(1), width, height, channels: 3 }],
    ["a stride shorter than a row", { data: samples, width, height, channels: 3, stride: 3 * width - 1 }],
    ["no width", { data: samples, width: 0, height, channels: 3 }],
    ["half a pixel", { data: samples, width: 1.5, height, channels: 3 }],
    ["5 channels", { data: samples, width, height, channels: 5 }],
    ["16-bit samples", { data: new Uint16Array(samples), width, height, channels: 3 }],
  ])("%s is an argument error", async (_, pixels) => {
    await expect(hashImage(pixels as ImageInput)).rejects.toThrow(InvalidArgumentError);
  });
});

test("a still image has one frame when all pages are requested", async () => {
  const { hash, quality, stable } = expected;
  expect(await hashImage(path, { pages: "all" })).toEqual({
    ...expected,
    frames: [{ page: 0, hash, quality, stable }],
  });
});

describe("what is no input", () => {
  it.each([
    ["nothing", undefined],
    ["null", null],
    ["a number", 7],
    ["an empty path", ""],
    ["a path with NUL", "a\0b"],
    ["a web address", new URL("https://example.org/a.png")],
    ["a plain object", {}],
    ["an array", [file]],
    ["16-bit numbers", new Uint16Array(8)],
    ["a function", () => file],
  ])("%s", async (_, input) => {
    const error = await hashImage(input as ImageInput).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(InvalidArgumentError);
  });

  it("a stream of something else", async () => {
    const texts = Readable.from(["one", "two"]);
    await expect(hashImage(texts)).rejects.toThrow(
      'Expected Uint8Array for each chunk of stream but received "one" of type string',
    );
    expect(texts.destroyed).toBe(true);
  });
});

describe("options", () => {
  it.each([
    ["an unknown one", { page: 1 }, /Unknown option page/],
    ["pages", { pages: "first" }, 'Expected one of all for pages but received "first" of type string'],
    ["maxPixels", { maxPixels: 0 }, "Expected integer of at least 1 for maxPixels but received 0 of type number"],
    ["maxBytes", { maxBytes: "1" }, /for maxBytes/],
    ["maxSeconds", { maxSeconds: -1 }, "Expected number above 0 for maxSeconds but received -1 of type number"],
    ["maxPages", { maxPages: 1.5 }, /for maxPages/],
    ["signal", { signal: {} }, /Expected AbortSignal for signal/],
    ["name", { name: 7 }, /Expected string for name/],
    ["kernel", { kernel: "quantum" }, /for kernel/],
    ["no object", "all", /Expected object for options/],
  ])("%s", async (_, options, message) => {
    await expect(hashImage(path, options as object)).rejects.toThrow(InvalidArgumentError);
    await expect(hashImage(path, options as object)).rejects.toThrow(message);
  });

  it("one that is undefined has its default", async () => {
    const options = { maxPixels: undefined, pages: undefined, signal: undefined, name: undefined } as object;
    expect(await hashImage(path, options)).toEqual(expected);
  });
});

describe("what cannot be read", () => {
  it("names the path and says why", async () => {
    const missing = join(folder, "missing.png");
    const error = await hashImage(missing).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ImageError);
    expect(error).toMatchObject({
      code: "ERR_EMPREINTE_READ",
      message: `${missing} cannot be read: ENOENT, no such file or directory`,
      cause: { code: "ENOENT" },
    });
  });

  it("a folder", async () => {
    await expect(hashImage(folder)).rejects.toMatchObject({
      code: "ERR_EMPREINTE_READ",
      message: `${folder} cannot be read: it is a folder`,
    });
  });

  it("a stream that fails, before or after the first bytes", async () => {
    const reason = new Error("the wire is cut");
    async function* cut(): AsyncGenerator<Uint8Array> {
      yield file.subarray(0, 100);
      throw reason;
    }
    const web = new ReadableStream<Uint8Array>({ start: (controller) => controller.error(reason) });
    for (const input of [cut(), Readable.from(cut()), web]) {
      await expect(hashImage(input, { name: "upload 7" })).rejects.toMatchObject({
        code: "ERR_EMPREINTE_READ",
        message: "upload 7 cannot be read: the wire is cut",
        cause: reason,
      });
    }
  });

  it("a web stream that somebody else reads", async () => {
    const stream = new Blob([new Uint8Array(file)]).stream();
    stream.getReader();
    await expect(hashImage(stream)).rejects.toMatchObject({ code: "ERR_EMPREINTE_READ" });
  });
});

test("a name with line breaks stays on one line in errors, and works", async () => {
  const odd = join(folder, "a\nb\u001b[31m.png");
  await writeFile(odd, file);
  expect(await hashImage(odd)).toEqual(expected);
  await writeFile(odd, "text");
  await expect(hashImage(odd)).rejects.toThrow(
    `${join(folder, "a\\u000ab\\u001b[31m.png")} is not a JPEG, PNG, GIF, WebP, TIFF, AVIF, HEIC, JPEG XL, JPEG 2000, BMP or ICO image`,
  );
  await mkdir(join(folder, "d\nd"));
  await expect(hashImage(join(folder, "d\nd"))).rejects.toThrow(
    `${join(folder, "d\\u000ad")} cannot be read: it is a folder`,
  );
});
