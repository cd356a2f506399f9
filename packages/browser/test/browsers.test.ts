/** The hashes of files in Chromium and Firefox are those of the library, and refusals are explained. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hashDistance, hashImage } from "empreinte";
import { hashVideo } from "empreinte/video";
import sharp from "sharp";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { sceneOf } from "../../../test/support/known-answers.ts";
import { long, needsLongRun } from "../../../test/support/long.ts";
import { which } from "../../../test/support/run.ts";
import { type BrowserPage, hasChromium, hasFirefox, openChromium, openFirefox } from "./support/browsers.ts";
import { built, needsCore } from "./support/core.ts";
import { Site } from "./support/site.ts";

interface Failed {
  error: { name: string; code: string; message: string };
}
interface Found {
  hash: string;
  quality: number;
  orientations: Record<string, string>;
}

interface FoundVideo {
  frames: { timestampSeconds: number; hash: string; quality: number }[];
  decoder: string;
}

let site: Site;
const videos = new Map<string, Uint8Array>();

/** Clips of two seconds whose image moves, in codecs that free browsers decode. */
function makeVideos(): void {
  if (which("ffmpeg") === undefined) return;
  const folder = mkdtempSync(join(tmpdir(), "empreinte-browser-"));
  const source = ["-f", "lavfi", "-i", "mandelbrot=size=320x240:rate=10", "-t", "2", "-pix_fmt", "yuv420p"];
  for (const [name, codec] of [
    ["vp8.webm", ["-c:v", "libvpx", "-b:v", "500k"]],
    ["vp9.webm", ["-c:v", "libvpx-vp9", "-b:v", "500k", "-cpu-used", "8"]],
    ["h264.mp4", ["-c:v", "libx264", "-preset", "ultrafast"]],
    ["h264-601.mp4", ["-c:v", "libx264", "-preset", "ultrafast", "-colorspace", "smpte170m"]],
    ["vp9-709.webm", ["-c:v", "libvpx-vp9", "-b:v", "500k", "-cpu-used", "8", "-colorspace", "bt709"]],
    ["av1.mp4", ["-c:v", "libaom-av1", "-cpu-used", "8", "-crf", "40"]],
    ["h264-2020.mp4", ["-c:v", "libx264", "-preset", "ultrafast", "-colorspace", "bt2020nc"]],
    ["h264-full.mp4", ["-c:v", "libx264", "-preset", "ultrafast", "-color_range", "pc"]],
  ] as const) {
    const file = join(folder, name);
    execFileSync("ffmpeg", ["-v", "error", ...source, ...codec, file]);
    videos.set(name, readFileSync(file));
  }
  rmSync(folder, { recursive: true });
}

const images = new Map<string, Uint8Array>();

async function makeImages(): Promise<void> {
  const [width, height] = [211, 157];
  const data = sceneOf(width, height, 21);
  const scene = sharp(data, { raw: { width, height, channels: 3 } });
  images.set("a.jpg", await scene.clone().jpeg().toBuffer());
  images.set("progressive.jpg", await scene.clone().jpeg({ progressive: true, quality: 50 }).toBuffer());
  images.set("grey.jpg", await scene.clone().greyscale().jpeg().toBuffer());
  images.set("a.png", await scene.clone().png().toBuffer());
  images.set("palette.png", await scene.clone().png({ palette: true, colours: 20 }).toBuffer());
  images.set("a.gif", await scene.clone().gif().toBuffer());
  images.set("a.webp", await scene.clone().webp().toBuffer());
  images.set("alpha.webp", await scene.clone().ensureAlpha(0.5).webp({ lossless: true }).toBuffer());
  if (which("heif-enc") === undefined) return;
  const folder = mkdtempSync(join(tmpdir(), "empreinte-browser-"));
  writeFileSync(join(folder, "a.png"), images.get("a.png")!);
  execFileSync("heif-enc", [join(folder, "a.png"), "-o", join(folder, "a.heic")], { stdio: "ignore" });
  images.set("a.heic", readFileSync(join(folder, "a.heic")));
  rmSync(folder, { recursive: true });
}

