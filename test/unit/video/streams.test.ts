/** Files with several video streams: each is decoded, and none is left out in silence. */
import { join } from "node:path";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { BankStore, Matcher } from "../../../dist/doors/bank.js";
import { hashVideo, type VideoSignature } from "../../../dist/doors/video.js";
import { empreinte, jsonLines } from "../../support/cli.ts";
import { long, needsLongRun } from "../../support/long.ts";
import { ffmpeg, makeClip, noFfmpeg, runFfmpeg, videoFolder, x264 } from "../../support/video/video.ts";

const { clips } = videoFolder();
const path = (name: string): string => join(clips, name);
const [first, second] = [path("first.mp4"), path("second.mp4")];
const both = ["mp4", "mkv", "ts"].map((extension) => path(`both.${extension}`));
/** The signatures of `first` and `second`, each in a file of its own. */
let [plainFirst, plainSecond]: VideoSignature[] = [];

beforeAll(async () => {
  if (ffmpeg === undefined) return;
  await makeClip(first, "mandelbrot=s=160x120:r=5,trim=duration=2", ...x264);
  await makeClip(second, "testsrc2=s=176x144:r=5:d=2", ...x264);
  const inputs = ["-i", first, "-i", second, "-map", "0:v", "-map", "1:v", "-c", "copy"];
  for (const file of long ? both : both.slice(0, 2)) await runFfmpeg(...inputs, file);
  [plainFirst, plainSecond] = await Promise.all([hashVideo(first), hashVideo(second)]);
  const cover = path("cover.png");
  await makeClip(cover, "testsrc=s=64x64:d=1", "-frames:v", "1");
  const covered = [
    "-i",
    first,
    "-i",
    cover,
    "-map",
    "0",
    "-map",
    "1",
    "-c",
    "copy",
    "-disposition:v:1",
    "attached_pic",
  ];
  await runFfmpeg(...covered, path("covered.mp4"));
  if (!long) return;
  const many = Array.from({ length: 17 }, () => ["-map", "0:v"]).flat();
  await runFfmpeg("-i", first, ...many, "-c", "copy", path("many.mkv"));
});
beforeEach((ctx) => {
  if (ffmpeg === undefined) ctx.skip(noFfmpeg);
});

const hashesOf = ({ frames }: VideoSignature): string[] => frames.map(({ hash }) => hash);

describe("a file with two video streams", () => {
  test.for([0, 1, 2])("has the hashes of each alone, and says how many it has: container %i", async (number, ctx) => {
    if (number > 0) needsLongRun(ctx);
    const file = both[number]!;
    const [one, other] = [await hashVideo(file), await hashVideo(file, { stream: 1 })];
    expect(hashesOf(one)).toEqual(hashesOf(plainFirst!));
    expect(hashesOf(other)).toEqual(hashesOf(plainSecond!));
    expect([one.streamCount, other.streamCount]).toEqual([2, 2]);
    expect([other.width, other.height]).toEqual([176, 144]);
    await expect(hashVideo(file, { stream: 2 })).rejects.toMatchObject({ code: "ERR_EMPREINTE_VIDEO_NO_FRAMES" });
  });

  test("a file with one stream, or a cover image beside it, says nothing", async () => {
    expect(await hashVideo(first)).not.toHaveProperty("streamCount");
    expect(await hashVideo(path("covered.mp4"))).not.toHaveProperty("streamCount");
    await expect(hashVideo(first, { stream: -1 })).rejects.toMatchObject({ code: "ERR_EMPREINTE_INVALID_ARGUMENT" });
  });

  test("hash prints every stream, and names the further ones", async () => {
    const { code, stdout } = await empreinte(["hash", both[0]!]);
    const fields = stdout
      .trim()
      .split("\n")
      .map((line) => line.split("  ").slice(2, -1));
    expect([code, fields]).toEqual([0, [["0.000 s"], ["1.000 s"], ["0.000 s", "stream-1"], ["1.000 s", "stream-1"]]]);
    const lines = jsonLines<{ stream?: number }>((await empreinte(["hash", "--json", both[0]!])).stdout);
    expect(lines.map(({ stream }) => stream)).toEqual([undefined, 1]);
  });

  test("scan finds what is known of the second stream, in lists, signatures and banks", async (ctx) => {
    needsLongRun(ctx);
    const { frames } = await hashVideo(second, { sampling: "all" });
    const store = path("known.bank");
    const bank = await BankStore.create(store);
    bank.createBank({ name: "films", policy: { action: "block" } });
    const signals = frames.map(({ hash: value, quality }) => ({ type: "vpdq" as const, value, quality }));
    await bank.import({ bank: "films", source: "s" }, [{ id: "a", signals }]);
    const decision = await new Matcher(bank).checkVideo(both[0]!);
    expect(decision).toMatchObject({ action: "none", query: { video: { streamCount: 2 } } });
    expect(await new Matcher(bank).checkVideo(both[0]!, { stream: 1 })).toMatchObject({ action: "block" });
    expect(new Matcher(bank).explain(structuredClone(decision))).toMatchObject({ same: true });
    await bank.close();
    const byBank = await empreinte(["scan", "--bank", store, both[0]!]);
    expect(byBank.code).toBe(1);
    expect(byBank.stdout).toContain("\tstream=1 ");
    const bySignature = await empreinte(["scan", "--video-signature", second, both[1]!]);
    expect([bySignature.code, bySignature.stdout]).toEqual([1, expect.stringContaining("stream=1 ")]);
    // A known file is known by all its streams.
    const known = await empreinte(["scan", "--video-signature", both[0]!, second]);
    expect([known.code, known.stdout]).toEqual([1, expect.stringContaining("both.mp4:stream-1")]);
  });

  test("a file with more streams than are read is named", async (ctx) => {
    needsLongRun(ctx);
    const { code, stdout, stderr } = await empreinte(["hash", path("many.mkv")]);
    expect(code).toBe(2);
    expect(stderr).toContain("has 17 video streams, and only the first 16 were read");
    expect(stdout).toContain("  stream-15  ");
    expect(stdout).not.toContain("  stream-16  ");
  });
});
