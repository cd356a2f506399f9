import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { hashVideo, type VideoMatch, type VideoSignature, writeVpdq } from "../../../dist/doors/video.js";
import { empreinte, empreinteProcess, folder, jsonLines } from "../../support/cli.ts";
import { needsLongRun } from "../../support/long.ts";
import { convertClip, ffmpeg, isOldFfmpeg, makeClip, noFfmpeg, x264 } from "../../support/video/video.ts";

const clips = folder();
/** Eight seconds of a moving fractal, its seconds 2 to 6, and another film. */
const [film, clip, other] = ["film.mp4", "clip.bin", "other.mkv"].map((name) => join(clips, name)) as [
  string,
  string,
  string,
];
const list = join(clips, "film.vpdq.txt");
/** The signature of the clip. */
let signature: VideoSignature | undefined;

beforeAll(async () => {
  if (ffmpeg === undefined) return;
  const fractal = "mandelbrot=s=320x240:r=25:start_scale=2:end_scale=0.02:end_pts=180";
  await makeClip(film, `${fractal},trim=0:8`, ...x264);
  const part = "trim=2:6,setpts=PTS-STARTPTS,scale=240:180";
  await convertClip(clip, film, "-vf", part, ...x264, "-crf", "30", "-f", "mp4");
  await makeClip(other, "life=s=320x240:r=25:mold=10:ratio=0.3:seed=3,trim=0:6", ...x264);
  const { frames } = await hashVideo(film, { compat: "vpdq" });
  await writeFile(list, writeVpdq(frames));
  signature = await hashVideo(clip);
});

/** The messages of a run, without the note that the ffmpeg of these tests is old. */
const withoutNote = (stderr: string): string =>
  stderr.replace(/^empreinte: the ffmpeg at .* is from before 4\.4.*\n/m, "");

