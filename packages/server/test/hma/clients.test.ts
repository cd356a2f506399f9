/** What HMA's clients rely on beside what was recorded: lax values, texts, shapes, metadata in every place. */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { someHash } from "../support/hashes.ts";
import { photograph } from "../support/images.ts";
import { form, testServer, type TestServer } from "../support/server.ts";

let server: TestServer;
let image: Buffer;
beforeAll(async () => {
  image = await photograph(2);
  server = await testServer();
  await server.call("/c/banks", { json: { name: "BANK" } });
});
afterAll(() => server.end());

describe("refusals", () => {
  test.each([
    ["GET", "/h/hash", undefined, 422, [{ loc: ["url"], type: "missing" }]],
    ["GET", "/m/raw_lookup?signal=x", undefined, 422, [{ loc: ["signal_type"] }]],
    ["GET", "/m/lookup", undefined, 400, { message: "Either url or both signal and signal_type are required" }],
    ["GET", "/m/lookup?signal=x&signal_type=sound", undefined, 400, { message: "No such SignalType 'sound'" }],
    ["GET", "/m/index/status?signal_type=sound", undefined, 400, { message: "No such signal type 'sound'" }],
    ["POST", "/h/hash", undefined, 400, { message: "Missing multipart/form-data file upload" }],
    ["POST", "/m/compare", { pdq: ["a"] }, 400, { message: "Comparison hash list length must be exactly 2" }],
    ["POST", "/c/banks", {}, 422, [{ loc: ["name"] }]],
    ["POST", "/c/banks", { name: "A", enabled_ratio: "much" }, 422, [{ loc: ["enabled_ratio"] }]],
    ["PUT", "/c/bank/NONE", { enabled: true }, 404, { message: "Bank not found" }],
    ["POST", "/c/bank/NONE/signal", { pdq: "x" }, 404, { message: "bank 'NONE' not found" }],
    ["POST", "/c/bank/BANK/signal", {}, 400, { message: "No signals given" }],
    ["POST", "/c/bank/BANK/signal", { sound: "x" }, 400, { message: "No such signal type sound" }],
    ["POST", "/c/exchanges", { bank: "low" }, 400, { message: "Field `bank` must match /^[A-Z0-9_]+$/" }],
    ["POST", "/c/exchanges", { bank: "X", api: "none" }, 400, { message: "No such exchange type 'none'" }],
    ["GET", "/c/exchanges/api/none", undefined, 400, { message: "no such Exchange API 'none'" }],
    ["GET", "/c/exchanges/api/none/schema", undefined, 404, { message: "Exchange API 'none' not found" }],
  ])("%s %s %j is %i", async (method, path, json, status, body) => {
    const answer = await server.call(path, { method, ...(json !== undefined && { json }) });
    expect(answer.status, answer.text).toBe(status);
    expect(answer.body).toMatchObject(body);
  });
});

test("no URL is fetched unless the configuration says so", async () => {
  let requests = 0;
  const site = createServer((_request, response) => {
    requests++;
    response.end(image);
  }).listen(0, "127.0.0.1");
  await once(site, "listening");
  const url = encodeURIComponent(`http://127.0.0.1:${(site.address() as AddressInfo).port}/x.jpg`);
  for (const path of [`/h/hash?url=${url}`, `/m/lookup?url=${url}`]) {
    const answer = await server.call(path);
    expect(answer, path).toMatchObject({
      status: 400,
      body: { message: expect.stringContaining("fetchUrls") as string },
    });
  }
  site.close();
  expect(requests).toBe(0);
});

test("values are read laxly", async () => {
  const half = await server.call("/c/banks", { json: { name: "HALF", enabled_ratio: "0.5", unknown: 1 } });
  expect(half).toMatchObject({ status: 201, body: { name: "HALF", matching_enabled_ratio: 0.5 } });
  const off = await server.call("/c/bank/HALF", { method: "PUT", json: { enabled: "false" } });
  expect(off.body).toEqual({ name: "HALF", matching_enabled_ratio: 0 });
  await server.call("/c/bank/HALF/signal", { json: { pdq: someHash("half") } });
  const lookup = `/m/lookup?signal_type=pdq&signal=${someHash("half")}`;
  expect((await server.call(lookup)).body).toEqual({});
  expect((await server.call(`${lookup}&bypass_coinflip=true`)).body).toMatchObject({ HALF: [{ distance: "0" }] });
  const raw = `/m/raw_lookup?signal_type=pdq&signal=${someHash("half")}`;
  expect((await server.call(raw)).body).toMatchObject({ matches: [expect.any(Number) as number] });
  expect((await server.call("/c/bank/HALF", { method: "DELETE" })).body).toEqual({ message: "Done" });
  expect((await server.call("/c/bank/HALF", { method: "DELETE" })).body).toEqual({ message: "Done" });
  expect((await server.call(raw)).body).toEqual({ matches: [] });
});

