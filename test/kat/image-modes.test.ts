/**
 * Files of every mode against their own samples: the samples are made first, then the file, and the file must hash to
 * what the samples hash to. Images are 8-bit unless a name says otherwise.
 */
import sharp from "sharp";
import { describe, expect, it, test } from "vitest";
import { hashDistance, hashImage, hashPixelsSync } from "../../dist/index.js";
import { gif, png, tiff } from "../../fixtures/images/encode.ts";
import {
  alpha,
  answer,
  bits,
  count,
  expectHash,
  green,
  grey,
  height,
  inkToRgb,
  interleave,
  plane,
  raw,
  rawWithAlpha,
  red,
  rgb,
  rgba,
  wide,
  width,
} from "../support/image/samples.ts";

describe("PNG", () => {
  it("grey is one channel", () => expectHash(png({ width, height, type: 0, bits: 8, samples: grey }), answer(grey, 1)));

  it.each([1, 2, 4] as const)("%i-bit grey", (depth) => {
    const samples = grey.map((value) => value >> (8 - depth));
    const expected = samples.map((value) => (value * 255) / (2 ** depth - 1));
    return expectHash(png({ width, height, type: 0, bits: depth, samples }), answer(expected, 1));
  });

  it("16-bit grey", () => {
    const { samples, scaled } = wide(grey);
    return expectHash(png({ width, height, type: 0, bits: 16, samples }), answer(scaled, 1));
  });

  it("grey and alpha", () =>
    expectHash(png({ width, height, type: 4, bits: 8, samples: interleave(grey, alpha) }), answer(grey, 1)));

  it("16-bit grey and alpha", () => {
    const { samples } = wide(interleave(grey, alpha));
    const scaled = Uint8Array.from({ length: count }, (_, i) => Math.round(samples[2 * i]! / 257));
    return expectHash(png({ width, height, type: 4, bits: 16, samples }), answer(scaled, 1));
  });

  it("grey with one transparent level", () => {
    const chunks: [string, Uint8Array][] = [["tRNS", Uint8Array.of(0, grey[5000]!)]];
    return expectHash(png({ width, height, type: 0, bits: 8, samples: grey, chunks }), answer(grey, 1));
  });

  it("RGB", () => expectHash(png({ width, height, type: 2, bits: 8, samples: rgb }), answer(rgb, 3)));

  it("16-bit RGB", () => {
    const { samples, scaled } = wide(rgb);
    return expectHash(png({ width, height, type: 2, bits: 16, samples }), answer(scaled, 3));
  });

  it("RGBA: the hidden colour counts", () =>
    expectHash(png({ width, height, type: 6, bits: 8, samples: rgba }), answer(rgb, 3)));

  it("16-bit RGBA", () => {
    const { samples } = wide(rgba);
    const scaled = Uint8Array.from({ length: 3 * count }, (_, i) =>
      Math.round(samples[4 * Math.floor(i / 3) + (i % 3)]! / 257),
    );
    return expectHash(png({ width, height, type: 6, bits: 16, samples }), answer(scaled, 3));
  });

  const colours = Uint8Array.from({ length: 768 }, (_, i) => (i * 89 + (i % 3) * 40) & 255);
  const painted = interleave(...[0, 1, 2].map((c) => grey.map((index) => colours[3 * index + c]!)));

  it("palette, not its indices", () => {
    const chunks: [string, Uint8Array][] = [["PLTE", colours]];
    return expectHash(png({ width, height, type: 3, bits: 8, samples: grey, chunks }), answer(painted, 3));
  });

  it("palette with transparent entries", () => {
    const chunks: [string, Uint8Array][] = [
      ["PLTE", colours],
      ["tRNS", Uint8Array.from({ length: 200 }, (_, i) => (i % 2 === 0 ? 0 : 90))],
    ];
    return expectHash(png({ width, height, type: 3, bits: 8, samples: grey, chunks }), answer(painted, 3));
  });

  it("2-colour palette, 1 bit", () => {
    const two = Uint8Array.of(250, 240, 10, 20, 30, 120);
    const chunks: [string, Uint8Array][] = [["PLTE", two]];
    const expected = interleave(...[0, 1, 2].map((c) => bits.map((index) => two[3 * index + c]!)));
    return expectHash(png({ width, height, type: 3, bits: 1, samples: bits, chunks }), answer(expected, 3));
  });

  it("palette of greys is RGB", () => {
    const chunks: [string, Uint8Array][] = [["PLTE", Uint8Array.from({ length: 768 }, (_, i) => Math.floor(i / 3))]];
    const file = png({ width, height, type: 3, bits: 8, samples: grey, chunks });
    return expectHash(file, answer(interleave(grey, grey, grey), 3));
  });

  it("an ICC profile changes nothing", async () => {
    const profiled = await sharp({ create: { width: 8, height: 8, channels: 3, background: "red" } })
      .withIccProfile("p3")
      .png()
      .toBuffer();
    const { icc } = await sharp(profiled).metadata();
    const { deflateSync } = await import("node:zlib");
    const chunks: [string, Uint8Array][] = [["iCCP", Buffer.concat([Buffer.from("p3\0\0"), deflateSync(icc!)])]];
    const file = png({ width, height, type: 2, bits: 8, samples: rgb, chunks });
    expect((await sharp(file).metadata()).hasProfile).toBe(true);
    expect((await sharp(file).raw().toBuffer()).equals(rgb)).toBe(false);
    await expectHash(file, answer(rgb, 3));
  });
});

