/**
 * The watch and hosts that misbehave: nothing hangs, nothing fills the memory, and nothing is said that is not known.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Fetcher } from "empreinte-fetch";
import { hashImage } from "empreinte";
import type { BankStore } from "empreinte/bank";
import { hashVideo } from "empreinte/video";
import sharp from "sharp";
import { beforeEach, describe, expect, test } from "vitest";
import { convertClip, ffmpeg, makeClip, noFfmpeg, x264 } from "../../../test/support/video/video.ts";
import { needsLongRun } from "../../../test/support/long.ts";
import { type HostPage, HostSimulator, misbehaviours } from "../src/simulators/host.ts";
import { compareMedia } from "../src/watch/compare.ts";
import { type Fetched, Host } from "../src/watch/host.ts";
import { addWatch, type Observation, watched } from "../src/watch/items.ts";
import { mediaOf } from "../src/watch/page-media.ts";
import { digestOf, wordsOf } from "../src/watch/page-text.ts";
import { readRobots } from "../src/watch/robots.ts";
import { runWatch, type WatchOptions } from "../src/watch/run-watch.ts";
import { Slots } from "../src/watch/slots.ts";
import { after, folder, from, image, newStore, testEnvironment } from "./support.ts";

const environment = testEnvironment();
let store: BankStore;
let host: HostSimulator;
let origin: string;

beforeEach(async () => {
  store = await newStore();
  host = new HostSimulator();
  origin = await host.listen();
  after(() => host.close());
});

const put = (path: string, page: HostPage): string => {
  host.pages.set(path, page);
  return path;
};
const watch = (path: string, base = origin): string =>
  addWatch(store, { address: `${base}${path}`, case: "2026-7" }, environment.time).id;
const run = (more: WatchOptions = {}): Promise<number> =>
  runWatch(store, { environment, allow: ["127.0.0.0/8"], pauseSeconds: 0, deadlineSeconds: 60, ...more });
const last = (id: string): Observation =>
  watched(store)
    .find(({ item }) => item.id === id)!
    .history.at(-1)!;
const text = "some words of a page that has more than eight of them in it";

/** An image of noise, and of more than 256 KiB. */
const photo: Buffer = await sharp({
  create: {
    width: 400,
    height: 300,
    channels: 3,
    background: "black",
    noise: { type: "gaussian", mean: 128, sigma: 60 },
  },
})
  .png()
  .toBuffer();

describe("a page that misbehaves", () => {
  test.for(misbehaviours)("%s is neither gone nor there, and the host's other pages are judged", async (does, ctx) => {
    // Each of these waits for its deadline.
    if (does === "silent" || does === "drip") needsLongRun(ctx);
    const bad = watch(put("/bad", { does, body: text }));
    const good = watch(put("/good", { body: text }));
    const file = watch(put("/good.png", { type: "image/png", body: photo }));
    const waits = does === "silent" || does === "drip" || does === "endless-headers";
    expect(await run({ deadlineSeconds: waits ? 6 : 60 })).toBe(3);
    // Of text without end the first words count.
    const readable = does === "endless-text" || does === "bomb";
    expect(last(bad)).toMatchObject({
      state: readable ? "unchanged" : does === "endless-image" ? "unclear" : "unreachable",
    });
    expect([last(good).state, last(file).state]).toEqual(["unchanged", "unchanged"]);
  });

  test("without an end is the same page at the next check", async () => {
    const id = watch(put("/endless", { does: "endless-text" }));
    for (let i = 0; i < 3; i++) await run();
    expect(
      watched(store)
        .find(({ item }) => item.id === id)!
        .history.map(({ state }) => state),
    ).toEqual(["unchanged"]);
  });

  test("states more bytes than are read of a file: they are not read", async () => {
    // Its connection breaks off long before its end, which nobody waits for.
    const id = watch(put("/huge", { type: "image/jpeg", does: "truncated", body: Buffer.alloc(17 * 2 ** 20) }));
    await run();
    expect(last(id)).toMatchObject({ state: "unclear", reason: "the file is too large to be compared" });
  });

  test("is known although one of its images has no end, and another is at a private address", async () => {
    const shown = await image(1, "png", 1200);
    const { hash, quality } = await hashImage(shown);
    await store.import(from, [{ id: "1", signals: [{ type: "pdq", value: hash, quality }] }]);
    put("/endless.jpg", { does: "endless-image" });
    put("/inside.jpg", { does: "redirect-metadata" });
    put("/known.png", { type: "image/png", body: shown });
    const images = ["/endless.jpg", "/inside.jpg", "http://10.0.0.1/a.jpg", "/known.png"];
    const id = watch(put("/page", { body: `${text}${images.map((src) => `<img src="${src}">`).join("")}` }));
    await run();
    expect(last(id).state).toBe("there");
  });
});

