/** Data that end early are damage, whatever follows them; what changes no pixel is not. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import sharp, { type Sharp } from "sharp";
import { describe, expect, it } from "vitest";
import { entropyFault } from "../../../dist/image/formats/jpeg/entropy.js";
import { partsOf } from "../../../dist/image/formats/jpeg/structure.js";
import { hashImage } from "../../../dist/index.js";
import { gif, tiff } from "../../../fixtures/images/encode.ts";
import { makeInput, mulberry32 } from "../../../fixtures/kat/inputs.mjs";
import { blocksJpeg } from "../../support/image/jpeg.ts";
import { rounds } from "../../support/long.ts";
import { root } from "../../support/run.ts";

const width = 200;
const height = 152;
const planes = [1, 2, 3].map((seed) => ({ gen: "scene", args: { seed, m: 14 } }));
const samples = makeInput({ width, height, channels: 3, planes });
const raw = { raw: { width, height, channels: 3 as const } };
const image = (): Sharp => sharp(samples, raw);
const end = Buffer.of(0xff, 0xd9);
const { signal } = new AbortController();

/** The hash, or the code of the error. */
async function outcome(file: Uint8Array, options = {}): Promise<string> {
  return hashImage(file, options).then(
    (result) => result.hash,
    (error: unknown) => (error as { code: string }).code,
  );
}

/** Where the data of the first scan begin, and where those of the last one end. */
function dataOf(jpeg: Buffer): { from: number; to: number } {
  const scans = [...partsOf(jpeg)].flatMap(({ data }) => (data === undefined ? [] : [data()]));
  const [first, last] = [scans[0]!, scans.at(-1)!];
  const base = jpeg.byteOffset;
  return { from: first.byteOffset - base, to: last.byteOffset - base + last.length };
}

/** The beginning of a JPEG's data, with an end mark. */
function cutJpeg(jpeg: Buffer, share: number): Buffer {
  const { from, to } = dataOf(jpeg);
  return Buffer.concat([jpeg.subarray(0, Math.floor(from + (to - from) * share)), end]);
}

const jpegs: [string, () => Promise<Buffer>][] = [
  ["baseline", () => image().jpeg().toBuffer()],
  ["baseline 4:4:4", () => image().jpeg({ chromaSubsampling: "4:4:4", quality: 95 }).toBuffer()],
  ["grey", () => image().greyscale().jpeg().toBuffer()],
  ["CMYK", () => image().toColourspace("cmyk").jpeg().toBuffer()],
  ["progressive", () => image().jpeg({ progressive: true }).toBuffer()],
  ["progressive 4:4:4", () => image().jpeg({ progressive: true, chromaSubsampling: "4:4:4", quality: 95 }).toBuffer()],
  ["progressive grey", () => image().greyscale().jpeg({ progressive: true }).toBuffer()],
  ["without Huffman optimization", () => image().jpeg({ optimizeCoding: false }).toBuffer()],
  ["hand-made", async () => blocksJpeg({ across: 25, down: 19 }).whole],
  ["with restart markers", async () => blocksJpeg({ across: 25, down: 19, restart: 10 }).whole],
];

