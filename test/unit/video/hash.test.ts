/**
 * Signatures of clips made here: against frames decoded by a plain ffmpeg, one container against another, and each
 * other.
 */
import { createReadStream, readFileSync } from "node:fs";
import { join } from "node:path";
import Ffmpeg from "fluent-ffmpeg";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { hashDistance, hashPixelsSync } from "../../../dist/index.js";
import {
  hashVideo,
  sniffVideo,
  type VideoFrame,
  videoFrames,
  type VideoProgress,
  type VideoSignature,
} from "../../../dist/doors/video.js";
import {
  everyFrame,
  ffmpeg,
  convertClip,
  makeClip,
  moving,
  noFfmpeg,
  runFfmpeg,
  nothingLeft,
  videoFolder,
  x264,
  isOldFfmpeg,
  needsCurrentFfmpeg,
} from "../../support/video/video.ts";
import { long, needsLongRun } from "../../support/long.ts";

const { clips, temporary } = videoFolder();
const path = (name: string): string => join(clips, name);
const main = path("h264.mp4");
/** The signature of all frames of the main clip. */
let allFrames: VideoSignature;
beforeAll(async () => {
  if (ffmpeg === undefined) return;
  await makeClip(main, moving, ...x264, "-x264-params", "keyint=25:min-keyint=25:scenecut=0");
  allFrames = await hashVideo(main, { sampling: "all" });
});
afterEach(() => nothingLeft(temporary, clips));

/** A real FfmpegCommand, which looks for ffmpeg on PATH only. */
const fluent = (input: string): Ffmpeg => new Ffmpeg(input).setFfmpegPath(ffmpeg!);

/** The hashes of the same frames through ffmpeg's own conversion to grey, a file, and the image hash. */
async function plainly(file: string, width = 320, height = 240): Promise<{ hash: string; quality: number }[]> {
  const raw = `${file}.raw`;
  const how = ["-map", "0:v:0", ...everyFrame, "-pix_fmt", "gray", "-f", "rawvideo"];
  await convertClip(raw, file, ...how);
  const bytes = readFileSync(raw);
  const size = width * height;
  return Array.from({ length: bytes.length / size }, (_, i) => {
    const data = bytes.subarray(i * size, (i + 1) * size);
    return hashPixelsSync({ data, width, height, channels: 1 });
  });
}

const containers: [name: string, format: string, ...args: string[]][] = [
  ["a.mp4", "mov", ...x264],
  ["front.mp4", "mov", ...x264, "-movflags", "+faststart"],
  ["fragments.mp4", "mov", ...x264, "-movflags", "frag_keyframe+empty_moov"],
  ["a.mov", "mov", "-c:v", "prores_ks"],
  ["a.mkv", "matroska", "-c:v", "libx265", "-x265-params", "log-level=error", "-pix_fmt", "yuv420p"],
  ["ten.mkv", "matroska", ...x264, "-pix_fmt", "yuv420p10le"],
  ["full.mkv", "matroska", "-c:v", "libx264", "-pix_fmt", "yuvj420p"],
  ["a.webm", "matroska", "-c:v", "libvpx", "-deadline", "realtime"],
  ["9.webm", "matroska", "-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8"],
  ["av1.mp4", "mov", "-c:v", "libaom-av1", "-usage", "realtime", "-cpu-used", "8"],
  ["a.avi", "avi", "-c:v", "mpeg4"],
  ["motion.avi", "avi", "-c:v", "mjpeg"],
  ["a.ts", "mpegts", ...x264],
  ["2.ts", "mpegts", "-c:v", "mpeg2video"],
  ["2.mpg", "mpeg", "-c:v", "mpeg2video"],
  ["a.flv", "flv", ...x264],
  ["sorenson.flv", "flv", "-c:v", "flv"],
  ["a.ogv", "ogg", "-c:v", "libtheora"],
  ["a.gif", "gif"],
];

