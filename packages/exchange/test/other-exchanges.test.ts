/** ThreatExchange, Tech Against Terrorism, and lists in folders and at addresses. */
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { BankStore } from "empreinte/bank";
import { beforeEach, describe, expect, test } from "vitest";
import { openClient, type SourceKind } from "../src/clients/kinds.ts";
import { runSource, type RunOptions, type RunResult } from "../src/run/run-source.ts";
import type { SimulatedRequest } from "../src/simulators/simulator.ts";
import { TechAgainstTerrorismSimulator } from "../src/simulators/tech-against-terrorism.ts";
import { ThreatExchangeSimulator } from "../src/simulators/threat-exchange.ts";
import {
  after,
  code,
  folder,
  from,
  hash,
  matching,
  md5,
  newStore,
  type TestEnvironment,
  testEnvironment,
} from "./support.ts";

let environment: TestEnvironment;
let store: BankStore;
const now = (): number => Math.floor(environment.time / 1000);
const pass = (seconds: number): unknown => (environment.time += 1000 * seconds);
const variables = { TOKEN: "app|secret", USER: "user", PASSWORD: "password" };

beforeEach(async () => {
  environment = { ...testEnvironment(), variables } as TestEnvironment;
  Object.assign(environment, { now: () => environment.time });
  store = await newStore();
});

interface Given {
  kind: SourceKind;
  base: string;
  secrets?: Record<string, string>;
  options?: Record<string, string>;
}
async function run({ kind, base, secrets = {}, options = {} }: Given, more: RunOptions = {}): Promise<RunResult> {
  const client = await openClient({ kind, base, secrets, options }, environment);
  after(() => client.close());
  return runSource(store, from, client, { environment, ...more });
}

describe("ThreatExchange", () => {
  let simulator: ThreatExchangeSimulator;
  let requests: SimulatedRequest[];
  let given: Given;
  beforeEach(async () => {
    simulator = new ThreatExchangeSimulator({
      token: "app|secret",
      group: "123",
      now,
    });
    requests = [];
    simulator.onRequest = (request) => requests.push(request);
    const base = `${await simulator.listen()}/v21.0`;
    after(() => simulator.close());
    given = {
      kind: "threatexchange",
      base,
      secrets: { token: "env:TOKEN" },
      options: { group: "123" },
    };
  });
  const truth = (): string[] =>
    [...simulator.updates.values()].flatMap(({ deleted, indicator }) => (deleted ? [] : [indicator])).sort();

  test("pages by cursor, deletions, and the next fetch from the newest second", async () => {
    for (let i = 0; i < 1203; i++)
      simulator.put(String(i), {
        indicator: hash(i),
        updated: now() - 2000 + i,
      });
    expect((await run(given)).status).toMatchObject({ pages: 3, added: 1203 });
    expect(matching(store)).toEqual(truth());
    pass(60);
    simulator.put("7", { deleted: true });
    simulator.put("2000", { indicator: hash(2000) });
    await run(given);
    expect(matching(store)).toEqual(truth());
    expect(requests.map(({ query }) => query.get("start_time"))).toEqual([null, null, null, String(now() - 60 - 798)]);
  });

  test("the token is in a header and in no address, cursor or memo", async () => {
    for (let i = 0; i < 600; i++) simulator.put(String(i), { indicator: hash(i) });
    const stop = new AbortController();
    await run(given, { stop: stop.signal, onPage: () => stop.abort() });
    const written = `${store.importCursor(from)} ${JSON.stringify(store.memos(""))}`;
    expect(written).not.toContain("secret");
    expect(requests.every(({ query }) => !query.has("access_token"))).toBe(true);
    expect(requests[0]!.headers.authorization).toBe("Bearer app|secret");
  });

  test("a deletion that the exchange has forgotten ends with the whole list", async () => {
    for (let i = 0; i < 5; i++) simulator.put(String(i), { indicator: hash(i) });
    await run(given);
    pass(3600);
    simulator.put("3", { deleted: true });
    pass(91 * 24 * 3600);
    const { status } = await run(given);
    expect(status.notes["stale"]).toMatchObject({ count: 1 });
    expect(matching(store)).toEqual(truth());
  });

  test("a page of another exchange is no end of the list, so that nothing ends with it", async () => {
    for (let i = 0; i < 1203; i++) simulator.put(String(i), { indicator: hash(i) });
    await run(given);
    simulator.fault = ({ query }) => (query.has("after") ? "other" : undefined);
    await expect(run(given, { whole: true })).rejects.toMatchObject(code("EXCHANGE_PAGE"));
    expect(matching(store)).toEqual(truth());
    simulator.fault = () => undefined;
    expect(await run(given)).toMatchObject({ complete: true, status: { withdrawn: 0 } });
  });

  test("a wrong token is an error without it", async () => {
    environment.variables = { TOKEN: "app|wrong-secret" };
    const error = await run(given).catch((reason: unknown) => reason as Error);
    expect(error).toMatchObject({
      code: "ERR_EMPREINTE_EXCHANGE_STATUS",
      status: 400,
    });
    expect(String(error)).not.toContain("secret");
  });
});

