/** Videos against a bank: borders around them, and bytes that can no longer be read for their digests. */
import { copyFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { BankStore, Matcher } from "../../../dist/doors/bank.js";
import { hashVideo, readVpdq, signatureFromVpdq, VideoIndex, writeVpdq } from "../../../dist/doors/video.js";
import { empreinte, empreinteProcess, jsonLines } from "../../support/cli.ts";
import { needsLongRun } from "../../support/long.ts";
import {
  convertClip,
  ffmpeg,
  makeClip,
  makeFilm,
  noFfmpeg,
  videoFolder,
  writeUnconfined,
  x264,
} from "../../support/video/video.ts";

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
    expect(standard!.stdout).toMatch(
      /border\.mp4\tmatch\t\d+\tfilms\/s\/a\tflipY\ttrimmed\taction=block time=\d+\.\d\n/,
    );
  });

  it("a damaged video is decided about by its readable part, and then named", async () => {
    const broken = path("broken.mp4");
    await convertClip(broken, path("known.mp4"), "-c", "copy", "-movflags", "+faststart");
    const whole = readFileSync(broken);
    writeFileSync(broken, whole.subarray(0, Math.floor(0.7 * whole.length)));
    const { code, stdout, stderr } = await empreinte(["scan", "--bank", bank, broken]);
    expect(stdout).toContain(`${broken}\tmatch\t`);
    expect(stderr).toContain("only the part before was hashed");
    expect(code).toBe(2);
    const store = await BankStore.open(bank);
    const matcher = new Matcher(store);
    await expect(matcher.checkVideo(broken)).rejects.toMatchObject({ code: "ERR_EMPREINTE_CORRUPT" });
    const decision = await matcher.checkVideo(broken, { partial: true });
    expect(decision).toMatchObject({ action: "block", query: { video: { problem: expect.any(String) as string } } });
    expect(matcher.explain(structuredClone(decision))).toMatchObject({ same: true, decision: { action: "block" } });
    await store.close();
  });

  it("a video that disappears after it was decoded is checked by its frames and reported, and the others continue", async (ctx) => {
    needsLongRun(ctx);
    const program = path("ffmpeg-and-gone");
    const gone = path("b-gone.mp4");
    const real = `"${ffmpeg!}" "$@"; status=$?; case "$*" in *-i*) rm -f "${gone}";; esac; exit $status`;
    writeUnconfined(program, real);
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

  describe("a store with a film of moving scenes", () => {
    const store = path("films.bank");
    const [known, upload, cropped] = [path("film.mp4"), path("upload.mp4"), path("cropped.mp4")];
    const list = path("film.txt");
    beforeAll(async () => {
      await makeFilm(known);
      const other = "mandelbrot=s=480x270:r=12:end_scale=0.05,trim=duration=4";
      const parts = [other, `movie=${known},trim=start=3:end=10,setpts=PTS-STARTPTS`];
      const inputs = parts.map((part, i) => `${part},setsar=1,format=yuv420p[v${i}]`);
      await makeClip(upload, `${inputs.join(";")};[v0][v1]concat=n=2`, ...x264, "-crf", "30");
      await convertClip(cropped, known, "-vf", "crop=432:242,setsar=1", ...x264);
      const { frames } = await hashVideo(known, { sampling: { fps: 4 } });
      writeFileSync(list, writeVpdq(frames));
    });

    it("its list is imported into a bank", async () => {
      expect((await empreinte(["bank", "create", store, "films", "--action", "block"])).code).toBe(0);
      const { code, stdout } = await empreinte(["bank", "import", store, list, "--bank", "films", "--source", "own"]);
      expect([code, stdout]).toEqual([0, expect.stringContaining("1 added")]);
    });

    it("a compilation is found with the times of its stretch, as a VideoIndex finds it", async () => {
      using index = new VideoIndex();
      index.add("film", signatureFromVpdq(readVpdq(readFileSync(list, "utf8"))));
      const [expected] = await index.search(await hashVideo(upload, { sampling: "all", orientations: true }));
      const { code, stdout } = await empreinte(["scan", "--bank", store, "--json", upload]);
      expect(code).toBe(1);
      const [line] = jsonLines<{
        kind: string;
        durationSeconds: number;
        frames: number;
        action: string;
        matches: object[];
      }>(stdout);
      const { frames, durationSeconds } = await hashVideo(upload, { sampling: "all" });
      const about = { path: upload, kind: "video", frames: frames.length, durationSeconds, action: "block" };
      expect(line).toMatchObject(about);
      const [segment] = expected!.segments;
      expect(segment!.queryTo - segment!.queryFrom).toBeGreaterThan(4);
      expect(line!.matches).toMatchObject([
        {
          verdict: "match",
          reference: expect.stringMatching(/^films\/own\/#1$/) as string,
          kind: "video",
          queryShare: expected!.queryShare,
          knownShare: expected!.knownShare,
          segments: expected!.segments.map(({ distance: _distance, ...rest }) => rest),
        },
      ]);
      const text = await empreinte(["scan", "--bank", store, upload]);
      expect(text.stdout).toMatch(
        /^.*upload\.mp4\tmatch\t\d+\tfilms\/own\/#1\torig\t-\taction=block \d+\.\d-\d+\.\d=[23]\.\d-(9|10)\.\d share=\d+%\n$/,
      );
    });

    it("a cropped film is found with --level standard, through a view, and not without", async () => {
      expect(await empreinte(["scan", "--bank", store, cropped])).toMatchObject({ code: 0, stdout: "" });
      const { code, stdout } = await empreinte(["scan", "--bank", store, "--level", "standard", "--json", cropped]);
      expect(code).toBe(1);
      const [line] = jsonLines<{ matches: { segments: { view: string }[] }[] }>(stdout);
      expect(line).toMatchObject({
        action: "block",
        matches: [{ view: "zoom-out", kind: "video", reference: "films/own/#1" }],
      });
      expect(line!.matches[0]!.segments[0]!.view).toBe("zoom-out");
    });

    it("the policy's seconds and share are set, shown and obeyed", async () => {
      const policy = (...args: string[]) => empreinte(["bank", "policy", store, "films", ...args]);
      expect((await policy("--min-shared-seconds", "60", "--min-share", "0.2")).code).toBe(0);
      const shown = await empreinte(["bank", "info", store]);
      expect(shown.stdout).toContain("videos from 60 s in common, videos from a share of 0.2 in common");
      expect(await empreinte(["scan", "--bank", store, upload])).toMatchObject({ code: 0, stdout: "" });
      expect((await policy("--min-shared-seconds", "0")).code).toBe(0);
      expect((await empreinte(["scan", "--bank", store, upload])).code).toBe(1);
      expect((await policy("--min-share", "2")).code).toBe(64);
    });

    it("the list of its frames is exported as it was imported, and a withdrawn film is not found", async () => {
      const out = path("exported.txt");
      const exported = await empreinte(["bank", "export", store, "--to", "vpdq-lines", "-o", out]);
      expect(exported.code).toBe(0);
      expect(readFileSync(out, "utf8")).toBe(readFileSync(list, "utf8"));
      expect((await empreinte(["bank", "withdraw", store, "#1"])).code).toBe(0);
      expect(await empreinte(["scan", "--bank", store, upload])).toMatchObject({ code: 0, stdout: "" });
    });
  });
});