describe("a host that does not answer", () => {
  test("is left alone after three requests, and does not hold up the others", async () => {
    let requests = 0;
    host.onRequest = (path) => void (path.startsWith("/bad") && requests++);
    const other = new HostSimulator();
    const otherOrigin = await other.listen();
    after(() => other.close());
    other.pages.set("/good", { body: text });
    const bad = Array.from({ length: 40 }, (_, i) => watch(put(`/bad${i}`, { does: "silent" })));
    const good = watch("/good", otherOrigin);
    await run({ deadlineSeconds: 0.5 });
    expect(requests).toBe(3);
    expect(bad.map((id) => last(id).state)).toEqual(bad.map(() => "unreachable"));
    // Items are checked in the order of their ids, which are random.
    const reasons = bad.map((id) => last(id).reason);
    expect(reasons.filter((reason) => reason === "timeout")).toHaveLength(3);
    expect(reasons.filter((reason) => reason === "the host did not answer in time 3 times in a row")).toHaveLength(37);
    expect(last(good).state).toBe("unchanged");
    // The next run tries again.
    await run({ deadlineSeconds: 0.5 });
    expect(requests).toBe(6);
  });

  test.each([
    ["silent", 1],
    ["drip", 1],
    ["redirect-private", 1],
    ["garbage", 2],
  ] as const)(
    "its robots.txt is %s: nothing else is requested, and the file no more than %i times",
    async (does, times) => {
      const requested: string[] = [];
      host.onRequest = (path) => void requested.push(path);
      put("/robots.txt", { does, body: "User-agent: *\n" });
      const ids = ["/a", "/b", "/c"].map((path) => watch(put(path, { body: text })));
      await run({ deadlineSeconds: 0.3 });
      expect(requested).toEqual(Array.from({ length: times }, () => "/robots.txt"));
      expect(ids.map((id) => last(id).state)).toEqual(ids.map(() => "unreachable"));
    },
  );
});

test("a connection that ends before its answer is tried once more", async () => {
  let requests = 0;
  host.onRequest = (path) => {
    if (path === "/a" && ++requests === 1) put("/a", { does: "garbage" });
    else if (path === "/a") put("/a", { body: text });
  };
  const id = watch(put("/a", { body: text }));
  await run();
  expect([requests, last(id).state]).toEqual([2, "unchanged"]);
});

