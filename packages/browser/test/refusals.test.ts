/** Browsers that cannot hash say so in a sentence, and those without SIMD hash all the same. */
import { hashImage } from "empreinte";
import sharp from "sharp";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { sceneOf } from "../../../test/support/known-answers.ts";
import { needsLongRun } from "../../../test/support/long.ts";
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
