/**
 * Small files of the kinds that are read here or in WebAssembly, changed at random: no crash, no hang, no answer
 * without a name.
 */
import { describe, expect, test } from "vitest";
import { hashImage, sniffImage } from "../../../dist/index.js";
import { mulberry32 } from "../../../fixtures/kat/inputs.mjs";
import { bmp, coloured, ico, iconBitmap, indexed } from "../../support/image/bmp.ts";
import { cjxl, heifEnc, losslessHeic, missing, opj, pngOf } from "../../support/image/encoders.ts";
import { gridOf, heif, irot, itemOf } from "../../support/image/heif.ts";
import { rounds } from "../../support/long.ts";

const shape = coloured(64, 64);
const png = await pngOf(shape.rgb, 64, 64, 3);
const lists = indexed(61, 47, 16);

async function grid(): Promise<Buffer> {
  const tile = { ...itemOf(await heifEnc(png, "-q", "60")), hidden: true };
  const whole = gridOf(2, 2, 120, 110, [1, 2, 3, 4]);
  return heif([tile, tile, tile, tile, { ...whole, properties: [...whole.properties, irot(1)] }], 5);
}

const kinds: [string, () => Buffer | Promise<Buffer>, needs?: string | undefined][] = [
  ["BMP of 24 bits", () => bmp({ bits: 24 }, shape)],
  ["BMP of runs", () => bmp({ bits: 4, runs: true }, lists.image, lists)],
  ["BMP of runs of bytes", () => bmp({ bits: 8, runs: true, colours: 16 }, lists.image, lists)],
  ["BMP with masks", () => bmp({ bits: 16, masks: [0xf800, 0x7e0, 0x1f] }, shape)],
  [
    "icon",
    () =>
      ico([
        { width: 61, height: 47, bits: 4, bytes: iconBitmap({ bits: 4 }, lists.image, lists) },
        { width: 64, height: 64, bits: 32, bytes: png },
      ]),
  ],
  ["HEIC", () => heifEnc(png), missing("heif-enc")],
  ["HEIC in RGB", () => heifEnc(png, ...losslessHeic), missing("heif-enc")],
  ["HEIC of tiles", grid, missing("heif-enc")],
  ["JPEG XL", () => cjxl(png), missing("cjxl")],
  ["JPEG XL in its container", () => cjxl(png, ["-d", "0", "--container=1"]), missing("cjxl")],
  ["JPEG 2000", () => opj(png), missing("opj_compress")],
  ["codestream of JPEG 2000", () => opj(png, ["-r", "10", "-I"], "out.j2k"), missing("opj_compress")],
];

/** What an image that was changed may be: hashed, or refused by one of these codes. */
const codes = new Set([
  "ERR_EMPREINTE_CORRUPT",
  "ERR_EMPREINTE_UNSUPPORTED_FORMAT",
  "ERR_EMPREINTE_LIMIT",
  "ERR_EMPREINTE_OUT_OF_MEMORY",
]);

/** Changes a few bytes or bits of a copy, mostly near its beginning; or leaves some out, or repeats some. */
function mutated(file: Buffer, random: () => number): Buffer {
  const below = (limit: number): number => Math.floor(random() * limit);
  let copy = Buffer.from(file);
  for (let changes = 1 + below(4); changes > 0; changes--) {
    const at = Math.floor(random() ** (1 + below(3)) * copy.length);
    const kind = below(6);
    if (kind === 0) copy[at] = below(256);
    else if (kind === 1) copy[at]! ^= 1 << below(8);
    else if (kind === 2) copy.fill(random() < 0.5 ? 0 : 255, at, Math.min(copy.length, at + 1 + below(16)));
    else if (kind === 3 && at + 4 <= copy.length) copy.writeUInt32BE(below(2 ** 32), at);
    else if (kind === 4) copy = Buffer.concat([copy.subarray(0, at), copy.subarray(at + 1 + below(40))]);
    else copy = Buffer.concat([copy.subarray(0, at), copy.subarray(Math.max(0, at - below(40)))]);
  }
  return copy;
}

describe.each(kinds)("%s", (_, make, needs) => {
  test("changed at random is hashed or refused by name", async (ctx) => {
    if (needs !== undefined) return ctx.skip(needs);
    const file = await make();
    const { hash } = await hashImage(file);
    const numbers = mulberry32(file.length);
    const random = (): number => numbers() / 2 ** 32;
    for (let round = rounds(60, 400); round > 0; round--) {
      const bytes = mutated(file, random);
      const options = { maxSeconds: 20, maxPixels: 2 ** 22, ...(round % 3 === 0 && { pages: "all" as const }) };
      const isolation = round % 10 === 0 ? "process" : "none";
      const outcome = await hashImage(bytes, { ...options, isolation }).then(
        (result) => /^[0-9a-f]{64}$/.test(result.hash),
        (error: unknown) => {
          const { code, limit } = error as { code: string; limit?: string };
          // Nothing here takes twenty seconds.
          return codes.has(code) && limit !== "maxSeconds" ? true : error;
        },
      );
      if (outcome !== true) throw new Error(`round ${round}: ${bytes.toString("base64")}`, { cause: outcome });
    }
    // Whatever came before, the image itself is hashed as at first.
    expect((await hashImage(file)).hash).toBe(hash);
  });

  test("is damaged wherever it is cut", async (ctx) => {
    if (needs !== undefined) return ctx.skip(needs);
    const file = await make();
    const step = Math.max(1, Math.floor(file.length / rounds(24, 125)));
    for (let length = 40; length < file.length - 40; length += step) {
      const cut = file.subarray(0, length);
      if (sniffImage(cut) === undefined) continue;
      const refused = await hashImage(cut).then(
        ({ quality }) => `quality ${quality}`,
        (error: unknown) => (error as { code: string }).code,
      );
      expect(`${length} bytes: ${refused}`).toBe(`${length} bytes: ERR_EMPREINTE_CORRUPT`);
    }
  });
});