describe("JPEG", () => {
  /** Blocks of 8×8 equal samples, which a JPEG of quality 100 keeps exactly. */
  const side = 256;
  const block = (seed: number): Uint8Array => {
    const small = plane(seed, side / 8, side / 8);
    return Uint8Array.from({ length: side * side }, (_, i) => {
      const [x, y] = [i % side, Math.floor(i / side)];
      return small[(y >> 3) * (side / 8) + (x >> 3)]!;
    });
  };
  const full = { quality: 100, chromaSubsampling: "4:4:4" };

  it("grey is one channel", async () => {
    const samples = block(11);
    const file = await sharp(samples, { raw: { width: side, height: side, channels: 1 } })
      .toColourspace("b-w")
      .jpeg(full)
      .toBuffer();
    await expectHash(file, answer(samples, 1, side, side), side, side);
  });

  it.each(["as it is", "with a profile", "without Adobe's mark"])("CMYK %s", async (kind) => {
    const inks = interleave(block(12), block(13), block(14), block(15));
    const source = tiff([{ width: side, height: side, bits: 8, channels: 4, photometric: 5, samples: inks }]);
    let file: Buffer = await sharp(source).pipelineColourspace("cmyk").toColourspace("cmyk").jpeg(full).toBuffer();
    if (kind === "with a profile") {
      file = withProfile(file, await cmykProfile());
      expect((await sharp(file).metadata()).hasProfile).toBe(true);
    }
    if (kind === "without Adobe's mark") {
      // The samples are taken as stored inverted all the same, as ImageMagick does.
      const at = file.indexOf(Buffer.from("Adobe", "latin1")) - 4;
      expect(file.readUInt16BE(at)).toBe(0xffee);
      file = Buffer.concat([file.subarray(0, at), file.subarray(at + 2 + file.readUInt16BE(at + 2))]);
    }
    await expectHash(file, answer(inkToRgb(inks), 3, side, side), side, side);
  });

  async function cmykProfile(): Promise<Buffer> {
    const file = await sharp(rgb, raw).withIccProfile("cmyk").toColourspace("cmyk").jpeg().toBuffer();
    return (await sharp(file).metadata()).icc!;
  }

  function withProfile(file: Buffer, profile: Buffer): Buffer {
    const parts = [file.subarray(0, 2)];
    const size = 65_000;
    const total = Math.ceil(profile.length / size);
    for (let i = 0; i < total; i++) {
      const piece = profile.subarray(i * size, (i + 1) * size);
      const head = Buffer.from("\xff\xe2\0\0ICC_PROFILE\0", "latin1");
      head.writeUInt16BE(piece.length + 16, 2);
      parts.push(head, Buffer.of(i + 1, total), piece);
    }
    return Buffer.concat([...parts, file.subarray(2)]);
  }

  it("progressive is as baseline, and neither EXIF orientation nor a profile turns or tints it", async () => {
    const plain = await sharp(rgb, raw).jpeg({ quality: 90 }).toBuffer();
    const samples = await sharp(plain).raw().toBuffer();
    const expected = answer(samples, 3);
    await expectHash(plain, expected);
    await expectHash(await sharp(rgb, raw).jpeg({ quality: 90, progressive: true }).toBuffer(), expected);
    const turned = await sharp(rgb, raw).withMetadata({ orientation: 6 }).jpeg({ quality: 90 }).toBuffer();
    expect((await sharp(turned).metadata()).orientation).toBe(6);
    await expectHash(turned, expected);
    const tinted = withProfile(
      plain,
      (await sharp(await sharp(rgb, raw).withIccProfile("p3").png().toBuffer()).metadata()).icc!,
    );
    expect((await sharp(tinted).raw().toBuffer()).equals(samples)).toBe(false);
    await expectHash(tinted, expected);
  });

  it("bytes after the end do not matter", async () => {
    const plain = await sharp(rgb, raw).jpeg().toBuffer();
    const { hash } = await hashImage(plain);
    expect((await hashImage(Buffer.concat([plain, Buffer.from("something else")]))).hash).toBe(hash);
  });
});

