/** Videos in banks: what `Matcher.checkVideo` finds is what a `VideoIndex` of the same videos finds. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { BankStore, type Decision, type DecisionMatch, Matcher } from "../../../dist/doors/bank.js";
import type { VideoMatch, VideoSignature } from "../../../dist/doors/video.js";
import { indexOf, signalsOf, turned } from "../../support/bank/videos.ts";
import { Film, hex, randomOf, shown } from "../../support/video/films.ts";

const films = Array.from({ length: 6 }, (_, i) => new Film(i + 101, 60));
const [film, other, third] = films as [Film, Film, Film];
const whole = (of: Film, fps = 1): VideoSignature => shown([{ film: of, from: 0, seconds: of.seconds }], fps);
const bits = (a: string, b: string): number =>
  [...Buffer.from(a, "hex")].reduce((sum, byte, i) => {
    let left = byte ^ Buffer.from(b, "hex")[i]!;
    for (; left > 0; left &= left - 1) sum++;
    return sum;
  }, 0);

let folder: string;
let path: string;
let store: BankStore;
let matcher: Matcher;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "empreinte-bank-video-"));
  path = join(folder, "known.bank");
  store = await BankStore.create(path);
  matcher = new Matcher(store);
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

const from = { bank: "films", source: "s" };
const add = (id: string, video: VideoSignature, bank = "films", more: object = {}) =>
  store.import({ bank, source: "s" }, [{ id, signals: signalsOf(video), ...more }]);

/** A bank with every film, named "film 0" …, and the same films in a `VideoIndex`. */
async function filled(fps: number, policy: object = {}): Promise<Record<string, VideoSignature>> {
  store.createBank({ name: "films", policy: { action: "block", ...policy } });
  const videos = Object.fromEntries(films.map((one, i) => [`film ${i}`, whole(one, fps)]));
  for (const [id, video] of Object.entries(videos)) await add(id, video);
  return videos;
}

/** What both say of a match. The distance of a bank is that of its pairs. */
const segmentsOf = (segments: DecisionMatch["segments"]): object[] =>
  segments!.map(({ distance: _distance, ...rest }) => rest);
const ofIndex = (matches: readonly VideoMatch[]) =>
  matches
    .map(({ id, orientation, segments, queryShare, knownShare }) => {
      return { id: String(id), orientation, queryShare, knownShare, segments: segmentsOf(segments) };
    })
    .toSorted((a, b) => a.id.localeCompare(b.id));
const ofBank = ({ matches }: Decision) =>
  matches
    .filter(({ kind }) => kind === "video")
    .map(({ entryId, orientation, segments, queryShare, knownShare }) => {
      return { id: entryId!, orientation, queryShare, knownShare, segments: segmentsOf(segments) };
    })
    .toSorted((a, b) => a.id.localeCompare(b.id));

const queries: [string, VideoSignature][] = [
  ["a clip of a film", shown([{ film, from: 20, seconds: 15 }], 25, 3)],
  ["a clip at one frame a second", shown([{ film, from: 20.4, seconds: 25 }], 1, 3)],
  ["a slow clip", shown([{ film, from: 10, seconds: 30, speed: 0.8 }], 25, 3)],
  ["a fast clip", shown([{ film, from: 10, seconds: 20, speed: 1.6 }], 25, 3)],
  [
    "a compilation",
    shown(
      [films[1]!, films[4]!, films[2]!].map((one, i) => ({ film: one, from: 9 * i, seconds: 12 })),
      25,
      3,
    ),
  ],
  [
    "a film cut and put together in another order",
    shown(
      [30, 5, 45].map((at) => ({ film, from: at, seconds: 8 })),
      25,
      2,
    ),
  ],
  ["a whole film", whole(third, 12)],
  ["a mirrored clip", turned(shown([{ film, from: 8, seconds: 20 }], 25, 2), "flipX", whole(new Film(900, 60), 25))],
  ["an unknown film", whole(new Film(901, 40), 12)],
  ["two seconds of a film", shown([{ film: other, from: 31, seconds: 2 }], 25, 2)],
];

