/** Rescans: each hash that is new in a bank is searched in all uploads, and it is known when that is complete. */
import { createHash, randomBytes } from "node:crypto";
import { join } from "node:path";
import { jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import type { BankStore } from "empreinte/bank";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { Archive, type ArchivedUpload, clusterStatus, type Curator, metricsText } from "../dist/index.js";
import { Rescanner, type RescannerOptions, ShardServer } from "../dist/index.js";
import { ArchiveShard } from "../dist/archive/shard.js";
import { statusText } from "../dist/status.js";
import { from, same, TestCluster } from "./support/cluster.ts";
import { hashesBelow } from "./support/files.ts";
import { Member } from "./support/process.ts";
import { natsServer, needsNats, Servers } from "./support/servers.ts";
import { needsLongRun } from "../../../test/support/long.ts";

const count = 3;
let servers: Servers;
let cluster: TestCluster;
let curator: Curator;
let archive: Archive;
let shards: ShardServer[];
const closing: (() => Promise<unknown>)[] = [];

const link = (): { store: string; nats: { servers: string[] } } => ({ store: "test", nats: { servers: servers.urls } });
const shard = (i: number): Promise<ShardServer> =>
  ShardServer.start({ ...link(), shard: i, shards: count, path: join(cluster.folder, `shard-${i}`) });

beforeAll(async () => {
  if (natsServer !== undefined) servers = await Servers.start(1);
});
afterAll(async () => {
  await servers?.close();
});
beforeEach(async (ctx) => {
  needsNats(ctx);
  cluster = new TestCluster(servers);
  await cluster.store("curator", 0);
  curator = await cluster.curator("curator");
  shards = [];
  for (let i = 0; i < count; i++) shards.push(await shard(i));
  archive = await Archive.open({ ...link(), shards: count });
});
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
  await archive?.close();
  for (const one of shards ?? []) await one.close();
  await cluster?.close();
  if (natsServer === undefined) return;
  const nc = await connect({ servers: servers.urls });
  const jsm = await jetstreamManager(nc);
  for await (const name of jsm.streams.names()) await jsm.streams.delete(name);
  await nc.close();
});

async function rescanner(options: Partial<RescannerOptions> = {}): Promise<Rescanner> {
  const one = await Rescanner.start({
    ...link(),
    shards: count,
    source: curator,
    requestSeconds: 2,
    onEvent: (event) => cluster.events.push({ ...event, member: "rescans" }),
    ...options,
  });
  closing.push(() => one.close());
  return one;
}

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
/** The hash of a number. */
const hashOf = (i: number): string => digest(`new ${i}`).toString("hex");
/** That hash with so many bits changed. */
function near(hash: string, bits: number): string {
  const bytes = Buffer.from(hash, "hex");
  for (let i = 0; i < bits; i++) bytes[(7 * i) % 32]! ^= 1 << Math.floor(i / 32);
  return bytes.toString("hex");
}
const bitCount = (value: bigint): number => value.toString(2).replaceAll("0", "").length;
const distance = (a: string, b: string): number => bitCount(BigInt(`0x${a}`) ^ BigInt(`0x${b}`));

const entry = (id: string, hashes: readonly string[], quality = 100): object => ({
  id,
  signals: hashes.map((value) => ({ type: "pdq", value, quality })),
});
const add = async (...entries: object[]): Promise<number> => {
  await curator.store.import(from, entries as Parameters<BankStore["import"]>[1]);
  return curator.store.revision;
};

/** Uploads near the hash of a number, at 0, 4 … 40 bits, and as many that are near nothing. */
const uploadsOf = (i: number): ArchivedUpload[] =>
  Array.from({ length: 22 }, (_, n) => ({
    id: `upload ${i}-${n}`,
    hash: n % 2 === 0 ? near(hashOf(i), 2 * n) : randomBytes(32).toString("hex"),
    time: 1_700_000_000_000 + n,
  }));

interface Found {
  entry: string;
  id: string;
  distance: number;
}
const order = (a: Found, b: Found): number => (`${a.entry} ${a.id}` < `${b.entry} ${b.id}` ? -1 : 1);

