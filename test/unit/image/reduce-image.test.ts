import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { reduceImage } from "../../../dist/index.js";
import { type ReduceImageOptions } from "../../../dist/image/reduce-image.js";

const width = 640;
const height = 480;
/** Colours that change over the whole image, and a sharp edge in its middle. */
const rgb = Buffer.alloc(3 * width * height);
for (let y = 0; y < height; y++) {
  for (let x = 0; x < width; x++) {
    const at = 3 * (y * width + x);
    rgb[at] = (255 * x) / width;
    rgb[at + 1] = (255 * y) / height;
    rgb[at + 2] = x < width / 2 ? 30 : 220;
  }
}
const image = await sharp(rgb, { raw: { width, height, channels: 3 } })
  .png()
  .toBuffer();
const pixelsOf = async (webp: Uint8Array) => sharp(webp).raw().toBuffer({ resolveWithObject: true });

/** The mean difference of two images of one size. */
const difference = (a: Uint8Array, b: Uint8Array): number =>
  a.reduce((sum, value, at) => sum + Math.abs(value - b[at]!), 0) / a.length;

describe("reduceImage", () => {
  test("makes what sharp makes of the same image, within the losses of WebP", async () => {
    const { webp, width: w, height: h } = await reduceImage(image, { side: 160 });
    expect([w, h]).toEqual([160, 120]);
    const { data, info } = await pixelsOf(webp);
    expect([info.format ?? "raw", info.width, info.height]).toEqual(["raw", 160, 120]);
    const expected = await sharp(image).resize(160, 120, { kernel: "linear" }).webp({ quality: 80 }).toBuffer();
    expect(difference(data, (await pixelsOf(expected)).data)).toBeLessThan(3);
  });

  test("grey has no colour, and a blur has no edge", async () => {
    const { data } = await pixelsOf((await reduceImage(image, { side: 160, grey: true })).webp);
    let spread = 0;
    for (let at = 0; at < data.length; at += 3) {
      spread = Math.max(spread, Math.max(...data.subarray(at, at + 3)) - Math.min(...data.subarray(at, at + 3)));
    }
    expect(spread).toBeLessThan(6);
    const step = async (blur: number): Promise<number> => {
      const made = await pixelsOf((await reduceImage(image, { side: 160, blur })).webp);
      const blue = (x: number): number => made.data[3 * (60 * 160 + x) + 2]!;
      return blue(82) - blue(77);
    };
    expect(await step(0)).toBeGreaterThan(120);
    expect(await step(12)).toBeLessThan(60);
  });

  test("does not enlarge, and takes raw pixels", async () => {
    const whole = await reduceImage({ data: rgb, width, height, channels: 3 }, { side: 4000 });
    expect([whole.width, whole.height]).toEqual([width, height]);
    expect(whole.webp).toEqual((await reduceImage(image, { side: 4000 })).webp);
  });

  test("carries nothing of the image's metadata", async () => {
    const tagged = await sharp(image)
      .withExif({ IFD0: { Copyright: "somebody" } })
      .jpeg()
      .toBuffer();
    expect((await sharp(tagged).metadata()).exif).toBeDefined();
    const { exif, icc, xmp } = await sharp((await reduceImage(tagged)).webp).metadata();
    expect([exif, icc, xmp]).toEqual([undefined, undefined, undefined]);
  });

  test.each<[ReduceImageOptions, object]>([
    [{ side: 0 }, { code: "ERR_EMPREINTE_INVALID_ARGUMENT" }],
    [{ blur: -1 }, { code: "ERR_EMPREINTE_INVALID_ARGUMENT" }],
    [{ grey: "yes" } as object, { code: "ERR_EMPREINTE_INVALID_ARGUMENT" }],
    [{ maxPixels: 100 }, { code: "ERR_EMPREINTE_LIMIT", limit: "maxPixels" }],
    [{ signal: AbortSignal.abort(new Error("no")) }, { message: "no" }],
  ])("%j is refused or heard", async (options, error) => {
    await expect(reduceImage(image, options)).rejects.toMatchObject(error);
  });

  test("a damaged image is an error as for hashImage", async () => {
    await expect(reduceImage(image.subarray(0, 200))).rejects.toMatchObject({ code: "ERR_EMPREINTE_CORRUPT" });
  });
});
