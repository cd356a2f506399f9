import { cpSync, readdirSync, readlinkSync, rmSync, symlinkSync } from "node:fs";
import { dirname } from "node:path";
import { jetstreamManager } from "@nats-io/jetstream";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type ClusterStatus, clusterStatus } from "../dist/index.js";
import { lying } from "../../../test/support/bank/bytes.ts";
import { run, type Ran } from "../../../test/support/run.ts";
import { entriesOfCase, from, hashesOfCase, same, TestCluster } from "./support/cluster.ts";
import { hashesBelow } from "./support/files.ts";
import { needsNats, natsServer, Servers } from "./support/servers.ts";
import { Proxy } from "./support/proxy.ts";
import { needsLongRun } from "../../../test/support/long.ts";

const names = { changes: "EMP_CHANGES_test", subject: "emp.chg.test" };
const code = (name: string): object => expect.objectContaining({ code: name });

/** The names of the files that this process has open. */
const openFiles = (): string[] =>
  readdirSync("/proc/self/fd").flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/self/fd/${fd}`)];
    } catch {
      return []; // It was that of the folder itself.
    }
  });

let servers: Servers;
let cluster: TestCluster;
beforeAll(async () => {
  if (natsServer !== undefined) servers = await Servers.start(1);
});
afterAll(async () => {
  await servers?.close();
});
beforeEach(async (ctx) => {
  needsNats(ctx);
  cluster = new TestCluster(servers);
});
afterEach(async () => {
  await cluster?.close();
  if (natsServer === undefined) return;
  await withConnection(async (nc) => {
    const jsm = await jetstreamManager(nc);
    for await (const name of jsm.streams.names()) await jsm.streams.delete(name);
  });
});

async function withConnection<T>(work: (nc: NatsConnection) => Promise<T>): Promise<T> {
  const nc = await connect({ servers: servers.urls });
  try {
    return await work(nc);
  } finally {
    await nc.close();
  }
}

/** Every file of every member and of NATS. */
const everywhere = (values: readonly string[]): string[] => [
  ...["curator", "one", "two"].flatMap((name) => lying(dirname(cluster.path(name)), values)),
  ...streamFiles(values),
];
/** The files of JetStream. */
const streamFiles = (values: readonly string[]): string[] => hashesBelow(servers.folder, values);

test("a member reports each time it cannot follow the index file of its store", async () => {
  await cluster.store("curator");
  const curator = await cluster.curator("curator");
  const node = await cluster.node("one");
  await same(curator, [node]);
  const indexes = ["curator", "one"].map((name) => `${cluster.path(name)}.index`);
  for (const index of indexes) {
    rmSync(index, { force: true });
    symlinkSync("known.bank.index", index); // A link to itself, which no system call follows.
  }
  const reported = (): string[] =>
    cluster.events.flatMap(({ member, ...event }) =>
      event.type === "retry" && event.step === "follow-index" && event.reason.includes("ELOOP") ? [member] : [],
    );
  await expect
    .poll(() => [...new Set(reported())].sort(), { timeout: 30_000, interval: 50 })
    .toEqual(["curator", "one"]);
  for (const index of indexes) rmSync(index);
});

describe("nodes", () => {
  test("take a snapshot, follow each revision, and lose what is withdrawn, and NATS never has a hash", async () => {
    await cluster.store("curator");
    const curator = await cluster.curator("curator");
    const nodes = [await cluster.node("one"), await cluster.node("two")];
    await same(curator, nodes);
    // A file of the download that this process still has open would hide from it what other processes write.
    if (process.platform === "linux") expect(openFiles().filter((name) => name.includes(".download"))).toEqual([]);
    await curator.store.import(from, entriesOfCase(10));
    await same(curator, nodes);
    for (const node of nodes) {
      const { value, revision } = await node.search(hashesOfCase(10)[0]!);
      expect(value).toEqual(await curator.store.search(hashesOfCase(10)[0]!));
      expect(revision).toBe(curator.store.revision);
      const checked = await node.check({ hash: hashesOfCase(3)[0]!, quality: 100, stable: true });
      expect(checked.value?.matches).toHaveLength(1);
    }
    const gone = hashesOfCase(3);
    const removal = await curator.withdraw({ case: "case 3" });
    expect(removal).toMatchObject({ complete: true, missing: [], pending: false, snapshotDeleted: true });
    expect(Object.keys(removal.nodes).sort()).toEqual(["one", "two"]);
    for (const { stoppedAfter, goneAfter } of Object.values(removal.nodes)) {
      expect(stoppedAfter).toBeGreaterThan(0);
      expect(goneAfter).toBeGreaterThanOrEqual(stoppedAfter);
    }
    for (const node of nodes) {
      expect(await node.search(gone[0]!)).toEqual({ revision: removal.revision, value: [] });
    }
    expect(everywhere(gone)).toEqual([]);
    // What stays is in the stores, and in no file of NATS.
    expect(streamFiles(hashesOfCase(10))).toEqual([]);
    expect(lying(dirname(cluster.path("one")), hashesOfCase(10))).toEqual(hashesOfCase(10));
  });

  test("that were away too long take a snapshot again", async () => {
    await cluster.store("curator");
    const curator = await cluster.curator("curator", { maxBytes: 10_000 });
    const first = await cluster.node("one");
    await same(curator, [first]);
    await first.close();
    for (let i = 20; i < 30; i++) await curator.store.import(from, entriesOfCase(i));
    const again = await cluster.node("one");
    await same(curator, [again]);
    expect(cluster.events).toContainEqual(
      expect.objectContaining({ type: "snapshot", reason: "the node lacks too many revisions" }),
    );
    expect(await again.search(hashesOfCase(25)[0]!)).toMatchObject({ value: [expect.objectContaining(from)] });
  });

  test("answer at a revision or a later one, or refuse", async () => {
    await cluster.store("curator");
    const curator = await cluster.curator("curator");
    const node = await cluster.node("one");
    await same(curator, [node]);
    const { revision } = curator.store;
    const hash = hashesOfCase(40)[0]!;
    expect(await node.search(hash, { atLeast: revision + 1 })).toEqual({ revision, incomplete: "behind" });
    const waiting = node.search(hash, { atLeast: revision + 1, waitSeconds: 60 });
    await curator.store.import(from, entriesOfCase(40));
    const { value, revision: at } = await waiting;
    expect(value).toHaveLength(1);
    expect(at).toBe(revision + 1);
    await expect(node.search(hash, { atLeast: -1 })).rejects.toEqual(code("ERR_EMPREINTE_CLUSTER_ARGUMENT"));
  });

  test("that are cut off stop answering, and a withdrawal names them and is complete on the others", async (ctx) => {
    needsLongRun(ctx);
    await cluster.store("curator");
    const curator = await cluster.curator("curator");
    const proxy = await Proxy.start(servers.ports[0]!);
    const nats = { servers: `nats://127.0.0.1:${proxy.port}`, ignoreClusterUpdates: true };
    const [near, far] = [await cluster.node("one"), await cluster.node("two", { nats })];
    await same(curator, [near, far]);
    proxy.cut();
    const removal = await curator.withdraw({ case: "case 2" });
    expect(removal).toMatchObject({ complete: false, missing: ["two"] });
    expect(Object.keys(removal.nodes)).toEqual(["one"]);
    // It has the hash still, and does not answer.
    expect(await far.search(hashesOfCase(2)[0]!)).toMatchObject({ incomplete: "lease" });
    expect(await near.search(hashesOfCase(2)[0]!)).toMatchObject({ value: [] });
    proxy.heal();
    await same(curator, [near, far]);
    expect(await far.search(hashesOfCase(2)[0]!)).toEqual({ revision: removal.revision, value: [] });
    expect(everywhere(hashesOfCase(2))).toEqual([]);
    await proxy.close();
  });

  test("that have left are not waited for", async (ctx) => {
    needsLongRun(ctx);
    await cluster.store("curator");
    const curator = await cluster.curator("curator");
    const nodes = [await cluster.node("one"), await cluster.node("two")];
    await same(curator, nodes);
    await nodes[1]!.leave();
    expect(await nodes[1]!.search(hashesOfCase(1)[0]!)).toMatchObject({ incomplete: "lease" });
    expect(await curator.withdraw({ case: "case 1" })).toMatchObject({ complete: true, missing: [] });
    expect([...curator.nodes.keys()]).toEqual(["one"]);
  });
});