describe("containers and codecs", () => {
  it.for(containers)("%s", async ([name, format, ...args], ctx) => {
    // The short run has each container once.
    if (containers.find((container) => container[1] === format)![0] !== name) needsLongRun(ctx);
    if (ffmpeg === undefined) return ctx.skip(noFfmpeg);
    if (isOldFfmpeg && args.includes("-usage")) return ctx.skip(`${needsCurrentFfmpeg} to encode AV1`);
    const file = await makeClip(path(name), `${moving.replace("d=4", "d=1")}`, ...args);
    expect(sniffVideo(readFileSync(file).subarray(0, 4096))).toBe(format);
    const all = await hashVideo(file, { sampling: "all" });
    expect(all).toMatchObject({ width: 320, height: 240, frameCount: 25, partial: false });
    expect(all.durationSeconds).toBeCloseTo(1, 1);
    expect(all.frameRate).toBeCloseTo(25, 5);
    // ffmpeg's grey rounds otherwise than the core: a bit or two, more where there is no luma but RGB.
    const plain = await plainly(file);
    expect(plain).toHaveLength(25);
    for (const [i, { hash, quality, number, timestampSeconds }] of all.frames.entries()) {
      expect(hashDistance(hash, plain[i]!.hash)).toBeLessThanOrEqual(name === "a.gif" ? 8 : 4);
      expect(Math.abs(quality - plain[i]!.quality)).toBeLessThanOrEqual(1);
      expect(number).toBe(i);
      expect(timestampSeconds).toBeCloseTo(i / 25, 2);
    }
    const { frames: keys } = await hashVideo(file, { sampling: "keyframes" });
    expect(keys.length).toBeGreaterThan(0);
    const byTime = new Map(all.frames.map((frame) => [frame.timestampSeconds, frame.hash]));
    for (const { timestampSeconds, hash } of keys) expect(byTime.get(timestampSeconds)).toBe(hash);
  });
});

