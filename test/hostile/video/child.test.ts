/** What a decoder may do instead of decoding, and that nothing of it outlives us. */
import { spawn } from "node:child_process";
import { chmodSync, readdirSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { hashVideo, videoFrames } from "../../../dist/doors/video.js";
import { decodeSlots } from "../../../dist/video/decode-slots.js";
import { root, succeed } from "../../support/run.ts";
import {
  ffmpeg,
  isOldFfmpeg,
  left,
  makeClip,
  moving,
  needsCurrentFfmpeg,
  noFfmpeg,
  runFfmpeg,
  nothingLeft,
  running,
  videoFolder,
  x264,
} from "../../support/video/video.ts";

const linux = process.platform === "linux";
const { clips, temporary } = videoFolder();
const clip = join(clips, "clip.mp4");

/** A number of seconds to sleep by which this run's processes are known. */
const mark = `9${process.pid}${Date.now() % 100_000}`;

/** Dead children of a thread that is gone: Node asks for them only in the thread that started them. */
const unasked = new Set<number>();

/** A program that says it is an ffmpeg, and then does `body`. */
function pretender(name: string, body: string, library = "59. 39.100"): string {
  const path = join(clips, name);
  const says = `echo "ffmpeg version 7.1 Copyright"; echo "libavutil      ${library} / ${library}"`;
  writeFileSync(path, `#!/bin/sh\nif [ "$*" = "-version" ]; then ${says}; exit 0; fi\n${body}\n`);
  chmodSync(path, 0o755);
  return path;
}

/** How many sockets this process holds. */
function sockets(): number {
  const links = readdirSync("/proc/self/fd").map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return ""; // the one that read the folder
    }
  });
  return links.filter((link) => link.startsWith("socket:")).length;
}

beforeAll(async () => {
  if (ffmpeg !== undefined) await makeClip(clip, moving, ...x264);
  // Nothing of it is decoded by those that only say they can.
  else writeFileSync(clip, Buffer.concat([Buffer.from("\0\0\0\x18ftypisom"), Buffer.alloc(4096)]));
});

afterEach(() => nothingLeft(temporary, mark, unasked));

const child = "ERR_EMPREINTE_VIDEO_CHILD";
const noTool = "ERR_EMPREINTE_VIDEO_FFMPEG";
const limit = "ERR_EMPREINTE_LIMIT";

