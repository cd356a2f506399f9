/** A fresh clone has the ffmpeg of @ffmpeg-installer/ffmpeg. It is the last one in the search order. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { findFfmpeg, hashVideo } from "../../../dist/doors/video.js";
import { run, succeed } from "../../support/run.ts";
import { ffmpeg, makeClip, moving, x264 } from "../../support/video/video.ts";

const empty = mkdtempSync(join(tmpdir(), "empreinte-no-path-"));
afterAll(() => rmSync(empty, { recursive: true, force: true }));

/** Some platforms have no build inside the installer, and its install script may have been left out. */
const { PATH, EMPREINTE_FFMPEG } = process.env;
process.env["PATH"] = empty;
delete process.env["EMPREINTE_FFMPEG"];
const available = (await findFfmpeg()) !== undefined;
process.env["PATH"] = PATH;
if (EMPREINTE_FFMPEG !== undefined) process.env["EMPREINTE_FFMPEG"] = EMPREINTE_FFMPEG;
const why = available ? "" : " (skipped: @ffmpeg-installer/ffmpeg has none for this platform)";

describe.skipIf(!available)(`without an ffmpeg on PATH${why}`, () => {
  beforeEach(() => {
    vi.stubEnv("PATH", empty);
    vi.stubEnv("EMPREINTE_FFMPEG", undefined);
  });
  afterEach(() => vi.unstubAllEnvs());

  it("the installer's build is found, and marked as outdated", async () => {
    const found = await findFfmpeg();
    expect(found).toMatchObject({ source: "@ffmpeg-installer/ffmpeg", outdated: true });
    expect(found!.version).not.toBe("");
    expect(await findFfmpeg({ ffmpegPath: found!.path })).toMatchObject({ source: "option" });
    if (ffmpeg !== undefined && ffmpeg !== found!.path) {
      vi.stubEnv("EMPREINTE_FFMPEG", ffmpeg);
      expect(await findFfmpeg()).toMatchObject({ source: "EMPREINTE_FFMPEG" });
    }
  });

  it("gives the signature that any other ffmpeg gives", async () => {
    const clip = await makeClip(join(empty, "clip.mp4"), moving, ...x264);
    const options = { sampling: "all", orientations: true } as const;
    const { path } = (await findFfmpeg())!;
    const signature = await hashVideo(clip, options);
    expect(await hashVideo(clip, { ...options, ffmpegPath: path })).toEqual(signature);
    expect(await hashVideo(clip, { ...options, ffmpegPath: ffmpeg! })).toEqual(signature);
    expect(signature.frameCount).toBe(100);
  });

  it("the command line says once that the decoder is old", async () => {
    const clip = join(empty, "clip.mp4");
    const program = join(import.meta.dirname, "../../../dist/cli/main.js");
    const { stdout, stderr } = await run(process.execPath, [program, "hash", clip, clip]);
    expect(stdout.trim().split("\n").length).toBeGreaterThan(1);
    expect(stderr.match(/from before 4\.4/g)).toHaveLength(1);
    expect(stderr).toContain("inside @ffmpeg-installer/ffmpeg");
    expect(await succeed(process.execPath, [program, "hash", "--quiet", clip])).not.toBe("");
  });
});
