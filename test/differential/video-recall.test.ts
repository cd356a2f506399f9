/** A small part of `npm run bench:video-recall`: clips that ffmpeg edited, against what was done to them. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type About, edited, edits } from "../../benchmarks/video-recall/edits.mjs";
import { clip, ledClip } from "../../benchmarks/video-recall/scenes.mjs";
import { hashVideo, VideoIndex } from "../../dist/doors/video.js";
import { long, needsLongRun } from "../support/long.ts";
import {
  ffmpeg,
  makeClip,
  noFfmpeg,
  runFfmpeg,
  x264,
  isOldFfmpeg,
  needsCurrentFfmpeg,
} from "../support/video/video.ts";

const folder = mkdtempSync(join(tmpdir(), "empreinte-recall-test-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The clips are made with a filter whose scale changes from frame to frame, which older builds do not have. */
const missing = ffmpeg === undefined ? noFfmpeg : isOldFfmpeg ? needsCurrentFfmpeg : undefined;

const films: About[] = [];
let others: string[] = [];
/** One frame a second, as lists have it; and each run of frames that look the same. */
const lists = [new VideoIndex(), new VideoIndex()] as const;

beforeAll(async () => {
  if (!long || missing !== undefined) return;
  for (const seed of [2, 6]) {
    const path = await clip(folder, seed);
    const sparse = await hashVideo(path);
    films.push({ path, name: `film-${seed}`, seconds: sparse.durationSeconds, rate: sparse.frameRate });
    lists[0].add(`film-${seed}`, sparse);
    lists[1].add(`film-${seed}`, await hashVideo(path, { sampling: "adaptive" }));
  }
  others = [await clip(folder, 50), await clip(folder, 51)];
});

describe("found, with the segment right to within half a second on all four ends", () => {
  // Each edit of one film: the benchmark makes all edits of many.
  test.for([
    ["half rate, offset", 0],
    ["trim 2 s", 1],
    ["compilation", 0],
    ["re-encode crf 38", 1],
    ["speed 1.25", 0],
    ["middle half", 1],
    ["subtitle", 0],
  ] as const)("%s", async ([name, number], ctx) => {
    needsLongRun(ctx);
    if (missing !== undefined) return ctx.skip(missing);
    const film = films[number]!;
    const query = await edited(folder, name, film, others);
    const { truth, speed = 1 } = edits[name]!;
    for (const [list, sampling] of [
      [lists[0], "all"],
      [lists[1], "adaptive"],
    ] as const) {
      const matches = await list.search(await hashVideo(query, { sampling }));
      const what = `${film.name}, ${name}, ${sampling}`;
      expect(
        matches.map(({ id }) => id),
        what,
      ).toEqual([film.name]);
      const ends = matches[0]!.segments.map((s) => [s.queryFrom, s.queryTo, s.knownFrom, s.knownTo]);
      const errors = ends.map((of) => Math.max(...of.map((end, i) => Math.abs(end - truth(film)[i]!))));
      expect(Math.min(...errors), `${what}: ${JSON.stringify(ends)}`).toBeLessThanOrEqual(0.5);
      expect(matches[0]!.segments[0]!.speed / speed, what).toBeCloseTo(1, 1);
    }
  });
});

test("unrelated videos behind the same leaders do not match", async (ctx) => {
  needsLongRun(ctx);
  if (missing !== undefined) return ctx.skip(missing);
  const leaders = [["countdown"], ["title", "countdown"], ["bars", "black"], ["pattern2"], ["black", "pattern2"]];
  const signatures = [];
  for (const [i, names] of leaders.entries()) {
    signatures.push(await hashVideo(await ledClip(folder, 300 + i, names), { sampling: "all" }));
  }
  for (const [i, known] of signatures.entries()) {
    const index = new VideoIndex();
    index.add(leaders[i]!.join(), known);
    for (const [j, query] of signatures.entries()) {
      const matches = await index.search(query);
      expect(matches.length, `${leaders[i]!.join()} and ${leaders[j]!.join()}`).toBe(i === j ? 1 : 0);
    }
  }
});

