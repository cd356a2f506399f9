/** More shards for an archive, and a shard at another place: nothing is lost or found twice, and searches go on. */
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, renameSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { connect } from "@nats-io/transport-node";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import {
  Archive,
  type ArchivedUpload,
  type ArchiveAnswer,
  ShardServer,
  type ShardServerOptions,
} from "../dist/index.js";
import { shardOf } from "../dist/archive/messages.js";
import { hashesBelow } from "./support/files.ts";
import { natsServer, needsNats, Servers } from "./support/servers.ts";
import { needsLongRun } from "../../../test/support/long.ts";

let servers: Servers;
let folder: string;
let shards: ShardServer[];
let archive: Archive;

const link = (): { store: string; nats: { servers: string[] } } => ({ store: "test", nats: { servers: servers.urls } });
async function start(shard: number, of: number, options: Partial<ShardServerOptions> = {}): Promise<ShardServer> {
  const server = await ShardServer.start({
    ...link(),
    shard,
    shards: of,
    path: join(folder, `shard-${shard}`),
    ...options,
  });
  shards[shard] = server;
  return server;
}

beforeAll(async () => {
  if (natsServer !== undefined) servers = await Servers.start(1);
});
afterAll(async () => {
  await servers?.close();
});
beforeEach(async (ctx) => {
  needsNats(ctx);
  folder = mkdtempSync(join(tmpdir(), "empreinte-move-"));
  shards = [];
  for (let i = 0; i < 2; i++) await start(i, 2);
  archive = await Archive.open({ ...link(), shards: 2 });
});
afterEach(async () => {
  await archive?.close();
  for (const one of shards ?? []) await one?.close();
  rmSync(folder, { recursive: true, force: true });
});

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
const query = digest("query").toString("hex");
/** Uploads of which every twentieth has the hash of the query, with one bit changed. */
const uploads: ArchivedUpload[] = Array.from({ length: 3000 }, (_, i) => {
  const hash = i % 20 === 0 ? Buffer.from(query, "hex") : digest(`upload ${i}`);
  hash[i % 32]! ^= 1;
  return { id: `upload-${i}`, hash: hash.toString("hex"), time: i };
});
const near = (all: readonly ArchivedUpload[]): string[] =>
  all
    .filter((_, i) => i % 20 === 0)
    .map(({ id }) => id)
    .toSorted();
const found = ({ matches }: ArchiveAnswer): string[] => matches.map(({ id }) => id).toSorted();

test("from n to n + 1 shards, one upload of n + 1 moves, and to the new shard", () => {
  for (let n = 1; n <= 12; n++) {
    const homes = uploads.map(({ id }) => [shardOf(id, n), shardOf(id, n + 1)] as const);
    const moved = homes.filter(([before, after]) => before !== after);
    expect(moved.every(([, after]) => after === n)).toBe(true);
    expect(moved.length / uploads.length).toBeGreaterThan(0.75 / (n + 1));
    expect(moved.length / uploads.length).toBeLessThan(1.25 / (n + 1));
    const counts = Array.from({ length: n }, (_, shard) => homes.filter(([before]) => before === shard).length);
    expect(Math.min(...counts)).toBeGreaterThan((0.7 * uploads.length) / n);
  }
});

/** What all shards have, by their files. */
const sizes = (): number[] => shards.map(({ shard }) => shard.size);
const inPlace = async (): Promise<void> => {
  await expect.poll(async () => (await archive.layout()).inPlace, { timeout: 30_000 }).toBe(true);
};

