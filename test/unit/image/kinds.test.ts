/** Whole files of a kind that is not decoded are called so, and not damaged. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { hashImage } from "../../../dist/index.js";
import { makeInput } from "../../../fixtures/kat/inputs.mjs";
import { blocksJpeg } from "../../support/image/jpeg.ts";
import { root } from "../../support/run.ts";

const width = 160;
const height = 120;
const planes = [1, 2, 3].map((seed) => ({ gen: "scene", args: { seed, m: 14 } }));
const samples = makeInput({ width, height, channels: 3, planes });
const raw = { raw: { width, height, channels: 3 as const } };

async function messageOf(file: Uint8Array, options = {}): Promise<string> {
  const error = await hashImage(file, { name: "it", ...options }).then(
    () => expect.unreachable("it was decoded"),
    (reason: unknown) => reason,
  );
  expect(error).toMatchObject({ code: "ERR_EMPREINTE_UNSUPPORTED_FORMAT" });
  return (error as Error).message;
}

/** A one-pixel TIFF whose samples have that many bits. */
function tiffOfBits(bits: number, format: number): Buffer {
  const tags: [tag: number, type: number, value: number][] = [
    [256, 3, 4],
    [257, 3, 4],
    [258, 3, bits],
    [259, 3, 1],
    [262, 3, 1],
    [273, 4, 8],
    [277, 3, 1],
    [278, 3, 4],
    [279, 4, (16 * bits) / 8],
    [339, 3, format],
  ];
  const data = Buffer.alloc((16 * bits) / 8, 1);
  const directory = Buffer.alloc(2 + 12 * tags.length + 4);
  directory.writeUInt16LE(tags.length);
  for (const [i, [tag, type, value]] of tags.entries()) {
    const at = 2 + 12 * i;
    directory.writeUInt16LE(tag, at);
    directory.writeUInt16LE(type, at + 2);
    directory.writeUInt32LE(1, at + 4);
    directory.writeUInt32LE(value, at + 8);
  }
  const head = Buffer.from("II*\0\0\0\0\0", "latin1");
  head.writeUInt32LE(8 + data.length, 4);
  return Buffer.concat([head, data, directory]);
}

describe("a JPEG", () => {
  it.each([
    ["a lossless JPEG", 0xc3, 8],
    ["a lossless JPEG", 0xc3, 16],
    ["a lossless JPEG", 0xcb, 8],
    ["a hierarchical JPEG", 0xc5, 8],
    ["a hierarchical JPEG", 0xce, 8],
    ["a JPEG-LS", 0xf7, 8],
    ["a 12-bit JPEG", 0xc1, 12],
    ["a 12-bit JPEG", 0xc2, 12],
  ])("%s", async (kind, process, precision) => {
    const { whole } = blocksJpeg({ across: 20, down: 20, process, precision });
    expect(await messageOf(whole)).toBe(`it is ${kind}, which the decoder does not read`);
  });

  it("that says its height after the data", async () => {
    const { whole } = blocksJpeg({ across: 20, down: 20 });
    const frame = whole.indexOf(Buffer.of(0xff, 0xc0));
    whole.writeUInt16BE(0, frame + 5);
    expect(await messageOf(whole)).toBe(
      "it is a JPEG that says its height after the data, which the decoder does not read",
    );
  });

  it("of two components", async () => {
    const file = await sharp(samples, raw).jpeg().toBuffer();
    const frame = file.indexOf(Buffer.of(0xff, 0xc0));
    file[frame + 9] = 2;
    expect(await messageOf(file)).toBe("it is a JPEG of 2 components, which the decoder does not read");
  });
});

describe("a TIFF", () => {
  it.each([
    ["64-bit integers", 64, 1],
    ["64-bit signed integers", 64, 2],
    ["64-bit floats", 64, 3],
    ["32-bit integers", 32, 1],
    ["32-bit floats", 32, 3],
    ["24-bit integers", 24, 1],
    ["16-bit floats", 16, 3],
    ["12-bit integers", 12, 1],
  ])("of %s", async (_, bits, format) => {
    expect(await messageOf(tiffOfBits(bits, format))).toMatch(/^it /);
  });
});

const path = join(root, "../shared/faults/inputs/15/animated.avif");

describe.skipIf(!existsSync(path))("an animated AVIF", () => {
  it("gives its first frame, and bytes of the caller's stay as they are", async () => {
    const file = readFileSync(path);
    const before = Buffer.from(file);
    const first = await hashImage(file);
    expect(first).toMatchObject({ width: 160, height: 120 });
    expect(first.quality).toBeGreaterThan(50);
    expect((await hashImage(path)).hash).toBe(first.hash);
    expect(file.equals(before)).toBe(true);
  });

  it("does not hide its other frames where all are wanted", async () => {
    expect(await messageOf(readFileSync(path), { pages: "all" })).toBe(
      "it is an animated AVIF, of which the decoder reads the first frame only, not all of them",
    );
  });

  it("without a still image is not read", async () => {
    const file = readFileSync(path);
    file.write("free", file.indexOf("meta", 0, "latin1"), "latin1");
    expect(await messageOf(file)).toBe("it is an AVIF sequence without a still image, which the decoder does not read");
  });
});
