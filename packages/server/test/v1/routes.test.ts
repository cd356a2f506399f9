/** Every operation of /v1, each answer checked against the document. */
import SwaggerParser from "@apidevtools/swagger-parser";
import { afterAll, beforeAll, expect, test } from "vitest";
import { away, someHash } from "../support/hashes.ts";
import { photograph } from "../support/images.ts";
import { DocumentedServer } from "../support/openapi.ts";
import { form, testServer, type TestServer } from "../support/server.ts";

let server: TestServer;
let documented: DocumentedServer;
let admin: string;
let image: Buffer;

interface MatchBody {
  bank: string;
  entryId?: string;
  distance: number;
  kind: string;
}
interface DecisionBody {
  action: string;
  matches: MatchBody[];
  reasons: string[];
  revision: number;
}

beforeAll(async () => {
  image = await photograph(1);
  server = await testServer({ open: false, webhooks: true, fetchAllow: "127.0.0.1" });
  admin = server.key("admin");
  documented = await DocumentedServer.of(server);
});
afterAll(() => server.end());

const call: DocumentedServer["call"] = (path, options = {}) => documented.call(path, { key: admin, ...options });
const decisionOf = (body: unknown): DecisionBody => body as DecisionBody;
const firstDecision = (body: unknown): DecisionBody => (body as { decisions: DecisionBody[] }).decisions[0]!;
const hash = someHash("known");
const source = "/v1/banks/ncii/sources/hotline";

test("the document is valid OpenAPI 3.1", async () => {
  expect(documented.document.openapi).toBe("3.1.0");
  const copy = structuredClone(documented.document) as unknown as Parameters<typeof SwaggerParser.validate>[0];
  await expect(SwaggerParser.validate(copy)).resolves.toBeDefined();
});

test("a route that does not exist is a problem like any other error of /v1", async () => {
  const answer = await fetch(`${server.url}/v1/nothing`);
  expect(answer.status).toBe(404);
  expect(answer.headers.get("content-type")).toContain("application/problem+json");
  expect(await answer.json()).toMatchObject({ title: "Not found", code: "ERR_EMPREINTE_NOT_FOUND" });
});

test("a bank is made once, shown, listed, and gets another policy", async () => {
  const bank = { name: "ncii", purpose: "intimate images", policy: { action: "block" } };
  expect((await call("/v1/banks", { json: bank })).status).toBe(201);
  expect((await call("/v1/banks", { json: bank })).status).toBe(409);
  expect((await call("/v1/banks/ncii")).body).toMatchObject({ name: "ncii", policy: { action: "block", radius: 31 } });
  const policy = { action: "block", radius: 20 };
  expect((await call("/v1/banks/ncii/policy", { method: "PUT", json: policy })).body).toMatchObject({ policy });
  expect((await call("/v1/banks")).body).toMatchObject({ banks: [{ name: "ncii", policy }] });
  expect((await call("/v1/banks/none")).status).toBe(404);
});

test("entries are added, found by hash, and shown", async () => {
  const entries = [{ id: "1", signals: [{ type: "pdq", value: hash }], labels: ["iwf:A"], cases: ["c1"] }];
  const added = await call(`${source}/entries`, { json: { entries } });
  expect(added.body).toMatchObject({ counts: { added: 1 }, problems: [] });
  const found = firstDecision((await call("/v1/check", { json: { queries: [{ hash: away(hash, 9) }] } })).body);
  expect(found).toMatchObject({
    action: "block",
    matches: [{ bank: "ncii", entryId: "1", distance: 9, kind: "near" }],
  });
  const shown = await call("/v1/entries/1");
  expect(shown.body).toMatchObject({ entryNumber: 1, bank: "ncii", signals: [{ value: hash }], status: "active" });
  expect((await call("/v1/entries/99")).status).toBe(404);
});

test("a list file is imported as it comes, and what does not fit is named", async () => {
  const list = `${someHash("a")}\nno hash\n${someHash("b")}\n`;
  const answer = await call(`${source}/import?cursor=7`, { body: list, headers: { "content-type": "text/plain" } });
  expect(answer.body).toMatchObject({ counts: { added: 2 }, format: "plain", problems: [{ line: 2 }] });
  const { body } = await call("/v1/sources");
  expect(body).toMatchObject({ sources: [{ bank: "ncii", source: "hotline", active: 3, importCursor: "7" }] });
  const binary = { body: new Uint8Array(5000), headers: { "content-type": "application/octet-stream" } };
  expect((await call(`${source}/import`, binary)).status).toBe(422);
});

