/** Every role as a command, and what they serve over HTTP. */
import { mkdirSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { hashImage } from "empreinte";
import { BankStore } from "empreinte/bank";
import { afterEach, beforeEach, expect, test } from "vitest";
import { pathToFileURL } from "node:url";
import { needsLongRun } from "../../../test/support/long.ts";
import { root } from "../../../test/support/run.ts";
import { Archive, clusterStatus, JobQueue, serveChecks, serveMetrics, serveStatus } from "../dist/index.js";
import { createStore } from "../src/curator/create.ts";
import { from, TestCluster } from "./support/cluster.ts";
import { Command } from "./support/commands.ts";
import { image, TestJobs } from "./support/jobs.ts";
import { freePort, needsNats, Servers } from "./support/servers.ts";

let servers: Servers;
let cluster: TestCluster;
let commands: Command[] = [];
beforeEach(async (ctx) => {
  needsNats(ctx);
  servers = await Servers.start(1);
  cluster = new TestCluster(servers);
});
afterEach(async () => {
  for (const command of commands) await command.stop("SIGKILL");
  commands = [];
  await cluster?.close();
  await servers?.close();
});

const link = (): { store: string; nats: { servers: string[] } } => ({ store: "test", nats: { servers: servers.urls } });

/** Says that a body is longer than a node takes, sends none, and returns the status. */
async function tooLong(port: number): Promise<number | undefined> {
  const options = { port, path: "/check", method: "POST", headers: { "content-length": 2 ** 26 + 1 } };
  const sent = request({ host: "127.0.0.1", ...options });
  const status = await new Promise<number | undefined>((resolve, reject) => {
    sent.on("response", (response) => resolve(response.statusCode)).on("error", reject);
    sent.flushHeaders();
  });
  sent.destroy();
  return status;
}

test("a node answers checks over HTTP with its revision, and refuses without a lease", async () => {
  const jobs = new TestJobs(cluster);
  await jobs.start([1]);
  const checks = await serveChecks(jobs.node, { port: 0 });
  const metrics = await serveMetrics([jobs.curator, jobs.node], { port: 0 });
  const status = await serveStatus(link(), { port: 0 });
  const portOf = (server: typeof checks): number => (server.address() as { port: number }).port;
  const check = async (body: Buffer, query = ""): Promise<[number, unknown]> => {
    const response = await fetch(`http://127.0.0.1:${portOf(checks)}/check${query}`, {
      method: "POST",
      body: Uint8Array.from(body),
    });
    return [response.status, await response.json()];
  };
  const ready = async (): Promise<[number, string]> => {
    const response = await fetch(`http://127.0.0.1:${portOf(metrics)}/ready`);
    return [response.status, await response.text()];
  };
  try {
    const { hash } = await hashImage(await image(1));
    const known = await check(await image(1));
    expect(known).toMatchObject([
      200,
      { revision: 2, decision: { action: "review", matches: [{ entryId: "known-1" }] } },
    ]);
    expect(JSON.stringify(known)).not.toContain(hash.slice(0, 8));
    expect(await check(await image(2))).toMatchObject([200, { revision: 2, decision: { matches: [] } }]);
    expect(await check(Buffer.from("no image"))).toMatchObject([422, { code: "ERR_EMPREINTE_UNSUPPORTED_FORMAT" }]);
    expect(await check(await image(1), "?atLeast=x")).toEqual([400, { error: "atLeast takes an integer" }]);
    expect(await tooLong(portOf(checks))).toBe(413);
    expect((await fetch(`http://127.0.0.1:${portOf(checks)}/check`)).status).toBe(404);
    expect(await ready()).toEqual([200, "ready\n"]);
    // The page of empreinte-server reads the status as it is served. Neither package needs the other: only this test.
    const reader = pathToFileURL(join(root, "packages/server/dist/operation/cluster-status.js")).href;
    const { readClusterStatus } = (await import(reader)) as { readClusterStatus: (url: string) => Promise<object> };
    const shown = (): Promise<object> => readClusterStatus(`http://127.0.0.1:${portOf(status)}/status`);
    const wanted = { store: "test", revision: 2, curator: { id: "curator" }, nodes: [{ id: "one", lag: 0 }] };
    await expect.poll(shown, { interval: 200 }).toMatchObject(wanted);
    expect(JSON.stringify(await shown())).not.toMatch(/[0-9a-f]{32}/);
    expect((await fetch(`http://127.0.0.1:${portOf(status)}/`)).status).toBe(404);
    await jobs.node.close();
    expect(await check(await image(1))).toEqual([503, { revision: 2, incomplete: "closed" }]);
    expect(await ready()).toEqual([503, "node one does not answer: closed\n"]);
  } finally {
    checks.close();
    metrics.close();
    status.close();
    await jobs.close();
  }
});

test("of several processes that may create the store, one does, and none where the cluster has had one", async () => {
  const ids = ["a", "b", "c"];
  const path = (id: string): string => cluster.path(id);
  const create = (id: string): Promise<boolean> => createStore({ ...link(), id, path: path(id) });
  const made = await Promise.all(ids.map(create));
  expect(made.filter(Boolean)).toHaveLength(1);
  const first = ids[made.indexOf(true)]!;
  const curator = await cluster.curator(first, { bank: path(first) });
  await expect.poll(() => curator.announced, { interval: 20 }).toBe(curator.store.revision);
  await expect.poll(async () => (await clusterStatus(link())).digest, { interval: 20 }).toBeDefined();
  // Neither another process nor the first one, whose disk was lost, begins a second history.
  expect(await create("d")).toBe(false);
  expect(await createStore({ ...link(), id: first, path: join(cluster.folder, "lost") })).toBe(false);
});

test("every role is a command that SIGTERM ends in order", async (ctx) => {
  needsLongRun(ctx);
  const uploads = join(cluster.folder, "uploads");
  mkdirSync(uploads);
  const environment = { EMPREINTE_CLUSTER_STORE: "test", EMPREINTE_CLUSTER_SERVERS: servers.urls.join(",") };
  const run = (name: string, args: string[], more: Record<string, string> = {}): Command => {
    const command = new Command([name, ...args], { ...environment, ...more });
    commands.push(command);
    return command;
  };
  const ports = { a: await freePort(), b: await freePort(), node: await freePort() };
  const leases = ["--curator-lease", "2", "--node-lease", "4"];
  const curator = (id: "a" | "b"): Command =>
    run("curator", ["--create", ...leases, "--id", id, "--path", cluster.path(id), "--metrics", `${ports[id]}`]);
  const ready = (port: number, path = "/ready"): Promise<string> =>
    fetch(`http://127.0.0.1:${port}${path}`).then(
      (response) => response.text(),
      () => "",
    );
  const first = curator("a");
  await expect.poll(() => ready(ports.a), { interval: 100 }).toBe("ready\n");
  const second = curator("b");
  const shards = [0, 1].map((i) =>
    run("shard", ["--shards", "2", "--path", cluster.path(`shard-${i}`)], { EMPREINTE_CLUSTER_SHARD: `${i}` }),
  );
  const node = run("node", ["--id", "n", "--path", cluster.path("n"), "--listen", `${ports.node}`]);
  const worker = run("worker", ["--id", "w", "--path", cluster.path("w"), "--root", uploads, "--shards", "2"]);
  const rescanner = run("rescanner", ["--id", "r", "--path", cluster.path("r"), "--shards", "2"]);
  await expect.poll(() => ready(ports.b), { interval: 100 }).toBe("ready\n");

  // The bank gets an entry on the curator's machine, by another process.
  const store = await BankStore.open(cluster.path("a"));
  store.createBank({ name: "ncii" });
  const hashes = await Promise.all([1, 2].map(async (seed) => (await hashImage(await image(seed))).hash));
  await store.import(from, [{ id: "known-1", signals: [{ type: "pdq", value: hashes[0]! }] }]);
  const { revision } = store;
  await store.close();
  const check = async (): Promise<unknown> => {
    const body = Uint8Array.from(await image(1));
    const query = `?atLeast=${revision}`;
    return fetch(`http://127.0.0.1:${ports.node}/check${query}`, { method: "POST", body }).then(
      (response) => response.json(),
      () => undefined,
    );
  };
  await expect.poll(check, { interval: 200 }).toMatchObject({ decision: { action: "review" } });

  // An upload goes through the queue into the archive, and its hash comes into the bank later.
  writeFileSync(join(uploads, "2.png"), await image(2));
  const queue = await JobQueue.open(link());
  await queue.submit({ id: "upload-2", handle: { path: join(uploads, "2.png") } });
  for await (const result of queue.results("test")) {
    expect(result).toMatchObject({ id: "upload-2", worker: "w", decision: { matches: [] } });
    break;
  }
  await queue.close();
  const archive = await Archive.open({ ...link(), shards: 2 });
  expect(await archive.search(hashes[1]!)).toMatchObject({
    complete: true,
    matches: [{ id: "upload-2", distance: 0 }],
  });

  // The second curator takes over where the first one ends.
  expect(await first.stop()).toBe(0);

  await expect.poll(async () => (await clusterStatus(link())).curator?.id, { interval: 100 }).toBe("b");
  const later = await BankStore.open(cluster.path("b"));
  await later.import(from, [{ id: "known-2", signals: [{ type: "pdq", value: hashes[1]! }] }]);
  const last = later.revision;
  await later.close();
  const rescan = async (): Promise<unknown> => archive.rescan(last);
  await expect.poll(rescan, { interval: 200 }).toMatchObject({ complete: true });
  const again = curator("a");
  await expect.poll(() => ready(ports.a), { interval: 100 }).toBe("ready\n");
  expect((await clusterStatus(link())).rescans?.shards.map(({ matches }) => matches).toSorted()).toEqual([0, 1]);
  await archive.close();

  const all = { again, second, node, worker, rescanner, shard0: shards[0]!, shard1: shards[1]! };
  const statuses = await Promise.all(Object.values(all).map((command) => command.stop()));
  expect(statuses.map((status, i) => [Object.keys(all)[i], status])).toEqual(Object.keys(all).map((name) => [name, 0]));
  for (const { text } of commands) for (const hash of hashes) expect(text).not.toContain(hash.slice(0, 8));
});
