import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { evaluate, type EvaluateOptions, writeEvaluation } from "../../../dist/doors/evaluate.js";
import { hashVideo } from "../../../dist/doors/video.js";
import { editsNamed } from "../../../dist/evaluate/video/edits.js";
import { encodeEdit } from "../../../dist/evaluate/video/encode.js";
import { Random } from "../../../dist/evaluate/random.js";
import { folder } from "../../support/cli.ts";
import { needsLongRun } from "../../support/long.ts";
import { ffmpeg, makeClip, noFfmpeg, x264 } from "../../support/video/video.ts";

/** Two clips that move, of different patterns. */
const sources = ["testsrc2=s=320x240:r=12:d=5", "mandelbrot=s=320x240:r=12:end_scale=0.05,trim=duration=5"];
const options: EvaluateOptions = { generated: 0, concurrency: 2 };

afterEach(() => void vi.unstubAllEnvs());

let clips: string;
beforeAll(async () => {
  if (ffmpeg === undefined) return;
  clips = folder();
  for (const [i, source] of sources.entries()) await makeClip(join(clips, `${i}.mp4`), source, ...x264);
});

describe.skipIf(ffmpeg === undefined)(`videos in an evaluation${ffmpeg === undefined ? ` (${noFfmpeg})` : ""}`, () => {
  it("edits are what they say: sizes, times, and an image that is another", async (ctx) => {
    needsLongRun(ctx);
    const about = { seconds: 5, width: 320, height: 240, frameRate: 12 };
    const out = folder();
    const edited = async (name: string): Promise<Awaited<ReturnType<typeof hashVideo>>> => {
      const { recipe } = editsNamed([name])[0]!;
      const path = join(out, `${name}.mp4`);
      await encodeEdit(join(clips, "0.mp4"), path, recipe(about, new Random(1, name)), undefined);
      return hashVideo(path, { sampling: "all" });
    };
    expect(await edited("video-half-size")).toMatchObject({ width: 160, height: 120, frameCount: 60 });
    expect(await edited("video-border-10")).toMatchObject({ width: 384, height: 304, frameCount: 60 });
    expect(await edited("video-fit-9x16")).toMatchObject({ width: 320, height: 568 });
    expect((await edited("video-two-seconds")).durationSeconds).toBeCloseTo(2, 0);
    expect((await edited("video-faster-1.25")).durationSeconds).toBeCloseTo(4, 0);
    expect((await edited("video-slower-0.8")).durationSeconds).toBeCloseTo(6.25, 0);
    const inside = await edited("video-inside-another-60");
    expect(inside).toMatchObject({ width: 320, height: 240 });
    expect(Math.abs(inside.frameCount - 60)).toBeLessThanOrEqual(2);
    expect((await edited("video-text-below")).frameCount).toBe(60);
    expect(readdirSync(out).filter((name) => !name.endsWith(".mp4"))).toEqual([]);
  });

  it("finds what is only encoded anew, and says what is not found; goes on from its state", async (ctx) => {
    needsLongRun(ctx);
    const out = folder();
    const attacks = ["video-recompressed-28", "video-middle-half", "video-crop-5"];
    // A folder for temporary files that no other process uses.
    const temporary = folder();
    vi.stubEnv("TMPDIR", temporary);
    expect(tmpdir()).toBe(temporary);
    const report = await evaluate(clips, { ...options, attacks, folder: out });
    const { videos } = report;
    expect(videos).toMatchObject({ clips: 2, unreadable: [], failed: [], falseMatches: 0, pairs: 6 });
    expect(videos!.edits.map(({ name }) => name)).toEqual(attacks);
    expect(videos!.edits[0]).toMatchObject({ n: 2, match: 1 });
    expect(videos!.edits[0]!.time).toBeGreaterThan(0.7);
    expect(videos!.edits[1]!.n).toBe(2);
    expect(readdirSync(temporary)).toEqual([]);
    const again = await evaluate(clips, { ...options, attacks, folder: out });
    expect(again.videos).toEqual(videos);
    await writeEvaluation(report, out);
    expect(readFileSync(join(out, "report.html"), "utf8")).toContain("<h2>Videos</h2>");
    expect(readFileSync(join(out, "report.csv"), "utf8")).toContain("video,video-recompressed-28,video,2,1.0000,");
  });

  it("names a video that cannot be read, and does the rest", async () => {
    const odd = folder();
    writeFileSync(join(odd, "whole.mp4"), readFileSync(join(clips, "0.mp4")));
    writeFileSync(join(odd, "again.mp4"), readFileSync(join(clips, "0.mp4")));
    writeFileSync(join(odd, "cut.mp4"), readFileSync(join(clips, "1.mp4")).subarray(0, 2000));
    const { videos } = await evaluate(odd, { ...options, attacks: ["video-grey"] });
    expect(videos!.unreadable.map(({ name }) => name)).toEqual(["cut.mp4"]);
    expect(videos!.duplicates).toEqual([{ name: "whole.mp4", of: "again.mp4" }]);
    expect(videos!.edits).toMatchObject([{ name: "video-grey", n: 1, match: 1 }]);
  });
});
