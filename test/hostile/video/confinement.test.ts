/** What ffmpeg may not do, tried by programs that say they are an ffmpeg, and seen on the real one while it decodes. */
import { chmodSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findFfmpeg, hashVideo, videoFrames } from "../../../dist/doors/video.js";
import { kernelRules, noKernelRules } from "../../support/kernel-rules.ts";
import { run } from "../../support/run.ts";
import { ffmpeg, makeClip, moving, noFfmpeg, running, videoFolder, x264 } from "../../support/video/video.ts";

const { clips } = videoFolder();
const clip = join(clips, "clip.mp4");
const secret = join(clips, "secret");
const here = (await findFfmpeg())?.confined;
const noRules = "skipped: needs ffmpeg on Linux with Landlock";

// The tests below are skipped where the system has no rules. This one fails where it has them and they do not hold.
it("all rules that the kernel has hold for ffmpeg", async (ctx) => {
  if (here === undefined) return ctx.skip(noFfmpeg);
  const kernel = await kernelRules();
  if (kernel === undefined) return ctx.skip(noKernelRules);
  expect(here).toEqual({ limits: true, ...kernel });
});

/** A program that says it is an ffmpeg, and then does `body`. */
function pretender(name: string, body: string, first = ""): string {
  const path = join(clips, name);
  const says = `echo "ffmpeg version 7.1 Copyright"; echo "libavutil      59. 39.100 / 59. 39.100"`;
  writeFileSync(path, `#!/bin/sh\n${first}\nif [ "$*" = "-version" ]; then ${says}; exit 0; fi\n${body}\n`);
  chmodSync(path, 0o755);
  return path;
}

const warnings: Error[] = [];
const onWarning = (warning: Error): unknown => warnings.push(warning);
beforeAll(async () => {
  process.on("warning", onWarning);
  writeFileSync(secret, "secret");
  if (ffmpeg !== undefined) await makeClip(clip, moving, ...x264);
});
afterAll(() => void process.off("warning", onWarning));

describe("an ffmpeg that was taken over", () => {
  it.for([
    ["read another file", `cat ${secret}`],
    ["list a folder", `ls ${clips}`],
    ["make a file", `: > ${join(clips, "made")}`],
    ["remove a file", `rm ${join(clips, "gone")}`],
    ["read the variables of its parent", "cat /proc/$PPID/environ"],
    ["send its parent a signal", "kill -0 $PPID"],
  ])("cannot %s", async ([what, command], ctx) => {
    if (here?.files !== true || !here.network) return ctx.skip(noRules);
    writeFileSync(join(clips, "gone"), "");
    const path = pretender(
      `tries to ${what!}`.replaceAll(" ", "-"),
      `(${command}) > /dev/null 2>&1 && exit 41; exit 42`,
    );
    // Without confinement it can.
    expect((await run(path, ["-i", "x"])).code).toBe(41);
    writeFileSync(join(clips, "gone"), "");
    const error = await hashVideo(clip, { ffmpegPath: path }).catch((reason: Error) => reason);
    expect(error).toMatchObject({ code: "ERR_EMPREINTE_VIDEO_CHILD", message: expect.stringMatching(/\b42\b/) });
  });

  it("reads the video that it is given, and writes to /dev/null", async (ctx) => {
    if (here?.files !== true) return ctx.skip(noRules);
    const body = "head -c 8 /proc/self/fd/3 > /dev/null && head -c 8 <&3 > /dev/null && exit 43; exit 44";
    const path = pretender("reads-its-video", body);
    const error = await hashVideo(clip, { ffmpegPath: path }).catch((reason: Error) => reason);
    expect(error).toMatchObject({ message: expect.stringMatching(/\b43\b/) });
  });

  it("starts without the rules where it needs another file, and a warning says so", async (ctx) => {
    if (here?.files !== true) return ctx.skip(noRules);
    const path = pretender("needs-a-file", "exit 45", `cat ${secret} > /dev/null || exit 46`);
    const found = await findFfmpeg({ ffmpegPath: path });
    expect(found!.confined).toEqual({ limits: true, files: false, network: false });
    await new Promise(setImmediate);
    expect(warnings).toEqual([expect.objectContaining({ code: "EMPREINTE_UNCONFINED" })]);
    expect(warnings[0]!.message).toContain(path);
    await expect(hashVideo(clip, { ffmpegPath: path })).rejects.toThrow(/\b45\b/);
  });
});

describe("the real ffmpeg", () => {
  it("is under the filter with every thread while it decodes", async (ctx) => {
    if (ffmpeg === undefined) return ctx.skip(noFfmpeg);
    if (here?.network !== true) return ctx.skip(noRules);
    for await (const { width } of videoFrames(clip)) {
      expect(width).toBe(320);
      const child = running().find(({ parent, command }) => parent === process.pid && command.includes("-i file:"));
      const threads = readdirSync(`/proc/${child!.pid}/task`);
      expect(threads.length).toBeGreaterThan(1);
      for (const thread of threads) {
        const status = readFileSync(`/proc/${child!.pid}/task/${thread}/status`, "latin1");
        expect(status).toMatch(/^Seccomp:\t2$/m);
        expect(status).toMatch(/^NoNewPrivs:\t1$/m);
      }
      break;
    }
  });

  it("is confined as well where it is the one of the optional package", async (ctx) => {
    if (here?.files !== true) return ctx.skip(noRules);
    let path: string;
    try {
      ({ path } = createRequire(import.meta.url)("@ffmpeg-installer/ffmpeg") as { path: string });
    } catch {
      return ctx.skip("skipped: needs @ffmpeg-installer/ffmpeg");
    }
    expect((await findFfmpeg({ ffmpegPath: path }))!.confined).toEqual(here);
    expect((await hashVideo(clip, { ffmpegPath: path, sampling: "all" })).frames).toHaveLength(100);
  });
});