describe.each(jpegs)("a JPEG, %s", (_, make) => {
  it("is whole where the decoder says so, and its data have no fault", async () => {
    const jpeg = await make();
    expect(await entropyFault(jpeg, signal)).toBeUndefined();
    expect(await outcome(jpeg)).toMatch(/^[0-9a-f]{64}$/);
  });

  it("is damaged when its data end early and an end mark follows", async () => {
    const jpeg = await make();
    for (const share of [0.01, 0.1, 0.3, 0.5, 0.7, 0.9]) {
      expect(await outcome(cutJpeg(jpeg, share)), `${share}`).toBe("ERR_EMPREINTE_CORRUPT");
      expect(await outcome(cutJpeg(jpeg, share).subarray(0, -2)), `${share}`).toBe("ERR_EMPREINTE_CORRUPT");
    }
  });

  it("is damaged also behind warnings that say nothing", async () => {
    const jpeg = cutJpeg(await make(), 0.5);
    const scan = jpeg.indexOf(Buffer.of(0xff, 0xda));
    const strange = Buffer.concat([jpeg.subarray(0, scan), Buffer.of(1, 2, 3), jpeg.subarray(scan)]);
    expect(await outcome(strange)).toBe("ERR_EMPREINTE_CORRUPT");
  });

  it("is whole with what changes no pixel", async () => {
    const jpeg = await make();
    const hash = await outcome(jpeg);
    const { to } = dataOf(jpeg);
    const scan = jpeg.indexOf(Buffer.of(0xff, 0xda));
    const inserted = (at: number, bytes: Uint8Array): Buffer =>
      Buffer.concat([jpeg.subarray(0, at), bytes, jpeg.subarray(at)]);
    const versioned = Buffer.from(jpeg);
    const jfif = jpeg.indexOf("JFIF\0", 0, "latin1");
    if (jfif > 0) versioned[jfif + 5] = 9;
    const segment = (marker: number, payload: Buffer): Buffer =>
      Buffer.concat([Buffer.of(0xff, marker, 0, payload.length + 2), payload]);
    for (const [what, file] of Object.entries({
      "bytes before a marker": inserted(scan, Buffer.of(1, 2, 3)),
      "bytes behind the data": inserted(to, Buffer.alloc(9, 0x55)),
      "zeros behind the data": inserted(to, Buffer.alloc(9)),
      "filling bytes before a marker": inserted(scan, Buffer.alloc(5, 0xff)),
      "bytes behind the end": Buffer.concat([jpeg, Buffer.alloc(500, 7)]),
      "another JPEG behind the end": Buffer.concat([jpeg, jpeg.subarray(0, 900)]),
      "an unknown version of JFIF": versioned,
      "a segment that nobody knows": inserted(2, segment(0xef, Buffer.from("unknown\0data"))),
      "EXIF that is damaged": inserted(2, segment(0xe1, Buffer.from("Exif\0\0II*\0\xff\xff\xff\xff", "latin1"))),
      "a colour profile in the wrong pieces": inserted(2, segment(0xe2, Buffer.from("ICC_PROFILE\0\x02\x05no"))),
    })) {
      expect(await outcome(file), what).toBe(hash);
    }
  });
});

describe("the reader of entropy-coded data", () => {
  it("finds every cut that leaves bytes out, and reads what is whole", async () => {
    const random = mulberry32(8);
    for (const [name, make] of jpegs) {
      const jpeg = await make();
      const { from, to } = dataOf(jpeg);
      for (let i = 0; i < rounds(10, 200); i++) {
        // Three bytes less: no code of padding is that long.
        const at = from + (random() % (to - from - 3));
        const file = Buffer.concat([jpeg.subarray(0, at), end]);
        const scans = [...partsOf(file)].filter(({ data }) => data !== undefined).length;
        const all = [...partsOf(jpeg)].filter(({ data }) => data !== undefined).length;
        // A cut between two scans is found by the scans that are missing.
        if (scans === all)
          expect({ name, at, fault: await entropyFault(file, signal) }).toMatchObject({
            fault: expect.stringMatching(/end early|none|marker/),
          });
      }
    }
  });

  it("lets others run, and ends when it is aborted", async () => {
    const controller = new AbortController();
    const big = blocksJpeg({ across: 1000, down: 1000 }).whole;
    let ticks = 0;
    let reading = true;
    const ticking = (async () => {
      for (; reading; ticks++) await setImmediate();
    })();
    expect(await entropyFault(big, signal)).toBeUndefined();
    reading = false;
    await ticking;
    expect(ticks).toBeGreaterThan(5);
    const work = entropyFault(big, controller.signal);
    controller.abort(new Error("enough"));
    await expect(work).rejects.toThrow("enough");
  });
});