describe("pages, scripts and rules that were written to take long", () => {
  const long = 2 ** 21;
  test.each([
    ["<"],
    ["<a"],
    ["<img "],
    ["<img a='"],
    ['<img a="'],
    ["<img a= "],
    ["<!--"],
    ["<script>"],
    ["</script "],
    ["&#1"],
    ["<img srcset='a,"],
    ["<img srcset=', "],
    ["url("],
    ["url( "],
    ["url(')"],
    ['<img src="data:image/png;base64,'],
    ["<a href=x.jpg "],
  ])("%s, again and again", (part) => {
    const html = part.repeat(Math.ceil(long / part.length));
    expect(digestOf(wordsOf(html).join(" "))).toHaveLength(15);
    expect(mediaOf(html, "https://host.example/", 20).length).toBeLessThan(21);
  });

  test.each([["a"], [" "], ["a "], ["="], ["x="], ["'"], ["-"]])("a tag with %s, again and again", (part) => {
    const html = `<img ${part.repeat(Math.ceil(long / part.length))} src="/a.jpg">`;
    expect(wordsOf(html)).toEqual([]);
    expect(mediaOf(html, "https://host.example/", 20).length).toBeLessThan(3);
  });

  test("a rule with many stars is answered at once, and means what it says", () => {
    const rules = readRobots(
      `User-agent: *\nDisallow: /${"*a".repeat(30)}b$\nDisallow: /x: ${" ".repeat(400_000)}y`,
      "b",
    );
    expect(rules.allows(`/${"a".repeat(2000)}`)).toBe(true);
    expect(rules.allows(`/${"a".repeat(2000)}b`)).toBe(false);
  });

  test("rules with stars and ends are those of the standard", () => {
    const allows = (rule: string, path: string): boolean =>
      readRobots(`User-agent: *\nDisallow: ${rule}`, "b").allows(path);
    for (const [rule, path] of [
      ["/a*b", "/axxb/c"],
      ["/a*b$", "/abb"],
      ["/*.gif$", "/x.gif"],
      ["/a**b", "/ab"],
      ["*", "/"],
      ["/a$", "/a"],
      ["/*$", "/a"],
    ] as const) {
      expect(allows(rule, path), `${rule} ${path}`).toBe(false);
    }
    for (const [rule, path] of [
      ["/a*b$", "/abc"],
      ["/a$", "/ab"],
      ["/ab*b$", "/ab"],
      ["/a*c*b", "/abc"],
    ] as const) {
      expect(allows(rule, path), `${rule} ${path}`).toBe(true);
    }
  });

  test("a text's smaller sign is no tag, and an attribute may have a larger sign in it", () => {
    expect(wordsOf("1 < 2 and more <b title='a>b'>bold</b>")).toEqual(["0", "0", "and", "more", "b", "bold"]);
    expect(
      mediaOf(`<img alt="a > b" src="/a.jpg"><video src=/b.mp4><source src='/c.webm'></video>`, origin, 9),
    ).toEqual(["/a.jpg", "/b.mp4", "/c.webm"].map((path) => `${origin}${path}`));
  });
});

test("of the pages for what is missing, those of eight folders are kept", async () => {
  const fetcher = new Fetcher({ allow: ["127.0.0.0/8"] });
  after(() => fetcher.close());
  const largeBodies = new Slots(1);
  const one = new Host({ fetcher, environment, pauseSeconds: 0, deadlineSeconds: 60, largeBodies });
  const requests: string[] = [];
  host.onRequest = (path) => void requests.push(path.split("/")[1]!);
  for (const name of [0, 1, 2, 3, 4, 5, 6, 7, 0, 8, 8, 1, 0]) await one.missing(`${origin}/${name}/page`);
  expect(requests.join("")).toBe("0123456780");
});

test("slots are given in turn, and whoever gives up leaves the line", async () => {
  const slots = new Slots(1);
  const first = await slots.take();
  const order: number[] = [];
  const gaveUp = new AbortController();
  const line = [1, 2, 3].map(async (i) => {
    const release = await slots.take(i === 2 ? gaveUp.signal : undefined);
    order.push(i);
    return release;
  });
  gaveUp.abort(new Error("gave up"));
  await expect(line[1]).rejects.toThrow("gave up");
  first();
  first();
  (await line[0]!)();
  (await line[2]!)();
  expect(order).toEqual([1, 3]);
  (await slots.take())();
});

test("who needs more slots than are free waits for them, and so do those behind it", async () => {
  const slots = new Slots(4);
  const held = await Promise.all([slots.take(), slots.take(undefined, 2)]);
  const order: string[] = [];
  const gaveUp = new AbortController();
  const take = async (name: string, needed: number, signal?: AbortSignal): Promise<() => void> => {
    const release = await slots.take(signal, needed);
    order.push(name);
    return release;
  };
  const none = take("none", 3, gaveUp.signal);
  const [one, all] = [take("one", 1), take("all", 99)];
  await new Promise(setImmediate);
  expect(order).toEqual([]);
  gaveUp.abort(new Error("gave up"));
  await expect(none).rejects.toThrow("gave up");
  (await one)();
  held[0]!();
  await new Promise(setImmediate);
  expect(order).toEqual(["one"]);
  held[1]!();
  (await all)();
  expect(order).toEqual(["one", "all"]);
});