test("an image is decided about as a body and in a form, explained, and qualified", async () => {
  const { pdq } = (await server.call("/h/hash", { key: admin, body: form({ photo: image }) })).body as { pdq: string };
  await call(`${source}/entries`, { json: { entries: [{ id: "image", signals: [{ type: "pdq", value: pdq }] }] } });
  const raw = { body: new Uint8Array(image), headers: { "content-type": "image/png" } };
  const answered = await call("/v1/check?level=standard", raw);
  const decision = decisionOf(answered.body);
  expect(decision).toMatchObject({ action: "block", matches: [{ entryId: "image", distance: 0 }] });
  const inForm = decisionOf((await call("/v1/check", { body: form({ file: image }) })).body);
  expect(inForm.matches.map(({ entryId }) => entryId)).toEqual(["image"]);
  expect((await call("/v1/explain", { json: { decision } })).body).toMatchObject({ same: true, gone: [] });
  const qualified = await call("/v1/qualify", { json: { decision, labels: ["iwf:B"], by: "ada" } });
  expect(qualified.body).toMatchObject({ by: "ada", outcome: "new" });
  const again = await call("/v1/check", raw);
  expect(again.body).toMatchObject({ prequalification: { by: "ada", kind: "analyst" } });
});

test("what is no image is refused, and what does not fit is named", async () => {
  const answer = await call("/v1/check", { body: "no image", headers: { "content-type": "image/png" } });
  expect(answer).toMatchObject({ status: 415, body: { code: "ERR_EMPREINTE_UNSUPPORTED_FORMAT" } });
  const short = await call("/v1/check", { json: { queries: [{ hash: "abc" }] } });
  expect(short).toMatchObject({ status: 400, body: { detail: expect.stringContaining("/queries/0/hash") as string } });
  expect((await call("/v1/check", { json: { queries: [{}] } })).status).toBe(400);
  expect((await call("/v1/check", { body: "{", headers: { "content-type": "application/json" } })).status).toBe(400);
  expect((await call("/v1/check?level=all", { json: { queries: [{ hash }] } })).status).toBe(400);
});

test("an entry is paused, and its pause ends", async () => {
  const matches = async (): Promise<number> =>
    firstDecision((await call("/v1/check", { json: { queries: [{ hash }] } })).body).matches.length;
  expect((await call("/v1/pauses", { json: { entryNumber: 1, until: "2999-01-01T00:00:00Z" } })).body).toMatchObject({
    done: true,
  });
  expect(await matches()).toBe(0);
  await call("/v1/pauses", { json: { entryNumber: 1, until: null } });
  expect(await matches()).toBe(1);
  expect((await call("/v1/releases", { json: { entryNumber: 1 } })).body).toMatchObject({ done: false });
});

test("a withdrawal answers when nothing finds the entry, and can be lifted", async () => {
  const name = { bank: "ncii", source: "hotline", entryId: "1" };
  expect((await call("/v1/withdrawals", { json: name })).body).toMatchObject({ entries: 1, signals: 1 });
  expect(firstDecision((await call("/v1/check", { json: { queries: [{ hash }] } })).body).matches).toEqual([]);
  expect((await call("/v1/lifts", { json: name })).body).toMatchObject({ done: true });
  expect((await call("/v1/erasures", { json: { hash: someHash("a") } })).body).toMatchObject({ entries: 1 });
  expect((await call("/v1/withdrawals", { json: { source: "hotline" } })).status).toBe(400);
  expect((await call("/v1/withdrawals", { json: { entryNumber: 999 } })).status).toBe(404);
});

