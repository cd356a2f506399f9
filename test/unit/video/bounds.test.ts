/** What a video index finds at each bound, at the last value and at the next one. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { hashVideo, type VideoFrame, VideoIndex, type VideoSignature } from "../../../dist/doors/video.js";
import { announce, newState } from "../../../dist/video/ffmpeg/decode-state.js";
import { entryFinder } from "../../../dist/video-index/search.js";
import { Entries, type Entry, frameIds } from "../../../dist/video-index/entries.js";
import { timelineOf } from "../../../dist/video-index/timeline.js";
import { Film, hex, type Piece, shown } from "../../support/video/films.ts";

/** A hash with its last bits flipped. */
const flip = (hash: string, bits: number): string =>
  (BigInt(`0x${hash}`) ^ ((1n << BigInt(bits)) - 1n)).toString(16).padStart(64, "0");
const flipped = (video: VideoSignature, bits: number): VideoSignature => ({
  ...video,
  frames: video.frames.map((frame) => ({ ...frame, hash: flip(frame.hash, bits) })),
});
const hash = hex(new Film(9, 5).at(0));
const of = (film: Film, from: number, seconds: number): Piece => ({ film, from, seconds });
/** Ten seconds of one image. */
const still = (value: string): VideoSignature => {
  const video = shown([of(new Film(3, 10), 0, 10)], 25);
  return { ...video, frames: video.frames.map((frame) => ({ ...frame, hash: value })) };
};
const isFound = async (
  known: VideoSignature | { hash: string },
  query: VideoSignature | { hash: string },
  more = {},
) => {
  using index = new VideoIndex();
  index.add("known", known);
  return (await index.search(query, more)).length === 1;
};

describe("the radius", () => {
  test("an image and a video match at 31 bits and not at 32, whichever of them is known", async () => {
    for (const [bits, found] of [
      [31, true],
      [32, false],
      [46, false],
    ] as const) {
      const image = { hash: flip(hash, bits) };
      expect(await isFound(image, still(hash))).toBe(found);
      expect(await isFound(still(hash), image)).toBe(found);
      expect(await isFound({ hash }, image)).toBe(found);
    }
  });

  test("another radius is kept as exactly", async () => {
    for (const radius of [0, 10, 60]) {
      for (const [bits, found] of [
        [radius, true],
        [radius + 1, false],
      ] as const) {
        const image = { hash: flip(hash, bits) };
        expect(await isFound(image, still(hash), { radius })).toBe(found);
        expect(await isFound(still(hash), image, { radius })).toBe(found);
        expect(await isFound({ hash }, image, { radius })).toBe(found);
      }
    }
  });

  test("a whole video of one image matches at 16 bits, and at 17 it is a weak match", async () => {
    expect(await isFound(still(flip(hash, 16)), still(hash))).toBe(true);
    expect(await isFound(still(flip(hash, 17)), still(hash))).toBe(false);
    expect(await isFound(still(flip(hash, 46)), still(hash), { includeWeak: true })).toBe(true);
    expect(await isFound(still(flip(hash, 47)), still(hash), { includeWeak: true })).toBe(false);
  });

  test("a short clip needs a frame within 31 bits, and a long one needs many frames within 46", async () => {
    const film = new Film(21, 60);
    const known = shown([of(film, 0, 60)], 25);
    for (const [seconds, bits, found] of [
      [2, 31, true],
      [2, 32, false],
      [5, 31, true],
      [5, 32, false],
      [20, 32, true],
      [20, 46, true],
      [20, 47, false],
    ] as const) {
      const clip = shown([of(film, 20, seconds)], 25);
      expect([seconds, bits, await isFound(flipped(known, bits), clip)]).toEqual([seconds, bits, found]);
    }
  });
});

