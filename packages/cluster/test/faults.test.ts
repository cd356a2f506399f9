/** The failures of a cluster: processes that are killed or stopped, and servers that lose what they had. */
import { setTimeout } from "node:timers/promises";
import { BankStore } from "empreinte/bank";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { needsLongRun, rounds } from "../../../test/support/long.ts";
import { Archive, type ClusterNode, type Curator, ShardServer } from "../dist/index.js";
import { entriesOfCase, from, hashesOfCase, leases, same, TestCluster } from "./support/cluster.ts";
import { hashesBelow } from "./support/files.ts";
import { Member } from "./support/process.ts";
import { needsNats, Servers } from "./support/servers.ts";

let servers: Servers;
let cluster: TestCluster;
let members: Member[] = [];
/** The cases that a test has withdrawn. */
let gone: number[] = [];

async function begin(count: number): Promise<void> {
  servers = await Servers.start(count);
  cluster = new TestCluster(servers);
}

beforeEach((ctx) => needsNats(ctx));
afterEach(async () => {
  for (const member of members) await member.kill();
  members = [];
  await cluster?.stop();
  const values = gone.flatMap(hashesOfCase);
  gone = [];
  // Stores, indexes, logs, snapshots and JetStream: of all members, however they ended.
  for (const folder of [cluster?.folder, servers?.folder]) {
    const left = folder === undefined ? [] : hashesBelow(folder, values);
    if (left.length > 0) throw new Error(`withdrawn hashes are in files: ${JSON.stringify(left)}`);
  }
  await cluster?.close();
  await servers?.close();
});

function member(role: "node" | "curator" | "shard", id: string, more: object = {}): Member {
  const shared = { role, id, store: "test", nats: { servers: servers.urls }, replicas: servers.ports.length };
  const own = role === "curator" ? { bank: cluster.path(id), ...leases } : { path: cluster.path(id) };
  const made = new Member({ ...shared, ...own, ...more });
  members.push(made);
  return made;
}

/** Waits until the member has this revision and digest, and answers. */
async function has(one: Member, { revision, digest }: { revision: number; digest: string }): Promise<void> {
  await expect.poll(() => one.call("state"), { interval: 50 }).toEqual({ revision, digest });
}

/** A hash of each case is found by all, or by none. */
async function sameAnswers(curator: { store: BankStore }, node: Member): Promise<void> {
  for (const number of [0, 1, 2, 3, 4, 30]) {
    const hash = hashesOfCase(number)[0]!;
    const { value } = await node.call<{ value: unknown[] }>("search", hash);
    expect(JSON.parse(JSON.stringify(value))).toEqual(JSON.parse(JSON.stringify(await curator.store.search(hash))));
  }
}

/**
 * Withdraws a case while the servers still elect a leader. A node that takes longer than its lease to find a server is
 * named, and does not answer before it has the revision. No node finds the case. Once all have the revision, nobody is
 * missing.
 */
async function withdrawSoonAfter(curator: Curator, nodes: readonly ClusterNode[], number: number): Promise<void> {
  gone.push(number);
  const { missing, nodes: confirmed } = await curator.withdraw({ case: `case ${number}` });
  expect([...Object.keys(confirmed), ...missing].toSorted()).toEqual([...curator.nodes.keys()].toSorted());
  for (const node of nodes) {
    const { value } = await node.search(hashesOfCase(number)[0]!);
    expect(value ?? []).toEqual([]);
  }
  await same(curator, nodes);
  expect(await curator.withdraw({ case: `case ${number}` })).toMatchObject({ complete: true, missing: [] });
}

describe("a node that is killed", () => {
  test.each(["after-commit", "before-commit", "before-ack"].slice(0, rounds(1, 3)))(
    "%s has each revision once when it returns",
    async (stopAt) => {
      await begin(1);
      await cluster.store("curator");
      const curator = await cluster.curator("curator");
      const first = member("node", "one");
      await first.started();
      await has(first, curator.store.history.position());
      await first.kill();
      const second = member("node", "one", { stopAt });
      await second.started();
      await curator.store.import(from, entriesOfCase(30));
      gone.push(3);
      const withdrawing = curator.withdraw({ case: "case 3" });
      await second.line(({ hook }) => hook === stopAt);
      await second.kill();
      // It has confirmed, or it is named.
      const { complete, missing } = await withdrawing;
      expect(missing).toEqual(complete ? [] : ["one"]);
      const third = member("node", "one");
      await third.started();
      await has(third, curator.store.history.position());
      await sameAnswers(curator, third);
      await third.call("close");
      const store = await BankStore.open(cluster.path("one"));
      expect(store.verify()).toEqual([]);
      await store.close();
      expect(hashesBelow(servers.folder, hashesOfCase(30))).toEqual([]);
    },
  );
});