describe("the stretches that an upload shares with known videos", () => {
  test.each([1, 5, 25])(
    "are those that a VideoIndex of the same videos finds, with %i known frames a second",
    async (fps) => {
      using index = indexOf(await filled(fps));
      let found = 0;
      for (const [name, query] of queries) {
        const expected = ofIndex(await index.search(query));
        expect([name, ofBank(await matcher.checkVideo(query))]).toEqual([name, expected]);
        found += expected.length;
      }
      expect(found).toBeGreaterThan(8);
    },
  );

  test("are found with the radius and the quality of each bank's policy", async () => {
    const videos = { known: whole(film) };
    store.createBank({ name: "wide", policy: { radius: 40 } });
    store.createBank({ name: "near", policy: { radius: 6, action: "block" } });
    store.createBank({ name: "strict", policy: { minQuality: 80 } });
    for (const bank of ["wide", "near", "strict"]) await add(bank, videos.known, bank);
    using index = indexOf(videos);
    const query = shown([{ film, from: 12, seconds: 20 }], 25, 20);
    query.frames.forEach((frame) => (frame.quality = 79));
    const expected = async (options: object) =>
      ofIndex(await index.search(query, options)).map(({ segments }) => segments);
    const decision = await matcher.checkVideo(query);
    const of = (bank: string) =>
      ofBank(decision)
        .filter(({ id }) => id === bank)
        .map(({ segments }) => segments);
    expect(of("wide")).toEqual(await expected({ radius: 40 }));
    expect(of("near")).toEqual(await expected({ radius: 6 }));
    expect(of("strict")).toEqual(await expected({ minQuality: 80 }));
    expect([of("wide").length, of("near").length, of("strict").length]).toEqual([1, 0, 0]);
  });

  test("say which entry, where, how fast, and how much; pairs of frames compared by hand give the distance", async () => {
    await filled(1);
    const query = shown([{ film: third, from: 10, seconds: 20, speed: 1.25 }], 25, 4);
    const decision = await matcher.checkVideo(query);
    expect(decision.action).toBe("block");
    const [match, ...more] = decision.matches;
    expect(more).toEqual([]);
    expect(match).toMatchObject({
      kind: "video",
      type: "vpdq",
      bank: "films",
      source: "s",
      entryId: "film 2",
      orientation: "orig",
    });
    const [segment] = match!.segments!;
    expect(segment!.queryFrom).toBeLessThan(0.5);
    expect(segment!.queryTo).toBeGreaterThan(19.5);
    expect(Math.abs(segment!.knownFrom - 10)).toBeLessThan(0.7);
    expect(Math.abs(segment!.knownTo - 35)).toBeLessThan(0.7);
    expect(segment!.speed).toBeCloseTo(1.25, 1);
    expect(match!.queryShare).toBeGreaterThan(0.95);
    expect(Math.abs(match!.knownShare! - 25 / 60)).toBeLessThan(0.03);
    // The pairs: hashes of the upload's frames, and signals whose values the entry has.
    const [found] = decision.query.video!.videos;
    const values = store.entry({ ...from, entryId: "film 2" })!.signals;
    const { pairs } = found!.segments[0]!;
    const first = Math.min(...pairs.map(({ signal }) => signal));
    const shownHashes = new Set(query.frames.map(({ hash }) => hash));
    const known = new Map(values.map(({ value, timestampSeconds }) => [timestampSeconds!, value]));
    // Signals are numbered in the order of the entry, one a second.
    const base = first - Math.min(...[...known.keys()].filter((time) => time >= segment!.knownFrom));
    const distances = pairs.map(({ signal, hash }) => {
      expect(shownHashes.has(hash)).toBe(true);
      return bits(hash, known.get(signal - base)!);
    });
    expect(pairs.length).toBeGreaterThan(20);
    expect(segment!.distance).toBeCloseTo(distances.reduce((a, b) => a + b) / distances.length, 9);
    expect(Math.max(...distances)).toBeLessThanOrEqual(46);
    expect(match!.rule).toMatch(
      /^1 segment, \d+\.\d s, \d+ % of the upload and 4\d % of the known video, frames within 31 bits/,
    );
  });

  test("count from the policy's seconds and share on", async () => {
    await filled(1);
    const query = shown(
      [
        { film, from: 10, seconds: 15 },
        { film: new Film(902, 40), from: 0, seconds: 30 },
      ],
      25,
      2,
    );
    const [match] = (await matcher.checkVideo(query)).matches;
    const { queryFrom, queryTo } = match!.segments![0]!;
    const seconds = queryTo - queryFrom;
    const share = Math.max(match!.queryShare!, match!.knownShare!);
    const decided = async (policy: object) => {
      store.setPolicy("films", policy);
      return (await matcher.checkVideo(query)).matches.length;
    };
    expect(await decided({ minSharedSeconds: seconds - 0.001 })).toBe(1);
    expect(await decided({ minSharedSeconds: seconds + 0.001 })).toBe(0);
    expect(await decided({ minSharedSeconds: seconds, minShare: share })).toBe(1);
    expect(await decided({ minShare: share - 0.001 })).toBe(1);
    expect(await decided({ minShare: share + 0.001 })).toBe(0);
    expect(await decided({ orientations: ["flipX"] })).toBe(0);
    expect(await decided({})).toBe(1);
    for (const policy of [
      { minShare: 1.01 },
      { minShare: -0.1 },
      { minSharedSeconds: -1 },
      { minSharedSeconds: Number.NaN },
    ]) {
      expect(() => store.setPolicy("films", policy)).toThrow(/Expected number from 0 to/);
    }
  });
});

