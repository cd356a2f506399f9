/** Every frame of an animated PNG, as it is shown: equal to ffmpeg's, and to what the specification says. */
import { existsSync, rmSync } from "node:fs";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Page } from "../../../dist/image/decode/decode.js";
import { decodePages } from "../../../dist/image/decode/pages.js";
import { defaultLimits, hashImage, hashPixelsSync } from "../../../dist/index.js";
import { makeInput } from "../../../fixtures/kat/inputs.mjs";
import { type Apng, apng, chunk, type Frame } from "../../support/image/apng.ts";
import { root, run, which } from "../../support/run.ts";

const width = 96;
const height = 80;
const plane = (w: number, h: number, seed: number): Uint8Array =>
  makeInput({ width: w, height: h, channels: 1, planes: [{ gen: "scene", args: { seed, m: 14 } }] });
const scene = (w: number, h: number, seed: number, channels = 4): Uint8Array => {
  const planes = Array.from({ length: channels }, (_, i) => plane(w, h, seed + i));
  return Uint8Array.from({ length: channels * w * h }, (_, i) => planes[i % channels]![Math.floor(i / channels)]!);
};
/** Alpha of 0, 128 and 255 in stripes. */
function striped(samples: Uint8Array, channels = 4): Uint8Array {
  const copy = Uint8Array.from(samples);
  for (let i = channels - 1, pixel = 0; i < copy.length; i += channels, pixel++) {
    copy[i] = [0, 128, 255][Math.floor(pixel / 5) % 3]!;
  }
  return copy;
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "empreinte-apng-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function pagesOf(bytes: Uint8Array): Promise<Page[]> {
  const { signal } = new AbortController();
  const pages: Page[] = [];
  const image = { bytes: Uint8Array.from(bytes), format: "png", name: "it", limits: defaultLimits, signal } as const;
  for await (const page of decodePages(image, true)) pages.push(page);
  return pages;
}

const ffmpeg = which("ffmpeg");

