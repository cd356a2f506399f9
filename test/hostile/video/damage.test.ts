/** Damage that ffmpeg gives frames for: in HEVC, in Matroska, and where transport streams were joined. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { hashVideo, videoFrames } from "../../../dist/doors/video.js";
import { defaultVideoLimits } from "../../../dist/limits.js";
import { hasUnitHoles, UnitHoles } from "../../../dist/video/ffmpeg/unit-holes.js";
import { ffmpeg, makeClip, noFfmpeg, nothingLeft, runFfmpeg, videoFolder, x264 } from "../../support/video/video.ts";

const { clips, temporary } = videoFolder();
const path = (name: string): string => join(clips, name);
const source = "testsrc2=s=320x240:r=25:d=3,noise=alls=12:allf=t";
const x265 = ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none:open-gop=1:keyint=20"];

const made: Record<string, Buffer> = {};
let hasHevc = false;
let encoders = "";
beforeAll(async () => {
  if (ffmpeg === undefined) return;
  const copy = (from: string, to: string, ...before: string[]): Promise<string> =>
    runFfmpeg("-v", "error", "-y", ...before, "-i", path(from), "-c", "copy", path(to));
  await makeClip(path("h264.ts"), source, ...x264);
  await copy("h264.ts", "h264.mkv");
  encoders = await runFfmpeg("-v", "error", "-encoders");
  hasHevc = encoders.includes("libx265");
  if (hasHevc) {
    await makeClip(path("hevc.mp4"), source, ...x265);
    await copy("hevc.mp4", "hevc.mkv");
    await copy("hevc.mp4", "hevc.ts");
    await copy("hevc.mp4", "later.mp4", "-ss", "1.1");
  }
  for (const name of ["h264.ts", "h264.mkv", ...(hasHevc ? ["hevc.mp4", "hevc.mkv", "hevc.ts", "later.mp4"] : [])]) {
    made[name] = readFileSync(path(name));
  }
});
afterEach(() => nothingLeft(temporary, clips));

async function outcome(input: Uint8Array, options: object = {}): Promise<string | number> {
  return hashVideo(input, { sampling: "all", ...options }).then(
    ({ frames }) => frames.length,
    ({ code }: { code: string }) => code,
  );
}

/** The file with zeros or noise in its middle. */
function altered(whole: Buffer, length: number, value: (i: number) => number): Buffer {
  const bytes = Buffer.from(whole);
  const middle = bytes.length >> 1;
  for (let i = middle; i < middle + length; i++) bytes[i] = value(i);
  return bytes;
}

describe("HEVC", () => {
  it.each(["hevc.mp4", "hevc.mkv", "hevc.ts"])("that is whole has all frames: %s", async (name) => {
    if (ffmpeg === undefined || !hasHevc) return;
    expect(await outcome(made[name]!)).toBe(75);
    expect(await outcome(made[name]!, { sampling: "keyframes" })).toBe(4);
  });

  it("that begins with frames of a scene before it is whole", async (ctx) => {
    if (ffmpeg === undefined || !hasHevc) return ctx.skip("skipped: needs ffmpeg with libx265");
    expect(await outcome(made["later.mp4"]!)).toBeGreaterThan(30);
  });

  it.each(["hevc.mp4", "hevc.mkv", "hevc.ts"])("with damage is damaged: %s", async (name) => {
    if (ffmpeg === undefined || !hasHevc) return;
    const damaged = {
      "300 zeros": altered(made[name]!, 300, () => 0),
      "4,000 zeros": altered(made[name]!, 4000, () => 0),
      noise: altered(made[name]!, 20_000, (i) => (i * i * 31 + i * 7) & 255),
    };
    for (const [what, bytes] of Object.entries(damaged)) {
      expect([what, await outcome(bytes)]).toEqual([what, "ERR_EMPREINTE_CORRUPT"]);
    }
  });

  it("with a hole gives its frames with the option partial, and says what is wrong", async (ctx) => {
    if (ffmpeg === undefined || !hasHevc) return ctx.skip("skipped: needs ffmpeg with libx265");
    const holed = altered(made["hevc.mp4"]!, 300, () => 0);
    const { frames, partial, problem } = await hashVideo(holed, { sampling: "all", partial: true });
    expect({ partial, problem }).toEqual({ partial: true, problem: expect.stringMatching(/missing|Invalid|damage/) });
    expect(frames.length).toBeGreaterThan(30);
  });
});

