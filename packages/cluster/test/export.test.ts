/** Shards as Parquet files, read back by hyparquet and by Apache Arrow, which share no code with each other. */
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from "hyparquet";
import { readParquet } from "parquet-wasm/node";
import { afterEach, beforeEach, expect, test } from "vitest";
import { exportShard } from "../dist/archive/export.js";
import { type ArchivedUpload, ArchiveShard } from "../dist/archive/shard.js";

let folder: string;
let shard: ArchiveShard;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "empreinte-export-"));
  shard = await ArchiveShard.open(join(folder, "shard"));
});
afterEach(async () => {
  await shard.close();
  rmSync(folder, { recursive: true, force: true });
});

const hashOf = (i: number): string => createHash("sha256").update(`upload ${i}`).digest("hex");
const uploads: ArchivedUpload[] = Array.from({ length: 3000 }, (_, i) => ({
  id: i % 7 === 0 ? `été/${i} 🎞` : `upload-${i}`,
  hash: hashOf(i),
  time: 1_700_000_000_000 + 1001 * i,
}));

interface Row {
  id: string;
  hash: Uint8Array;
  time: Date;
}
const read = async (path: string): Promise<Row[]> =>
  (await parquetReadObjects({ file: await asyncBufferFromFile(path), utf8: false })) as unknown as Row[];

test("a Parquet file has each upload once, with its id, its 32 bytes and its time", async () => {
  shard.keep(uploads);
  await shard.remove(uploads.slice(0, 100).map(({ id }) => id));
  const path = join(folder, "shard-0.parquet");
  expect(await exportShard(shard, path)).toBe(2900);
  const rows = await read(path);
  const plain = rows.map(({ id, hash, time }) => ({
    id,
    hash: Buffer.from(hash).toString("hex"),
    time: time.getTime(),
  }));
  expect(plain).toEqual(uploads.slice(100));
  const metadata = await parquetMetadataAsync(await asyncBufferFromFile(path));
  expect(metadata.num_rows).toBe(2900n);
  expect(metadata.created_by).toBe("empreinte-cluster");
  expect(metadata.schema.slice(1).map(({ name, type, type_length }) => [name, type, type_length])).toEqual([
    ["id", "BYTE_ARRAY", undefined],
    ["hash", "FIXED_LEN_BYTE_ARRAY", 32],
    ["time", "INT64", undefined],
  ]);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  // Without names, and an empty shard.
  await exportShard(shard, join(folder, "nameless"), { columns: ["hash"] });
  expect((await read(join(folder, "nameless"))).map((row) => Object.keys(row)).slice(0, 2)).toEqual([
    ["hash"],
    ["hash"],
  ]);
  await shard.remove(uploads.map(({ id }) => id));
  expect(await exportShard(shard, join(folder, "empty"))).toBe(0);
  expect(await read(join(folder, "empty"))).toEqual([]);
});

test("a file is never written over, and one that fails leaves nothing", async () => {
  shard.keep(uploads.slice(0, 10));
  const path = join(folder, "there");
  writeFileSync(path, "x");
  const argument = expect.objectContaining({ code: "ERR_EMPREINTE_CLUSTER_ARGUMENT" });
  await expect(exportShard(shard, path)).rejects.toEqual(argument);
  for (const columns of [[], ["id", "id"], ["secret"]] as const) {
    await expect(exportShard(shard, join(folder, "new"), { columns: columns as unknown as ["id"] })).rejects.toEqual(
      argument,
    );
  }
  await expect(exportShard(shard, join(folder, "none", "new"))).rejects.toMatchObject({ code: "ENOENT" });
  const broken = shard.page.bind(shard);
  shard.page = () => {
    throw new Error("the disk is gone");
  };
  await expect(exportShard(shard, join(folder, "new"))).rejects.toThrow("the disk is gone");
  shard.page = broken;
  expect(existsSync(join(folder, "new"))).toBe(false);
  expect(readdirSync(folder).filter((name) => name.endsWith(".part"))).toEqual([]);
});

test("Apache Arrow reads it", async () => {
  shard.keep(uploads);
  const path = join(folder, "shard.parquet");
  await exportShard(shard, path);
  const table = readParquet(readFileSync(path));
  expect(["id", "hash", "time"].map((name) => table.schema.indexOf(name))).toEqual([0, 1, 2]);
  const batches = table.recordBatches().map(({ numRows }) => numRows);
  // In a batch, Arrow has the values of a column one behind the other.
  const columns = Buffer.from(table.intoIPCStream());
  let first = 0;
  for (const rows of batches) {
    const batch = uploads.slice(first, (first += rows));
    expect(columns.includes(batch.map(({ id }) => id).join(""))).toBe(true);
    expect(columns.includes(batch.map(({ hash }) => hash).join(""), "hex")).toBe(true);
    const times = BigInt64Array.from(batch, ({ time }) => BigInt(time));
    expect(columns.includes(Buffer.from(times.buffer))).toBe(true);
  }
  expect(first).toBe(uploads.length);
});