describe.skipIf(ffmpeg === undefined)(`videos${ffmpeg === undefined ? ` (${noFfmpeg})` : ""}`, () => {
  const source = (seed: number): string =>
    `life=s=32x24:r=5:seed=${seed}:ratio=0.3:mold=10,scale=320:240:flags=bilinear,trim=duration=8`;
  async function known(): Promise<{ entryNumber: number; copy: Buffer; other: Buffer }> {
    const clips = folder();
    const [film, copy, other] = ["film.mp4", "copy.webm.mp4", "other.mp4"].map((name) => join(clips, name)) as [
      string,
      string,
      string,
    ];
    await makeClip(film, source(3), ...x264);
    await makeClip(other, source(99), ...x264);
    await convertClip(copy, film, "-vf", "scale=240:180", ...x264, "-crf", "32");
    const { frames } = await hashVideo(film, { sampling: { fps: 2 } });
    const signals = frames.map(({ hash, quality, timestampSeconds }) => {
      return { type: "vpdq" as const, value: hash, quality, timestampSeconds };
    });
    await store.import(from, [{ id: "film", signals }]);
    const { entryNumber } = [...store.entries(from)][0]!;
    return { entryNumber, copy: readFileSync(copy), other: readFileSync(other) };
  }

  test("a copy of a known video is there: as a file, in a page, and under a wrong type", async (ctx) => {
    needsLongRun(ctx);
    const { entryNumber, copy, other } = await known();
    put("/copy.mp4", { type: "video/mp4", body: copy });
    put("/other.mp4", { type: "video/mp4", body: other });
    put("/hidden", { type: "application/octet-stream", body: copy });
    put("/page", { body: `${text}<video src="/other.mp4"></video><video><source src="/copy.mp4"></video>` });
    put("/card", { body: `${text}<meta property="og:video" content="${origin}/copy.mp4">` });
    put("/without", { body: `${text}<video src="/other.mp4"></video>` });
    const wanted = {
      "/copy.mp4": "there",
      "/hidden": "there",
      "/page": "there",
      "/card": "there",
      "/other.mp4": "unchanged",
      "/without": "unchanged",
    };
    const ids = Object.keys(wanted).map(
      (path) => addWatch(store, { address: `${origin}${path}`, case: "1", entryNumber }, environment.time).id,
    );
    await run({ deadlineSeconds: 60 });
    expect(Object.fromEntries(ids.map((id, i) => [Object.keys(wanted)[i], last(id).state]))).toEqual(wanted);
    // An image that became a video, which is the known one.
    put("/other.mp4", { type: "image/jpeg", body: copy });
    await run({ deadlineSeconds: 60 });
    expect(last(ids[4]!).state).toBe("there");
  });
});

describe("a comparison that is ended", () => {
  const item = { id: "1", address: "http://host.example/", case: "1", since: 0, deadlineHours: 48 };
  const seen = (words: string | undefined, media: string[]): Fetched => ({
    page: { status: 200, requested: item.address, answered: item.address, digest: "", words } as Fetched["page"],
    headers: {},
    media,
    bytes: photo,
    more: false,
    release: () => undefined,
  });
  const failure = new Error("the connection ended");
  const stopped = new Error("stopped");

  test.each([
    ["while an image of a page is fetched", seen("words", ["/1.jpg", "/2.jpg"]), 2],
    ["while a file is compared", seen(undefined, []), 1],
  ])("%s says nothing of the address", async (_, fetched, failures) => {
    for (const stops of [true, false]) {
      const stop = new AbortController();
      let calls = 0;
      const fail = async (): Promise<never> => {
        calls++;
        if (stops) stop.abort(stopped);
        throw failure;
      };
      const comparison = {
        store: { searchImage: fail } as unknown as BankStore,
        videos: new Slots(1),
        isolation: "none" as const,
        signal: stop.signal,
      };
      const compared = compareMedia(comparison, { fetch: fail } as unknown as Host, item, fetched);
      if (stops) await expect(compared).rejects.toBe(stopped);
      else expect(await compared).toEqual({ found: false, compared: 0, failed: failures });
      expect(calls).toBe(stops ? 1 : failures);
    }
  });
});