test("countdowns of other sizes and colours do not match, though their digits look alike", async (ctx) => {
  needsLongRun(ctx);
  if (missing !== undefined) return ctx.skip(missing);
  const made = [];
  for (const [seconds, size, colour, font] of [
    [6, 200, "gray", "DejaVu Serif"],
    [7, 220, "0x804020", "DejaVu Sans Mono"],
    [8, 240, "black", "DejaVu Sans"],
  ] as const) {
    const path = join(folder, `countdown-${seconds}.mp4`);
    const digits = `drawtext=font=${font}:text='%{eif\\:${seconds}-floor(t)\\:d}':fontsize=${size}:fontcolor=white:x=(w-tw)/2:y=(h-th)/2`;
    await makeClip(path, `color=${colour}:s=640x360:r=25:d=${seconds},${digits}`, ...x264);
    made.push({ sparse: await hashVideo(path), all: await hashVideo(path, { sampling: "all" }) });
  }
  for (const [i, known] of made.entries()) {
    for (const list of [known.sparse, known.all]) {
      const index = new VideoIndex();
      index.add(i, list);
      const others = made.filter((other) => other !== known);
      for (const other of others) expect(await index.search(other.all)).toEqual([]);
    }
  }
});

test("the same countdown or test pattern at places in two films is no match; eight seconds of a film are", async (ctx) => {
  needsLongRun(ctx);
  if (missing !== undefined) return ctx.skip(missing);
  const size = "s=640x360:r=25:d=8";
  const leaders = {
    countdown: `color=gray:${size},drawtext=font=DejaVu Sans:text='%{eif\\:8-floor(t)\\:d}':fontsize=220:fontcolor=white:x=(w-tw)/2:y=(h-th)/2`,
    pattern: `testsrc=${size}`,
    moving: `testsrc2=${size}`,
  };
  const [a, b] = others as [string, string];
  /** The leader six seconds into one film and nine into another. */
  const within = async (name: string, leader: string[], at: number, film: string): Promise<string> => {
    const path = join(folder, `within-${name}-${at}.mp4`);
    const same = "fps=25,scale=640:360,setsar=1,format=yuv420p";
    const cut = `[0:v]${same},split[s][t];[s]trim=0:${at},setpts=PTS-STARTPTS[v0];[1:v]${same}[v1];[t]trim=${at},setpts=PTS-STARTPTS[v2]`;
    const graph = `${cut};[v0][v1][v2]concat=n=3:v=1:a=0`;
    await runFfmpeg("-i", film, ...leader, "-filter_complex", graph, ...x264, path);
    return path;
  };
  const found = async (name: string, leader: string[]) => {
    const known = await hashVideo(await within(name, leader, 6, a), { sampling: "all" });
    const query = await hashVideo(await within(name, leader, 9, b), { sampling: "all" });
    const blind = { ...query, frames: query.frames.map((frame) => ({ ...frame, syntheticScore: 0 })) };
    const index = new VideoIndex();
    index.add("known", known);
    return { match: await index.search(query), blind: await index.search(blind) };
  };
  let without = 0;
  for (const [name, source] of Object.entries(leaders)) {
    const { match, blind } = await found(name, ["-f", "lavfi", "-i", source]);
    expect(match, name).toEqual([]);
    without += blind.length;
  }
  // Only their synthetic score distinguishes them.
  expect(without).toBeGreaterThanOrEqual(2);
  const { match } = await found("film", ["-t", "8", "-i", films[0]!.path]);
  expect(match.map(({ segments }) => segments.length)).toEqual([1]);
  const { queryFrom, queryTo, knownFrom, knownTo } = match[0]!.segments[0]!;
  for (const [got, is] of [
    [queryFrom, 9],
    [queryTo, 17],
    [knownFrom, 6],
    [knownTo, 14],
  ] as const) {
    expect(Math.abs(got - is)).toBeLessThanOrEqual(0.5);
  }
});
