/** Motion photographs: the video behind a still image is found, and never left out in silence. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import sharp from "sharp";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { hashImage } from "../../../dist/index.js";
import { embeddedVideo, hashVideo } from "../../../dist/doors/video.js";
import { empreinte, jsonLines } from "../../support/cli.ts";
import { scene } from "../../support/evaluate.ts";
import { ffmpeg, makeClip, noFfmpeg, runFfmpeg, videoFolder, x264 } from "../../support/video/video.ts";

const { clips } = videoFolder();
const path = (name: string): string => join(clips, name);
let still: Buffer;
let video: Buffer;

/** A box of an ISO-BMFF file. */
function box(type: string, ...content: Uint8Array[]): Buffer {
  const inner = Buffer.concat(content);
  const header = Buffer.alloc(8);
  header.writeUInt32BE(8 + inner.length);
  header.write(type, 4, "latin1");
  return Buffer.concat([header, inner]);
}

beforeAll(async () => {
  still = await sharp(await scene(1))
    .jpeg()
    .toBuffer();
  if (ffmpeg === undefined) return;
  await makeClip(path("clip.mp4"), "mandelbrot=s=160x120:r=5,trim=duration=2", ...x264);
  video = readFileSync(path("clip.mp4"));
});

describe("the video behind an image", () => {
  beforeEach((ctx) => {
    if (ffmpeg === undefined) ctx.skip(noFfmpeg);
  });

  test("is found with its index at the end or at the beginning, in MOV and in a box of a HEIC", async () => {
    await runFfmpeg("-i", path("clip.mp4"), "-c", "copy", "-movflags", "+faststart", path("front.mp4"));
    await runFfmpeg("-i", path("clip.mp4"), "-c", "copy", path("clip.mov"));
    for (const name of ["clip.mp4", "front.mp4", "clip.mov"]) {
      const whole = readFileSync(path(name));
      expect(Buffer.from((await embeddedVideo(Buffer.concat([still, whole])))!).equals(whole), name).toBe(true);
    }
    const heic = [box("ftyp", Buffer.from("heic\0\0\0\0mif1")), box("mdat", Buffer.alloc(5000)), box("mpvd", video)];
    expect(Buffer.from((await embeddedVideo(Buffer.concat(heic)))!).equals(video)).toBe(true);
  });

  test("is found before a trailer, and where it is cut", async () => {
    const trailer = Buffer.from("\0\0\x30\x0aMotionPhoto_Data and more of a maker's own, SEFT");
    expect(Buffer.from((await embeddedVideo(Buffer.concat([still, video, trailer])))!).equals(video)).toBe(true);
    const cut = readFileSync(path("clip.mp4")).subarray(0, -1);
    expect((await embeddedVideo(Buffer.concat([still, cut])))!.length).toBe(cut.length);
  });

  test("has the hashes of the video alone, from a path, a URL or bytes, and the still has its own", async () => {
    const file = path("motion.jpg");
    writeFileSync(file, Buffer.concat([still, video]));
    const wanted = await hashVideo(path("clip.mp4"));
    for (const input of [file, pathToFileURL(file), readFileSync(file)]) {
      expect((await hashVideo((await embeddedVideo(input))!)).frames).toEqual(wanted.frames);
    }
    expect((await hashImage(file)).hash).toBe((await hashImage(still)).hash);
  });

  test("is named by the command, or read by it with --embedded", async () => {
    const file = path("IMG_1.jpg");
    writeFileSync(file, Buffer.concat([still, video]));
    const named = await empreinte(["hash", file]);
    expect([named.code, named.stdout.trim().split("\n").length]).toEqual([2, 1]);
    expect(named.stderr).toContain(`a video of ${video.length} bytes behind the image was not read`);
    const read = await empreinte(["hash", "--embedded", "--json", file]);
    expect([read.code, read.stderr]).toEqual([0, ""]);
    const lines = jsonLines<{ kind: string; embedded?: boolean }>(read.stdout);
    expect(lines.map(({ kind, embedded }) => [kind, embedded])).toEqual([
      ["image", undefined],
      ["video", true],
    ]);
    const listed = await empreinte(["list", "create", file]);
    expect(listed.code).toBe(2);
    expect(listed.stderr).toContain("behind the image was not read");
    const args = ["scan", "--video-signature", path("clip.mp4"), file];
    expect(await empreinte(args)).toMatchObject({ code: 2, stdout: "" });
    const found = await empreinte([...args, "--embedded"]);
    expect([found.code, found.stdout]).toEqual([1, expect.stringContaining("\tembedded ")]);
  });
});

describe("no video", () => {
  test("is behind an image alone, an image behind an image, a video alone, or text that looks like one", async () => {
    const texts = ["ftypisom", "\0\0\0\x18ftypisom", `${"\0\0\0\x18ftypisom\0\0\0\0isommp42\0\0\0\x10free12345678"}`];
    const none = [still, Buffer.concat([still, still]), Buffer.alloc(0), Buffer.from("ftyp")];
    for (const text of texts) none.push(Buffer.concat([still, Buffer.from(text, "latin1")]));
    if (ffmpeg !== undefined) none.push(video);
    for (const bytes of none) expect(await embeddedVideo(bytes)).toBeUndefined();
  });

  test("is searched for in bounded time where everything looks like its beginning", async () => {
    const place = Buffer.concat([box("ftyp", Buffer.from("isom\0\0\0\0")), box("free", Buffer.alloc(0))]);
    const places = (count: number): Buffer => Buffer.concat([still, ...Array.from({ length: count }, () => place)]);
    expect(await embeddedVideo(places(5000))).toBeUndefined();
    // A video could be behind so many of them, so the answer is not that there is none.
    await expect(embeddedVideo(places(200_000))).rejects.toMatchObject({ code: "ERR_EMPREINTE_LIMIT" });
    writeFileSync(path("places.jpg"), places(200_000));
    const { code, stdout, stderr } = await empreinte(["hash", path("places.jpg")]);
    expect([code, stdout.split("\n").length]).toEqual([2, 2]);
    expect(stderr).toContain("more than 10000 places");
  });

  test("is an error where the file cannot be read, or the input is of the wrong kind", async () => {
    await expect(embeddedVideo(path("none.jpg"))).rejects.toMatchObject({ code: "ERR_EMPREINTE_READ" });
    await expect(embeddedVideo(7 as never)).rejects.toMatchObject({ code: "ERR_EMPREINTE_INVALID_ARGUMENT" });
  });
});
