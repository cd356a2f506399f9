/** A page that bundlers made hashes as the unbundled one does. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hashImage } from "empreinte";
import * as esbuild from "esbuild";
import sharp from "sharp";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { build as viteBuild } from "vite";
import webpack from "webpack";
import { sceneOf } from "../../../test/support/known-answers.ts";
import { needsLongRun } from "../../../test/support/long.ts";
import { root } from "../../../test/support/run.ts";
import { hasChromium, openChromium } from "./support/browsers.ts";
import { built, needsCore } from "./support/core.ts";
import { Site } from "./support/site.ts";

let folder: string;
let jpeg: Buffer;
let webp: Buffer;

/** A user's program. @param options the text of the hasher's options. */
const program = (options: string): string => `
import { Hasher } from "empreinte-browser";
const hasher = new Hasher(${options});
const call = async (_, name) => hasher.hashImage(new Blob([await (await fetch("/files/" + name)).arrayBuffer()]));
window.call = (...values) => call(...values).catch(({ code, message }) => ({ code, message }));
document.title = "ready";
`;

beforeAll(async () => {
  if (!built) return;
  const scene = sharp(sceneOf(100, 80, 61), { raw: { width: 100, height: 80, channels: 3 } });
  [jpeg, webp] = [await scene.clone().jpeg().toBuffer(), await scene.clone().webp().toBuffer()];
  folder = mkdtempSync(join(tmpdir(), "empreinte-bundlers-"));
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(join(root, "packages/browser"), join(folder, "node_modules/empreinte-browser"));
  writeFileSync(join(folder, "package.json"), `{ "type": "module", "private": true }`);
  writeFileSync(join(folder, "index.html"), `<!doctype html><script type="module" src="./main.js"></script>`);
  writeFileSync(join(folder, "main.js"), program(""));
  writeFileSync(join(folder, "copied.js"), program(`{ folder: "/empreinte/" }`));
});
afterAll(() => {
  if (folder !== undefined) rmSync(folder, { recursive: true });
});

/** Opens a built site and compares its hashes. */
async function expectToWork(site: string): Promise<void> {
  const served = await Site.start(undefined, site);
  served.put("a.jpg", jpeg);
  served.put("a.webp", webp);
  const page = await openChromium(served.url);
  try {
    for (const [name, bytes] of [
      ["a.jpg", jpeg],
      ["a.webp", webp],
    ] as const) {
      const { hash, quality } = await hashImage(bytes);
      expect(await page.call("hash", name)).toMatchObject({ hash, quality });
    }
  } finally {
    await page.close();
    await served.close();
  }
}

describe("a page that was made", () => {
  beforeEach((ctx) => {
    needsCore(ctx);
    needsLongRun(ctx);
    if (!hasChromium) ctx.skip("skipped: needs Debian's Chromium");
  });

  it("by Vite", async () => {
    const outDir = join(folder, "vite");
    await viteBuild({ root: folder, logLevel: "error", configFile: false, build: { outDir, emptyOutDir: true } });
    await expectToWork(outDir);
  });

  it("by webpack", async () => {
    const path = join(folder, "webpack");
    await new Promise<void>((resolve, reject) => {
      webpack(
        {
          mode: "production",
          context: folder,
          entry: "./main.js",
          output: { path, filename: "main.js" },
          performance: false,
          // Otherwise it would shorten libheif, for a minute.
          optimization: { minimize: false },
        },
        (error, stats) => {
          if (error !== null) reject(error);
          else if (stats?.hasErrors()) reject(new Error(stats.toString("errors-only")));
          else resolve();
        },
      );
    });
    writeFileSync(join(path, "index.html"), `<!doctype html><script type="module" src="./main.js"></script>`);
    await expectToWork(path);
  });

  it("by esbuild, with the package's files copied beside it", async () => {
    const outdir = join(folder, "esbuild");
    await esbuild.build({
      absWorkingDir: folder,
      entryPoints: ["copied.js"],
      bundle: true,
      format: "esm",
      outfile: join(outdir, "main.js"),
      logLevel: "error",
    });
    cpSync(join(root, "packages/browser/dist"), join(outdir, "empreinte"), { recursive: true });
    writeFileSync(join(outdir, "index.html"), `<!doctype html><script type="module" src="./main.js"></script>`);
    await expectToWork(outdir);
  });
});
