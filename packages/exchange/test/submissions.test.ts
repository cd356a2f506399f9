/** What a hotline submits, and that a withdrawal takes it back by itself: the exchange's own truth decides. */
import type { BankStore } from "empreinte/bank";
import { beforeEach, describe, expect, test } from "vitest";
import { openClient } from "../src/clients/kinds.ts";
import { outboxOf } from "../src/outbox/outbox.ts";
import { sendOutbox, type SendResult } from "../src/outbox/send.ts";
import { collectRetractions, collectSubmissions } from "../src/outbox/submissions.ts";
import { type RunOutcome, runAll } from "../src/run/schedule.ts";
import { addSource } from "../src/run/sources.ts";
import { StopNciiSimulator } from "../src/simulators/stopncii.ts";
import { ThreatExchangeSimulator } from "../src/simulators/threat-exchange.ts";
import { after, from, hash, md5, newStore, type TestEnvironment, testEnvironment } from "./support.ts";

const own = { bank: from.bank, source: "own" };
let environment: TestEnvironment;
let store: BankStore;
const now = (): number => Math.floor(environment.time / 1000);
beforeEach(async () => {
  environment = Object.assign(testEnvironment(), { variables: { TOKEN: "app|secret", KEY: "key" } });
  store = await newStore();
});

const put = (id: string, i: number, digest = false): Promise<unknown> =>
  store.import(own, [
    {
      id,
      signals: [
        { type: "pdq", value: hash(i), quality: 90 },
        ...(digest ? [{ type: "md5" as const, value: md5(i) }] : []),
      ],
    },
  ]);
/** What `exchange run` does with all sources. */
async function run(): Promise<RunOutcome[]> {
  const outcomes: RunOutcome[] = [];
  await runAll(store, { environment, onRun: (_, outcome) => outcomes.push(outcome) });
  return outcomes;
}

