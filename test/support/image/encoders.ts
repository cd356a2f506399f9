/** Encoders and decoders of other people, for images in formats that no package here writes. */
import { mkdtempSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { keptMedia } from "../kept-media.ts";
import { succeed, which } from "../run.ts";

/** What Debian calls the package of each program. */
export const programs = {
  "heif-enc": "libheif-examples",
  "heif-convert": "libheif-examples",
  cjxl: "libjxl-tools",
  djxl: "libjxl-tools",
  opj_compress: "libopenjp2-tools",
  opj_decompress: "libopenjp2-tools",
} as const;

/** Why a test cannot run here, or undefined if all these programs are. */
export function missing(...names: (keyof typeof programs)[]): string | undefined {
  const none = names.find((name) => which(name) === undefined);
  return none && `skipped: needs ${none} (${programs[none]})`;
}

/** The program's file, which a new version replaces. */
function identityOf(program: string): string[] {
  const path = realpathSync(which(program) ?? program);
  const { size, mtimeMs } = statSync(path);
  return [path, `${size}`, `${mtimeMs}`];
}

/** Runs a program on a file of a temporary folder, and returns what it writes, or what it wrote of the same before. */
export async function through(
  program: keyof typeof programs,
  input: Uint8Array,
  [from, to]: readonly [string, string],
  args: (from: string, to: string) => string[],
): Promise<Buffer> {
  const folder = mkdtempSync(join(tmpdir(), "empreinte-encoders-"));
  try {
    const [source, made] = [join(folder, from), join(folder, to)];
    writeFileSync(source, input);
    const texts = [program, ...identityOf(program), ...args(from, to)];
    return readFileSync(await keptMedia(made, texts, [source], () => succeed(program, args(source, made))));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export const heifEnc = (png: Uint8Array, ...options: string[]): Promise<Buffer> =>
  through("heif-enc", png, ["in.png", "out.heic"], (from, to) => [...options, from, "-o", to]);
/** Without loss, with the colours of each pixel, as RGB. */
export const losslessHeic = ["-L", "-p", "chroma=444", "--matrix_coefficients=0"];
export const cjxl = (image: Uint8Array, options: string[] = [], from = "in.png"): Promise<Buffer> =>
  through("cjxl", image, [from, "out.jxl"], (input, to) => [input, to, "--quiet", ...options]);
export const opj = (png: Uint8Array, options: string[] = [], to = "out.jp2"): Promise<Buffer> =>
  through("opj_compress", png, ["in.png", to], (from, output) => ["-i", from, "-o", output, ...options]);

/** The PNGs that the other decoders make. */
export const heifConvert = (heic: Uint8Array): Promise<Buffer> =>
  through("heif-convert", heic, ["in.heic", "out.png"], (from, to) => [from, to]);
export const djxl = (jxl: Uint8Array): Promise<Buffer> =>
  through("djxl", jxl, ["in.jxl", "out.png"], (from, to) => [from, to, "--quiet"]);
export const opjBack = (jp2: Uint8Array, from = "in.jp2"): Promise<Buffer> =>
  through("opj_decompress", jp2, [from, "out.png"], (input, to) => ["-i", input, "-o", to]);

/** Raw pixels as a PNG. */
export function pngOf(
  data: Uint8Array | Uint16Array,
  width: number,
  height: number,
  channels: 1 | 2 | 3 | 4,
): Promise<Buffer> {
  const deep = data instanceof Uint16Array;
  const image = sharp(data, { raw: { width, height, channels } });
  const [grey, colour] = deep ? (["grey16", "rgb16"] as const) : (["b-w", "srgb"] as const);
  return image
    .toColourspace(channels < 3 ? grey : colour)
    .png()
    .toBuffer();
}
