/** Who may call what, and what is written down of those who may not. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Scopes } from "../../dist/keys/scopes.js";
import { someHash } from "../support/hashes.ts";
import { testServer, type TestServer } from "../support/server.ts";

let server: TestServer;
let now = Date.now();
beforeAll(async () => {
  server = await testServer({ open: false, hashLookupsPerMinute: 5 }, { now: () => now });
  const admin = server.key("admin");
  for (const name of ["MINE", "OTHER"]) {
    await server.call("/c/banks", { key: admin, json: { name } });
    await server.call(`/c/bank/${name}/signal`, { key: admin, json: { pdq: someHash("known") } });
  }
});
afterAll(() => server.end());

const lookup = `/m/lookup?signal_type=pdq&signal=${someHash("known")}`;

describe("scopes", () => {
  test.each([
    [["match:A"], "match", "A", true],
    [["match:A"], "match", "AB", false],
    [["match:A*"], "match", "AB", true],
    [["match:A"], "add", "A", false],
    [["match"], "match", "B", true],
    [["admin"], "withdraw", "B", true],
  ] as const)("%j may %s %s: %s", (scopes, scope, bank, allowed) => {
    expect(new Scopes(scopes).allows(scope, bank)).toBe(allowed);
  });
});

test("without a key, or with a wrong one, nothing but health and the status of HMA is answered", async () => {
  for (const path of ["/c/banks", "/v1/banks", "/metrics", "/v1/audit", lookup]) {
    expect((await server.call(path)).status, path).toBe(401);
    expect((await server.call(path, { key: "emp_0123456789_" + "x".repeat(43) })).status, path).toBe(401);
    expect((await server.call(path, { key: "nothing" })).status, path).toBe(401);
  }
  for (const path of ["/livez", "/readyz", "/status", "/status/live", "/site-map", "/v1/openapi.json"]) {
    expect((await server.call(path)).status, path).toBe(200);
  }
});

test("a key sees, searches and changes its own bank only", async () => {
  const key = server.key("match:MINE", "add:MINE", "withdraw:MINE");
  expect((await server.call("/c/banks", { key })).body).toEqual([{ name: "MINE", matching_enabled_ratio: 1 }]);
  expect(Object.keys((await server.call(lookup, { key })).body as object)).toEqual(["MINE"]);
  const { body } = await server.call("/v1/check", { key, json: { queries: [{ hash: someHash("known") }] } });
  expect(JSON.stringify(body)).not.toContain("OTHER");
  for (const [method, path] of [
    ["GET", "/c/bank/OTHER"],
    ["DELETE", "/c/bank/OTHER"],
    ["GET", "/v1/banks/OTHER"],
    ["DELETE", "/v1/banks/OTHER"],
    ["GET", "/c/bank/OTHER/content/2"],
    ["DELETE", "/c/bank/OTHER/content/2"],
    ["GET", "/v1/keys"],
    ["GET", "/v1/backup"],
  ] as const) {
    expect((await server.call(path, { key, method })).status, path).toBe(403);
  }
  expect((await server.call("/c/bank/OTHER/signal", { key, json: { pdq: someHash("x") } })).status).toBe(403);
  expect((await server.call("/c/banks", { key, json: { name: "NEW" } })).status).toBe(403);
  expect((await server.call("/v1/withdrawals", { key, json: { entryNumber: 2 } })).status).toBe(403);
  expect((await server.call("/v1/withdrawals", { key, json: { hash: someHash("known") } })).status).toBe(403);
  expect((await server.call("/v1/entries/2", { key })).status).toBe(404);
});

test("the bank in a path of HMA is checked against the entry", async () => {
  const key = server.key("admin");
  expect((await server.call("/c/bank/MINE/content/1", { key })).status).toBe(200);
  expect((await server.call("/c/bank/MINE/content/2", { key })).status).toBe(404);
  const pause = { key, method: "PUT", json: { disable_until_ts: 0 } };
  expect((await server.call("/c/bank/MINE/content/2", pause)).status).toBe(404);
  expect((await server.call("/c/bank/MINE/content/2", { key, method: "DELETE" })).body).toEqual({ deleted: 0 });
  expect((await server.call("/c/bank/OTHER/content/2", { key })).status).toBe(200);
});

test("a name with /../ reaches no other bank", async () => {
  const key = server.key("match:MINE");
  for (const name of ["MINE/../OTHER", "MINE%2F..%2FOTHER", "..%2FOTHER", "%2e%2e/bank/OTHER"]) {
    expect([403, 404]).toContain((await server.call(`/c/bank/${name}`, { key })).status);
    expect([403, 404]).toContain((await server.call(`/v1/banks/${name}`, { key })).status);
  }
});

test("a key ends when it expires, and a clock that jumps back does not bring more lookups", async () => {
  const { key } = server.service.keys.create("test", { label: "short", scopes: ["match"], expires: now + 60_000 });
  const statuses: number[] = [];
  for (let i = 0; i < 7; i++) statuses.push((await server.call(lookup, { key })).status);
  expect(statuses).toEqual([200, 200, 200, 200, 200, 429, 429]);
  const refused = await server.call(lookup, { key });
  expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
  expect(refused.body).toEqual({ message: "This key may look up 5 hashes a minute" });
  now -= 3_600_000;
  expect((await server.call(lookup, { key })).status).toBe(429);
  now += 3_600_000;
  expect((await server.call("/c/banks", { key })).status).toBe(200);
  now += 61_000;
  expect((await server.call("/c/banks", { key })).status).toBe(401);
});

test("refused calls are written down without their values, and secrets are nowhere", async () => {
  const key = server.key("hash");
  await server.call(`/c/bank/${someHash("in the path")}`, { key });
  await server.call(lookup, { key });
  const { denied, keys } = (await server.call("/v1/access", { key: server.key("admin") })).body as {
    denied: { who: string; route: string; reason: string; count: number }[];
    keys: { what: string }[];
  };
  const who = `key ${key.split("_")[1]}`;
  expect(denied.filter((one) => one.who === who).map(({ route, reason }) => `${route} ${reason}`)).toEqual(
    expect.arrayContaining(["GET /c/bank/:bank not allowed: match", "GET /m/lookup not allowed: match"]),
  );
  expect(keys[0]).toMatchObject({ what: "key created" });
  const written =
    server.log.join("") + JSON.stringify(denied) + (await server.call("/metrics", { key: server.key("metrics") })).text;
  expect(written).not.toContain(key.split("_").slice(2).join("_"));
  expect(written).not.toMatch(/[0-9a-f]{24}/);
});
