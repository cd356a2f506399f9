import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { hashImage, hashPixelsSync, orientationNames, type RawPixels } from "../../../dist/index.js";
import { type OrientationHashes } from "../../../dist/hash/orientations.js";
import {
  hashVideo,
  type VideoFrame,
  VideoIndex,
  type VideoSegment,
  type VideoSignature,
} from "../../../dist/doors/video.js";
import { Film, hex, randomOf, shown } from "../../support/video/films.ts";

const films = Array.from({ length: 8 }, (_, i) => new Film(i + 1, 60));
const [film, other] = films as [Film, Film];
const whole = (of: Film, fps = 1): VideoSignature => shown([{ film: of, from: 0, seconds: of.seconds }], fps);
const makeImage = (
  hash: Uint8Array,
  quality = 100,
  stable = true,
): { hash: string; quality: number; stable: boolean } => {
  return { hash: hex(hash), quality, stable };
};

function filled(fps = 1): VideoIndex {
  const index = new VideoIndex();
  films.forEach((each, i) => index.add(`film ${i}`, whole(each, fps)));
  return index;
}

const folder = mkdtempSync(join(tmpdir(), "empreinte-video-index-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("a clip in a film", () => {
  test("its segment, speed and shares, from a list of one frame a second", async () => {
    using index = filled();
    const query = shown([{ film, from: 20, seconds: 15 }], 25, 3);
    const matches = await index.search(query);
    expect(matches).toHaveLength(1);
    const { id, kind, orientation, segments, queryShare, knownShare } = matches[0]!;
    expect({ id, kind, orientation }).toEqual({ id: "film 0", kind: "video", orientation: "orig" });
    expect(segments).toHaveLength(1);
    const { queryFrom, queryTo, knownFrom, knownTo, speed, distance, share } = segments[0]!;
    expect(queryFrom).toBeLessThan(0.5);
    expect(queryTo).toBeGreaterThan(14.5);
    expect(Math.abs(knownFrom - 20)).toBeLessThan(0.5);
    expect(Math.abs(knownTo - 35)).toBeLessThan(0.5);
    expect(speed).toBeCloseTo(1, 1);
    expect(distance).toBeLessThan(12);
    expect(share).toBeGreaterThan(0.8);
    expect(queryShare).toBeGreaterThan(0.95);
    expect(Math.abs(knownShare - 0.25)).toBeLessThan(0.02);
  });

  test.each([0.5, 0.8, 1.25, 2])("at %f times its speed", async (speed) => {
    using index = filled();
    const [match] = await index.search(shown([{ film, from: 10, seconds: 30 / speed, speed }], 25, 3));
    expect(match?.id).toBe("film 0");
    expect(match?.segments).toHaveLength(1);
    expect(match!.segments[0]!.speed / speed).toBeCloseTo(1, 1);
    expect(Math.abs(match!.segments[0]!.knownTo - 40)).toBeLessThan(0.7);
  });

  test("a compilation names each film and where it is", async () => {
    using index = filled(5);
    const pieces = [1, 4, 2].map((i) => ({ film: films[i]!, from: 7 * i, seconds: 12 }));
    const matches = await index.search(shown(pieces, 25, 3));
    expect(matches.map(({ id }) => id).toSorted()).toEqual(["film 1", "film 2", "film 4"]);
    [1, 4, 2].forEach((i, place) => {
      const { segments } = matches.find(({ id }) => id === `film ${i}`)!;
      expect(segments).toHaveLength(1);
      expect(Math.abs(segments[0]!.queryFrom - 12 * place)).toBeLessThan(0.5);
      expect(Math.abs(segments[0]!.knownFrom - 7 * i)).toBeLessThan(0.5);
    });
  });

  test("a tenth of the frames is looked up, and gives what all of them give", async () => {
    using index = filled();
    const query = shown([{ film: other, from: 3.3, seconds: 40 }], 25, 3);
    expect(await index.search(query, { lookUp: "adaptive" })).toEqual(await index.search(query, { lookUp: "all" }));
  });

  test("nothing of another film", async () => {
    using index = filled();
    expect(await index.search(whole(new Film(99, 60), 25), { includeWeak: true })).toEqual([]);
  });

  test("a mirrored one by the hashes of its orientations", async () => {
    using index = filled();
    const query = shown([{ film, from: 20, seconds: 15 }], 25, 3);
    // The clip is the mirror image: its own hashes are a stranger's, those of its mirror image the film's.
    const stranger = shown([{ film: new Film(77, 60), from: 0, seconds: 15 }], 25);
    const mirrored = query.frames.map((frame, i) => {
      const { hash } = stranger.frames[i]!;
      const orientations = Object.fromEntries(
        orientationNames.map((name) => [name, hash]),
      ) as unknown as OrientationHashes;
      return { ...frame, hash, orientations: { ...orientations, flipY: frame.hash } };
    });
    const matches = await index.search({ ...query, frames: mirrored });
    expect(matches.map(({ id, orientation }) => [id, orientation])).toEqual([["film 0", "flipY"]]);
    expect(await index.search({ ...query, frames: mirrored }, { orientations: false })).toEqual([]);
  });
});

