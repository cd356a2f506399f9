import { decode } from "blurhash";
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { safePreview } from "../../../dist/index.js";
import { type PreviewOptions } from "../../../dist/image/preview.js";
import { grey, height, width } from "../../support/image/samples.ts";

/** Left half one colour, right half another. */
async function halves(w: number, h: number, left: string, right: string): Promise<Buffer> {
  const half = { create: { width: w >> 1, height: h, channels: 3 as const, background: right } };
  return sharp({ create: { width: w, height: h, channels: 3, background: left } })
    .composite([{ input: await sharp(half).png().toBuffer(), left: w >> 1, top: 0 }])
    .png()
    .toBuffer();
}
const pixelsOf = async (png: Uint8Array) => sharp(png).raw().toBuffer({ resolveWithObject: true });

describe("safePreview", () => {
  test("a blurhash of few cosines, and its rendering in at most 32 pixels a side", async () => {
    const image = await halves(400, 200, "#d02020", "#2020d0");
    const { blurhash, width: w, height: h, png, dataUri } = await safePreview(image);
    expect([w, h]).toEqual([32, 16]);
    // 1 for the components, 1 for the scale, 4 for the mean, 2 for each of 4 × 2 − 1 cosines.
    expect(blurhash).toHaveLength(20);
    expect(dataUri).toBe(`data:image/png;base64,${Buffer.from(png).toString("base64")}`);
    const { data, info } = await pixelsOf(png);
    expect([info.width, info.height, info.channels]).toEqual([32, 16, 3]);
    // It is what the blurhash's own decoder makes of it, and no more.
    const rendered = decode(blurhash, 32, 16);
    for (let i = 0; i < 32 * 16; i++) {
      for (let c = 0; c < 3; c++) expect(data[3 * i + c]).toBe(rendered[4 * i + c]);
    }
    const [left, right] = [data.subarray(3 * 4, 3 * 4 + 3), data.subarray(3 * 28, 3 * 28 + 3)];
    expect(left[0]! - left[2]!).toBeGreaterThan(60);
    expect(right[2]! - right[0]!).toBeGreaterThan(60);
  });

  test("what is finer than the cosines is not in it", async () => {
    const squares = Buffer.from(Uint8Array.from({ length: 512 * 512 }, (_, i) => (((i >> 3) ^ (i >> 12)) & 1) * 255));
    const board = { raw: { width: 512, height: 512, channels: 1 as const } };
    const { data } = await pixelsOf((await safePreview(await sharp(squares, board).png().toBuffer())).png);
    const spread = Math.max(...data) - Math.min(...data);
    // Of 255 in the image. Blurhash's cosines are not centred on pixels, so that a plain colour has some of each.
    expect(spread).toBeLessThan(40);
  });

  test("the same from a file's bytes and from raw pixels; grey, alpha, 16 bits and ink as hashImage reads them", async () => {
    const image = sharp(grey, { raw: { width, height, channels: 1 } });
    const { blurhash } = await safePreview(await image.clone().png().toBuffer());
    expect((await safePreview({ data: Uint8Array.from(grey), width, height, channels: 1 })).blurhash).toBe(blurhash);
    const rgb = await image.clone().toColourspace("srgb").ensureAlpha(0.2).png().toBuffer();
    expect((await safePreview(rgb)).blurhash).toBe(blurhash);
    const deep = await image
      .clone()
      .toColourspace("grey16")
      .png({ bitdepth: 16 } as object)
      .toBuffer();
    expect((await safePreview(deep)).blurhash).toBe(blurhash);
    const ink = await sharp({ create: { width: 64, height: 64, channels: 3, background: "#e04020" } })
      .toColourspace("cmyk")
      .jpeg()
      .toBuffer();
    const { data } = await pixelsOf((await safePreview(ink)).png);
    expect(data[0]! - data[2]!).toBeGreaterThan(60);
  });

  test("of a strip, of one pixel", async () => {
    const strip = await safePreview({ data: new Uint8Array(3000).fill(90), width: 1000, height: 1, channels: 3 });
    expect([strip.width, strip.height]).toEqual([32, 1]);
    const one = await safePreview({ data: Uint8Array.of(200, 10, 10), width: 1, height: 1, channels: 3 });
    expect([one.width, one.height]).toEqual([1, 1]);
    const { data } = await pixelsOf(one.png);
    expect(Math.abs(data[0]! - 200)).toBeLessThan(4);
  });

  test.each<[PreviewOptions, object]>([
    [{ detail: 6 }, { code: "ERR_EMPREINTE_INVALID_ARGUMENT" }],
    [{ maxPixels: 100 }, { code: "ERR_EMPREINTE_LIMIT", limit: "maxPixels" }],
    [{ maxBytes: 10 }, { code: "ERR_EMPREINTE_LIMIT", limit: "maxBytes" }],
    [{ orientations: true } as object, { code: "ERR_EMPREINTE_INVALID_ARGUMENT" }],
    [{ signal: AbortSignal.abort(new Error("no")) }, { message: "no" }],
  ])("%j is refused or heard", async (options, error) => {
    const image = await halves(64, 64, "red", "blue");
    await expect(safePreview(image, options)).rejects.toMatchObject(error);
  });

  test("a damaged image is an error as for hashImage", async () => {
    const image = await halves(64, 64, "red", "blue");
    await expect(safePreview(image.subarray(0, 80))).rejects.toMatchObject({ code: "ERR_EMPREINTE_CORRUPT" });
  });
});