describe("Tech Against Terrorism", () => {
  const secrets = { user: "env:USER", password: "env:PASSWORD" };
  async function simulated(tokenUses?: number): Promise<{ simulator: TechAgainstTerrorismSimulator; given: Given }> {
    const more = tokenUses === undefined ? {} : { tokenUses };
    const simulator = new TechAgainstTerrorismSimulator({
      user: "user",
      password: "password",
      now,
      ...more,
    });
    const base = await simulator.listen();
    after(() => simulator.close());
    return {
      simulator,
      given: { kind: "tech-against-terrorism", base, secrets },
    };
  }
  const fill = (simulator: TechAgainstTerrorismSimulator): void => {
    for (let i = 1; i <= 2500; i++) {
      if (i % 10 === 0)
        simulator.put(i, {
          algorithm: "MD5",
          hash_digest: md5(i),
          file_type: "mp4",
        });
      else simulator.put(i, { hash_digest: hash(i) });
    }
  };
  const truth = ({ items }: TechAgainstTerrorismSimulator): string[] =>
    [...items.values()].flatMap(({ deleted, hash_digest: digest }) => (deleted ? [] : [digest])).sort();

  test("one login serves all pages, and deletions arrive", async () => {
    const { simulator, given } = await simulated();
    fill(simulator);
    expect((await run(given)).status).toMatchObject({ pages: 3, added: 2500 });
    expect(simulator.logins).toBe(1);
    pass(60);
    for (const i of [7, 20]) simulator.put(i, { deleted: true });
    await run(given);
    expect(matching(store)).toEqual(truth(simulator));
  });

  test("an item that changes between two pages makes the fetch pass over no other", async () => {
    const { simulator, given } = await simulated();
    fill(simulator);
    let pages = 0;
    simulator.onRecords = () => {
      if (++pages === 1) for (const i of [3, 4]) simulator.put(i, { updated: now() + 1 });
    };
    await run(given);
    expect(matching(store)).toEqual(truth(simulator));
  });

  test("a page of another exchange stops the source", async () => {
    const { simulator, given } = await simulated();
    fill(simulator);
    simulator.fault = ({ query }) => (query.has("after") ? "other" : undefined);
    await expect(run(given)).rejects.toMatchObject(code("EXCHANGE_PAGE"));
  });

  test("a token that is refused in the middle is made anew, once for each page at most", async () => {
    const { simulator, given } = await simulated(2);
    fill(simulator);
    await run(given);
    expect(matching(store)).toEqual(truth(simulator));
    expect(simulator.logins).toBe(2);
  });
});