describe("images", () => {
  test("one in a film, with the seconds it is there", async () => {
    using index = filled();
    const matches = await index.search(makeImage(film.at(31)));
    expect(matches.map(({ id, kind }) => [id, kind])).toEqual([["film 0", "video"]]);
    const { segments, distance } = matches[0]!;
    expect(distance).toBeLessThan(31);
    expect(segments.some(({ knownFrom, knownTo }) => knownFrom <= 31 && knownTo >= 31)).toBe(true);
    expect(segments.every(({ queryFrom, queryTo }) => queryFrom === 0 && queryTo === 0)).toBe(true);
  });

  test("a frame of a film is found among images, with the seconds of the film", async () => {
    using index = new VideoIndex();
    index.add("still", makeImage(film.at(31)));
    index.add("stranger", makeImage(new Film(50, 10).at(0)));
    index.add("blurred", makeImage(film.at(31), 49));
    index.add("noise", makeImage(film.at(31), 100, false));
    expect(index.size).toBe(4);
    const matches = await index.search(whole(film, 25));
    expect(matches.map(({ id, kind, knownShare }) => [id, kind, knownShare])).toEqual([["still", "image", 1]]);
    expect(matches[0]!.segments.some(({ queryFrom, queryTo }) => queryFrom <= 31.05 && queryTo >= 30.95)).toBe(true);
  });

  test("an image is found among images, but not one of low quality", async () => {
    using index = new VideoIndex();
    index.add(7, makeImage(film.at(3)));
    expect(await index.search(makeImage(film.at(3)))).toMatchObject([{ id: 7, kind: "image", distance: 0 }]);
    expect(await index.search(makeImage(film.at(3), 10))).toEqual([]);
    expect(await index.search(makeImage(film.at(3), 10), { minQuality: 0 })).toHaveLength(1);
  });
});