test("metadata and notes are kept from the form, the query and the body, in both shapes", async () => {
  const own = { content_id: "c", content_uri: "https://example.org/c", json: { a: 1 } };
  const places = [
    { path: "", parts: { photo: image, metadata: JSON.stringify(own), note: "n" }, metadata: own },
    { path: `?metadata=${encodeURIComponent(JSON.stringify(own))}&note=n`, parts: { photo: image }, metadata: own },
    { path: "", parts: { photo: image, metadata: '{"anything":2}', note: "n" }, metadata: { json: { anything: 2 } } },
  ];
  for (const { path, parts, metadata } of places) {
    const { body } = await server.call(`/c/bank/BANK/content${path}`, { body: form(parts) });
    const { id } = body as { id: number };
    const shown = await server.call(`/c/bank/BANK/content/${id}?include_signals=true`);
    expect(shown.body).toMatchObject({ id, disable_until_ts: 1, original_media_uri: null, metadata, note: "n" });
    expect((shown.body as { signals: object }).signals).toHaveProperty("pdq");
  }
  const long = await server.call("/c/bank/BANK/signal", { json: { pdq: someHash("n"), note: "x".repeat(256) } });
  expect(long.body).toEqual({ message: "note must be at most 255 characters" });
});

test("a withdrawal by another interface also removes the note and the metadata", async () => {
  const { body } = await server.call("/c/bank/BANK/signal", { json: { pdq: someHash("noted"), note: "n" } });
  const { id } = body as { id: number };
  const notes = () => server.service.state.all("SELECT entry FROM hma_content WHERE entry = ?", id);
  expect(notes()).toHaveLength(1);
  expect((await server.call("/v1/withdrawals", { json: { entryNumber: id } })).body).toMatchObject({ entries: 1 });
  expect(notes()).toEqual([]);
});

test("a content is paused, found again, and gone after DELETE", async () => {
  const { body } = await server.call("/c/bank/BANK/signal", { json: { pdq: someHash("pause") } });
  const { id } = body as { id: number };
  const path = `/c/bank/BANK/content/${id}`;
  const found = async (): Promise<unknown> =>
    (await server.call(`/m/lookup?signal_type=pdq&signal=${someHash("pause")}`)).body;
  const put = async (value: unknown): Promise<unknown> =>
    (await server.call(path, { method: "PUT", json: { disable_until_ts: value } })).body;
  expect(await put("0")).toMatchObject({ id, disable_until_ts: 0, user_metadata: null, collab_metadata: {} });
  expect(await found()).toEqual({});
  expect(await put(1)).toMatchObject({ disable_until_ts: 1 });
  expect(await found()).toMatchObject({ BANK: [{ bank_content_id: id }] });
  expect(await put(-1)).toEqual({ message: "disable_until_ts must be a non-negative integer" });
  expect(await put(99_999_999_999)).toEqual({ message: "disable_until_ts must be less than 5 years in the future" });
  expect((await server.call(path, { method: "DELETE" })).body).toEqual({ deleted: 1 });
  expect((await server.call(path)).status).toBe(404);
  expect(await found()).toEqual({});
});

test("a video is its MD5, and compared values have a number as their distance", async () => {
  const video = new TextEncoder().encode("any bytes");
  const { body } = await server.call("/h/hash", { body: form({ video }) });
  expect(body).toEqual({ video_md5: createHash("md5").update(video).digest("hex") });
  await server.call("/c/bank/BANK/content", { body: form({ video }) });
  const found = await server.call("/m/lookup", { body: form({ video }) });
  expect(found.body).toMatchObject({ video_md5: { BANK: [{ distance: "0" }] } });
  const pdq = [someHash("a"), someHash("a")];
  expect((await server.call("/m/compare", { json: { pdq } })).body).toEqual({ pdq: [true, { distance: 0 }] });
});
