import type { BankStore } from "empreinte/bank";
import { beforeEach, describe, expect, test } from "vitest";
import { StopNcii } from "../src/clients/stopncii.ts";
import { HttpClient } from "../src/http/http-client.ts";
import { runSource, type RunOptions, type RunResult } from "../src/run/run-source.ts";
import { addSource, removeSource } from "../src/run/sources.ts";
import { parseState } from "../src/run/state.ts";
import type { Fault } from "../src/simulators/simulator.ts";
import { StopNciiSimulator } from "../src/simulators/stopncii.ts";
import { after, code, from, hash, matching, newStore, type TestEnvironment, testEnvironment } from "./support.ts";

const keys = {
  functionsKey: "functions-secret",
  subscriptionKey: "subscription-secret",
};

let environment: TestEnvironment;
let simulator: StopNciiSimulator;
let base: string;
let store: BankStore;
let requests: URLSearchParams[];

beforeEach(async () => {
  environment = testEnvironment();
  requests = [];
  simulator = new StopNciiSimulator({
    ...keys,
    now: () => Math.floor(environment.time / 1000),
  });
  simulator.onRequest = ({ query }) => requests.push(query);
  base = `${await simulator.listen()}/v1`;
  after(() => simulator.close());
  store = await newStore();
});

function client(more: { functionsKey?: string; deadlineSeconds?: number } = {}): StopNcii {
  const { deadlineSeconds = 30, ...other } = more;
  const http = new HttpClient({ base, environment, deadlineSeconds });
  after(() => http.close());
  return new StopNcii({ http, environment, ...keys, pageSize: 10, ...other });
}

const run = (options: RunOptions = {}): Promise<RunResult> =>
  runSource(store, from, client(), { environment, ...options });
const pass = (seconds: number): unknown => (environment.time += 1000 * seconds);
const put = (first: number, last: number, change = {}): void => {
  for (let i = first; i <= last; i++) simulator.put(hash(i), change);
};
/** The values that the exchange calls active. */
const truth = (): string[] =>
  [...simulator.records.values()]
    .filter(({ record }) => record.hashStatus === "Active" && Object.values(record.caseNumbers).includes("Active"))
    .map(({ record }) => record.hashValue)
    .sort();
/** The faults of the next requests, in order. */
function failing(...next: (Fault | undefined)[]): void {
  simulator.fault = () => next.shift();
}

test("all pages are taken, and the next run continues from the last page's checkpoint", async () => {
  const now = environment.time / 1000;
  for (let i = 0; i <= 24; i++) put(i, i, { lastModtimestamp: now - 100 + i });
  const { status, complete } = await run();
  expect(complete).toBe(true);
  expect(status).toMatchObject({ pages: 3, added: 25 });
  expect(matching(store)).toEqual(truth());
  pass(60);
  put(25, 26);
  await run();
  expect(matching(store)).toEqual(truth());
  // The tokens belong to one fetch: the second begins with the checkpoint alone.
  expect(requests.map((query) => query.has("nextPageToken"))).toEqual([false, true, true, false]);
  expect(requests[3]!.get("startTimestamp")).toBe(String(now - 76));
});

test("a fetch that stops after a page resumes with its token, and never keeps that page's timestamp", async () => {
  put(0, 24);
  const stop = new AbortController();
  const { complete } = await run({
    stop: stop.signal,
    onPage: () => stop.abort(),
  });
  expect(complete).toBe(false);
  expect(parseState(store.importCursor(from)).checkpoint).toBe("10");
  put(30, 31);
  await run();
  expect(matching(store)).toEqual(truth());
  expect(requests).toHaveLength(3);
  expect(requests.every((query) => query.get("startTimestamp") === "10")).toBe(true);
});

test("a token whose life has ended is dropped, and nothing is lost", async () => {
  put(0, 24);
  const stop = new AbortController();
  await run({ stop: stop.signal, onPage: () => stop.abort() });
  pass(2 * 3600);
  const { status } = await run();
  expect(status.notes["expired"]).toMatchObject({ count: 1 });
  expect(requests[1]!.has("nextPageToken")).toBe(false);
  expect(matching(store)).toEqual(truth());
});

test("a token that the exchange refuses is dropped, and nothing is lost", async () => {
  put(0, 24);
  failing(undefined, "expired");
  const { status } = await run();
  expect(status.notes["expired"]).toMatchObject({ count: 1 });
  expect(matching(store)).toEqual(truth());
});