/** A still image for `seconds`, after and before films that nobody knows. */
function withStill(hash: string, seconds = 0.2): VideoSignature {
  const still = { at: () => Buffer.from(hash, "hex"), seconds: 60 } as unknown as Film;
  return shown(
    [
      { film: new Film(903, 20), from: 0, seconds: 6 },
      { film: still, from: 0, seconds },
      { film: new Film(904, 20), from: 0, seconds: 6 },
    ],
    25,
  );
}
const random = randomOf(77);
const image = (): string => hex(Uint8Array.from({ length: 32 }, () => Math.floor(256 * random())));
const flipped = (hash: string, count: number): string => {
  const bytes = Buffer.from(hash, "hex");
  for (let bit = 0; bit < count; bit++) bytes[bit >> 3]! ^= 128 >> (bit & 7);
  return bytes.toString("hex");
};

describe("known images in a video", () => {
  test("are found at their nearest frame up to the radius, as comparing every frame by hand finds them", async () => {
    store.createBank({ name: "images", policy: { action: "block", radius: 20 } });
    const known = Array.from({ length: 3 }, image);
    await store.import(
      { bank: "images", source: "s" },
      known.map((value, i) => ({ id: `${i}`, signals: [{ type: "pdq" as const, value }] })),
    );
    for (const [distance, expected] of [
      [0, 1],
      [20, 1],
      [21, 0],
    ] as const) {
      const query = withStill(flipped(known[1]!, distance));
      const { matches, action } = await matcher.checkVideo(query);
      const byHand = known.flatMap((value, i) => {
        const near = query.frames.filter(({ hash }) => bits(hash, value) <= 20);
        return near.length > 0 ? [[`${i}`, near[0]!.timestampSeconds, distance]] : [];
      });
      expect(matches.map((one) => [one.entryId, one.timestampSeconds, one.distance])).toEqual(byHand);
      expect(byHand).toHaveLength(expected);
      expect(action).toBe(expected === 1 ? "block" : "none");
    }
  });

  test("match a vpdq signal without a time, and a frame of a known video by itself does not", async () => {
    store.createBank({ name: "films" });
    const value = image();
    await store.import(from, [
      { id: "frame", signals: [{ type: "vpdq", value }] },
      { id: "video", signals: signalsOf(withStill(value)) },
    ]);
    const query = withStill(value);
    query.frames.forEach((frame) => (frame.hash = frame.hash === value ? value : image()));
    const { matches } = await matcher.checkVideo(query);
    expect(matches.map(({ entryId, kind }) => [entryId, kind])).toEqual([["frame", "near"]]);
    // An image is compared with the frames of known videos as before.
    const ofImage = matcher.check({ hash: value, quality: 100, stable: true }).matches;
    expect(ofImage.map(({ entryId }) => entryId)).toEqual(["frame", "video"]);
  });

  test("and stretches of known videos are one decision, by the strongest action", async () => {
    store.createBank({ name: "images", policy: { action: "block" } });
    store.createBank({ name: "films", policy: { action: "review" } });
    const value = image();
    await store.import({ bank: "images", source: "s" }, [{ id: "i", signals: [{ type: "pdq", value }] }]);
    await add("v", whole(film));
    const still = { at: () => Buffer.from(value, "hex"), seconds: 60 } as unknown as Film;
    const query = shown(
      [
        { film, from: 5, seconds: 20 },
        { film: still, from: 0, seconds: 1 },
      ],
      25,
      0,
    );
    const decision = await matcher.checkVideo(query);
    expect(decision.action).toBe("block");
    expect(decision.matches.map(({ entryId, kind }) => [entryId, kind]).toSorted()).toEqual([
      ["i", "near"],
      ["v", "video"],
    ]);
    expect(decision.matches.find(({ entryId }) => entryId === "i")!.timestampSeconds).toBe(20);
  });
});

