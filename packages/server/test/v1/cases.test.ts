/** Cases of the example page: hashes in, a number out, and withdrawn by it and the code. */
import Libsql from "libsql";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import type { EntryInput } from "empreinte/bank";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { makeCase, makeCode } from "../support/cases.ts";
import { someHash } from "../support/hashes.ts";
import { DocumentedServer } from "../support/openapi.ts";
import { testServer, type TestServer } from "../support/server.ts";

let server: TestServer;
let documented: DocumentedServer;
let admin: string;
let site: string;

beforeEach(async () => {
  server = await testServer({ open: false });
  admin = server.key("admin");
  site = server.key("submit:own");
  documented = await DocumentedServer.of(server);
  for (const name of ["own", "other"]) {
    const bank = { name, purpose: "intimate images", policy: { action: "review" } };
    await server.call("/v1/banks", { json: bank, key: admin });
  }
});
afterEach(() => server.end());

const post = (path: string, json: unknown, key = site, headers: Record<string, string> = {}) =>
  documented.call(`/v1/banks/own/cases${path}`, { json, key, headers });

async function matches(hash: string): Promise<number> {
  const { body } = await server.call("/v1/check", { json: { queries: [{ hash }] }, key: admin });
  return (body as { decisions: { matches: unknown[] }[] }).decisions[0]!.matches.length;
}

const image = (seed: string) => ({ image: { hash: someHash(seed), quality: 90, decoder: "wasm" as const } });
const frames = ["f1", "f2"].map((seed, i) => ({ timestampSeconds: i, hash: someHash(seed), quality: 80 }));
const video = { video: { frames, duration: 2, decoder: "platform" as const } };
const numberOf = (body: unknown): string => (body as { case: string }).case;

test("no case for a long time makes nothing late", async () => {
  await post("", makeCase([image("a")], makeCode()));
  const entry: EntryInput = { id: "1", signals: [{ type: "pdq", value: someHash("b") }] };
  await server.service.store.import({ bank: "own", source: "exchange" }, [entry]);
  await setTimeout(20);
  const { sources } = server.service;
  expect(sources.list().map(({ source }) => source)).toEqual(["cases", "exchange"]);
  expect(sources.stale(1e-6).map(({ source }) => source)).toEqual(["exchange"]);
});