/** What the rescans have found, by the ids of entries. A match that is there twice is there twice. */
async function found(one: Rescanner): Promise<Found[]> {
  const all: Found[] = [];
  for await (const { entry: number, id, distance: bits } of one.matches()) {
    all.push({ entry: curator.store.entry({ entryNumber: number })!.entryId!, id, distance: bits });
  }
  return all.toSorted(order);
}

/** What a comparison of every pair finds. */
function expected(
  uploads: readonly ArchivedUpload[],
  entries: Record<string, readonly string[]>,
  radius = 31,
): Found[] {
  const all = Object.entries(entries).flatMap(([name, hashes]) =>
    uploads.map(({ id, hash }) => ({
      entry: name,
      id,
      distance: Math.min(...hashes.map((other) => distance(hash, other))),
    })),
  );
  return all.filter(({ distance: bits }) => bits <= radius).toSorted(order);
}

test("each new hash is searched in all uploads as a comparison of every pair does, and complete has a time", async () => {
  const uploads = Array.from({ length: 12 }, (_, i) => uploadsOf(i)).flat();
  expect(await archive.keep(uploads)).toMatchObject({ kept: 264, rescanned: 0, missing: [] });
  expect(await archive.rescan(1)).toMatchObject({ complete: false, completedAt: undefined });
  const one = await rescanner({ hashesAtOnce: 3 });
  const begun = Date.now();
  const first = await add(...Array.from({ length: 6 }, (_, i) => entry(`e${i}`, [hashOf(i)])));
  const second = await add(
    entry("two", [hashOf(6), near(hashOf(7), 3), hashOf(8), near(hashOf(8), 9), randomBytes(32).toString("hex")]),
    entry("poor", [hashOf(9)], 49),
  );
  const done = await one.rescan(second, { waitSeconds: 30 });
  expect(done).toMatchObject({ revision: second, complete: true, missing: [] });
  expect(done.completedAt!.getTime()).toBeGreaterThanOrEqual(begun);
  expect(done.completedAt!.getTime()).toBeLessThanOrEqual(Date.now());
  const entries = {
    ...Object.fromEntries(Array.from({ length: 6 }, (_, i) => [`e${i}`, [hashOf(i)]])),
    two: [hashOf(6), near(hashOf(7), 3), hashOf(8), near(hashOf(8), 9)],
  };
  const all = expected(uploads, entries);
  expect(all.length).toBeGreaterThan(60);
  expect(await found(one)).toEqual(all);
  // The first was complete no later than the second, and the fact is in the shards' files.
  const earlier = await archive.rescan(first);
  expect(earlier.complete).toBe(true);
  expect(earlier.completedAt!.getTime()).toBeLessThanOrEqual(done.completedAt!.getTime());
  expect(done.shards.map(({ size }) => size).reduce((a, b) => a + b)).toBe(264);
  expect(await archive.rescan(second + 1)).toMatchObject({
    complete: false,
    missing: [0, 1, 2].map((i) => ({ shard: i, reason: "behind" })),
  });
  // An upload that is kept now was not seen by those rescans, and says so.
  const late = { id: "late", hash: hashOf(0), time: 1 };
  expect(await archive.keep([late])).toMatchObject({ kept: 1, rescanned: second });
  expect(await found(one)).toEqual(all);
  // An entry with fewer hashes has fewer matches, one whose upload is removed has none of it, and none is new.
  const numbers = async (): Promise<number[]> => {
    const its: number[] = [];
    for await (const { number, entry: of } of one.matches()) if (of === twos) its.push(number);
    return its;
  };
  const twos = curator.store.changes(0).find(({ entryId }) => entryId === "two")!.entryNumber!;
  const before = await numbers();
  const third = await add(entry("two", [near(hashOf(7), 3), hashOf(8), near(hashOf(8), 9)]));
  expect(await one.rescan(third, { waitSeconds: 30 })).toMatchObject({ complete: true });
  expect(await archive.remove(["upload 8-0"])).toMatchObject({ removed: 1 });
  const left = uploads.filter(({ id }) => id !== "upload 8-0");
  expect(await found(one)).toEqual(
    expected([...left, late], { ...entries, two: entries.two.slice(1) }).filter(
      ({ id, entry: of }) => id !== "late" || of !== "e0",
    ),
  );
  const after = await numbers();
  expect(after.length).toBeLessThan(before.length);
  expect(before).toEqual(expect.arrayContaining(after));
  const secrets = [...uploads.map(({ hash }) => hash), ...Object.values(entries).flat()];
  expect(hashesBelow(servers.folder, secrets)).toEqual([]);
  expect(JSON.stringify(cluster.events)).not.toMatch(/[0-9a-f]{40}/);
});

