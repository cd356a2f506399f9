/** Uploads with several videos: every video stream, and the video behind an image. None is left out in silence. */
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hashImage } from "empreinte";
import { hashVideo } from "empreinte/video";
import sharp from "sharp";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { long, needsLongRun } from "../../../../test/support/long.ts";
import { convertClip, ffmpeg, makeClip, noFfmpeg, runFfmpeg, x264 } from "../../../../test/support/video/video.ts";
import { reviewServer } from "../review/support.ts";
import { photograph } from "../support/images.ts";
import { DocumentedServer } from "../support/openapi.ts";
import { form, type Answer } from "../support/server.ts";

interface Part {
  action: string;
  part?: string;
  matches: { entryId: string }[];
  query: { video?: { streamCount?: number }; digests?: object; hash?: string };
}
interface Checked extends Part {
  parts?: Part[];
  incomplete?: string[];
}

const folder = mkdtempSync(join(tmpdir(), "empreinte-parts-"));
const path = (name: string): string => join(folder, name);
let server: Awaited<ReturnType<typeof reviewServer>>;
let documented: DocumentedServer;
let image: Buffer;
/** What the platform gives for a reference. */
const media = new Map<string, Buffer>();
const platform = createServer((request, response) => void response.end(media.get(request.url!.slice(1))));