describe("searchVideo and searchImage", () => {
  const [width, height] = [96, 64];
  /** A scene of soft spots, which move with time. */
  const scene = (seed: number, time: number): Uint8Array => {
    const random = randomOf(seed);
    const spots = Array.from({ length: 12 }, () => [width * random(), height * random(), 4 + 10 * random(), random()]);
    return Uint8Array.from({ length: width * height }, (_, i) => {
      const [x, y] = [i % width, Math.floor(i / width)];
      return spots.reduce((sum, [cx, cy, size, light]) => {
        return sum + 120 * light! * Math.exp(-((x - cx! - time) ** 2 + (y - cy!) ** 2) / size! ** 2);
      }, 20);
    });
  };
  const mirrored = (image: Uint8Array): Uint8Array =>
    image.map((_, i) => image[i - (i % width) + width - 1 - (i % width)]!);
  const pixels = (data: Uint8Array): RawPixels => ({ data, width, height, channels: 1 });
  async function* frames(seeds: readonly number[], change = (image: Uint8Array) => image): AsyncGenerator<VideoFrame> {
    for (let number = 0; number < 5 * seeds.length; number++) {
      const data = change(scene(seeds[Math.floor(number / 5)]!, number % 5));
      yield { number, timestampSeconds: number / 5, ...pixels(data) } as VideoFrame;
    }
  }
  const seeds = Array.from({ length: 12 }, (_, i) => i + 1);
  const known = async (): Promise<VideoIndex> => {
    const index = new VideoIndex();
    index.add("film", await hashVideo(frames(seeds), { sampling: "all" }));
    return index;
  };

  test("a mirrored video is found at the default level, with the answer of search", async () => {
    using index = await known();
    const { matches, signature } = await index.searchVideo(frames(seeds, mirrored));
    expect(matches).toMatchObject([{ id: "film", kind: "video", orientation: "flipY" }]);
    expect(signature.frames.every((frame) => frame.orientations !== undefined && frame.trimmed === undefined)).toBe(
      true,
    );
    expect(await index.search(signature)).toEqual(matches);
  });

  test("a mirrored image is found in a video, at its time, and among images", async () => {
    using index = await known();
    index.add("still", await hashImage(pixels(scene(4, 2))));
    const image = pixels(mirrored(scene(4, 2)));
    const { matches, hash, quality, stable } = await index.searchImage(image);
    expect({ hash, quality, stable }).toMatchObject(hashPixelsSync(image));
    expect(matches.map(({ id, kind, orientation }) => [id, kind, orientation]).toSorted()).toEqual([
      ["film", "video", "flipY"],
      ["still", "image", "flipY"],
    ]);
    const [{ knownFrom, knownTo }] = matches.find(({ id }) => id === "film")!.segments as [VideoSegment];
    expect(knownFrom).toBeLessThanOrEqual(3.4);
    expect(knownTo).toBeGreaterThanOrEqual(3.4);
    expect((await index.searchImage(pixels(scene(99, 0)))).matches).toEqual([]);
  });

  test("the options of searchImage are checked, and a closed index refuses", async () => {
    using index = await known();
    const image = pixels(scene(4, 2));
    await expect(index.searchImage(image, { radius: 300 })).rejects.toThrow("for radius");
    await expect(index.searchImage(image, { lookUp: "all" } as object)).rejects.toThrow("Unknown option lookUp");
    await expect(index.searchImage(image, { maxPixels: 100 })).rejects.toThrow("maxPixels raises this limit");
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(index.searchImage(image, { signal })).rejects.toThrow("enough");
    index.close();
    await expect(index.searchImage(image)).rejects.toMatchObject({ code: "ERR_EMPREINTE_CLOSED" });
    await expect(index.searchVideo(frames(seeds))).rejects.toMatchObject({ code: "ERR_EMPREINTE_CLOSED" });
  });
});

describe("what says too little", () => {
  const with_leader = (of: Film, digits: Film): VideoSignature => {
    // Five digits of a second each, the same before every film.
    const leader = Array.from({ length: 5 }, (_, i) => digits.at(100 * i));
    const signature = whole(of, 25);
    signature.frames.forEach((frame, i) => {
      if (i < 125) frame.hash = hex(leader[Math.floor(i / 25)]!);
    });
    return signature;
  };

  test("the countdown that two films share", async () => {
    using index = new VideoIndex();
    const digits = new Film(5, 600);
    index.add("one", with_leader(film, digits));
    const query = with_leader(other, digits);
    expect(await index.search(query)).toEqual([]);
    expect(await index.search(query, { includeWeak: true })).toMatchObject([{ id: "one" }]);
  });

  test("frames below the quality or unstable", async () => {
    using index = filled();
    const query = shown([{ film, from: 20, seconds: 15 }], 25);
    const spoilt = query.frames.map((frame, i) => ({ ...frame, ...(i % 2 ? { quality: 49 } : { stable: false }) }));
    expect(await index.search({ ...query, frames: spoilt })).toEqual([]);
  });
});