test("frames below the quality count neither in an entry nor in a query", async () => {
  const withQuality = (quality: number): VideoSignature => {
    const video = still(hash);
    return { ...video, frames: video.frames.map((frame) => ({ ...frame, quality })) };
  };
  for (const [quality, minQuality, found] of [
    [50, undefined, true],
    [49, undefined, false],
    [49, 49, true],
    [79, 80, false],
    [80, 80, true],
  ] as const) {
    const options = minQuality === undefined ? {} : { minQuality };
    expect(await isFound(still(hash), withQuality(quality), options)).toBe(found);
    expect(await isFound({ hash }, withQuality(quality), options)).toBe(found);
    expect(await isFound(still(hash), { hash, quality } as { hash: string }, options)).toBe(found);
  }
  expect(await isFound(withQuality(50), { hash })).toBe(true);
  expect(await isFound(withQuality(49), { hash }, { minQuality: 0 })).toBe(false);
});

describe("moving images at the beginnings or ends of two films that have nothing else in common", () => {
  const [a, b] = [new Film(31, 60), new Film(33, 60)];
  const leader = new Film(77, 8);
  /** Whether two films with six seconds in common match, and whether they match weakly. */
  const found = async (known: Piece[], query: Piece[]): Promise<[boolean, boolean]> => {
    const both = [shown(known, 25), shown(query, 25)] as const;
    return [await isFound(...both), await isFound(...both, { includeWeak: true })];
  };
  const six = of(leader, 0, 6);
  const strong = [true, true];
  const weak = [false, true];

  test("are a leader, which is a weak match", async () => {
    expect(await found([six, of(a, 0, 30)], [six, of(b, 0, 24)])).toEqual(weak);
    expect(await found([of(a, 0, 30), six], [of(b, 0, 24), six])).toEqual(weak);
  });

  test("are a match where they are at the beginning of one and the end of the other, or in the middle of both", async () => {
    expect(await found([of(a, 0, 30), six], [six, of(b, 0, 24)])).toEqual(strong);
    expect(await found([of(a, 0, 30), six, of(a, 30, 30)], [of(b, 0, 24), six, of(b, 24, 24)])).toEqual(strong);
  });

  test("are a leader up to 3 seconds from the end of one film, and 6 seconds more from the end of the other", async () => {
    const exit = (tailA: number, tailB: number) => {
      const tail = (film: Film, seconds: number): Piece[] => (seconds > 0 ? [of(film, 40, seconds)] : []);
      return found([of(a, 0, 30), six, ...tail(a, tailA)], [of(b, 0, 24), six, ...tail(b, tailB)]);
    };
    const beginning = (headA: number, headB: number) => {
      const head = (film: Film, seconds: number): Piece[] => (seconds > 0 ? [of(film, 40, seconds)] : []);
      return found([...head(a, headA), six, of(a, 0, 30)], [...head(b, headB), six, of(b, 0, 24)]);
    };
    for (const at of [exit, beginning]) {
      expect(await at(2.5, 2.5)).toEqual(weak);
      expect(await at(3.5, 3.5)).toEqual(strong);
      for (const [x, y, expected] of [
        [0, 5.5, weak],
        [5.5, 0, weak],
        [0, 6.5, strong],
        [6.5, 0, strong],
      ] as const) {
        expect(await at(x, y)).toEqual(expected);
      }
    }
  });
});

test("four images in turn are four only where they are far apart, however often they come", async () => {
  const [a, b] = [new Film(31, 60), new Film(33, 60)];
  /** Ten seconds in which four images alternate: one, and three that differ from it in so many bits each. */
  const alternating = (bits: number): Film => {
    const mask = (1n << BigInt(bits)) - 1n;
    const images = [0n, mask, mask << 64n, mask << 128n].map((flips) => BigInt(`0x${hash}`) ^ flips);
    const text = (time: number): string => images[Math.floor(time / 0.4) % 4]!.toString(16).padStart(64, "0");
    return { seconds: 10, at: (time: number) => Buffer.from(text(time), "hex") } as unknown as Film;
  };
  const found = async (bits: number): Promise<boolean> => {
    const scene = of(alternating(bits), 0, 10);
    const known = shown([of(a, 0, 30), scene, of(a, 30, 30)], 25);
    return isFound(known, shown([of(b, 0, 24), scene, of(b, 24, 24)], 25));
  };
  expect([await found(8), await found(15), await found(60)]).toEqual([false, false, true]);
});