beforeAll(async () => {
  if (ffmpeg === undefined) return;
  platform.listen(0, "127.0.0.1");
  await once(platform, "listening");
  const { port } = platform.address() as AddressInfo;
  server = await reviewServer({ reviewMedia: "callback", reviewMediaUrl: `http://127.0.0.1:${port}/{reference}` });
  documented = await DocumentedServer.of(server);
  await makeClip(path("first.mp4"), "mandelbrot=s=160x120:r=5,trim=duration=1", ...x264);
  await makeClip(path("second.mp4"), "testsrc2=s=176x144:r=5:d=1", ...x264);
  const inputs = ["-i", path("first.mp4"), "-i", path("second.mp4")];
  await runFfmpeg(...inputs, "-map", "0:v", "-map", "1:v", "-c", "copy", path("both.mp4"));
  if (long) {
    const many = Array.from({ length: 17 }, () => ["-map", "0:v"]).flat();
    await convertClip(path("many.mkv"), path("first.mp4"), ...many, "-c", "copy");
  }
  image = await photograph(3);
  const { frames } = await hashVideo(path("second.mp4"));
  await server.call("/v1/banks", { json: { name: "b", policy: { action: "review", minQuality: 0 } } });
  const signals = frames.slice(0, 1).map(({ hash }) => ({ type: "pdq", value: hash }));
  await server.call("/v1/banks/b/sources/s/entries", { json: { entries: [{ id: "frame", signals }] } });
});
afterAll(async () => {
  platform.close();
  if (ffmpeg !== undefined) await server.end();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach((ctx) => {
  if (ffmpeg === undefined) ctx.skip(noFfmpeg);
});

async function check(bytes: Buffer, query = ""): Promise<Checked> {
  const headers = { "content-type": "application/octet-stream" };
  const answer = await documented.call(`/v1/check${query}`, { body: new Uint8Array(bytes), headers });
  expect(answer.status, answer.text).toBe(200);
  return answer.body as Checked;
}

const partsOf = ({ part, parts = [] }: Checked): (string | undefined)[] => [part, ...parts.map((one) => one.part)];
const motion = (video: string): Buffer => Buffer.concat([image, readFileSync(path(video))]);

describe("a video with two streams", () => {
  test("is decided by the one that asks for most, and names the other", async () => {
    const checked = await check(readFileSync(path("both.mp4")));
    expect(checked).toMatchObject({ action: "review", part: "stream-1", matches: [{ entryId: "frame" }] });
    expect(checked.parts).toMatchObject([{ action: "none", matches: [], query: { video: { streamCount: 2 } } }]);
    expect(partsOf(checked)).toEqual(["stream-1", undefined]);
    expect(checked.incomplete).toBeUndefined();
    // The bytes of the file count once.
    expect([checked.query.digests, checked.parts![0]!.query.digests]).toEqual([
      undefined,
      expect.objectContaining({ md5: expect.any(String) as string }),
    ]);
    const explained = await documented.call("/v1/explain", { json: { decision: checked } });
    expect(explained.body).toMatchObject({ same: true });
  });

  test("with one stream, nothing is said of parts", async () => {
    const checked = await check(readFileSync(path("first.mp4")));
    expect(checked).toMatchObject({ action: "none", matches: [] });
    for (const name of ["part", "parts", "incomplete"]) expect(checked).not.toHaveProperty(name);
  });
});

test("of a video with 17 streams, 16 are looked at, and the answer says so", async (ctx) => {
  needsLongRun(ctx);
  const checked = await check(readFileSync(path("many.mkv")));
  expect(partsOf(checked)).toEqual([undefined, ...Array.from({ length: 15 }, (_, i) => `stream-${i + 1}`)]);
  expect(checked.incomplete).toEqual(["The video has 17 video streams: only the first 16 were looked at"]);
});

describe("a motion photograph", () => {
  test("is decided by its image and by every stream of the video behind it", async () => {
    const checked = await check(motion("both.mp4"));
    expect(partsOf(checked)).toEqual(["embedded-stream-1", undefined, "embedded"]);
    expect(checked).toMatchObject({ action: "review", matches: [{ entryId: "frame" }] });
    expect(checked.parts![0]!.query.hash).toBe((await hashImage(image)).hash);
    expect(partsOf(await check(motion("second.mp4")))).toEqual(["embedded", undefined]);
    expect(partsOf(await check(image))).toEqual([undefined]);
    // As a form, and where the caller says that it is an image.
    const answer = await server.call("/v1/check?kind=image", { body: form({ file: motion("second.mp4") }) });
    expect((answer.body as Checked).part).toBe("embedded");
  });

  test("whose video cannot be decoded is decided by its image, and the answer says so", async () => {
    const damaged = motion("second.mp4");
    const frames = damaged.indexOf("mdat");
    damaged.fill(0x5a, frames + 4, frames + 4000);
    const checked = await check(damaged);
    expect(partsOf(checked)).toEqual([undefined]);
    expect(checked.incomplete).toEqual([expect.stringMatching(/^embedded was not looked at: the video behind the/)]);
  });

  test("with too many places that may be a video is decided by its image, and the answer says so", async () => {
    const checked = await check(Buffer.concat([image, Buffer.from("ftyp".repeat(10_001), "latin1")]));
    expect(checked.incomplete).toEqual([expect.stringMatching(/^Nobody knows whether a video is behind the image/)]);
  });

  test("of images behind the first is decided by the first, and the answer says so", async () => {
    expect((await check(image)).incomplete).toBeUndefined();
    const two = Buffer.concat([image, await photograph(4)]);
    for (const level of ["fast", "standard"]) {
      expect((await check(two, `?level=${level}`)).incomplete, level).toEqual([
        "Only the first image of the file was looked at, not those behind it",
      ]);
    }
  });

  test("of which HMA's answers have the image alone names the rest in a header", async () => {
    const sent = async (part: string, file: Buffer): Promise<Answer> =>
      server.call("/h/hash", { body: form({ [part]: file }) });
    const header = ({ headers }: Answer): string | null => headers.get("x-empreinte-not-looked-at");
    expect(header(await sent("photo", motion("second.mp4")))).toBe("embedded-video");
    expect(header(await sent("photo", image))).toBeNull();
    const two = Buffer.concat([image, image]);
    expect(header(await sent("photo", two))).toBe("further-images");
    const all = Buffer.concat([two, readFileSync(path("second.mp4"))]);
    expect(header(await sent("photo", all))).toBe("further-images, embedded-video");
    expect(header(await sent("video", readFileSync(path("first.mp4"))))).toBe("frames");
  });
});

test("a card about a part shows the frames of that part", async (ctx) => {
  needsLongRun(ctx);
  // The mean of a sheet says which stream it was made of.
  const meanOf = async (name: string, stream: number): Promise<number> => {
    await runFfmpeg("-i", path(name), "-map", `0:v:${stream}`, "-frames:v", "1", path(`${name}-${stream}.png`));
    return (
      await sharp(path(`${name}-${stream}.png`))
        .grayscale()
        .stats()
    ).channels[0]!.mean;
  };
  const [first, second] = [await meanOf("both.mp4", 0), await meanOf("both.mp4", 1)];
  expect(Math.abs(first - second)).toBeGreaterThan(20);
  const ada = server.person("ada");
  media.set("two-streams", readFileSync(path("both.mp4")));
  media.set("motion", motion("both.mp4"));
  for (const reference of media.keys()) {
    await check(media.get(reference)!, `?reference=${reference}`);
    // It may have joined the card of an earlier upload. The newest one is shown.
    const { cards } = server.service.review!;
    const card = cards.list("open", 50).find(({ number }) => cards.references(number)[0] === reference)!;
    expect((await ada.get(`/review/cards/${card.number}`)).status).toBe(200);
    const body = new URLSearchParams({ token: ada.token(), level: "3" }).toString();
    const type = "application/x-www-form-urlencoded";
    const headers = { cookie: ada.cookies(), origin: server.url, "content-type": type };
    const address = `${server.url}/review/cards/${card.number}/reveals`;
    const response = await fetch(address, { method: "POST", headers, body });
    expect(response.status, reference).toBe(200);
    const { channels } = await sharp(Buffer.from(await response.arrayBuffer())).stats();
    expect(Math.abs(channels[0]!.mean - second), reference).toBeLessThan(10);
  }
});