beforeAll(async () => {
  if (!built || !long) return;
  await makeImages();
  makeVideos();
  site = await Site.start();
  for (const [name, bytes] of images) site.put(name, bytes);
  for (const [name, bytes] of videos) site.put(name, bytes);
  site.put("cut.jpg", images.get("a.jpg")!.subarray(0, 3000));
  site.put("cut.png", images.get("a.png")!.subarray(0, 3000));
  site.put("cut.gif", images.get("a.gif")!.subarray(0, 3000));
  site.put("cut.webp", images.get("a.webp")!.subarray(0, 1500));
  site.put("empty", new Uint8Array(0));
  site.put("text", new TextEncoder().encode("not an image at all"));
});
afterAll(() => site?.close());

const browsers = {
  Chromium: { there: hasChromium && long, open: () => openChromium(site.url) },
  Firefox: { there: hasFirefox && long, open: () => openFirefox(site.url) },
};

for (const name of ["Chromium", "Firefox"] as const)
  describe(`in ${name}`, () => {
    const { there, open } = browsers[name];
    let page: BrowserPage;
    beforeAll(async () => {
      if (built && there) page = await open();
    });
    afterAll(() => page?.close());
    beforeEach((ctx) => {
      needsCore(ctx);
      needsLongRun(ctx);
      if (!there) ctx.skip(`skipped: needs Debian's ${name}`);
    });

    it("starts with SIMD under a policy that forbids eval", async () => {
      expect(await page.call("start")).toEqual({ simd: true });
    });

    it("gives the library's hash for every format", async () => {
      const found = await page.call<(Found | Failed)[]>("hashes", [...images.keys()]);
      const wanted = await Promise.all([...images.values()].map((bytes) => hashImage(bytes, { orientations: true })));
      for (const [i, file] of [...images.keys()].entries()) {
        const { hash, quality, orientations } = wanted[i]!;
        expect(found[i], file).toMatchObject({ hash, quality, orientations, decoder: "wasm" });
      }
    });

    it("refuses damaged, empty and foreign files with a sentence", async () => {
      const names = ["cut.jpg", "cut.png", "cut.gif", "cut.webp", "empty", "text"];
      const found = await page.call<Failed[]>("hashes", names);
      expect(found.map(({ error }) => error.code)).toEqual([
        "ERR_EMPREINTE_CORRUPT",
        "ERR_EMPREINTE_CORRUPT",
        "ERR_EMPREINTE_CORRUPT",
        "ERR_EMPREINTE_CORRUPT",
        "ERR_EMPREINTE_EMPTY",
        "ERR_EMPREINTE_UNSUPPORTED_FORMAT",
      ]);
      for (const { error } of found) expect(error.message).toMatch(/^The file .*\.$/);
    });

    it("goes on with the next file after an abort, and not after it was closed", async () => {
      const aborted = await page.call<{ first: Failed; second: Found }>("abort", "a.jpg");
      expect(aborted.first.error.name).toBe("AbortError");
      expect(aborted.second.hash).toBe((await hashImage(images.get("a.jpg")!)).hash);
      const closed = await page.call<{ open: Failed; closed: Failed }>("close", "a.png");
      expect([closed.open.error.code, closed.closed.error.code]).toEqual([
        "ERR_EMPREINTE_CLOSED",
        "ERR_EMPREINTE_CLOSED",
      ]);
    });

    it("hashes the frames of videos within four bits of the library, or says that it does not decode them", async (ctx) => {
      if (videos.size === 0) return ctx.skip("skipped: needs ffmpeg");
      let decoded = 0;
      for (const [file, bytes] of videos) {
        const found = await page.call<FoundVideo | Failed>("video", file, { sampling: { fps: 2 } });
        if ("error" in found) {
          expect(found.error, file).toMatchObject({ code: "ERR_EMPREINTE_UNSUPPORTED_FORMAT" });
          continue;
        }
        decoded++;
        const wanted = await hashVideo(bytes, { sampling: { fps: 2 } });
        expect(found.decoder).toBe("platform");
        expect(found.frames.length, file).toBe(4);
        for (const { timestampSeconds: time, hash } of found.frames) {
          const near = wanted.frames.find((frame) => Math.abs(frame.timestampSeconds - time) < 0.06);
          expect(near, `${file} at ${time}`).toBeDefined();
          expect(hashDistance(hash, near!.hash), `${file} at ${time}`).toBeLessThanOrEqual(4);
        }
      }
      expect(decoded).toBeGreaterThan(0);
    });

    it("requests nothing but the files of the package", async () => {
      const before = site.requests.length;
      await page.call("hash", "a.png");
      expect(site.requests.slice(before)).toEqual(["GET /files/a.png"]);
      expect(site.requests.filter((line) => !line.startsWith("GET "))).toEqual([]);
    });
  });