describe("announcements", () => {
  test("that come twice, in another order, too early or damaged change nothing", async () => {
    await cluster.store("curator");
    // A curator that renews its lease reads the last announcement. Where it is damaged, the curator steps down.
    const leases = { curatorLeaseSeconds: 600, nodeLeaseSeconds: 1200 };
    const curator = await cluster.curator("curator", leases);
    const node = await cluster.node("one");
    await same(curator, [node]);
    for (let i = 50; i < 55; i++) {
      await curator.store.import(from, entriesOfCase(i));
      await same(curator, [node]);
    }
    await withConnection(async (nc) => {
      const jsm = await jetstreamManager(nc);
      const js = jsm.jetstream();
      const { state } = await jsm.streams.info(names.changes);
      const texts: string[] = [];
      for (let seq = state.first_seq; seq <= state.last_seq; seq++) {
        texts.push((await jsm.streams.getMessage(names.changes, { seq }))!.string());
      }
      expect(texts.length).toBeGreaterThan(3);
      expect(texts.join(" ")).not.toMatch(new RegExp(hashesOfCase(50).join("|")));
      const applied = cluster.events.filter(({ type }) => type === "applied").length;
      const wrong = { ...(JSON.parse(texts.at(-1)!) as object), digest: "0".repeat(64) };
      for (const text of [...texts.toReversed(), ...texts, JSON.stringify(wrong), "{", "", texts.at(-1)!]) {
        await js.publish(names.subject, text);
      }
      await expect
        .poll(async () => (await jsm.consumers.info(names.changes, "node-one")).num_pending, { interval: 50 })
        .toBe(0);
      await same(curator, [node]);
      const refused = expect.objectContaining({ type: "refused", reason: expect.stringContaining("another history") });
      await expect.poll(() => cluster.events, { interval: 50, timeout: 60_000 }).toContainEqual(refused);
      expect(cluster.events.filter(({ type }) => type === "applied")).toHaveLength(applied);
    });
    await curator.store.import(from, entriesOfCase(60));
    await same(curator, [node]);
  });
});

