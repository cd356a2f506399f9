/** Image files give the hashes of the library, format by format. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hashImage, hashWithCrops } from "empreinte";
import sharp, { type Sharp } from "sharp";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { bmp, type BmpKind, coloured, indexed } from "../../../test/support/image/bmp.ts";
import { sceneOf } from "../../../test/support/known-answers.ts";
import { long, rounds } from "../../../test/support/long.ts";
import { root, which } from "../../../test/support/run.ts";
import { hashFile } from "../dist/decode/hash-file.js";
import { type CoreExports, startCore } from "../dist/core/module.js";
import { defaultLimits } from "../dist/results.js";
import { built, decoders, needsCore, wasmBytes } from "./support/core.ts";

let core: CoreExports;
beforeAll(async () => {
  if (built) core = await startCore(wasmBytes("empreinte-simd.wasm"));
});

const settings = { orientations: true, crops: "none", ...defaultLimits } as const;
const here = (bytes: Uint8Array) => hashFile(core, Uint8Array.from(bytes), settings, decoders);

/** Compares with the library. */
async function expectEqual(bytes: Uint8Array, name: string): Promise<void> {
  const there = await hashImage(bytes, { orientations: true });
  const { hash, quality, stable, orientations } = await here(bytes);
  expect({ hash, quality, stable, orientations }, name).toEqual({
    hash: there.hash,
    quality: there.quality,
    stable: there.stable,
    orientations: there.orientations,
  });
}

function scene(width: number, height: number, seed: number): Sharp {
  const data = sceneOf(width, height, seed);
  return sharp(data, { raw: { width, height, channels: 3 } });
}

const sizes = [
  [97, 61],
  [5, 33],
  [320, 241],
].slice(0, rounds(2, 3)) as [number, number][];

