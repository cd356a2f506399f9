/**
 * The reference's command-line tool reads files through ImageMagick (`convert FILE pnm:-`). If that is installed, its
 * samples must hash to what the file hashes to.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, expect, it } from "vitest";
import { hashImage, hashPixelsSync } from "../../dist/index.js";
import { gif, png, tiff } from "../../fixtures/images/encode.ts";
import { makeInput } from "../../fixtures/kat/inputs.mjs";
import { which } from "../support/run.ts";

const width = 203;
const height = 150;
const plane = (seed: number): Uint8Array =>
  makeInput({ width, height, channels: 1, planes: [{ gen: "scene", args: { seed, m: 14 } }] });
const scene = (channels: number, seed: number): Uint8Array => {
  const planes = Array.from({ length: channels }, (_, c) => plane(seed + c));
  return Uint8Array.from(
    { length: channels * width * height },
    (_, i) => planes[i % channels]![Math.floor(i / channels)]!,
  );
};
const rgb = scene(3, 1);
const rgba = scene(4, 1);
const grey = scene(1, 9);
const raw = { raw: { width, height, channels: 3 as const } };
const palette = Uint8Array.from({ length: 768 }, (_, i) => (i * 37 + 11) & 255);
const page = { width, height, bits: 8, channels: 4, photometric: 5, samples: rgba } as const;

const files: Record<string, () => Promise<Buffer> | Buffer> = {
  "palette.png": () => png({ width, height, type: 3, bits: 8, samples: grey, chunks: [["PLTE", palette]] }),
  "rgba.png": () => png({ width, height, type: 6, bits: 8, samples: rgba }),
  "one-bit.png": () => png({ width, height, type: 0, bits: 1, samples: grey.map((value) => value >> 7) }),
  "transparent.gif": () => gif(width, height, palette, [{ indices: grey, transparent: grey[4000]! }]),
  "cmyk.tif": () => tiff([page]),
  "cmyk.jpg": () =>
    sharp(tiff([page]))
      .pipelineColourspace("cmyk")
      .toColourspace("cmyk")
      .jpeg()
      .toBuffer(),
  "sixteen.png": () =>
    png({ width, height, type: 2, bits: 16, samples: Uint16Array.from(rgb, (value, i) => value * 256 + (i & 255)) }),
  "progressive.jpg": () => sharp(rgb, raw).jpeg({ progressive: true }).toBuffer(),
  "profile.jpg": () => sharp(rgb, raw).withIccProfile("p3").jpeg().toBuffer(),
  "turned.jpg": () => sharp(rgb, raw).withMetadata({ orientation: 8 }).jpeg().toBuffer(),
  "lossless.webp": () => sharp(rgb, raw).webp({ lossless: true }).toBuffer(),
};

const convert = which("convert");
const isMagick =
  convert !== undefined && execFileSync(convert, ["-version"], { encoding: "utf8" }).includes("ImageMagick");

const folder = mkdtempSync(join(tmpdir(), "empreinte-magick-"));
beforeAll(async () => {
  for (const [name, make] of Object.entries(files)) writeFileSync(join(folder, name), await make());
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

for (const name of Object.keys(files)) {
  it(`reads ${name} alike`, async (ctx) => {
    if (convert === undefined || !isMagick) return ctx.skip("skipped: needs ImageMagick's convert");
    const path = join(folder, name);
    const data = execFileSync(convert, [path, "-alpha", "off", "-depth", "8", "rgb:-"], { stdio: "pipe" });
    expect(data.length).toBe(3 * width * height);
    const { hash } = await hashImage(path);
    expect(hash).toBe(hashPixelsSync({ data, width, height, channels: 3 }).hash);
  });
}
