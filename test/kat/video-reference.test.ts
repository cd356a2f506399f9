/** The reference's frame hashes of two real clips, where `../shared` has them. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { hashDistance } from "../../dist/index.js";
import { hashVideo, compareVpdq, readVpdq, writeVpdq } from "../../dist/doors/video.js";
import { long, needsLongRun } from "../support/long.ts";
import { root } from "../support/run.ts";
import { ffmpeg, noFfmpeg } from "../support/video/video.ts";

const real = join(root, "../shared/vectors/real");
const clips = ["chair-19-sd-bar", "chair-20-sd-bar"];
const file = (clip: string): string => join(real, "videos", `${clip}.mp4`);
const text = (folder: string, clip: string): string => readFileSync(join(real, "vpdq", folder, `${clip}.txt`), "utf8");
const needs = existsSync(real) ? undefined : "skipped: needs ../shared/vectors/real";

describe.each([
  ["1s", { fps: 1 }],
  ["all-frames", "all"],
] as const)("%s", (folder, sampling) => {
  /** The short run decodes every frame of one clip. */
  const decoded = long || folder === "1s" ? clips : clips.slice(0, 1);

  it("compat vpdq: every frame's number, timestamp, quality and hash", async (ctx) => {
    if (needs !== undefined) return ctx.skip(needs);
    if (ffmpeg === undefined) return ctx.skip(noFfmpeg);
    for (const clip of decoded) {
      const { frames, compat } = await hashVideo(file(clip), { sampling, compat: "vpdq" });
      expect(compat).toBe("vpdq");
      const expected = readVpdq(text(folder, clip));
      // Hashes to the bit with a swscale of the reference's generation (ffmpeg 5.1); 6 bits with another.
      const bits = frames.map(({ hash }, i) => hashDistance(hash, expected[i]!.hash));
      expect(Math.max(...bits)).toBeLessThanOrEqual(6);
      if (Math.max(...bits) === 0) expect(writeVpdq(frames)).toBe(text(folder, clip));
      const rest = ({ number, quality, timestampSeconds }: (typeof expected)[number]): unknown[] => [
        number,
        quality,
        timestampSeconds.toFixed(3),
      ];
      expect(frames.map(rest)).toEqual(expected.map(rest));
    }
  });

  it("from luma: the same frames and qualities, at most 6 bits away", async (ctx) => {
    needsLongRun(ctx);
    if (needs !== undefined) return ctx.skip(needs);
    if (ffmpeg === undefined) return ctx.skip(noFfmpeg);
    for (const clip of decoded) {
      const { frames } = await hashVideo(file(clip), { sampling });
      const expected = readVpdq(text(folder, clip));
      expect(frames.map(({ number, quality }) => [number, quality])).toEqual(
        expected.map(({ number, quality }) => [number, quality]),
      );
      const bits = frames.map(({ hash }, i) => hashDistance(hash, expected[i]!.hash));
      expect(Math.max(...bits)).toBeLessThanOrEqual(6);
    }
  });

  it("the two clips' match percentages", (ctx) => {
    if (needs !== undefined) return ctx.skip(needs);
    const [query, compared] = clips.map((clip) => readVpdq(text(folder, clip)));
    const { queryMatchPercent, comparedMatchPercent } = compareVpdq(query!, compared!);
    const expected = folder === "1s" ? [15.8, 9.5] : [100, 92];
    expect(queryMatchPercent).toBeCloseTo(expected[0]!, 1);
    expect(Math.abs(comparedMatchPercent - expected[1]!)).toBeLessThan(0.5);
  });

  it("its text is written again byte for byte", (ctx) => {
    if (needs !== undefined) return ctx.skip(needs);
    for (const clip of clips) expect(writeVpdq(readVpdq(text(folder, clip)))).toBe(text(folder, clip));
  });
});
