/** An upload is opened, read and decoded once, without a second copy of its bytes or samples. Calls are counted. */
import fsPromises from "node:fs/promises";
import { createRequire, syncBuiltinESMExports } from "node:module";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { hashImage, HashIndex, HashList, type RawPixels } from "../../../dist/index.js";
import { BankStore, Matcher } from "../../../dist/doors/bank.js";
import { native } from "../../../dist/native/load.js";
import { empreinte, folder, jsonLines, makeImage } from "../../support/cli.ts";
import { long } from "../../support/long.ts";

/** The decoder as the library loads it: the package has a second copy of itself for imports. */
const decoder = createRequire(import.meta.url)("sharp") as typeof sharp;
const here = folder();
const png = await makeImage("scenergb-128x128", join(here, "image.png"));
/** The JPEG has three quarters of the image in its middle, so that a search for altered copies does every stage. */
const jpeg = join(here, "image.jpg");
await sharp(png).resize(400, 300, { fit: "fill" }).jpeg({ quality: 95 }).toFile(jpeg);
const known = await hashImage(jpeg);
const listFile = join(here, "list.txt");
writeFileSync(listFile, `${known.hash}\n`);
const other = `${"0f".repeat(16)}${"3c".repeat(16)}`;
const otherFile = join(here, "other.txt");
writeFileSync(otherFile, `${other}\n`);
const videoFile = join(here, "known.json");
writeFileSync(videoFile, (await empreinte(["hash", "--json", "--isolation", "none", jpeg])).stdout);
const storeFile = join(here, "bank.sqlite");
await empreinte(["bank", "create", storeFile, "ours"]);
await empreinte(["bank", "import", storeFile, "--bank", "ours", "--source", "test", otherFile]);

/** What was done with the file. */
interface Counts {
  opened: number;
  bytesRead: number;
  /** The memory that the file was read into, beyond its first bytes. */
  memory: Set<ArrayBufferLike>;
}
const counts = new Map<string, Counts>();
const realOpen = fsPromises.open;

beforeEach(() => {
  counts.clear();
  fsPromises.open = async (path, ...rest) => {
    const handle = await realOpen(path, ...rest);
    const of = counts.get(String(path)) ?? { opened: 0, bytesRead: 0, memory: new Set() };
    counts.set(String(path), of);
    of.opened++;
    const read = handle.read.bind(handle) as (buffer: Uint8Array, ...more: number[]) => Promise<{ bytesRead: number }>;
    const readFile = handle.readFile.bind(handle) as () => Promise<Buffer>;
    const wrapped = {
      async read(buffer: Uint8Array, ...more: number[]) {
        const answer = await read(buffer, ...more);
        of.bytesRead += answer.bytesRead;
        // A read with a position looks at the first bytes only.
        if (more[2] === undefined) of.memory.add(buffer.buffer);
        return answer;
      },
      async readFile() {
        const bytes = await readFile();
        of.bytesRead += bytes.length;
        of.memory.add(bytes.buffer);
        return bytes;
      },
    };
    return Object.assign(handle, wrapped);
  };
  syncBuiltinESMExports();
});

afterEach(() => {
  fsPromises.open = realOpen;
  syncBuiltinESMExports();
  vi.restoreAllMocks();
});

interface Decoder {
  options: { input: { buffer: Buffer } };
}

/** Runs `work`, and says what it did with the JPEG. */
async function watch<T>(work: () => Promise<T>): Promise<{ answer: T } & Counts & Watched> {
  const toBuffer = vi.spyOn(decoder.prototype, "toBuffer");
  const metadata = vi.spyOn(decoder.prototype, "metadata");
  const hash = vi.spyOn(native, "hash");
  const views = vi.spyOn(native, "createViews");
  const answer = await work();
  const results = await Promise.all(toBuffer.mock.results.map(({ value }) => value as Promise<{ data: Buffer }>));
  return {
    answer,
    ...(counts.get(jpeg) ?? { opened: 0, bytesRead: 0, memory: new Set() }),
    decoded: toBuffer.mock.calls.length,
    headers: metadata.mock.calls.length,
    encoded: toBuffer.mock.contexts.map((one) => (one as unknown as Decoder).options.input.buffer.buffer),
    samples: results.map(({ data }) => data.buffer),
    hashed: hash.mock.calls.map(([{ data }]) => data.buffer),
    reduced: views.mock.calls.map(([{ data }]) => data.buffer),
  };
}

interface Watched {
  /** How often the decoder decoded, and how often it was opened for a header alone. */
  decoded: number;
  headers: number;
  /** The memory that the decoder read, that it wrote, that was hashed, and that working copies were made from. */
  encoded: ArrayBufferLike[];
  samples: ArrayBufferLike[];
  hashed: ArrayBufferLike[];
  reduced: ArrayBufferLike[];
}

const size = (await fsPromises.stat(jpeg)).size;

