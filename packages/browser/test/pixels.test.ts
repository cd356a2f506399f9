/** The samples of every decoder are those of the library's, one by one. */
import sharp, { type Sharp } from "sharp";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { sceneOf } from "../../../test/support/known-answers.ts";
import { type CoreExports, startCore } from "../dist/core/module.js";
import type { Decoded } from "../dist/decode/decoded.js";
import { decodeGif } from "../dist/decode/gif.js";
import { hashFile } from "../dist/decode/hash-file.js";
import { decodeJpeg } from "../dist/decode/jpeg.js";
import { decodePng } from "../dist/decode/png.js";
import { decodeWebp } from "../dist/decode/webp.js";
import { built, decoders, needsCore, wasmBytes } from "./support/core.ts";

const most = 2 ** 27;
let core: CoreExports;
beforeAll(async () => {
  if (built) core = await startCore(wasmBytes("empreinte-simd.wasm"));
});

const scene = (width: number, height: number): Sharp =>
  sharp(sceneOf(width, height, 71), { raw: { width, height, channels: 3 } });

function jpeg(bytes: Uint8Array): Decoded {
  const { at, width, height, channels } = decodeJpeg(core, bytes, most);
  const { buffer } = core.memory as { buffer: ArrayBuffer };
  const data = new Uint8Array(buffer).slice(at, at + width * height * channels);
  core.wipe();
  return { data, width, height, channels };
}

/** The samples without alpha, grey as it is. */
function coloursOf({ data, channels }: { data: Uint8Array; channels: number }): Uint8Array {
  const kept = channels < 3 ? 1 : 3;
  return channels === kept ? Uint8Array.from(data) : Uint8Array.from(data.filter((_, i) => i % channels < kept));
}

async function expectEqual(bytes: Buffer, decoded: Decoded, name: string): Promise<void> {
  const { data, info } = await sharp(bytes, { ignoreIcc: true }).raw().toBuffer({ resolveWithObject: true });
  expect([decoded.width, decoded.height], name).toEqual([info.width, info.height]);
  const [here, there] = [coloursOf(decoded), coloursOf({ data, channels: info.channels })];
  expect(Buffer.compare(here, there), name).toBe(0);
}

describe("the samples of", () => {
  beforeEach(needsCore);

  it("JPEG", async () => {
    for (const [width, height] of [
      [1, 1],
      [2, 3],
      [17, 16],
      [131, 77],
      [320, 200],
    ] as const)
      for (const chromaSubsampling of ["4:4:4", "4:2:0"])
        for (const progressive of [false, true])
          for (const quality of [5, 50, 100]) {
            const bytes = await scene(width, height).jpeg({ chromaSubsampling, progressive, quality }).toBuffer();
            await expectEqual(bytes, jpeg(bytes), `${width}×${height} ${chromaSubsampling} ${progressive} ${quality}`);
          }
  });

  it("PNG, GIF and WebP", async () => {
    for (const [width, height] of [
      [1, 1],
      [33, 9],
      [131, 77],
    ] as const) {
      const png = await scene(width, height).png({ progressive: true }).toBuffer();
      await expectEqual(png, await decodePng(png, most), "PNG");
      const gif = await scene(width, height).gif({ colours: 60 }).toBuffer();
      await expectEqual(gif, decodeGif(gif, most), "GIF");
      for (const options of [{ quality: 5 }, { quality: 95 }, { lossless: true }]) {
        const webp = await scene(width, height).webp(options).toBuffer();
        await expectEqual(webp, await decodeWebp(webp, most, decoders.libwebp), "WebP");
      }
    }
  });
});

describe("an image that says impossible sides", () => {
  beforeEach(needsCore);

  it("is refused by the limit, and beyond the memory, and the next one is hashed", async () => {
    const bytes = await scene(131, 77).jpeg().toBuffer();
    const huge = Buffer.from(bytes);
    const at = huge.indexOf(Buffer.from([0xff, 0xc0]));
    huge.writeUInt16BE(65_500, at + 5);
    huge.writeUInt16BE(65_500, at + 7);
    const hash = (file: Buffer, maxPixels: number) =>
      hashFile(
        core,
        Uint8Array.from(file),
        { orientations: false, crops: "none", maxBytes: most, maxPixels },
        decoders,
      );
    await expect(hash(huge, most)).rejects.toMatchObject({ code: "ERR_EMPREINTE_LIMIT" });
    await expect(hash(huge, 2 ** 33)).rejects.toMatchObject({ code: "ERR_EMPREINTE_OUT_OF_MEMORY" });
    expect(await hash(bytes, most)).toMatchObject({ format: "jpeg", width: 131, height: 77 });
  });

  it("leaves nothing of a JPEG in the memory", async () => {
    const bytes = await scene(320, 200).jpeg({ progressive: true }).toBuffer();
    await hashFile(
      core,
      Uint8Array.from(bytes),
      { orientations: true, crops: "none", maxBytes: most, maxPixels: most },
      decoders,
    );
    const start = core.allocate(64);
    expect(
      new Uint8Array((core.memory as { buffer: ArrayBuffer }).buffer).subarray(start).every((byte) => byte === 0),
    ).toBe(true);
    core.wipe();
  });
});