test("an entry with more hashes than a step has is searched in parts, and false alarms are not searched", async () => {
  const uploads = Array.from({ length: 5 }, (_, i) => uploadsOf(i)).flat();
  await archive.keep(uploads);
  const one = await rescanner({ hashesAtOnce: 2, radius: 20 });
  curator.store.createBank({ name: "alarms", negative: true });
  await curator.store.import({ bank: "alarms", source: "own" }, [entry("alarm", [hashOf(4)])] as Parameters<
    BankStore["import"]
  >[1]);
  const many = [
    ...Array.from({ length: 4 }, (_, i) => hashOf(i)),
    ...Array.from({ length: 5 }, (_, i) => hashOf(90 + i)),
  ];
  const revision = await add(entry("many", many), entry("other", [hashOf(2)]));
  const { shards: states } = await one.rescan(revision, { waitSeconds: 30 });
  expect(await found(one)).toEqual(expected(uploads, { many, other: [hashOf(2)] }, 20));
  // The disabled entry stays known, and is no match.
  expect(states.map(({ hashes }) => hashes)).toEqual([10, 10, 10]);
  expect(states.map(({ position }) => position.radius)).toEqual([20, 20, 20]);
  // Another radius would need all searches again.
  await one.close();
  const other = await rescanner({ radius: 31 });
  await expect.poll(() => other.shards[0]!.reason).toBe("the shard was searched with radius 20, and not 31");
});

test("a shard that is killed leaves a rescan incomplete by its name, and ends it when it is back", async (ctx) => {
  needsLongRun(ctx);
  const uploads = [...uploadsOf(0), ...uploadsOf(1), ...uploadsOf(2)];
  await archive.keep(uploads);
  await shards[1]!.close();
  const options = { ...link(), role: "shard", shard: 1, shards: count, path: join(cluster.folder, "shard-1") };
  const process = new Member(options);
  closing.push(() => process.kill());
  await process.started();
  const one = await rescanner({ requestSeconds: 0.5 });
  const first = await add(entry("e0", [hashOf(0)]));
  expect(await one.rescan(first, { waitSeconds: 30 })).toMatchObject({ complete: true });
  await process.kill();
  const second = await add(entry("e1", [hashOf(1)]));
  const held = await one.rescan(second, { waitSeconds: 1 });
  expect(held).toMatchObject({ complete: false, completedAt: undefined, missing: [{ shard: 1, reason: "absent" }] });
  await expect(found(one)).rejects.toMatchObject({
    code: "ERR_EMPREINTE_CLUSTER_SHARD",
    message: "Shard 1 does not answer: absent",
  });
  await expect.poll(() => cluster.events).toContainEqual(expect.objectContaining({ type: "rescan-held", shard: 1 }));
  // One that is there and says nothing.
  const nc = await connect({ servers: servers.urls });
  nc.subscribe("emp.match.test.1");
  await nc.flush();
  expect(await one.rescan(second, { deadlineSeconds: 0.3 })).toMatchObject({
    missing: [{ shard: 1, reason: "silent" }],
  });
  await nc.close();
  // What `status` and the metrics say meanwhile.
  const { revision } = curator.store;
  await expect
    .poll(async () => (await clusterStatus(link())).rescans?.shards[1]?.reason, { timeout: 20_000 })
    .toBe("absent");
  const status = await clusterStatus(link());
  expect(status.rescans).toMatchObject({ complete: false, shards: [{ revision }, { revision: first }, { revision }] });
  expect(statusText(status)).toContain("rescans are not complete");
  expect(statusText(status)).toMatch(/shard 1: \d+ uploads, revision \d+ \(1 behind\), .* matches, held: absent/);
  const metrics = await metricsText(one, shards[0]!);
  expect(metrics).toContain('empreinte_cluster_rescan_lag{store="test",shard="1"} 1\n');
  expect(metrics).toContain('empreinte_cluster_rescan_held{store="test",shard="1"} 1\n');
  expect(metrics).toContain(`empreinte_cluster_shard_rescanned_revision{shard="0"} ${revision}\n`);
  shards[1] = await shard(1);
  expect(await one.rescan(second, { waitSeconds: 30 })).toMatchObject({ complete: true, missing: [] });
  expect(await found(one)).toEqual(expected(uploads, { e0: [hashOf(0)], e1: [hashOf(1)] }));
  await expect.poll(async () => (await clusterStatus(link())).rescans?.complete, { timeout: 20_000 }).toBe(true);
});

