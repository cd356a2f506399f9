/** What is no input of a kind: each public function refuses it with an error that has a code. */
import { describe, expect, test } from "vitest";
import { openList, sniffList } from "../../dist/doors/lists.js";
import {
  compareVpdq,
  hashVideo,
  readVpdq,
  signatureFromVpdq,
  sniffVideo,
  VideoIndex,
  writeVpdq,
} from "../../dist/doors/video.js";
import * as empreinte from "../../dist/index.js";
import { hexHashes } from "../support/lists.ts";

const { HashIndex, HashList } = empreinte;
const [hash] = hexHashes(1, 5) as [string];
const frame = { number: 0, timestampSeconds: 0, hash, quality: 100 };
const index = new HashIndex();
index.add(1, hash);
const videos = new VideoIndex();

/** Has the prototype of bytes and no memory. */
const hollow = Object.create(Uint8Array.prototype) as unknown;

const wrong: [string, unknown][] = [
  ["undefined", undefined],
  ["null", null],
  ["a number", 5],
  ["a boolean", true],
  ["an object", {}],
  ["a function", () => hash],
  ["an object with the prototype of bytes", hollow],
];

type Call = (value: never) => unknown;

const calls: [string, Call][] = [
  ["sniffImage", (value) => empreinte.sniffImage(value)],
  ["sniffList", (value) => sniffList(value)],
  ["sniffVideo", (value) => sniffVideo(value)],
  ["hashImage", (value) => empreinte.hashImage(value)],
  ["hashPixelsSync", (value) => empreinte.hashPixelsSync(value)],
  ["hashPixelsSync of data", (data) => empreinte.hashPixelsSync({ data, width: 2, height: 2, channels: 1 })],
  ["hashWithCrops", (value) => empreinte.hashWithCrops(value)],
  ["safePreview", (value) => empreinte.safePreview(value)],
  ["reduceImage", (value) => empreinte.reduceImage(value)],
  ["digestFile", (value) => empreinte.digestFile(value)],
  ["hashDistance", (value) => empreinte.hashDistance(value, hash)],
  ["hashToBytes", (value) => empreinte.hashToBytes(value)],
  ["hashToHex", (value) => empreinte.hashToHex(value)],
  ["index.add", (value) => index.add(1, value)],
  ["index.addMany", (value) => index.addMany([1], value)],
  ["index.searchSync", (value) => index.searchSync(value, { radius: 31 })],
  ["index.searchManySync", (value) => index.searchManySync(value, { radius: 31 })],
  ["index.search", (value) => index.search(value, { radius: 31 })],
  ["index.searchImage", (value) => index.searchImage(value)],
  ["HashIndex.open", (value) => HashIndex.open(value)],
  ["HashList.load", (value) => HashList.load(value)],
  ["openList", (value) => openList(value)],
  ["hashVideo", (value) => hashVideo(value)],
  ["readVpdq", (value) => readVpdq(value)],
  ["writeVpdq of a frame", (value) => writeVpdq([value])],
  ["writeVpdq of a hash", (value) => writeVpdq([{ ...frame, hash: value }])],
  ["writeVpdq of a time", (value) => writeVpdq([{ ...frame, timestampSeconds: value === 5 ? NaN : value }])],
  ["compareVpdq of a frame", (value) => compareVpdq([value], [frame])],
  ["compareVpdq of a quality", (value) => compareVpdq([frame], [{ ...frame, quality: value === 5 ? 101 : value }])],
  ["signatureFromVpdq of a frame", (value) => signatureFromVpdq([value])],
  ["signatureFromVpdq of a number", (value) => signatureFromVpdq([{ ...frame, number: value === 5 ? -1 : value }])],
  ["videos.add", (value) => videos.add("v", value)],
  ["videos.search", (value) => videos.search(value)],
];

/** These take an iterable, and an iterable's own error is the caller's. */
const iterated: [string, Call][] = [
  ["writeVpdq", (value) => writeVpdq(value)],
  ["compareVpdq", (value) => compareVpdq(value, [])],
  ["compareVpdq, the other side", (value) => compareVpdq([], value)],
  ["signatureFromVpdq", (value) => signatureFromVpdq(value)],
  ["hashImages", (value) => empreinte.hashImages(value)],
];

const code = expect.stringMatching(/^ERR_EMPREINTE_/) as string;
const rejected = async (call: Call, value: unknown): Promise<void> => {
  await expect((async () => call(value as never))()).rejects.toMatchObject({ code });
};

describe.each(calls)("%s", (_, call) => {
  test.each(wrong)("refuses %s", (_name, value) => rejected(call, value));
});

describe.each(iterated)("%s", (_, call) => {
  test.each(wrong.filter(([, value]) => value !== hollow))("refuses %s", (_name, value) => rejected(call, value));
});

describe("bytes whose memory was transferred to another thread", () => {
  const transferred = (): Uint8Array => {
    const bytes = new Uint8Array(64);
    structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
    return bytes;
  };

  test.each<[string, (bytes: Uint8Array) => unknown]>([
    ["hashImage", (bytes) => empreinte.hashImage(bytes)],
    ["hashPixelsSync", (data) => empreinte.hashPixelsSync({ data, width: 8, height: 8, channels: 1 })],
    ["index.add", (bytes) => index.add(1, bytes)],
    ["index.addManySync", (bytes) => index.addManySync([], bytes)],
    ["index.searchSync", (bytes) => index.searchSync(bytes, { radius: 31 })],
    ["index.searchManySync", (bytes) => index.searchManySync(bytes, { radius: 31 })],
    ["HashList.load", (bytes) => HashList.load(bytes)],
    ["sniffImage", (bytes) => empreinte.sniffImage(bytes)],
    ["sniffList", (bytes) => sniffList(bytes)],
    ["hashVideo", (bytes) => hashVideo(bytes)],
    ["videos.search", (hash) => videos.search({ hash, quality: 100 } as never)],
  ])("are refused by %s", async (_, call) => {
    await expect((async () => call(transferred()))()).rejects.toMatchObject({ code });
  });
});

test("bytes of another realm are bytes", async () => {
  const { runInNewContext } = await import("node:vm");
  const bytes = runInNewContext("new Uint8Array(32).fill(7)") as Uint8Array;
  expect(bytes).not.toBeInstanceOf(Uint8Array);
  expect(empreinte.hashToHex(bytes)).toBe("07".repeat(32));
  expect(index.searchSync(bytes, { radius: 0 })).toEqual([]);
});