describe("one clip", () => {
  it("is the same from a path, a URL, bytes, streams, with any number of threads, and every time", async (ctx) => {
    if (ffmpeg === undefined) return ctx.skip(noFfmpeg);
    const bytes = readFileSync(main);
    const whole = allFrames;
    async function* pieces(): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < bytes.length; at += 999) yield bytes.subarray(at, at + 999);
    }
    const inputs = [new URL(`file://${main}`), bytes, new Uint8Array(bytes).buffer, createReadStream(main)];
    for (const input of [...inputs, new Blob([bytes]).stream(), pieces()]) {
      expect(await hashVideo(input, { sampling: "all" })).toEqual(whole);
    }
    for (const threads of long ? [1, 3, 16] : [3])
      expect(await hashVideo(main, { sampling: "all", threads })).toEqual(whole);
    // Bytes are copied before the first await.
    const mine = new Uint8Array(bytes);
    const work = hashVideo(mine, { sampling: "all" });
    mine.fill(0);
    expect(await work).toEqual(whole);
  });

  it("every so manieth frame, keyframes and runs are of all frames", async (ctx) => {
    needsLongRun(ctx);
    if (ffmpeg === undefined) return ctx.skip(noFfmpeg);
    const all = allFrames;
    const rates: [fps: number, every: number][] = [
      [1, 25],
      [7, 3],
      [0.3, 83],
      [2, 12],
      [25, 1],
      [1000, 1],
    ];
    for (const [fps, every] of long ? rates : rates.slice(0, 3)) {
      const { frames, frameCount } = await hashVideo(main, { sampling: { fps } });
      expect(frames).toEqual(all.frames.filter(({ number }) => number % every === 0));
      expect(frameCount).toBe(100);
    }
    const keyframes = await hashVideo(main, { sampling: "keyframes" });
    expect(keyframes.frames.map(({ timestampSeconds }) => timestampSeconds)).toEqual([0, 1, 2, 3]);
    expect(keyframes.durationSeconds).toBeCloseTo(4, 1);
    expect((await hashVideo(main)).sampling).toEqual({ fps: 1 });
  });

  it("29.97 frames a second: every 29th, and vPDQ's times", async (ctx) => {
    if (ffmpeg === undefined) return ctx.skip(noFfmpeg);
    const film = await makeClip(path("film.mp4"), "testsrc2=s=64x64:r=30000/1001:d=3", ...x264);
    const { frames, frameRate } = await hashVideo(film, { sampling: { fps: 1 }, compat: "vpdq" });
    expect(frameRate).toBe(30_000 / 1001);
    expect(frames.map(({ number }) => number)).toEqual([0, 29, 58, 87]);
    expect(frames.map(({ timestampSeconds }) => timestampSeconds.toFixed(3))).toEqual([
      "0.000",
      "0.968",
      "1.935",
      "2.903",
    ]);
  });

  it("adaptive: a still scene is one entry, a cut begins another, and all frames are within reach of theirs", async (ctx) => {
    if (ffmpeg === undefined) return ctx.skip(noFfmpeg);
    if (isOldFfmpeg) return ctx.skip(`${needsCurrentFfmpeg} to make still scenes`);
    const scene = (seed: number): string =>
      `cellauto=s=320x240:rule=${seed}:r=25,trim=end_frame=50,loop=-1:1:0,trim=end_frame=50`;
    const source = `${scene(30)}[a];${scene(110)}[b];color=s=320x240:r=25,trim=end_frame=50[c];[a][b][c]concat=n=3`;
    const film = await makeClip(path("scenes.mp4"), source, ...x264);
    const { frames } = await hashVideo(film, { sampling: "adaptive" });
    expect(frames.map((frame) => [frame.timestampSeconds, frame.lastTimestampSeconds, frame.stable])).toEqual([
      [0, 1.96, true],
      [2, 3.96, true],
      [4, 5.96, false],
    ]);
    const slow = await makeClip(path("slow.mp4"), "testsrc=s=320x240:r=25:d=8", ...x264);
    const all = await hashVideo(slow, { sampling: "all" });
    const runs = await hashVideo(slow, { sampling: "adaptive" });
    expect(runs.frames.length).toBeLessThan(all.frames.length);
    for (const { timestampSeconds: time, hash, number } of all.frames) {
      const run = runs.frames.find((run) => run.timestampSeconds <= time && time <= run.lastTimestampSeconds)!;
      expect(hashDistance(run.hash, hash)).toBeLessThanOrEqual(16);
      if (run.number === number) expect(run.hash).toBe(hash);
    }
  });

  it("the hashes of its orientations are those of the frame as an image", async (ctx) => {
    if (ffmpeg === undefined) return ctx.skip(noFfmpeg);
    const { frames } = await hashVideo(main, { orientations: true });
    for await (const frame of videoFrames(main)) {
      if (frame.number % 25 !== 0) continue;
      expect(frames[frame.number / 25]).toMatchObject({ ...hashPixelsSync(frame, { orientations: true }) });
    }
  });

  it("large frames, which are hashed off this thread, in order and alike", async (ctx) => {
    needsLongRun(ctx);
    if (ffmpeg === undefined) return ctx.skip(noFfmpeg);
    const large = await makeClip(path("large.mp4"), "testsrc2=s=2048x1024:r=10:d=2", ...x264);
    const { frames } = await hashVideo(large, { sampling: "all" });
    for await (const frame of videoFrames(large)) {
      expect(frames[frame.number]).toMatchObject(hashPixelsSync(frame));
    }
    expect(frames).toHaveLength(20);
  });

  it("rotation and sample aspect are ignored by default", async (ctx) => {
    needsLongRun(ctx);
    if (ffmpeg === undefined) return ctx.skip(noFfmpeg);
    const turned = path("turned.mp4");
    await runFfmpeg("-i", main, "-c", "copy", "-metadata:s:v", "rotate=90", turned);
    const [plain, ignored, applied] = await Promise.all([
      hashVideo(main, { orientations: true }),
      hashVideo(turned),
      hashVideo(turned, { rotate: true }),
    ]);
    expect(ignored).toMatchObject({ width: 320, height: 240 });
    expect(ignored.frames.map(({ hash }) => hash)).toEqual(plain.frames.map(({ hash }) => hash));
    expect(applied).toMatchObject({ width: 240, height: 320 });
    for (const [i, { hash }] of applied.frames.entries()) {
      const { rot90, rot270 } = plain.frames[i]!.orientations!;
      expect(Math.min(hashDistance(hash, rot90), hashDistance(hash, rot270))).toBeLessThanOrEqual(8);
    }
    const wide = await makeClip(path("wide.mp4"), `${moving},setsar=2`, ...x264);
    expect(await hashVideo(wide)).toMatchObject({ width: 320, height: 240 });
    expect(await hashVideo(wide, { squarePixels: true })).toMatchObject({ width: 640, height: 240 });
  });

  it("progress goes forward to the end", async (ctx) => {
    needsLongRun(ctx);
    if (ffmpeg === undefined) return ctx.skip(noFfmpeg);
    const reported: VideoProgress[] = [];
    const lasting = await makeClip(path("long.mp4"), "testsrc2=s=1280x720:r=25:d=8", ...x264, "-preset", "ultrafast");
    await hashVideo(lasting, { sampling: "all", onProgress: (progress) => reported.push(progress) });
    expect(reported.length).toBeGreaterThan(0);
    expect(reported.at(-1)).toMatchObject({ durationSeconds: 8 });
    const frames = reported.map((progress) => progress.frames);
    expect(frames).toEqual(frames.toSorted((a, b) => a - b));
    expect(frames.at(-1)).toBeLessThanOrEqual(200);
    const angry = (): never => {
      throw new Error("no interest");
    };
    await expect(hashVideo(lasting, { sampling: "all", onProgress: angry })).rejects.toThrow("no interest");
  });

  it("a dozen at a time, without a warning", async (ctx) => {
    needsLongRun(ctx);
    if (ffmpeg === undefined) return ctx.skip(noFfmpeg);
    const warnings: Error[] = [];
    const hear = (warning: Error): void => void warnings.push(warning);
    process.on("warning", hear);
    const signatures = await Promise.all(Array.from({ length: 12 }, () => hashVideo(main)));
    process.off("warning", hear);
    for (const signature of signatures) expect(signature).toEqual(signatures[0]);
    expect(warnings).toEqual([]);
  });

  it.for([
    [{ sampling: "some" }, /sampling/],
    [{ sampling: { fps: 0 } }, /sampling\.fps/],
    [{ sampling: "keyframes", compat: "vpdq" }, /compat "vpdq"/],
    [{ compat: "cpp-cli" }, /compat/],
    [{ threads: 0 }, /threads/],
    [{ maxSeconds: -1 }, /maxSeconds/],
    [{ limits: {} }, /Unknown option limits/],
    [{ onProgress: 1 }, /onProgress/],
  ] as const)("wrong options: %o", async ([options, message]) => {
    const work = hashVideo(main, options as object);
    await expect(work).rejects.toMatchObject({
      code: "ERR_EMPREINTE_INVALID_ARGUMENT",
      message: expect.stringMatching(message),
    });
  });
});