test("the changes say what ended, and the audit log who did it", async () => {
  const { body } = await call("/v1/changes?since=0&limit=1000");
  const { changes, next, revision } = body as { changes: { kind: string }[]; next: number; revision: number };
  expect(changes.map(({ kind }) => kind)).toEqual(expect.arrayContaining(["withdrawn", "erased"]));
  expect(next).toBe(revision);
  expect((await call(`/v1/changes?since=${revision}`)).body).toMatchObject({ changes: [], next: revision });
  const { records } = (await call("/v1/audit?after=0&limit=5")).body as { records: { who: string; what: string }[] };
  expect(records).toHaveLength(5);
  expect(records[0]).toMatchObject({ what: "create", who: expect.stringMatching(/^key [0-9a-f]{10}$/) as string });
});

test("the entries of a bank are streamed, and the audit log knows", async () => {
  const { text } = await call("/v1/banks/ncii/entries?status=active");
  const entries = text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { entryId: string; bank: string });
  expect(entries.every(({ bank }) => bank === "ncii")).toBe(true);
  const { records } = (await call("/v1/audit?limit=10000")).body as { records: { what: string }[] };
  expect(records.at(-1)?.what).toBe("export");
});

test("the feed of a bank is as documented, page by page", async () => {
  let position = "";
  for (let page = 0; page < 20; page++) {
    const { body } = await call(`/v1/banks/ncii/feed?limit=1${position && `&position=${position}`}`);
    const { more, position: next } = body as { more: boolean; position: string };
    position = next;
    if (!more) break;
  }
  expect((await call(`/v1/banks/ncii/feed?position=${position}`)).body).toMatchObject({ entries: [], position });
  expect((await call("/v1/banks/ncii/feed?position=7")).status).toBe(400);
  expect((await call("/v1/banks/none/feed")).status).toBe(404);
});

test("keys are made, listed, rotated and revoked", async () => {
  const made = await call("/v1/keys", { json: { label: "partner", scopes: ["match:ncii"] } });
  const { key, info } = made.body as { key: string; info: { id: string } };
  expect((await call("/v1/banks", { key })).status).toBe(200);
  const rotated = await call(`/v1/keys/${info.id}/rotation`, { json: { overlapSeconds: 0 } });
  const next = (rotated.body as { key: string }).key;
  expect((await call("/v1/banks", { key })).status).toBe(401);
  expect((await call("/v1/banks", { key: next })).status).toBe(200);
  await call(`/v1/keys/${next.split("_")[1]}`, { method: "DELETE" });
  expect((await call("/v1/banks", { key: next })).status).toBe(401);
  const listed = await call("/v1/keys");
  expect(listed.text).not.toContain(next.split("_").slice(2).join("_"));
  expect((await call("/v1/keys", { json: { label: "x", scopes: ["write"] } })).status).toBe(400);
  expect((await call("/v1/access")).body).toMatchObject({ denied: [{ reason: expect.any(String) as string }, {}] });
});

test("receivers of webhooks are registered and removed", async () => {
  const made = await call("/v1/webhooks", { json: { url: "https://hooks.example.org/a", events: ["match.block"] } });
  const { webhook, secret } = made.body as { webhook: { id: string }; secret: string };
  expect(secret).toMatch(/^whsec_/);
  expect((await call("/v1/webhooks")).body).toMatchObject({ webhooks: [webhook] });
  expect((await call(`/v1/webhooks/${webhook.id}/retry`, { method: "POST" })).body).toMatchObject({ done: false });
  expect((await call(`/v1/webhooks/${webhook.id}`, { method: "DELETE" })).status).toBe(200);
  expect((await call(`/v1/webhooks/${webhook.id}`, { method: "DELETE" })).status).toBe(404);
});

test("the status and a deleted bank", async () => {
  expect((await call("/v1/status")).body).toMatchObject({ ready: true, sources: [{ bank: "ncii" }] });
  expect((await call("/v1/banks/ncii", { method: "DELETE" })).body).toMatchObject({ done: true });
  expect((await call("/v1/banks/ncii")).status).toBe(404);
  expect((await call("/v1/status")).body).toMatchObject({ signals: 0, sources: [] });
});

test("every operation of the document was called", () => {
  const without = documented.operations.filter((operation) => !documented.called.has(operation));
  // The backup and cases have tests of their own.
  const others = ["POST /v1/banks/{bank}/cases", "POST /v1/banks/{bank}/cases/withdraw", "GET /v1/backup"];
  expect(without).toEqual(others);
});