test("a search finds the entries that existed when it began, and none that were added since", () => {
  const entries = new Entries();
  const video = (id: string): Entry => ({ id, kind: "video", timeline: timelineOf(still(hash), 50, undefined) });
  const first = video("first");
  const ids = frameIds(entries.add(first), first);
  const entryOf = entryFinder(entries.slots, entries.next);
  const later = video("later");
  const laterIds = frameIds(entries.add(later), later);
  expect(ids.length).toBeGreaterThan(0);
  for (const id of ids) expect(entryOf(id)).toBe(first);
  for (const id of laterIds) expect(entryOf(id)).toBeUndefined();
  for (const id of laterIds) expect(entryFinder(entries.slots, entries.next)(id)).toBe(later);
});

test("a video and an image of which no frame counts come through a file", async () => {
  const weak = { ...still(hash), frames: still(hash).frames.map((frame) => ({ ...frame, quality: 10 })) };
  const folder = mkdtempSync(join(tmpdir(), "empreinte-video-bounds-"));
  try {
    using index = new VideoIndex();
    index.add("video", weak);
    index.add("image", { hash, quality: 10 });
    await index.save(join(folder, "known.vidx"));
    using opened = await VideoIndex.open(join(folder, "known.vidx"));
    expect(["video", "image", "none"].map((id) => opened.has(id))).toEqual([true, true, false]);
    expect(await opened.search(still(hash))).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("a video may have maxFrames frames, and one more is refused", async () => {
  async function* frames(count: number): AsyncGenerator<VideoFrame> {
    for (let number = 0; number < count; number++) {
      const data = Uint8Array.from({ length: 64 * 64 }, (_, i) => (i * (number + 3)) & 255);
      yield { number, timestampSeconds: number / 10, width: 64, height: 64, channels: 1, data };
    }
  }
  expect((await hashVideo(frames(10), { sampling: "all", maxFrames: 10 })).frames).toHaveLength(10);
  const limit = { code: "ERR_EMPREINTE_LIMIT", limit: "maxFrames" };
  await expect(hashVideo(frames(11), { sampling: "all", maxFrames: 10 })).rejects.toMatchObject(limit);
  expect((await hashVideo(frames(1), { sampling: "all", maxPixels: 4096 })).frames).toHaveLength(1);
  const pixels = { code: "ERR_EMPREINTE_LIMIT", limit: "maxPixels" };
  await expect(hashVideo(frames(1), { sampling: "all", maxPixels: 4095 })).rejects.toMatchObject(pixels);
});

describe("the times of frames", () => {
  test("of a file never go back, and a frame without a time follows the one before", () => {
    const state = { ...newState(), frameRate: 10 };
    const line = { count: 0, width: 4, height: 3, fullRange: false };
    const times = [0, 2, 1, undefined, -5, 2.05, undefined, 7].map(
      (seconds) => announce({ ...line, seconds } as Parameters<typeof announce>[0], state).timestampSeconds,
    );
    expect(times).toEqual([0, 2, 2, 2.1, 2.1, 2.1, 2.2, 7].map((time) => expect.closeTo(time, 9) as number));
    expect(state).toMatchObject({ frames: 8, seconds: 7, width: 4, height: 3 });
  });

  test("the first frame of a file begins at 0 where it has no time or a negative one", () => {
    const line = { count: 0, width: 4, height: 3, fullRange: false };
    for (const seconds of [undefined, -1]) {
      const frame = announce({ ...line, seconds } as Parameters<typeof announce>[0], newState());
      expect(frame).toMatchObject({ number: 0, timestampSeconds: 0 });
    }
  });

  test("of frames from elsewhere never go back either", async () => {
    async function* frames(): AsyncGenerator<VideoFrame> {
      for (const [number, timestampSeconds] of [0, 2, 1, 3].entries()) {
        const data = Uint8Array.from({ length: 64 * 64 }, (_, i) => (i * (number + 3)) & 255);
        yield { number, timestampSeconds, width: 64, height: 64, channels: 1, data };
      }
    }
    const { frames: got, durationSeconds } = await hashVideo(frames(), { sampling: "all" });
    expect(got.map(({ timestampSeconds }) => timestampSeconds)).toEqual([0, 2, 2, 3]);
    expect(durationSeconds).toBeGreaterThanOrEqual(3);
  });
});
