/** Borders around a video: frames made here, whose content is known, and an edited clip found through the index. */
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { hashPixelsSync, type RawPixels } from "../../../dist/index.js";
import { InvalidArgumentError } from "../../../dist/errors.js";
import { hashVideo, type SignatureFrame, VideoIndex, writeVpdq } from "../../../dist/doors/video.js";
import { empreinte } from "../../support/cli.ts";
import { randomOf } from "../../support/video/films.ts";
import { ffmpeg, makeClip, noFfmpeg, videoFolder, x264 } from "../../support/video/video.ts";
import { needsLongRun } from "../../support/long.ts";

type Grey = RawPixels & { timestampSeconds: number };

/** Smooth noise that drifts: an image without straight edges or uniform lines, other for each seed. */
function scene(seed: number, width: number, height: number, drift = 0): Uint8Array {
  const random = randomOf(seed);
  const waves = Array.from({ length: 24 }, () => [9 * random() - 4, 9 * random() - 4, 6.3 * random()] as const);
  return Uint8Array.from({ length: width * height }, (_, i) => {
    const [x, y] = [(i % width) / width + drift, Math.floor(i / width) / height];
    const sum = waves.reduce((all, [a, b, c]) => all + Math.sin(6.3 * (a * x + b * y) + c), 0);
    return Math.max(0, Math.min(255, Math.round(128 + 22 * sum)));
  });
}

const size = { width: 320, height: 240 };