describe("a node that is stopped", () => {
  test("is named, and does not answer when it goes on before it has caught up", async (ctx) => {
    needsLongRun(ctx);
    await begin(1);
    await cluster.store("curator");
    const curator = await cluster.curator("curator");
    const node = member("node", "one");
    await node.started();
    await has(node, curator.store.history.position());
    node.signal("SIGSTOP");
    gone.push(1);
    const removal = await curator.withdraw({ case: "case 1" });
    expect(removal).toMatchObject({ complete: false, missing: ["one"] });
    const answer = node.call<{ value?: unknown[]; revision: number; incomplete?: string }>(
      "search",
      hashesOfCase(1)[0]!,
    );
    node.signal("SIGCONT");
    const { value = [], revision, incomplete } = await answer;
    // It refused, or it had caught up by then.
    expect(incomplete ?? revision).toEqual(incomplete === undefined ? removal.revision : "lease");
    expect(value).toEqual([]);
    await has(node, curator.store.history.position());
  });
});

describe("a shard that is stopped", () => {
  test("is named at the deadline, and has its uploads when it goes on", async () => {
    await begin(1);
    const link = { store: "test", nats: { servers: servers.urls } };
    const path = (i: number): string => cluster.path(`shard-${i}`);
    const other = await ShardServer.start({ ...link, shard: 0, shards: 2, path: path(0) });
    const stopped = member("shard", "shard-1", { shard: 1, shards: 2, path: path(1) });
    await stopped.started();
    const archive = await Archive.open({ ...link, shards: 2 });
    try {
      const hash = hashesOfCase(50)[0]!;
      const uploads = Array.from({ length: 40 }, (_, i) => ({ id: `upload-${i}`, hash, time: i }));
      expect(await archive.keep(uploads)).toMatchObject({ kept: 40, missing: [] });
      stopped.signal("SIGSTOP");
      const begun = performance.now();
      const partly = await archive.search(hash, { deadlineSeconds: 0.5 });
      expect(performance.now() - begun).toBeGreaterThan(490);
      expect(partly).toMatchObject({ complete: false, missing: [{ shard: 1, reason: "silent" }] });
      expect(partly.matches).toHaveLength(other.shard.size);
      stopped.signal("SIGCONT");
      const whole = await archive.search(hash, { deadlineSeconds: 60 });
      expect(whole).toMatchObject({ complete: true, missing: [] });
      expect(whole.matches.map(({ id }) => id).toSorted()).toEqual(uploads.map(({ id }) => id).toSorted());
    } finally {
      await archive.close();
      await other.close();
    }
  });
});

test("a clock that is a day fast or slow changes nothing", async (ctx) => {
  needsLongRun(ctx);
  await begin(1);
  await cluster.store("curator");
  const curator = await cluster.curator("curator");
  const day = 86_400_000;
  const nodes = [member("node", "fast", { skew: day }), member("node", "slow", { skew: -day })];
  for (const node of nodes) {
    await node.started();
    await has(node, curator.store.history.position());
  }
  gone.push(2);
  expect(await curator.withdraw({ case: "case 2" })).toMatchObject({ complete: true, missing: [] });
  for (const node of nodes) await has(node, curator.store.history.position());
});

describe("a curator that is killed", () => {
  test("finds its lease again, and what it had not announced goes out", async (ctx) => {
    needsLongRun(ctx);
    await begin(1);
    await cluster.store("curator");
    const curator = member("curator", "curator");
    await curator.started();
    const node = member("node", "one");
    await node.started();
    await has(node, await curator.call("position"));
    await curator.kill();
    const store = await BankStore.open(cluster.path("curator"));
    await store.import(from, entriesOfCase(30));
    await store.withdraw({ case: "case 4" });
    gone.push(4);
    await store.close();
    // Nobody grants a lease meanwhile.
    await expect.poll(() => node.call("state"), { interval: 50 }).toMatchObject({ incomplete: "lease" });
    const again = await cluster.curator("curator");
    await has(node, again.store.history.position());
    await sameAnswers(again, node);
  });

  test("has a standby that takes over without losing a revision that a node has", async (ctx) => {
    needsLongRun(ctx);
    await begin(1);
    await cluster.store("curator");
    const curator = member("curator", "curator");
    await curator.started();
    const node = member("node", "one");
    const standby = await cluster.standby("two");
    await has(node, await curator.call("position"));
    await curator.call("import", from, entriesOfCase(30));
    const position = await curator.call<{ revision: number; digest: string }>("position");
    await has(node, position);
    await expect.poll(() => standby.node?.revision, { interval: 50 }).toBe(position.revision);
    await curator.kill();
    const next = await standby.curator;
    expect(next.store.history.digest(position.revision)).toBe(position.digest);
    gone.push(30);
    expect(await next.withdraw({ case: "case 30" })).toMatchObject({ missing: [] });
    await has(node, next.store.history.position());
    // The first one returns. It is not the curator any more, and its store can follow.
    const returned = member("curator", "curator");
    await setTimeout(4 * 1000 * leases.curatorLeaseSeconds);
    expect(returned.lines.filter(({ started }) => started)).toEqual([]);
    await returned.kill();
    const follower = member("node", "curator");
    await follower.started();
    await has(follower, next.store.history.position());
  });
});