describe("entries", () => {
  test("add, replace and remove are of whole videos", async () => {
    using index = filled();
    const query = shown([{ film, from: 20, seconds: 15 }], 25, 3);
    expect(() => index.add("film 0", whole(other))).toThrowError(
      expect.objectContaining({ code: "ERR_EMPREINTE_DUPLICATE_ID" }),
    );
    index.replace("film 0", whole(new Film(60, 30)));
    expect(await index.search(query)).toEqual([]);
    index.replace("film 3", whole(film));
    expect(await index.search(query)).toMatchObject([{ id: "film 3" }]);
    index.remove("film 3");
    expect(index.has("film 3")).toBe(false);
    expect(await index.search(query)).toEqual([]);
    expect(index.size).toBe(7);
    for (const call of [() => index.remove("film 3"), () => index.replace("film 3", whole(film))]) {
      expect(call).toThrowError(expect.objectContaining({ code: "ERR_EMPREINTE_UNKNOWN_ID" }));
    }
    expect(index.stats().rows).toBe(6 * 60 + 30);
  });

  test("a search sees what was there when it began", async () => {
    using index = filled();
    const query = shown([{ film, from: 20, seconds: 15 }], 25, 3);
    const search = index.search(query);
    index.remove("film 0");
    index.add("later", whole(film));
    expect(await search).toMatchObject([{ id: "film 0" }]);
    expect(await index.search(query)).toMatchObject([{ id: "later" }]);
  });

  test("a video without a frame, and one without a good one", async () => {
    using index = new VideoIndex();
    const empty = { ...whole(film), frames: [], durationSeconds: 0 };
    index.add("empty", empty);
    expect(await index.search(whole(film))).toEqual([]);
    expect(await index.search(empty)).toEqual([]);
    index.remove("empty");
    expect(index.size).toBe(0);
  });

  test.each([
    [{ radius: 300 }, "Expected integer between 0 and 256 for radius but received 300 of type number"],
    [{ lookUp: "some" }, 'Expected one of adaptive, all for lookUp but received "some" of type string'],
    [{ minSpeed: 3 }, "Expected number from 0.1 to maxSpeed for minSpeed but received 3 of type number"],
    [{ lookup: "all" }, "Unknown option lookup"],
  ])("the options %j are refused", async (options, sentence) => {
    using index = filled();
    await expect(index.search(whole(film), options as object)).rejects.toThrow(sentence);
  });

  test.each([
    [{}, "for query"],
    [{ hash: "00".repeat(32), quality: "high" }, "for quality"],
    [{ ...whole(film), durationSeconds: NaN }, "for durationSeconds"],
    [{ ...whole(film), sampling: "some" }, "for sampling"],
    [{ ...whole(film), frames: [{ ...whole(film).frames[0], hash: "12" }] }, "Expected a hash"],
    [{ ...whole(film), frames: [{ ...whole(film).frames[0], timestampSeconds: Infinity }] }, "for timestampSeconds"],
  ])("an invalid signature is refused (%#)", async (signature, sentence) => {
    using index = new VideoIndex();
    expect(() => index.add("a", signature as VideoSignature)).toThrow(sentence);
    expect(index.size).toBe(0);
    await expect(index.search(signature as VideoSignature)).rejects.toThrow(sentence);
  });

  test("closed, and aborted", async () => {
    const index = filled();
    await expect(index.search(whole(film), { signal: AbortSignal.abort(new Error("enough")) })).rejects.toThrow(
      "enough",
    );
    index.close();
    index.close();
    expect(index.size).toBe(0);
    expect(() => index.add("a", whole(film))).toThrowError(expect.objectContaining({ code: "ERR_EMPREINTE_CLOSED" }));
    await expect(index.search(whole(film))).rejects.toMatchObject({ code: "ERR_EMPREINTE_CLOSED" });
  });
});