interface Inside {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** A scene of its own size at a place of a frame of one brightness. */
function framed(image: Uint8Array, { left, top, width, height }: Inside, brightness: number): Uint8Array {
  const data = new Uint8Array(size.width * size.height).fill(brightness);
  for (let y = 0; y < height; y++) {
    data.set(image.subarray(y * width, (y + 1) * width), (top + y) * size.width + left);
  }
  return data;
}

async function* frames(all: Iterable<Uint8Array>, fps = 10): AsyncGenerator<Grey> {
  // One buffer for all, as a decoder of somebody's own may have it.
  const data = new Uint8Array(size.width * size.height);
  let number = 0;
  for (const frame of all) {
    data.set(frame);
    yield { ...size, channels: 1, data, timestampSeconds: number++ / fps };
  }
}

const trimmed = async (all: Iterable<Uint8Array>): Promise<SignatureFrame[]> =>
  (await hashVideo(frames(all) as never, { sampling: "all", trim: true })).frames;

const border: Inside = { left: 32, top: 24, width: 256, height: 192 };
const bar: Inside = { left: 0, top: 60, width: 320, height: 180 };

/** As `frames` of a signature should be: of the part, cut out by hand. */
function expectHashes(found: readonly SignatureFrame[], images: readonly Uint8Array[], inside: Inside): void {
  for (const [i, { trimmed }] of found.entries()) {
    const { width, height, left, top } = inside;
    const by = hashPixelsSync({ data: images[i]!, width, height, channels: 1 });
    expect(trimmed).toMatchObject({ hash: by.hash, quality: by.quality, stable: by.stable });
    expect(trimmed!.region).toEqual({
      left: left / size.width,
      top: top / size.height,
      right: (left + width) / size.width,
      bottom: (top + height) / size.height,
    });
  }
}

const shot = (seed: number, { width, height }: Inside, n: number): Uint8Array[] =>
  Array.from({ length: n }, (_, i) => scene(seed, width, height, i / 200));

describe("the surroundings of a video", () => {
  it("the hash of a bordered frame is the image's own, in shots of one frame, of eight, and of more", async () => {
    for (const n of [1, 8, 21]) {
      const images = shot(5, border, n);
      const found = await trimmed(images.map((image) => framed(image, border, 255)));
      expect(found.map(({ number }) => number)).toEqual(images.map((_, i) => i));
      expectHashes(found, images, border);
      // The plain hash is still the frame's.
      const whole = framed(images[0]!, border, 255);
      expect(found[0]!.hash).toBe(hashPixelsSync({ ...size, channels: 1, data: whole }).hash);
    }
  });

  it("a border that changes with the shot, and back", async () => {
    const insides = [border, bar, border];
    const shots = insides.map((inside, i) => shot(20 + i, inside, 12));
    const found = await trimmed(shots.flatMap((all, i) => all.map((one) => framed(one, insides[i]!, 8))));
    expect(found).toHaveLength(36);
    shots.forEach((all, i) => expectHashes(found.slice(12 * i, 12 * i + 12), all, insides[i]!));
  });

  it("nothing around it: nothing is said", async () => {
    const found = await trimmed(Array.from({ length: 12 }, (_, i) => scene(7, size.width, size.height, i / 200)));
    expect(found.filter((frame) => frame.trimmed !== undefined)).toEqual([]);
  });

  it("black, white, one pixel, noise, tiny frames and changing sizes: every frame once, in order", async () => {
    const random = randomOf(3);
    const noise = Uint8Array.from({ length: size.width * size.height }, () => 256 * random());
    const dot = new Uint8Array(noise.length);
    dot[120 * size.width + 160] = 255;
    const flat = [0, 255].map((brightness) => new Uint8Array(noise.length).fill(brightness));
    for (const hostile of [...flat, dot]) {
      const found = await trimmed(Array.from({ length: 10 }, () => hostile));
      expect(found).toHaveLength(10);
      for (const { trimmed } of found) expect(trimmed?.stable ? trimmed.quality : 0).toBeLessThan(50);
    }
    const mixed = Array.from({ length: 40 }, (_, i) => [noise, dot, ...flat][i % 4]!);
    expect((await trimmed(mixed)).map(({ number }) => number)).toEqual(mixed.map((_, i) => i));

    async function* sizes(): AsyncGenerator<Grey> {
      for (const [i, side] of [1, 4, 31, 33, 64, 64, 500, 5].entries()) {
        const data = scene(9, side, side);
        yield { width: side, height: side, channels: 1, data, timestampSeconds: i };
      }
    }
    const { frames: found } = await hashVideo(sizes() as never, { sampling: "all", trim: true });
    expect(found.map(({ number }) => number)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  it("rows with something behind them, and what fails halfway", async () => {
    const image = scene(5, border.width, border.height);
    const packed = framed(image, border, 255);
    const stride = size.width + 7;
    const data = new Uint8Array(stride * size.height).fill(99);
    for (let y = 0; y < size.height; y++) data.set(packed.subarray(y * size.width, (y + 1) * size.width), y * stride);
    async function* padded(fails: boolean): AsyncGenerator<Grey> {
      for (let i = 0; i < 3; i++) yield { ...size, channels: 1, stride, data, timestampSeconds: i };
      if (fails) throw new Error("no more");
    }
    const options = { sampling: "all", trim: true } as const;
    expectHashes((await hashVideo(padded(false) as never, options)).frames, [image, image, image], border);
    await expect(hashVideo(padded(true) as never, options)).rejects.toThrow("no more");
    // The three that came before still waited for the decision.
    const part = await hashVideo(padded(true) as never, { ...options, partial: true });
    expectHashes(part.frames, [image, image, image], border);
  });

  it("runs end where the inner image changes, and vPDQ files do not carry it", async () => {
    const images = [...shot(5, border, 9), ...shot(6, border, 9)];
    const all = (): AsyncGenerator<Grey> => frames(images.map((image) => framed(image, border, 255)));
    const { frames: runs } = await hashVideo(all() as never, { sampling: "adaptive", trim: true });
    expect(runs.length).toBeGreaterThanOrEqual(2);
    expect(runs.some(({ timestampSeconds }) => timestampSeconds === 0.9)).toBe(true);
    const plain = await hashVideo(all() as never, { sampling: "all" });
    const both = await hashVideo(all() as never, { sampling: "all", trim: true });
    expect(writeVpdq(both.frames)).toBe(writeVpdq(plain.frames));
    const refused = hashVideo(all() as never, { compat: "vpdq", trim: true });
    await expect(refused).rejects.toThrow(InvalidArgumentError);
    await expect(refused).rejects.toThrow(/trim without compat "vpdq"/);
    await expect(hashVideo(all() as never, { trim: 1 as never })).rejects.toThrow(/Expected boolean for trim/);
  });
});

describe.skipIf(ffmpeg === undefined)(`in an index${ffmpeg === undefined ? ` (${noFfmpeg})` : ""}`, () => {
  const { clips } = videoFolder();
  const path = (name: string): string => join(clips, name);
  const film = "mandelbrot=s=320x240:r=10:end_scale=0.05,trim=duration=6";
  beforeAll(async () => {
    await makeClip(path("known.mp4"), film, ...x264);
    await makeClip(path("other.mp4"), "life=s=320x240:r=10:mold=10,trim=duration=6", ...x264);
    await makeClip(path("border.mp4"), `${film},hflip,pad=400:320:40:40:white`, ...x264);
  });

  it("a clip mirrored inside a border is found, the plain hash does not, and an unrelated one is not", async () => {
    using index = new VideoIndex();
    index.add("known", await hashVideo(path("known.mp4")));
    index.add("other", await hashVideo(path("other.mp4")));
    const query = await hashVideo(path("border.mp4"), { sampling: "all", orientations: true, trim: true });
    const plain = { ...query, frames: query.frames.map(({ trimmed: _trimmed, ...frame }) => frame) };
    expect(await index.search(plain)).toEqual([]);
    const found = await index.search(query);
    expect(found).toMatchObject([{ id: "known", orientation: "flipY", trimmed: true }]);
    expect(found[0]!.queryShare).toBeGreaterThan(0.8);
    // What is plain says nothing of trimming.
    const same = await index.search(await hashVideo(path("known.mp4"), { sampling: "all", trim: true }));
    expect(same).toMatchObject([{ id: "known", orientation: "orig" }]);
    expect(same[0]).not.toHaveProperty("trimmed");
    const wrong = { ...query, frames: [{ ...query.frames[0]!, trimmed: { quality: "high" } as never }] };
    await expect(index.search(wrong)).rejects.toThrow(/Expected number for quality/);
  });

  it("scan finds it with --level standard, and not without", async (ctx) => {
    needsLongRun(ctx);
    const scan = (...args: string[]): ReturnType<typeof empreinte> =>
      empreinte(["scan", "--video-signature", path("known.mp4"), ...args, path("border.mp4")]);
    expect(await scan()).toMatchObject({ stdout: "" });
    expect(await scan("--level", "fast")).toMatchObject({ stdout: "" });
    const { stdout } = await scan("--level", "standard");
    expect(stdout).toMatch(
      /border\.mp4\tmatch\t\d+\t.*known\.mp4\tflipY\ttrimmed\t\d\.\d-\d\.\d=\d\.\d-\d\.\d share=\d+%\n/,
    );
  });
});
