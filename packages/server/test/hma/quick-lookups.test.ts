/** Plain lookups are answered apart, and nobody can tell. */
import { createServer, get, type IncomingHttpHeaders, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { HashIndex } from "empreinte";
import { BankStore } from "empreinte/bank";
import { storePath } from "../../dist/core/paths.js";
import { Matching } from "../../dist/core/matching.js";
import { quickLookups } from "../../dist/hma/quick-lookups.js";
import { State } from "../../dist/core/state.js";
import { Keys } from "../../dist/keys/keys.js";
import { someHash } from "../support/hashes.ts";
import { testServer, type TestServer } from "../support/server.ts";

let server: TestServer;
let admin: string;
/** Only the quick lookups of the same service. Whatever they leave to the route is answered 299. */
let apart: Server;
let silent = true;
beforeAll(async () => {
  server = await testServer({ open: false, hashLookupsPerMinute: 1000 });
  admin = server.key("admin");
  await server.call("/c/banks", { key: admin, json: { name: "KNOWN" } });
  await server.call("/c/bank/KNOWN/signal", { key: admin, json: { pdq: someHash("known") } });
  const { service } = server;
  const otherwise: RequestListener = (_request, response) => void response.writeHead(299).end("rest");
  const matching = new Matching(service);
  apart = createServer(quickLookups({ service, matching, otherwise, silent: () => silent }));
  await new Promise<void>((resolve) => apart.listen(0, "127.0.0.1", resolve));
});
afterAll(async () => {
  apart.closeAllConnections();
  apart.close();
  await server.end();
});

const path = (hash: string): string => `/m/lookup?signal=${hash}&signal_type=pdq`;

/** The status, text and headers of an answer. */
function answerOf(
  url: string,
  key: string | undefined = admin,
  headers: Record<string, string> = {},
): Promise<{ status: number; text: string; headers: IncomingHttpHeaders }> {
  return new Promise((resolve, reject) => {
    const sent = { ...headers, ...(key !== "" && { authorization: `Bearer ${key}` }) };
    get(url, { headers: sent, agent: false }, (response) => {
      let text = "";
      response.on("data", (chunk: Buffer) => (text += chunk.toString()));
      response.on("end", () => resolve({ status: response.statusCode!, text, headers: response.headers }));
    }).on("error", reject);
  });
}

const apartUrl = (): string => `http://127.0.0.1:${(apart.address() as AddressInfo).port}`;
const taken = async (given: string, key?: string, headers?: Record<string, string>): Promise<boolean> =>
  (await answerOf(`${apartUrl()}${given}`, key, headers)).status === 200;

test("a plain lookup is answered apart, whether it finds anything or not", async () => {
  const hash = someHash("unknown");
  expect(await taken(path(someHash("known")))).toBe(true);
  expect(await taken(path(hash))).toBe(true);
  expect(await taken(`/m/lookup?signal_type=pdq&signal=${hash.toUpperCase()}`)).toBe(true);
  expect(await taken(path(hash), server.key("match:OTHER"))).toBe(true);
});

test("everything else is left to the route", async () => {
  const hash = someHash("unknown");
  for (const other of [
    `${path(hash)}&seed=a`,
    `${path(hash)}&signal=${hash}`,
    path(hash.slice(1)),
    path(`${hash.slice(1)}x`),
    `/m/lookup?signal=${hash.slice(0, 32)}&signal_type=video_md5`,
    `/m/raw_lookup?signal=${hash}&signal_type=pdq`,
  ]) {
    expect(await taken(other), other).toBe(false);
  }
  expect(await taken(path(hash), "")).toBe(false);
  expect(await taken(path(hash), "emp_0123456789_" + "x".repeat(43))).toBe(false);
  expect(await taken(path(hash), server.key("hash"))).toBe(false);
  expect(await taken(path(hash), admin, { expect: "100-continue" })).toBe(false);
  expect(await taken(path(hash), admin, { "content-length": "2" })).toBe(false);
  silent = false;
  expect(await taken(path(hash))).toBe(false);
  silent = true;
});

test.each([
  ["unknown", "{}"],
  ["known", '{"KNOWN":[{"bank_content_id":1,"distance":"0"}]}'],
])("the answer for a hash that is %s has the status, text and headers of the route's", async (name, text) => {
  const [quick, whole] = await Promise.all(
    ["", "&unused=1"].map((more) => answerOf(`${server.url}${path(someHash(name))}${more}`)),
  );
  const without = ({ headers: { date: _date, ...headers }, ...answer }: NonNullable<typeof quick>): object => {
    return { ...answer, headers };
  };
  expect(without(quick!)).toEqual(without(whole!));
  expect(quick!.text).toBe(text);
});

test("a lookup that finds something is searched once, decided for its caller, and counted", async () => {
  const search = vi.spyOn(HashIndex.prototype, "searchMany");
  const searchNow = vi.spyOn(HashIndex.prototype, "searchManySync");
  const matches = async (): Promise<number> => {
    const { text } = await server.call("/metrics", { key: admin });
    return Number(/^empreinte_matches_total\{bank="KNOWN".*\} (\d+)/m.exec(text)?.[1] ?? 0);
  };
  try {
    const before = await matches();
    search.mockClear();
    const foreign = await answerOf(`${apartUrl()}${path(someHash("known"))}`, server.key("match:OTHER"));
    expect(foreign).toMatchObject({ status: 200, text: "{}" });
    const found = await answerOf(`${apartUrl()}${path(someHash("known"))}`, server.key("match"));
    expect(JSON.parse(found.text)).toEqual({ KNOWN: [{ bank_content_id: 1, distance: "0" }] });
    expect(search).toHaveBeenCalledTimes(2);
    expect(searchNow).not.toHaveBeenCalled();
    expect(await matches()).toBe(before + 2);
  } finally {
    vi.restoreAllMocks();
  }
});

test("many at once each get their own answer", async () => {
  const names = Array.from({ length: 60 }, (_, i) => (i % 3 === 0 ? "known" : `unknown ${i}`));
  const answers = await Promise.all(names.map((name) => answerOf(`${server.url}${path(someHash(name))}`)));
  expect(answers.map(({ text }) => text)).toEqual(
    names.map((name) => (name === "known" ? '{"KNOWN":[{"bank_content_id":1,"distance":"0"}]}' : "{}")),
  );
});

test("what another process imports, withdraws or revokes is in force for the next lookup", async () => {
  const other = await BankStore.open(storePath(server.data));
  const [name, hash] = [{ bank: "KNOWN", source: "elsewhere" }, someHash("elsewhere")];
  const otherState = State.open(server.service.state.path);
  try {
    for (let i = 0; i < 5; i++) {
      expect((await answerOf(`${server.url}${path(hash)}`)).text).toBe("{}");
      await other.import(name, [{ id: `${i}`, signals: [{ type: "pdq", value: hash }] }]);
      expect((await answerOf(`${server.url}${path(hash)}`)).text).toContain("KNOWN");
      await other.withdraw({ ...name, entryId: `${i}` });
    }
    const key = server.key("match");
    expect(await taken(path(hash), key)).toBe(true);
    new Keys(otherState, Date.now).revoke("test", key.split("_")[1]!);
    expect(await taken(path(hash), key)).toBe(false);
    expect((await answerOf(`${server.url}${path(hash)}`, key)).status).toBe(401);
  } finally {
    otherState.close();
    await other.close();
  }
});

test("a lookup is counted once, whoever answers it, and a type that is off is refused", async () => {
  const { key } = server.service.keys.create("test", { label: "few", scopes: ["match"], lookups: 3 });
  const statuses: number[] = [];
  for (const name of ["known", "unknown", "known", "unknown", "known"]) {
    statuses.push((await answerOf(`${server.url}${path(someHash(name))}`, key)).status);
  }
  expect(statuses).toEqual([200, 200, 200, 429, 429]);
  const before = (await server.call("/metrics", { key: admin })).text;
  await answerOf(`${server.url}${path(someHash("unknown"))}`);
  const after = (await server.call("/metrics", { key: admin })).text;
  const count = (text: string): number =>
    Number(/_count\{route="\/m\/lookup",method="GET",status="200"\} (\d+)/.exec(text)![1]);
  expect(count(after)).toBe(count(before) + 1);
  const set = (ratio: number): Promise<unknown> =>
    server.call("/c/signal_type/pdq", { key: admin, method: "PUT", json: { enabled_ratio: ratio } });
  await set(0);
  expect((await answerOf(`${server.url}${path(someHash("unknown"))}`)).status).toBe(400);
  await set(1);
  expect((await answerOf(`${server.url}${path(someHash("unknown"))}`)).status).toBe(200);
});
