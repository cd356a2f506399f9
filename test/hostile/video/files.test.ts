/**
 * Files that are made to do harm, or are merely broken: each is the documented error within its time, and leaves
 * nothing.
 */
import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { hashVideo, sniffVideo, videoFrames } from "../../../dist/doors/video.js";
import { decodeArguments } from "../../../dist/video/ffmpeg/arguments.js";
import { usableFfmpeg } from "../../../dist/video/ffmpeg/find-ffmpeg.js";
import { rounds } from "../../support/long.ts";
import { run, succeed, which } from "../../support/run.ts";
import {
  everyFrame,
  ffmpeg,
  isOldFfmpeg,
  makeClip,
  needsCurrentFfmpeg,
  moving,
  noFfmpeg,
  runFfmpeg,
  nothingLeft,
  videoFolder,
  x264,
} from "../../support/video/video.ts";

const { clips, temporary } = videoFolder();
const path = (name: string): string => join(clips, name);
const write = (name: string, content: Uint8Array | string): string => (writeFileSync(path(name), content), path(name));

/** Clips that the tests change, made once. */
const made: Record<string, Buffer> = {};
beforeAll(async () => {
  if (ffmpeg === undefined) return;
  const clip = async (name: string, ...args: string[]): Promise<void> => {
    made[name] = readFileSync(await makeClip(path(name), moving, ...args));
  };
  await clip("h264.mp4", ...x264, "-movflags", "+faststart");
  await clip("end.mp4", ...x264);
  await clip("h264.mkv", ...x264);
  await clip("h264.flv", ...x264);
  await clip("h264.ts", ...x264);
  await clip("vp8.webm", "-c:v", "libvpx", "-deadline", "realtime");
  await clip("mpeg4.avi", "-c:v", "mpeg4");
});
afterEach(() => nothingLeft(temporary, clips));

/** What hashing it comes to. */
async function outcome(input: string | Uint8Array, options: object = {}): Promise<{ code?: string; frames?: number }> {
  try {
    const { frames } = await hashVideo(input, { sampling: "all", maxStallSeconds: 60, ...options });
    return { frames: frames.length };
  } catch (error) {
    return { code: (error as { code: string }).code };
  }
}

const corrupt = { code: "ERR_EMPREINTE_CORRUPT" };
const unsupported = { code: "ERR_EMPREINTE_UNSUPPORTED_FORMAT" };
const noFrames = { code: "ERR_EMPREINTE_VIDEO_NO_FRAMES" };

