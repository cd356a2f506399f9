/** Rescans and searches of uploads that are rotated or mirrored, and of the frames of videos. */
import { createHash, randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { type Orientation, orientationNames } from "empreinte";
import { type BankStore, Matcher } from "empreinte/bank";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Archive, type ArchivedUpload, type Curator, Rescanner, ShardServer } from "../dist/index.js";
import { TestCluster } from "./support/cluster.ts";
import { needsNats, Servers } from "./support/servers.ts";

let servers: Servers;
let cluster: TestCluster;
const closing: (() => Promise<unknown>)[] = [];
beforeEach(async (ctx) => {
  needsNats(ctx);
  servers = await Servers.start(1);
  cluster = new TestCluster(servers);
});
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
  await cluster?.close();
  await servers?.close();
});

const link = (): { store: string; nats: { servers: string[] } } => ({ store: "test", nats: { servers: servers.urls } });
const closed = <T extends { close: () => Promise<unknown> }>(one: T): T => {
  closing.push(() => one.close());
  return one;
};
const hashOf = (name: string): string => createHash("sha256").update(name).digest("hex");
/** That hash with so many bits changed. */
function near(hash: string, bits: number): string {
  const bytes = Buffer.from(hash, "hex");
  for (let i = 0; i < bits; i++) bytes[(7 * i) % 32]! ^= 1 << Math.floor(i / 32);
  return bytes.toString("hex");
}
const distance = (a: string, b: string): number =>
  (BigInt(`0x${a}`) ^ BigInt(`0x${b}`)).toString(2).replaceAll("0", "").length;

type Hashes = Record<Orientation, string>;
const turned = (hash: string, known: Partial<Hashes> = {}): Hashes => ({
  ...(Object.fromEntries(orientationNames.map((name) => [name, randomBytes(32).toString("hex")])) as Hashes),
  ...known,
  orig: hash,
});

/** Known items: a hash with its quality and, of a frame, its time. */
interface Item {
  bank: "ncii" | "upright" | "alarms";
  id: string;
  hashes: { value: string; quality?: number; seconds?: number }[];
}
const black = "0".repeat(64);
const items: Item[] = [
  { bank: "ncii", id: "still", hashes: [{ value: hashOf("still") }] },
  {
    bank: "ncii",
    id: "film",
    hashes: [
      { value: black, seconds: 0 },
      { value: hashOf("film 1"), seconds: 1, quality: 90 },
      { value: hashOf("film 2"), seconds: 2, quality: 49 },
      { value: hashOf("film 3"), seconds: 3 },
    ],
  },
  { bank: "upright", id: "upright", hashes: [{ value: hashOf("upright") }] },
  { bank: "alarms", id: "alarm", hashes: [{ value: hashOf("alarm") }] },
];
const policies: Record<Item["bank"], readonly Orientation[]> = {
  ncii: orientationNames,
  upright: ["orig", "flipY"],
  alarms: [],
};

async function fill(store: BankStore): Promise<void> {
  store.createBank({ name: "upright", policy: { orientations: ["orig", "flipY"] } });
  store.createBank({ name: "alarms", negative: true });
  for (const { bank, id, hashes } of items) {
    const signals = hashes.map(({ value, quality = 100, seconds }) =>
      seconds === undefined
        ? { type: "pdq" as const, value, quality }
        : { type: "vpdq" as const, value, quality, timestampSeconds: seconds },
    );
    await store.import({ bank, source: "own" }, [{ id, signals }]);
  }
}

function uploadsOf(): ArchivedUpload[] {
  const names = ["still", "film 1", "film 2", "film 3", "upright", "alarm"];
  const all = names.flatMap((name) =>
    [...orientationNames, undefined].map((which, i): ArchivedUpload => {
      const value = near(hashOf(name), 5 * (i % 8));
      const id = `${name} ${which ?? "as it is"}`;
      const own = which === undefined || which === "orig" ? value : randomBytes(32).toString("hex");
      // The last one has no orientations.
      const orientations = which === undefined ? {} : { orientations: turned(own, { [which]: value }) };
      return { id, hash: own, time: 1_700_000_000_000 + i, ...orientations };
    }),
  );
  const both = near(hashOf("still"), 20);
  return [
    ...all,
    { id: "black", hash: black, time: 1, orientations: turned(black) },
    // Several orientations are near: the nearest counts, and the upload is found once.
    { id: "both", hash: both, time: 2, orientations: turned(both, { rot90: near(hashOf("still"), 2), flipX: both }) },
  ];
}

interface Found {
  entry: string;
  id: string;
  distance: number;
}
const order = (a: Found, b: Found): number => (`${a.entry} ${a.id}` < `${b.entry} ${b.id}` ? -1 : 1);

