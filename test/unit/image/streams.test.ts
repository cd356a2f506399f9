/** Streams of bytes in any form: array buffers and views of them, from here or from another realm. */
import { open, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { openList } from "../../../dist/doors/lists.js";
import { hashVideo, type VideoSignature } from "../../../dist/doors/video.js";
import { hashImage, HashList, safePreview } from "../../../dist/index.js";
import { gif, png } from "../../../fixtures/images/encode.ts";
import { makeInput } from "../../../fixtures/kat/inputs.mjs";
import { long } from "../../support/long.ts";
import { which } from "../../support/run.ts";

const [width, height] = [160, 120];
const grey = makeInput({ width, height, channels: 1, planes: [{ gen: "scene", args: { seed: 3, m: 14 } }] });
const palette = Uint8Array.from({ length: 768 }, (_, i) => Math.floor(i / 3));
const hash = "f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b22";

const copied = (bytes: Uint8Array): ArrayBuffer => Uint8Array.from(bytes).buffer;
/** Each makes a chunk of an even number of bytes. */
const chunks: [string, (bytes: Uint8Array) => unknown][] = [
  ["Uint8Array", (bytes) => bytes],
  ["ArrayBuffer", copied],
  ["DataView", (bytes) => new DataView(copied(Buffer.concat([Buffer.alloc(3), bytes])), 3)],
  ["Uint16Array", (bytes) => new Uint16Array(copied(bytes))],
  ["Uint8ClampedArray", (bytes) => new Uint8ClampedArray(bytes)],
  [
    "SharedArrayBuffer",
    (bytes) => {
      const shared = new SharedArrayBuffer(bytes.length);
      new Uint8Array(shared).set(bytes);
      return shared;
    },
  ],
  ["ArrayBuffer of another realm", (bytes) => runInNewContext("Uint8Array.from(bytes).buffer", { bytes: [...bytes] })],
  ["Uint8Array of another realm", (bytes) => runInNewContext("Uint8Array.from(bytes)", { bytes: [...bytes] })],
];

/** A web stream of two chunks, with empty ones between. */
function webStream(bytes: Uint8Array, chunk: (bytes: Uint8Array) => unknown): ReadableStream<Uint8Array> {
  const pieces = [bytes.subarray(0, 64), new Uint8Array(0), bytes.subarray(64)];
  return new ReadableStream({
    start(controller) {
      for (const piece of pieces) controller.enqueue(chunk(piece) as Uint8Array);
      controller.close();
    },
  });
}
async function* iterable(bytes: Uint8Array, chunk: (bytes: Uint8Array) => unknown): AsyncGenerator<Uint8Array> {
  for (const piece of [bytes.subarray(0, 64), bytes.subarray(64)]) yield chunk(piece) as Uint8Array;
}

const even = (bytes: Buffer): Buffer => (bytes.length % 2 === 0 ? bytes : Buffer.concat([bytes, Buffer.alloc(1)]));

const negative = grey.map((value) => value ^ 255);
const animation = even(gif(width, height, palette, [{ indices: grey }, { indices: negative }]));
let video: Promise<VideoSignature> | undefined;

describe.each(chunks)("chunks that are a %s", (_, chunk) => {
  it("give the image that the bytes give", async () => {
    const file = even(png({ width, height, type: 0, bits: 8, samples: grey }));
    const wanted = await hashImage(file);
    for (const stream of [webStream, iterable]) {
      expect(await hashImage(stream(file, chunk))).toEqual(wanted);
      expect(await safePreview(stream(file, chunk))).toEqual(await safePreview(file));
    }
  });

  it("give the list that the bytes give", async () => {
    const list = even(Buffer.from(`${hash}\n${hash.split("").toReversed().join("")}\n`));
    for (const stream of [webStream, iterable]) {
      const entries = [];
      for await (const entry of await openList(stream(list, chunk) as never)) entries.push(entry);
      expect(entries).toHaveLength(2);
      using known = await HashList.load(stream(list, chunk) as never);
      expect(known.size).toBe(2);
    }
  });

  it.skipIf(which("ffmpeg") === undefined)("give the video that the bytes give", async () => {
    const wanted = await (video ??= hashVideo(animation, { sampling: "all" }));
    expect(wanted.frames).toHaveLength(2);
    for (const stream of long ? [webStream, iterable] : [webStream]) {
      expect((await hashVideo(stream(animation, chunk), { sampling: "all" })).frames).toEqual(wanted.frames);
    }
  });
});

it("a file's own web stream, whose chunks are array buffers in Node.js 20", async () => {
  const path = join(tmpdir(), `empreinte-stream-${process.pid}.png`);
  const bytes = png({ width, height, type: 0, bits: 8, samples: grey });
  await writeFile(path, bytes);
  const file = await open(path);
  try {
    expect(await hashImage(file.readableWebStream() as ReadableStream<Uint8Array>)).toEqual(await hashImage(bytes));
  } finally {
    await file.close();
    await rm(path);
  }
});
