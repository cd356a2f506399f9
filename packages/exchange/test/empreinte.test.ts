/** An empreinte server as a source: a simulated one with its faults, and the real program. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { BankStore } from "empreinte/bank";
import { beforeEach, describe, expect, test } from "vitest";
import { openClient } from "../src/clients/kinds.ts";
import { systemEnvironment } from "../src/environment.ts";
import { runSource, type RunOptions, type RunResult } from "../src/run/run-source.ts";
import { EmpreinteSimulator } from "../src/simulators/empreinte.ts";
import type { Fault } from "../src/simulators/simulator.ts";
import {
  after,
  code,
  folder,
  from,
  hash,
  matching,
  newStore,
  type TestEnvironment,
  testEnvironment,
} from "./support.ts";

const key = "emp_0123456789_secret";
let environment: TestEnvironment;
let simulator: EmpreinteSimulator;
let base: string;
let store: BankStore;
beforeEach(async () => {
  environment = Object.assign(testEnvironment(), { variables: { KEY: key } });
  simulator = new EmpreinteSimulator({
    key,
    bank: "theirs",
    pageSize: 10,
    now: () => Math.floor(environment.time / 1000),
  });
  base = await simulator.listen();
  after(() => simulator.close());
  store = await newStore();
});

async function run(more: RunOptions = {}, options: Record<string, string> = { bank: "theirs" }): Promise<RunResult> {
  const client = await openClient({ kind: "empreinte", base, secrets: { key: "env:KEY" }, options }, environment);
  after(() => client.close());
  return runSource(store, from, client, { environment, ...more });
}
const pass = (seconds: number): unknown => (environment.time += 1000 * seconds);
const put = (first: number, last: number, status: "active" | "quarantined" | "withdrawn" = "active"): void => {
  for (let i = first; i <= last; i++) simulator.put(i, { value: hash(i), status });
};
const truth = (): string[] =>
  [...simulator.entries.values()].flatMap(({ status, value }) => (status === "active" ? [value] : [])).sort();

test("all entries, then what changed meanwhile, then what is new", async () => {
  put(1, 35);
  put(20, 22, "withdrawn");
  let pages = 0;
  const { complete, status } = await run({
    onPage: () => {
      // An entry of a page before ends, and one that no page had comes.
      if (++pages === 2) put(3, 3, "withdrawn");
      if (pages === 2) put(36, 36);
    },
  });
  expect(complete).toBe(true);
  expect(status).toMatchObject({ pages: 5, added: 33, withdrawn: 1 });
  expect(matching(store)).toEqual(truth());
  pass(600);
  put(5, 5, "withdrawn");
  put(6, 6, "quarantined");
  simulator.put(7, { value: hash(7000) });
  pass(90);
  const { status: second } = await run();
  expect(matching(store)).toEqual(truth());
  expect(second).toMatchObject({ pages: 6, withdrawn: 2, quarantined: 1 });
  expect(second.withdrawalDelay.longest).toBe(90_000);
});

test("a stopped fetch goes on where it was, and takes no entry twice", async () => {
  put(1, 35);
  const taken: string[] = [];
  simulator.onRequest = ({ query }) => taken.push(query.get("position") ?? "none");
  const stop = new AbortController();
  expect((await run({ stop: stop.signal, onPage: () => stop.abort() })).complete).toBe(false);
  pass(365 * 24 * 3600);
  const { status, complete } = await run();
  expect(complete).toBe(true);
  expect(status).toMatchObject({ added: 35, unchanged: 0 });
  expect(new Set(taken).size).toBe(taken.length);
  expect(matching(store)).toEqual(truth());
});

describe("a server that was restored from a backup", () => {
  test("is fetched whole: at every page what is still true matches, and the rest ends with the last page", async () => {
    put(1, 40);
    await run();
    const before = new Set(matching(store));
    pass(3600);
    // The backup lacks the newest entries, and numbers are given anew.
    simulator.restore(
      [...simulator.entries].filter(([number]) => number <= 30),
      "restored",
    );
    for (let i = 31; i <= 33; i++) simulator.put(i, { value: hash(1000 + i) });
    put(2, 2, "withdrawn");
    const kept = truth().filter((value) => before.has(value));
    const ended = [...before].filter((value) => !truth().includes(value));
    expect(kept).toHaveLength(29);
    let pages = 0;
    const { status } = await run({
      onPage: () => {
        pages++;
        const now = new Set(matching(store));
        expect(kept.filter((value) => !now.has(value))).toEqual([]);
        // 34 to 40 are not listed at all, and can only end with the whole list.
        const unlisted = ended.filter((value) => now.has(value));
        expect(unlisted.length).toBeGreaterThanOrEqual(pages < 4 ? 7 : 0);
      },
    });
    expect(pages).toBe(4);
    expect(status.notes["stale"]).toMatchObject({ count: 1 });
    expect(matching(store)).toEqual(truth());
  });

  test("has a number that ended before for another entry: that one matches", async () => {
    put(1, 5);
    await run();
    pass(60);
    put(5, 5, "withdrawn");
    await run();
    pass(60);
    simulator.restore(
      [...simulator.entries].filter(([number]) => number < 5),
      "restored",
    );
    simulator.put(5, { value: hash(5000) });
    await run();
    expect(matching(store)).toEqual(truth());
    expect(matching(store)).toContain(hash(5000));
  });

  test("and is empty ends nothing, also where the fetch was stopped in between", async () => {
    put(1, 5);
    await run();
    simulator.restore([], "empty");
    await expect(run()).rejects.toMatchObject(code("EXCHANGE_PAGE"));
    expect(matching(store)).toHaveLength(5);
    await expect(run()).rejects.toMatchObject(code("EXCHANGE_PAGE"));
    expect(matching(store)).toHaveLength(5);
    put(1, 2);
    await run();
    expect(matching(store)).toEqual(truth());
  });

  test("a whole fetch that stops after its entries completes later", async () => {
    put(1, 40);
    await run();
    simulator.restore(
      [...simulator.entries].filter(([number]) => number <= 20),
      "restored",
    );
    const stop = new AbortController();
    let pages = 0;
    // After two pages all entries were listed. One that comes then makes a third page, which has only that entry.
    const onPage = (): void => {
      if (++pages < 2) return put(50, 50);
      stop.abort();
    };
    expect((await run({ stop: stop.signal, onPage })).complete).toBe(false);
    expect(matching(store).length).toBeGreaterThan(truth().length);
    expect((await run()).complete).toBe(true);
    expect(matching(store)).toEqual(truth());
  });

  test("that refuses every position is a failure, not an endless fetch", async () => {
    put(1, 40);
    await run();
    let requests = 0;
    simulator.onRequest = () => simulator.restore([...simulator.entries], `another ${++requests}`);
    await expect(run()).rejects.toMatchObject(code("EXCHANGE_HISTORY"));
    expect(requests).toBeLessThan(10);
    expect(matching(store)).toHaveLength(40);
  });
});

test.each<[Fault, string]>([
  ["truncated", "EXCHANGE_PAGE"],
  ["login", "EXCHANGE_PAGE"],
  ["reset", "EXCHANGE_UNAVAILABLE"],
])("the fault %s stops the source loudly, and nothing is lost", async (fault, name) => {
  put(1, 25);
  let count = 0;
  simulator.fault = () => (++count > 1 ? fault : undefined);
  await expect(run()).rejects.toMatchObject(code(name));
  simulator.fault = () => undefined;
  await run();
  expect(matching(store)).toEqual(truth());
});

test("a wrong key, a bank that is not there, and a setting that lacks", async () => {
  put(1, 3);
  Object.assign(environment.variables, { KEY: "emp_wrong" });
  await expect(run()).rejects.toMatchObject(code("EXCHANGE_DENIED"));
  Object.assign(environment.variables, { KEY: key });
  await expect(run({}, { bank: "none" })).rejects.toMatchObject(code("EXCHANGE_STATUS"));
  await expect(run({}, {})).rejects.toMatchObject(code("INVALID_ARGUMENT"));
  expect(JSON.stringify(store.memos(""))).not.toContain("emp_");
});

describe("the real server", () => {
  const program = join(import.meta.dirname, "..", "..", "server", "dist", "main.js");

  /** Starts the server for the first time, and returns its address and the key that it prints. */
  async function start(data: string): Promise<{ url: string; admin: string }> {
    const server: ChildProcess = spawn(process.execPath, [program, "--data", data, "--listen", "127.0.0.1:0"], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    const exit = once(server, "exit");
    after(async () => {
      server.kill("SIGTERM");
      await exit;
    });
    let text = "";
    return new Promise((resolve, reject) => {
      for (const stream of [server.stdout!, server.stderr!]) {
        stream.setEncoding("utf8").on("data", (more: string) => {
          text += more;
          const url = /http:\/\/127\.0\.0\.1:\d+/.exec(text)?.[0];
          const admin = /emp_[\w-]+(?=\s)/.exec(text)?.[0];
          if (url !== undefined && admin !== undefined) resolve({ url, admin });
        });
      }
      server.once("exit", () => reject(new Error(`the server ended: ${text}`)));
    });
  }

  test("is followed: entries, changes and withdrawals, of one source or of all", async () => {
    const data = folder();
    const { url, admin } = await start(data);
    const send = async (path: string, body: object): Promise<string> => {
      const headers = { authorization: `Bearer ${admin}`, "content-type": "application/json" };
      const response = await fetch(`${url}/v1/${path}`, { method: "POST", headers, body: JSON.stringify(body) });
      const text = await response.text();
      expect([response.ok, text]).toEqual([true, text]);
      return text;
    };
    const add = (first: number, last: number, source = "hotline"): Promise<string> =>
      send(`banks/theirs/sources/${source}/entries`, {
        entries: Array.from({ length: last - first + 1 }, (_, i) => {
          return {
            id: `case ${first + i}`,
            signals: [{ type: "pdq", value: hash(first + i) }],
            labels: ["iwf:B"],
            cases: ["7"],
          };
        }),
      });
    const made = await send("keys", { label: "follower", scopes: ["share:theirs"] });
    const { key: share } = JSON.parse(made) as { key: string };
    await send("banks", { name: "theirs" });
    await add(1, 1100);
    await add(5000, 5010, "licensed");
    const environmentNow = { ...systemEnvironment, variables: { KEY: share } };
    const follow = async (options: Record<string, string>, to = from): Promise<RunResult> => {
      const settings = { kind: "empreinte" as const, base: url, secrets: { key: "env:KEY" }, options };
      const client = await openClient(settings, environmentNow);
      after(() => client.close());
      return runSource(store, to, client, { environment: environmentNow });
    };
    const ours = { bank: "theirs", source: "hotline" };
    const served = await BankStore.open(join(data, "store.bank"));
    after(() => served.close());
    await follow(ours);
    expect(matching(store)).toEqual(matching(served, ours));
    expect(store.entry({ ...from, entryId: "1" })).toMatchObject({
      labels: [{ scheme: "iwf", code: "B" }],
      cases: ["7"],
      signals: [{ type: "pdq", value: hash(1) }],
    });
    await send("withdrawals", { ...ours, entryId: "case 5" });
    await send("erasures", { ...ours, entryId: "case 6" });
    await add(2000, 2003);
    const { status } = await follow(ours);
    expect(status).toMatchObject({ added: 1104, withdrawn: 2 });
    expect(matching(store)).toEqual(matching(served, ours));
    // All of the bank, for another bank here.
    store.createBank({ name: "all" });
    const whole = { bank: "all", source: "server" };
    await follow({ bank: "theirs" }, whole);
    const licensed = { bank: "theirs", source: "licensed" };
    expect(matching(served, licensed)).toHaveLength(11);
    expect(matching(store, whole)).toEqual([...matching(served, ours), ...matching(served, licensed)].sort());
    expect(store.verify()).toEqual([]);
  });
});