describe("a folder of lists", () => {
  let path: string;
  let given: Given;
  beforeEach(() => {
    path = folder();
    given = { kind: "lists", base: path };
  });
  const write = (name: string, values: number[]): void =>
    writeFileSync(join(path, name), values.map((i) => `${hash(i)}\n`).join(""));

  test("is all that its source has: files that change, come and go", async () => {
    write("a.txt", [1, 2, 3]);
    write("b.txt", [4]);
    expect((await run(given)).status).toMatchObject({ pages: 2, added: 4 });
    write("a.txt", [1, 3, 5]);
    rmSync(join(path, "b.txt"));
    write("c.txt", [6]);
    await run(given);
    expect(matching(store)).toEqual([1, 3, 5, 6].map(hash).sort());
    // What was gone may come back, without any time.
    write("b.txt", [2, 4]);
    await run(given);
    expect(matching(store)).toEqual([1, 2, 3, 4, 5, 6].map(hash).sort());
  });

  test("is not read again where nothing has changed", async () => {
    write("a.txt", [1, 2]);
    await run(given);
    const { revision } = store;
    const { status } = await run(given);
    expect(status).toMatchObject({ added: 2, unchanged: 0, withdrawn: 0 });
    expect(store.revision).toBe(revision);
  });

  test("is read from its beginning after half a day, and has only what is there then", async () => {
    write("a.txt", [1]);
    write("b.txt", [2]);
    const stop = new AbortController();
    await run(given, { stop: stop.signal, onPage: () => stop.abort() });
    rmSync(join(path, "a.txt"));
    pass(13 * 3600);
    await run(given);
    expect(matching(store)).toEqual([hash(2)]);
  });

  test("without any file ends nothing, and says so", async () => {
    write("a.txt", [1, 2]);
    await run(given);
    rmSync(join(path, "a.txt"));
    await expect(run(given)).rejects.toMatchObject(code("EXCHANGE_PAGE"));
    expect(matching(store)).toHaveLength(2);
  });

  test("a file that cannot be read stops the source and ends nothing", async () => {
    write("a.txt", [1, 2]);
    write("b.txt", [3]);
    await run(given);
    writeFileSync(join(path, "a.txt"), '{"hashRecords":[{"signalType":"ImagePDQ","hash');
    await expect(run(given)).rejects.toMatchObject(code("EXCHANGE_PAGE"));
    expect(matching(store)).toHaveLength(3);
  });
});

describe("a folder of lists with something else in it", () => {
  test("reads files behind links, names folders, and ends nothing where it cannot read", async () => {
    const [path, elsewhere] = [folder(), folder()];
    const given: Given = { kind: "lists", base: path };
    writeFileSync(join(elsewhere, "b.txt"), `${hash(2)}\n`);
    writeFileSync(join(path, "a.txt"), `${hash(1)}\n`);
    symlinkSync(join(elsewhere, "b.txt"), join(path, "b.txt"));
    mkdirSync(join(path, "older"));
    const { status } = await run(given);
    expect(status).toMatchObject({ pages: 2, added: 2 });
    expect(JSON.stringify(status)).toContain('the folder \\"older\\" in it was not read');
    rmSync(join(path, "a.txt"));
    execFileSync("mkfifo", [join(path, "a.txt")]);
    await expect(run(given)).rejects.toMatchObject({
      ...code("EXCHANGE_PAGE"),
      message: expect.stringContaining('"a.txt" in it is no file'),
    });
    rmSync(join(path, "a.txt"));
    rmSync(join(elsewhere, "b.txt"));
    await expect(run(given)).rejects.toMatchObject({
      ...code("EXCHANGE_PAGE"),
      message: expect.stringContaining('"b.txt" in it cannot be read: ENOENT'),
    });
    expect(matching(store)).toEqual([1, 2].map(hash).sort());
  });
});

test("a list at an address is fetched only where it has changed", async () => {
  const heard: IncomingHttpHeaders[] = [];
  let list = [1, 2, 3];
  const server = createServer((request, response) => {
    heard.push(request.headers);
    const tag = `"${list.join()}"`;
    if (request.headers["if-none-match"] === tag) response.writeHead(304).end();
    else response.writeHead(200, { etag: tag }).end(list.map((i) => `${hash(i)}\n`).join(""));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  after(() => server.close());
  after(() => server.closeAllConnections());
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/lists/all.txt`;
  const given: Given = {
    kind: "lists",
    base,
    secrets: { authorization: "env:TOKEN" },
  };
  await run(given);
  const { revision } = store;
  await run(given);
  expect(store.revision).toBe(revision);
  list = [2, 4];
  await run(given);
  expect(matching(store)).toEqual([hash(2), hash(4)].sort());
  expect(heard.map((headers) => headers["if-none-match"])).toEqual([undefined, '"1,2,3"', '"1,2,3"']);
  expect(heard[0]!.authorization).toBe("app|secret");
});