describe("known false alarms", () => {
  test("suppress the stretch and the frames that they cover, and nothing else", async () => {
    await filled(1);
    const value = image();
    const still = { at: () => Buffer.from(value, "hex"), seconds: 60 } as unknown as Film;
    await store.import(from, [{ id: "still", signals: [{ type: "pdq", value }] }]);
    store.createBank({ name: "harmless", negative: true });
    const trailer = shown(
      [
        { film, from: 0, seconds: 20 },
        { film: still, from: 0, seconds: 2 },
      ],
      1,
    );
    await store.import({ bank: "harmless", source: "s" }, [{ id: "trailer", signals: signalsOf(trailer) }]);
    const pieces = [
      { film, from: 0, seconds: 20 },
      { film: still, from: 0, seconds: 2 },
      { film: other, from: 0, seconds: 15 },
    ];
    const suppressed = async (query: VideoSignature) =>
      Object.fromEntries((await matcher.checkVideo(query)).matches.map((one) => [one.entryId, one.suppressed]));
    expect(await suppressed(shown(pieces, 25))).toEqual({
      trailer: false,
      "film 0": true,
      "film 1": false,
      still: true,
    });
    // The image where the trailer is not. Beside film 1 the trailer would show it, too.
    const plain = shown([{ film, from: 0, seconds: 19 }], 1);
    await store.import({ bank: "harmless", source: "s" }, [{ id: "trailer", signals: signalsOf(plain) }]);
    const apart = shown([pieces[0]!, pieces[2]!, pieces[1]!], 25);
    expect(await suppressed(apart)).toEqual({ trailer: false, "film 0": true, "film 1": false, still: false });
    await store.import({ bank: "harmless", source: "s" }, [{ id: "trailer", signals: signalsOf(trailer) }]);
    const decision = await matcher.checkVideo(shown(pieces.slice(0, 2), 25));
    expect(decision.action).toBe("none");
    expect(decision.reasons).toContainEqual(
      expect.stringMatching(/^films, entry 1: suppressed by harmless, entry 8, at distance/),
    );
    expect(matcher.explain(decision)).toMatchObject({ same: true });
  });

  test("of an image suppress its own frame, not the same entry's other frames", async () => {
    store.createBank({ name: "images", policy: { action: "block" } });
    store.createBank({ name: "harmless", negative: true, policy: { radius: 10 } });
    const value = image();
    await store.import({ bank: "images", source: "s" }, [{ id: "known", signals: [{ type: "pdq", value }] }]);
    await store.import({ bank: "harmless", source: "s" }, [
      { id: "logo", signals: [{ type: "pdq", value: flipped(value, 12) }] },
    ]);
    const frames = (...flips: number[]): VideoSignature => {
      const query = withStill(value, 0.2);
      query.frames.forEach((frame, i) => (frame.hash = i < flips.length ? flipped(value, flips[i]!) : image()));
      return query;
    };
    // 10 bits from the known image and 2 from the logo: suppressed. 0 from the image is nearer than 12 from the logo.
    const first = await matcher.checkVideo(frames(10));
    expect(first.matches.map(({ entryId, suppressed }) => [entryId, suppressed])).toEqual([
      ["logo", false],
      ["known", true],
    ]);
    const both = await matcher.checkVideo(frames(10, 25));
    expect(both.matches.find(({ entryId }) => entryId === "known")).toMatchObject({ suppressed: false, distance: 25 });
    for (const decision of [first, both]) expect(matcher.explain(decision).same).toBe(true);
  });
});