describe("restart markers of a JPEG", () => {
  const { head, intervals, whole } = blocksJpeg({ across: 25, down: 19, restart: 10 });
  const marked = (pieces: readonly Uint8Array[], number = (i: number): number => i): Buffer =>
    Buffer.concat([
      head,
      ...pieces.flatMap((data, i) =>
        i + 1 < pieces.length ? [data, Uint8Array.of(0xff, 0xd0 + (number(i) & 7))] : [data],
      ),
      end,
    ]);

  it("part the same image", async () => {
    expect(marked(intervals).equals(whole)).toBe(true);
    expect(await outcome(whole)).toBe(await outcome(blocksJpeg({ across: 25, down: 19 }).whole));
  });

  it.each([
    ["an interval is cut", marked(intervals.map((data, i) => (i === 20 ? data.subarray(0, 2) : data)))],
    ["an interval is missing", marked(intervals.filter((_, i) => i !== 20))],
    ["the second half is missing", marked(intervals.slice(0, 24))],
    ["a marker has the wrong number", marked(intervals, (i) => (i === 20 ? i + 3 : i))],
  ])("show that %s", async (_, file) => {
    expect(await outcome(file)).toBe("ERR_EMPREINTE_CORRUPT");
  });

  it("may have bytes before them", async () => {
    const padded = intervals.map((data, i) => (i === 20 ? Buffer.concat([data, Buffer.of(0, 0, 1)]) : data));
    expect(await outcome(marked(padded))).toBe(await outcome(whole));
  });
});

describe("scans of a progressive JPEG that are missing", () => {
  it.each([true, false])("are damage (grey: %s)", async (grey) => {
    const jpeg = await image().greyscale(grey).jpeg({ progressive: true }).toBuffer();
    const starts = [...partsOf(jpeg)].flatMap(({ data }) =>
      data === undefined ? [] : [data().byteOffset - jpeg.byteOffset + data().length],
    );
    expect(starts.length).toBeGreaterThan(4);
    for (const at of starts.slice(0, -1)) {
      const file = Buffer.concat([jpeg.subarray(0, at), end]);
      await expect(hashImage(file)).rejects.toMatchObject({
        code: "ERR_EMPREINTE_CORRUPT",
        message: "buffer cannot be decoded as JPEG: its last scans are missing",
      });
    }
  });
});

describe("a GIF", () => {
  const palette = Uint8Array.from({ length: 768 }, (_, i) => (i * 37) & 255);
  const grey = samples.subarray(0, width * height);

  /** Keeps a share of the data of frame `number`, as whole sub-blocks, with their end and all that follows. */
  function cutFrame(file: Buffer, number: number, share: number): Buffer {
    let at = 13 + (3 << ((file[10]! & 7) + 1));
    for (let frame = 0; ;) {
      if (file[at] === 0x21) at += 2;
      else {
        at += 10 + (file[at + 9]! & 0x80 ? 3 << ((file[at + 9]! & 7) + 1) : 0) + 1;
        const blocks: number[] = [];
        for (let block = at; file[block] !== 0; block += file[block]! + 1) blocks.push(block);
        const last = blocks.at(-1)! + file[blocks.at(-1)!]! + 1;
        if (frame++ === number) {
          return Buffer.concat([file.subarray(0, blocks[Math.floor(blocks.length * share)]), file.subarray(last)]);
        }
      }
      while (file[at] !== 0) at += file[at]! + 1;
      at++;
    }
  }

  const makers: [string, () => Promise<Buffer>][] = [
    ["hand-made", async () => gif(width, height, palette, [{ indices: grey }, { indices: grey }])],
    ["compressed", () => image().gif().toBuffer()],
    ["interlaced", () => image().gif({ progressive: true }).toBuffer()],
    ["of two colours", () => image().gif({ colours: 2 }).toBuffer()],
  ];
  it.each(makers)("%s: whole, and damaged when its data end early and the trailer follows", async (_, make) => {
    const file = await make();
    const hash = await outcome(file);
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
    for (const share of [0.1, 0.5, 0.9]) expect(await outcome(cutFrame(file, 0, share))).toBe("ERR_EMPREINTE_CORRUPT");
    expect(await outcome(Buffer.concat([file, Buffer.from("trailing")]))).toBe(hash);
  });

  it("with a later frame that ends early is damaged with all pages only", async () => {
    const file = gif(width, height, palette, [{ indices: grey }, { indices: grey.map((v) => v ^ 255) }]);
    const cut = cutFrame(file, 1, 0.5);
    expect(await outcome(cut)).toBe(await outcome(file));
    expect(await outcome(file, { pages: "all" })).toBe(await outcome(file));
    expect(await outcome(cut, { pages: "all" })).toBe("ERR_EMPREINTE_CORRUPT");
  });
});