/**
 * Codecs whose decoders make a whole frame of damaged data, or leave it out, and say little. Each damage is in the
 * middle, and changes frames.
 */
describe("other codecs", () => {
  const kinds: [name: string, encoder: string, args: string[]][] = [
    ["vp9.webm", "libvpx-vp9", ["-b:v", "900k", "-deadline", "realtime", "-cpu-used", "7"]],
    ["av1.mp4", "libsvtav1", ["-preset", "12", "-b:v", "900k"]],
    ["theora.ogv", "libtheora", ["-q:v", "6"]],
    ["mjpeg.mov", "mjpeg", ["-q:v", "4", "-pix_fmt", "yuvj420p"]],
  ];
  it.each(kinds)("%s with damage is damaged", async (name, encoder, args) => {
    if (ffmpeg === undefined || !encoders.includes(` ${encoder} `)) return;
    await makeClip(path(name), source, "-c:v", encoder, ...args);
    const whole = readFileSync(path(name));
    expect(await outcome(whole)).toBe(75);
    expect(await outcome(whole, { sampling: { fps: 5 } })).toBe(15);
    for (const [what, bytes] of Object.entries({
      "20,000 zeros": altered(whole, 20_000, () => 0),
      noise: altered(whole, 20_000, (i) => (i * i * 31 + i * 7) & 255),
    })) {
      expect([what, await outcome(bytes)]).toEqual([what, "ERR_EMPREINTE_CORRUPT"]);
      const read = await hashVideo(bytes, { sampling: "all", partial: true });
      expect([what, read.partial, read.frames.length > 5]).toEqual([what, true, true]);
    }
  });

  it("a few bits of VP9 are noticed, also by videoFrames", async (ctx) => {
    if (ffmpeg === undefined || !encoders.includes(" libvpx-vp9 ")) return ctx.skip("skipped: needs libvpx");
    await makeClip(path("bits.webm"), source, "-c:v", "libvpx-vp9", "-b:v", "900k", "-deadline", "realtime");
    const whole = readFileSync(path("bits.webm"));
    let noticed = 0;
    for (let i = 1; i <= 8; i++) {
      const bytes = Buffer.from(whole);
      for (let k = 0; k < 8; k++) bytes[Math.floor((i * whole.length) / 10) + 37 * k]! ^= 1 << k;
      if ((await outcome(bytes)) === "ERR_EMPREINTE_CORRUPT") noticed++;
    }
    expect(noticed).toBeGreaterThanOrEqual(7);
    const holed = altered(whole, 300, () => 0);
    const read = async (): Promise<void> => {
      for await (const _ of videoFrames(holed));
    };
    await expect(read()).rejects.toMatchObject({ code: "ERR_EMPREINTE_CORRUPT" });
  });

  it("an Ogg file that ends inside a page is cut", async (ctx) => {
    if (ffmpeg === undefined || !encoders.includes(" libtheora ")) return ctx.skip("skipped: needs libtheora");
    await makeClip(path("cut.ogv"), source, "-c:v", "libtheora", "-q:v", "6");
    const whole = readFileSync(path("cut.ogv"));
    expect(await outcome(whole)).toBe(75);
    for (const length of [whole.length - 1, whole.length - 3000, whole.length >> 1]) {
      expect([length, await outcome(whole.subarray(0, length))]).toEqual([length, "ERR_EMPREINTE_CORRUPT"]);
    }
  });
});

