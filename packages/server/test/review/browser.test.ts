/** The review page in Debian's Chromium: nothing of an image before and after a reveal, keys alone, and axe's rules. */
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Browser, BrowserContext, Page, Response } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { inLongRun, long, needsLongRun } from "../../../../test/support/long.ts";
import { root } from "../../../../test/support/run.ts";
import { someHash } from "../support/hashes.ts";
import type { ReviewServer } from "./support.ts";

const { chromium } = await inLongRun(() => import("playwright-core"));
const { default: sharp } = await inLongRun(() => import("sharp"));
const { default: axe } = await inLongRun(() => import("axe-core"));
const { photograph } = await inLongRun(() => import("../support/images.ts"));
const { form } = await inLongRun(() => import("../support/server.ts"));
const { reviewServer } = await inLongRun(() => import("./support.ts"));

const chromiumPath = "/usr/bin/chromium";
/** Where screenshots go, where somebody wants them: docs/assets. */
const shots = process.env["EMPREINTE_SCREENSHOTS"];

let server: ReviewServer;
let browser: Browser;
let image: Buffer;
const skipped = (ctx: { skip(note: string): unknown }): void => {
  needsLongRun(ctx);
  if (!existsSync(chromiumPath)) ctx.skip("skipped: needs chromium");
};

beforeAll(async () => {
  if (!long || !existsSync(chromiumPath)) return;
  server = await reviewServer({ reviewMedia: "memory", reviewBudget: 40 });
  image = await photograph(7, 720, 540);
  const hashed = (await server.call("/h/hash", { body: form({ photo: image }) })).body as { pdq: string };
  await server.bank("NCII Lyon", hashed.pdq, someHash("b"));
  const headers = { "content-type": "image/png" };
  for (const reference of ["upload-1", "upload-2"]) {
    await server.call(`/v1/check?reference=${reference}`, { body: new Uint8Array(image), headers });
  }
  await server.check(someHash("b"));
  const args = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"];
  browser = await chromium.launch({ executablePath: chromiumPath, headless: true, args });
});
afterAll(async () => {
  await browser?.close();
  await server?.end();
});

/** What came over the network: the address, the type and the size of each body. */
interface Traffic {
  url: string;
  type: string;
  body: Buffer;
}

/** A page of a person who has signed in, and what came to it. */
async function open(
  name: string,
  ...scopes: string[]
): Promise<{ page: Page; context: BrowserContext; traffic: Traffic[] }> {
  const context = await browser.newContext({ locale: "en", viewport: { width: 1000, height: 900 } });
  const [pair] = server
    .person(name, ...scopes)
    .cookies()
    .split(";");
  const [cookie, value] = pair!.split("=") as [string, string];
  await context.addCookies([{ name: cookie, value, url: server.url, httpOnly: true, sameSite: "Strict" }]);
  const page = await context.newPage();
  const traffic: Traffic[] = [];
  page.on("response", (response: Response) => {
    void response.body().then(
      (body) => traffic.push({ url: response.url(), type: response.headers()["content-type"] ?? "", body }),
      () => undefined,
    );
  });
  return { page, context, traffic };
}

async function shot(page: Page, name: string): Promise<void> {
  if (shots === undefined) return;
  mkdirSync(shots, { recursive: true });
  await sharp(await page.screenshot())
    .resize({ width: 800 })
    .webp({ quality: 70 })
    .toFile(join(root, shots, `review-${name}.webp`));
}