test.for(["step", "question"])(
  "a shard that is killed with a %s in hand goes on when it is back",
  async (what, ctx) => {
    needsLongRun(ctx);
    const uploads = [...uploadsOf(0), ...uploadsOf(1)];
    await archive.keep(uploads);
    await shards[1]!.close();
    const options = { ...link(), role: "shard", shard: 1, shards: count, path: join(cluster.folder, "shard-1") };
    const process = new Member(options);
    closing.push(() => process.kill());
    await process.started();
    // What reaches the stopped process is never answered.
    let stops = false;
    const hook = (number: number): void => {
      if (stops && number === 1) process.signal("SIGSTOP");
    };
    const one = await rescanner({ requestSeconds: 600, hook });
    const first = await add(entry("e0", [hashOf(0)]));
    expect(await one.rescan(first, { waitSeconds: 30 })).toMatchObject({ complete: true });
    if (what === "step") stops = true;
    else process.signal("SIGSTOP");
    const second = await add(entry("e1", [hashOf(1)]));
    expect(await one.rescan(second, { waitSeconds: 1 })).toMatchObject({
      complete: false,
      missing: expect.arrayContaining([expect.objectContaining({ shard: 1 })]) as unknown[],
    });
    stops = false;
    await process.kill();
    shards[1] = await shard(1);
    expect(await one.rescan(second, { waitSeconds: 120 })).toMatchObject({ complete: true, missing: [] });
    expect(await found(one)).toEqual(expected(uploads, { e0: [hashOf(0)], e1: [hashOf(1)] }));
  },
);

test("after a restart in the middle each hash is searched once, and two rescanners find nothing twice", async () => {
  const uploads = Array.from({ length: 8 }, (_, i) => uploadsOf(i)).flat();
  await archive.keep(uploads);
  let steps = 0;
  const stopped = await rescanner({
    hashesAtOnce: 1,
    hook: async (_, target) => {
      // All shards wait after nine hashes, as if the process was killed.
      if (target > 0 && ++steps > 9) await new Promise(() => undefined);
    },
  });
  const entries = Object.fromEntries(Array.from({ length: 8 }, (_, i) => [`e${i}`, [hashOf(i)]]));
  const revision = await add(...Object.entries(entries).map(([id, hashes]) => entry(id, hashes)));
  const hashes = async (): Promise<number[]> => (await archive.rescan(revision)).shards.map((state) => state.hashes);
  await expect.poll(hashes, { timeout: 20_000 }).not.toContain(0);
  await expect.poll(async () => (await hashes()).reduce((a, b) => a + b)).toBe(9);
  expect(await archive.rescan(revision)).toMatchObject({ complete: false });
  // A shard restarts in the middle, too.
  await shards[0]!.close();
  shards[0] = await shard(0);
  expect((await hashes()).reduce((a, b) => a + b)).toBe(9);
  const both = await Promise.all([rescanner({ hashesAtOnce: 1 }), rescanner({ hashesAtOnce: 1 })]);
  expect(await both[0].rescan(revision, { waitSeconds: 30 })).toMatchObject({ complete: true });
  expect(await hashes()).toEqual([8, 8, 8]);
  expect(await found(both[1])).toEqual(expected(uploads, entries));
  // Its loops wait in the hook for ever: only its connection ends.
  void stopped.close();
  closing.shift();
});