/** Whether everything was done once, in the same memory, which is free afterwards. */
function expectOnce(done: Awaited<ReturnType<typeof watch>>, opened = 1, more = 0): void {
  const { bytesRead, memory, decoded, headers, encoded, samples, hashed, reduced } = done;
  expect({ opened: done.opened, bytesRead, decoded, headers }).toEqual({
    opened,
    bytesRead: size + more,
    decoded: 1,
    headers: 0,
  });
  expect(encoded).toEqual([...memory]);
  expect(encoded[0]).toBe([...memory][0]);
  expect(hashed[0]).toBe(samples[0]);
  for (const buffer of reduced) expect(buffer).toBe(samples[0]);
  // Nothing waits for the garbage collector.
  expect([encoded[0]!.byteLength, samples[0]!.byteLength]).toEqual([0, 0]);
}

describe("of a JPEG, the file is opened and read once, and decoded once", () => {
  test("by hashImage, also with digests", async () => {
    expectOnce(await watch(() => hashImage(jpeg)));
    vi.restoreAllMocks();
    counts.clear();
    expectOnce(await watch(() => hashImage(jpeg, { digests: ["md5", "sha1", "sha256"], orientations: true })));
  });

  const levels = long ? (["fast", "standard", "thorough"] as const) : (["fast", "standard"] as const);
  test.each(levels)("by searchImage at level %s, in an index, a list and several lists", async (level) => {
    const index = new HashIndex();
    index.add(1, other);
    expectOnce(await watch(() => index.searchImage(jpeg, { level })));
    vi.restoreAllMocks();
    counts.clear();
    const lists = await Promise.all([listFile, otherFile].map((file) => HashList.load(file)));
    const done = await watch(() => HashList.searchImageIn(lists, jpeg, { level, all: true }));
    expectOnce(done);
    expect(done.answer.map(({ tier }) => tier)).toEqual(["match", "none"]);
    expect(done.reduced).toHaveLength(level === "fast" ? 0 : 1);
  });

  test.each(levels)("by checkImage at level %s, which also digests the bytes", async (level) => {
    await using store = await BankStore.open(storeFile);
    const matcher = new Matcher(store);
    expectOnce(await watch(() => matcher.checkImage(jpeg, { level, all: true })));
  });
});

describe("of a JPEG, a scan opens the file twice, the first time for its first bytes", () => {
  const head = Math.min(size, 4096);
  const scan = (...args: string[]): Promise<Awaited<ReturnType<typeof empreinte>>> =>
    empreinte(["scan", "--isolation", "none", "--json", ...args, jpeg]);

  test.each([
    ["lists", ["--list", listFile]],
    ["lists at level standard", ["--list", listFile, "--level", "standard"]],
    [
      "lists and known videos at level standard",
      ["--list", listFile, "--video-signature", videoFile, "--level", "standard"],
    ],
    ["a bank at level fast", ["--bank", storeFile]],
    ["a bank at level standard", ["--bank", storeFile, "--level", "standard"]],
  ] as const)("with %s", async (what, args) => {
    const done = await watch(() => scan(...args));
    expect(done.answer.stderr).toBe("");
    expectOnce(done, 2, head);
    const [{ hash, matches }] = jsonLines<{ hash: string; matches: object[] }>(done.answer.stdout) as [
      { hash: string; matches: object[] },
    ];
    expect(hash).toBe(known.hash);
    expect(matches).toHaveLength(what.includes("bank") ? 0 : what.includes("videos") ? 2 : 1);
  });

  test("and a video behind its image is still named", async () => {
    const video = Buffer.alloc(40);
    video.writeUInt32BE(16, 0);
    video.write("ftypisom", 4, "latin1");
    video.writeUInt32BE(24, 16);
    video.write("moov", 20, "latin1");
    const motion = join(here, "motion.jpg");
    writeFileSync(motion, Buffer.concat([await fsPromises.readFile(jpeg), video]));
    const { stdout, code } = await empreinte(["scan", "--json", "--isolation", "none", "--list", listFile, motion]);
    expect(stdout).toContain("a video of 40 bytes behind the image was not read; --embedded reads it");
    expect(code).toBe(2);
    expect(counts.get(motion)).toMatchObject({ opened: 2 });
  });
});

test("an answer at level fast does not bring samples from a decoder process", async () => {
  const pixels: RawPixels = { data: new Uint8Array(3 * 64 * 64), width: 64, height: 64, channels: 3 };
  const index = new HashIndex();
  index.add(1, known.hash);
  const { decodeSamples } = await import("../../../dist/image/samples.js");
  const { checkInputOptions } = await import("../../../dist/image/options.js");
  const { checkHashOptions } = await import("../../../dist/hash/options.js");
  const bytes = await fsPromises.readFile(jpeg);
  const answers = [];
  for (const isolation of ["none", "process"] as const) {
    const options = { ...checkInputOptions({ isolation }), hash: checkHashOptions({ orientations: true }) };
    const content = { name: "x", bytes: Uint8Array.from(bytes), format: "jpeg" } as const;
    const { data, hash, width, height } = await decodeSamples(content, { ...options, hashOnly: true }, undefined);
    expect(data).toHaveLength(0);
    answers.push({ hash, width, height });
  }
  expect(answers[1]).toEqual(answers[0]);
  expect((await index.searchImage(jpeg, { isolation: "process" })).matches).toHaveLength(1);
  expect((await index.searchImage(pixels)).matches).toHaveLength(0);
});