describe("ThreatExchange", () => {
  let simulator: ThreatExchangeSimulator;
  const there = (): string[] => [...simulator.submitted.values()].map(({ indicator }) => indicator!).sort();
  beforeEach(async () => {
    simulator = new ThreatExchangeSimulator({ token: "app|secret", group: "123", now });
    const base = `${await simulator.listen()}/v21.0`;
    after(() => simulator.close());
    const secrets = { token: "env:TOKEN" };
    const options = { group: "123", tags: "ncii", "share-level": "RED" };
    addSource(store, { ...from, kind: "threatexchange", base, secrets, options });
  });
  /** What `exchange submit` does. */
  async function submit(dryRun = false): Promise<SendResult> {
    const [settings] = JSON.parse(`[${store.memos("exchange/source/")[0]!.text}]`) as [
      Parameters<typeof openClient>[0],
    ];
    const client = await openClient(settings, environment);
    after(() => client.close());
    collectSubmissions(store, own, from, environment);
    collectRetractions(store, from, environment);
    return sendOutbox(store, from, client, { environment, dryRun, only: ["submit", "retract"] });
  }

  test("has what was submitted, until it is withdrawn or erased", async () => {
    for (let i = 0; i < 6; i++) await put(`case-${i}`, i, i === 1);
    expect(await submit(true)).toMatchObject({ pending: 6, sent: 0 });
    expect(there()).toEqual([]);
    // A run sends nothing that was only shown.
    await run();
    expect(there()).toEqual([]);
    expect(await submit()).toMatchObject({ pending: 0, sent: 6 });
    expect(there()).toEqual([0, 1, 2, 3, 4, 5].map(hash).concat(md5(1)).sort());
    expect([...simulator.submitted.values()][0]).toMatchObject({
      type: "HASH_PDQ",
      privacy_type: "HAS_PRIVACY_GROUP",
      privacy_members: "123",
      share_level: "RED",
      tags: "ncii",
    });
    await store.withdraw({ ...own, entryId: "case-1" });
    await store.erase({ ...own, entryId: "case-2" });
    await store.import(own, [{ id: "case-3", status: "withdrawn" }]);
    expect((await submit(true)).items.map(({ what }) => what)).toEqual(["retract", "retract", "retract"]);
    expect(there()).toHaveLength(7);
    expect(await run()).toMatchObject([{ result: { complete: true } }]);
    expect(there()).toEqual([0, 4, 5].map(hash).sort());
    // And it stays so.
    await run();
    await submit();
    expect(there()).toEqual([0, 4, 5].map(hash).sort());
    expect(JSON.stringify(store.memos("")).includes(hash(0).slice(0, 16))).toBe(false);
  });

  test("keeps a hash that another entry of ours still has, and loses it with that one", async () => {
    await put("first", 1);
    await put("second", 1);
    await submit();
    expect(there()).toEqual([hash(1)]);
    await store.withdraw({ ...own, entryId: "first" });
    await run();
    expect(there()).toEqual([hash(1)]);
    await store.withdraw({ ...own, entryId: "second" });
    await run();
    expect(there()).toEqual([]);
  });

  test("has a hash again that is withdrawn and then added anew", async () => {
    await put("first", 1);
    await submit();
    await store.withdraw({ ...own, entryId: "first" });
    await put("again", 1);
    await submit();
    expect(there()).toEqual([hash(1)]);
    await run();
    expect(there()).toEqual([hash(1)]);
  });

  test("gets a retraction again after a fault, also while it cannot be fetched, and a lost answer harms nothing", async () => {
    await put("first", 1);
    await put("second", 2);
    await submit();
    await store.withdraw({ ...own, entryId: "first" });
    simulator.fault = ({ method }) => (method === "DELETE" ? "busy" : "login");
    expect(await run()).toMatchObject([{ code: "ERR_EMPREINTE_EXCHANGE_PAGE" }]);
    expect(outboxOf(store, from).filter(({ kind }) => kind === "retract")).toMatchObject([
      { state: "pending", tries: 1 },
    ]);
    expect(there()).toHaveLength(2);
    // The deletion is done, and nobody hears of it.
    let deleted = false;
    simulator.onRequest = ({ method, path }) => {
      if (method === "DELETE" && !deleted) deleted = simulator.submitted.delete(path.split("/").at(-1)!);
    };
    simulator.fault = ({ method }) => (method === "DELETE" ? undefined : "login");
    await run();
    expect(deleted).toBe(true);
    expect(there()).toEqual([hash(2)]);
    expect(outboxOf(store, from).filter(({ kind }) => kind === "retract")).toMatchObject([{ state: "sent" }]);
  });

  test("a submission without an answer is said where it can be taken back no longer", async () => {
    await put("first", 1);
    simulator.fault = ({ method }) => (method === "POST" ? "reset" : undefined);
    expect(await submit()).toMatchObject({ pending: 1, sent: 0 });
    await store.withdraw({ ...own, entryId: "first" });
    simulator.fault = () => undefined;
    await run();
    expect(outboxOf(store, from).filter(({ kind }) => kind === "retract")).toMatchObject([
      { state: "refused", reason: expect.stringContaining("may have been submitted") as string },
    ]);
  });

  test("a token that is refused leaves everything pending", async () => {
    await put("first", 1);
    Object.assign(environment.variables, { TOKEN: "app|other" });
    expect(await submit()).toMatchObject({ pending: 1 });
    Object.assign(environment.variables, { TOKEN: "app|secret" });
    expect(await submit()).toMatchObject({ sent: 1 });
    expect(there()).toEqual([hash(1)]);
  });
});

test("StopNCII takes nothing back from here, and the outbox says so", async () => {
  const simulator = new StopNciiSimulator({ functionsKey: "key", subscriptionKey: "key", now });
  const base = `${await simulator.listen()}/v1`;
  after(() => simulator.close());
  const secrets = { "functions-key": "env:KEY", "subscription-key": "env:KEY", "submit-key": "env:KEY" };
  const settings = addSource(store, { ...from, kind: "stopncii", base, secrets, options: {} });
  await put("first", 1);
  collectSubmissions(store, own, from, environment);
  const client = await openClient(settings, environment);
  after(() => client.close());
  await sendOutbox(store, from, client, { environment });
  expect(simulator.submitted).toHaveLength(1);
  await store.withdraw({ ...own, entryId: "first" });
  await run();
  const retractions = outboxOf(store, from).filter(({ kind }) => kind === "retract");
  expect(retractions).toMatchObject([
    { state: "refused", reason: "StopNCII takes nothing back from here; tell it in another way" },
  ]);
});
