/** Videos against a bank: what lies around them, and bytes that cannot be read any more when they are asked for. */
import { chmodSync, copyFileSync, existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { BankStore } from "../../../dist/doors/bank.js";
import { hashVideo } from "../../../dist/doors/video.js";
import { empreinte, empreinteProcess, jsonLines } from "../../support/cli.ts";
import { ffmpeg, makeClip, noFfmpeg, videoFolder, x264 } from "../../support/video.ts";

describe.skipIf(ffmpeg === undefined)(`scan --bank${ffmpeg === undefined ? ` (${noFfmpeg})` : ""}`, () => {
  const { clips } = videoFolder();
  const path = (name: string): string => join(clips, name);
  const film = "mandelbrot=s=320x240:r=10:end_scale=0.05,trim=duration=2";
  const bank = path("known.bank");
  beforeAll(async () => {
    await makeClip(path("known.mp4"), film, ...x264);
    await makeClip(path("border.mp4"), `${film},hflip,pad=400:320:40:40:white`, ...x264);
    const { frames } = await hashVideo(path("known.mp4"), { sampling: "all" });
    const store = await BankStore.create(bank);
    store.createBank({ name: "films", policy: { action: "block" } });
    const signals = frames.map(({ hash: value, quality }) => ({ type: "vpdq" as const, value, quality }));
    await store.import({ bank: "films", source: "s" }, [{ id: "a", signals }]);
    await store.close();
  });

  it("a video inside a border is found with --level standard, and not without", async () => {
    const scan = (...args: string[]) => empreinte(["scan", "--bank", bank, ...args, path("border.mp4")]);
    const [plain, fast, standard] = await Promise.all([scan(), scan("--level", "fast"), scan("--level", "standard")]);
    expect([plain, fast]).toMatchObject([plain, fast].map(() => ({ code: 0, stdout: "" })));
    expect(standard!.code).toBe(1);
    expect(standard!.stdout).toMatch(/border\.mp4\tblock\t\d+\tfilms\/s\/a\tflipY\ttrimmed\ttime=\d+\.\d\n/);
  });

  it("a video that disappears after it was decoded is checked by its frames and reported, and the others continue", async () => {
    const program = path("ffmpeg-and-gone");
    const gone = path("b-gone.mp4");
    const real = `"${ffmpeg!}" "$@"; status=$?; case "$*" in *-i*) rm -f "${gone}";; esac; exit $status`;
    writeFileSync(program, `#!/bin/sh\n${real}\n`);
    chmodSync(program, 0o755);
    const env = { ...process.env, EMPREINTE_FFMPEG: program };
    const list = path("known.txt");
    const [first] = (await hashVideo(path("known.mp4"), { sampling: "keyframes" })).frames;
    // A digest in it: otherwise nobody asks for the bytes.
    writeFileSync(
      list,
      `signal_type,signal_str,collab,category,tags\npdq,${first!.hash},,,\nmd5,${"0f".repeat(16)},,,\n`,
    );
    const other = path("c-known.mp4");
    copyFileSync(path("known.mp4"), other);
    for (const args of [
      ["--bank", bank],
      ["--bank", bank, "--json"],
      ["--list", list, "--json"],
    ]) {
      copyFileSync(path("known.mp4"), gone);
      const { code, stdout, stderr } = await empreinteProcess(["scan", ...args, gone, other], { env });
      expect(existsSync(gone)).toBe(false);
      expect(code).toBe(2);
      if (!args.includes("--json")) {
        const rows = stdout.trimEnd().split("\n");
        expect(rows.map((row) => row.split("\t")[0])).toEqual([gone, other]);
        expect(stderr).toContain(`${gone}: cannot be read: `);
        continue;
      }
      const lines = jsonLines<{ path: string; matches?: object[]; error?: { code: string } }>(stdout);
      expect(lines.map((line) => [line.path, line.matches?.length, line.error?.code])).toEqual([
        [gone, 1, undefined],
        [gone, undefined, "ERR_EMPREINTE_READ"],
        [other, 1, undefined],
      ]);
    }
  });
});
