/** A hundred photographs in every format, in Chromium and Firefox: the library's hash, or an explained refusal. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hashImage } from "empreinte";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { long, rounds } from "../../../test/support/long.ts";
import { root, which } from "../../../test/support/run.ts";
import { hasChromium, hasFirefox, openChromium, openFirefox } from "./support/browsers.ts";
import { built, needsCore } from "./support/core.ts";
import { Site } from "./support/site.ts";

type Found = { hash: string; quality: number } | { error: { code: string; message: string } };

const photographs: string[] = ["bsds-train", "kodak"].flatMap((folder) => {
  const path = join(root, "../shared/photos", folder);
  try {
    return readdirSync(path)
      .filter((name) => /\.(jpe?g|png)$/.test(name))
      .map((name) => join(path, name));
  } catch {
    return [];
  }
});
const ready = built && long && photographs.length > 0;

let site: Site;
/** The library's answers by the names of the files, none for what is refused here. */
const wanted = new Map<string, { hash: string; quality: number } | undefined>();

async function put(name: string, bytes: Uint8Array, refused = false): Promise<void> {
  site.put(name, bytes);
  if (refused) wanted.set(name, undefined);
  else {
    const { hash, quality } = await hashImage(bytes);
    wanted.set(name, { hash, quality });
  }
}

beforeAll(async () => {
  if (!ready) return;
  site = await Site.start();
  const folder = mkdtempSync(join(tmpdir(), "empreinte-photographs-"));
  for (const [i, path] of photographs.slice(0, rounds(3, 100)).entries()) {
    const image = sharp(path);
    const png = await image.clone().png({ compressionLevel: 1 }).toBuffer();
    await put(`${i}.jpg`, /jpe?g$/.test(path) ? readFileSync(path) : await image.clone().jpeg().toBuffer());
    await put(`${i}.png`, png);
    await put(`${i}.webp`, await image.clone().webp({ effort: 0 }).toBuffer());
    await put(`${i}.gif`, await image.clone().gif({ effort: 1 }).toBuffer());
    await put(`${i}.avif`, await image.clone().avif({ effort: 0 }).toBuffer(), true);
    if (which("heif-enc") === undefined) continue;
    const [from, to] = [join(folder, "a.png"), join(folder, "a.heic")];
    writeFileSync(from, png);
    execFileSync("heif-enc", ["-p", "preset=ultrafast", from, "-o", to], { stdio: "ignore" });
    await put(`${i}.heic`, readFileSync(to));
  }
  rmSync(folder, { recursive: true });
});
afterAll(() => site?.close());

describe("photographs", () => {
  for (const [name, there, open] of [
    ["Chromium", hasChromium, openChromium],
    ["Firefox", hasFirefox, openFirefox],
  ] as const)
    it(`have the library's hashes in ${name}, and an AVIF is refused`, async (ctx) => {
      needsCore(ctx);
      if (!there) ctx.skip(`skipped: needs Debian's ${name}`);
      if (photographs.length === 0) ctx.skip("skipped: needs ../shared/photos");
      if (!ready) ctx.skip("skipped: needs the long run, npm run test:all");
      const page = await open(site.url);
      try {
        const names = [...wanted.keys()];
        const found = await page.call<Found[]>("hashes", names);
        for (const [i, file] of names.entries()) {
          const one = found[i]!;
          const { hash, quality } = wanted.get(file) ?? {};
          if (hash !== undefined) expect(one, file).toMatchObject({ hash, quality });
          else
            expect(one, file).toMatchObject({
              error: {
                code: "ERR_EMPREINTE_UNSUPPORTED_FORMAT",
                message: expect.stringMatching(/AVIF.*\.$/) as string,
              },
            });
        }
        expect(names.length).toBeGreaterThanOrEqual(5 * Math.min(photographs.length, rounds(3, 100)));
      } finally {
        await page.close();
      }
    });
});
