/** Browsers that cannot hash say so in a sentence, and those without SIMD hash all the same. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hashImage } from "empreinte";
import sharp from "sharp";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { sceneOf } from "../../../test/support/known-answers.ts";
import { long, needsLongRun } from "../../../test/support/long.ts";
import { hasChromium, hasFirefox, openChromium, openFirefox } from "./support/browsers.ts";
import { built, needsCore } from "./support/core.ts";
import { Site } from "./support/site.ts";

interface Failed {
  error: { code: string; message: string };
}

let site: Site;
let jpeg: Buffer;
beforeAll(async () => {
  if (!built) return;
  jpeg = await sharp(sceneOf(120, 90, 51), { raw: { width: 120, height: 90, channels: 3 } })
    .jpeg()
    .toBuffer();
  site = await Site.start();
  site.put("a.jpg", jpeg);
  if (!long) return;
  const large = sharp({ create: { width: 16_000, height: 12_500, channels: 3, background: "#7a6" } });
  site.put("large.jpg", await large.jpeg({ quality: 10 }).toBuffer());
});
afterAll(() => site?.close());

describe("a browser", () => {
  beforeEach((ctx) => {
    needsCore(ctx);
    needsLongRun(ctx);
    if (!hasChromium || !hasFirefox) ctx.skip("skipped: needs Debian's Chromium and Firefox");
  });

  it("without SIMD gives the same hash", async () => {
    const page = await openChromium(site.url, ["--js-flags=--no-enable-sse4-1"]);
    try {
      const started = await page.call("start");
      const { hash } = await hashImage(jpeg);
      expect(await page.call("hash", "a.jpg")).toMatchObject({ hash });
      expect(started).toEqual({ simd: false });
    } finally {
      await page.close();
    }
  });

  it("that resists fingerprinting gives the same hash, because no canvas is read", async () => {
    const page = await openFirefox(site.url, { "privacy.resistFingerprinting": true });
    try {
      const { hash, quality } = await hashImage(jpeg);
      expect(await page.call("hash", "a.jpg")).toMatchObject({ hash, quality });
    } finally {
      await page.close();
    }
  });

  it("with WebAssembly switched off refuses with a sentence", async () => {
    const page = await openFirefox(site.url, { "javascript.options.wasm": false });
    try {
      const { error } = await page.call<Failed>("hash", "a.jpg");
      expect(error.code).toBe("ERR_EMPREINTE_BROWSER");
      expect(error.message).toMatch(/WebAssembly is switched off/);
    } finally {
      await page.close();
    }
  });

  it("without WebCodecs refuses videos with a sentence, and hashes images", async () => {
    const page = await openFirefox(site.url, { "dom.media.webcodecs.enabled": false });
    try {
      const { error } = await page.call<Failed>("video", "a.jpg", {});
      expect(error.code).toBe("ERR_EMPREINTE_BROWSER");
      expect(error.message).toMatch(/WebCodecs/);
      expect(await page.call("hash", "a.jpg")).toHaveProperty("hash");
    } finally {
      await page.close();
    }
  });

  it("with little memory refuses an image of 200 megapixels, and hashes the next file", async () => {
    // 128 MiB.
    const page = await openChromium(site.url, ["--js-flags=--wasm-max-mem-pages=2048"]);
    try {
      const small = await page.call<Failed>("image", "large.jpg", {});
      expect(small.error.code).toBe("ERR_EMPREINTE_LIMIT");
      const { error } = await page.call<Failed>("image", "large.jpg", { maxPixels: 2 ** 28 });
      expect(error).toMatchObject({
        code: "ERR_EMPREINTE_OUT_OF_MEMORY",
        message: "There is not enough memory on this device to decode the file.",
      });
      const { hash } = await hashImage(jpeg);
      expect(await page.call("hash", "a.jpg")).toMatchObject({ hash });
    } finally {
      await page.close();
    }
  });

  for (const [name, open] of [
    ["Chromium", openChromium],
    ["Firefox", openFirefox],
  ] as const) {
    it(`refuses a file that was changed after it was chosen, or hashes what it is now, in ${name}`, async () => {
      const page = await open(site.url);
      const folder = mkdtempSync(join(tmpdir(), "empreinte-browser-"));
      try {
        const path = join(folder, "a.jpg");
        writeFileSync(path, jpeg);
        await page.choose(path);
        const { hash } = await hashImage(jpeg);
        expect(await page.call("chosen")).toMatchObject({ hash });
        const other = await sharp(jpeg).flip().resize(300, 200).jpeg().toBuffer();
        writeFileSync(path, other);
        const found = await page.call<Failed | { hash: string }>("chosen");
        if ("error" in found) expect(found.error.message).toMatch(/(changed|damaged|end early|decoded).*\.$/);
        else expect(found.hash).toBe((await hashImage(other)).hash);
        if (name === "Chromium") expect(found).toMatchObject({ error: { code: "ERR_EMPREINTE_READ" } });
        rmSync(path);
        const gone = await page.call<Failed>("chosen");
        expect(gone.error.code).toBe("ERR_EMPREINTE_READ");
      } finally {
        await page.close();
        rmSync(folder, { recursive: true });
      }
    });

    it(`whose worker is terminated says so, and hashes the next file, in ${name}`, async () => {
      const page = await open(site.url);
      try {
        const { first, second } = await page.call<{ first: Failed; second: { hash: string } }>("lost", "a.jpg");
        expect(first.error.code).toBe("ERR_EMPREINTE_CLOSED");
        expect(first.error.message).toMatch(/Nothing was sent\.$/);
        expect(second.hash).toBe((await hashImage(jpeg)).hash);
      } finally {
        await page.close();
      }
    });

    it(`that is closed in the middle has sent nothing, in ${name}`, async () => {
      const page = await open(site.url);
      const before = site.requests.length;
      const work = page.call("image", "large.jpg", { maxPixels: 2 ** 28 }).catch(() => "closed");
      while (!site.requests.slice(before).includes("GET /files/large.jpg")) await sleep(10);
      await page.close();
      expect(await work).toBe("closed");
      expect(site.requests.filter((line) => !line.startsWith("GET "))).toEqual([]);
      expect(site.requests.slice(before)).toContain("GET /files/large.jpg");
    });
  }

  it("on a page that forbids WebAssembly refuses with a sentence", async () => {
    const strict = await Site.start("script-src 'self'");
    strict.put("a.jpg", jpeg);
    const page = await openChromium(strict.url);
    try {
      const { error } = await page.call<Failed>("hash", "a.jpg");
      expect(error.code).toBe("ERR_EMPREINTE_BROWSER");
      expect(error.message).toMatch(/\.$/);
    } finally {
      await page.close();
      await strict.close();
    }
  });
});
