/** The archive: uploads in shards, and searches that name the shards that did not answer. */
import { randomBytes } from "node:crypto";
import { copyFileSync, existsSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "@nats-io/transport-node";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { Archive, type ArchivedUpload, type ClusterEvent, ShardServer } from "../dist/index.js";
import { ArchiveShard } from "../dist/archive/shard.js";
import { hashesBelow } from "./support/files.ts";
import { natsServer, needsNats, Servers } from "./support/servers.ts";

const count = 4;
const code = (name: string): object => expect.objectContaining({ code: name });

let servers: Servers;
let folder: string;
let shards: ShardServer[];
let archive: Archive;
let events: ClusterEvent[];

const link = (): { store: string; nats: { servers: string[] } } => ({ store: "test", nats: { servers: servers.urls } });
const shard = (i: number): Promise<ShardServer> =>
  ShardServer.start({
    ...link(),
    shard: i,
    shards: count,
    path: join(folder, `shard-${i}`),
    onEvent: (event) => events.push(event),
  });

beforeAll(async () => {
  if (natsServer !== undefined) servers = await Servers.start(1);
});
afterAll(async () => {
  await servers?.close();
});
beforeEach(async (ctx) => {
  needsNats(ctx);
  [folder, events] = [mkdtempSync(join(tmpdir(), "empreinte-archive-")), []];
  shards = [];
  for (let i = 0; i < count; i++) shards.push(await shard(i));
  archive = await Archive.open({ ...link(), shards: count });
});
afterEach(async () => {
  await archive?.close();
  for (const one of shards ?? []) await one.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A hash that differs in so many bits. */
function near(hash: string, bits: number): string {
  const bytes = Buffer.from(hash, "hex");
  for (let i = 0; i < bits; i++) bytes[i % 32]! ^= 1 << Math.floor(i / 32);
  return bytes.toString("hex");
}

function distance(a: string, b: string): number {
  const value = BigInt(`0x${a}`) ^ BigInt(`0x${b}`);
  return value.toString(2).replaceAll("0", "").length;
}

const query = randomBytes(32).toString("hex");
/** Uploads of which every fifth is within 0 … 39 bits of the query. */
const uploads: ArchivedUpload[] = Array.from({ length: 200 }, (_, i) => ({
  id: `upload/${i} é`,
  hash: i % 5 === 0 ? near(query, i / 5) : randomBytes(32).toString("hex"),
  time: 1_700_000_000_000 + i,
}));
const expected = uploads
  .map(({ id, hash, time }) => ({ id, time, distance: distance(query, hash) }))
  .filter((match) => match.distance <= 31)
  .toSorted((a, b) => a.distance - b.distance);

test("a search finds in all shards what a comparison of every pair finds, and NATS keeps no hash", async () => {
  expect(await archive.keep(uploads)).toEqual({ kept: 200, known: 0, conflicts: [], missing: [], rescanned: 0 });
  expect(shards.map((one) => one.shard.size).reduce((a, b) => a + b)).toBe(200);
  for (const one of shards) expect(one.shard.size).toBeGreaterThan(20);
  expect(expected.length).toBeGreaterThanOrEqual(32);
  const { matches, ...rest } = await archive.search(query);
  expect(rest).toEqual({ complete: true, missing: [], matchesLeftOut: 0, searched: 200 });
  expect(matches.map(({ id, time, distance: bits }) => ({ id, time, distance: bits }))).toEqual(expected);
  expect((await archive.search({ hash: query, quality: 49 })).matches).toEqual([]);
  expect((await archive.search(query, { radius: 2 })).matches.map((match) => match.distance)).toEqual([0, 1, 2]);
  expect(hashesBelow(servers.folder, [query, ...uploads.map(({ hash }) => hash)])).toEqual([]);
  for (const [bad, options] of [
    ["0123", {}],
    [query, { radius: 257 }],
    [query, { deadlineSeconds: 0 }],
  ] as const) {
    await expect(archive.search(bad, options)).rejects.toEqual(code("ERR_EMPREINTE_CLUSTER_ARGUMENT"));
  }
});

test("a shard that is silent or absent is named, and the others' matches are there", async () => {
  await archive.keep(uploads);
  const of = (i: number): string[] => expected.filter(({ id }) => placed.get(id) === i).map(({ id }) => id);
  const placed = new Map((await archive.search(query)).matches.map((match) => [match.id, match.shard]));
  await shards[2]!.close();
  const rest = [...of(0), ...of(1), ...of(3)].toSorted();
  const absent = await archive.search(query);
  expect(absent).toMatchObject({ complete: false, missing: [{ shard: 2, reason: "absent" }] });
  expect(absent.matches.map(({ id }) => id).toSorted()).toEqual(rest);
  // A process that has the subject, and does not answer.
  const nc = await connect({ servers: servers.urls });
  nc.subscribe("emp.match.test.2");
  await nc.flush();
  const silent = await archive.search(query, { deadlineSeconds: 0.3 });
  expect(silent).toMatchObject({ complete: false, missing: [{ shard: 2, reason: "silent" }] });
  expect(silent.matches.map(({ id }) => id).toSorted()).toEqual(rest);
  await nc.close();
  shards[2] = await shard(2);
  expect((await archive.search(query)).matches.map(({ id }) => id)).toEqual(expected.map(({ id }) => id));
});

test("one message searches all shards, and a shard that did not hear it gets one of its own", async () => {
  await archive.keep(uploads);
  const nc = await connect({ servers: servers.urls });
  const heard: string[] = [];
  const listener = nc.subscribe("emp.match.test.*", {
    callback: (_, message) => {
      heard.push(message.subject);
      // Who does not say which shard it is has not answered.
      if (message.subject.endsWith(".all")) {
        message.respond(JSON.stringify({ size: 9, matches: [], found: 0 }));
        message.respond("no JSON");
      }
    },
  });
  await nc.flush();
  const all = await archive.search(query, { deadlineSeconds: 60 });
  expect(all).toMatchObject({ complete: true, searched: uploads.length });
  expect(all.matches.map(({ id }) => id)).toEqual(expected.map(({ id }) => id));
  await nc.flush();
  expect(heard).toEqual(["emp.match.test.all"]);
  // Nothing but searches goes to all shards: no upload can be removed from all of them.
  listener.unsubscribe();
  const remove = JSON.stringify({ shards: count, remove: [uploads[0]!.id] });
  const { data } = await nc.request("emp.match.test.all", remove, { timeout: 10_000 });
  expect(Buffer.from(data).toString()).toContain("All shards at once are only searched");
  expect(shards.map((one) => one.shard.size).reduce((a, b) => a + b)).toBe(uploads.length);
  await nc.close();
  // A process that hears only its own subject.
  await shards[2]!.close();
  const other = await connect({ servers: servers.urls });
  const match = { id: "elsewhere", time: 1, distance: 0, orientation: "orig" };
  other.subscribe("emp.match.test.2", {
    callback: (_, message) => void message.respond(JSON.stringify({ size: 1, matches: [match], found: 1 })),
  });
  await other.flush();
  const alone = await archive.search(query, { deadlineSeconds: 60 });
  expect(alone.complete).toBe(true);
  expect(alone.matches).toContainEqual({ ...match, shard: 2 });
  await other.close();
  shards[2] = await shard(2);
});

test("an upload has one hash, and one that is removed is in no file", async () => {
  await archive.keep(uploads);
  const [first, second] = uploads;
  const other = { ...first!, hash: randomBytes(32).toString("hex") };
  expect(await archive.keep([first!, other])).toEqual({
    kept: 0,
    known: 1,
    conflicts: [first!.id],
    missing: [],
    rescanned: 0,
  });
  await expect(
    archive.keep([
      { ...second!, id: "new" },
      { ...first!, hash: "12" },
    ]),
  ).rejects.toEqual(code("ERR_EMPREINTE_CLUSTER_ARGUMENT"));
  expect((await archive.search(query)).searched).toBe(200);
  for (const one of shards) await one.shard.save();
  const removed = uploads.slice(0, 40);
  expect(await archive.remove([...removed.map(({ id }) => id), "unknown"])).toEqual({ removed: 40, missing: [] });
  const gone = new Set(removed.map(({ id }) => id));
  const left = expected.filter(({ id }) => !gone.has(id)).map(({ id }) => id);
  expect((await archive.search(query)).matches.map(({ id }) => id)).toEqual(left);
  // As after a kill: what is on the disk at this moment.
  const copies = mkdtempSync(join(tmpdir(), "empreinte-archive-"));
  for (let i = 0; i < count; i++) {
    for (const end of ["", "-wal", ".index"]) {
      const file = join(folder, `shard-${i}${end}`);
      if (existsSync(file)) copyFileSync(file, join(copies, `shard-${i}${end}`));
    }
  }
  // Those near the query have halves in common, so they say nothing.
  const apart = (all: ArchivedUpload[]): string[] =>
    all.map(({ hash }) => hash).filter((hash) => distance(hash, query) > 40);
  const [lost, kept] = [apart(removed), apart(uploads.slice(40))];
  expect([lost.length, kept.length]).toEqual([32, 128]);
  expect(hashesBelow(copies, [...lost, ...kept]).toSorted()).toEqual(kept.toSorted());
  rmSync(copies, { recursive: true, force: true });
});

test("a shard that was killed, or whose index is another one, has every upload again", async () => {
  const path = join(folder, "own");
  const own = await ArchiveShard.open(path);
  own.keep(uploads.slice(0, 100));
  await own.save();
  own.keep(uploads.slice(100));
  const copyOf = (name: string): string => {
    for (const end of ["", "-wal", ".index"]) {
      if (existsSync(`${path}${end}`)) copyFileSync(`${path}${end}`, join(folder, `${name}${end}`));
    }
    return join(folder, name);
  };
  const opened = async (at: string): Promise<[size: number, matches: number, rebuilt: string | undefined]> => {
    const one = await ArchiveShard.open(at);
    const found = (await one.search(query)).length;
    const { size, rebuilt } = one;
    await one.close();
    return [size, found, rebuilt];
  };
  const all = [200, expected.length];
  const killed = copyOf("killed");
  // The copy of an index is another file, with another time.
  expect(await opened(killed)).toEqual([...all, "the index is not the one that was saved last"]);
  expect(await opened(killed)).toEqual([...all, undefined]);
  truncateSync(`${killed}.index`, 100);
  expect(await opened(killed)).toEqual([...all, "the index is not the one that was saved last"]);
  rmSync(`${killed}.index`);
  expect(await opened(killed)).toEqual([...all, "the index cannot be opened: ENOENT"]);
  await own.close();
  expect(await opened(path)).toEqual([...all, undefined]);
  // Whoever opened it last has it.
  const earlier = await ArchiveShard.open(path);
  const later = await ArchiveShard.open(path);
  const more = { id: "more", hash: query, time: 0 };
  expect(() => earlier.keep([more])).toThrow("Another process has opened the shard");
  await expect(earlier.search(query)).rejects.toEqual(code("ERR_EMPREINTE_CLUSTER_CLOSED"));
  await expect(earlier.remove([uploads[0]!.id])).rejects.toEqual(code("ERR_EMPREINTE_CLUSTER_CLOSED"));
  later.keep([more]);
  await earlier.close();
  await later.close();
  expect(await opened(path)).toEqual([201, expected.length + 1, undefined]);
  writeFileSync(join(folder, "none"), "this is no file of SQLite".repeat(100));
  await expect(ArchiveShard.open(join(folder, "none"))).rejects.toThrow("not a database");
});