describe.skipIf(process.platform === "win32")("a program that is not ffmpeg", () => {
  it.each([
    ["crashes", "kill -SEGV $$", { code: child, message: expect.stringContaining("SIGSEGV") }],
    ["says nothing and ends well", "exit 0", { code: child }],
    ["ends with an error and nothing said", "exit 3", { code: child }],
    ["prints garbage", "head -c 3000000 /dev/urandom; exit 0", { code: child }],
    ["prints garbage on standard error", "head -c 3000000 /dev/urandom >&2; exit 1", { code: child }],
    ["never ends", `sleep ${mark}`, { code: limit, limit: "maxStallSeconds" }],
    [
      "never ends and ignores what it is told",
      `trap "" TERM INT HUP; while :; do sleep ${mark}; done`,
      { code: limit },
    ],
    ["leaves something running behind", `sleep ${mark} & exit 0`, { code: child }],
    ["prints garbage without end", `cat /dev/urandom # ${mark}`, { code: child }],
    ["prints garbage on standard error without end", `cat /dev/urandom >&2 # ${mark}`, { code: limit }],
    ["prints one endless line", `yes 1 | tr -d '\\n' >&2 # ${mark}`, { code: limit }],
    [
      "does not know our options",
      "echo \"[fatal] Unrecognized option 'filter_threads'.\" >&2; exit 1",
      { code: noTool },
    ],
  ])("%s", async (name, body, expected) => {
    const ffmpegPath = pretender(`pretender ${name.length} ${name.slice(0, 9)}`, body);
    // What never ends is stopped after a second; what ends by itself may take its time on a slow machine.
    const maxStallSeconds = expected.code === limit ? 1 : 60;
    for (const sampling of ["all", { fps: 1 }] as const) {
      const work = hashVideo(clip, { ffmpegPath, sampling, maxStallSeconds });
      await expect(work).rejects.toMatchObject(expected);
    }
  });

  it("no more of them run at a time than there are turns; who waits can leave", async (ctx) => {
    if (!linux) return ctx.skip("skipped: needs /proc");
    const ffmpegPath = pretender("waiter", `exec sleep ${mark}`);
    const stop = new AbortController();
    const impatient = new AbortController();
    const options = { ffmpegPath, sampling: "all" } as const;
    const first = Array.from({ length: decodeSlots.size + 3 }, () =>
      hashVideo(clip, { ...options, signal: stop.signal }),
    );
    const ends = first.map((work) => work.catch((error: unknown) => error));
    const late = hashVideo(clip, { ...options, signal: impatient.signal });
    const sleepers = (): number => running().filter(({ command }) => command.startsWith(`sleep ${mark}`)).length;
    for (let i = 0; i < 500 && sleepers() < decodeSlots.size; i++) await sleep(20);
    await sleep(300);
    expect(sleepers()).toBe(decodeSlots.size);
    const reason = new Error("enough");
    impatient.abort(reason);
    await expect(late).rejects.toBe(reason);
    stop.abort(reason);
    expect(await Promise.all(ends)).toEqual(ends.map(() => reason));
    // All turns are free again.
    const again = Array.from({ length: decodeSlots.size + 1 }, () =>
      hashVideo(clip, { ...options, maxStallSeconds: 0.3 }),
    );
    const reasons = await Promise.all(again.map((work) => work.catch((error: unknown) => error)));
    const stalled = expect.objectContaining({ code: limit, limit: "maxStallSeconds" });
    expect(reasons).toEqual(reasons.map(() => stalled));
  });

  it("crashes behind the last frame: an error, and with partial the frames until then", async (ctx) => {
    if (ffmpeg === undefined) return ctx.skip(noFfmpeg);
    const ffmpegPath = pretender(
      "crashes late",
      `${ffmpeg} "$@"; kill -SEGV $$`,
      isOldFfmpeg ? "56. 22.100" : undefined,
    );
    const options = { ffmpegPath, sampling: "all" } as const;
    await expect(hashVideo(clip, options)).rejects.toMatchObject({ code: child });
    const part = await hashVideo(clip, { ...options, partial: true });
    expect(part).toMatchObject({ partial: true, problem: expect.stringContaining("SIGSEGV"), frameCount: 100 });
    expect(part.frames).toEqual((await hashVideo(clip, { sampling: "all" })).frames);
  });

  it("cannot follow a size that changes: an error that says which can", async (ctx) => {
    if (ffmpeg === undefined) return ctx.skip(noFfmpeg);
    const parts = ["320x240", "480x160"].map((size, i) => ({ size, path: join(clips, `${i}.ivf`) }));
    for (const { size, path } of parts) await makeClip(path, `testsrc2=s=${size}:r=25:d=1`, "-c:v", "libvpx");
    const list = join(clips, "sizes.txt");
    writeFileSync(list, `ffconcat version 1.0\n${parts.map((_, i) => `file ${i}.ivf\n`).join("")}`);
    const both = join(clips, "sizes.webm");
    await runFfmpeg("-f", "concat", "-i", list, "-c", "copy", both);
    // What ffmpeg 4.1 prints. It has no -autoscale, so the option is not passed.
    const old = pretender("older", `exec ${ffmpeg} "$@"`, "56. 22.100");
    await expect(hashVideo(both, { ffmpegPath: old, sampling: "all" })).rejects.toMatchObject({
      code: noTool,
      message: expect.stringMatching(/changes its size.*4\.4 can/),
    });
    if (isOldFfmpeg) return ctx.skip(`${needsCurrentFfmpeg} to follow a size that changes`);
    expect((await hashVideo(both, { sampling: "all" })).frames).toHaveLength(50);
  });

  it("is too old", async () => {
    const ffmpegPath = pretender("old", "exit 0", "55. 78.100");
    await expect(hashVideo(clip, { ffmpegPath })).rejects.toMatchObject({
      code: noTool,
      message: expect.stringMatching(/too old \(7\.1\)/),
    });
  });

  it("is not there: by name an argument that does not fit, on PATH an error that says what to do", async () => {
    const ffmpegPath = join(clips, "none");
    await expect(hashVideo(clip, { ffmpegPath })).rejects.toMatchObject({ code: "ERR_EMPREINTE_INVALID_ARGUMENT" });
    const path = process.env["PATH"]!;
    process.env["PATH"] = temporary;
    try {
      const outcome = await hashVideo(clip).catch((error: unknown) => error);
      // Only the optional package may still have one.
      if (outcome instanceof Error) {
        expect(outcome).toMatchObject({ code: noTool, message: expect.stringContaining("apt install ffmpeg") });
      }
    } finally {
      process.env["PATH"] = path;
    }
  });

  it("sees no more of our environment than PATH, and nothing of our descriptors but the video", async (ctx) => {
    if (!linux) return ctx.skip("skipped: needs /proc");
    process.env["EMPREINTE_SECRET"] = "secret";
    const seen = join(clips, "seen");
    writeFileSync(seen, "");
    const ffmpegPath = pretender("nosy", `{ env; ls /proc/self/fd | wc -l; } > ${seen} 2>/dev/null; env >&2; exit 1`);
    const error = await hashVideo(clip, { ffmpegPath, sampling: "all" }).catch((error: Error) => error);
    expect(String(error)).not.toContain("secret");
  });
});

