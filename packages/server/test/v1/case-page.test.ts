/** The example page of `empreinte-browser` in Debian's Chromium, whose site forwards its cases to this service. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { hashImage } from "empreinte";
import type { Browser } from "playwright-core";
import { afterAll, expect, test } from "vitest";
import { inLongRun, needsLongRun } from "../../../../test/support/long.ts";
import { root } from "../../../../test/support/run.ts";
import { testServer, type TestServer } from "../support/server.ts";

const { chromium } = await inLongRun(() => import("playwright-core"));
const { photograph } = await inLongRun(() => import("../support/images.ts"));

const chromiumPath = "/usr/bin/chromium";
const example = join(root, "packages/browser/example");

let server: TestServer | undefined;
let site: ChildProcess | undefined;
let browser: Browser | undefined;
afterAll(async () => {
  await browser?.close();
  site?.kill();
  await server?.end();
});

test("a case of the page matches an upload until the person withdraws it by number and code", async (ctx) => {
  needsLongRun(ctx);
  if (!existsSync(chromiumPath)) ctx.skip("skipped: needs chromium");
  if (!existsSync(join(root, "dist/wasm/empreinte.wasm"))) ctx.skip("skipped: needs npm run build:wasm");
  server = await testServer({ open: false });
  const { call, key } = server;
  const [admin, submit] = [key("admin"), key("submit:own")];
  await call("/v1/banks", { json: { name: "own", purpose: "cases", policy: { action: "review" } }, key: admin });
  const image = await photograph(11, 480, 360);
  const check = async (): Promise<{ action: string; matches: { source: string }[] }> => {
    const headers = { "content-type": "image/png" };
    const { body } = await call("/v1/check", { body: new Uint8Array(image), headers, key: admin });
    return body as { action: string; matches: { source: string }[] };
  };

  site = spawn(process.execPath, [join(example, "serve.mjs"), "0"], { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = (await once(site.stdout!, "data")) as [Buffer];
  const url = line.toString().trim();
  browser = await chromium.launch({ executablePath: chromiumPath, args: ["--no-sandbox", "--disable-gpu"] });
  const page = await (await browser.newContext({ locale: "en" })).newPage();
  const html = readFileSync(join(example, "index.html"), "utf8").replace(
    'cases" content=""',
    'cases" content="/cases"',
  );
  await page.route(url, (route) => route.fulfill({ contentType: "text/html", body: html }));
  const statuses: number[] = [];
  await page.route("**/cases**", async (route) => {
    const request = route.request();
    const { "idempotency-key": idempotencyKey = "" } = request.headers();
    const answer = await call(`/v1/banks/own${new URL(request.url()).pathname}`, {
      json: request.postDataJSON() as unknown,
      key: submit,
      ...(idempotencyKey !== "" && { headers: { "idempotency-key": idempotencyKey } }),
    });
    statuses.push(answer.status);
    await route.fulfill({ status: answer.status, contentType: "application/json", body: answer.text });
  });
  await page.goto(url);

  const { texts } = (await import(`${example}/texts.js`)) as { texts: { en: Record<string, string> } };
  const said = (name: string): string => texts.en[name]!;
  await page.getByText(said("ready")).waitFor();
  const files = [{ name: "one.png", mimeType: "image/png", buffer: image }];
  await page.getByLabel(said("chooseFiles")).setInputFiles(files);
  await page.getByText("Prepared: 1 of 1.").waitFor();
  expect((await check()).matches).toEqual([]);
  await page.getByLabel(said("codeKept")).check();
  await page.getByRole("button", { name: said("sendCase") }).click();
  const [before] = said("sentAs").split("{number}");
  const sent = page.getByText(before!.trim());
  await sent.waitFor();
  const number = (await sent.textContent())!.trim().slice(before!.length).split(/[\s.]/)[0]!;
  expect(number).toMatch(/^[2-9A-HJ-NP-Z]{5}-[2-9A-HJ-NP-Z]{5}$/);
  expect(await check()).toMatchObject({ action: "review", matches: [{ source: "cases", distance: 0 }] });
  const { hash } = await hashImage(image);
  expect(server.log.join("\n")).not.toContain(hash);

  const withdraw = async (code: string): Promise<void> => {
    await page.getByLabel(said("caseNumber")).fill(number);
    await page.getByLabel(said("withdrawCode"), { exact: true }).fill(code);
    await page.getByRole("button", { name: said("withdrawButton"), exact: true }).click();
  };
  const code = (await page.locator("#code").textContent())!;
  await withdraw("22222-22222-22222-22222-22222-2");
  await expect.poll(() => statuses.at(-1)).toBe(404);
  expect((await check()).matches).toHaveLength(1);
  await withdraw(code);
  await page.getByText(said("withdrawn")).waitFor();
  expect(await check()).toMatchObject({ action: "none", matches: [] });
  expect(statuses).toEqual([201, 404, 200]);
});
