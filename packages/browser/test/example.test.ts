/** The example page: files become a case without a network, and the case is withdrawn with the code. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { hashImage, hashWithCrops } from "empreinte";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import sharp from "sharp";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { texts } from "../example/texts.js";
import { sceneOf } from "../../../test/support/known-answers.ts";
import { long, needsLongRun } from "../../../test/support/long.ts";
import { root } from "../../../test/support/run.ts";
import { chromiumPath, hasChromium, quiet } from "./support/browsers.ts";
import { built, needsCore } from "./support/core.ts";

interface Case {
  format: string;
  version: number;
  withdrawal: string;
  images: { hash: string; quality: number; decoder: string }[];
  videos: unknown[];
}

const require = createRequire(import.meta.url);
const ready = built && hasChromium && long;
let server: ChildProcess;
let url: string;
let browser: Browser;
let context: BrowserContext;
let page: Page;
const requests: string[] = [];
const [good, flat] = [
  await sharp(sceneOf(160, 120, 41), { raw: { width: 160, height: 120, channels: 3 } })
    .jpeg()
    .toBuffer(),
  await sharp({ create: { width: 90, height: 90, channels: 3, background: "#777" } })
    .png()
    .toBuffer(),
];

beforeAll(async () => {
  if (!ready) return;
  server = spawn(process.execPath, [join(root, "packages/browser/example/serve.mjs"), "0"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = (await once(server.stdout!, "data")) as [Buffer];
  url = line.toString().trim();
  browser = await chromium.launch({ executablePath: chromiumPath, args: [...quiet] });
});
afterAll(async () => {
  await browser?.close();
  server?.kill();
});

async function open(): Promise<void> {
  await page.goto(url);
  await page.getByText(texts.en["ready"]!).waitFor();
}

async function choose(crops = false): Promise<void> {
  await page.getByLabel(texts.en["crops"]!).setChecked(crops);
  await page.getByLabel(texts.en["chooseFiles"]!).setInputFiles([
    { name: "one.jpg", mimeType: "image/jpeg", buffer: good },
    { name: "flat.png", mimeType: "image/png", buffer: flat },
    { name: "broken.jpg", mimeType: "image/jpeg", buffer: good.subarray(0, 2000) },
  ]);
  await page.getByText("Prepared: 1 of 3.").waitFor();
}

describe("the example page", () => {
  beforeEach(async (ctx) => {
    needsCore(ctx);
    needsLongRun(ctx);
    if (!ready) ctx.skip("skipped: needs Debian's Chromium");
    context = await browser.newContext({ locale: "en", viewport: { width: 360, height: 700 }, acceptDownloads: true });
    page = await context.newPage();
    requests.length = 0;
    context.on("request", (request) => requests.push(`${request.method()} ${new URL(request.url()).pathname}`));
  });
  afterEach(() => context?.close());

  it("makes a case without a network, and says of each file what became of it", async () => {
    await open();
    await page.evaluate("navigator.serviceWorker.ready.then(() => undefined)");
    await context.setOffline(true);
    await page.reload();
    await page.getByText(texts.en["ready"]!).waitFor();
    await page.getByText(texts.en["offline"]!).waitFor();
    await choose();
    const lines = await page.getByRole("listitem").allTextContents();
    expect(lines).toEqual([
      texts.en["good"]!.replace("{name}", "one.jpg"),
      texts.en["weak"]!.replace("{name}", "flat.png"),
      texts.en["ERR_EMPREINTE_CORRUPT"]!.replace("{name}", "broken.jpg"),
    ]);
    const code = (await page.locator("#code").textContent()) ?? "";
    expect(code).toMatch(/^([2-9A-HJ-NP-Z]{5}-){5}[2-9A-HJ-NP-Z]$/);
    await page.getByLabel(texts.en["codeKept"]!).check();
    const saved = page.waitForEvent("download");
    await page.getByRole("button", { name: texts.en["saveCase"]! }).click();
    const file = readFileSync(await (await saved).path(), "utf8");
    const { hash, quality } = await hashImage(good);
    const made = JSON.parse(file) as Case;
    expect(made).toEqual({
      format: "empreinte-case",
      version: 1,
      withdrawal: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      images: [{ hash, quality, decoder: "wasm" }],
      videos: [],
    });
    expect(file).not.toContain("one.jpg");
    expect(file).not.toContain(code);
    expect(requests.filter((line) => !line.startsWith("GET "))).toEqual([]);
  });

  it("sends the case to the address of the site, and withdraws it by number and code", async () => {
    const posted: { path: string; body: unknown }[] = [];
    await page.route(url, async (route) => {
      const html = readFileSync(join(root, "packages/browser/example/index.html"), "utf8");
      await route.fulfill({
        contentType: "text/html",
        body: html.replace('cases" content=""', 'cases" content="/cases"'),
      });
    });
    await page.route("**/cases**", async (route) => {
      posted.push({ path: new URL(route.request().url()).pathname, body: route.request().postDataJSON() as unknown });
      await route.fulfill({ json: { case: "17-042" } });
    });
    await open();
    await choose(true);
    await page.getByLabel(texts.en["codeKept"]!).check();
    await page.getByRole("button", { name: texts.en["sendCase"]! }).click();
    await page.getByText(texts.en["sentAs"]!.replace("{number}", "17-042")).waitFor();
    const code = (await page.locator("#code").textContent()) ?? "";
    await page.getByLabel(texts.en["caseNumber"]!).fill("17-042");
    await page.getByLabel(texts.en["withdrawCode"]!, { exact: true }).fill(code);
    await page.getByRole("button", { name: texts.en["withdrawButton"]!, exact: true }).click();
    await page.getByText(texts.en["withdrawn"]!).waitFor();
    const { hash, crops } = await hashWithCrops(good);
    expect(crops.length).toBeGreaterThan(0);
    expect(posted.map(({ path }) => path)).toEqual(["/cases", "/cases/withdraw"]);
    expect(posted[0]!.body).toMatchObject({
      images: [{ hash, crops: crops.map(({ hash: value, quality, name }) => ({ hash: value, quality, name })) }],
    });
    expect(posted[1]!.body).toEqual({ case: "17-042", code });
  });

  it("fits a phone and passes the accessibility rules of axe, in both languages", async () => {
    const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
    await open();
    await choose();
    await page.evaluate(axe);
    for (const [language, button] of [
      ["en", "English"],
      ["fr", "Français"],
    ] as const) {
      await page.getByRole("button", { name: button }).click();
      expect(await page.title()).toBe(texts[language]["title"]);
      expect(await page.evaluate("document.documentElement.lang")).toBe(language);
      expect(await page.evaluate("document.scrollingElement.scrollWidth")).toBe(360);
      const { violations } = await page.evaluate<{ violations: { id: string }[] }>("axe.run()");
      expect(violations.map(({ id }) => id)).toEqual([]);
    }
  });
});

it("has the same sentences with the same gaps in both languages", () => {
  const gaps = (text: string): string[] => [...text.matchAll(/\{\w+\}/g)].map(([gap]) => gap).toSorted();
  const shape = (language: Readonly<Record<string, string>>): [string, string[]][] =>
    Object.entries(language).map(([name, text]) => [name, gaps(text)]);
  expect(shape(texts.fr)).toEqual(shape(texts.en));
});