describe("holes of units", () => {
  const unit = (...bytes: number[]): Buffer => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    return Buffer.concat([length, Buffer.from(bytes)]);
  };
  const slice = unit(2, 1, 5, 0, 0, 3, 1, 7);
  const holed = unit(2, 1, 5, 0, 0, 0, 1, 7);
  const parameters = unit(64, 1, 0, 0, 0, 1);
  it("are found in slices only, however the bytes arrive", () => {
    const all = Buffer.concat([slice, parameters, slice, holed]);
    for (const size of [1, 3, 7, all.length]) {
      const holes = new UnitHoles();
      const found: number[] = [];
      for (let at = 0; at < all.length; at += size) if (holes.feed(all.subarray(at, at + size))) found.push(at + size);
      expect(found.length, `pieces of ${size}`).toBe(1);
      expect(found[0]).toBeGreaterThanOrEqual(all.length);
    }
    expect(new UnitHoles().feed(Buffer.concat([slice, parameters, slice]))).toBe(false);
  });

  it("are not the zeros of a start code that a writer left at the end of a unit, but are more than those", () => {
    expect(new UnitHoles().feed(unit(2, 1, 5, 9, 0, 0, 0))).toBe(false);
    expect(new UnitHoles().feed(unit(2, 1, 5, 9, 0, 0, 0, 0))).toBe(true);
  });

  it("are looked for to the end of the file, or an error says that they were not", async (ctx) => {
    if (process.platform === "win32") ctx.skip("skipped: needs a shell");
    const decoder = (script: string): Parameters<typeof hasUnitHoles>[1] => {
      const program = path(`ffmpeg-${decoders++}`);
      writeFileSync(program, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
      const confined = { limits: false, files: false, network: false };
      return { path: program, version: "6", fpsMode: true, ownSizes: true, libvpx: true, confined };
    };
    let decoders = 0;
    const video = { name: "clip.mp4", format: "mov", path: path("none.mp4"), close: async () => {} } as const;
    const found = (script: string, maxSeconds = 60): Promise<boolean> => {
      const limits = { ...defaultVideoLimits, maxSeconds };
      return hasUnitHoles(video, decoder(script), { limits, stream: 0 }, undefined);
    };
    expect(await found("exit 0")).toBe(false);
    await expect(found("exit 3")).rejects.toMatchObject({
      code: "ERR_EMPREINTE_VIDEO_CHILD",
      message: "ffmpeg could not read the data of clip.mp4 again to look for missing parts (status 3)",
    });
    await expect(found("exec sleep 600", 0.3)).rejects.toMatchObject({
      code: "ERR_EMPREINTE_LIMIT",
      limit: "maxSeconds",
      message: "Reading the data of clip.mp4 takes more than 0.3 s; maxSeconds raises this limit",
    });
  });

  it("are not searched behind an invalid length", () => {
    const holes = new UnitHoles();
    expect(holes.feed(Buffer.concat([slice, Buffer.from([0, 0, 0, 1, 9]), holed]))).toBe(false);
    expect(holes.feed(holed)).toBe(false);
  });
});

describe("Matroska", () => {
  it("with a hole is damaged, also where the codec is H.264", async (ctx) => {
    if (ffmpeg === undefined) return ctx.skip(noFfmpeg);
    expect(await outcome(made["h264.mkv"]!)).toBe(75);
    expect(await outcome(altered(made["h264.mkv"]!, 60_000, () => 0))).toBe("ERR_EMPREINTE_CORRUPT");
  });
});

describe("frames of transport streams", () => {
  async function framesOf(input: Uint8Array): Promise<number | string> {
    let count = 0;
    try {
      for await (const _ of videoFrames(input)) count++;
    } catch (error) {
      return (error as { code: string }).code;
    }
    return count;
  }

  it("that were joined are those of all, and of one with a packet missing those before it", async (ctx) => {
    if (ffmpeg === undefined) return ctx.skip(noFfmpeg);
    const one = made["h264.ts"]!;
    expect(await framesOf(one)).toBe(75);
    expect(await framesOf(Buffer.concat([one, one]))).toBe(150);
    const middle = 188 * Math.floor(one.length / 376);
    const holed = Buffer.concat([one.subarray(0, middle), one.subarray(middle + 188 * 3)]);
    expect(await framesOf(holed)).toBe("ERR_EMPREINTE_CORRUPT");
    if (hasHevc) expect(await framesOf(Buffer.concat([made["hevc.ts"]!, made["hevc.ts"]!]))).toBe(150);
  });
});