test("an entry that is withdrawn during its rescan matches nowhere, and nothing of it stays in a shard", async (ctx) => {
  needsLongRun(ctx);
  const uploads = [...uploadsOf(0), ...uploadsOf(1), ...uploadsOf(2)];
  await archive.keep(uploads);
  let [begun, withdrawn] = [false, false];
  const node = await cluster.node("one");
  await same(curator, [node]);
  const one = await rescanner({
    source: node,
    hashesAtOnce: 1,
    hook: async (i) => {
      const { entry: of } = (await archiveMatches()).find(({ entry: number }) => number === numberOf("e1")) ?? {};
      if (of === undefined || begun || i === 2) return;
      // The first shard has found it, and the last one has not searched for it.
      begun = true;
      await curator.withdraw({ ...from, entryId: "e1" });
      await same(curator, [node]);
      withdrawn = true;
    },
  });
  const archiveMatches = async (): Promise<{ entry: number }[]> =>
    shards.flatMap((each) => each.shard.rescans.matches(0, 500));
  const numbers = new Map<string, number>();
  const numberOf = (id: string): number | undefined => {
    for (const { entryId, entryNumber } of curator.store.changes(0)) {
      if (entryId !== undefined) numbers.set(entryId, entryNumber!);
    }
    return numbers.get(id);
  };
  const before = curator.store.revision;
  await add(entry("e0", [hashOf(0)]), entry("e1", [hashOf(1)]), entry("e2", [hashOf(2)]));
  await expect.poll(() => withdrawn, { timeout: 20_000 }).toBe(true);
  const all = expected(uploads, { e0: [hashOf(0)], e2: [hashOf(2)] });
  // What a reader sees from now on never has it, whatever the shards still have.
  for (const match of await found(one)) expect(match.entry).not.toBe("e1");
  const last = curator.store.revision;
  expect(last).toBe(before + 2);
  expect(await one.rescan(last, { waitSeconds: 30 })).toMatchObject({ complete: true });
  expect(await found(one)).toEqual(all);
  expect((await archiveMatches()).filter(({ entry: of }) => of === numberOf("e1"))).toEqual([]);
  expect(await archiveMatches()).toHaveLength(all.length);
  // A node that may not answer gives no hash.
  await node.close();
  await expect
    .poll(() => one.shards.map(({ reason }) => reason), { timeout: 20_000 })
    .toEqual(Array.from({ length: count }, () => "the bank does not answer"));
});

test("a shard of another bank is refused, and an old copy of a shard is searched again", async () => {
  const uploads = [...uploadsOf(0), ...uploadsOf(1)];
  await archive.keep(uploads);
  const one = await rescanner();
  await add(entry("e0", [hashOf(0)]));
  expect(await one.rescan(undefined, { waitSeconds: 30 })).toMatchObject({ complete: true });
  await one.close();
  const step = { ...shards[0]!.shard.rescans.position, radius: 31, entries: [], ended: [], empty: false, end: null };
  const target = step.revision + 1;
  expect(await shards[0]!.shard.rescans.take({ ...step, digest: "0".repeat(64), target })).toBe(false);
  expect(await shards[0]!.shard.rescans.take({ ...step, target, targetDigest: "0".repeat(64) })).toBe(true);
  const second = await rescanner();
  await expect
    .poll(() => second.shards[0]!.reason)
    .toBe(`the bank has revision ${target - 1}, and the shard ${target}`);
  await add(entry("e1", [hashOf(1)]));
  await expect.poll(() => second.shards[0]!.reason).toBe("the shard was searched by a bank with another history");
  expect(await second.rescan(undefined, { waitSeconds: 0.2 })).toMatchObject({
    complete: false,
    missing: [{ shard: 0, reason: "the shard was searched by a bank with another history" }],
  });
  const path = shards[0]!.shard.path;
  await shards[0]!.close();
  const shardAgain = await ArchiveShard.open(path);
  shardAgain.rescans.reset();
  await shardAgain.close();
  shards[0] = await shard(0);
  expect(await second.rescan(undefined, { waitSeconds: 30 })).toMatchObject({ complete: true });
  expect(await found(second)).toEqual(expected(uploads, { e0: [hashOf(0)], e1: [hashOf(1)] }));
});
