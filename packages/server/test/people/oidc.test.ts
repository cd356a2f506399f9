/** Signing in with an issuer: a small one, whose returns a test can spoil. */
import { createServer, type Server } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createHash, generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { inLongRun, long, needsLongRun } from "../../../../test/support/long.ts";
import type { ReviewServer, Visitor } from "../review/support.ts";

const { reviewServer, visitor } = await inLongRun(() => import("../review/support.ts"));

const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const other = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");

interface Spoilt {
  claims?: Record<string, unknown>;
  key?: typeof privateKey;
}

let issuer: Server;
let address: string;
let spoilt: Spoilt = {};
/** What each code was given for. */
const codes = new Map<string, { challenge: string; nonce: string; redirect: string }>();

function idToken(nonce: string): string {
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: address, sub: "17", aud: "client", exp: now + 60, iat: now, nonce, ...spoilt.claims };
  const text = `${part({ alg: "ES256", kid: "k" })}.${part({ preferred_username: "ada", roles: ["analyst"], ...claims })}`;
  return `${text}.${sign("sha256", Buffer.from(text), { key: spoilt.key ?? privateKey, dsaEncoding: "ieee-p1363" }).toString("base64url")}`;
}

beforeAll(async () => {
  if (!long) return;
  issuer = createServer((request, response) => {
    const url = new URL(request.url ?? "/", address);
    const json = (value: object, status = 200): void => {
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
    };
    if (url.pathname === "/.well-known/openid-configuration") {
      json({
        issuer: address,
        authorization_endpoint: `${address}/authorize`,
        token_endpoint: `${address}/token`,
        jwks_uri: `${address}/keys`,
        response_types_supported: ["code"],
        id_token_signing_alg_values_supported: ["ES256"],
        code_challenge_methods_supported: ["S256"],
      });
    } else if (url.pathname === "/keys") {
      json({ keys: [{ ...publicKey.export({ format: "jwk" }), kid: "k", alg: "ES256", use: "sig" }] });
    } else if (url.pathname === "/authorize") {
      const value = (name: string): string => url.searchParams.get(name) ?? "";
      const code = randomBytes(8).toString("hex");
      codes.set(code, { challenge: value("code_challenge"), nonce: value("nonce"), redirect: value("redirect_uri") });
      const back = new URL(value("redirect_uri"));
      back.search = new URLSearchParams({ code, state: value("state") }).toString();
      response.writeHead(302, { location: back.href }).end();
    } else {
      let body = "";
      request.on("data", (chunk: Buffer) => (body += chunk.toString()));
      request.on("end", () => {
        const form = new URLSearchParams(body);
        const given = codes.get(form.get("code") ?? "");
        const challenge = createHash("sha256")
          .update(form.get("code_verifier") ?? "")
          .digest("base64url");
        codes.delete(form.get("code") ?? "");
        if (given?.challenge !== challenge) json({ error: "invalid_grant" }, 400);
        else json({ access_token: "a", token_type: "bearer", id_token: idToken(given.nonce) });
      });
    }
  }).listen(0, "127.0.0.1");
  await once(issuer, "listening");
  address = `http://127.0.0.1:${(issuer.address() as AddressInfo).port}`;
});
afterAll(() => issuer?.close());

let server: ReviewServer;
beforeAll(async () => {
  if (!long) return;
  server = await reviewServer({
    oidcIssuer: address,
    oidcClientId: "client",
    publicUrl: "https://hashes.example.org",
    oidcRoles: "analyst=review+match; lead=review+match+metrics",
  });
});
afterAll(() => server?.end());

/** Goes to the issuer and back. Returns the path with which the person comes back. */
async function through(person: Visitor): Promise<string> {
  const { headers } = await person.get("/review/oidc");
  const response = await fetch(headers.get("location")!, { redirect: "manual" });
  const back = new URL(response.headers.get("location")!);
  expect(back.origin).toBe("https://hashes.example.org");
  return `${back.pathname}${back.search}`;
}

describe("an issuer", () => {
  test("names a person, whose roles say what the person may do, each time anew", async (ctx) => {
    needsLongRun(ctx);
    spoilt = {};
    const ada = visitor(server);
    const answer = await ada.get(await through(ada));
    expect(answer.status).toBe(200);
    // A redirect would not send the strict cookie, which the issuer's site began.
    expect(answer.text).toContain('http-equiv="refresh" content="0; url=/review"');
    expect(answer.headers.getSetCookie().join("\n")).toMatch(
      /__Host-empreinte-review=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=36000; Secure/,
    );
    expect((await ada.get("/review")).text).toContain("Account: ada");
    expect((await ada.get("/review/dashboard")).status).toBe(403);
    spoilt = { claims: { roles: "lead" } };
    await ada.get(await through(ada));
    expect((await ada.get("/review/dashboard")).status).toBe(200);
    expect(server.service.state.get("SELECT count(*) FROM person")).toEqual([1]);
  });

  test.for<[string, Spoilt]>([
    ["without a known role", { claims: { roles: ["cook"] } }],
    ["with another nonce", { claims: { nonce: "other" } }],
    ["for another client", { claims: { aud: "another" } }],
    ["after its time", { claims: { exp: 1000 } }],
    ["of another issuer", { claims: { iss: "https://example.org" } }],
    ["signed by a stranger", { key: other }],
  ])("lets nobody in by a token %s", async ([, given], ctx) => {
    needsLongRun(ctx);
    spoilt = given;
    const person = visitor(server);
    const answer = await person.get(await through(person));
    expect([401, 403]).toContain(answer.status);
    expect(person.cookies()).not.toContain("empreinte-review=");
    expect((await person.get("/review")).path).toBe("/review/sign-in");
  });

  test("cannot be used with the code or the state of somebody else, or twice, or late", async (ctx) => {
    needsLongRun(ctx);
    spoilt = {};
    server.pass(60_000);
    const [ada, eve] = [visitor(server), visitor(server)];
    const path = await through(ada);
    await through(eve);
    expect((await eve.get(path)).status).toBe(401);
    const own = await through(ada);
    expect((await ada.get(own)).status).toBe(200);
    expect((await ada.get(own)).status).toBe(401);
    expect((await visitor(server).get(await through(ada))).status).toBe(401);
    const late = await through(ada);
    server.pass(601_000);
    expect((await ada.get(late)).status).toBe(401);
  });

  test("is not reached by an address that tries too often", async (ctx) => {
    needsLongRun(ctx);
    const statuses = new Set<number>();
    for (let i = 0; i < 25; i++) statuses.add((await visitor(server).get("/review/oidc")).status);
    expect(statuses).toEqual(new Set([303, 429]));
  });
});
