/** Revealing: who may see how much of an image, for how long, and where it comes from. */
import { createServer, type IncomingMessage } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp, { type Metadata } from "sharp";
import { Fetcher } from "empreinte-fetch";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Config } from "../../dist/config/options.js";
import { needsLongRun } from "../../../../test/support/long.ts";
import { photograph } from "../support/images.ts";
import { form } from "../support/server.ts";
import { reviewServer, type ReviewServer, type Visitor } from "./support.ts";

let image: Buffer;
beforeAll(async () => {
  image = await photograph(7, 480, 360);
});

let server: ReviewServer;
afterEach(() => server?.end());

/** A server with one card, whose upload is the image. */
async function withCard(config: Partial<Config>, reference = "upload-1"): Promise<Visitor> {
  server = await reviewServer(config);
  const hashed = (await server.call("/h/hash", { body: form({ photo: image }) })).body as { pdq: string };
  await server.bank("bank", hashed.pdq);
  const headers = { "content-type": "image/png" };
  await server.call(`/v1/check?reference=${reference}`, { body: new Uint8Array(image), headers });
  const ada = server.person("ada");
  await ada.get("/review/cards/1");
  return ada;
}

/** Reveals, and returns the status, the id and what sharp reads of the image. */
async function reveal(
  person: Visitor,
  level: number,
): Promise<{ status: number; id: string; image?: Metadata; grey?: boolean }> {
  const body = new URLSearchParams({ token: person.token(), level: String(level) }).toString();
  const headers = { cookie: person.cookies(), origin: server.url, "content-type": "application/x-www-form-urlencoded" };
  const response = await fetch(`${server.url}/review/cards/1/reveals`, { method: "POST", headers, body });
  const bytes = Buffer.from(await response.arrayBuffer());
  const id = response.headers.get("x-reveal") ?? "";
  if (response.status !== 200) return { status: response.status, id };
  expect(response.headers.get("cache-control")).toBe("no-store");
  const { data } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true });
  let spread = 0;
  for (let at = 0; at < data.length; at += 3) spread = Math.max(spread, Math.abs(data[at]! - data[at + 2]!));
  return { status: 200, id, image: await sharp(bytes).metadata(), grey: spread < 8 };
}

describe("a reveal", () => {
  test("is small and grey first, and has colour only in a session that allows it", async () => {
    const ada = await withCard({ reviewMedia: "memory" });
    const sizes = [];
    for (const level of [1, 2, 3]) {
      const { image: shown, grey } = await reveal(ada, level);
      expect(grey).toBe(true);
      sizes.push(shown?.width);
    }
    expect(sizes).toEqual([160, 320, 480]);
    expect((await reveal(ada, 4)).status).toBe(403);
    expect((await ada.post("/review/colour")).status).toBe(204);
    expect(await reveal(ada, 4)).toMatchObject({ status: 200, grey: false, image: { width: 480 } });
    for (const level of [0, 5, 1.5, Number.NaN]) expect((await reveal(ada, level)).status, `${level}`).toBe(403);
    const { keys } = (await server.call("/v1/access")).body as {
      keys: { who: string; what: string; detail: object }[];
    };
    const reveals = keys.filter(({ what }) => what === "reveal");
    expect(reveals.map(({ who, detail }) => ({ who, ...detail }))).toEqual(
      [4, 3, 2, 1].map((level) => ({ who: "person ada", card: 1, level })),
    );
    expect(keys.some(({ what }) => what === "colour allowed")).toBe(true);
  });

  test("is limited by the configuration, and needs the card's bank", async (ctx) => {
    needsLongRun(ctx);
    const ada = await withCard({ reviewMedia: "memory", reviewLevels: 2 });
    expect((await reveal(ada, 2)).status).toBe(200);
    expect((await reveal(ada, 3)).status).toBe(403);
    const eve = server.person("eve", "review", "match:other");
    await eve.get("/review");
    expect((await reveal(eve, 1)).status).toBe(404);
  });

  test("counts against the day's budget by level and seconds, and goes on only by request", async () => {
    const ada = await withCard({ reviewMedia: "memory", reviewBudget: 10 });
    const { exposures } = server.service.review!;
    const { id: person } = { id: server.service.state.get<[string]>("SELECT id FROM person")![0] };
    const { id } = await reveal(ada, 2);
    server.pass(4000);
    await ada.post(`/review/reveals/${id}/end`);
    await ada.post(`/review/reveals/${id}/end`);
    expect(exposures.today(person, 10)).toEqual({ reveals: 1, seconds: 4, points: 4, allowed: 10 });
    // The end of this one is never reported, so that it counts for ten seconds of twice the weight.
    await reveal(ada, 3);
    server.pass(60_000);
    expect(exposures.today(person, 10)).toMatchObject({ seconds: 14, points: 24 });
    expect((await reveal(ada, 1)).status).toBe(429);
    await ada.post("/review/go-on");
    expect((await reveal(ada, 1)).status).toBe(200);
    server.pass(60_000);
    expect((await reveal(ada, 1)).status).toBe(429);
    expect((await ada.get("/review/account")).text).toContain("3 reveals, 24 seconds. Budget: 29 of 27");
    server.pass(86_400_000);
    expect(exposures.today(person, 10).points).toBe(0);
  });
});

