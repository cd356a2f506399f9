/** Each limit holds, says its name, and can be raised; an abort is prompt at every stage. */
import { getEventListeners, once } from "node:events";
import { createReadStream, rmSync } from "node:fs";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { deflateSync } from "node:zlib";
import type { Sharp } from "sharp";
import { afterAll, beforeAll, describe, expect, it, test, vi } from "vitest";
import { decodeSlots } from "../../../dist/image/decode/decode-slots.js";
import { hashImage, hashPixelsSync, type ImageInput, LimitError } from "../../../dist/index.js";
import { sharp as loadSharp } from "../../../dist/image/decode/sharp.js";
import { gif, png, pngOf, tiff } from "../../../fixtures/images/encode.ts";
import { makeInput } from "../../../fixtures/kat/inputs.mjs";

const width = 200;
const height = 150;
const grey = makeInput({ width, height, channels: 1, planes: [{ gen: "scene", args: { seed: 3, m: 14 } }] });
const file = png({ width, height, type: 0, bits: 8, samples: grey });
const { hash } = hashPixelsSync({ data: grey, width, height, channels: 1 });
const palette = Uint8Array.from({ length: 768 }, (_, i) => Math.floor(i / 3));

let folder: string;
let path: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "empreinte-limits-"));
  path = join(folder, "image.png");
  await writeFile(path, file);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function failure(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => expect.unreachable(),
    (error: unknown) => error,
  );
}

/** A 1-bit PNG of that size, all white: small as a file, whatever it claims. */
function white(side: number): Buffer {
  return pngOf(side, side, 0, 1, deflateSync(Buffer.alloc((Math.ceil(side / 8) + 1) * side, 0), { level: 9 }));
}

describe("maxPixels", () => {
  it("is exact, and names itself and the size", async () => {
    expect((await hashImage(path, { maxPixels: width * height })).hash).toBe(hash);
    const error = await failure(hashImage(path, { maxPixels: width * height - 1 }));
    expect(error).toBeInstanceOf(LimitError);
    expect(error).toMatchObject({
      code: "ERR_EMPREINTE_LIMIT",
      limit: "maxPixels",
      message: `${path} has more than 29999 pixels (200×150); maxPixels raises this limit`,
    });
  });

  it("holds for pixels too", async () => {
    const pixels = { data: grey, width, height, channels: 1 } as const;
    expect(await failure(hashImage(pixels, { maxPixels: 29_999 }))).toMatchObject({ limit: "maxPixels" });
    expect((await hashImage(pixels, { maxPixels: 30_000 })).hash).toBe(hash);
  });

  it("is for a page, not for all of them", async () => {
    const file = gif(width, height, palette, [{ indices: grey }, { indices: grey }, { indices: grey }]);
    expect((await hashImage(file, { pages: "all", maxPixels: 30_000 })).frames).toHaveLength(3);
    const pages = [
      { width: 8, height: 8, bits: 8, channels: 1, photometric: 1, samples: grey.subarray(0, 64) },
      { width, height, bits: 8, channels: 1, photometric: 1, samples: grey },
    ] as const;
    expect((await hashImage(tiff([...pages]), { maxPixels: 64 })).width).toBe(8);
    expect(await failure(hashImage(tiff([...pages]), { maxPixels: 64, pages: "all" }))).toMatchObject({
      limit: "maxPixels",
    });
  });

  it("stops 20,000 × 20,000 one-bit pixels by default", async () => {
    const bomb = white(20_000);
    expect(bomb.length).toBeLessThan(100_000);
    expect(await failure(hashImage(bomb))).toMatchObject({
      limit: "maxPixels",
      message: "buffer has more than 134217728 pixels (20000×20000); maxPixels raises this limit",
    });
  });

  it("can be raised", async () => {
    const { stable, quality, ...size } = await hashImage(white(12_000), { maxPixels: 12_000 ** 2 });
    expect(size).toMatchObject({ width: 12_000, height: 12_000 });
    expect({ stable, quality }).toEqual({ stable: false, quality: 0 });
  });
});