test("an archive gets shards while it is used: every upload is found once, all the time", async (ctx) => {
  needsLongRun(ctx);
  await archive.keep(uploads);
  const other = await Archive.open({ ...link(), shards: 2 });
  await start(2, 4, { formerShards: 2 });
  await start(3, 4, { formerShards: 2 });
  expect(await archive.layout()).toEqual({ shards: 2, inPlace: true, moving: [], missing: [] });
  const answers: ArchiveAnswer[] = [];
  let searching = true;
  const searches = (async () => {
    while (searching) answers.push(await other.search(query, { radius: 2, deadlineSeconds: 20 }));
  })();
  await shards[0]!.grow(4);
  // The other shard is not grown yet.
  expect(found(await archive.search(query, { radius: 2 }))).toEqual(near(uploads));
  await shards[1]!.grow(4);
  // Meanwhile uploads come, some have another hash than before, and some are removed.
  const more = Array.from({ length: 400 }, (_, i) => ({
    id: `more-${i}`,
    hash: digest(`more ${i}`).toString("hex"),
    time: i,
  }));
  const again = uploads.slice(0, 400);
  const changed = again.map((upload) => ({ ...upload, hash: digest(upload.id).toString("hex") }));
  const gone = uploads.filter((_, i) => i % 20 !== 0).slice(1000, 1400);
  const [kept, known, refused, removed] = await Promise.all([
    archive.keep(more),
    archive.keep(again),
    archive.keep(changed),
    archive.remove(gone.map(({ id }) => id)),
  ]);
  expect(kept).toMatchObject({ kept: 400, known: 0, conflicts: [], missing: [] });
  expect(known).toMatchObject({ kept: 0, known: 400, conflicts: [], missing: [] });
  expect(refused.conflicts.toSorted()).toEqual(changed.map(({ id }) => id).toSorted());
  expect(refused).toMatchObject({ kept: 0, known: 0, missing: [] });
  expect(removed.missing).toEqual([]);
  await inPlace();
  searching = false;
  await searches;
  expect(answers.length).toBeGreaterThan(3);
  for (const answer of answers) {
    expect(answer.missing).toEqual([]);
    expect(found(answer)).toEqual(near(uploads));
  }
  await other.close();
  // Each upload is in the shard of its name, and in no other.
  const left = [...uploads.filter((upload) => !gone.includes(upload)), ...more];
  expect(sizes()).toEqual([0, 1, 2, 3].map((shard) => left.filter(({ id }) => shardOf(id, 4) === shard).length));
  expect(shards.map(({ shard }) => [shard.layout!.shards, shard.layout!.former])).toEqual(
    Array.from({ length: 4 }, () => [4, undefined]),
  );
  for (const { hash } of left.slice(0, 50)) {
    expect((await archive.search(hash, { radius: 0 })).matches.length).toBeGreaterThan(0);
  }
  for (const { hash } of gone.slice(0, 20)) expect((await archive.search(hash, { radius: 0 })).matches).toEqual([]);
  // And after a restart, with the new number only.
  for (const i of [0, 1, 2, 3]) await shards[i]!.close();
  await expect(start(0, 2)).rejects.toThrow("The file belongs to an archive of 4 shards, and not 2");
  for (const i of [0, 1, 2, 3]) await start(i, 4);
  expect((await archive.search(query, { radius: 2 })).searched).toBe(left.length);
  expect(
    hashesBelow(
      servers.folder,
      uploads.slice(0, 200).map(({ hash }) => hash),
    ),
  ).toEqual([]);
  // What has moved is in no file of the shard that it has left.
  for (const i of [0, 1, 2, 3]) await shards[i]!.close();
  const apart = mkdtempSync(join(tmpdir(), "empreinte-moved-"));
  for (const end of ["", ".index"]) renameSync(join(folder, `shard-0${end}`), join(apart, `shard-0${end}`));
  const moved = uploads.filter(({ id }, i) => i % 20 !== 0 && shardOf(id, 2) === 0 && shardOf(id, 4) !== 0);
  expect(moved.length).toBeGreaterThan(300);
  expect(
    hashesBelow(
      apart,
      moved.map(({ hash }) => hash),
    ),
  ).toEqual([]);
  rmSync(apart, { recursive: true, force: true });
});

test("a shard that was killed after another had its uploads finds nothing twice, and goes on", async (ctx) => {
  needsLongRun(ctx);
  await archive.keep(uploads);
  await start(2, 3, { formerShards: 2 });
  const moving = uploads.filter(({ id }) => shardOf(id, 2) === 0 && shardOf(id, 3) === 2);
  const nc = await connect({ servers: servers.urls });
  const { position } = shards[0]!.shard.rescans.progress(0);
  const send = async (former: number): Promise<unknown> => {
    const batch = moving.slice(0, 200).map((upload) => ({ ...upload, matches: [] }));
    const message = JSON.stringify({ shards: 3, move: { former, position, uploads: batch } });
    return JSON.parse(Buffer.from((await nc.request("emp.match.test.2", message)).data).toString());
  };
  expect(await send(1)).toEqual({ refused: "The shard was not started for an archive that had 1 shards" });
  // As far as it came: they are there, and not yet gone here.
  expect(await send(2)).toMatchObject({ kept: 200 });
  await nc.close();
  const three = await Archive.open({ ...link(), shards: 3 });
  const twice = await three.search(query, { radius: 2 });
  expect(twice.searched).toBe(3200);
  expect(found(twice)).toEqual(near(uploads));
  await shards[0]!.close();
  await shards[1]!.close();
  await start(0, 3);
  await start(1, 3);
  await inPlace();
  expect(sizes()).toEqual([0, 1, 2].map((shard) => uploads.filter(({ id }) => shardOf(id, 3) === shard).length));
  expect(found(await three.search(query, { radius: 2 }))).toEqual(near(uploads));
  await three.close();
});

