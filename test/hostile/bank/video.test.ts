/** Videos in banks: their bytes after a withdrawal, kills, forged files, and input that is meant to hurt. */
import { copyFileSync, cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Libsql from "libsql";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BankStore, type Decision, type EntryInput, Matcher } from "../../../dist/doors/bank.js";
import { openList } from "../../../dist/doors/lists.js";
import type { VideoSignature } from "../../../dist/doors/video.js";
import { everyByte, lying, presentIn } from "../../support/bank/bytes.ts";
import { clipOf, hashesOfVideo, timesOfVideo, videoOf } from "../../support/bank/video-entries.mjs";
import { random, rowInIndexFile } from "../../support/hashes.ts";
import { killed } from "../../support/killed.ts";
import { rounds } from "../../support/long.ts";
import { root } from "../../support/run.ts";

const folder = mkdtempSync(join(tmpdir(), "empreinte-bank-films-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const from = { bank: "films", source: "s" };

async function filled(name: string, videos: number): Promise<{ path: string; inside: string; store: BankStore }> {
  const inside = mkdtempSync(join(folder, name));
  const path = join(inside, "films.bank");
  const store = await BankStore.create(path);
  store.createBank({ name: "films", policy: { action: "block" } });
  await store.import(
    from,
    Array.from({ length: videos }, (_, i) => videoOf(i)),
  );
  return { path, inside, store };
}

const found = async (store: BankStore, number: number): Promise<number> =>
  (await new Matcher(store).checkVideo(clipOf(number))).matches.length;

/** Which of a video's times are somewhere in the files. */
const lyingTimes = (number: number, bytes: Buffer): Buffer[] => {
  const times = timesOfVideo(number);
  const present = presentIn(bytes, times);
  return times.filter((_, i) => present[i]);
};

describe("the bytes of a video", () => {
  test("are in the store and the index file before, and in no file after a withdrawal or an erasure", async () => {
    const { path, inside, store } = await filled("plain-", 12);
    const matched = hashesOfVideo(3).filter((_, frame) => frame % 10 !== 9);
    const index = readFileSync(`${path}.index`);
    for (const value of matched) expect(index.includes(rowInIndexFile(value))).toBe(true);
    expect(lying(inside, hashesOfVideo(3))).toEqual(hashesOfVideo(3));
    expect(lyingTimes(3, everyByte(inside))).toHaveLength(90);
    for (const [number, kind] of [
      [3, "withdraw"],
      [4, "erase"],
    ] as const) {
      expect(await found(store, number)).toBe(1);
      expect(await store[kind]({ case: `case ${number}` })).toMatchObject({ entries: 1, signals: 90 });
      expect(await found(store, number)).toBe(0);
      expect(lying(inside, hashesOfVideo(number))).toEqual([]);
      expect(lyingTimes(number, everyByte(inside))).toEqual([]);
    }
    await store.saveIndex();
    await store.close();
    const bytes = everyByte(inside);
    for (const number of [3, 4]) {
      expect(lying(inside, hashesOfVideo(number), bytes)).toEqual([]);
      expect(lyingTimes(number, bytes)).toEqual([]);
    }
    expect(lying(inside, hashesOfVideo(5), bytes)).toHaveLength(90);
    expect(lyingTimes(5, bytes)).toHaveLength(90);
  });

  test("of earlier versions, of quarantined videos, and of a source's own withdrawal are gone, too", async () => {
    const { inside, store } = await filled("forms-", 1);
    const dark = (number: number): EntryInput => {
      return { ...videoOf(number), signals: videoOf(number).signals.map((signal) => ({ ...signal, quality: 3 })) };
    };
    await store.import(from, [videoOf(20), dark(21), videoOf(22)]);
    expect(store.quarantined()).toHaveLength(1);
    // Another version of a video, and another place of its frames alone.
    await store.import(from, [{ ...videoOf(23), id: "film-20" }]);
    const moved = videoOf(22).signals.map((signal) => ({
      ...signal,
      timestampSeconds: signal.timestampSeconds! + 5000,
    }));
    await store.import(from, [{ ...videoOf(22), signals: moved }]);
    expect(lying(inside, hashesOfVideo(20))).toHaveLength(90);
    expect(lyingTimes(20, everyByte(inside))).toHaveLength(90);
    expect(lyingTimes(22, everyByte(inside))).toHaveLength(90);
    await store.withdraw({ ...from, entryId: "film-20" });
    await store.erase({ ...from, entryId: "film-21" });
    await store.import(from, [{ id: "film-22", status: "withdrawn" }]);
    const bytes = everyByte(inside);
    for (const number of [20, 21, 22, 23]) {
      expect(lying(inside, hashesOfVideo(number), bytes)).toEqual([]);
      expect(lyingTimes(number, bytes)).toEqual([]);
    }
    expect(await found(store, 0)).toBe(1);
    expect(store.verify()).toEqual([]);
    await store.close();
  });

  test("are gone by the hash of any frame, and while checks run in this and another opening", async () => {
    const { path, inside, store } = await filled("running-", 16);
    const second = await BankStore.open(path);
    const decided: { number: number; decision: Promise<Decision> }[] = [];
    const revisions = new Map<number, number>();
    for (let number = 0; number < 8; number++) {
      for (const one of [store, second]) {
        decided.push({ number, decision: new Matcher(one).checkVideo(clipOf(number)) });
      }
      const by = { hash: hashesOfVideo(number)[number + 1]!, type: "vpdq" as const };
      const { revision, entries } = await (number % 2 === 0 ? store : second).withdraw(by);
      expect(entries).toBe(1);
      revisions.set(number, revision);
      expect(lying(inside, hashesOfVideo(number))).toEqual([]);
      for (const one of [store, second]) expect(await found(one, number)).toBe(0);
    }
    for (const { number, decision } of decided) {
      const { matches, revision } = await decision;
      expect(matches).toHaveLength(revision < revisions.get(number)! ? 1 : 0);
    }
    for (let number = 8; number < 16; number++) expect(await found(second, number)).toBe(1);
    await second.close();
    await store.close();
  });
});

describe("kill -9", () => {
  const stores = rounds(1, 2);
  const perStore = rounds(6, 15);
  const kills = stores * perStore;
  const steps = 6;

  test(`${kills} times leaves each video whole or gone, with its hashes and times`, async () => {
    const next = random(815);
    let between = 0;
    let inside = "";
    let path = "";
    for (let kill = 0; kill < kills; kill++) {
      const first = (kill % perStore) * steps;
      if (first === 0) {
        let store: BankStore;
        ({ inside, path, store } = await filled("killed-", perStore * steps));
        await store.close();
      }
      const args = [join(root, "test/support/bank/video-child.mjs"), path, String(first), String(steps), String(kill)];
      const { lines, finished } = await killed(args, (5 * kill) % (2 * steps), (next() % 1000) / 1000);
      expect(lines[0]).toBe("ready");
      if (!finished) between++;
      const reported = lines.flatMap((line) => (line.startsWith("ended ") ? [Number(line.slice(6))] : []));
      const asKilled = everyByte(inside);
      expect(lying(inside, reported.flatMap(hashesOfVideo), asKilled)).toEqual([]);
      expect(presentIn(asKilled, reported.flatMap(timesOfVideo))).not.toContain(true);
      const again = await BankStore.open(path);
      expect(again.verify()).toEqual([]);
      const numbers = Array.from({ length: steps }, (_, i) => [first + i, 10_000 + first + i]).flat();
      const bytes = everyByte(inside);
      const hashes = new Set(lying(inside, numbers.flatMap(hashesOfVideo), bytes));
      const times = presentIn(bytes, numbers.flatMap(timesOfVideo));
      for (const [i, which] of numbers.entries()) {
        const matches = await found(again, which);
        if (reported.includes(which)) expect(matches).toBe(0);
        if (lines.includes(`added ${which}`)) expect(matches).toBe(1);
        expect(hashesOfVideo(which).filter((hash) => hashes.has(hash))).toHaveLength(90 * matches);
        expect(times.slice(90 * i, 90 * (i + 1)).filter(Boolean)).toHaveLength(90 * matches);
      }
      await again.close();
    }
    expect(between).toBeGreaterThan(kills / 2);
  });
});

describe("a store that others have changed", () => {
  let original: string;
  let copies = 0;
  beforeAll(async () => {
    const { path, store } = await filled("original-", 4);
    await store.close();
    original = path;
  });
  function altered(...statements: string[]): string {
    const path = join(folder, `altered-${copies++}.bank`);
    copyFileSync(original, path);
    const database = new Libsql(path);
    for (const statement of statements) database.exec(statement);
    database.close();
    return path;
  }

  test("of the version before is refused by name, and stays as it is", async () => {
    const path = altered("PRAGMA user_version = 7");
    const before = readFileSync(path);
    await expect(BankStore.open(path)).rejects.toMatchObject({
      code: "ERR_EMPREINTE_BANK_FILE",
      message: expect.stringMatching(
        /has store version 7, but this version of empreinte reads 8: import its lists again$/,
      ) as string,
    });
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  test("whose count of images is too small is named by verify, and one that cannot be is refused", async () => {
    const count = (value: string): string => `UPDATE meta SET value = ${value} WHERE name = 'stills'`;
    for (const value of ["-1", "0.5", "'many'", "100000"]) {
      await expect(BankStore.open(altered(count(value)))).rejects.toMatchObject({ code: "ERR_EMPREINTE_BANK_FILE" });
    }
    const path = altered();
    const store = await BankStore.open(path);
    await store.import(from, [{ id: "image", signals: [{ type: "pdq", value: hashesOfVideo(800)[0]! }] }]);
    await store.close();
    const database = new Libsql(path);
    database.exec(count("0"));
    database.close();
    const forged = await BankStore.open(path);
    expect(forged.verify()).toEqual(["1 signals of images are not counted"]);
    await forged.close();
  });

  test.each([
    ["times that are missing", "UPDATE entry SET times = NULL"],
    ["times at a place where there are none", "UPDATE entry SET times = 9000000"],
    ["the times of a text", "UPDATE entry SET times = text"],
    ["times before the first", "UPDATE entry SET times = -5"],
    ["times that are no number", "UPDATE entry SET times = 'abc'"],
    ["signals that are not the entry's", "UPDATE entry SET count = 89"],
    ["signals that the store does not have", "UPDATE entry SET first = 4000000000"],
  ])("in %s is named by the check and by verify", async (_, statement) => {
    const store = await BankStore.open(altered(statement));
    await expect(new Matcher(store).checkVideo(clipOf(1))).rejects.toMatchObject({ code: "ERR_EMPREINTE_BANK_FILE" });
    expect(store.verify().length).toBeGreaterThan(0);
    await store.close();
  });
});

describe("hostile lists of frames", () => {
  const hash = (i: number): string => hashesOfVideo(700 + Math.floor(i / 90))[i % 90]!;
  const line = (i: number, time: string | number, quality = 90): string => `${i},${quality},${hash(i)},${time}`;
  const many = (count: number, time: (i: number) => string | number): string =>
    Array.from({ length: count }, (_, i) => line(i, time(i))).join("\n");

  test.each([
    ["times without an end", many(9, (i) => (i === 4 ? "1e400" : i)), 1, 0],
    ["times that are no numbers", many(9, (i) => (i === 4 ? "NaN" : i)), 1, 0],
    ["negative times", many(9, (i) => (i === 4 ? "-1" : i)), 1, 0],
    ["times of many years", many(9, (i) => 1e8 * i), 0, 1],
    ["one time for all", many(90, () => 3), 1, 0],
    ["times that hardly differ", many(900, (i) => `${i}e-300`), 1, 0],
    ["a microsecond between frames", many(900, (i) => i / 1e6), 1, 0],
    ["days between frames", many(9, (i) => 1e5 * i), 1, 0],
    ["no order", many(90, (i) => (i * 37) % 90), 1, 0],
    ["frame numbers beyond what a store counts", line(2 ** 40, 1), 0, 1],
    ["one frame", line(0, 0), 1, 0],
  ])("with %s are taken or refused by name, and a check goes on", async (_, text, added, refused) => {
    const { store } = await filled("hostile-", 2);
    const problems: string[] = [];
    const list = await openList(Buffer.from(`${text}\n`), { name: "list", format: "vpdq-lines" });
    const counts = await store.import(from, list, { onProblem: ({ reason }) => problems.push(reason) });
    expect(counts).toMatchObject({ added, problems: refused });
    expect(problems).toHaveLength(refused);
    for (const reason of problems) expect(reason).toMatch(/^Expected /);
    expect(await found(store, 1)).toBe(1);
    const query: VideoSignature = clipOf(700);
    await new Matcher(store).checkVideo(query);
    expect(store.verify()).toEqual([]);
    await store.close();
  });

  test("of 65,536 frames are a video, and of 100,000 are refused by name", async () => {
    const { store } = await filled("long-", 2);
    const values = hashesOfVideo(700);
    const entry = (id: string, count: number): EntryInput => ({
      id,
      signals: Array.from({ length: count }, (_, i) => {
        const bytes = Buffer.from(values[i % 90]!, "hex");
        bytes.writeUInt32LE((i * 2_654_435_761) % 2 ** 32, 4 * (i % 8));
        return { type: "vpdq" as const, value: bytes, timestampSeconds: i };
      }),
    });
    const problems: string[] = [];
    const counts = await store.import(from, [entry("long", 65_536), entry("longer", 100_000), videoOf(5)], {
      onProblem: ({ reason }) => problems.push(reason),
    });
    expect(counts).toMatchObject({ added: 2, problems: 1 });
    expect(problems).toEqual(["Expected array of at most 65536 for signals but received Array of type object"]);
    expect(await found(store, 5)).toBe(1);
    await store.close();
  });

  test("of many long entries are taken in several transactions, so that they need not fit into memory", async () => {
    const { store } = await filled("batches-", 1);
    const before = store.revision;
    const count = 65_536;
    function* entries(): Generator<EntryInput> {
      for (let entry = 0; entry < 9; entry++) {
        const value = (i: number): string => (count * entry + i).toString(16).padStart(32, "0");
        yield { id: `${entry}`, signals: Array.from({ length: count }, (_, i) => ({ type: "md5", value: value(i) })) };
      }
    }
    const taken: number[] = [];
    const counts = await store.import(from, entries(), { onProgress: (_, number) => taken.push(number) });
    expect(counts.added).toBe(9);
    expect(taken).toEqual([8, 9]);
    expect(store.revision).toBe(before + 2);
    await store.close();
  });

  test("signals with times that no frame has are refused by name", async () => {
    const { store } = await filled("signals-", 1);
    const reasons = async (signal: object): Promise<string[]> => {
      const problems: string[] = [];
      const signals = [{ type: "vpdq", value: hash(0), ...signal }] as unknown as NonNullable<EntryInput["signals"]>;
      await store.import(from, [{ id: "x", signals }], { onProblem: ({ reason }) => problems.push(reason) });
      return problems;
    };
    expect(await reasons({ timestampSeconds: -1 })).toEqual([
      expect.stringMatching(/^Expected number from 0 to 1000000 for timestampSeconds/),
    ]);
    expect(await reasons({ timestampSeconds: 1_000_001 })).toHaveLength(1);
    expect(await reasons({ timestampSeconds: Number.NaN })).toHaveLength(1);
    expect(await reasons({ timestampSeconds: "5" })).toHaveLength(1);
    expect(await reasons({ timestampSeconds: 1, frame: -1 })).toEqual([expect.stringMatching(/for frame/)]);
    expect(await reasons({ timestampSeconds: 1, frame: 2 ** 32 })).toHaveLength(1);
    expect(await reasons({ type: "pdq", timestampSeconds: 1 })).toEqual([
      expect.stringMatching(/^Expected vpdq for a signal with a time/),
    ]);
    expect(await reasons({ timestampSeconds: 1, frame: 2 ** 32 - 1 })).toEqual([]);
    await store.close();
  });
});

describe("hostile signatures", () => {
  test("are refused by name before anything is decided, and an empty one matches nothing", async () => {
    const { store } = await filled("signature-", 2);
    const matcher = new Matcher(store, { audit: true });
    const clip = clipOf(1);
    const changed = (change: object): VideoSignature => {
      return { ...clip, frames: clip.frames.map((frame, i) => (i === 3 ? { ...frame, ...change } : frame)) };
    };
    for (const signature of [
      changed({ quality: "100" }),
      changed({ quality: 101 }),
      changed({ quality: 49.5 }),
      changed({ hash: "00" }),
      changed({ hash: undefined }),
      changed({ stable: 1 }),
      changed({ timestampSeconds: Number.NaN }),
      changed({ lastTimestampSeconds: Infinity }),
      changed({ orientations: { flipX: "zz" } }),
      changed({ trimmed: { hash: 3, quality: 100, stable: true } }),
      { ...clip, frames: "none" },
      { ...clip, durationSeconds: -1 },
      { ...clip, durationSeconds: "30" },
      { ...clip, sampling: { fps: 0 } },
      { ...clip, sampling: "every" },
    ] as VideoSignature[]) {
      const error: unknown = await matcher.checkVideo(signature).catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: expect.stringMatching(/^ERR_EMPREINTE_INVALID_(ARGUMENT|HASH)$/) as string });
    }
    expect(await matcher.checkVideo({ ...clip, frames: [] })).toMatchObject({
      action: "none",
      matches: [],
      reasons: ["films: quality 0 is below 50: nothing is matched by distance"],
    });
    // In any order, the frames are the same video.
    const expected = await matcher.checkVideo(clip);
    const backwards = await matcher.checkVideo({ ...clip, frames: clip.frames.toReversed() });
    expect({ ...backwards, time: 0 }).toEqual({ ...expected, time: 0 });
    expect(expected.matches).toHaveLength(1);
    await store.close();
    await expect(matcher.checkVideo(clip)).rejects.toMatchObject({ code: "ERR_EMPREINTE_CLOSED" });
  });

  test("an altered decision is refused by name, or is not the same", async () => {
    const { store } = await filled("decision-", 2);
    const matcher = new Matcher(store);
    const decision = await matcher.checkVideo(clipOf(1));
    const copy = (): Decision => JSON.parse(JSON.stringify(decision)) as Decision;
    expect(matcher.explain(copy()).same).toBe(true);
    for (const change of [
      (one: Decision) => (one.query.video!.key = "x"),
      (one: Decision) => (one.query.video!.videos = "x" as never),
      (one: Decision) => (one.query.video!.videos[0]!.segments[0]!.pairs = []),
      (one: Decision) => (one.query.video!.videos[0]!.segments[0]!.queryFrom = -1),
      (one: Decision) => (one.query.video!.frames = [null] as never),
    ]) {
      const one = copy();
      change(one);
      expect(() => matcher.explain(one)).toThrow(
        expect.objectContaining({ code: expect.stringMatching(/INVALID/) as string }),
      );
    }
    for (const change of [
      (one: Decision) => (one.query.video!.videos[0]!.segments[0]!.pairs[0]!.signal += 40),
      (one: Decision) => (one.query.video!.videos[0]!.segments[0]!.pairs[0]!.signal = 4_000_000_000),
      (one: Decision) => (one.matches[0]!.segments![0]!.queryTo += 9),
      (one: Decision) => (one.matches = []),
    ]) {
      const one = copy();
      change(one);
      expect(matcher.explain(one).same).toBe(false);
    }
    await store.close();
  });
});

test("a copy of a store's folder finds what the store finds", async () => {
  const { inside, store } = await filled("copied-", 3);
  await store.close();
  const to = join(folder, "copied");
  cpSync(inside, to, { recursive: true });
  const copy = await BankStore.open(join(to, "films.bank"));
  expect(await found(copy, 2)).toBe(1);
  await copy.close();
});
