/**
 * Altered videos: cropped, zoomed into, turned; found through one view for each shot, and nothing found that is not
 * there.
 */
import { createReadStream, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { hashVideo, type VideoFrame, videoFrames, VideoIndex, type VideoInput } from "../../../dist/doors/video.js";
import type { VideoSearchResult } from "../../../dist/video-index/results.js";
import type { SearchVideoOptions } from "../../../dist/video-index/search-options.js";
import { InvalidArgumentError } from "../../../dist/errors.js";
import { native } from "../../../dist/native/load.js";
import { empreinte } from "../../support/cli.ts";
import { randomOf } from "../../support/video/films.ts";
import { needsLongRun } from "../../support/long.ts";
import { convertClip, ffmpeg, makeClip, makeFilm, noFfmpeg, videoFolder, x264 } from "../../support/video/video.ts";

/** A search for altered copies, at the level "standard" unless the options have another. */
const search = (index: VideoIndex, input: VideoInput, options?: SearchVideoOptions): Promise<VideoSearchResult> =>
  index.searchVideo(input, { level: "standard", ...options });

describe("a small copy of a frame", () => {
  it("is the mean of what each pixel stands for, of grey and of colour", () => {
    const random = randomOf(4);
    for (const [width, height, across, down, channels] of [
      [12, 8, 4, 4, 1],
      [50, 31, 17, 9, 1],
      [50, 31, 17, 9, 3],
      [33, 40, 33, 40, 1],
      [21, 20, 8, 5, 4],
    ] as const) {
      const stride = width * channels + 3;
      const data = Uint8Array.from({ length: stride * height }, () => 256 * random());
      const small = native.shrink({ data, width, height, channels, stride }, across, down);
      const of = channels === 1 ? 1 : 3;
      expect(small).toHaveLength(across * down * of);
      /** How much of pixel `i` is in the share `k` of `n`. */
      const part = (i: number, k: number, n: number, side: number): number =>
        Math.max(0, Math.min(i + 1, ((k + 1) * side) / n) - Math.max(i, (k * side) / n));
      for (let y = 0; y < down; y++) {
        for (let x = 0; x < across * of; x++) {
          let [sum, weight] = [0, 0];
          for (let v = 0; v < height; v++) {
            for (let u = 0; u < width; u++) {
              const share = part(u, Math.floor(x / of), across, width) * part(v, y, down, height);
              sum += share * data[v * stride + u * channels + (x % of)]!;
              weight += share;
            }
          }
          expect(Math.abs(small[y * across * of + x]! - sum / weight)).toBeLessThan(2.5);
        }
      }
    }
    const pixels = { data: new Uint8Array(12), width: 4, height: 3, channels: 1, stride: 4 };
    expect(() => native.shrink(pixels, 5, 3)).toThrow("do not fit");
    expect(() => native.shrink(pixels, 0, 3)).toThrow("do not fit");
    expect(() => native.shrink(pixels, 2 ** 32 - 1, 2 ** 32 - 1)).toThrow("do not fit");
  });
});

describe("frames that are meant to hurt", () => {
  it("a cut in every frame, black, one pixel, tiny and changing sizes: an answer, and no match", async () => {
    const random = randomOf(9);
    const noise = (side: number): Uint8Array => Uint8Array.from({ length: side * side }, () => 256 * random());
    const dot = new Uint8Array(120 * 120);
    dot[60 * 120 + 60] = 255;
    async function* frames(): AsyncGenerator<VideoFrame> {
      const all = [
        ...Array.from({ length: 30 }, () => noise(120)),
        dot,
        new Uint8Array(120 * 120),
        noise(1),
        noise(31),
      ];
      for (const [number, data] of [...all, noise(32), noise(500), noise(7), dot].entries()) {
        const side = Math.sqrt(data.length);
        yield { number, timestampSeconds: number / 4, width: side, height: side, channels: 1, data };
      }
    }
    using index = new VideoIndex({ memory: "rows" });
    index.add("known", await hashVideo(frames(), { sampling: "all" }));
    index.add("empty", { ...(await hashVideo(frames(), { sampling: "all" })), frames: [] });
    const { matches, signature } = await search(index, frames(), { level: "thorough" });
    expect(matches).toEqual([]);
    expect(signature.frames.map(({ number }) => number)).toEqual(Array.from({ length: 38 }, (_, i) => i));
    using none = new VideoIndex();
    expect((await search(none, frames())).matches).toEqual([]);
    async function* fails(): AsyncGenerator<VideoFrame> {
      yield* frames();
      throw new Error("no more");
    }
    await expect(search(index, fails())).rejects.toThrow("no more");
    expect(await search(index, fails(), { partial: true })).toMatchObject({ signature: { partial: true } });
  });
});

describe.skipIf(ffmpeg === undefined)(`altered copies${ffmpeg === undefined ? ` (${noFfmpeg})` : ""}`, () => {
  const { clips } = videoFolder();
  const index = new VideoIndex({ memory: "rows" });
  let known = "";
  let led = "";
  let film = "";
  const edit = (name: string, from: string, filter: string): Promise<string> =>
    convertClip(join(clips, `${name}.mp4`), from, "-vf", `${filter},setsar=1`, ...x264);
  beforeAll(async () => {
    known = await makeFilm(join(clips, "known.mp4"));
    const text = (size: number, what: string): string =>
      `drawtext=font=DejaVu Sans:text='${what}':fontsize=${size}:fontcolor=white:x=(w-tw)/2:y=(h-th)/2`;
    const card = `color=0x203060:s=320x180:r=10:d=3,${text(24, "An ordinary evening")}`;
    const digits = text(120, "%{eif\\:5-floor(t)\\:d}");
    const countdown = `color=gray:s=320x180:r=10:d=5,drawbox=x=158:y=0:w=4:h=180:t=fill,${digits}`;
    const behind = (name: string, content: string): Promise<string> => {
      const parts = [card, countdown, `${content},trim=duration=5`].map((part, i) => `${part},format=yuv420p[v${i}]`);
      return makeClip(join(clips, `${name}.mp4`), `${parts.join(";")};[v0][v1][v2]concat=n=3`, ...x264);
    };
    led = await behind("led", "mandelbrot=s=320x180:r=10:end_scale=0.05");
    film = await behind("film", `movie=${known},scale=320:180,fps=10`);
    const other = await behind("other", "life=s=320x180:r=10:mold=10:seed=3");
    for (const path of [known, other]) index.add(path, await hashVideo(path));
  });

  it("a video cropped on all sides is found with its times and its region in the frame", async (ctx) => {
    needsLongRun(ctx);
    const path = await edit("cropped", known, "crop=432:242");
    expect(await index.search(await hashVideo(path, { sampling: "all", orientations: true, trim: true }))).toEqual([]);
    const { matches, signature } = await search(index, path);
    expect(matches).toMatchObject([{ id: known, kind: "video", orientation: "orig" }]);
    expect(matches[0]!.queryShare).toBeGreaterThan(0.9);
    for (const { queryFrom, knownFrom, queryTo, knownTo, view, region, orientation } of matches[0]!.segments) {
      expect(Math.abs(queryFrom - knownFrom)).toBeLessThan(0.6);
      expect(Math.abs(queryTo - knownTo)).toBeLessThan(0.6);
      // A twentieth is gone at each side: a eighteenth of what is left.
      const [low, high] = [-1 / 18, 19 / 18];
      const corners = [low, low, high, low, high, high, low, high];
      expect([view, orientation]).toEqual(["zoom-out", "orig"]);
      region!.flat().forEach((side, i) => expect(Math.abs(side - corners[i]!)).toBeLessThan(0.03));
    }
    expect(signature).toEqual(await hashVideo(path, { sampling: "all", orientations: true, trim: true }));
    const fast = await search(index, path, { level: "fast" });
    expect(fast.matches).toEqual([]);
    expect(fast.signature).toEqual(await hashVideo(path, { sampling: "all", orientations: true }));
  });

  it("turned on black, one side cut off, cropped and mirrored", async (ctx) => {
    needsLongRun(ctx);
    const filters = { turned: "rotate=3*PI/180", side: "crop=iw*0.85:ih:iw*0.15:0", mirrored: "hflip,crop=432:242" };
    for (const [name, filter] of Object.entries(filters)) {
      const { matches } = await search(index, await edit(name, known, filter));
      expect(matches, name).toMatchObject([{ id: known }]);
      const { segments, orientation, view, region, distance } = matches[0]!;
      const expected = name === "mirrored" ? "flipY" : "orig";
      expect(segments.every((segment) => segment.orientation === expected)).toBe(true);
      // The match has the view of its nearest segment.
      const nearest = segments.find((segment) => segment.distance === distance)!;
      expect([orientation, view, region]).toEqual([nearest.orientation, nearest.view, nearest.region]);
    }
  });

  it("what is not altered has the answer of a search", async () => {
    const query = await hashVideo(known, { sampling: "all", orientations: true, trim: true });
    const { matches } = await search(index, known);
    expect(matches).toEqual(await index.search(query));
    expect(matches.flatMap(({ segments }) => segments.filter(({ view }) => view !== undefined))).toEqual([]);
  });

  it("title cards and countdowns that both have are no copy, however they are altered", async () => {
    for (const [name, filter] of Object.entries({ led5: "crop=288:162", led2: "rotate=2*PI/180" })) {
      const { matches } = await search(index, await edit(name, led, filter), { level: "thorough" });
      expect(matches).toEqual([]);
    }
  });

  it("title cards and countdowns have no views, what comes behind them has", async () => {
    using own = new VideoIndex({ memory: "rows" });
    own.add("film", await hashVideo(film));
    const { matches } = await search(own, await edit("film5", film, "crop=288:162"), { includeWeak: true });
    const seen = matches.flatMap(({ segments }) => segments.filter(({ view }) => view !== undefined));
    expect(seen).not.toEqual([]);
    for (const { queryFrom } of seen) expect(queryFrom).toBeGreaterThan(7.4);
  });

  it("of bytes, streams and frames the same, and nothing of what was removed", async (ctx) => {
    needsLongRun(ctx);
    const path = join(clips, "cropped.mp4");
    const expected = await search(index, path);
    expect(await search(index, readFileSync(path))).toEqual(expected);
    expect(await search(index, createReadStream(path))).toEqual(expected);
    const { matches } = await search(index, videoFrames(path), { frameRate: expected.signature.frameRate });
    expect(matches).toEqual(expected.matches);
    using other = new VideoIndex({ memory: "rows" });
    other.add("known", await hashVideo(known));
    expect((await search(other, path)).matches).toMatchObject([{ id: "known" }]);
    other.remove("known");
    expect((await search(other, path)).matches).toEqual([]);
  });

  it("scan with --level standard says through which view", async (ctx) => {
    needsLongRun(ctx);
    const scan = (level: string): ReturnType<typeof empreinte> =>
      empreinte(["scan", "--video-signature", known, "--level", level, join(clips, "cropped.mp4")]);
    expect(await scan("fast")).toMatchObject({ stdout: "", code: 0 });
    const { stdout, code } = await scan("standard");
    expect(stdout).toMatch(
      /cropped\.mp4\tmatch\t\d+\t.*known\.mp4\torig\tzoom-out\t0\.\d-\d+\.\d=0\.\d-\d+\.\d share=\d+% region=\S+\n/,
    );
    expect(code).toBe(1);
  });

  it("options of the wrong kind, an abort, an index that is closed", async () => {
    const refused = async (options: object, what: RegExp): Promise<void> => {
      await expect(search(index, known, options)).rejects.toThrow(InvalidArgumentError);
      await expect(search(index, known, options)).rejects.toThrow(what);
    };
    await refused({ level: "slow" }, /level/);
    await refused({ trim: true }, /trim/);
    await refused({ orientations: false }, /orientations/);
    await refused({ radius: 257 }, /radius/);
    await refused({ sampling: "some" }, /sampling/);
    const stop = new AbortController();
    let given = 0;
    async function* frames(): AsyncGenerator<VideoFrame> {
      for (let number = 0; number < 100; number++) {
        if (++given === 20) stop.abort(new Error("enough"));
        const data = Uint8Array.from({ length: 64 * 64 }, (_, i) => (i * (number + 3)) & 255);
        yield { number, timestampSeconds: number / 10, width: 64, height: 64, channels: 1, data };
      }
    }
    await expect(search(index, frames(), { signal: stop.signal })).rejects.toThrow("enough");
    // It ended in the middle of the video.
    expect(given).toBeGreaterThanOrEqual(20);
    expect(given).toBeLessThan(100);
    const closed = new VideoIndex();
    closed.close();
    await expect(search(closed, known)).rejects.toMatchObject({ code: "ERR_EMPREINTE_CLOSED" });
  });
});