describe("playlists", () => {
  const playlists = (other: string, address: string): Record<string, string> => ({
    ffconcat: `ffconcat version 1.0\nfile '${other}'\n`,
    hls: `#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n${other}\n#EXT-X-ENDLIST\n`,
    "hls to an address": `#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n${address}\n#EXT-X-ENDLIST\n`,
    "ffconcat to an address": `ffconcat version 1.0\nfile '${address}'\n`,
    sdp: `v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n`,
  });

  it("nothing of them is read, where a default ffmpeg reads the other file", async (ctx) => {
    if (ffmpeg === undefined) return ctx.skip(noFfmpeg);
    let requested = 0;
    const decoder = await usableFfmpeg({});
    const server = createServer((_, response) => (requested++, response.end())).listen(0, "127.0.0.1");
    try {
      await new Promise((resolve) => server.once("listening", resolve));
      const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/a.ts`;
      const leaked: string[] = [];
      for (const [kind, text] of Object.entries(playlists("h264.ts", address))) {
        const file = write("video.mp4", text);
        expect(await outcome(file), kind).toEqual(unsupported);
        expect(await outcome(Buffer.from(text)), kind).toEqual(unsupported);
        // The second wall: our command line itself, should one pass for a video.
        for (const format of ["mov", "matroska", "mpegts"] as const) {
          const how = { channels: 1, keyframes: false, every: 1, rotate: false, squarePixels: false } as const;
          const rest = { maxPixels: 1e6, threads: 1, strict: false, mark: "m", stream: 0 };
          const args = decodeArguments({ format, file: { path: file }, ...how, ...rest }, decoder);
          const { stdout } = await run(decoder.path, args);
          expect(stdout.length, `${kind} as ${format}`).toBe(0);
        }
        if (kind.includes("address") || kind === "sdp") continue;
        const { stdout } = await run(ffmpeg, ["-v", "error", "-nostdin", "-i", file, "-f", "framecrc", "-"]);
        if (/^0, /m.test(stdout)) leaked.push(kind);
      }
      expect(requested).toBe(0);
      expect(leaked).toContain("ffconcat");
    } finally {
      server.close();
    }
  });
});

describe("bombs", () => {
  it("a frame of 16000×16000 in a GIF of a few bytes, and in the header of VP8", async (ctx) => {
    if (ffmpeg === undefined) return ctx.skip(noFfmpeg);
    const gif = Buffer.from("474946383961803e803e80000000000000ffffff2c00000000803e803e0002024c01003b", "hex");
    expect(await outcome(gif)).toEqual({ code: "ERR_EMPREINTE_LIMIT" });
    const webm = Buffer.from(made["vp8.webm"]!);
    const at = webm.indexOf(Buffer.from([0x9d, 0x01, 0x2a]));
    webm.writeUInt16LE(16_000, at + 3);
    webm.writeUInt16LE(16_000, at + 5);
    const big = await hashVideo(webm, { sampling: "all" }).catch((error: unknown) => error);
    expect(big).toMatchObject({ code: "ERR_EMPREINTE_LIMIT", limit: "maxPixels" });
  });

  it("ten hours of a still image in 50 kB are sixty frames, or as many as a limit allows", async (ctx) => {
    if (ffmpeg === undefined) return ctx.skip(noFfmpeg);
    const source = "testsrc=s=64x64:r=1:d=1,loop=59:1:0,setpts=N*600/TB,fps=1/600";
    const still = await makeClip(path("still.mp4"), source, ...x264);
    expect(readFileSync(still).length).toBeLessThan(50_000);
    const signature = await hashVideo(still, { sampling: "adaptive" });
    expect(signature.frameCount).toBeGreaterThan(50);
    expect(signature.durationSeconds).toBeGreaterThan(35_000);
    expect(signature.frames).toHaveLength(1);
    expect(signature.frames[0]!.lastTimestampSeconds).toBeGreaterThan(34_000);
    expect(await outcome(still, { maxFrames: 20 })).toEqual({ code: "ERR_EMPREINTE_LIMIT" });
  });

  it.for(["stsz", "stts", "ctts", "stss", "stsc", "stco"])("an MP4 that claims 10⁹ entries in %s", async (box, ctx) => {
    if (ffmpeg === undefined) return ctx.skip(noFfmpeg);
    const claims = Buffer.from(made["h264.mp4"]!);
    const at = claims.indexOf(box);
    expect(at).toBeGreaterThan(0);
    claims.writeUInt32BE(1e9, at + (box === "stsz" ? 12 : 8));
    const memory = process.memoryUsage().rss;
    const got = await outcome(claims);
    expect(got.frames ?? 0).toBeLessThanOrEqual(100);
    expect(process.memoryUsage().rss - memory).toBeLessThan(2e8);
  });

  it("an AVI that claims 10⁹ frames has as many as it has", async (ctx) => {
    if (ffmpeg === undefined) return ctx.skip(noFfmpeg);
    const claims = Buffer.from(made["mpeg4.avi"]!);
    claims.writeUInt32LE(1e9, claims.indexOf("avih") + 8 + 16);
    claims.writeUInt32LE(1e9, claims.indexOf("strh") + 8 + 32);
    expect(await outcome(claims)).toEqual({ frames: 100 });
  });
});

describe("cut and changed", () => {
  it("a cut MP4, Matroska, WebM, AVI and FLV file is damaged, and partial gives the frames before the cut", async (ctx) => {
    if (ffmpeg === undefined) return ctx.skip(noFfmpeg);
    for (const name of ["h264.mp4", "h264.mkv", "vp8.webm", "mpeg4.avi", "h264.flv"]) {
      // Before 4.4 ffmpeg does not report that a Matroska or AVI file is cut.
      if (isOldFfmpeg && name !== "h264.mp4") continue;
      const whole = await hashVideo(path(name), { sampling: "all" });
      const cut = made[name]!.subarray(0, Math.floor(0.6 * made[name]!.length));
      expect(await outcome(cut), name).toEqual(corrupt);
      const part = await hashVideo(cut, { sampling: "all", partial: true });
      expect(part.partial, name).toBe(true);
      expect(part.problem, name).toContain("buffer cannot be decoded");
      expect(part.frames.length, name).toBeGreaterThan(30);
      expect(part.frames.length, name).toBeLessThan(100);
      // All but the frames around the cut are those of the whole file.
      expect(part.frames.slice(0, 30), name).toEqual(whole.frames.slice(0, 30));
    }
    // Its index is at the end: there is nothing to begin with.
    const half = made["end.mp4"]!.subarray(0, made["end.mp4"]!.length / 2);
    expect(await outcome(half, { partial: true })).toEqual(corrupt);
  });

  it("transport streams that were joined are whole, and ones with a hole in a frame are damaged", async (ctx) => {
    if (ffmpeg === undefined) return ctx.skip(noFfmpeg);
    const one = made["h264.ts"]!;
    const { frames } = (await outcome(one)) as { frames: number };
    expect(await outcome(Buffer.concat([one, one]))).toEqual({ frames: 2 * frames });
    expect(await outcome(Buffer.concat([one, one, one]), { partial: true })).toEqual({ frames: 3 * frames });
    // A packet of 188 bytes that carries the middle of a frame: of the video's stream, with nothing that begins in it.
    const packets = Array.from({ length: one.length / 188 }, (_, i) => one.subarray(188 * i, 188 * (i + 1)));
    const middle = packets.flatMap((packet, i) =>
      packet.readUInt16BE(1) === 0x100 && (packet[3]! & 0x20) === 0 ? [i] : [],
    );
    expect(middle.length).toBeGreaterThan(rounds(6, 12));
    for (let round = 0; round < rounds(6, 8); round++) {
      const lost = middle[Math.floor((middle.length * (round + 0.5)) / rounds(6, 8))]!;
      const holed = Buffer.concat(packets.filter((_, i) => i !== lost));
      expect(await outcome(holed), `without packet ${lost}`).toEqual(corrupt);
    }
  });

  it("flipped bits: damaged or not, never anything else, and the same frames every time", async (ctx) => {
    if (ffmpeg === undefined) return ctx.skip(noFfmpeg);
    let state = 1;
    const random = (below: number): number => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    const trials = rounds(1, 2);
    let damaged = 0;
    for (const name of ["h264.mp4", "h264.mkv", "vp8.webm", "mpeg4.avi", "h264.ts"]) {
      for (let trial = 0; trial < trials; trial++) {
        const bytes = Buffer.from(made[name]!);
        const count = 1 + random(40);
        for (let i = 0; i < count; i++) bytes[random(bytes.length)]! ^= 1 << random(8);
        const { code } = await outcome(bytes);
        const documented = [undefined, "ERR_EMPREINTE_CORRUPT", "ERR_EMPREINTE_UNSUPPORTED_FORMAT"];
        expect([...documented, "ERR_EMPREINTE_LIMIT", "ERR_EMPREINTE_VIDEO_NO_FRAMES"]).toContain(code);
        if (code !== "ERR_EMPREINTE_CORRUPT") continue;
        damaged++;
        const again = { sampling: "all", partial: true } as const;
        const runs = [1, 2, 4].map((threads) =>
          hashVideo(bytes, { ...again, threads }).catch((error: Error) => error.message),
        );
        const [first, ...others] = await Promise.all(runs);
        for (const other of others) expect(other).toEqual(first);
      }
    }
    expect(damaged).toBeGreaterThan(trials);
  });
});

describe("odd ones", () => {
  it("a file without video frames is refused: sound, a cover, an empty file, an image, a text", async (ctx) => {
    if (ffmpeg === undefined) return ctx.skip(noFfmpeg);
    const sound = await makeClip(path("sound.mp4"), "sine=d=1", "-c:a", "aac");
    expect(await outcome(sound)).toEqual(noFrames);
    const png = await makeClip(path("cover.png"), "testsrc2=s=64x64", "-frames:v", "1");
    const covered = [
      "-i",
      sound,
      "-i",
      png,
      "-map",
      "0",
      "-map",
      "1",
      "-c",
      "copy",
      "-disposition:v:0",
      "attached_pic",
    ];
    await runFfmpeg(...covered, path("covered.mp4"));
    // Before 4.4 ffmpeg names the codec of the cover.
    expect(await outcome(path("covered.mp4"))).toEqual(isOldFfmpeg ? unsupported : noFrames);
    const none = Buffer.from(made["h264.mp4"]!);
    none.write("free", none.indexOf("trak")); // the only track becomes padding
    expect(await outcome(none)).toEqual(noFrames);
    expect(await outcome(Buffer.from("RIFF\x10\0\0\0AVI LIST"))).not.toHaveProperty("frames");
    expect(await outcome(Buffer.alloc(0))).toEqual({ code: "ERR_EMPREINTE_EMPTY" });
    expect(await outcome(png)).toEqual(unsupported);
    expect(await outcome(write("text.mp4", "not a video"))).toEqual(unsupported);
    await makeClip(path("png.mkv"), "testsrc2=s=64x64:d=1", "-c:v", "png");
    await expect(hashVideo(path("png.mkv"))).rejects.toMatchObject({
      message: expect.stringMatching(/not decoded: png/),
    });
  });

  it("a folder, a named pipe that nobody writes to, and a device", async (ctx) => {
    if (process.platform === "win32") return ctx.skip("skipped: needs mkfifo");
    await promisify(execFile)("mkfifo", [path("fifo.mp4")]);
    for (const name of [clips, path("fifo.mp4"), "/dev/zero", path("none.mp4")]) {
      expect(await outcome(name), name).toEqual({ code: "ERR_EMPREINTE_READ" });
    }
  });

  it("frames of one pixel and of four have no hash, and say so", async (ctx) => {
    if (ffmpeg === undefined) return ctx.skip(noFfmpeg);
    for (const size of ["1:1", "4:4", "4:200"]) {
      const small = await makeClip(path("small.gif"), `testsrc2=s=64x64:r=5:d=1,scale=${size}`);
      const { frames } = await hashVideo(small, { sampling: "all" });
      expect(frames).toHaveLength(5);
      for (const frame of frames) expect(frame).toMatchObject({ hash: "0".repeat(64), quality: 0, stable: false });
    }
  });

  it("a size that changes in mid-stream: every frame has its own", async (ctx) => {
    if (ffmpeg === undefined) return ctx.skip(noFfmpeg);
    if (isOldFfmpeg) return ctx.skip(needsCurrentFfmpeg);
    const parts = [
      ["320x240", "a.ivf"],
      ["480x160", "b.ivf"],
    ] as const;
    for (const [size, name] of parts) await makeClip(path(name), `testsrc2=s=${size}:r=25:d=1`, "-c:v", "libvpx");
    write("list.txt", "ffconcat version 1.0\nfile a.ivf\nfile b.ivf\n");
    await runFfmpeg("-f", "concat", "-i", path("list.txt"), "-c", "copy", path("change.webm"));
    const sizes: string[] = [];
    for await (const { width, height, data } of videoFrames(path("change.webm"))) {
      expect(data.length).toBe(width * height);
      sizes.push(`${width}x${height}`);
    }
    expect(sizes).toEqual([...Array<string>(25).fill("320x240"), ...Array<string>(25).fill("480x160")]);
    // The second half is what the second part is alone.
    const alone = await hashVideo(path("change.webm"), { sampling: "all" });
    await runFfmpeg("-i", path("b.ivf"), "-c", "copy", path("b.webm"));
    const second = await hashVideo(path("b.webm"), { sampling: "all" });
    expect(alone.frames.slice(25).map(({ hash }) => hash)).toEqual(second.frames.map(({ hash }) => hash));
  });

  it("uneven, repeated and negative timestamps: as ffprobe has them, but never back", async (ctx) => {
    if (ffmpeg === undefined) return ctx.skip(noFfmpeg);
    if (which("ffprobe") === undefined) return ctx.skip("skipped: needs ffprobe");
    const times = async (file: string): Promise<number[]> => {
      const args = ["-v", "error", "-select_streams", "v:0", "-show_entries", "frame=best_effort_timestamp_time"];
      const lines = (await succeed("ffprobe", [...args, "-of", "csv=p=0", file])).trim().split(/\s+/);
      return lines.map((line) => Number.parseFloat(line));
    };
    const uneven = await makeClip(
      path("uneven.mkv"),
      `${moving},select='gt(random(1)\\,0.5)'`,
      ...x264,
      everyFrame[0]!,
      "vfr",
    );
    const got = await hashVideo(uneven, { sampling: "all" });
    const expected = await times(uneven);
    expect(got.frames.map((frame) => frame.timestampSeconds - got.frames[0]!.timestampSeconds)).toEqual(
      expected.map((time) => expect.closeTo(time - expected[0]!, 6)),
    );
    if (isOldFfmpeg) return ctx.skip(`${needsCurrentFfmpeg} to make files with wrong times`);
    for (const [name, pts] of [
      ["repeated.mkv", "if(lt(N\\,20)\\,0\\,PTS)"],
      ["negative.mkv", "PTS-1/TB"],
      ["back.ts", "PTS-if(gt(N\\,50)\\,90000\\,0)"],
    ] as const) {
      const args = ["-i", path("mpeg4.avi"), "-c", "copy", "-bsf:v", `setts=pts=${pts}:dts=DTS`];
      await runFfmpeg(...args, "-avoid_negative_ts", "disabled", path(name));
      const { frames } = await hashVideo(path(name), { sampling: "all", partial: true });
      expect(frames.length, name).toBeGreaterThan(50);
      let last = 0;
      for (const { timestampSeconds } of frames) {
        expect(timestampSeconds, name).toBeGreaterThanOrEqual(last);
        last = timestampSeconds;
      }
    }
  });

  it("ten streams: the first is taken", async (ctx) => {
    if (ffmpeg === undefined) return ctx.skip(noFfmpeg);
    const maps = Array.from({ length: 10 }, (_, i) => ["-map", i === 0 ? "0:v" : "1:v"]).flat();
    const inputs = ["-i", path("h264.mp4"), "-i", path("mpeg4.avi")];
    await runFfmpeg(...inputs, ...maps, "-c", "copy", path("ten.mkv"));
    const [ten, one] = await Promise.all([hashVideo(path("ten.mkv")), hashVideo(path("h264.mp4"))]);
    expect(ten.frames).toEqual(one.frames);
  });
});

it("what is no video is not taken for one by its first bytes", () => {
  for (const text of [
    "#EXTM3U\n",
    "ffconcat version 1.0\n",
    "v=0\r\n",
    "<?xml",
    "\x89PNG\r\n\x1a\n",
    "RIFF....WEBP",
    "ID3",
  ]) {
    expect(sniffVideo(Buffer.from(text, "latin1")), text).toBeUndefined();
  }
  expect(sniffVideo(Buffer.from("\0\0\0\x1cftypavif", "latin1"))).toBeUndefined();
});