describe("withdrawals", () => {
  test.each(["Withdrawn", "Deleted"])(
    "%s holds with its page, and the time that it took is kept",
    async (hashStatus) => {
      put(0, 2);
      await run();
      pass(10);
      simulator.put(hash(1), { hashStatus });
      pass(20);
      const { status } = await run();
      expect(matching(store)).toEqual([hash(0), hash(2)].sort());
      expect(await store.search(hash(1))).toEqual([]);
      expect(status.withdrawalDelay).toEqual({
        count: 1,
        sum: 20_000,
        longest: 20_000,
      });
    },
  );

  test("Active, withdrawn, active again: the newest record holds", async () => {
    put(0, 0);
    await run();
    pass(10);
    put(0, 0, { hashStatus: "Withdrawn" });
    await run();
    expect(matching(store)).toEqual([]);
    pass(10);
    put(0, 0, { hashStatus: "Active" });
    await run();
    expect(matching(store)).toEqual([hash(0)]);
  });

  test("one of two cases withdrawn leaves the hash, both end it", async () => {
    put(0, 0, { caseNumbers: { a: "Active", b: "Withdrawn" } });
    await run();
    expect(matching(store)).toEqual([hash(0)]);
    pass(10);
    put(0, 0, { caseNumbers: { a: "Withdrawn", b: "Withdrawn" } });
    await run();
    expect(matching(store)).toEqual([]);
  });

  test("an unknown status is kept, does not match, and is reported without its hash", async () => {
    put(0, 1);
    await run();
    pass(10);
    put(1, 2, { hashStatus: "OnHold" });
    const { status } = await run();
    expect(matching(store)).toEqual([hash(0)]);
    expect(store.quarantined()).toHaveLength(2);
    expect(status.notes["unknown-status"]).toMatchObject({ count: 2 });
    expect(JSON.stringify(store.memos(""))).not.toContain(hash(1).slice(0, 16));
  });

  test("a type that cannot be matched is reported", async () => {
    put(0, 0);
    simulator.put("abc", { signalType: "VideoTMK" });
    const { status } = await run();
    expect(matching(store)).toEqual([hash(0)]);
    expect(status.notes["unknown-type"]).toMatchObject({
      count: 1,
      reason: expect.stringContaining("VideoTMK"),
    });
  });
});

test("hashes that would match unrelated images, or are none, do not harm the rest", async () => {
  put(0, 1);
  simulator.put("0".repeat(64));
  simulator.put(hash(5).slice(0, 62));
  const { status } = await run();
  expect(matching(store)).toEqual([hash(0), hash(1)].sort());
  expect(status.notes["bad-hash"]).toMatchObject({ count: 1 });
  expect(store.quarantined()).toHaveLength(1);
});

describe("a page that cannot be read", () => {
  test.each<Fault>(["truncated", "reset", "login", "other"])("%s is fetched again", async (fault) => {
    put(0, 24);
    failing(undefined, fault);
    await run();
    expect(matching(store)).toEqual(truth());
    expect(environment.pauses).toHaveLength(1);
  });

  test("stops its source loudly, and the next run continues at the same page", async () => {
    put(0, 24);
    failing(undefined, "truncated", "truncated", "truncated");
    await expect(run()).rejects.toMatchObject(code("EXCHANGE_PAGE"));
    expect(matching(store)).toHaveLength(10);
    const { status } = await run();
    expect(status.failure).toBeUndefined();
    expect(matching(store)).toEqual(truth());
    expect(status.added).toBe(25);
  });

  test("changes nothing of its own, although its beginning can be read", async () => {
    put(0, 4);
    failing("truncated", "truncated", "truncated");
    await expect(run()).rejects.toMatchObject(code("EXCHANGE_PAGE"));
    expect(matching(store)).toEqual([]);
  });

  test("a redirect to another host is refused, and the keys do not go there", async () => {
    simulator.fault = () => "redirect";
    await expect(run()).rejects.toMatchObject(code("EXCHANGE_UNAVAILABLE"));
    expect(requests).toHaveLength(3);
  });
});

describe("an exchange that is busy", () => {
  test("Retry-After is heard, and a storm of 429 ends in a clear failure", async () => {
    put(0, 0);
    failing("busy", "busy");
    await run();
    expect(environment.pauses).toEqual([1050, 1050]);
    failing(...Array.from({ length: 20 }, () => "busy" as const));
    await expect(run()).rejects.toMatchObject({
      ...code("EXCHANGE_UNAVAILABLE"),
      status: 429,
    });
  });

  test("pauses double after 503, with chance in them", async () => {
    failing("error", "error", "error");
    await run();
    expect(environment.pauses).toEqual([375, 750, 1500]);
  });

  test("a host that drips is ended by the deadline", async () => {
    put(0, 0);
    simulator.fault = () => "drip";
    const slow = runSource(store, from, client({ deadlineSeconds: 0.2 }), {
      environment,
    });
    await expect(slow).rejects.toMatchObject(code("EXCHANGE_UNAVAILABLE"));
  });
});