describe("maxBytes", () => {
  const inputs: [string, () => ImageInput][] = [
    ["a path", () => path],
    ["bytes", () => file],
    ["a Node stream", () => Readable.from([file.subarray(0, 50), file.subarray(50)])],
    ["a web stream", () => new Blob([new Uint8Array(file)]).stream()],
  ];
  it.each(inputs)("%s", async (_, input) => {
    expect((await hashImage(input(), { maxBytes: file.length })).hash).toBe(hash);
    const error = await failure(hashImage(input(), { maxBytes: file.length - 1, name: "it" }));
    expect(error).toMatchObject({
      limit: "maxBytes",
      message: `it has more than ${file.length - 1} bytes; maxBytes raises this limit`,
    });
  });

  it("stops a stream without end, and closes it", async () => {
    let closed = false;
    async function* endless(): AsyncGenerator<Uint8Array> {
      try {
        yield file;
        for (;;) yield new Uint8Array(1000);
      } finally {
        closed = true;
      }
    }
    expect(await failure(hashImage(endless(), { maxBytes: 100_000 }))).toMatchObject({ limit: "maxBytes" });
    expect(closed).toBe(true);
  });

  it("a stream of a device without end is stopped too", async (ctx) => {
    if (process.platform !== "linux") return ctx.skip("skipped: needs /dev/zero");
    // Nothing there is an image, and that is known after the first bytes.
    const zeros = (): Readable => createReadStream("/dev/zero");
    expect(await failure(hashImage(zeros()))).toMatchObject({ code: "ERR_EMPREINTE_UNSUPPORTED_FORMAT" });
    expect(await failure(hashImage(zeros(), { maxBytes: 1000 }))).toMatchObject({ limit: "maxBytes" });
  });
});

describe("maxPages", () => {
  const frames = [0, 1, 2, 3].map((turn) => ({ indices: grey.map((value) => (value + 40 * turn) & 255) }));
  const animation = gif(width, height, palette, frames);

  it("is an error, never a shorter answer", async () => {
    const all = await hashImage(animation, { pages: "all", maxPages: 4 });
    expect(all.frames!.map(({ page }) => page)).toEqual([0, 1, 2, 3]);
    expect(await failure(hashImage(animation, { pages: "all", maxPages: 3 }))).toMatchObject({
      code: "ERR_EMPREINTE_LIMIT",
      limit: "maxPages",
      message: "buffer has 4 pages, more than 3; maxPages raises this limit",
    });
  });

  it("does not matter for the first page", async () => {
    const { frames: none, ...first } = await hashImage(animation, { maxPages: 1 });
    expect(none).toBeUndefined();
    expect(first.hash).toBe((await hashImage(animation, { pages: "all" })).frames![0]!.hash);
  });

  it("is 1,000 by default", async () => {
    const dot = { indices: Uint8Array.of(0) };
    const long = gif(
      1,
      1,
      palette,
      Array.from({ length: 1001 }, () => dot),
    );
    expect(await failure(hashImage(long, { pages: "all" }))).toMatchObject({ limit: "maxPages" });
    expect((await hashImage(long, { pages: "all", maxPages: 1001 })).frames).toHaveLength(1001);
  });
});

