/** How old the sources are, as the program that fetches them says: in /v1/sources, /readyz, /metrics and webhooks. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { someHash } from "../support/hashes.ts";
import { testServer, type TestServer } from "../support/server.ts";

let server: TestServer;
let now = Date.UTC(2100, 0, 1);
beforeEach(async () => {
  server = await testServer({ webhooks: true }, { now: () => now });
  server.service.store.createBank({ name: "ncii" });
});
afterEach(() => server.end());

const hour = 3_600_000;

test("a fetch that found nothing new makes a source young again, and one that stopped makes it stale", async () => {
  const { service } = server;
  const { store } = service;
  const from = { bank: "ncii", source: "exchange" };
  await store.import(from, [{ id: "1", signals: [{ type: "pdq", value: someHash("a") }] }]);
  const { revision } = store;
  store.reportSource(from, { currentAt: now - 60_000, staleAfterSeconds: 2700 });
  store.reportSource({ ...from, source: "new" }, { staleAfterSeconds: 2700, stopped: "a page was cut off" });
  const shown = async (): Promise<object> => {
    const { body } = await server.call("/v1/sources");
    return (body as { sources: object[] }).sources[0]!;
  };
  const ready = async (): Promise<unknown> => (await server.call("/readyz")).body;
  const metrics = async (): Promise<string[]> => {
    const { text } = await server.call("/metrics");
    return text.split("\n").filter((line) => line.startsWith("empreinte_source_"));
  };
  expect(await shown()).toMatchObject({ source: "exchange", ageSeconds: 60, stale: false });
  expect(await metrics()).toEqual([
    'empreinte_source_age_seconds{source="ncii/exchange"} 60',
    'empreinte_source_stale{source="ncii/exchange"} 0',
    'empreinte_source_stale{source="ncii/new"} 1',
  ]);
  // Nobody says anything for an hour: it is stale by its age.
  now += hour;
  expect(await shown()).toMatchObject({ ageSeconds: 3660, stale: true });
  // What a source's program says makes the service no less ready: searches go on.
  expect(await ready()).toMatchObject({ ready: true, sources: [{ source: "exchange", stale: true }] });
  store.reportSource(from, { currentAt: now, staleAfterSeconds: 2700, stopped: "the token was refused" });
  expect(await shown()).toMatchObject({ ageSeconds: 0, stale: true, stopped: "the token was refused" });
  service.outbox.create("https://hooks.example.org/", ["source.stale"]);
  const events = (): number => service.state.get<[number]>("SELECT count(*) FROM outbox")![0];
  service.reportStale();
  service.reportStale();
  expect(events()).toBe(1);
  store.reportSource(from, { currentAt: now, staleAfterSeconds: 2700 });
  expect(await shown()).toMatchObject({ ageSeconds: 0, stale: false });
  store.recordAct("skip", { by: "ada" });
  expect(store.revision).toBe(revision);
});
