/** Video files against a bank: their frames, their views, their bytes, and what cannot be read. */
import { createHash } from "node:crypto";
import { copyFileSync, createReadStream, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BankStore, Matcher } from "../../../dist/doors/bank.js";
import { hashVideo, videoFrames, VideoIndex } from "../../../dist/doors/video.js";
import { signalsOf } from "../../support/bank/videos.ts";
import { needsLongRun } from "../../support/long.ts";
import {
  convertClip,
  ffmpeg,
  makeFilm,
  noFfmpeg,
  videoFolder,
  writeUnconfined,
  x264,
} from "../../support/video/video.ts";

describe.skipIf(ffmpeg === undefined)(`checkVideo with files${ffmpeg === undefined ? ` (${noFfmpeg})` : ""}`, () => {
  const { clips } = videoFolder();
  const path = (name: string): string => join(clips, name);
  const [film, upload, turned] = [path("film.mp4"), path("upload.mp4"), path("turned.mp4")];
  let store: BankStore;
  let matcher: Matcher;
  beforeAll(async () => {
    await makeFilm(film);
    const part = "trim=start=1:end=5,setpts=PTS-STARTPTS,hflip";
    await convertClip(upload, film, "-vf", part, ...x264, "-crf", "30");
    await convertClip(turned, film, "-vf", "rotate=3*PI/180,setsar=1", ...x264);
    store = await BankStore.create(path("films.bank"));
    store.createBank({ name: "films", policy: { action: "review" } });
    store.createBank({ name: "bytes", policy: { action: "block" } });
    const known = await hashVideo(film, { sampling: { fps: 2 } });
    await store.import({ bank: "films", source: "s" }, [{ id: "film", signals: signalsOf(known) }]);
    matcher = new Matcher(store);
  });
  afterAll(async () => store.close());

  test("every kind of input gives the same decision, and that of its signature", async () => {
    const signature = await hashVideo(upload, { sampling: "all", orientations: true });
    const expected = await matcher.checkVideo(signature);
    expect(expected.matches).toMatchObject([
      { entryId: "film", kind: "video", orientation: "flipY", action: "review" },
    ]);
    expect(Math.abs(expected.matches[0]!.segments![0]!.knownFrom - 1)).toBeLessThan(0.6);
    const bytes = readFileSync(upload);
    for (const input of [upload, pathToFileURL(upload), bytes, createReadStream(upload), videoFrames(upload)]) {
      const { matches, query } = await matcher.checkVideo(input);
      expect({ ...query.video, durationSeconds: 0 }).toEqual({ ...expected.query.video, durationSeconds: 0 });
      expect(matches).toEqual(expected.matches);
    }
    // The bytes are those at the call, whatever becomes of them.
    const checking = matcher.checkVideo(bytes);
    bytes.fill(0);
    expect((await checking).matches).toEqual(expected.matches);
  });

  test("a rotated film is found at level standard with the view that a VideoIndex finds, and not at fast", async (ctx) => {
    needsLongRun(ctx);
    using index = new VideoIndex();
    const { frames } = await hashVideo(film, { sampling: { fps: 2 } });
    index.add("film", { ...(await hashVideo(film, { sampling: { fps: 2 } })), frames });
    const [expected] = (await index.searchVideo(turned, { level: "standard" })).matches;
    expect((await matcher.checkVideo(turned)).matches).toEqual([]);
    const { matches } = await matcher.checkVideo(turned, { level: "standard" });
    expect(matches).toMatchObject([{ entryId: "film", view: expected!.view, region: expect.any(Array) as unknown[] }]);
    expect(matches[0]!.segments!.map(({ view }) => view)).toEqual(expected!.segments.map(({ view }) => view));
    expect(matcher.explain(await matcher.checkVideo(turned, { level: "standard" })).same).toBe(true);
  });

  test("the same bytes are an exact match, with the digests of a path, of bytes, or as given", async (ctx) => {
    needsLongRun(ctx);
    const sha256 = createHash("sha256").update(readFileSync(upload)).digest("hex");
    await store.import({ bank: "bytes", source: "s" }, [{ id: "file", signals: [{ type: "sha256", value: sha256 }] }]);
    const kinds = async (...given: Parameters<Matcher["checkVideo"]>) =>
      (await matcher.checkVideo(...given)).matches.map(({ entryId, kind }) => [entryId, kind]);
    const both = [
      ["file", "exact"],
      ["film", "video"],
    ];
    expect(await kinds(upload)).toEqual(both);
    expect(await kinds(readFileSync(upload))).toEqual(both);
    expect(await kinds(createReadStream(upload))).toEqual([["film", "video"]]);
    expect(await kinds(upload, { digests: {} })).toEqual([["film", "video"]]);
    expect(await kinds(upload, { digests: async () => undefined })).toEqual([["film", "video"]]);
    expect(await kinds(createReadStream(upload), { digests: { sha256 } })).toEqual(both);
    const decision = await matcher.checkVideo(upload);
    expect([decision.action, decision.query.digests?.sha256]).toEqual(["block", sha256]);
    expect(matcher.explain(decision).same).toBe(true);
    await store.withdraw({ bank: "bytes", source: "s", entryId: "file" });
    expect(await kinds(upload)).toEqual([["film", "video"]]);
  });

  test("what cannot be hashed, or read again for its digests, is an error by its code", async () => {
    const gone = path("gone.mp4");
    await expect(matcher.checkVideo(gone)).rejects.toMatchObject({ code: "ERR_EMPREINTE_READ" });
    await expect(matcher.checkVideo(Buffer.from("text"))).rejects.toMatchObject({
      code: "ERR_EMPREINTE_UNSUPPORTED_FORMAT",
    });
    await expect(matcher.checkVideo(upload, { maxFrames: 5 })).rejects.toMatchObject({ code: "ERR_EMPREINTE_LIMIT" });
    for (const options of [
      { orientations: false },
      { trim: true },
      { level: "slow" },
      { digests: "abc" },
      { digests: { md5: "x" } },
    ]) {
      const error: unknown = await matcher.checkVideo(upload, options as object).catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: expect.stringMatching(/^ERR_EMPREINTE_INVALID/) as string });
    }
    for (const input of [undefined, null, 5, {}, { frames: [] }, { durationSeconds: 1 }]) {
      const error: unknown = await matcher.checkVideo(input as never).catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: "ERR_EMPREINTE_INVALID_ARGUMENT" });
    }
    copyFileSync(upload, gone);
    // A decoder that removes the file once it has decoded it, before the digests are read.
    const removing = path("removing-ffmpeg");
    writeUnconfined(removing, `"${ffmpeg!}" "$@" || exit $?\ncase "$*" in *rawvideo*) rm -f "${gone}" ;; esac`);
    expect((await matcher.checkVideo(gone, { digests: {}, ffmpegPath: removing })).matches).toHaveLength(1);
    expect(existsSync(gone)).toBe(false);
    copyFileSync(upload, gone);
    await expect(matcher.checkVideo(gone, { ffmpegPath: removing })).rejects.toMatchObject({
      code: "ERR_EMPREINTE_READ",
    });
    const stop = new AbortController();
    const checking = matcher.checkVideo(upload, { signal: stop.signal });
    stop.abort(new Error("enough"));
    await expect(checking).rejects.toThrow("enough");
    const stopped = matcher.checkVideo(await hashVideo(upload), { signal: AbortSignal.abort(new Error("before")) });
    await expect(stopped).rejects.toThrow("before");
  });
});
