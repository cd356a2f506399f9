/** Repeated calls: which answers are kept, for whom, and for how long. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Fastify, { type FastifyInstance } from "fastify";
import { afterAll, beforeEach, expect, test } from "vitest";
import { State } from "../../dist/core/state.js";
import { Idempotency, idempotencyHooks } from "../../dist/v1/idempotency.js";

const folder = mkdtempSync(join(tmpdir(), "empreinte-idempotency-"));
const hour = 3_600_000;
let now = Date.now();
const state = State.open(join(folder, "server.db"));
const kept = new Idempotency({ state, now: () => now } as ConstructorParameters<typeof Idempotency>[0]);
afterAll(() => {
  state.close();
  rmSync(folder, { recursive: true });
});

/** The statuses that the route answers next, and how often it was called. */
let statuses: number[] = [];
let calls = 0;
beforeEach(() => {
  state.run("DELETE FROM idempotency");
  statuses = [];
  calls = 0;
});

function makeApp(): FastifyInstance {
  const app = Fastify();
  app.decorateRequest("principal");
  app.addHook("onRequest", async (request) => {
    request.principal = { name: String(request.headers["x-caller"]) } as typeof request.principal;
  });
  idempotencyHooks(app, kept);
  app.post("/change", { config: { idempotent: true } }, async (_request, reply) => {
    calls++;
    return reply.code(statuses.shift() ?? 200).send({ call: calls });
  });
  return app;
}
const app = makeApp();
afterAll(() => app.close());

async function change(caller = "ada"): Promise<[status: number, replayed: boolean]> {
  const headers = { "idempotency-key": "once", "x-caller": caller };
  const answer = await app.inject({ method: "POST", url: "/change", headers, payload: { a: 1 } });
  return [answer.statusCode, answer.headers["idempotency-replayed"] === "true"];
}

test("one caller's key is not another's", async () => {
  expect(await change("ada")).toEqual([200, false]);
  expect(await change("ben")).toEqual([200, false]);
  expect([await change("ada"), await change("ben")]).toEqual([
    [200, true],
    [200, true],
  ]);
  expect(calls).toBe(2);
});

test("an answer is kept for a day, and no longer", async () => {
  await change();
  now += 24 * hour;
  expect(await change()).toEqual([200, true]);
  now += 1;
  expect(await change()).toEqual([200, false]);
});

test("what the caller did wrong is kept; a fault, and a call too many, are tried again", async () => {
  for (const status of [429, 503, 500]) {
    statuses = [status];
    expect(await change()).toEqual([status, false]);
  }
  statuses = [404];
  expect(await change()).toEqual([404, false]);
  expect(await change()).toEqual([404, true]);
  expect(calls).toBe(4);
});

test("a call that still runs is not run twice, until its process must have been killed", async () => {
  const key = "running";
  const digest = Buffer.from("request");
  expect(kept.begin("ada", key, digest)).toBeUndefined();
  now += hour;
  expect(() => kept.begin("ada", key, digest)).toThrow(/is still running/);
  now += 1;
  expect(kept.begin("ada", key, digest)).toBeUndefined();
  expect(() => kept.begin("ada", key, digest)).toThrow(/is still running/);
});