describe("videos on the command line", () => {
  test("video match prints the segment and ends with 1; with 0 and nothing for strangers", async (ctx) => {
    if (ffmpeg === undefined) return ctx.skip(noFfmpeg);
    const { code, stdout, stderr } = await empreinte(["video", "match", clip, film]);
    expect(withoutNote(stderr)).toBe("");
    expect(stdout).toMatch(new RegExp(`^${clip} 00:00–00:04 = ${film} 00:02–00:06, (9\\d|100) %\n$`));
    expect(code).toBe(1);
    const strangers = await empreinte(["video", "match", other, film]);
    expect(strangers).toMatchObject({ code: 0, stdout: "" });
    expect(withoutNote(strangers.stderr)).toBe("");
  });

  test("video match takes vPDQ texts, and says it in JSON", async (ctx) => {
    if (ffmpeg === undefined) return ctx.skip(noFfmpeg);
    const { code, stdout } = await empreinte(["video", "match", "--json", clip, list]);
    expect(code).toBe(1);
    const [found] = jsonLines<{ segments: VideoMatch["segments"]; queryShare: number; b: unknown }>(stdout);
    expect(found!.b).toEqual({ path: list });
    expect(found!.segments).toHaveLength(1);
    expect(Math.abs(found!.segments[0]!.knownFrom - 2)).toBeLessThan(0.5);
    expect(Math.abs(found!.segments[0]!.knownTo - 6)).toBeLessThan(0.5);
    expect(found!.queryShare).toBeGreaterThan(0.9);
  });

  test("hash prints a line a frame, whatever the file is called, and the signature as JSON", async (ctx) => {
    if (ffmpeg === undefined) return ctx.skip(noFfmpeg);
    const { stdout, code } = await empreinte(["hash", clip]);
    const { frames } = signature!;
    const lines = frames.map((f) => `${f.hash}  ${f.quality}  ${f.timestampSeconds.toFixed(3)} s  ${clip}\n`);
    expect(frames).toHaveLength(4);
    expect({ stdout, code }).toEqual({ stdout: lines.join(""), code: 0 });
    const json = await empreinte(["hash", "--json", "--sampling", "keyframes", clip]);
    const [printed] = jsonLines<VideoSignature & { kind: string; path: string }>(json.stdout);
    expect(printed).toEqual({ path: clip, kind: "video", ...(await hashVideo(clip, { sampling: "keyframes" })) });
  });

  test("scan finds known videos in videos, and their frames among images", async (ctx) => {
    if (ffmpeg === undefined) return ctx.skip(noFfmpeg);
    const still = join(clips, "still.png");
    await convertClip(still, film, "-vf", "trim=4:5", "-frames:v", "1");
    const { code, stdout, stderr } = await empreinte(["scan", "--video-signature", list, clip, other, still]);
    expect(withoutNote(stderr)).toBe("");
    const segment = `${clip}\tmatch\t\\d+\t${list}\torig\t-\t0\\.\\d-[34]\\.\\d=[12]\\.\\d-[56]\\.\\d share=\\d+%\n`;
    const image = `${still}\tmatch\t\\d+\t${list}\torig\t-\t-=4\\.\\d-4\\.\\d\n`;
    expect(stdout).toMatch(new RegExp(`^${segment}${image}$`));
    expect(code).toBe(1);
    const nothing = await empreinte(["scan", "--json", "--video-signature", list, other]);
    expect(nothing.code).toBe(0);
    expect(jsonLines(nothing.stdout)).toMatchObject([{ path: other, kind: "video", matches: [] }]);
  });

  test("what is known may be a video itself, or what hash --json printed of several files", async (ctx) => {
    needsLongRun(ctx);
    if (ffmpeg === undefined) return ctx.skip(noFfmpeg);
    const segment = new RegExp(
      `^${clip}\tmatch\t\\d+\t${film}\torig\t-\t0\\.\\d-[34]\\.\\d=[12]\\.\\d-[56]\\.\\d share=\\d+%\n$`,
    );
    const itself = await empreinte(["scan", "--quiet", "--video-signature", film, clip, other]);
    expect(itself).toMatchObject({ code: 1, stdout: expect.stringMatching(segment), stderr: "" });

    const card = await makeClip(join(clips, "card.png"), "testsrc=s=64x64:d=1", "-frames:v", "1");
    const printed = await empreinte(["hash", "--json", "--sampling", "2", film, "/nowhere/none", card, other]);
    const known = join(clips, "known.jsonl");
    await writeFile(known, printed.stdout);
    const { code, stdout, stderr } = await empreinte(["scan", "--json", "--video-signature", known, clip, card]);
    expect({ code, stderr: withoutNote(stderr) }).toEqual({ code: 1, stderr: "" });
    const found = jsonLines<{ matches: { video: string; kind: string }[] }>(stdout).map(({ matches }) =>
      matches.map(({ video, kind }) => ({ video, kind })),
    );
    expect(found).toEqual([
      [{ video: `${known}:${film}`, kind: "video" }],
      [{ video: `${known}:${card}`, kind: "image" }],
    ]);

    const one = join(clips, "one.json");
    await writeFile(one, `${printed.stdout.split("\n")[0]}\n`);
    const match = await empreinte(["video", "match", clip, one]);
    expect(match).toMatchObject({ code: 1, stdout: expect.stringContaining(` = ${one} 00:02–00:06, `) });
    const several = await empreinte(["video", "match", clip, known]);
    expect(several).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining("expected one video") });
  });

  test.for([
    ["a cut line", (text: string) => text.slice(0, 400), /is neither a video nor a vPDQ signature/],
    ["a cut after a whole line", (text: string) => `${text}{"kind":"vid`, /bad\.json:2 is no line of hash --json/],
    ["a hash of another length", (text: string) => text.replace(/"hash":"../, '"hash":"'), /bad\.json:1: /],
    [
      "an invalid time",
      (text: string) => text.replace(/"timestampSeconds":\d/, '"timestampSeconds":null'),
      /bad\.json:1: /,
    ],
    ["no frames", (text: string) => text.replace('"frames":[', '"frames":7,"other":['), /bad\.json:1: /],
    ["errors only", () => '{"path":"a","error":{"code":"b","message":"c"}}\n', /has no video and no image/],
  ] as const)("hash --json with %s is reported, with status 2", async ([, change, sentence], ctx) => {
    if (ffmpeg === undefined) return ctx.skip(noFfmpeg);
    const good = JSON.stringify({ path: "a", kind: "video", ...signature });
    const bad = join(clips, "bad.json");
    await writeFile(bad, change(`${good}\n`));
    const { code, stdout, stderr } = await empreinte(["scan", "--video-signature", bad, clip]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(sentence);
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  test("an old ffmpeg is noted once, and not with --quiet", async (ctx) => {
    needsLongRun(ctx);
    if (ffmpeg === undefined || process.platform === "win32") return ctx.skip(noFfmpeg);
    const old = join(clips, "old-ffmpeg");
    const says = 'echo "ffmpeg version N-47683-g0e8eb07980"; echo "libavutil      56. 22.100 / 56. 22.100"';
    await writeFile(old, `#!/bin/sh\nif [ "$*" = "-version" ]; then ${says}; exit 0; fi\nexec ${ffmpeg} "$@"\n`, {
      mode: 0o755,
    });
    const env = { EMPREINTE_FFMPEG: old };
    const { code, stdout, stderr } = await empreinteProcess(["hash", clip, other], { env });
    expect(code).toBe(0);
    expect(stdout.trim().split("\n").length).toBeGreaterThan(8);
    expect(stderr.match(/is from before 4\.4/g)).toHaveLength(1);
    expect(await empreinteProcess(["hash", "--quiet", clip], { env })).toMatchObject({ code: 0, stderr: "" });
    const doctor = await empreinteProcess(["doctor"], { env });
    expect(doctor.stdout).toContain("from before 4.4");
    // Of the processes that decode images, and of ffmpeg.
    const bounded = doctor.stdout.match(/^ {2}isolation +bounded memory and processor time, /gm) ?? [];
    expect(bounded).toHaveLength(process.platform === "linux" ? 2 : 0);
    if (!isOldFfmpeg) expect((await empreinte(["hash", clip])).stderr).not.toContain("before 4.4");
  });

  test("scan finds a mirrored known video, but not with --no-orientations", async (ctx) => {
    if (ffmpeg === undefined) return ctx.skip(noFfmpeg);
    const mirrored = join(clips, "mirrored.mp4");
    await convertClip(mirrored, clip, "-vf", "transpose=1", ...x264);
    const found = await empreinte(["scan", "--video-signature", list, mirrored]);
    expect(found.stdout).toMatch(
      new RegExp(`^${mirrored}\tmatch\t\\d+\t${list}\t\\w+\t-\t0\\.\\d-[34]\\.\\d=[12]\\.\\d-[56]\\.\\d `),
    );
    expect(found.code).toBe(1);
    const plain = await empreinte(["scan", "--no-orientations", "--video-signature", list, mirrored]);
    expect(plain).toMatchObject({ code: 0, stdout: "" });
  });

  test("scan finds the images of a list in a video, with their time", async (ctx) => {
    if (ffmpeg === undefined) return ctx.skip(noFfmpeg);
    const hashes = join(clips, "frames.txt");
    await writeFile(hashes, (await readFile(list, "utf8")).replaceAll(/^\d+,\d+,([0-9a-f]+),.*$/gm, "$1"));
    const { code, stdout } = await empreinte(["scan", "--list", hashes, clip]);
    expect(code).toBe(1);
    const lines = stdout.trimEnd().split("\n");
    expect(lines[0]).toMatch(new RegExp(`^${clip}\tmatch\t\\d+\t${hashes}:\\d\torig\t-\ttime=\\d\\.\\d$`));
    expect(lines.length).toBeGreaterThanOrEqual(3);
  });

  test("a damaged video is named and the rest goes on", async (ctx) => {
    if (ffmpeg === undefined) return ctx.skip(noFfmpeg);
    const cut = join(clips, "cut.mp4");
    await writeFile(cut, (await readFile(film)).subarray(0, 3000));
    const { code, stdout, stderr } = await empreinte(["scan", "--video-signature", list, cut, clip]);
    expect(withoutNote(stderr)).toMatch(new RegExp(`^empreinte: ${cut}: `));
    expect(stdout).toContain(`${clip}\tmatch\t`);
    expect(code).toBe(2);
  });
});

describe("a video that is damaged behind its middle", () => {
  const broken = join(clips, "broken.mp4");
  const broke = async (): Promise<void> => {
    const fast = join(clips, "fast.mp4"); // its index comes first
    await convertClip(fast, film, "-c", "copy", "-movflags", "+faststart");
    const whole = await readFile(fast);
    await writeFile(broken, whole.subarray(0, Math.floor(0.7 * whole.length)));
  };

  test("gives the hashes of its readable part, and then the error", async (ctx) => {
    needsLongRun(ctx);
    if (ffmpeg === undefined) return ctx.skip(noFfmpeg);
    await broke();
    const whole = await empreinte(["hash", film]);
    const { code, stdout, stderr } = await empreinte(["hash", broken]);
    const lines = stdout.trim().split("\n");
    const all = whole.stdout.trim().split("\n");
    expect(lines.length).toBeGreaterThan(1);
    expect(lines.length).toBeLessThan(all.length);
    expect(lines[0]!.slice(0, 64)).toBe(all[0]!.slice(0, 64));
    expect(withoutNote(stderr)).toMatch(/broken\.mp4.*only the part before was hashed/);
    expect(code).toBe(2);
    const json = await empreinte(["hash", "--json", broken]);
    expect(json.code).toBe(2);
    const [signature, failure] = json.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as object);
    expect(signature).toMatchObject({ kind: "video", partial: true });
    expect(failure).toMatchObject({ error: { code: "ERR_EMPREINTE_CORRUPT" } });
  });

  test("is matched by its readable part, and then named", async (ctx) => {
    if (ffmpeg === undefined) return ctx.skip(noFfmpeg);
    await broke();
    const { code, stdout, stderr } = await empreinte(["scan", "--video-signature", film, broken]);
    expect(stdout).toContain(`${broken}\tmatch\t`);
    expect(withoutNote(stderr)).toMatch(/only the part before was hashed/);
    expect(code).toBe(2);
  });
});

describe("wrong usage", () => {
  test.each<[string[], RegExp, number]>([
    [["video"], /Expected match after video/, 64],
    [["video", "frobnicate"], /There is no command "video frobnicate"/, 64],
    [["video", "match", "a"], /No B is given/, 64],
    [
      ["video", "match", "--sampling", "some", "a", "b"],
      /all, keyframes or adaptive for --sampling but received "some"/,
      64,
    ],
    [["hash", "--sampling", "0", "a"], /for --sampling but received "0"/, 64],
    [["video", "match", "/nowhere/a", "/nowhere/b"], /\/nowhere\/b cannot be read/, 2],
    [["scan", "--video-signature", "package.json", "a"], /package.json is neither a video nor a vPDQ signature/, 2],
  ])("%j", async (args, sentence, status) => {
    const { code, stdout, stderr } = await empreinte(args);
    expect({ code, stdout }).toEqual({ code: status, stdout: "" });
    expect(stderr).toMatch(sentence);
    expect(stderr).not.toMatch(/^\s+at /m);
  });
});
