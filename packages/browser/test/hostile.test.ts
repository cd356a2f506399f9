/** Damaged files: where both the library and this package give a hash, it is the same one. */
import { hashImage, ImageError, LimitError } from "empreinte";
import sharp from "sharp";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { bmp, coloured, indexed } from "../../../test/support/image/bmp.ts";
import { sceneOf } from "../../../test/support/known-answers.ts";
import { rounds } from "../../../test/support/long.ts";
import { type CoreExports, startCore } from "../dist/core/module.js";
import { hashFile } from "../dist/decode/hash-file.js";
import { defaultLimits } from "../dist/results.js";
import { built, decoders, needsCore, wasmBytes } from "./support/core.ts";

let core: CoreExports;
beforeAll(async () => {
  if (built) core = await startCore(wasmBytes("empreinte-simd.wasm"));
});

const settings = { orientations: false, crops: "none", ...defaultLimits } as const;

/** Returns the hash, or the code of the refusal. Any other error fails the test. */
async function here(bytes: Uint8Array): Promise<string> {
  try {
    return (await hashFile(core, Uint8Array.from(bytes), settings, decoders)).hash;
  } catch (error) {
    if (error instanceof Error && error.name === "HashError" && "code" in error) return String(error.code);
    throw error;
  }
}

async function there(bytes: Uint8Array): Promise<string> {
  try {
    return (await hashImage(bytes)).hash;
  } catch (error) {
    if (error instanceof ImageError || error instanceof LimitError) return error.code;
    throw error;
  }
}

const isHash = (text: string): boolean => /^[0-9a-f]{64}$/.test(text);

/** A generator of whole numbers below a bound, always in the same order. */
function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Changes some bytes, cuts the file, or repeats a part of it. */
function mutated(bytes: Uint8Array, random: (below: number) => number): Uint8Array {
  const changed = Uint8Array.from(bytes);
  const kind = random(4);
  if (kind === 0) return changed.subarray(0, random(bytes.length));
  if (kind === 1) return Buffer.concat([bytes.subarray(0, random(bytes.length)), bytes.subarray(random(bytes.length))]);
  for (let i = 0; i <= random(3); i++) changed[random(bytes.length)] = random(256);
  return changed;
}

const [width, height] = [83, 61];
const scene = sharp(sceneOf(width, height, 31), { raw: { width, height, channels: 3 } });
const kinds = {
  "a JPEG": () => scene.clone().jpeg({ quality: 70 }).toBuffer(),
  "a progressive JPEG": () => scene.clone().jpeg({ progressive: true }).toBuffer(),
  "a grey JPEG": () => scene.clone().greyscale().jpeg().toBuffer(),
  "a JPEG of four inks": () => scene.clone().pipelineColourspace("cmyk").toColourspace("cmyk").jpeg().toBuffer(),
  "a PNG": () => scene.clone().png().toBuffer(),
  "a GIF": () => scene.clone().gif({ colours: 30 }).toBuffer(),
  "a bitmap": async () => bmp({ bits: 24 }, coloured(width, height)),
  "a bitmap of runs": async () => {
    const { image, ...colours } = indexed(width, height, 200);
    return bmp({ bits: 8, runs: true }, image, colours);
  },
  // Not a lossy one: libwebp's vector code and its plain code round values differently that no encoder writes.
  "a lossless WebP": () => scene.clone().webp({ lossless: true }).toBuffer(),
};

describe("damaged files", () => {
  beforeEach(needsCore);

  it.each(Object.entries(kinds))("%s never gets another hash than the library's", async (_, make) => {
    const bytes = await make();
    const random = randomOf(bytes.length);
    let hashes = 0;
    let refusals = 0;
    for (let i = 0; i < rounds(60, 400); i++) {
      const file = mutated(bytes, random);
      const found = await here(file);
      if (!isHash(found)) {
        refusals++;
        continue;
      }
      hashes++;
      const wanted = await there(file);
      if (isHash(wanted)) expect(found, `mutation ${i}`).toBe(wanted);
      else expect(wanted, `mutation ${i} is refused by the library only`).toBe("ERR_EMPREINTE_CORRUPT");
    }
    // Both happen, so neither side is trivial.
    expect(refusals).toBeGreaterThan(0);
    expect(hashes + refusals).toBe(rounds(60, 400));
  });
});