describe("NATS servers", () => {
  test("the leader of the stream is killed, and every revision arrives", async (ctx) => {
    needsLongRun(ctx);
    await begin(3);
    await cluster.store("curator");
    const curator = await cluster.curator("curator");
    const nodes = [await cluster.node("one"), await cluster.node("two")];
    await same(curator, nodes);
    const leader = await cluster.leader();
    const importing = (async () => {
      for (let i = 30; i < 60; i++) {
        await curator.store.import(from, entriesOfCase(i));
        await setTimeout(20);
      }
    })();
    await servers.kill(leader);
    await importing;
    await same(curator, nodes);
    await withdrawSoonAfter(curator, nodes, 40);
    servers.boot(leader);
    await servers.ready();
  });

  test("two of three are killed: a withdrawal is pending, nobody answers, and all goes on when one returns", async (ctx) => {
    needsLongRun(ctx);
    await begin(3);
    await cluster.store("curator");
    const curator = await cluster.curator("curator");
    const nodes = [await cluster.node("one"), await cluster.node("two")];
    await same(curator, nodes);
    await servers.kill(0);
    await servers.kill(1);
    await expect
      .poll(() => [curator.active, ...nodes.map(({ incomplete }) => incomplete)], { interval: 50 })
      .toEqual([false, "lease", "lease"]);
    gone.push(1);
    const removal = await curator.withdraw({ case: "case 1" });
    expect(removal).toMatchObject({ pending: true, complete: false });
    expect(removal.missing.sort()).toEqual(["one", "two"]);
    for (const node of nodes) expect(await node.search(hashesOfCase(1)[0]!)).toMatchObject({ incomplete: "lease" });
    servers.boot(0);
    await same(curator, nodes);
    for (const node of nodes) expect(await node.search(hashesOfCase(1)[0]!)).toMatchObject({ value: [] });
    await withdrawSoonAfter(curator, nodes, 2);
  });

  test("all files of JetStream are deleted: the curator announces again, and nothing is lost", async (ctx) => {
    needsLongRun(ctx);
    await begin(1);
    await cluster.store("curator");
    const curator = await cluster.curator("curator");
    const node = await cluster.node("one");
    await same(curator, [node]);
    await servers.kill(0);
    servers.wipe(0);
    await curator.store.import(from, entriesOfCase(30));
    servers.boot(0);
    await same(curator, [node]);
    gone.push(30);
    expect(await curator.withdraw({ case: "case 30" })).toMatchObject({ pending: false, complete: true, missing: [] });
    await same(curator, [node]);
    expect(await node.search(hashesOfCase(30)[0]!)).toMatchObject({ value: [] });
  });

  test("an acknowledged tail of the stream is lost: the curator announces it again", async (ctx) => {
    needsLongRun(ctx);
    await begin(1);
    await cluster.store("curator");
    const curator = await cluster.curator("curator");
    const node = await cluster.node("one");
    await same(curator, [node]);
    await servers.kill(0, "SIGTERM");
    servers.save(0);
    servers.boot(0);
    await servers.ready();
    await curator.store.import(from, entriesOfCase(30));
    await expect
      .poll(() => cluster.events.some((e) => e.type === "announced" && e.revision === curator.store.revision), {
        interval: 20,
      })
      .toBe(true);
    await servers.kill(0);
    servers.restore(0);
    servers.boot(0);
    await servers.ready();
    const late = await cluster.node("two");
    await same(curator, [node, late]);
    gone.push(30);
    await curator.withdraw({ case: "case 30" });
    await same(curator, [node, late]);
  });
});
