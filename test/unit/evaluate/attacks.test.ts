import sharp, { type Sharp } from "sharp";
import { beforeAll, describe, expect, it } from "vitest";
import { attackImage, attacks } from "../../../dist/doors/evaluate.js";
import { bmp, coloured } from "../../support/image/bmp.ts";
import { hashDistance, hashImage } from "../../../dist/index.js";
import { InvalidArgumentError } from "../../../dist/errors.js";
import { scene } from "../../support/evaluate.ts";
import { long, needsLongRun } from "../../support/long.ts";

let original: Buffer;
beforeAll(async () => {
  original = await scene(1);
});

const raw = (bytes: Uint8Array | Buffer): Promise<Buffer> => sharp(bytes).removeAlpha().raw().toBuffer();

/** Mean absolute difference of two images of one size. */
async function difference(one: Uint8Array, other: Uint8Array): Promise<number> {
  const [a, b] = [await raw(one), await raw(other)];
  expect(a.length).toBe(b.length);
  return a.reduce((sum, sample, i) => sum + Math.abs(sample - b[i]!), 0) / a.length;
}

describe("the attack suite", () => {
  it("has some 110 attacks of all families and 57 of the local one, each with a name and a sentence", () => {
    expect(attacks.filter(({ family }) => family !== "local").length).toBeGreaterThanOrEqual(110);
    expect(attacks.filter(({ family }) => family === "local").length).toBe(57);
    expect(new Set(attacks.map(({ name }) => name)).size).toBe(attacks.length);
    expect(new Set(attacks.map(({ family }) => family)).size).toBe(13);
    for (const { name, description } of attacks) {
      expect(name).toMatch(/^[a-z0-9.-]+$/);
      expect(description).toMatch(/^[A-Z0-9].*\.$/);
    }
  });

  it("every attack gives an image, the same one for the same seed, and leaves the original as it was", async (ctx) => {
    needsLongRun(ctx);
    const small = await sharp(original).resize(208, 156).png().toBuffer();
    const before = await raw(small);
    const saved = await attackImage(small, "jpeg-90", 7);
    const same: string[] = [];
    const checked = attacks.filter(({ family }, i) => long || i % (family === "local" ? 9 : 3) === 0);
    for (const { name } of checked) {
      const once = await attackImage(small, name, 7);
      expect(Buffer.compare(once, await attackImage(small, name, 7)), name).toBe(0);
      expect((await hashImage(once)).hash, name).toMatch(/^[0-9a-f]{64}$/);
      // Only saved at quality 90 is what nothing but jpeg-90 may be.
      if (name !== "jpeg-90") expect(Buffer.compare(once, saved), name).not.toBe(0);
      if (Buffer.compare(once, await attackImage(small, name, 8)) === 0) same.push(name);
    }
    expect(Buffer.compare(await raw(small), before)).toBe(0);
    // Another seed gives other texts, places and amounts.
    const made = ["overlay", "screen", "composite", "camera"];
    expect(attacks.filter(({ name, family }) => made.includes(family) && same.includes(name))).toEqual([]);
    expect(same).not.toContain("border-colour-10");
    expect(same.length).toBeLessThan(35);
  });

  it("does what its name says, by sharp's own operations", async () => {
    const close = async (name: string, expected: Sharp): Promise<void> => {
      const saved = await expected.jpeg({ quality: 90, chromaSubsampling: "4:2:0" }).toBuffer();
      expect(await difference(await attackImage(original, name), saved), name).toBeLessThan(0.5);
    };
    await close("mirror", sharp(original).flop());
    await close("flip", sharp(original).flip());
    await close("turn-180", sharp(original).rotate(180));
    await close("negative", sharp(original).negate({ alpha: false }));
    await close("fit-1x1-black", sharp(original).extend({ top: 30, bottom: 30, background: "black" }));
  });

  it("turns, crops and frames by the amount in its name", async () => {
    const sizeOf = async (name: string): Promise<[number, number]> => {
      const { width, height } = await sharp(await attackImage(original, name)).metadata();
      return [width, height];
    };
    expect(await sizeOf("turn-90")).toEqual([180, 240]);
    for (const [name, share] of [
      ["crop-each-10", 0.1],
      ["crop-each-20", 0.2],
    ] as const) {
      const [width, height] = await sizeOf(name);
      expect(Math.abs(width - 240 * (1 - 2 * share)), name).toBeLessThanOrEqual(240 * 0.1 * share + 1);
      expect(Math.abs(height - 180 * (1 - 2 * share)), name).toBeLessThanOrEqual(180 * 0.1 * share + 1);
    }
    const [width, height] = await sizeOf("border-black-10");
    expect(width - 240).toBe(height - 180);
    expect(Math.abs(width - 240 - 48)).toBeLessThanOrEqual(4);
    expect(await sizeOf("fit-9x16-black")).toEqual([240, 427]);
  });

  it("a turn by 5° is one: turned back by sharp it is the original", async () => {
    const canvas = await attackImage(original, "rotate-canvas-5", 3);
    const { hash } = await hashImage(await sharp(original).jpeg().toBuffer());
    const best: number[] = [];
    for (const angle of [-5.2, -5, -4.8, 4.8, 5, 5.2]) {
      const back = await sharp(canvas).rotate(angle).png().toBuffer();
      const { width, height } = await sharp(back).metadata();
      const inner = { left: (width - 240) >> 1, top: (height - 180) >> 1, width: 240, height: 180 };
      best.push(hashDistance(hash, (await hashImage(await sharp(back).extract(inner).png().toBuffer())).hash));
    }
    expect(Math.min(...best)).toBeLessThanOrEqual(31);
    expect(hashDistance(hash, (await hashImage(canvas)).hash)).toBeGreaterThan(31);
  });

  it("refuses an unknown name", async () => {
    await expect(attackImage(original, "crop")).rejects.toThrow(InvalidArgumentError);
    await expect(attackImage(Buffer.from("no image"), "mirror")).rejects.toThrow("unsupported");
  });
});

it("an image that sharp does not read is altered as the same one in a PNG", async () => {
  const { width, height, rgb } = coloured(1400, 300);
  const png = await sharp(rgb, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
  const expected = await attackImage(png, "jpeg-90", 7);
  expect(Buffer.compare(await attackImage(bmp({ bits: 24 }, { width, height, rgb }), "jpeg-90", 7), expected)).toBe(0);
});