describe("frames from elsewhere", () => {
  it("a FfmpegCommand: the same hashes as the file, its filters applied", async (ctx) => {
    if (ffmpeg === undefined) return ctx.skip(noFfmpeg);
    const file = await hashVideo(main, { sampling: "all", orientations: true });
    const command = await hashVideo(fluent(main), { sampling: "all" });
    expect(command).toMatchObject({ frameRate: 25, frameCount: 100, width: 320, height: 240 });
    for (const [i, { hash }] of command.frames.entries()) {
      expect(hashDistance(hash, file.frames[i]!.hash)).toBeLessThanOrEqual(4);
    }
    const mirrored = await hashVideo(fluent(main).videoFilters("hflip"), { sampling: { fps: 1 } });
    expect(mirrored.frames.map(({ number }) => number)).toEqual([0, 25, 50, 75]);
    for (const { hash, number } of mirrored.frames) {
      expect(hashDistance(hash, file.frames[number]!.orientations!.flipY)).toBeLessThanOrEqual(12);
    }
  });

  it("a FfmpegCommand that fails, is aborted, or gives too much", async (ctx) => {
    if (ffmpeg === undefined) return ctx.skip(noFfmpeg);
    const child = { code: "ERR_EMPREINTE_VIDEO_CHILD", message: expect.stringContaining("No such file") };
    await expect(hashVideo(fluent(path("none.mp4")))).rejects.toMatchObject(child);
    const limit = { code: "ERR_EMPREINTE_LIMIT", limit: "maxFrames" };
    await expect(hashVideo(fluent(main), { maxFrames: 10 })).rejects.toMatchObject(limit);
    const slow = fluent(main).inputOptions("-re");
    await expect(hashVideo(slow, { signal: AbortSignal.timeout(300) })).rejects.toThrow(/timeout/i);
    const argument = { code: "ERR_EMPREINTE_INVALID_ARGUMENT" };
    await expect(hashVideo(fluent(main), { sampling: "keyframes" })).rejects.toMatchObject(argument);
  });

  const width = 64;
  function makeImage(seed: number): Uint8Array {
    return Uint8Array.from(
      { length: width * width },
      (_, i) => ((i % width) * seed + ((i / width) | 0) * (seed ^ 5)) & 255,
    );
  }
  async function* frames(count: number, rate: number): AsyncGenerator<VideoFrame> {
    for (let number = 0; number < count; number++) {
      yield { number, timestampSeconds: number / rate, width, height: width, channels: 1, data: makeImage(number + 3) };
    }
  }

  it("any frames: by their times, or by vPDQ's rule where the rate is said", async () => {
    const times = (signature: { frames: { timestampSeconds: number }[] }): number[] =>
      signature.frames.map(({ timestampSeconds }) => timestampSeconds);
    expect(times(await hashVideo(frames(10, 4), { sampling: { fps: 1 } }))).toEqual([0, 1, 2]);
    expect(times(await hashVideo(frames(9, 3.5), { sampling: { fps: 1 } }))).toEqual([0, 4 / 3.5, 2]);
    expect(times(await hashVideo(frames(9, 3.5), { sampling: { fps: 1 }, frameRate: 3.5 }))).toEqual([
      0,
      3 / 3.5,
      6 / 3.5,
    ]);
    const { frames: hashed } = await hashVideo(frames(5, 1), { sampling: "all" });
    expect(hashed.map(({ hash }) => hash)).toEqual(
      [3, 4, 5, 6, 7].map((seed) => hashPixelsSync({ data: makeImage(seed), width, height: width, channels: 1 }).hash),
    );
  });

  it("what is no frame, no frames, and a source that fails", async () => {
    const argument = { code: "ERR_EMPREINTE_INVALID_ARGUMENT" };
    async function* of(...values: unknown[]): AsyncGenerator<VideoFrame> {
      for (const value of values) yield value as VideoFrame;
    }
    await expect(hashVideo(of({ width: 9, height: 9, channels: 1, data: makeImage(1) }))).rejects.toMatchObject(
      argument,
    );
    await expect(hashVideo(of(7))).rejects.toMatchObject(argument);
    await expect(hashVideo(of({ width: 640, height: 9, channels: 3, data: makeImage(1) }))).rejects.toMatchObject(
      argument,
    );
    await expect(hashVideo(of())).rejects.toMatchObject({ code: "ERR_EMPREINTE_EMPTY" });
    async function* failing(): AsyncGenerator<VideoFrame> {
      yield* frames(3, 1);
      throw new Error("camera lost");
    }
    await expect(hashVideo(failing(), { sampling: "all" })).rejects.toThrow("camera lost");
    const part = await hashVideo(failing(), { sampling: "all", partial: true });
    expect(part).toMatchObject({ partial: true, problem: "camera lost", frameCount: 3 });
    expect(part.frames).toHaveLength(3);
    await expect(hashVideo(7 as unknown as string)).rejects.toMatchObject(argument);
    await expect(hashVideo({} as unknown as string)).rejects.toMatchObject(argument);
  });
});