test("wrong keys are refused at once, and no error or memo has a key", async () => {
  const wrong = runSource(store, from, client({ functionsKey: "wrong-secret" }), { environment });
  const error = await wrong.then(
    () => undefined,
    (reason: unknown) => reason as Error,
  );
  expect(error).toMatchObject({
    code: "ERR_EMPREINTE_EXCHANGE_DENIED",
    status: 401,
  });
  expect(environment.pauses).toEqual([]);
  expect(`${error?.message} ${error?.stack} ${JSON.stringify(store.memos(""))}`).not.toContain("secret");
  expect(store.memos("exchange/status/")[0]!.text).toContain("ERR_EMPREINTE_EXCHANGE_DENIED");
});

test("a source that was away for too long is fetched whole: what is gone ends at the end, and nothing before", async () => {
  put(0, 24);
  await run();
  pass(40 * 24 * 3600);
  // The exchange has forgotten these, withdrawals and all.
  for (const i of [3, 17]) simulator.records.delete(`ImagePDQ ${hash(i)}`);
  put(30, 31);
  const during: number[] = [];
  const { status } = await run({
    onPage: () => during.push(matching(store).length),
  });
  expect(status.notes["stale"]).toMatchObject({ count: 1 });
  expect(during.slice(0, -1).every((count) => count >= 25)).toBe(true);
  expect(matching(store)).toEqual(truth());
});

test("a whole fetch that stops is continued, and ends nothing too early", async () => {
  put(0, 24);
  await run();
  simulator.records.delete(`ImagePDQ ${hash(3)}`);
  const stop = new AbortController();
  await run({ whole: true, stop: stop.signal, onPage: () => stop.abort() });
  expect(matching(store)).toHaveLength(25);
  const { status } = await run();
  expect(status.withdrawn).toBe(1);
  expect(matching(store)).toEqual(truth());
});

test.each(["expires", "is refused"])(
  "a whole fetch whose token %s begins anew, and forgets what it named",
  async (how) => {
    put(0, 24);
    await run();
    const stop = new AbortController();
    await run({ whole: true, stop: stop.signal, onPage: () => stop.abort() });
    // The first page named it. The exchange then withdrew it, and has forgotten that.
    simulator.records.delete(`ImagePDQ ${hash(3)}`);
    if (how === "expires") pass(40 * 24 * 3600);
    else failing("expired");
    const { status } = await run();
    expect(status.withdrawn).toBe(1);
    expect(matching(store)).toEqual(truth());
  },
);

test("a source that is removed in a whole fetch keeps nothing of that, and is fetched from the beginning when it is back", async () => {
  put(0, 24);
  const secrets = { "functions-key": "env:A", "subscription-key": "env:B" };
  addSource(store, { ...from, kind: "stopncii", base, secrets, options: {} });
  await run();
  const stop = new AbortController();
  await run({ whole: true, stop: stop.signal, onPage: () => stop.abort() });
  expect(await removeSource(store, from.bank, from.source)).toBe(true);
  expect(await removeSource(store, from.bank, from.source)).toBe(false);
  simulator.records.delete(`ImagePDQ ${hash(3)}`);
  const before = requests.length;
  await run();
  expect(requests.slice(before).filter((query) => !query.has("nextPageToken"))).toHaveLength(1);
  expect(matching(store)).toEqual(truth());
});

test("two runs never fetch one source at the same time", async () => {
  put(0, 24);
  let second: unknown;
  const onPage = (): void => {
    second ??= runSource(store, from, client(), { environment }).catch((error: unknown) => error);
  };
  await run({ onPage });
  expect(await second).toMatchObject(code("EXCHANGE_LOCKED"));
  expect(requests).toHaveLength(3);
});

test("a checkpoint in the future is replaced by now", async () => {
  put(0, 0, { lastModtimestamp: Math.floor(environment.time / 1000) + 10_000 });
  const { status } = await run();
  expect(status.notes["future"]).toMatchObject({ count: 1 });
  expect(parseState(store.importCursor(from)).checkpoint).toBe(String(Math.floor(environment.time / 1000)));
});

test("a cursor of another program is refused, and nothing is fetched", async () => {
  await store.import(from, [], { importCursor: "2026-01-01" });
  await expect(run()).rejects.toMatchObject(code("EXCHANGE_POSITION"));
  expect(requests).toHaveLength(0);
});