describe("the end of us", () => {
  it("a consumer that stops, and one that is slow: the decoder waits and then is gone", async (ctx) => {
    if (ffmpeg === undefined || !linux) return ctx.skip(noFfmpeg);
    const large = await makeClip(join(clips, "large.mp4"), "testsrc2=s=3840x2160:r=25:d=2", ...x264);
    let frames = 0;
    let before = 0;
    for await (const { width, height, data } of videoFrames(large)) {
      expect(data.length).toBe(width * height);
      if (++frames === 3) {
        before = process.memoryUsage().rss;
        await sleep(1500);
        // Fifty frames of 8 MB would have come meanwhile.
        expect(process.memoryUsage().rss - before).toBeLessThan(64e6);
        expect(left()).toHaveLength(1);
      }
      if (frames === 5) break;
    }
    expect(frames).toBe(5);
  });

  it("an abort before, while it is sought, and while it decodes", async (ctx) => {
    if (ffmpeg === undefined) return ctx.skip(noFfmpeg);
    const long = await makeClip(
      join(clips, "long.mp4"),
      "testsrc2=s=1280x720:r=25:d=20",
      ...x264,
      "-preset",
      "ultrafast",
    );
    const reason = new Error("enough");
    await expect(hashVideo(long, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const late = 25 * 20;
    for (const when of ["at once", "in the next turn", "after a frame", "after a second of frames"] as const) {
      const stop = new AbortController();
      let frames = 0;
      const onProgress = (progress: { frames: number }): void => {
        frames = progress.frames;
        const enough = { "after a frame": 1, "after a second of frames": 25 }[when as string];
        if (enough !== undefined && frames >= enough) stop.abort(reason);
      };
      const work = hashVideo(long, { sampling: "all", signal: stop.signal, partial: true, onProgress });
      const outcome = work.catch((error: unknown) => error);
      if (when === "in the next turn") await sleep(0);
      if (when === "at once" || when === "in the next turn") stop.abort(reason);
      expect(await outcome, when).toBe(reason);
      // It did not go on to the end.
      expect(frames, when).toBeLessThan(late);
      if (when.startsWith("after")) expect(frames, when).toBeGreaterThan(0);
      if (linux) expect(left()).toEqual([]);
    }
  });

  it("limits end it at once: seconds, frames, pixels, bytes", async (ctx) => {
    if (ffmpeg === undefined) return ctx.skip(noFfmpeg);
    for (const [name, value] of [
      ["maxSeconds", 0.05],
      ["maxFrames", 10],
      ["maxPixels", 320 * 240 - 1],
      ["maxBytes", 1000],
    ] as const) {
      const work = hashVideo(clip, { sampling: "all", [name]: value });
      await expect(work, name).rejects.toMatchObject({ code: limit, limit: name });
    }
    const first = await hashVideo(clip, { sampling: "all", maxFrames: 10, partial: true });
    expect(first).toMatchObject({ partial: true, problem: expect.stringContaining("maxFrames") });
    expect(first.frames).toHaveLength(10);
    // The decoder has ended by itself before the limit is noticed.
    const nearly = await hashVideo(clip, { sampling: "all", maxFrames: 99, partial: true });
    expect(nearly).toMatchObject({ partial: true, problem: expect.stringContaining("maxFrames") });
    expect(nearly.frames).toHaveLength(99);
  });

  it("memory: the system's limit is a limit of ours", async (ctx) => {
    if (ffmpeg === undefined || !linux) return ctx.skip(noFfmpeg);
    if (isOldFfmpeg) return ctx.skip(`${needsCurrentFfmpeg}: a static one crashes without memory`);
    const work = hashVideo(clip, { sampling: "all", maxMemoryBytes: 2 ** 26 });
    await expect(work).rejects.toMatchObject({ code: limit, limit: "maxMemoryBytes" });
  });

  it("a process that is killed in the middle takes its decoder along", async (ctx) => {
    if (ffmpeg === undefined || !linux) return ctx.skip(noFfmpeg);
    const body = `sleep ${mark}`;
    const script = `import { hashVideo } from "./dist/doors/video.js";
      await hashVideo(${JSON.stringify(clip)}, { ffmpegPath: ${JSON.stringify(pretender("sleeper", `exec ${body}`))} });`;
    const victim = spawn(process.execPath, ["--input-type=module", "-e", script], { cwd: root, stdio: "ignore" });
    const waiting = (): boolean => running().some(({ command }) => command.startsWith(body));
    for (let i = 0; i < 500 && !waiting(); i++) await sleep(50);
    expect(waiting()).toBe(true);
    victim.kill("SIGKILL");
    await new Promise((resolve) => victim.once("exit", resolve));
    for (let i = 0; i < 100 && waiting(); i++) await sleep(50);
    expect(waiting()).toBe(false);
  });

  it("so does a worker thread that is ended", async (ctx) => {
    if (ffmpeg === undefined || !linux) return ctx.skip(noFfmpeg);
    const ffmpegPath = pretender("worker", `exec sleep ${mark}`);
    const code = `import("${join(root, "dist/doors/video.js")}").then(({ hashVideo }) => hashVideo(${JSON.stringify(clip)}, { ffmpegPath: ${JSON.stringify(ffmpegPath)} }))`;
    const worker = new Worker(code, { eval: true });
    const waiting = (): boolean => running().some(({ command }) => command.startsWith(`sleep ${mark}`));
    for (let i = 0; i < 500 && !waiting(); i++) await sleep(50);
    expect(waiting()).toBe(true);
    const before = sockets();
    await worker.terminate();
    for (let i = 0; i < 100 && waiting(); i++) await sleep(50);
    expect(waiting()).toBe(false);
    expect(sockets()).toBeLessThan(before); // and what it read from is closed
    for (const { pid, parent, zombie } of running()) if (zombie && parent === process.pid) unasked.add(pid);
  });

  it("a worker thread has nothing to say of descriptors that Node did not open", async (ctx) => {
    if (ffmpeg === undefined) return ctx.skip(noFfmpeg);
    const code = `const { parentPort } = require("worker_threads");
      process.on("warning", ({ message }) => parentPort.postMessage(message));
      import("${join(root, "dist/doors/video.js")}").then(({ hashVideo }) => hashVideo(${JSON.stringify(clip)}))
        .then(({ frameCount }) => setImmediate(() => parentPort.postMessage(frameCount)));`;
    const worker = new Worker(code, { eval: true });
    const said: unknown[] = [];
    worker.on("message", (message) => said.push(message));
    await new Promise((resolve) => worker.once("exit", resolve));
    expect(said).toEqual([100]);
  });

  it("a decoder cannot write files", async (ctx) => {
    if (ffmpeg === undefined || !linux) return ctx.skip(noFfmpeg);
    const written = join(clips, "written");
    const ffmpegPath = pretender("writer", `echo something > ${written}; exit 1`);
    await expect(hashVideo(clip, { ffmpegPath })).rejects.toMatchObject({ code: child });
    expect(await succeed("sh", ["-c", `cat ${written} 2>/dev/null || true`])).toBe("");
  });
});
