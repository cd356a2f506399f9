/**
 * Decoders in packages that need not be installed: what is said without them, and how an image on their thread is
 * ended.
 */
import { cpSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import sharp from "sharp";
import { describe, expect, it, test } from "vitest";
import { hashImage } from "../../../dist/index.js";
import { coloured } from "../../support/image/bmp.ts";
import { empreinte, folder } from "../../support/cli.ts";
import { cjxl, heifEnc, missing, opj, pngOf } from "../../support/image/encoders.ts";
import { needsLongRun } from "../../support/long.ts";
import { root, succeed } from "../../support/run.ts";

const { width, height, rgb } = coloured(96, 80);
const png = await pngOf(rgb, width, height, 3);
const needs = missing("heif-enc", "cjxl", "opj_compress");
const here = folder();
const threads = (): number => readdirSync("/proc/self/task").length;

let slow: Promise<Buffer> | undefined;

/** A JPEG XL that takes a second to decode. It is encoded once. */
const slowImage = (): Promise<Buffer> => (slow ??= makeSlow());

async function makeSlow(): Promise<Buffer> {
  const noise = { type: "gaussian", mean: 128, sigma: 60 } as const;
  const image = sharp({ create: { width: 2000, height: 1600, channels: 3, background: "grey", noise } });
  return cjxl(await image.png({ compressionLevel: 1 }).toBuffer(), ["-e", "1", "-d", "0"]);
}

describe("without the packages", () => {
  /** The same code, with none of the optional packages beside it. */
  const alone = join(here, "alone");
  mkdirSync(join(alone, "node_modules"), { recursive: true });
  cpSync(join(root, "dist"), join(alone, "dist"), { recursive: true });
  cpSync(join(root, "package.json"), join(alone, "package.json"));
  symlinkSync(join(root, "build"), join(alone, "build"));
  const packages = readdirSync(join(root, "node_modules")).filter(
    (name) => !/^(\.|libheif-js|@imagemagick)/.test(name),
  );
  for (const name of packages) symlinkSync(join(root, "node_modules", name), join(alone, "node_modules", name));
  const program = `const { hashImage, diagnose } = await import(${JSON.stringify(pathToFileURL(join(alone, "dist/index.js")).href)});
    const { decoders, ok, formats } = await diagnose();
    const said = [];
    for (const file of process.argv.slice(1)) said.push(await hashImage(file).then(String, ({ code, message }) => ({ code, message })));
    process.stdout.write(JSON.stringify({ decoders, ok, formats, said }));`;

  test("an image names the package to install, and doctor names all of them", async (ctx) => {
    if (needs !== undefined) return ctx.skip(needs);
    const files: [string, Uint8Array][] = [
      ["a.heic", await heifEnc(png)],
      ["a.jxl", await cjxl(png)],
      ["a.jp2", await opj(png)],
    ];
    for (const [name, bytes] of files) writeFileSync(join(alone, name), bytes);
    const args = ["--input-type=module", "-e", program, ...files.map(([name]) => name)];
    const { decoders, ok, formats, said } = JSON.parse(await succeed(process.execPath, args, { cwd: alone })) as {
      decoders: object[];
      ok: boolean;
      formats: string[];
      said: { code: string; message: string }[];
    };
    expect(ok).toBe(true);
    expect(formats).not.toContain("heic");
    expect(decoders).toEqual([
      { name: "libheif-js", formats: ["heic"] },
      { name: "@imagemagick/magick-wasm", formats: ["jxl", "jp2"] },
    ]);
    const code = "ERR_EMPREINTE_UNSUPPORTED_FORMAT";
    const sentence = (name: string, kind: string, needed: string): string =>
      `${name} is a ${kind} image, which the package ${needed} decodes; run npm install ${needed}`;
    expect(said).toEqual([
      { code, message: sentence("a.heic", "HEIC", "libheif-js") },
      { code, message: sentence("a.jxl", "JPEG XL", "@imagemagick/magick-wasm") },
      { code, message: sentence("a.jp2", "JPEG 2000", "@imagemagick/magick-wasm") },
    ]);
  });
});

describe("a decode on a thread", () => {
  it.each(["none", "process"] as const)("ends at the time limit, with isolation %s", async (isolation) => {
    if (needs !== undefined) return;
    const file = await slowImage();
    const limit = { code: "ERR_EMPREINTE_LIMIT", limit: "maxSeconds" };
    await hashImage(png);
    const before = process.platform === "linux" ? threads() : 0;
    await expect(hashImage(file, { isolation, maxSeconds: 0.2 })).rejects.toMatchObject(limit);
    if (process.platform === "linux") await expect.poll(threads).toBeLessThanOrEqual(before);
    // What comes next is decoded as ever.
    const small = await cjxl(png, ["-d", "0"]);
    expect((await hashImage(small, { isolation })).hash).toBe((await hashImage(png)).hash);
  });

  test("ends when it is aborted", async (ctx) => {
    if (needs !== undefined) return ctx.skip(needs);
    const file = await slowImage();
    const reason = new Error("enough");
    await hashImage(await cjxl(png));
    const before = process.platform === "linux" ? threads() : 0;
    const controller = new AbortController();
    const hashing = hashImage(file, { signal: controller.signal });
    setTimeout(() => controller.abort(reason), 100);
    await expect(hashing).rejects.toBe(reason);
    if (process.platform === "linux") await expect.poll(threads).toBeLessThan(before);
  });

  test("does not keep the program alive, whose images are decoded one after the other on one thread", async (ctx) => {
    needsLongRun(ctx);
    if (needs !== undefined) return ctx.skip(needs);
    const names = ["1.heic", "2.heic", "3.jxl", "4.jp2"];
    const bytes = [await heifEnc(png), await heifEnc(png, "-q", "20"), await cjxl(png), await opj(png)];
    names.forEach((name, i) => writeFileSync(join(here, name), bytes[i]!));
    const program = `const { hashImage } = await import(${JSON.stringify(pathToFileURL(join(root, "dist/index.js")).href)});
      for (const file of process.argv.slice(1)) console.log((await hashImage(file)).hash.length);`;
    const args = ["--input-type=module", "-e", program, ...names];
    expect(await succeed(process.execPath, args, { cwd: here })).toBe("64\n".repeat(4));
  });

  test("keeps to the limits on pixels before it begins", async (ctx) => {
    if (needs !== undefined) return ctx.skip(needs);
    const maxPixels = width * height - 1;
    for (const file of [await heifEnc(png), await cjxl(png), await opj(png)]) {
      const limit = { code: "ERR_EMPREINTE_LIMIT", limit: "maxPixels" };
      await expect(hashImage(file, { maxPixels })).rejects.toMatchObject(limit);
      await expect(hashImage(file, { maxPixels, isolation: "process" })).rejects.toMatchObject(limit);
      await expect(hashImage(file, { maxPixels: maxPixels + 1 })).resolves.toMatchObject({ width, height });
    }
  });
});

test("the command hashes what it finds in a folder, and reports what is damaged", async (ctx) => {
  if (needs !== undefined) return ctx.skip(needs);
  const photos = join(here, "photos");
  mkdirSync(photos);
  const files = { "a.heic": await heifEnc(png), "b.jxl": await cjxl(png), "c.jp2": await opj(png) };
  for (const [name, bytes] of Object.entries(files)) {
    writeFileSync(join(photos, name), bytes);
    writeFileSync(join(photos, `cut-${name}`), bytes.subarray(0, bytes.length / 2));
  }
  const { code, stdout, stderr } = await empreinte(["hash", photos, "--json"]);
  expect(code).toBe(2);
  expect(stdout.split("\n").filter((line) => line.includes('"hash"'))).toHaveLength(3);
  for (const name of Object.keys(files))
    expect(stderr + stdout).toMatch(new RegExp(`cut-${name}.*ERR_EMPREINTE_CORRUPT|cut-${name}: cannot`));
});