describe("a case of the page", () => {
  test("is listed, and withdrawn by its number and code, in any spelling and twice", async () => {
    const code = makeCode();
    const made = await post("", makeCase([image("a"), image("b"), video], code));
    expect(made).toMatchObject({ status: 201, body: { taken: 3, held: 0 } });
    const number = numberOf(made.body);
    expect(number).toMatch(/^[2-9A-HJ-NP-Z]{5}-[2-9A-HJ-NP-Z]{5}$/);
    expect(await matches(someHash("a"))).toBe(1);
    expect(await matches(someHash("f2"))).toBe(1);
    const { text } = await server.call("/v1/banks/own/entries", { key: admin });
    const labels = text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { cases: string[]; labels: unknown[] });
    expect(labels.map((entry) => [entry.cases, entry.labels])).toEqual([
      [[number], []],
      [[number], []],
      [[number], [{ scheme: "decoder", code: "platform" }]],
    ]);
    const spelled = { case: number.toLowerCase().replace("-", " "), code: code.toLowerCase().replaceAll("-", "") };
    expect(await post("/withdraw", spelled)).toMatchObject({ status: 200, body: {} });
    for (const seed of ["a", "b", "f1", "f2"]) expect(await matches(someHash(seed))).toBe(0);
    expect((await post("/withdraw", spelled)).status).toBe(200);
  });

  test("with crops finds parts of the image, until it is withdrawn", async () => {
    const code = makeCode();
    const crops = [{ hash: someHash("part"), quality: 85, name: "centre-10" }];
    const made = await post("", makeCase([{ image: { ...image("a").image, crops } }], code));
    expect(made).toMatchObject({ status: 201, body: { taken: 1, held: 0 } });
    expect([await matches(someHash("a")), await matches(someHash("part"))]).toEqual([1, 1]);
    await post("/withdraw", { case: numberOf(made.body), code });
    expect([await matches(someHash("a")), await matches(someHash("part"))]).toEqual([0, 0]);
  });

  test("stays with a wrong code, a number of another case, or in another bank, all with one answer", async () => {
    const [mine, theirs] = [makeCode(), makeCode()];
    const number = numberOf((await post("", makeCase([image("a")], mine))).body);
    const other = numberOf((await post("", makeCase([image("b")], theirs))).body);
    const refusals = [
      await post("/withdraw", { case: number, code: theirs }),
      await post("/withdraw", { case: other, code: mine }),
      await post("/withdraw", { case: "22222-22222", code: mine }),
      await post("/withdraw", { case: "", code: "" }),
      await documented.call("/v1/banks/other/cases/withdraw", { json: { case: number, code: mine }, key: admin }),
    ];
    expect(new Set(refusals.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
    expect(refusals[0]).toMatchObject({ status: 404, body: { code: "ERR_EMPREINTE_NOT_FOUND" } });
    expect(await matches(someHash("a"))).toBe(1);
    expect(await matches(someHash("b"))).toBe(1);
  });

  test("is not opened twice by a repeated call, and the code is nowhere", async () => {
    const code = makeCode();
    const file = makeCase([image("a")], code);
    const headers = { "idempotency-key": "once" };
    const first = await post("", file, site, headers);
    const second = await post("", file, site, headers);
    expect(numberOf(second.body)).toBe(numberOf(first.body));
    const database = new Libsql(join(server.data, "server.db"), { readonly: true });
    const rows = database.prepare("SELECT * FROM person_case").all();
    database.close();
    expect(rows).toHaveLength(1);
    await post("/withdraw", { case: numberOf(first.body), code });
    expect(server.log.join("")).not.toContain(code.slice(0, 11));
    expect(server.log.join("")).not.toContain(someHash("a").slice(0, 16));
  });

  test("whose hash would match other images is held back, and can be withdrawn", async () => {
    const code = makeCode();
    const zeros = { image: { hash: "0".repeat(64), quality: 90, decoder: "wasm" as const } };
    const made = await post("", makeCase([zeros, image("a")], code));
    expect(made.body).toMatchObject({ taken: 2, held: 1 });
    expect(await matches("0".repeat(64))).toBe(0);
    expect(await matches(someHash("a"))).toBe(1);
    expect((await post("/withdraw", { case: numberOf(made.body), code })).status).toBe(200);
    expect(await matches(someHash("a"))).toBe(0);
  });

  test("without a hash is refused, and nothing is kept", async () => {
    const answer = await post("", makeCase([], makeCode()));
    expect(answer).toMatchObject({ status: 422, body: { detail: "The case has no hash that can be listed" } });
    const database = new Libsql(join(server.data, "server.db"), { readonly: true });
    expect(database.prepare("SELECT * FROM person_case").all()).toEqual([]);
    database.close();
  });

  test.each([
    ["another format", { format: "case" }],
    ["a hash that is none", { images: [{ hash: "12", quality: 90, decoder: "wasm" }] }],
    ["a weak hash", { images: [{ hash: "1".repeat(64), quality: 49, decoder: "wasm" }] }],
    ["a digest that is none", { withdrawal: "code" }],
    ["a name of a file", { images: [{ ...image("a").image, name: "me.jpg" }] }],
    ["a video without frames", { videos: [{ decoder: "platform", duration: 1, frames: [] }] }],
  ])("with %s is refused", async (_, change) => {
    const file = { ...makeCase([image("a")], makeCode()), ...change };
    expect((await post("", file)).status).toBe(400);
    expect(await matches(someHash("a"))).toBe(0);
  });

  test("needs the scope for this very bank", async () => {
    const file = makeCase([image("a")], makeCode());
    for (const scope of ["submit:other", "add:own", "withdraw:own"])
      expect((await post("", file, server.key(scope))).status).toBe(403);
    expect((await documented.call("/v1/banks/none/cases", { json: file, key: admin })).status).toBe(404);
    // A key of the page's site may do nothing else.
    const hash = someHash("a");
    expect((await server.call("/v1/check", { json: { queries: [{ hash }] }, key: site })).status).toBe(403);
    expect((await server.call("/v1/withdrawals", { json: { case: "1" }, key: site })).status).toBe(403);
  });
});

test("a state of an earlier version gets what it lacks", async () => {
  await server.close();
  const database = new Libsql(join(server.data, "server.db"));
  database.exec("DROP TABLE person_case; PRAGMA user_version = 2;");
  database.close();
  const again = await testServer({ open: false, data: server.data });
  try {
    const file = makeCase([image("a")], makeCode());
    expect((await again.call("/v1/banks/own/cases", { json: file, key: site })).status).toBe(201);
  } finally {
    await again.close();
  }
});