/** What axe finds wrong. */
async function faults(page: Page): Promise<string[]> {
  // The page's policy allows no script of others, so that axe comes through the debugger.
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate<{ violations: { id: string; nodes: { html: string }[] }[] }>(
    'axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] })',
  );
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 120)).join(" | ")}`);
}

/** The size of the canvas, whether it is shown, and how far its pixels are from grey. */
const canvas = (page: Page): Promise<{ width: number; height: number; hidden: boolean; spread: number }> =>
  page.evaluate(`(() => {
    const canvas = document.getElementById("image");
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    let spread = 0;
    for (let at = 0; at < data.length; at += 4) spread = Math.max(spread, Math.abs(data[at] - data[at + 2]));
    return { width: canvas.width, height: canvas.height, hidden: canvas.hidden, spread };
  })()`);

/** Whether anything of the image is in what came, or in the page. A preview has at most 32 pixels a side. */
async function imageBytes(page: Page, traffic: readonly Traffic[]): Promise<string[]> {
  const found: string[] = [];
  for (const { url, type, body } of traffic) {
    if (!type.startsWith("image/")) continue;
    const { width = 0, height = 0 } = await sharp(body).metadata();
    if (width > 32 || height > 32) found.push(`${url} ${width}×${height}`);
  }
  const html = await page.content();
  if (/data:image|blob:/.test(html)) found.push("an image in the page");
  const { width, height } = await canvas(page);
  if (width * height > 1) found.push(`a canvas of ${width}×${height}`);
  return found;
}

const gone = { width: 1, height: 1, hidden: true };

describe("the page in Chromium", () => {
  test("has nothing of an image before a reveal, shows it while a key is held, and nothing after", async (ctx) => {
    skipped(ctx);
    const { page, context, traffic } = await open("ada");
    await page.clock.install();
    await page.goto(`${server.url}/review`);
    await shot(page, "queue");
    await page.keyboard.press("n");
    await page.waitForURL(/cards\/1$/);
    await page.waitForLoadState("networkidle");
    await shot(page, "card");
    expect(await imageBytes(page, traffic)).toEqual([]);

    const sizes: number[] = [];
    for (const key of ["1", "2", "3"]) {
      await page.keyboard.down(key);
      await page.waitForSelector("#image:not([hidden])");
      const { width, spread } = await canvas(page);
      sizes.push(width);
      expect(spread).toBeLessThan(8);
      await shot(page, `level-${key}`);
      await page.keyboard.up(key);
      expect(await canvas(page)).toMatchObject(gone);
    }
    expect(sizes).toEqual([160, 320, 720]);

    // After ten seconds, although the key is still held.
    await page.keyboard.down("2");
    await page.waitForSelector("#image:not([hidden])");
    await page.clock.fastForward(9_500);
    expect((await canvas(page)).width).toBe(320);
    await page.clock.fastForward(600);
    expect(await canvas(page)).toMatchObject(gone);
    await page.keyboard.up("2");

    // When the window loses the focus, and when another tab hides the page.
    for (const loss of [
      'window.dispatchEvent(new Event("blur"))',
      'Object.defineProperty(document, "hidden", { value: true, configurable: true }); document.dispatchEvent(new Event("visibilitychange")); delete document.hidden',
    ]) {
      await page.keyboard.down("1");
      await page.waitForSelector("#image:not([hidden])");
      await page.evaluate(loss);
      expect(await canvas(page)).toMatchObject(gone);
      await page.keyboard.up("1");
    }

    // With the pointer on a button, and with its key while it has the focus.
    const button = page.locator('[data-level="1"]');
    await button.hover();
    await page.mouse.down();
    await page.waitForSelector("#image:not([hidden])");
    await page.mouse.up();
    expect(await canvas(page)).toMatchObject(gone);
    await button.focus();
    await page.keyboard.down(" ");
    await page.waitForSelector("#image:not([hidden])");
    await page.keyboard.up(" ");
    expect(await canvas(page)).toMatchObject(gone);

    // No version that came is larger than its level, none has an address that gives it again, and the page has none.
    const versions = traffic.filter(({ type }) => type === "image/webp");
    expect(versions.length).toBeGreaterThanOrEqual(8);
    const again = await context.request.get(versions[0]!.url);
    expect(again.status()).toBe(404);
    expect(await page.content()).not.toMatch(/data:image|blob:/);
    expect(
      await page.evaluate(
        "performance.getEntriesByType('resource').filter(({ name }) => name.startsWith('blob:')).length",
      ),
    ).toBe(0);
    await context.close();
  });

  test("asks before colour and for a break, in dialogs that keys can answer", async (ctx) => {
    skipped(ctx);
    const { page, context } = await open("ben");
    await page.goto(`${server.url}/review/cards/1`);
    await page.keyboard.press("4");
    await page.waitForSelector("#colour[open]");
    expect(await canvas(page)).toMatchObject(gone);
    expect(await faults(page)).toEqual([]);
    await shot(page, "colour");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.waitForSelector("#colour:not([open])", { state: "attached" });
    await page.waitForSelector('#reveal[data-colour="yes"]');
    await page.keyboard.down("4");
    await page.waitForSelector("#image:not([hidden])");
    expect((await canvas(page)).spread).toBeGreaterThan(20);
    expect(await faults(page)).toEqual([]);
    // Ten seconds of colour are the whole budget.
    server.pass(60_000);
    await page.keyboard.up("4");
    // A key that is up before the server has answered asks for nothing more.
    await page.keyboard.down("1");
    await page.waitForSelector("#break[open]");
    await page.keyboard.up("1");
    expect(await faults(page)).toEqual([]);
    await shot(page, "break");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.waitForSelector("#break:not([open])", { state: "attached" });
    await expect.poll(() => server.service.state.get("SELECT count(*) FROM overrun")).toEqual([1]);
    await page.keyboard.down("1");
    await page.waitForSelector("#image:not([hidden])");
    await page.keyboard.up("1");
    await context.close();
  });

  test("is worked with keys alone: labels, undo, not sure, the language, signing out", async (ctx) => {
    skipped(ctx);
    const { page, context } = await open("eve");
    await page.goto(`${server.url}/review/cards/1`);
    await page.keyboard.press("a");
    expect(await page.locator('[data-key="a"]').isChecked()).toBe(true);
    await page.keyboard.press("s");
    await page.waitForURL(/answered=/);
    expect(await page.locator("#message").textContent()).toContain("It counts in 10 seconds");
    expect(await faults(page)).toEqual([]);
    await shot(page, "undo");
    await page.keyboard.press("u");
    await page.waitForURL(/said=undone/);
    await page.keyboard.press("x");
    await page.waitForURL(/cards\/2\?answered=/);
    await page.keyboard.press("0");
    await page.waitForURL(/review\?answered=/);
    const { answers } = server.service.review!;
    expect(answers.of(1).at(-1)!.labels).toBeUndefined();
    expect(answers.of(2).at(-1)!.labels).toEqual([]);
    // From link to link and button to button.
    await page.goto(`${server.url}/review/account`);
    const reach = async (text: string): Promise<void> => {
      for (let i = 0; i < 40; i++) {
        await page.keyboard.press("Tab");
        if ((await page.evaluate("document.activeElement.textContent")) === text) return;
      }
      throw new Error(`no key leads to ${text}`);
    };
    await reach("Français");
    await page.keyboard.press("Enter");
    await page.waitForSelector('html[lang="fr"]');
    await reach("Se déconnecter");
    await page.keyboard.press("Enter");
    await page.waitForURL(/sign-in/);
    await context.close();
  });

  test("has no fault that axe knows, on every page and in both languages", async (ctx) => {
    skipped(ctx);
    const { page, context } = await open("lead", "admin");
    await server.call("/v1/withdrawals", { json: { entryNumber: 2 } });
    const found: Record<string, string[]> = {};
    for (const language of ["fr", "en"]) {
      server.service.state.run("UPDATE person SET language = ? WHERE name LIKE '% lead'", language);
      for (const path of ["", "/cards/1", "/account", "/dashboard"]) {
        await page.goto(`${server.url}/review${path}`);
        if (language === "en" && path !== "") await shot(page, path.split("/")[1]!.replace("cards", "card-lead"));
        found[`${language} ${path}`] = await faults(page);
      }
    }
    await context.clearCookies();
    await page.goto(`${server.url}/review/sign-in`);
    await shot(page, "sign-in");
    found["sign-in"] = await faults(page);
    expect(Object.fromEntries(Object.entries(found).filter(([, list]) => list.length > 0))).toEqual({});
    await context.close();
  });

  test("works without a script, but for reveals", async (ctx) => {
    skipped(ctx);
    const context = await browser.newContext({ javaScriptEnabled: false, locale: "en" });
    const page = await context.newPage();
    const password = await server.service.people.create("test", "noscript", ["review", "match"]);
    await page.goto(`${server.url}/review/sign-in`);
    await page.fill('input[name="name"]', "noscript");
    await page.fill('input[name="password"]', password);
    await page.click("main button");
    await page.waitForURL(/review$/);
    const number = await server.check(someHash("c"));
    expect(number).toBeGreaterThan(0);
    await page.goto(`${server.url}/review/account`);
    expect(await page.textContent("main")).toContain("What you saw today");
    await context.close();
  });
});