describe("maxSeconds", () => {
  it("ends a long decode, and the next image is hashed", async () => {
    const big = white(11_000);
    expect(await failure(hashImage(big, { maxSeconds: 0.001 }))).toMatchObject({
      code: "ERR_EMPREINTE_LIMIT",
      limit: "maxSeconds",
      message: "Decoding buffer takes more than 0.001 seconds; maxSeconds raises this limit",
    });
    expect((await hashImage(file)).hash).toBe(hash);
  });

  it("also ends the decoder itself, in whole seconds, so that no slow image keeps a thread", async () => {
    const timeout = vi.spyOn(loadSharp().prototype as Sharp, "timeout");
    try {
      for (const [maxSeconds, seconds] of [
        [0.9, 1],
        [7, 7],
        [7.1, 8],
        [1e6, 3600],
      ] as const) {
        timeout.mockClear();
        expect((await hashImage(file, { maxSeconds })).hash).toBe(hash);
        expect(timeout.mock.calls).toEqual([[{ seconds }]]);
      }
    } finally {
      timeout.mockRestore();
    }
  });

  it("does not run while an image waits for its turn", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      // All turns are taken, until `end` is called.
      let end = (): void => {};
      const ended = new Promise<void>((resolve) => (end = resolve));
      const { signal } = new AbortController();
      const others = Array.from({ length: 1024 }, () => decodeSlots.withSlot(signal, () => ended));
      const waiting = hashImage(file, { maxSeconds: 30 });
      await new Promise((resolve) => setImmediate(resolve));
      vi.advanceTimersByTime(3_600_000);
      end();
      expect((await waiting).hash).toBe(hash);
      await Promise.all(others);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe("signal", () => {
  const reason = new Error("enough");

  it("aborted before: nothing is touched", async () => {
    const signal = AbortSignal.abort(reason);
    const stream = Readable.from([file]);
    for (const input of [path, file, stream, { data: grey, width, height, channels: 1 } as const, "/nowhere"]) {
      expect(await failure(hashImage(input, { signal }))).toBe(reason);
    }
    expect(stream.destroyed).toBe(false);
  });

  it.each(["a generator", "a Node stream", "a web stream"])(
    "while %s is awaited, which is then closed",
    async (kind) => {
      const controller = new AbortController();
      let closed = false;
      let input: ImageInput;
      if (kind === "a generator") {
        // A hand-made iterator: return() of a generator would wait for the piece that never comes.
        input = {
          [Symbol.asyncIterator]: () => ({
            next: () => new Promise<never>(() => {}),
            return: async () => {
              closed = true;
              return { done: true, value: undefined };
            },
          }),
        };
      } else if (kind === "a Node stream") {
        const silent = new Readable({ read() {} });
        void once(silent, "close").then(() => (closed = true));
        silent.on("error", () => {});
        input = silent;
      } else {
        input = new ReadableStream<Uint8Array>({ cancel: (why) => void (closed = why === reason) });
      }
      const work = hashImage(input, { signal: controller.signal });
      setImmediate(() => controller.abort(reason));
      expect(await failure(work)).toBe(reason);
      await new Promise((resolve) => setImmediate(resolve));
      expect(closed).toBe(true);
    },
  );

  it("while it is decoded and hashed, at any moment; later hashes are right", async () => {
    const side = 1000;
    const planes = [5, 6, 7].map((seed) => ({ gen: "scene", args: { seed, m: 14 } }));
    const samples = makeInput({ width: side, height: side, channels: 3, planes });
    const image = png({ width: side, height: side, type: 2, bits: 8, samples });
    const pixels = { data: samples, width: side, height: side, channels: 3 } as const;
    const want = hashPixelsSync(pixels).hash;
    let aborted = 0;
    for (let delay = 0; delay < 24; delay += 2) {
      for (const input of [image, pixels]) {
        const controller = new AbortController();
        const work = hashImage(input, { signal: controller.signal, method: "exact", kernel: "portable" });
        const timer = setTimeout(() => controller.abort(reason), delay);
        const outcome = await work.then(
          (result) => result.hash,
          (error: unknown) => error,
        );
        clearTimeout(timer);
        if (outcome === reason) aborted++;
        else expect(outcome).toBe(want);
        expect(getEventListeners(controller.signal, "abort")).toEqual([]);
      }
    }
    expect(aborted).toBeGreaterThan(0);
    expect((await hashImage(image)).hash).toBe(want);
  });
});

test("an abort without a reason of its own is an AbortError", async () => {
  const controller = new AbortController();
  const work = hashImage(path, { signal: controller.signal });
  controller.abort();
  await expect(work).rejects.toMatchObject({ name: "AbortError" });
});
