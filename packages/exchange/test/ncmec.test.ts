import type { BankStore } from "empreinte/bank";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Ncmec } from "../src/clients/ncmec.ts";
import { HttpClient } from "../src/http/http-client.ts";
import { runSource, type RunOptions, type RunResult } from "../src/run/run-source.ts";
import { NcmecSimulator } from "../src/simulators/ncmec.ts";
import { after, code, from, hash, matching, md5, newStore, type TestEnvironment, testEnvironment } from "./support.ts";

const login = { user: "hotline", password: "password-secret" };

let environment: TestEnvironment;
let simulator: NcmecSimulator;
let base: string;
let store: BankStore;
let requests: URLSearchParams[];
const zone = process.env["TZ"];

beforeEach(async () => {
  environment = testEnvironment();
  requests = [];
  simulator = new NcmecSimulator({
    ...login,
    pageSize: 10,
    now: () => Math.floor(environment.time / 1000),
  });
  simulator.onRequest = ({ query }) => requests.push(query);
  base = await simulator.listen();
  after(() => simulator.close());
  store = await newStore();
});
afterEach(() => {
  if (zone === undefined) delete process.env["TZ"];
  else process.env["TZ"] = zone;
});

function run(options: RunOptions = {}): Promise<RunResult> {
  const http = new HttpClient({ base, environment });
  after(() => http.close());
  return runSource(store, from, new Ncmec({ http, environment, ...login }), {
    environment,
    ...options,
  });
}
const pass = (seconds: number): unknown => (environment.time += 1000 * seconds);
const put = (first: number, last: number): void => {
  for (let i = first; i <= last; i++) {
    const media = i % 3 === 0 ? "video" : "image";
    simulator.put(String(i), {
      media,
      fingerprints: media === "image" ? { pdq: hash(i), md5: md5(i) } : { md5: md5(i) },
    });
  }
};
const truth = (): string[] =>
  [...simulator.entries.values()]
    .flatMap(({ deleted, fingerprints }) => (deleted ? [] : Object.values(fingerprints)))
    .sort();

test.each(["Europe/Paris", "America/Los_Angeles", "UTC"])(
  "windows are in UTC, also across a change of clocks, in %s",
  async (name) => {
    process.env["TZ"] = name;
    // Clocks change at 01:00 UTC on this day in Paris; three weeks before in Los Angeles.
    environment.time = Date.UTC(2026, 2, 29, 0, 30);
    for (let hour = 0; hour < 4; hour++) {
      put(10 * hour, 10 * hour + 5);
      pass(1800);
      await run();
      expect(matching(store)).toEqual(truth());
      pass(1800);
    }
    expect(requests[0]!.get("from")).toBe("2000-01-01T00:00:00Z");
    expect(requests[0]!.get("to")).toBe("2026-03-29T00:59:55Z");
    const windows = requests.filter((query) => !query.has("start"));
    for (let i = 1; i < windows.length; i++) expect(windows[i]!.get("from")).toBe(windows[i - 1]!.get("to"));
  },
);

test("a window of many pages is taken whole, a second with hundreds of entries too", async () => {
  put(0, 99);
  pass(60);
  const { status } = await run();
  expect(status).toMatchObject({ pages: 10, added: 100 });
  expect(matching(store)).toEqual(truth());
});

test("deletions end their entry and no other with the same hash", async () => {
  put(1, 2);
  simulator.put("1", { member: "43", fingerprints: { pdq: hash(1) } });
  pass(60);
  await run();
  simulator.put("1", { deleted: true });
  pass(60);
  await run();
  expect(matching(store)).toEqual(truth());
  expect((await store.search(hash(1), { radius: 0 })).map(({ entryId }) => entryId)).toEqual(["43/1"]);
});

test("an entry that loses what can be matched stops matching", async () => {
  put(1, 2);
  pass(60);
  await run();
  simulator.put("1", { fingerprints: { pdna: "AAAA" } });
  pass(60);
  const { status } = await run();
  expect(matching(store)).toEqual([hash(2), md5(2)].sort());
  expect(status.notes["unknown-type"]).toMatchObject({
    count: 1,
    reason: expect.stringContaining("pdna"),
  });
});

test("a link is resumed within its window, and a window that takes too long is divided", async () => {
  put(0, 49);
  pass(60);
  const stop = new AbortController();
  await run({ stop: stop.signal, onPage: () => stop.abort() });
  pass(3600);
  const again = new AbortController();
  await run({ stop: again.signal, onPage: () => again.abort() });
  expect(requests[1]!.get("start")).toBe("11");
  expect(requests[1]!.get("to")).toBe(requests[0]!.get("to"));
  pass(13 * 3600);
  await run();
  const [whole, quarter] = [requests[0]!, requests[2]!].map(
    (query) => Date.parse(query.get("to")!) - Date.parse(query.get("from")!),
  );
  expect(quarter! / whole!).toBeCloseTo(0.25, 3);
  expect(matching(store)).toEqual(truth());
});

describe("a link of a page", () => {
  test.each([
    ["http://169.254.169.254/v2/entries?start=2", "elsewhere"],
    ["//127.0.0.1:1/v2/entries?start=2", "elsewhere"],
    ["/admin?start=2", "elsewhere"],
    ["/v2/entries?from=2001-01-01T00:00:00Z&amp;to=2002-01-01T00:00:00Z&amp;start=2", "another window"],
  ])("%s is not followed", async (link, reason) => {
    const answer = `<queryResult><images count="0"/><videos count="0"/><paging><next>${link}</next></paging></queryResult>`;
    Object.assign(simulator, {
      respond: () => ({ status: 200, body: answer }),
    });
    await expect(run()).rejects.toThrow(reason);
    // The first try and two more, each of the first page.
    expect(requests.map((query) => query.has("start"))).toEqual([false, false, false]);
  });
});

test("an XML bomb is a page that cannot be read", async () => {
  const bomb = `<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><queryResult><images count="0">&b;</images></queryResult>`;
  Object.assign(simulator, { respond: () => ({ status: 200, body: bomb }) });
  await expect(run()).rejects.toMatchObject(code("EXCHANGE_PAGE"));
});

test("a clock that was set back asks for nothing, and one far back is an error", async () => {
  put(0, 3);
  pass(60);
  await run();
  pass(-600);
  const { complete } = await run();
  expect(complete).toBe(true);
  expect(requests).toHaveLength(1);
  pass(-7200);
  await expect(run()).rejects.toMatchObject(code("EXCHANGE_POSITION"));
});

test("the password is in no error, memo or cursor", async () => {
  Object.assign(simulator, { respond: () => ({ status: 401 }) });
  const error = await run().catch((reason: unknown) => reason as Error);
  expect(error).toMatchObject(code("EXCHANGE_DENIED"));
  const basic = Buffer.from(`${login.user}:${login.password}`).toString("base64");
  const written = `${String(error)} ${JSON.stringify(store.memos(""))} ${store.importCursor(from) ?? ""}`;
  for (const secret of [login.password, basic]) expect(written).not.toContain(secret);
});