describe("a TIFF", () => {
  const kinds = (["lzw", "deflate", "packbits", "jpeg", "webp"] as const).flatMap((compression) =>
    [false, true].map((tile) => [compression, tile] as const),
  );

  /** The place and length of each strip or tile, and how to write another length. */
  function parts(file: Buffer): { at: number; length: number; shorten: (to: number) => void }[] {
    const directory = file.readUInt32LE(4);
    const tags = new Map<number, (readonly [at: number, bytes: number])[]>();
    for (let i = 0; i < file.readUInt16LE(directory); i++) {
      const entry = directory + 2 + 12 * i;
      const [type, count] = [file.readUInt16LE(entry + 2), file.readUInt32LE(entry + 4)];
      const size = type === 3 ? 2 : 4;
      const from = size * count <= 4 ? entry + 8 : file.readUInt32LE(entry + 8);
      if (type !== 3 && type !== 4) continue;
      const places = Array.from({ length: count }, (_, k) => [from + size * k, size] as const);
      tags.set(file.readUInt16LE(entry), places);
    }
    const offsets = tags.get(324) ?? tags.get(273)!;
    const lengths = tags.get(325) ?? tags.get(279)!;
    return offsets.map((place, i) => ({
      at: file.readUIntLE(...place),
      length: file.readUIntLE(...lengths[i]!),
      shorten: (to) => void file.writeUIntLE(to, ...lengths[i]!),
    }));
  }

  it.each(kinds)("of %s, in tiles: %s: whole, and damaged when a part of it is", async (compression, tile) => {
    const file = await image().tiff({ compression, tile, tileWidth: 64, tileHeight: 64 }).toBuffer();
    expect(await outcome(file)).toMatch(/^[0-9a-f]{64}$/);
    for (const number of new Set([0, parts(file).length - 1])) {
      const cut = Buffer.from(file);
      const { at, length, shorten } = parts(cut)[number]!;
      if (compression === "jpeg") {
        // An end mark in the middle of the data.
        end.copy(cut, at + Math.floor(0.6 * length));
      } else shorten(Math.floor(0.4 * length));
      expect(await outcome(cut), `part ${number}`).toBe("ERR_EMPREINTE_CORRUPT");
    }
  });

  it("in tiles with tags that nobody knows is whole", async () => {
    for (const tile of [true, false]) {
      const file = await image().tiff({ compression: "lzw", tile, tileWidth: 64, tileHeight: 64 }).toBuffer();
      const directory = file.readUInt32LE(4);
      const count = file.readUInt16LE(directory);
      const entry = Buffer.alloc(12);
      entry.writeUInt16LE(65_000);
      entry.writeUInt16LE(3, 2);
      entry.writeUInt32LE(1, 4);
      const strange = Buffer.concat([
        file,
        Buffer.of((count + 1) & 255, (count + 1) >> 8),
        file.subarray(directory + 2, directory + 2 + 12 * count),
        entry,
        Buffer.alloc(4),
      ]);
      strange.writeUInt32LE(file.length, 4);
      expect(await outcome(strange)).toBe(await outcome(file));
    }
  });

  it("whose samples are not compressed and end early is damaged", async () => {
    const page = { width, height, bits: 8, channels: 3, photometric: 2, samples } as const;
    const file = tiff([page]);
    expect(await outcome(file.subarray(0, file.length - 5000))).toBe("ERR_EMPREINTE_CORRUPT");
  });
});

describe("the files that showed the faults", () => {
  const inputs = join(root, "../shared/faults/inputs");
  const reads = (name: string): Promise<string> => outcome(readFileSync(join(inputs, name)));
  it.skipIf(!existsSync(inputs))("are damaged or whole", async () => {
    for (const name of ["05/damaged-tiles.tif", "05/damaged-strips.tif", "06/cut.jpg", "06/cut-with-eoi.jpg"]) {
      expect(await reads(name), name).toBe("ERR_EMPREINTE_CORRUPT");
    }
    for (const name of ["05/whole.tif", "05/strips.tif", "06/whole.jpg"]) {
      expect(await reads(name), name).toMatch(/^[0-9a-f]{64}$/);
    }
  });
});