/** The frames as ffmpeg composes them. */
async function byFfmpeg(file: Buffer, format: string, bytes: number): Promise<Uint8Array[]> {
  const path = join(folder, "it.png");
  const out = join(folder, "it.raw");
  await writeFile(path, file);
  const args = ["-v", "error", "-y", "-f", "apng", "-i", path, "-fps_mode", "passthrough", "-f", "rawvideo"];
  const { code, stderr } = await run(ffmpeg!, [...args, "-pix_fmt", format, out]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const { readFile } = await import("node:fs/promises");
  const all = await readFile(out);
  return Array.from({ length: all.length / bytes }, (_, i) => all.subarray(i * bytes, (i + 1) * bytes));
}

/** Every disposal with every blending, on and off the whole canvas. */
function mixed(channels: number, alpha: boolean): Frame[] {
  const whole = scene(width, height, 1, channels);
  const frames: Frame[] = [{ width, height, samples: alpha ? striped(whole, channels) : whole }];
  for (const dispose of [0, 1, 2] as const) {
    for (const blend of [0, 1] as const) {
      const seed = 10 + 2 * dispose + blend;
      const small = scene(40, 30, seed, channels);
      frames.push({
        width: 40,
        height: 30,
        left: 7 * (seed - 9),
        top: 5 * (seed - 9),
        dispose,
        blend,
        samples: alpha ? striped(small, channels) : small,
      });
    }
  }
  frames.push({
    width,
    height,
    blend: alpha ? 1 : 0,
    samples: alpha ? striped(scene(width, height, 30, channels), channels) : scene(width, height, 30, channels),
  });
  return frames;
}

describe.skipIf(ffmpeg === undefined)("the frames are those of ffmpeg", () => {
  /** The bytes of a pixel that ffmpeg gives, and how many channels of them are hashed. */
  const kinds: [string, Omit<Apng, "width" | "height">, string, number, number?][] = [
    ["RGBA", { type: 6, frames: mixed(4, true) }, "rgba", 4],
    ["RGBA in pieces", { type: 6, frames: mixed(4, true), pieces: 3 }, "rgba", 4],
    ["RGB", { type: 2, frames: mixed(3, false) }, "rgb24", 3],
    ["grey", { type: 0, frames: mixed(1, false) }, "gray", 1],
    ["grey and alpha", { type: 4, frames: mixed(2, true) }, "ya8", 2, 1],
  ];
  it.each(kinds)("%s", async (_, spec, format, channels, hashed = channels) => {
    const file = apng({ width, height, ...spec });
    const wanted = await byFfmpeg(file, format, width * height * channels);
    const pages = await pagesOf(file);
    expect(pages).toHaveLength(spec.frames.length);
    expect(wanted).toHaveLength(spec.frames.length);
    for (const [i, page] of pages.entries()) {
      expect(page).toMatchObject({ page: i, primary: i === 0, width, height, channels: hashed });
      let most = 0;
      for (const [at, value] of wanted[i]!.entries()) {
        // If nothing is visible, the colour is nobody's.
        const isHidden = channels % 2 === 0 && wanted[i]![at - (at % channels) + channels - 1] === 0;
        if (isHidden || at % channels >= hashed) continue;
        most = Math.max(most, Math.abs(value - page.data[Math.floor(at / channels) * hashed + (at % channels)]!));
      }
      // Both round a mixed colour, each in its way.
      expect(most, `frame ${i}`).toBeLessThanOrEqual(channels % 2 === 0 ? 2 : 0);
    }
  });

  const given = join(root, "../shared/faults/inputs/12/animated.png");
  it.skipIf(!existsSync(given))("also of a file that ffmpeg made", async () => {
    const { frames, hash } = await hashImage(given, { pages: "all" });
    const { readFile } = await import("node:fs/promises");
    const wanted = await byFfmpeg(await readFile(given), "rgb24", 320 * 240 * 3);
    const hashes = wanted.map((data) => hashPixelsSync({ data, width: 320, height: 240, channels: 3 }).hash);
    expect(frames!.map((frame) => frame.hash)).toEqual(hashes);
    expect(hash).toBe(hashes[0]);
    expect(new Set(hashes).size).toBeGreaterThan(4);
  });
});

describe("pages", () => {
  const frames = [1, 5, 9].map((seed): Frame => ({ width, height, samples: scene(width, height, seed, 3) }));
  const hashes = frames.map(({ samples }) => hashPixelsSync({ data: samples, width, height, channels: 3 }).hash);

  it("are the frames, of which the first is the hash of the file", async () => {
    const file = apng({ width, height, type: 2, frames });
    const { hash, frames: all } = await hashImage(file, { pages: "all" });
    expect(all!.map(({ page, hash: one }) => [page, one])).toEqual(hashes.map((one, i) => [i, one]));
    expect(hash).toBe(hashes[0]);
    expect(await hashImage(file)).not.toHaveProperty("frames");
    expect((await hashImage(file)).hash).toBe(hashes[0]);
  });

  it("begin with the image of programs without animation, where that is no frame", async () => {
    const hidden = scene(width, height, 20, 3);
    const file = apng({ width, height, type: 2, frames, hidden });
    const own = hashPixelsSync({ data: hidden, width, height, channels: 3 }).hash;
    const { hash, frames: all } = await hashImage(file, { pages: "all" });
    expect(all!.map((frame) => frame.hash)).toEqual([own, ...hashes]);
    expect(all!.map(({ page }) => page)).toEqual([0, 1, 2, 3]);
    expect([hash, (await hashImage(file)).hash]).toEqual([own, own]);
  });

  it("of a palette and of 16 bits are hashed", async () => {
    const palette = Uint8Array.from({ length: 768 }, (_, i) => (i * 37) & 255);
    const indices = [2, 4].map((seed) => scene(width, height, seed, 1));
    const coloured = indices.map((data) =>
      Uint8Array.from({ length: 3 * data.length }, (_, i) => palette[3 * data[Math.floor(i / 3)]! + (i % 3)]!),
    );
    const paletted = apng({
      width,
      height,
      type: 3,
      chunks: [["PLTE", palette]],
      frames: indices.map((samples) => ({ width, height, samples })),
    });
    expect((await hashImage(paletted, { pages: "all" })).frames!.map(({ hash }) => hash)).toEqual(
      coloured.map((data) => hashPixelsSync({ data, width, height, channels: 3 }).hash),
    );
    const deep = frames.map(({ samples }) => ({
      width,
      height,
      samples: Uint8Array.from({ length: 2 * samples.length }, (_, i) => samples[i >> 1]!),
    }));
    const sixteen = apng({ width, height, type: 2, bits: 16, frames: deep });
    expect((await hashImage(sixteen, { pages: "all" })).frames!.map(({ hash }) => hash)).toEqual(hashes);
  });

  it("are bounded by maxPages", async () => {
    const file = apng({ width, height, type: 2, frames });
    await expect(hashImage(file, { pages: "all", maxPages: 2, name: "it" })).rejects.toMatchObject({
      limit: "maxPages",
      message: "it has 3 pages, more than 2; maxPages raises this limit",
    });
    expect((await hashImage(file, { maxPages: 1 })).hash).toBe(hashes[0]);
  });

  it("of a PNG without animation are one", async () => {
    const file = await sharp(frames[0]!.samples, { raw: { width, height, channels: 3 } })
      .png()
      .toBuffer();
    expect((await hashImage(file, { pages: "all" })).frames).toHaveLength(1);
    // Behind the image an animation does not begin.
    const late = Buffer.concat([file.subarray(0, -12), chunk("acTL", Buffer.alloc(8, 1)), file.subarray(-12)]);
    expect((await hashImage(late, { pages: "all" })).frames).toHaveLength(1);
  });
});

describe("damaged animations", () => {
  const frames = [1, 5, 9].map((seed): Frame => ({ width, height, samples: scene(width, height, seed, 3) }));
  const file = apng({ width, height, type: 2, frames });
  /** The places of chunks of a type. */
  function places(type: string): number[] {
    const found: number[] = [];
    for (let at = file.indexOf(type, 0, "latin1"); at >= 0; at = file.indexOf(type, at + 1, "latin1"))
      found.push(at - 4);
    return found;
  }
  const edited = (type: string, which: number, edit: (data: Buffer) => Buffer | undefined): Buffer => {
    const at = places(type)[which]!;
    const length = file.readUInt32BE(at);
    const data = edit(Buffer.from(file.subarray(at + 8, at + 8 + length)));
    return Buffer.concat([
      file.subarray(0, at),
      data === undefined ? Buffer.alloc(0) : chunk(type, data),
      file.subarray(at + 12 + length),
    ]);
  };
  const set =
    (at: number, value: number) =>
    (data: Buffer): Buffer => {
      data.writeUInt32BE(value, at);
      return data;
    };
  const remove = (): undefined => undefined;

  it.each([
    ["a frame is missing", edited("acTL", 0, set(0, 4)), "it has 3 of 4 frames"],
    ["a frame's header is missing", edited("fcTL", 1, remove), "chunks of its frames are missing"],
    ["a frame's data are missing", edited("fdAT", 1, remove), "a frame has no data"],
    ["a frame's data end early", edited("fdAT", 0, (data) => data.subarray(0, data.length / 2)), "libpng read error"],
    ["a frame is beside the canvas", edited("fcTL", 1, set(12, 1)), "a frame is not on the canvas"],
    ["a frame is larger than the canvas", edited("fcTL", 1, set(4, 0xffff_ffff)), "a frame is not on the canvas"],
    ["a frame has no size", edited("fcTL", 2, set(8, 0)), "a frame is not on the canvas"],
    ["the numbers are not in order", edited("fdAT", 0, set(0, 7)), "chunks of its frames are missing"],
    [
      "an operation is unknown",
      edited("fcTL", 1, (data) => Buffer.concat([data.subarray(0, 24), Buffer.of(3, 0)])),
      "a frame has an unknown operation",
    ],
  ])("%s", async (_, damaged, message) => {
    await expect(hashImage(damaged, { pages: "all", name: "it" })).rejects.toMatchObject({
      code: "ERR_EMPREINTE_CORRUPT",
      message: expect.stringContaining(message),
    });
    // The first frame is whole.
    expect((await hashImage(damaged)).hash).toBe((await hashImage(file)).hash);
  });
});