describe("policies of banks", () => {
  test("sampling takes a video as one upload, whatever its frames are, and the same for each search", async () => {
    await filled(1, { matchRatio: 0.5 });
    const decided = new Set<number>();
    for (let i = 0; i < 16; i++) {
      const query = shown([{ film, from: i, seconds: 20 }], 10, 2, i + 1);
      const { matches, reasons } = await matcher.checkVideo(query);
      expect((await matcher.checkVideo(query)).matches).toEqual(matches);
      expect(reasons.some((reason) => reason.includes("share of 0.5"))).toBe(matches.length === 0);
      decided.add(matches.length);
    }
    expect(decided).toEqual(new Set([0, 1]));
  });

  test("a video counts once towards a flood, and a flooded video asks for a review", async () => {
    await filled(1, { flood: { uploads: 2, seconds: 3600 } });
    const check = async (seed: number) =>
      (await matcher.checkVideo(shown([{ film, from: 5, seconds: 20 }], 25, 2, seed))).action;
    expect([await check(1), await check(1), await check(2), await check(3)]).toEqual([
      "block",
      "block",
      "block",
      "review",
    ]);
    expect(store.flooded().map(({ entryId }) => entryId)).toEqual(["film 0"]);
    expect(store.release({ ...from, entryId: "film 0" })).toBe(true);
    expect(await check(4)).toBe("block");
  });

  test("labels, paused entries and quarantine hold for videos", async () => {
    store.createBank({ name: "films", policy: { labels: ["a:1"] } });
    await add("labelled", whole(film), "films", { labels: ["a:1"] });
    await add("other", whole(film), "films", { labels: ["a:2"] });
    const dark = whole(film);
    dark.frames.forEach((frame) => (frame.quality = 20));
    expect(await add("dark", dark, "films", { labels: ["a:1"] })).toMatchObject({ quarantined: 1, weakFrames: 0 });
    const query = shown([{ film, from: 5, seconds: 20 }], 25, 2);
    const ids = async () => (await matcher.checkVideo(query)).matches.map(({ entryId }) => entryId);
    expect(await ids()).toEqual(["labelled"]);
    store.disable({ ...from, entryId: "labelled" }, Date.now() + 1e6);
    expect(await ids()).toEqual([]);
    store.disable({ ...from, entryId: "labelled" }, null);
    expect(await ids()).toEqual(["labelled"]);
    expect(store.quarantined()).toMatchObject([
      { entryId: "dark", reason: expect.stringMatching(/^no frame can be matched: quality 20/) as string },
    ]);
    // Released, it counts by the policy of its bank.
    store.release({ ...from, entryId: "dark" });
    expect(await ids()).toEqual(["labelled"]);
    store.setPolicy("films", { labels: ["a:1"], minQuality: 20 });
    expect((await ids()).toSorted()).toEqual(["dark", "labelled"]);
    expect(store.verify()).toEqual([]);
  });

  test("frames that would match unrelated images are not searched for, and their video still matches", async () => {
    store.createBank({ name: "films", policy: { minQuality: 0 } });
    const video = whole(film);
    const black = "0".repeat(64);
    for (const i of [0, 1, 2, 58, 59]) video.frames[i] = { ...video.frames[i]!, hash: black };
    for (const i of [20, 21]) video.frames[i]!.quality = 5;
    expect(await add("v", video)).toMatchObject({ added: 1, quarantined: 0, weakFrames: 7 });
    expect(await add("v", video)).toMatchObject({ unchanged: 1 });
    const { matches } = await matcher.checkVideo(shown([{ film, from: 5, seconds: 40 }], 25, 2));
    expect(matches).toHaveLength(1);
    expect(matches[0]!.knownShare).toBeCloseTo(40 / 60, 1);
    expect(matcher.check({ hash: black, quality: 100, stable: true }).matches).toEqual([]);
    expect(store.entry({ ...from, entryId: "v" })!.signals).toHaveLength(60);
    expect(store.verify()).toEqual([]);
  });
});