describe("the same hash as the library", () => {
  beforeEach(needsCore);

  for (const chromaSubsampling of ["4:4:4", "4:2:0"])
    for (const progressive of [false, true])
      it(`JPEG ${chromaSubsampling}${progressive ? " progressive" : ""}`, async () => {
        for (const [width, height] of sizes)
          for (const quality of [30, 95]) {
            const bytes = await scene(width, height, quality)
              .jpeg({ chromaSubsampling, progressive, quality })
              .toBuffer();
            await expectEqual(bytes, `${width}×${height} at ${quality}`);
          }
      });

  it("JPEG of mozjpeg, grey, with EXIF orientation, and with a colour profile", async () => {
    await expectEqual(await scene(200, 150, 1).jpeg({ mozjpeg: true }).toBuffer(), "mozjpeg");
    await expectEqual(await scene(200, 150, 2).greyscale().jpeg().toBuffer(), "grey");
    await expectEqual(await scene(200, 150, 3).withMetadata({ orientation: 6 }).jpeg().toBuffer(), "EXIF");
    await expectEqual(await scene(200, 150, 4).withIccProfile("p3").jpeg().toBuffer(), "profile");
  });

  it("JPEG of four inks, as they are and as luma and colour", async (ctx) => {
    for (const progressive of [false, true]) {
      const inks = scene(203, 149, 11).pipelineColourspace("cmyk").toColourspace("cmyk");
      const bytes = await inks.jpeg({ progressive, chromaSubsampling: "4:4:4" }).toBuffer();
      await expectEqual(bytes, "as they are");
      const at = bytes.indexOf("Adobe", 0, "latin1");
      expect(bytes[at + 11]).toBe(0);
      // The same samples, called luma, colour and black.
      bytes[at + 11] = 2;
      await expectEqual(bytes, "luma and colour");
      bytes[at + 11] = 1;
      await expect(here(bytes)).rejects.toMatchObject({ code: "ERR_EMPREINTE_UNSUPPORTED_FORMAT" });
      await expectEqual(Buffer.concat([bytes.subarray(0, at - 4), bytes.subarray(at + 12)]), "without a mark");
    }
    if (which("convert") === undefined) return ctx.skip("skipped: the rest needs ImageMagick");
    const convert = (args: string[]) => execFileSync("convert", ["-", ...args, "jpg:-"], { input: png });
    const png = await scene(203, 149, 12).png().toBuffer();
    for (const factor of ["1x1", "2x2", "2x1"])
      await expectEqual(convert(["-colorspace", "CMYK", "-sampling-factor", factor]), factor);
  });

  it("JPEG with other samplings, restart markers and RGB", async (ctx) => {
    if (which("convert") === undefined) return ctx.skip("skipped: needs ImageMagick");
    const folder = mkdtempSync(join(tmpdir(), "empreinte-browser-"));
    try {
      const source = join(folder, "a.png");
      writeFileSync(source, await scene(203, 149, 5).png().toBuffer());
      const kinds = ["1x2", "2x1", "4x1", "1x4", "4x2"].map((factor) => ["-sampling-factor", factor]);
      kinds.push(["-define", "jpeg:restart-interval=3"], ["-colorspace", "RGB"], ["-interlace", "none"]);
      for (const kind of kinds) {
        const file = join(folder, "a.jpg");
        execFileSync("convert", [source, ...kind, file]);
        await expectEqual(readFileSync(file), kind.join(" "));
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("PNG of every kind", async () => {
    for (const progressive of [false, true])
      for (const [width, height] of sizes) {
        const image = scene(width, height, 7);
        const kinds: [string, Sharp][] = [
          ["RGB", image.clone()],
          ["RGBA", image.clone().ensureAlpha(0.3)],
          ["grey", image.clone().greyscale()],
          ["grey and alpha", image.clone().greyscale().ensureAlpha(0.5)],
          ["16 bits", image.clone().toColourspace("rgb16")],
          ["16 bits grey", image.clone().toColourspace("grey16")],
        ];
        for (const [kind, one] of kinds)
          await expectEqual(await one.png({ progressive }).toBuffer(), `${kind} ${width}`);
        for (const colours of [2, 4, 16, 200])
          await expectEqual(
            await image.clone().png({ palette: true, colours, progressive }).toBuffer(),
            `${colours} colours`,
          );
      }
  });

  it("GIF", async () => {
    for (const [width, height] of sizes)
      for (const colours of [2, 17, 256]) {
        await expectEqual(await scene(width, height, 8).gif({ colours }).toBuffer(), `${width} ${colours}`);
        await expectEqual(await scene(width, height, 8).gif({ colours, progressive: true }).toBuffer(), "interlaced");
      }
  });

  it("WebP", async () => {
    for (const [width, height] of sizes)
      for (const options of [{ quality: 20 }, { quality: 90 }, { lossless: true }, { nearLossless: true }]) {
        await expectEqual(await scene(width, height, 9).webp(options).toBuffer(), JSON.stringify(options));
        await expectEqual(await scene(width, height, 9).ensureAlpha(0.4).webp(options).toBuffer(), "alpha");
      }
  });

  it("HEIC", async (ctx) => {
    if (which("heif-enc") === undefined) return ctx.skip("skipped: needs heif-enc");
    const folder = mkdtempSync(join(tmpdir(), "empreinte-browser-"));
    try {
      const [source, file] = [join(folder, "a.png"), join(folder, "a.heic")];
      writeFileSync(source, await scene(203, 149, 10).png().toBuffer());
      for (const quality of ["30", "90"]) {
        execFileSync("heif-enc", ["-q", quality, source, "-o", file], { stdio: "ignore" });
        await expectEqual(readFileSync(file), quality);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  const bitmaps: BmpKind[] = [
    ...([1, 2, 4, 8] as const).map((bits) => ({ bits })),
    { bits: 4, colours: 11, header: 124 },
    { bits: 8, header: 12, topDown: true },
    { bits: 8, runs: true },
    { bits: 4, runs: true },
    { bits: 16 },
    { bits: 16, masks: [0xf800, 0x7e0, 0x1f] },
    { bits: 24 },
    { bits: 32, masks: [0xff, 0xff00, 0xff0000], topDown: true },
  ];
  it.each(bitmaps)("BMP %o", async (kind) => {
    for (const [width, height] of sizes) {
      if (kind.bits > 8) {
        await expectEqual(bmp(kind, coloured(width, height)), `${width}`);
        continue;
      }
      const { image, indexes, palette } = indexed(width, height, kind.colours ?? 2 ** kind.bits);
      await expectEqual(bmp(kind, image, { indexes, palette }), `${width}`);
    }
  });

  it("crops", async () => {
    for (const level of ["standard", "thorough"] as const)
      for (const [width, height] of [
        [320, 241],
        [100, 500],
        [60, 60],
      ] as const) {
        const bytes = await scene(width, height, 31).jpeg().toBuffer();
        const { crops } = await hashFile(core, Uint8Array.from(bytes), { ...settings, crops: level }, decoders);
        expect(crops).toEqual((await hashWithCrops(bytes, { level })).crops);
        if (width === 320) expect(crops!.length).toBeGreaterThan(20);
      }
  });

  it("photographs", async (ctx) => {
    const folder = join(root, "../shared/photos/bsds-train");
    const names = (() => {
      try {
        return readdirSync(folder).slice(0, long ? 100 : 3);
      } catch {
        return [];
      }
    })();
    if (names.length === 0) return ctx.skip("skipped: needs ../shared/photos");
    for (const name of names) {
      const bytes = readFileSync(join(folder, name));
      await expectEqual(bytes, name);
      const image = sharp(bytes);
      await expectEqual(await image.clone().png({ compressionLevel: 1 }).toBuffer(), `${name} as PNG`);
      await expectEqual(await image.clone().webp({ effort: 0 }).toBuffer(), `${name} as WebP`);
      await expectEqual(await image.clone().gif({ effort: 1 }).toBuffer(), `${name} as GIF`);
      await expectEqual(await image.clone().jpeg({ progressive: true }).toBuffer(), `${name} as a progressive JPEG`);
    }
  });
});
