// A bank of a thousand hours of video at one frame a second: import, opening, the check of a minute of video without
// its decoding, explanation and withdrawal, beside a VideoIndex with the same videos in the same run. Hashes are
// generated: each film is a walk in which some bits change from second to second, with a cut every five seconds.
//
//   node benchmarks/bank-video.mjs [--hours 1000] [--seed 1] [--turns 5] [--json]
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BankStore, Matcher } from "../dist/doors/bank.js";
import { signatureFromVpdq, VideoIndex } from "../dist/doors/video.js";
import { diagnose, orientationNames } from "../dist/index.js";
import { compare, count, milliseconds as ms, once, random, randomBytes, Report, settings } from "./lib.mjs";

const given = settings({ hours: 1000, seed: 1, turns: 5 });
const { hours, seed, turns } = given;
const frames = 3600;

/** The hashes of a film, one a second. */
function film(number) {
  const next = random(seed + 7919 * number);
  const cuts = randomBytes(32 * Math.ceil(frames / 5), seed + 7919 * number + 1);
  const hashes = Buffer.alloc(32 * frames);
  for (let second = 0; second < frames; second++) {
    const scene = Math.floor(second / 5);
    cuts.copy(hashes, 32 * second, 32 * scene, 32 * scene + 32);
    for (let bit = 0; bit < 4 * (second % 5); bit++)
      hashes[32 * second + Math.floor(32 * next())] ^= 1 << Math.floor(8 * next());
  }
  return hashes;
}

const framesOf = (hashes) =>
  Array.from({ length: frames }, (_, number) => {
    return {
      number,
      timestampSeconds: number,
      hash: hashes.toString("hex", 32 * number, 32 * number + 32),
      quality: 100,
    };
  });

function* entries() {
  for (let number = 0; number < hours; number++) {
    const signals = framesOf(film(number)).map(({ number: frame, timestampSeconds, hash: value, quality }) => {
      return { type: "vpdq", value, quality, frame, timestampSeconds };
    });
    yield { id: `film ${number}`, signals };
  }
}

/**
 * A minute of a film from a second on, or of nothing that is known, at `fps` frames a second, in eight orientations.
 */
function minute(number, from, fps) {
  const next = random(seed + number + 99);
  const known = number < hours ? film(number) : randomBytes(32 * frames, seed + 5);
  const others = randomBytes(32 * 7 * 60 * fps, seed + number + 100);
  const all = Array.from({ length: 60 * fps }, (_, i) => {
    const hash = Buffer.from(known.subarray(32 * (from + Math.floor(i / fps))).subarray(0, 32));
    // Frames of one second differ, and so do those of a copy.
    for (let bit = 0; bit < 2 + ((i % fps) % 6); bit++) hash[Math.floor(32 * next())] ^= 1 << Math.floor(8 * next());
    const texts = [
      hash.toString("hex"),
      ...Array.from({ length: 7 }, (_, k) => others.toString("hex", 32 * (7 * i + k), 32 * (7 * i + k + 1))),
    ];
    const orientations = Object.fromEntries(orientationNames.map((name, k) => [name, texts[k]]));
    const time = i / fps;
    return {
      number: i,
      timestampSeconds: time,
      lastTimestampSeconds: time,
      hash: texts[0],
      quality: 100,
      stable: true,
      orientations,
    };
  });
  const sampling = fps === 1 ? { fps } : "all";
  return {
    sampling,
    frames: all,
    durationSeconds: 60,
    frameRate: 25,
    width: 1280,
    height: 720,
    frameCount: all.length,
    partial: false,
  };
}

