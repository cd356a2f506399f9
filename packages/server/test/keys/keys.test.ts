/** Who may call what, and what is written down of those who may not. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildApp } from "../../dist/http/app.js";
import { HashRates } from "../../dist/keys/rates.js";
import { checkScopes, Scopes } from "../../dist/keys/scopes.js";
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

  test.each(["match:A*B", "match:*A", "match:", "hash:A", "admin:A", "all", "match:" + "A".repeat(295)])(
    "there is no scope %s",
    (scope) => {
      expect(() => checkScopes(["match", scope])).toThrow(/There is no scope/);
    },
  );

  test("a key has at least one, and each once", () => {
    expect(() => checkScopes([])).toThrow(/at least one scope/);
    expect(checkScopes(["match:A*", "hash", "match:A*"])).toEqual(["match:A*", "hash"]);
  });

  test("a route that names none is open to administrators alone", async () => {
    const app = await buildApp({ service: server.service, log: { write: () => undefined } });
    app.get("/forgotten", async () => "secret");
    const status = async (key?: string): Promise<number> => {
      const headers = key === undefined ? {} : { authorization: `Bearer ${key}` };
      return (await app.inject({ url: "/forgotten", headers })).statusCode;
    };
    expect(await status()).toBe(401);
    expect(await status(server.key("match", "add", "withdraw", "share", "hash", "review", "metrics"))).toBe(403);
    expect(await status(server.key("admin"))).toBe(200);
    await app.close();
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

test("a scope for one bank, and another scope for a second one, are not both for both", async () => {
  const key = server.key("match:OTHER", "withdraw:MINE");
  const until = new Date(now + 60_000).toISOString();
  expect((await server.call("/v1/pauses", { key, json: { entryNumber: 2, until } })).status).toBe(403);
  expect((await server.call("/v1/releases", { key, json: { entryNumber: 2 } })).status).toBe(403);
  const lost = { bank: "OTHER", source: "s", entryId: "1" };
  expect((await server.call("/v1/lifts", { key, json: lost })).status).toBe(403);
  expect((await server.call("/v1/erasures", { key, json: lost })).status).toBe(403);
  expect((await server.call("/v1/pauses", { key, json: { entryNumber: 1, until } })).status).toBe(200);
  await server.call("/v1/pauses", { key, json: { entryNumber: 1, until: null } });
});

test("whoever may search a bank sees 8 digits of its hashes, an administrator all", async () => {
  const shown = async (scope: string): Promise<string> => {
    const { body } = await server.call("/v1/entries/1", { key: server.key(scope) });
    return (body as { signals: { value: string }[] }).signals[0]!.value;
  };
  expect(await shown("match:MINE")).toBe(`${someHash("known").slice(0, 8)}…`);
  expect(await shown("admin")).toBe(someHash("known"));
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

test("a key ends at the millisecond at which it expires", () => {
  const { keys } = server.service;
  const { key } = keys.create("test", { label: "short", scopes: ["match"], expires: now + 1 });
  expect(keys.find(key)).toHaveProperty("principal");
  now += 1;
  expect(keys.find(key)).toMatchObject({ refused: "expired key" });
});

describe("a rotation", () => {
  const made = (expires: number) => {
    const { keys } = server.service;
    const { key, info } = keys.create("test", { label: "old", scopes: ["match:MINE"], expires, lookups: 3 });
    return { keys, key, id: info.id };
  };

  test("gives the new key the end, the scopes and the rate of the old one", () => {
    const { keys, id } = made(now + 60_000);
    const { info } = keys.rotate("test", id, 10);
    const expires = new Date(now + 60_000).toISOString();
    expect(info).toMatchObject({ label: "old", scopes: ["match:MINE"], expires, hashLookupsPerMinute: 3 });
  });

  test("ends the old key after the overlap, and never later than before", () => {
    const { keys, id } = made(now + 60_000);
    keys.rotate("test", id, 10);
    expect(keys.info(id).expires).toBe(new Date(now + 10_000).toISOString());
    keys.rotate("test", id, 3600);
    expect(keys.info(id).expires).toBe(new Date(now + 10_000).toISOString());
  });

  test("brings back no revoked key", () => {
    const { keys, key, id } = made(now + 60_000);
    keys.revoke("test", id);
    const { count } = keys;
    expect(() => keys.rotate("test", id, 10)).toThrow(/is revoked/);
    expect(keys.count).toBe(count);
    expect(keys.find(key)).toMatchObject({ refused: "revoked key" });
  });
});

describe("the rate of bare hashes", () => {
  test("is shared by the processes of a service, and is never below one", () => {
    const taken = (processes: number): number => {
      const rates = new HashRates(processes, () => now);
      for (let count = 0; ; count++) {
        try {
          rates.take("key", 8, 1);
        } catch {
          return count;
        }
      }
    };
    expect([1, 4, 100].map(taken)).toEqual([8, 2, 1]);
  });

  test("counts each query of a call", async () => {
    const key = server.key("match");
    const check = async (count: number): Promise<number> => {
      const queries = Array.from({ length: count }, () => ({ hash: someHash("known") }));
      return (await server.call("/v1/check", { key, json: { queries } })).status;
    };
    expect([await check(6), await check(3), await check(3), await check(2)]).toEqual([429, 200, 429, 200]);
  });
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