describe("curators", () => {
  test("one alone has the lease, and the next has it as soon as it is given back", async () => {
    await cluster.store("curator");
    const first = await cluster.curator("curator");
    const node = await cluster.node("one");
    await same(first, [node]);
    cpSync(cluster.path("curator"), cluster.path("second"));
    const aborter = new AbortController();
    const waiting = cluster.curator("second", { signal: aborter.signal });
    await first.store.import(from, entriesOfCase(70));
    await same(first, [node]);
    expect(first.active).toBe(true);
    aborter.abort();
    await expect(waiting).rejects.toThrow("aborted");
    await first.close();
    await expect(first.withdraw({ case: "case 1" })).rejects.toEqual(code("ERR_EMPREINTE_CLUSTER_CLOSED"));
    // The second store lacks a revision that the stream and the node have.
    await expect(cluster.curator("second")).rejects.toEqual(code("ERR_EMPREINTE_CLUSTER_BEHIND"));
    const again = await cluster.curator("curator");
    await same(again, [node]);
  });

  test("one with a store from an old backup is refused, and one whose history has parted as well", async (ctx) => {
    needsLongRun(ctx);
    await cluster.store("curator");
    cpSync(cluster.path("curator"), cluster.path("backup"));
    const curator = await cluster.curator("curator");
    const node = await cluster.node("one");
    await curator.withdraw({ case: "case 4" });
    await same(curator, [node]);
    await curator.close();
    await expect(cluster.curator("backup")).rejects.toEqual(code("ERR_EMPREINTE_CLUSTER_BEHIND"));
    const { BankStore } = await import("empreinte/bank");
    const store = await BankStore.open(cluster.path("backup"));
    for (let i = 80; i < 90; i++) await store.import(from, entriesOfCase(i));
    await store.close();
    await expect(cluster.curator("backup")).rejects.toEqual(code("ERR_EMPREINTE_CLUSTER_HISTORY"));
    expect(await node.search(hashesOfCase(80)[0]!)).not.toHaveProperty("value.0");
  });
});

describe("the status", () => {
  const command = (...args: string[]): Promise<Ran> =>
    run(process.execPath, ["packages/cluster/dist/main.js", ...args, "--servers", servers.urls.join(",")]);

  test("names the curator, and each node with its revision, and the command exits with 1 where a node is gone", async () => {
    await cluster.store("curator");
    const curator = await cluster.curator("curator");
    const nodes = [await cluster.node("one"), await cluster.node("two")];
    await same(curator, nodes);
    const { revision, digest } = curator.store.history.position();
    const wanted = {
      store: "test",
      revision,
      digest,
      curator: { id: "curator", epoch: 1 },
      nodes: ["one", "two"].map((id) =>
        expect.objectContaining({ id, revision, lag: 0, answering: true, unacknowledged: 0 }),
      ),
      announcements: 1,
      snapshots: [{ name: expect.any(String), bytes: expect.any(Number) }],
      queue: { waiting: { high: 0, normal: 0, low: 0 }, delivered: 0, results: 0, deadLetters: 0 },
    };
    const status = (): Promise<ClusterStatus> => clusterStatus({ store: "test", nats: { servers: servers.urls } });
    await expect.poll(status, { interval: 100 }).toEqual(wanted);
    const well = await command("status", "--store", "test", "--json");
    expect([well.code, JSON.parse(well.stdout)]).toEqual([0, wanted]);
    await nodes[1]!.close();
    await expect
      .poll(async () => (await status()).nodes[1], { interval: 100 })
      .toMatchObject({ id: "two", answering: false });
    const unwell = await command("status", "--store", "test");
    expect(unwell.code).toBe(1);
    expect(unwell.stdout).toContain(`node two: revision ${revision} (0 behind), does not answer`);
    expect(unwell.stdout).not.toContain(digest);
  });

  test("the command names what is wrong with its arguments", async () => {
    for (const [args, text] of [
      [
        [],
        "the command is one of status, forget, dead-letters, retry, discard, curator, node, worker, shard, rescanner",
      ],
      [["status"], "--store is missing"],
      [["status", "--store", "A B"], "Expected 1 to 64 of a-z"],
      [["status", "--store", "test", "--watch", "x"], "--watch takes seconds"],
    ] as const) {
      const { code, stderr } = await command(...args);
      expect([code, stderr]).toEqual([2, expect.stringContaining(text)]);
    }
    expect(await command("--help")).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("Usage: empreinte-cluster"),
    });
  });
});