const folder = await mkdtemp(join(tmpdir(), "empreinte-bank-video-"));
try {
  const { kernel } = await diagnose();
  const report = new Report("bank-video", given, { kernel, hours, frames: hours * frames, seed });
  const line = (name, figures, text) => report.result(name, figures, `${name.padEnd(22)} ${text}`);
  const path = join(folder, "films.bank");
  let store = await BankStore.create(path);
  store.createBank({ name: "films", policy: { action: "block" } });
  const { milliseconds: importing } = await once(() =>
    store.import({ bank: "films", source: "s" }, entries(), { batch: 16 }),
  );
  line(
    "import",
    { framesPerSecond: (1000 * hours * frames) / importing },
    `${count((1000 * hours * frames) / importing)} frames a second, ready to match`,
  );
  await store.close();
  const opening = await once(() => BankStore.open(path));
  line("open", { milliseconds: opening.milliseconds }, ms(opening.milliseconds));
  await opening.result.close();
  await rm(`${path}.index`);
  const rebuilding = await once(() => BankStore.open(path));
  line("open, no index", { milliseconds: rebuilding.milliseconds }, ms(rebuilding.milliseconds));
  store = rebuilding.result;
  const mebibytes = process.memoryUsage().rss / 2 ** 20;
  line("memory", { mebibytes }, `${count(mebibytes)} MiB with the bank alone`);

  const index = new VideoIndex();
  const { milliseconds: adding } = await once(async () => {
    for (let number = 0; number < hours; number++)
      index.add(`film ${number}`, signatureFromVpdq(framesOf(film(number))));
    await index.optimize();
  });
  line("VideoIndex", { milliseconds: adding }, `${ms(adding)} to add the same videos`);

  const matcher = new Matcher(store);
  const same = (matches, id) =>
    JSON.stringify(matches.map((match) => [id(match), match.segments.map(({ distance: _distance, ...rest }) => rest)]));
  /** Compares both with a minute of a video, also by the processor's time, which others on the machine disturb less. */
  async function measure(name, number, fps) {
    const query = minute(number, 600, fps);
    const found = {};
    const works = {
      VideoIndex: async () => (found.index = await index.search(query)),
      checkVideo: async () => (found.bank = (await matcher.checkVideo(query)).matches),
    };
    const compared = await compare(works, { turns, warmUp: 1 });
    if (same(found.index, ({ id }) => id) !== same(found.bank, ({ entryId }) => entryId))
      throw new Error("the bank and the index do not find the same");
    if (found.bank.length !== (number < hours ? 1 : 0)) throw new Error(`${name}: ${found.bank.length} matches`);
    report.ratios(`A minute of ${name}, ${fps} frames a second, eight orientations`, compared, { peer: "VideoIndex" });
    const used = {};
    for (const [one, work] of Object.entries(works)) {
      const before = process.cpuUsage();
      for (let turn = 0; turn < turns; turn++) await work();
      const { user, system } = process.cpuUsage(before);
      used[one] = (user + system) / 1000 / turns;
    }
    const [bank, peer] = [used.checkVideo, used.VideoIndex];
    report.result(
      `${name} ${fps}, processor`,
      used,
      `  processor   ${ms(bank)}, VideoIndex ${ms(peer)}: ${(bank / peer).toFixed(2)} × the peer`,
    );
  }
  for (const fps of [1, 25]) {
    await measure("a known video", Math.floor(hours / 2), fps);
    await measure("an unknown video", hours, fps);
  }
  store.createBank({ name: "images" });
  await store.import({ bank: "images", source: "s" }, [
    { signals: [{ type: "pdq", value: randomBytes(32, seed + 3) }] },
  ]);
  for (const fps of [1, 25]) await measure("an unknown video, which is searched for images, too", hours, fps);
  report.say();
  const query = minute(Math.floor(hours / 2), 600, 1);
  const decision = await matcher.checkVideo(query);
  const explained = await once(() => matcher.explain(decision));
  if (!explained.result.same) throw new Error("the decision was not repeated");
  line("explain", { milliseconds: explained.milliseconds }, ms(explained.milliseconds));
  const { entryId, bank, source } = decision.matches[0];
  const removed = await store.withdraw({ bank, source, entryId });
  if ((await matcher.checkVideo(query)).matches.length > 0) throw new Error("a withdrawn video matches");
  const { stoppedAfter, goneAfter } = removed;
  line(
    "withdrawal",
    { stoppedAfter, goneAfter },
    `an hour stops matching after ${ms(stoppedAfter)}, gone after ${ms(goneAfter)}`,
  );
  await store.close();
  report.end();
} finally {
  await rm(folder, { recursive: true, force: true });
}