describe("the file", () => {
  const path = join(folder, "known.videos");

  test("opens the saved videos and images", async () => {
    using index = filled();
    index.add(5, makeImage(film.at(31)));
    index.remove("film 6");
    await index.save(path);
    using opened = await VideoIndex.open(path);
    expect(opened.size).toBe(8);
    const query = shown([{ film, from: 20, seconds: 15 }], 25, 3);
    const matches = await opened.search(query);
    expect(matches).toEqual(await index.search(query));
    expect(matches.map(({ id }) => id).toSorted()).toEqual([5, "film 0"]);
    opened.remove(5);
    expect(readdirSync(folder)).toEqual(["known.videos"]);
  });

  test("a byte changed anywhere, or cut anywhere, is refused", async () => {
    using index = new VideoIndex();
    index.add("a", whole(film));
    await index.save(path);
    const bytes = readFileSync(path);
    const damaged = join(folder, "damaged");
    for (let at = 0; at < bytes.length; at += 1 + Math.floor(bytes.length / 60)) {
      const changed = Buffer.from(bytes);
      changed[at]! ^= 4;
      writeFileSync(damaged, changed);
      await expect(VideoIndex.open(damaged)).rejects.toMatchObject({ code: "ERR_EMPREINTE_INDEX_FILE" });
      writeFileSync(damaged, bytes.subarray(0, at));
      await expect(VideoIndex.open(damaged)).rejects.toMatchObject({ code: "ERR_EMPREINTE_INDEX_FILE" });
    }
    rmSync(damaged);
    await expect(VideoIndex.open(damaged)).rejects.toMatchObject({ code: "ERR_EMPREINTE_READ" });
    await expect(index.save(join(folder, "none", "file"))).rejects.toMatchObject({ code: "ERR_EMPREINTE_WRITE" });
  });

  test("a file of another version is refused, with what to do about an older one", async () => {
    using index = new VideoIndex();
    index.add("a", whole(film));
    await index.save(path);
    const bytes = readFileSync(path);
    expect(bytes.readUInt32LE(8)).toBe(2);
    const other = join(folder, "other");
    for (const [version, sentence] of [
      [1, "older version of empreinte: build the index again"],
      [3, "newer version of empreinte"],
    ] as const) {
      const body = Buffer.from(bytes.subarray(0, -32));
      body.writeUInt32LE(version, 8);
      writeFileSync(other, Buffer.concat([body, createHash("sha256").update(body).digest()]));
      await expect(VideoIndex.open(other)).rejects.toThrow(sentence);
    }
    rmSync(other);
  });

  test("with its checksum made right: refused, or searched like any other", async () => {
    using index = filled();
    index.add("still", makeImage(film.at(31)));
    await index.save(path);
    const bytes = readFileSync(path);
    const text = bytes.readUInt32LE(12);
    const forged = join(folder, "forged");
    const query = shown([{ film, from: 20, seconds: 15 }], 25, 3);
    const random = randomOf(3);
    const below = (n: number): number => Math.floor(n * random());
    /** Of numbers in the text, of hashes and of times. */
    const odd = ["-1", "1e9", "0.5", "null", "[]", '"film 1"', "1e-7", "9007199254740993"];
    let [refused, searched] = [0, 0];
    for (let round = 0; round < 150; round++) {
      let body = Buffer.from(bytes.subarray(0, -32));
      if (round % 3 === 0) {
        const json = body.toString("utf8", 16, 16 + text);
        const numbers = [...json.matchAll(/(?<=:)[^,}]+/g)];
        const { index: at, 0: value } = numbers[below(numbers.length)]!;
        const other = Buffer.from(json.slice(0, at) + odd[below(odd.length)]! + json.slice(at + value.length));
        body = Buffer.concat([body.subarray(0, 16), other, body.subarray(16 + text)]);
        body.writeUInt32LE(other.length, 12);
      } else if (round % 3 === 1) {
        for (let i = 0; i < 8; i++) body[12 + below(body.length - 12)]! ^= 1 << below(8);
      } else {
        body.writeDoubleLE([NaN, Infinity, -1, 1e300, 30.5][below(5)]!, 16 + text + 48 * below(60) + 8 * below(5));
      }
      writeFileSync(forged, Buffer.concat([body, createHash("sha256").update(body).digest()]));
      const opened = await VideoIndex.open(forged).catch((error: unknown) => error);
      if (!(opened instanceof VideoIndex)) {
        expect(opened).toMatchObject({ code: "ERR_EMPREINTE_INDEX_FILE" });
        refused++;
        continue;
      }
      searched++;
      await opened.search(query, { includeWeak: true });
      await opened.search(makeImage(film.at(31)));
      opened.close();
    }
    expect(refused).toBeGreaterThan(40);
    expect(searched).toBeGreaterThan(20);
  });

  test("times that no video has are refused when they are added", () => {
    using index = new VideoIndex();
    const { frames, ...rest } = whole(film);
    const late = frames.map((frame) => ({ ...frame, timestampSeconds: 1e9, lastTimestampSeconds: 1e9 }));
    for (const wrong of [
      { ...rest, frames: late },
      { ...rest, frames, durationSeconds: 1e9 },
      { ...rest, frames, sampling: { fps: 1e-7 } },
    ]) {
      expect(() => index.add("a", wrong)).toThrow(expect.objectContaining({ code: "ERR_EMPREINTE_INVALID_ARGUMENT" }));
    }
    expect(index.size).toBe(0);
  });
});
