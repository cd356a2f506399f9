/** Signing in with a password: sessions, forms from elsewhere, lock-out. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { needsLongRun } from "../../../../test/support/long.ts";
import { reviewServer, type ReviewServer, visitor } from "../review/support.ts";

let server: ReviewServer;
let password: string;
beforeAll(async () => {
  server = await reviewServer();
  password = await server.service.people.create("test", "ada", ["review", "match"]);
});
afterAll(() => server.end());

describe("signing in", () => {
  test("makes a session that scripts and other sites cannot use, and signing out ends it", async () => {
    const ada = visitor(server);
    const body = new URLSearchParams({ name: "ada", password }).toString();
    const headers = { "content-type": "application/x-www-form-urlencoded", origin: server.url };
    const answer = await server.call("/review/sign-in", { body, headers });
    expect(answer.status).toBe(303);
    expect(answer.headers.get("set-cookie")).toMatch(
      /^empreinte-review=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=36000$/,
    );
    await ada.post("/review/sign-in", { name: "ada", password });
    expect((await ada.get("/review")).text).toContain("Nothing waits for you");
    const cookie = ada.cookies();
    await ada.post("/review/sign-out");
    expect((await server.call("/review", { headers: { cookie } })).status).toBe(303);
  });

  test("ends the session that the browser had before", async () => {
    const ada = visitor(server);
    await ada.post("/review/sign-in", { name: "ada", password });
    await ada.get("/review/account");
    const cookie = ada.cookies();
    await ada.post("/review/sign-in", { name: "ada", password });
    expect(ada.cookies()).not.toBe(cookie);
    expect((await server.call("/review", { headers: { cookie } })).status).toBe(303);
    expect((await ada.get("/review")).status).toBe(200);
  });

  test("is refused alike for a wrong password and for a name that nobody has", async () => {
    const one = await visitor(server).post("/review/sign-in", { name: "ada", password: "wrong password" });
    const other = await visitor(server).post("/review/sign-in", { name: "nobody", password: "wrong password" });
    expect([one.status, other.status]).toEqual([401, 401]);
    expect(one.text).toBe(other.text);
    await expect.poll(async () => JSON.stringify((await server.call("/v1/access")).body)).toContain("wrong password");
  });

  test("locks an account after five wrong passwords, also for the right one, and for longer each time", async () => {
    const secret = await server.service.people.create("test", "ben", ["review"]);
    const tries = async (word: string): Promise<number> =>
      (await visitor(server).post("/review/sign-in", { name: "ben", password: word })).status;
    for (let i = 0; i < 5; i++) expect(await tries("wrong")).toBe(401);
    expect(await tries(secret)).toBe(401);
    server.pass(61_000);
    expect(await tries("wrong")).toBe(401);
    server.pass(61_000);
    expect(await tries(secret)).toBe(401);
    server.pass(60_000);
    expect(await tries(secret)).toBe(200);
    // With this number of tries an address has to wait, too.
    server.pass(60_000);
  });
});

describe("a session", () => {
  test("ends after hours, after a pause, and when the clock jumps", async () => {
    const open = async (cookie: string): Promise<boolean> =>
      (await server.call("/review", { headers: { cookie } })).status === 200;
    const ada = server.person("eve");
    expect(await open(ada.cookies())).toBe(true);
    server.pass(29 * 60_000);
    expect(await open(ada.cookies())).toBe(true);
    server.pass(31 * 60_000);
    expect(await open(ada.cookies())).toBe(false);
    const long = server.person("eve");
    for (let i = 0; i < 23; i++) {
      server.pass(27 * 60_000);
      const still = await open(long.cookies());
      expect(still).toBe((i + 1) * 27 <= 600);
    }
    const early = server.person("eve");
    server.pass(-11 * 3_600_000);
    expect(await open(early.cookies())).toBe(false);
    server.pass(11 * 3_600_000);
  });

  test("does not exist for a forged or broken cookie", async () => {
    for (const value of ["", "x", "A".repeat(43), `${"A".repeat(43)}; other=1`, "é".repeat(43)]) {
      const cookie = Buffer.from(`empreinte-review=${value}`).toString("latin1");
      expect((await server.call("/review", { headers: { cookie } })).status).toBe(303);
    }
  });

  test("takes no form of another site or without its token", async () => {
    const ada = server.person("eve");
    await ada.get("/review/account");
    const change = (headers: Record<string, string>) => ada.post("/review/settings", { keys: "off" }, headers);
    expect((await change({ origin: "https://example.org" })).status).toBe(403);
    expect((await change({ origin: "null" })).status).toBe(403);
    for (const site of ["cross-site", "same-site"]) {
      expect((await change({ "sec-fetch-site": site })).status, site).toBe(403);
    }
    const { cookie } = { cookie: ada.cookies() };
    const headers = { cookie, "content-type": "application/x-www-form-urlencoded" };
    for (const body of [
      "keys=off",
      "keys=off&token=",
      `keys=off&token=${"A".repeat(43)}`,
      "keys=off&token=a&token=b",
    ]) {
      expect((await server.call("/review/settings", { body, headers })).status).toBe(403);
    }
    expect((await change({})).path).toBe("/review/account");
  });

  test("ends with the account and with another password", async () => {
    const ada = visitor(server);
    await ada.post("/review/sign-in", { name: "ada", password });
    await ada.get("/review/account");
    const short = await ada.post("/review/password", { old: password, fresh: "short" });
    expect(short.status).toBe(400);
    const changed = await ada.post("/review/password", { old: password, fresh: "a longer password" });
    expect(changed.text).toContain("Sign in again");
    expect((await ada.get("/review")).path).toBe("/review/sign-in");
    await ada.post("/review/sign-in", { name: "ada", password: "a longer password" });
    expect((await ada.get("/review")).path).toBe("/review");
    server.service.people.end("test", "ada");
    expect((await ada.get("/review")).path).toBe("/review/sign-in");
  });
});

test("a key is no person, and a person's cookie is no key", async (ctx) => {
  needsLongRun(ctx);
  const keyed = await reviewServer({ open: false });
  const key = keyed.key("admin");
  const page = await keyed.call("/review", { key });
  expect([page.status, page.headers.get("location")]).toEqual([303, "/review/sign-in"]);
  const eve = keyed.person("eve", "admin");
  expect((await keyed.call("/v1/banks", { headers: { cookie: eve.cookies() } })).status).toBe(401);
  await keyed.end();
});
