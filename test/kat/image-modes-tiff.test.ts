/** TIFF files of every mode against their own samples, as image-modes.test.ts has it for the other formats. */
import { describe, expect, it } from "vitest";
import { hashDistance, hashImage } from "../../dist/index.js";
import { type TiffForm, tiff } from "../../fixtures/images/encode.ts";
import {
  alpha,
  answer,
  bits,
  blue,
  count,
  expectHash,
  green,
  grey,
  height,
  inkToRgb,
  interleave,
  plane,
  red,
  rgb,
  rgba,
  wide,
  width,
} from "../support/image/samples.ts";

describe("TIFF", () => {
  const forms: [string, TiffForm][] = [
    ["little-endian", {}],
    ["big-endian", { bigEndian: true }],
    ["BigTIFF", { big: true }],
    ["big-endian BigTIFF", { big: true, bigEndian: true }],
  ];

  describe.each(forms)("%s", (_, form) => {
    it("RGB", () =>
      expectHash(tiff([{ width, height, bits: 8, channels: 3, photometric: 2, samples: rgb }], form), answer(rgb, 3)));

    it("16-bit RGB", () => {
      const { samples, scaled } = wide(rgb);
      return expectHash(
        tiff([{ width, height, bits: 16, channels: 3, photometric: 2, samples }], form),
        answer(scaled, 3),
      );
    });
  });

  it("grey, either way round", async () => {
    await expectHash(tiff([{ width, height, bits: 8, channels: 1, photometric: 1, samples: grey }]), answer(grey, 1));
    const inverse = grey.map((value) => 255 - value);
    await expectHash(
      tiff([{ width, height, bits: 8, channels: 1, photometric: 0, samples: inverse }]),
      answer(grey, 1),
    );
  });

  it("1-bit, either way round", async () => {
    const expected = answer(
      bits.map((bit) => 255 * bit),
      1,
    );
    await expectHash(tiff([{ width, height, bits: 1, channels: 1, photometric: 1, samples: bits }]), expected);
    const inverse = bits.map((bit) => 1 - bit);
    await expectHash(tiff([{ width, height, bits: 1, channels: 1, photometric: 0, samples: inverse }]), expected);
  });

  it("16-bit grey", () => {
    const { samples, scaled } = wide(grey);
    return expectHash(tiff([{ width, height, bits: 16, channels: 1, photometric: 1, samples }]), answer(scaled, 1));
  });

  it("grey and alpha, RGBA, RGB with two more channels", async () => {
    const la = interleave(grey, alpha);
    await expectHash(
      tiff([{ width, height, bits: 8, channels: 2, photometric: 1, samples: la, extra: [2] }]),
      answer(grey, 1),
    );
    await expectHash(
      tiff([{ width, height, bits: 8, channels: 4, photometric: 2, samples: rgba, extra: [2] }]),
      answer(rgb, 3),
    );
    const five = interleave(red, green, blue, alpha, grey);
    await expectHash(
      tiff([{ width, height, bits: 8, channels: 5, photometric: 2, samples: five, extra: [2, 0] }]),
      answer(rgb, 3),
    );
  });

  it("palette", () => {
    const colours = Uint16Array.from({ length: 768 }, (_, i) => ((i * 37) & 255) * 257);
    const painted = interleave(...[0, 1, 2].map((c) => grey.map((index) => colours[256 * c + index]! / 257)));
    const file = tiff([{ width, height, bits: 8, channels: 1, photometric: 3, samples: grey, colours }]);
    return expectHash(file, answer(painted, 3));
  });

  const inks = interleave(red, green, blue, plane(5));

  it("CMYK", () => {
    const file = tiff([{ width, height, bits: 8, channels: 4, photometric: 5, samples: inks }]);
    return expectHash(file, answer(inkToRgb(inks), 3));
  });

  it("16-bit CMYK", () => {
    const { samples, scaled } = wide(inks);
    const file = tiff([{ width, height, bits: 16, channels: 4, photometric: 5, samples }]);
    return expectHash(file, answer(inkToRgb(scaled), 3));
  });

  it("CMYK and alpha", () => {
    const five = interleave(red, green, blue, plane(5), alpha);
    const file = tiff([{ width, height, bits: 8, channels: 5, photometric: 5, samples: five, extra: [2] }]);
    return expectHash(file, answer(inkToRgb(inks), 3));
  });

  it.each(forms)("YCbCr without JPEG, %s, on any page", async (_, form) => {
    const light = [red, green, blue].map(() => new Uint8Array(count));
    for (let i = 0; i < count; i++) {
      const r = red[i]! + 1.402 * (blue[i]! - 128);
      const b = red[i]! + 1.772 * (green[i]! - 128);
      const g = (red[i]! - 0.299 * r - 0.114 * b) / 0.587;
      [r, g, b].forEach((value, c) => (light[c]![i] = Math.max(0, Math.min(255, Math.round(value)))));
    }
    const expected = answer(interleave(...light), 3);
    expect(hashDistance(expected.hash, answer(rgb, 3).hash)).toBeGreaterThan(31);
    const ycc = { width, height, bits: 8, channels: 3, photometric: 6, samples: rgb } as const;
    await expectHash(tiff([ycc], form), expected);
    const file = tiff([{ ...ycc, photometric: 2 }, ycc], form);
    expect((await hashImage(file, { pages: "all", orientations: true })).frames).toEqual([
      { page: 0, ...answer(rgb, 3) },
      { page: 1, ...expected },
    ]);
  });

  it("float samples have no agreed white: a clear error", async () => {
    const samples = Float32Array.from(grey, (value) => value / 255);
    const file = tiff([{ width, height, bits: 32, channels: 1, photometric: 1, samples }]);
    await expect(hashImage(file)).rejects.toMatchObject({
      name: "ImageError",
      code: "ERR_EMPREINTE_UNSUPPORTED_FORMAT",
      message: "buffer has 1 channels of float samples (b-w), which have no agreed conversion to 8 bits",
    });
  });

  it("16-bit CIELAB becomes sRGB", async () => {
    // Without colour, so that the formula is short: L* to linear light to sRGB.
    const samples = Uint16Array.from({ length: 3 * count }, (_, i) => (i % 3 === 0 ? grey[i / 3]! * 257 : 0));
    const expected = grey.map((value) => {
      const lightness = (100 * value) / 255;
      const light = lightness > 8 ? ((lightness + 16) / 116) ** 3 : lightness / 903.3;
      return Math.round(255 * (light <= 0.0031308 ? 12.92 * light : 1.055 * light ** (1 / 2.4) - 0.055));
    });
    const file = tiff([{ width, height, bits: 16, channels: 3, photometric: 8, samples }]);
    expect(hashDistance((await hashImage(file)).hash, answer(expected, 1).hash)).toBeLessThanOrEqual(4);
    expect(hashDistance(answer(grey, 1).hash, answer(expected, 1).hash)).toBeGreaterThan(4);
  });

  it("8-bit CIELAB, which sharp does not read: a clear error", async () => {
    const file = tiff([{ width, height, bits: 8, channels: 3, photometric: 8, samples: rgb }]);
    await expect(hashImage(file)).rejects.toMatchObject({
      code: "ERR_EMPREINTE_UNSUPPORTED_FORMAT",
      message: "buffer is an 8-bit CIELAB TIFF, which the decoder does not read",
    });
  });

  it("pages of different sizes and kinds", async () => {
    const small = plane(9, 120, 90);
    const file = tiff([
      { width, height, bits: 8, channels: 3, photometric: 2, samples: rgb },
      { width: 120, height: 90, bits: 8, channels: 1, photometric: 1, samples: small },
      { width, height, bits: 8, channels: 4, photometric: 5, samples: inks },
    ]);
    const all = await hashImage(file, { pages: "all", orientations: true });
    const first = answer(rgb, 3);
    expect(all).toEqual({
      ...first,
      width,
      height,
      frames: [
        { page: 0, ...first },
        { page: 1, ...answer(small, 1, 120, 90) },
        { page: 2, ...answer(inkToRgb(inks), 3) },
      ],
    });
    await expectHash(file, { ...first, furtherPages: true });
  });
});