/** What a comparison of every hash with every orientation that counts finds. */
function expected(uploads: readonly ArchivedUpload[]): Found[] {
  const all = items.flatMap(({ bank, id: entry, hashes }) => {
    const known = hashes.filter(({ value, quality = 100 }) => value !== black && quality >= 50);
    return uploads.map(({ id, hash, orientations = { orig: hash } as Hashes }) => {
      const own = policies[bank].flatMap((name) => (name in orientations ? [orientations[name]] : []));
      const distances = own.flatMap((mine) => known.map(({ value }) => distance(mine, value)));
      return { entry, id, distance: Math.min(256, ...distances) };
    });
  });
  return all.filter(({ distance: bits }) => bits <= 31).toSorted(order);
}

test("frames of videos, and rotated and mirrored uploads, are found as a comparison of all pairs finds them", async () => {
  const path = await cluster.store("curator", 0);
  const curator: Curator = await cluster.curator("curator", { bank: path });
  const start = (shard: number, shards: number, more = {}): Promise<ShardServer> =>
    ShardServer.start({ ...link(), shard, shards, path: join(cluster.folder, `shard-${shard}`), ...more });
  const shards = [closed(await start(0, 2)), await start(1, 2)];
  const archive = closed(await Archive.open({ ...link(), shards: 2 }));
  const uploads = uploadsOf();
  expect(await archive.keep(uploads)).toMatchObject({ kept: uploads.length, missing: [], conflicts: [] });
  await fill(curator.store);
  let rescanner = await Rescanner.start({ ...link(), shards: 2, source: curator, hashesAtOnce: 2 });
  const { revision } = curator.store;
  expect(await rescanner.rescan(revision, { waitSeconds: 30 })).toMatchObject({ complete: true, missing: [] });
  const found = async (): Promise<Found[]> => {
    const all: Found[] = [];
    for await (const { entry, id, distance: bits } of rescanner.matches()) {
      all.push({ entry: curator.store.entry({ entryNumber: entry })!.entryId!, id, distance: bits });
    }
    return all.toSorted(order);
  };
  const all = expected(uploads);
  expect(await found()).toEqual(all);
  expect(all.filter(({ entry }) => entry === "film").length).toBeGreaterThan(10);
  expect(all.filter(({ entry }) => entry === "upright").map(({ id }) => id)).toEqual([
    "upright as it is",
    "upright flipY",
    "upright orig",
  ]);
  // A check of each upload finds the same.
  const matcher = new Matcher(curator.store);
  const checked = uploads.flatMap(({ id, hash, orientations }) =>
    matcher
      .check({ hash, quality: 100, stable: true, ...(orientations && { orientations }) })
      .matches.filter(({ bank }) => bank !== "alarms")
      .map(({ entryId, distance: bits }) => ({ entry: entryId!, id, distance: bits! })),
  );
  expect(checked.toSorted(order)).toEqual(all);

  // A search finds them too, and says which orientation of the upload is near.
  const own = uploads.filter(({ hash, orientations = { orig: hash } as Hashes }) =>
    Object.values(orientations).some((mine) => distance(mine, hashOf("still")) <= 31),
  );
  const search = async (): Promise<unknown> =>
    (await archive.search(hashOf("still"))).matches
      .map(({ id, uploadOrientation }) => [id, uploadOrientation])
      .toSorted();
  const nearest = own.map(({ id }) => [id, /rot|flip/.exec(id) === null ? undefined : id.split(" ")[1]]);
  const answer = nearest.map(([id, name]) => [id, id === "both" ? "rot90" : name]).toSorted();
  expect(await search()).toEqual(answer);

  // The same after a restart, with the saved index and with one that is made anew, and after uploads have moved.
  await shards[1]!.close();
  const again = await start(1, 2);
  expect(again.shard.rebuilt).toBeUndefined();
  expect(await search()).toEqual(answer);
  await again.close();
  rmSync(join(cluster.folder, "shard-1.index"));
  const anew = closed(await start(1, 2));
  expect(anew.shard.rebuilt).toContain("cannot be opened");
  expect(await search()).toEqual(answer);
  await rescanner.close();
  closed(await start(2, 3, { formerShards: 2 }));
  await shards[0]!.grow(3);
  await anew.grow(3);
  rescanner = closed(await Rescanner.start({ ...link(), shards: 3, source: curator }));
  await expect.poll(async () => (await archive.layout()).inPlace, { interval: 50, timeout: 30_000 }).toBe(true);
  expect(await search()).toEqual(answer);
  expect(await found()).toEqual(all);

  // All orientations of an upload go with it.
  const ids = own.map(({ id }) => id);
  expect(await archive.remove(ids)).toMatchObject({ removed: ids.length, missing: [] });
  expect((await archive.search(hashOf("still"))).matches).toEqual([]);
  expect((await archive.search(hashOf("still"))).searched).toBe(uploads.length - ids.length);
  expect(await found()).toEqual(expected(uploads.filter(({ id }) => !ids.includes(id))));
});