describe("changes of the store", () => {
  const clip = shown([{ film, from: 20, seconds: 15 }], 25, 3);
  const ids = async (by: Matcher = matcher, query = clip) =>
    (await by.checkVideo(query)).matches.map(({ entryId }) => entryId);

  test("importing a video again changes nothing, another source has its own, and a new version replaces the old", async () => {
    store.createBank({ name: "films" });
    expect(await add("a", whole(film))).toMatchObject({ added: 1 });
    expect(await add("a", whole(film))).toMatchObject({ unchanged: 1, changed: 0 });
    await store.import({ bank: "films", source: "t" }, [{ id: "a", signals: signalsOf(whole(film)) }]);
    expect(await ids()).toEqual(["a", "a"]);
    // Without an id, the frames are the key, with times or without.
    const signals = signalsOf(whole(other));
    const bare = signals.map(({ type, value, quality }) => ({ type, value, quality: quality! }));
    expect(await store.import(from, [{ signals: bare }])).toMatchObject({ added: 1 });
    expect(await store.import(from, [{ signals }])).toMatchObject({ changed: 1 });
    expect(await store.import(from, [{ signals }])).toMatchObject({ unchanged: 1 });
    const before = store.revision;
    expect(await add("a", whole(third))).toMatchObject({ changed: 1 });
    expect(await ids()).toEqual(["a"]);
    expect(await ids(matcher, shown([{ film: third, from: 20, seconds: 15 }], 25, 3))).toEqual(["a"]);
    expect(store.changes(before).map(({ kind, entryId }) => [kind, entryId])).toEqual([["changed", "a"]]);
    // The same frames at other times are another version, at which the stretch is.
    const later = whole(third);
    later.frames.forEach((frame) => (frame.timestampSeconds += 100));
    expect(await add("a", later)).toMatchObject({ changed: 1 });
    const [match] = (await matcher.checkVideo(shown([{ film: third, from: 20, seconds: 15 }], 25, 3))).matches;
    expect(Math.abs(match!.segments![0]!.knownFrom - 120)).toBeLessThan(0.7);
    expect(store.verify()).toEqual([]);
  });

  test("entries answer frames with their numbers and times, in the source's order", async () => {
    store.createBank({ name: "films" });
    const signals = signalsOf(whole(film)).toReversed();
    await store.import(from, [{ id: "a", signals: [...signals, { type: "pdq", value: image() }] }]);
    const { signals: kept } = store.entry({ ...from, entryId: "a" })!;
    expect(kept.slice(0, -1)).toEqual(signals.map(({ value, ...rest }) => ({ ...rest, value: value as string })));
    expect(kept.at(-1)).not.toHaveProperty("timestampSeconds");
    expect(await ids()).toEqual(["a"]);
  });

  test("a withdrawn or erased video matches no longer, in no process, also while a check runs", async () => {
    await filled(1);
    const second = await BankStore.open(path);
    const elsewhere = new Matcher(second);
    expect(await ids(elsewhere)).toEqual(["film 0"]);
    const decisions = Array.from({ length: 6 }, () => matcher.checkVideo(clip));
    const { revision, entries, signals } = await store.withdraw({ ...from, entryId: "film 0" });
    expect([entries, signals]).toEqual([1, 60]);
    for (const decision of await Promise.all(decisions)) {
      expect(decision.matches.length).toBe(decision.revision < revision ? 1 : 0);
    }
    expect(await ids()).toEqual([]);
    expect(await ids(elsewhere)).toEqual([]);
    await second.erase({ hash: whole(other).frames[7]!.hash, type: "vpdq" });
    expect(await ids(matcher, shown([{ film: other, from: 5, seconds: 20 }], 25))).toEqual([]);
    await second.close();
    await store.close();
    store = await BankStore.open(path);
    matcher = new Matcher(store);
    expect(await ids()).toEqual([]);
    expect(await ids(matcher, shown([{ film: third, from: 5, seconds: 20 }], 25))).toEqual(["film 2"]);
    expect(store.verify()).toEqual([]);
  });

  test("a decision is explained from its revision, after everything has changed", async () => {
    await filled(1);
    const decision = await matcher.checkVideo(
      shown(
        [
          { film, from: 5, seconds: 15 },
          { film: other, from: 5, seconds: 15 },
        ],
        25,
        2,
      ),
    );
    expect(decision.matches.map(({ entryId }) => entryId).toSorted()).toEqual(["film 0", "film 1"]);
    const recorded = JSON.parse(JSON.stringify(decision)) as Decision;
    expect(matcher.explain(recorded)).toMatchObject({ same: true, gone: [] });
    await add("film 0", whole(third));
    store.setPolicy("films", { radius: 3, minShare: 1 });
    expect(matcher.explain(recorded)).toMatchObject({ same: true, gone: [] });
    await store.withdraw({ ...from, entryId: "film 1" });
    const { entryNumber } = recorded.matches.find(({ entryId }) => entryId === "film 1")!;
    expect(matcher.explain(recorded)).toMatchObject({ same: true, gone: [entryNumber] });
    // What was decided cannot be altered: the pairs are compared with the store's values.
    const [pair] = recorded.query.video!.videos.find(({ segments }) => segments[0]!.queryFrom < 5)!.segments[0]!.pairs;
    pair!.hash = flipped(pair!.hash, 40);
    expect(matcher.explain(recorded).same).toBe(false);
  });

  test("a policy that changes before the search counts, and one that changes during it is searched by", async () => {
    await filled(1, { radius: 6 });
    const noisy = shown([{ film, from: 12, seconds: 20 }], 25, 20);
    const changing = async (radius: number): Promise<number> => {
      const digests = async (): Promise<undefined> => store.setPolicy("films", { radius }) as undefined;
      return (await matcher.checkVideo(noisy, { digests })).matches.length;
    };
    expect([await changing(40), await changing(6)]).toEqual([1, 0]);
    // In turn, at any moment of a check: the answer is that of the policy at the decision's revision.
    const running = Array.from({ length: 8 }, async () => matcher.checkVideo(noisy));
    for (let turn = 0; turn < 40; turn++) {
      store.setPolicy("films", { radius: turn % 2 === 0 ? 40 : 6 });
      await new Promise(setImmediate);
    }
    const radii = new Map<number, number>();
    for (const decision of await Promise.all(running)) {
      expect(matcher.explain(decision).same).toBe(true);
      for (const { rule } of decision.matches) expect(rule).toContain("frames within 40 bits");
      radii.set(decision.matches.length, decision.revision);
    }
    expect(radii.size).toBeGreaterThan(0);
  });

  test("what an analyst says of a video is suggested for the next upload of it", async () => {
    await filled(1);
    const first = await matcher.checkVideo(clip);
    expect(first.prequalification).toBeUndefined();
    matcher.qualify(first, { labels: ["own:film"], by: "ada" });
    const later = await matcher.checkVideo(shown([{ film, from: 3, seconds: 30 }], 12, 4));
    expect(later.prequalification).toMatchObject({
      kind: "analyst",
      by: "ada",
      labels: [{ scheme: "own", code: "film" }],
    });
    expect(later.prequalification!.distance).toBe(later.matches[0]!.distance);
    expect(matcher.qualify(later, { labels: ["own:film"] })).toMatchObject({ outcome: "confirmed" });
    expect(matcher.explain(later).same).toBe(true);
    expect(store.verify()).toEqual([]);
    const logged = new Matcher(store, { audit: true });
    await logged.checkVideo(clip);
    const { detail } = store.audit().at(-1)!;
    expect(detail).toMatchObject({
      action: "block",
      of: 1,
      matches: [{ bank: "films", entryNumber: 1, kind: "video" }],
    });
  });

  test("the index is the same when its file is deleted, of an older revision, or built anew", async () => {
    await filled(5);
    const expected = (await matcher.checkVideo(clip)).matches;
    const reopened = async (change: () => void): Promise<DecisionMatch[]> => {
      await store.close();
      change();
      store = await BankStore.open(path);
      matcher = new Matcher(store);
      expect(store.verify()).toEqual([]);
      return (await matcher.checkVideo(clip)).matches;
    };
    expect(await reopened(() => undefined)).toEqual(expected);
    expect(await reopened(() => rmSync(`${path}.index`))).toEqual(expected);
  });
});