describe("GIF", () => {
  const palette = Uint8Array.from({ length: 768 }, (_, i) => (i * 31 + (i % 3) * 90) & 255);
  const paint = (indices: Uint8Array): Uint8Array =>
    interleave(...[0, 1, 2].map((c) => indices.map((index) => palette[3 * index + c]!)));
  const indices = [grey, red, green].map((samples) => samples.map((value) => value >> 1));

  it("still", () => expectHash(gif(width, height, palette, [{ indices: indices[0]! }]), answer(paint(indices[0]!), 3)));

  it("a transparent entry's colour counts", () => {
    // The left half of the image is hidden behind many transparent pixels of one colour.
    const holes = indices[0]!.map((index, i) => (i % width < 120 && index % 3 === 0 ? 200 : index));
    return expectHash(gif(width, height, palette, [{ indices: holes, transparent: 200 }]), answer(paint(holes), 3));
  });

  it("every frame of an animation, as seen", async () => {
    const second = indices[1]!.map((index, i) => (i % 5 === 0 ? 255 : index));
    const area = { left: 40, top: 30, width: 100, height: 80 };
    const patch = plane(7, 100, 80).map((value) => value >> 1);
    const file = gif(width, height, palette, [
      { indices: indices[0]! },
      { indices: second, transparent: 255 },
      { indices: patch, area },
      { indices: indices[2]! },
    ]);
    // What is transparent shows the frame before.
    const seen = [indices[0]!, second.map((index, i) => (index === 255 ? indices[0]![i]! : index))];
    const patched = seen[1]!.slice();
    for (let y = 0; y < 80; y++) patched.set(patch.subarray(100 * y, 100 * (y + 1)), (30 + y) * width + 40);
    seen.push(patched, indices[2]!);
    const frames = seen.map((frame, page) => ({ page, ...answer(paint(frame), 3) }));
    const all = await hashImage(file, { pages: "all", orientations: true });
    expect(all.frames).toEqual(frames);
    await expectHash(file, { ...answer(paint(indices[0]!), 3), furtherPages: true });
    expect(all).toMatchObject({ ...answer(paint(indices[0]!), 3), width, height });
  });

  it("more frames than are decoded at a time", async () => {
    const side = 40;
    const pages = Array.from({ length: 300 }, (_, i) => plane(1000 + i, side, side));
    const file = gif(
      side,
      side,
      palette,
      pages.map((frame) => ({ indices: frame })),
    );
    const { frames } = await hashImage(file, { pages: "all" });
    expect(frames!.map(({ page, hash }) => [page, hash])).toEqual(
      pages.map((frame, page) => [
        page,
        hashPixelsSync({ data: paint(frame), width: side, height: side, channels: 3 }).hash,
      ]),
    );
  });
});

describe("WebP", () => {
  it("RGB, and RGBA with its hidden colour", async () => {
    await expectHash(await sharp(rgb, raw).webp({ lossless: true }).toBuffer(), answer(rgb, 3));
    const file = await sharp(rgba, rawWithAlpha).webp({ lossless: true, exact: true }).toBuffer();
    await expectHash(file, answer(rgb, 3));
  });

  it("every frame of an animation", async () => {
    const pages = Array.from({ length: 5 }, (_, i) => interleave(plane(20 + i), plane(30 + i), plane(40 + i)));
    const tall = { raw: { width, height: 5 * height, channels: 3 as const, pageHeight: height } };
    const file = await sharp(Buffer.concat(pages), tall).webp({ lossless: true, loop: 0 }).toBuffer();
    const expected = pages.map((samples, page) => ({ page, ...answer(samples, 3) }));
    const all = await hashImage(file, { pages: "all", orientations: true });
    expect(all.frames).toEqual(expected);
    await expectHash(file, { ...answer(pages[0]!, 3), furtherPages: true });
  });
});

describe("AVIF", () => {
  it("RGB and RGBA, lossless", async () => {
    await expectHash(await sharp(rgb, raw).avif({ lossless: true }).toBuffer(), answer(rgb, 3));
    const opaque = await sharp(rgba, rawWithAlpha).avif({ lossless: true }).toBuffer();
    expect((await hashImage(opaque)).hash).toBe(answer(rgb, 3).hash);
  });

  it.each([10, 12] as const)("%i-bit", async (bitdepth) => {
    const file = await sharp(rgb, raw).avif({ bitdepth, quality: 95, chromaSubsampling: "4:4:4" }).toBuffer();
    expect((await sharp(file).metadata()).depth).toBe("ushort");
    // Lossy: near, and far from what low bytes would give.
    expect(hashDistance((await hashImage(file)).hash, answer(rgb, 3).hash)).toBeLessThanOrEqual(6);
  });
});

test("compat and the exact method are the same for a file as for its samples", async () => {
  const w = 900;
  const h = 700;
  const samples = interleave(plane(51, w, h), plane(52, w, h), plane(53, w, h));
  const file = png({ width: w, height: h, type: 2, bits: 8, samples });
  const pixels = { data: samples, width: w, height: h, channels: 3 as const };
  for (const options of [{ compat: "cpp-cli" }, { method: "exact" }, { kernel: "portable" }] as const) {
    expect(await hashImage(file, options)).toEqual({ ...hashPixelsSync(pixels, options), width: w, height: h });
  }
  const plain = (await hashImage(file)).hash;
  expect((await hashImage(file, { compat: "cpp-cli" })).hash).not.toBe(plain);
});