test("a shard that was searched for later revisions takes no upload before the sender was, too", async (ctx) => {
  needsLongRun(ctx);
  await archive.keep(uploads);
  const behind = shards[0]!.shard.rescans;
  const step = { radius: 31, entries: [], ended: [], empty: false, end: null, after: 0, offset: 0 };
  const to = (revision: number, target: number): Parameters<typeof behind.take>[0] => ({
    ...step,
    revision,
    digest: revision === 0 ? "" : `${revision}`,
    target,
    targetDigest: `${target}`,
  });
  await start(2, 3, { formerShards: 2 });
  expect(await shards[2]!.shard.rescans.take({ ...to(0, 5), empty: true })).toBe(true);
  expect(await behind.take(to(0, 4))).toBe(true);
  // What a rescan has found of an upload goes with it.
  const moved = uploads.find(({ id }) => shardOf(id, 2) === 0 && shardOf(id, 3) === 2)!;
  const entries = [{ entry: 7, hashes: [moved.hash], more: false }];
  expect(await behind.take({ ...to(4, 5), entries, end: { after: 7, offset: 0 } })).toBe(true);
  const before = behind.matches(0, 500);
  expect(before.map(({ id }) => id)).toContain(moved.id);
  await shards[0]!.grow(3);
  await shards[1]!.grow(3);
  await setTimeout(1000);
  expect(shards[2]!.shard.size).toBe(0);
  expect((await archive.layout()).moving).toEqual([0, 1, 2]);
  expect(found(await archive.search(query, { radius: 2 }))).toEqual(near(uploads));
  expect(await behind.take({ ...to(4, 5), after: 7 })).toBe(true);
  expect(await shards[1]!.shard.rescans.take(to(0, 5))).toBe(true);
  await inPlace();
  const after = shards.flatMap(({ shard }) => shard.rescans.matches(0, 500));
  const names = (all: typeof after): string[] =>
    all.map(({ entry, id, found: at }) => `${entry} ${id} ${at}`).toSorted();
  expect(names(after)).toEqual(names(before));
  expect(shards[2]!.shard.rescans.matches(0, 500).map(({ id }) => id)).toContain(moved.id);
});

test("a shard goes to another place while it is searched, and its old file does not open by mistake", async () => {
  await archive.keep(uploads);
  const answers: ArchiveAnswer[] = [];
  let searching = true;
  const searches = (async () => {
    while (searching) answers.push(await archive.search(query, { radius: 2 }));
  })();
  const [old] = shards;
  const path = join(folder, "elsewhere");
  await old!.copyTo(path);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  const late = Array.from({ length: 40 }, (_, i) => ({
    id: `late-${i}`,
    hash: digest(`late ${i}`).toString("hex"),
    time: i,
  }));
  // Until the other process runs, nothing is kept, and the caller hears of it.
  const reason = "The shard was copied to another place, and only searches";
  expect((await archive.keep(late)).missing).toEqual([{ shard: 0, reason }]);
  expect((await archive.remove(uploads.slice(0, 9).map(({ id }) => id))).missing).toEqual([{ shard: 0, reason }]);
  await expect(old!.copyTo(`${path}-2`)).rejects.toThrow(reason);
  const removed = uploads.slice(0, 9).filter(({ id }) => shardOf(id, 2) === 1);
  await start(0, 2, { path });
  await old!.close();
  searching = false;
  await searches;
  const left = uploads.filter((upload) => !removed.includes(upload));
  expect(answers.length).toBeGreaterThan(2);
  for (const answer of answers) {
    expect(answer.missing).toEqual([]);
    expect([near(uploads), near(uploads).filter((id) => left.some((upload) => upload.id === id))]).toContainEqual(
      found(answer),
    );
  }
  const { kept, known, missing } = await archive.keep(late);
  expect({ sum: kept + known, missing }).toEqual({ sum: 40, missing: [] });
  expect((await archive.search(query, { radius: 2 })).searched).toBe(left.length + 40);
  const [other] = shards;
  const oldPath = join(folder, "shard-0");
  await expect(start(0, 2)).rejects.toThrow("The shard was copied to another place. Start it there");
  expect(existsSync(oldPath)).toBe(true);
  await other!.close();
  await start(0, 2, { path: oldPath, reopen: true });
  expect(shards[0]!.shard.size).toBe(uploads.filter(({ id }) => shardOf(id, 2) === 0).length);
});