describe("an image", () => {
  test("is not held at all unless the configuration says so", async (ctx) => {
    needsLongRun(ctx);
    const ada = await withCard({});
    expect((await reveal(ada, 1)).status).toBe(404);
    expect(server.service.review!.held.bytes).toBe(0);
  });

  test("is held in memory, encrypted, until its deadline or its answer", async (ctx) => {
    needsLongRun(ctx);
    const ada = await withCard({ reviewMedia: "memory", reviewMediaMinutes: 5 });
    const { held } = server.service.review!;
    expect(held.bytes).toBe(image.length);
    expect(held.open(1)).toEqual(image);
    server.pass(5 * 60_000);
    expect((await reveal(ada, 1)).status).toBe(404);
    expect(held.bytes).toBe(0);
  });

  test("is gone once its card is decided", async (ctx) => {
    needsLongRun(ctx);
    const ada = await withCard({ reviewMedia: "memory" });
    await ada.post("/review/cards/1/answer", { answer: "none" });
    server.pass(11_000);
    server.service.review!.decideDue();
    expect(server.service.review!.held.bytes).toBe(0);
  });

  test("is not held where there is no room, and the card says so", async (ctx) => {
    needsLongRun(ctx);
    const ada = await withCard({ reviewMedia: "memory", reviewMediaBytes: 1000 });
    expect(server.service.review!.held.bytes).toBe(0);
    expect((await ada.get("/review/cards/1")).text).toContain("not available here");
    expect((await server.call("/metrics")).text).toContain('empreinte_review_media_total{result="no room"} 1');
  });
});

describe("the platform's address", () => {
  const folder = mkdtempSync(join(tmpdir(), "empreinte-review-"));
  const tokenFile = join(folder, "token");
  writeFileSync(tokenFile, "secret-token\n");

  /** A platform that gives the image. */
  async function platform(
    answer: () => { status: number; body: Uint8Array },
  ): Promise<{ url: string; calls: IncomingMessage[]; close(): void }> {
    const calls: IncomingMessage[] = [];
    const made = createServer((request, response) => {
      calls.push(request);
      const { status, body } = answer();
      response.writeHead(status).end(body);
    }).listen(0, "127.0.0.1");
    await once(made, "listening");
    const url = `http://127.0.0.1:${(made.address() as AddressInfo).port}/media/{reference}`;
    return { url, calls, close: () => void made.close() };
  }

  test("gives an image by the platform's own name for it, with a token, at each reveal", async () => {
    const site = await platform(() => ({ status: 200, body: image }));
    const ada = await withCard(
      { reviewMedia: "callback", reviewMediaUrl: site.url, reviewMediaTokenFile: tokenFile },
      "a:b~1",
    );
    expect(site.calls).toHaveLength(0);
    expect(await reveal(ada, 2)).toMatchObject({ status: 200, image: { width: 320 } });
    expect(site.calls.map(({ url, headers }) => [url, headers.authorization])).toEqual([
      ["/media/a%3Ab~1", "Bearer secret-token"],
    ]);
    site.close();
    rmSync(folder, { recursive: true });
  });

  test("that fails, or gives something else, is an error that says so", async (ctx) => {
    needsLongRun(ctx);
    let given = { status: 500, body: new Uint8Array() };
    const site = await platform(() => given);
    const ada = await withCard({ reviewMedia: "callback", reviewMediaUrl: site.url });
    expect((await reveal(ada, 1)).status).toBe(502);
    given = { status: 410, body: new Uint8Array() };
    expect((await reveal(ada, 1)).status).toBe(404);
    given = { status: 200, body: Buffer.from("no image") };
    expect((await reveal(ada, 1)).status).toBe(415);
    site.close();
    expect((await reveal(ada, 1)).status).toBe(502);
  });

  test("on a private network is not reached", async (ctx) => {
    needsLongRun(ctx);
    const site = await platform(() => ({ status: 200, body: image }));
    server = await reviewServer({ reviewMedia: "callback", reviewMediaUrl: site.url }, { fetcher: new Fetcher() });
    const hashed = (await server.call("/h/hash", { body: form({ photo: image }) })).body as { pdq: string };
    await server.bank("bank", hashed.pdq);
    await server.check(hashed.pdq, "upload-1");
    const ada = server.person("ada");
    await ada.get("/review/cards/1");
    expect((await reveal(ada, 1)).status).toBe(502);
    expect(site.calls).toHaveLength(0);
    site.close();
  });
});
