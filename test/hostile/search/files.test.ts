import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { HashIndex } from "../../../dist/index.js";
import { clusteredHashes, difference, hashAt, idsFrom, oracle, random, randomHashes } from "../../support/hashes.ts";
import { rounds } from "../../support/long.ts";

const folder = mkdtempSync(join(tmpdir(), "empreinte-files-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;
const newPath = (): string => join(folder, `${files++}.idx`);
function written(bytes: Uint8Array): string {
  const path = newPath();
  writeFileSync(path, bytes);
  return path;
}
const noIndex = expect.objectContaining({ name: "IndexError", code: "ERR_EMPREINTE_INDEX_FILE" });

async function saved(index: HashIndex): Promise<string> {
  const path = newPath();
  await index.save(path);
  return path;
}

/** One bit of the permuted row, by the specification's own words: chunk c, bit i is bit 16·i + ((c − i) mod 16). */
function permuted(hash: Uint8Array): Uint8Array {
  const row = new Uint8Array(32);
  for (let chunk = 0; chunk < 16; chunk++) {
    for (let i = 0; i < 16; i++) {
      const bit = 16 * i + ((chunk - i + 16) % 16);
      if ((hash[31 - (bit >> 3)]! >> (bit & 7)) & 1) row[2 * chunk + (i >> 3)]! |= 1 << (i & 7);
    }
  }
  return row;
}

const crcTable = Array.from({ length: 256 }, (_, i) => {
  for (let bit = 0; bit < 8; bit++) i = (i >>> 1) ^ (i & 1 ? 0x82f63b78 : 0);
  return i;
});

function crc32c(bytes: Uint8Array): number {
  let value = ~0;
  for (const byte of bytes) value = (value >>> 8) ^ crcTable[(value ^ byte) & 255]!;
  return ~value >>> 0;
}

describe("saved and opened", () => {
  const cases: [string, Uint8Array, ("full" | "lean" | "rows")?][] = [
    ["nothing", new Uint8Array(0)],
    ["one entry", randomHashes(1, 2)],
    ["4,097 entries", clusteredHashes(4097, 3)],
    ["40,000, full", clusteredHashes(40_000, 4), "full"],
    ["40,000, lean", clusteredHashes(40_000, 5), "lean"],
    ["40,000, rows", clusteredHashes(40_000, 6), "rows"],
  ];
  test.each(cases)("%s", async (_, hashes, memory = "full") => {
    const count = hashes.length / 32;
    using index = new HashIndex({ memory });
    index.addManySync(idsFrom(0, count), hashes);
    await index.optimize();
    const path = await saved(index);
    for (const open of [() => HashIndex.open(path), () => HashIndex.open(pathToFileURL(path), { verify: "later" })]) {
      using opened = await open();
      expect(opened.size).toBe(count);
      expect(opened.stats()).toMatchObject({ rows: count, removed: 0, indexed: index.stats().indexed });
      for (const query of [...(count > 0 ? [hashAt(hashes, count - 1)] : []), hashAt(randomHashes(1, 9), 0)]) {
        for (const strategy of ["auto", "scan", "columns", "tiled", "multi-index"] as const) {
          expect(
            difference(opened.searchSync(query, { radius: 31, strategy }), oracle(hashes, query, 31)),
          ).toBeUndefined();
        }
      }
      await opened.verify();
      await opened.warm();
      // Opened, it can be changed, and the file stays as it was.
      const before = readFileSync(path);
      opened.add(count, hashAt(randomHashes(1, 9), 0));
      if (count > 0) opened.remove(0);
      await opened.optimize();
      expect(opened.has(count)).toBe(true);
      expect(opened.size).toBe(count === 0 ? 1 : count);
      expect(readFileSync(path).equals(before)).toBe(true);
    }
  });

  test.each(["full", "lean"] as const)("300,000 times the same hash, %s", async (memory) => {
    const hash = randomHashes(1, 8);
    const count = 300_000;
    const hashes = new Uint8Array(32 * count);
    for (let i = 0; i < count; i++) hashes.set(hash, 32 * i);
    using index = new HashIndex({ memory });
    await index.addMany(idsFrom(0, count), hashes);
    await index.optimize();
    expect(index.stats()).toMatchObject({ rows: count, indexed: count });
    const path = await saved(index);
    using opened = await HashIndex.open(path);
    const first = [0, 1, 2].map((id) => ({ id, distance: 0, orientation: "orig" }));
    for (const searched of [index, opened]) {
      for (const strategy of ["auto", "columns", "multi-index"] as const) {
        expect(searched.searchSync(hash, { radius: 31, limit: 3, strategy })).toEqual(first);
        expect(searched.nearestSync(hash, { count: 3, strategy })).toEqual(first);
        const all = searched.searchSync(hash, { radius: 0, strategy });
        expect(all).toHaveLength(count);
        expect(all.every((hit, i) => hit.id === i && hit.distance === 0)).toBe(true);
      }
      expect(searched.searchSync(new Uint8Array(32), { radius: 10 })).toEqual([]);
    }
  });

  test("tags, and ids up to 2^53 - 1", async () => {
    const ids = [0, 1, 2 ** 32 - 1, 2 ** 32, 2 ** 40 + 1, Number.MAX_SAFE_INTEGER - 1, Number.MAX_SAFE_INTEGER];
    const hashes = randomHashes(ids.length, 14);
    const tags = Uint8Array.from([0, 1, 63, 64, 127, 200, 255]);
    using index = new HashIndex();
    index.addManySync(ids.toReversed(), Buffer.concat(ids.map((_, i) => hashAt(hashes, ids.length - 1 - i))), {
      tags: tags.toReversed(),
    });
    using opened = await HashIndex.open(await saved(index));
    for (const searched of [index, opened]) {
      ids.forEach((id, i) => {
        expect(searched.has(id)).toBe(true);
        expect(searched.searchSync(hashAt(hashes, i), { radius: 0 })).toEqual([
          { id, distance: 0, orientation: "orig" },
        ]);
        expect(searched.searchSync(hashAt(hashes, i), { radius: 0, tags: [tags[i]!] })).toEqual([
          { id, distance: 0, orientation: "orig" },
        ]);
        const others = tags.filter((tag) => tag !== tags[i]!);
        expect(searched.searchSync(hashAt(hashes, i), { radius: 0, tags: others })).toEqual([]);
      });
      expect(searched.has(3)).toBe(false);
    }
  });
});

test.each([50, 40_000])("nothing of a removed entry is in the file, of %i", async (count) => {
  const hashes = randomHashes(count, 15);
  using index = new HashIndex();
  const ids = idsFrom(1_000_000_007, count);
  index.addManySync(ids.subarray(0, count / 2), hashes.subarray(0, 16 * count));
  index.addManySync(ids.subarray(count / 2), hashes.subarray(16 * count));
  await index.optimize();
  const gone = [0, 1, count / 2, count - 1];
  const keeps = 5;
  index.remove(gone.map((i) => ids[i]!));
  const replaced = 7;
  index.replace(ids[replaced]!, hashAt(randomHashes(1, 99), 0));
  const bytes = readFileSync(await saved(index));
  // A row is stored in two parts: four columns, then its other half. The test searches the second half, and each word
  // in a column.
  const half = (hash: Uint8Array): Buffer => Buffer.from(permuted(hash).subarray(16));
  expect(bytes.includes(half(hashAt(hashes, keeps))), "the test knows where a row is").toBe(true);
  const columns = new Uint32Array(bytes.buffer, bytes.byteOffset + 4096, 4 * 4096);
  for (const i of [...gone, replaced]) {
    const hash = hashAt(hashes, i);
    expect(bytes.includes(half(hash)), `row of entry ${i}`).toBe(false);
    expect(bytes.includes(Buffer.from(hash)), `hash of entry ${i}`).toBe(false);
    const words = new Uint32Array(permuted(hash).slice().buffer);
    expect(words.subarray(0, 4).every((word, c) => columns.subarray(4096 * c, 4096 * c + count).includes(word))).toBe(
      false,
    );
  }
  // Nor its id, where the record names the smallest.
  expect(Number(bytes.readBigUInt64LE(64 + 24))).toBe(ids[2]);
});

describe("files of other kinds", () => {
  const good = (async () => {
    using index = new HashIndex();
    index.addManySync(idsFrom(0, 20), randomHashes(20, 3));
    return readFileSync(await saved(index));
  })();
  /** The header's checksum made right again, so that what was changed is what is refused. */
  function crc(bytes: Buffer): Buffer {
    bytes.writeUInt32LE(crc32c(Buffer.concat([bytes.subarray(0, 60), bytes.subarray(64, 128)])), 60);
    return bytes;
  }
  /** The checksum of its one part made right, too. */
  function partCrc(bytes: Buffer): Buffer {
    const [at, length] = [Number(bytes.readBigUInt64LE(64)), Number(bytes.readBigUInt64LE(72))];
    bytes.writeUInt32LE(crc32c(bytes.subarray(at, at + length)), 64 + 36);
    return crc(bytes);
  }
  const cases: [string, (bytes: Buffer) => Buffer, RegExp][] = [
    ["another program's", (b) => Buffer.concat([Buffer.from("SQLite format 3\0"), b.subarray(16)]), /not an index/],
    ["text", () => Buffer.from("hash,metadata\n"), /not an index/],
    ["empty", () => Buffer.alloc(0), /not an index/],
    ["of version 4", (b) => (b.writeUInt32LE(4, 8), crc(b)), /later|newer/],
    ["of version 4, of another length", (b) => (b.writeUInt32LE(4, 8), b.subarray(0, 100)), /later|newer/],
    ["of version 2", (b) => (b.writeUInt32LE(2, 8), crc(b)), /older version/],
    ["of a big-endian machine", (b) => (b.writeUInt32BE(0x01020304, 12), crc(b)), /not an index/],
    ["with a part more", (b) => (b.writeUInt32LE(2, 32), crc(b)), /damaged/],
    ["with 4,097 parts", (b) => (b.writeUInt32LE(4097, 32), crc(b)), /damaged/],
    ["with 7 tables", (b) => (b.writeUInt32LE(7, 64 + 20), crc(b)), /damaged/],
    ["with no rows", (b) => (b.writeUInt32LE(0, 64 + 16), crc(b)), /damaged/],
    ["with more rows than it has room for", (b) => (b.writeUInt32LE(5000, 64 + 16), crc(b)), /damaged/],
    ["with its part elsewhere", (b) => (b.writeBigUInt64LE(8192n, 64), crc(b)), /damaged/],
    ["with its part beyond the end", (b) => (b.writeBigUInt64LE(2n ** 63n, 64), crc(b)), /damaged/],
    ["with something behind", (b) => Buffer.concat([b, Buffer.alloc(64)]), /damaged/],
  ];
  test.each(cases)("%s", async (_, change, why) => {
    const path = written(change(Buffer.from(await good)));
    for (const verify of ["now", "later"] as const) {
      const error: unknown = await HashIndex.open(path, { verify }).catch((e: unknown) => e);
      expect(error).toEqual(noIndex);
      expect((error as Error).message).toMatch(why);
      expect((error as Error).message).toContain(path);
    }
  });

  describe("with every checksum right, but in its part", () => {
    const firstPart = 4096;
    const blockBytes = 131_072;
    const opens = async (bytes: Buffer): Promise<unknown> => {
      const path = written(partCrc(bytes));
      return HashIndex.open(path).then(
        (index) => void index.close(),
        (error: unknown) => error,
      );
    };

    test("an id twice", async () => {
      const bytes = Buffer.from(await good);
      expect(await opens(bytes)).toBeUndefined();
      const ids = firstPart + blockBytes;
      bytes.writeUInt32LE(bytes.readUInt32LE(ids + 4 * 6), ids + 4 * 7);
      expect(await opens(bytes)).toEqual(noIndex);
    });

    test("a bucket that ends before it begins, or a row number beyond the rows", async () => {
      const rows = 40_960;
      using index = new HashIndex({ memory: "full" });
      index.addManySync(idsFrom(0, rows), randomHashes(rows, 4));
      await index.optimize();
      const bytes = readFileSync(await saved(index));
      // Blocks, ids and the order by id. The sections end with 64 zeros.
      const offsets = firstPart + (rows / 4096) * blockBytes + (4 * rows + 64) + (3 * rows + 64);
      const buckets = 2 ** 16;
      expect([bytes.readUInt32LE(offsets), bytes.readUInt32LE(offsets + 4 * buckets)]).toEqual([0, rows]);
      expect(await opens(Buffer.from(bytes))).toBeUndefined();
      const descending = Buffer.from(bytes);
      descending.writeUInt32LE(bytes.readUInt32LE(offsets + 4 * 1001) + 1, offsets + 4 * 1000);
      expect(await opens(descending)).toEqual(noIndex);
      const beyond = Buffer.from(bytes);
      beyond.writeUIntLE(rows, offsets - 64 - 3 * rows, 3);
      expect(await opens(beyond)).toEqual(noIndex);
    });
  });

  test("unchanged but for a checksum that the test made, it opens", async () => {
    using opened = await HashIndex.open(written(crc(Buffer.from(await good))));
    expect(opened.size).toBe(20);
  });

  test("missing, a folder, no path", async () => {
    const read = expect.objectContaining({ code: "ERR_EMPREINTE_READ" });
    await expect(HashIndex.open(join(folder, "missing"))).rejects.toEqual(read);
    mkdirSync(join(folder, "sub"));
    await expect(HashIndex.open(join(folder, "sub"))).rejects.toEqual(read);
    for (const path of ["", "a\0b", 7, null]) {
      const error = expect.objectContaining({ code: "ERR_EMPREINTE_INVALID_ARGUMENT" });
      await expect(HashIndex.open(path as string)).rejects.toEqual(error);
    }
  });
});

describe("damage", () => {
  /** Refused, or right. Unverified it may be wrong, but then `verify` says so. */
  async function expectHonest(bytes: Uint8Array, hashes: Uint8Array, what: string): Promise<"refused" | "right"> {
    const path = written(bytes);
    const query = hashAt(hashes, 3);
    const answer = oracle(hashes, query, 31);
    const right = (index: HashIndex): void => {
      expect(index.size, what).toBe(hashes.length / 32);
      for (const strategy of ["scan", "multi-index"] as const) {
        expect(difference(index.searchSync(query, { radius: 31, strategy }), answer), what).toBeUndefined();
      }
    };
    let now: "refused" | "right" = "refused";
    const refused = (error: unknown): undefined => void expect(error, what).toEqual(noIndex);
    const checked = await HashIndex.open(path).catch(refused);
    if (checked !== undefined) {
      right(checked);
      checked.close();
      now = "right";
    }
    const later = await HashIndex.open(path, { verify: "later" }).catch(refused);
    if (later !== undefined) {
      for (const strategy of ["scan", "columns", "multi-index"] as const) {
        try {
          later.searchSync(query, { radius: 31, strategy });
          later.nearestSync(query, { count: 3, strategy });
        } catch (error) {
          expect(error, what).toEqual(noIndex);
        }
      }
      if (now === "right") await later.verify();
      else await expect(later.verify(), what).rejects.toEqual(noIndex);
      later.close();
    }
    rmSync(path);
    return now;
  }

  async function file(count: number): Promise<{ bytes: Buffer; hashes: Uint8Array }> {
    const hashes = clusteredHashes(count, 21);
    using index = new HashIndex();
    index.addManySync(idsFrom(0, count), hashes, { tags: new Uint8Array(count).fill(1) });
    await index.optimize();
    return { bytes: readFileSync(await saved(index)), hashes };
  }

  test("cut at every byte of its header and records, and at random elsewhere", async () => {
    const { bytes, hashes } = await file(300);
    const next = random(4);
    const lengths = Array.from({ length: 129 }, (_, i) => i);
    for (let i = 0; i < rounds(40, 150); i++) lengths.push(129 + (next() % (bytes.length - 129)));
    lengths.push(4095, 4096, 4097, bytes.length - 64, bytes.length - 1);
    for (const length of lengths) {
      expect(await expectHonest(bytes.subarray(0, length), hashes, `cut at ${length}`)).toBe("refused");
    }
    expect(await expectHonest(bytes, hashes, "whole")).toBe("right");
  });

  test("bits flipped everywhere in a small file", async () => {
    const { bytes, hashes } = await file(300);
    const next = random(5);
    const bits = Array.from({ length: 128 * 8 }, (_, i) => i);
    for (let at = 128; at < bytes.length; at += 1 + (next() % rounds(1400, 347))) bits.push(8 * at + (next() % 8));
    for (const bit of bits) {
      bytes[bit >> 3]! ^= 1 << (bit & 7);
      expect(await expectHonest(bytes, hashes, `bit ${bit}`)).toBe("refused");
      bytes[bit >> 3]! ^= 1 << (bit & 7);
    }
  });

  test("a bit flipped in a gap between the records and the shards, which are zeros", async () => {
    const hashes = clusteredHashes(900, 22);
    using index = new HashIndex();
    index.addManySync(idsFrom(0, 900), hashes);
    const bytes = readFileSync(await saved(index));
    const shards = bytes.readUInt32LE(32);
    const records = Array.from({ length: shards }, (_, i) => bytes.subarray(64 + 64 * i, 128 + 64 * i));
    let end = 64 + 64 * shards;
    let flipped = 0;
    for (const record of records) {
      const start = Number(record.readBigUInt64LE(0));
      for (const at of start > end ? [end, (start + end) >> 1, start - 1] : []) {
        bytes[at]! ^= 16;
        await expect(HashIndex.open(written(bytes)), `byte ${at}`).rejects.toMatchObject({
          code: "ERR_EMPREINTE_INDEX_FILE",
        });
        bytes[at]! ^= 16;
        flipped++;
      }
      end = start + Number(record.readBigUInt64LE(8));
    }
    expect(flipped).toBeGreaterThan(2);
  });

  test("bits flipped and stretches overwritten in a file with tables", async () => {
    const { bytes, hashes } = await file(34_000);
    const next = random(6);
    for (let i = 0; i < rounds(12, 60); i++) {
      const damaged = Buffer.from(bytes);
      const at = 4096 + (next() % (bytes.length - 4096 - 64));
      if (i % 2 === 0) damaged[at]! ^= 1 << (next() % 8);
      else damaged.fill(next() % 2 === 0 ? 0xff : 0x5a, at, Math.min(at + (next() % 400_000), bytes.length));
      if (damaged.equals(bytes)) continue;
      expect(await expectHonest(damaged, hashes, `damage ${i} at ${at}`)).toBe("refused");
    }
  });
});
