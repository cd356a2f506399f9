/** A shard as a Parquet file, which tools of data science read: one row for each upload. */
import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { ClusterError } from "../errors.js";
import type { ArchiveShard } from "./shard.js";

/** A column of an export. */
export type ExportColumn = "id" | "hash" | "time";

export interface ExportOptions {
  /** The columns, in this order. Default: `id`, `hash` and `time`. Leave `id` out where nobody needs to know it. */
  columns?: readonly ExportColumn[];
}

const types = {
  id: { type: "BYTE_ARRAY", converted_type: "UTF8" },
  hash: { type: "FIXED_LEN_BYTE_ARRAY", type_length: 32 },
  time: { type: "INT64", converted_type: "TIMESTAMP_MILLIS" },
} as const;
const allColumns: readonly ExportColumn[] = ["id", "hash", "time"];

/** Rows of one group of the file. They are in memory at once. */
const groupRows = 100_000;

/**
 * Writes the uploads of a shard into a new Parquet file: the id as text, the hash as 32 bytes, the time in milliseconds
 * since 1970, compressed with Snappy. The file appears under its name when it is complete. What is kept meanwhile is
 * not in it. It has whole hashes: its mode is 600. Returns how many rows it has.
 * @throws {ClusterError} `ERR_EMPREINTE_CLUSTER_ARGUMENT` for a path where there is a file, or unknown columns.
 */
export async function exportShard(shard: ArchiveShard, path: string, options: ExportOptions = {}): Promise<number> {
  const columns = options.columns ?? allColumns;
  const unknown = columns.some((name) => !allColumns.includes(name));
  if (columns.length === 0 || unknown || new Set(columns).size < columns.length) {
    throw new ClusterError(
      "ERR_EMPREINTE_CLUSTER_ARGUMENT",
      "Expected some of id, hash and time, once each, for columns",
    );
  }
  if (existsSync(path))
    throw new ClusterError("ERR_EMPREINTE_CLUSTER_ARGUMENT", "There is a file at that path already");
  const part = `${path}.part`;
  rmSync(part, { force: true });
  closeSync(openSync(part, "wx", 0o600));
  try {
    const rows = await writeRows(shard, part, columns);
    const file = openSync(part, "r+");
    fsyncSync(file);
    closeSync(file);
    renameSync(part, path);
    return rows;
  } catch (error) {
    rmSync(part, { force: true });
    throw error;
  }
}

async function writeRows(shard: ArchiveShard, path: string, columns: readonly ExportColumn[]): Promise<number> {
  const { fileWriter, ParquetWriter } = await import("hyparquet-writer");
  const writer = new ParquetWriter({
    writer: fileWriter(path),
    schema: [
      { name: "uploads", num_children: columns.length },
      ...columns.map((name) => ({ name, repetition_type: "REQUIRED" as const, ...types[name] })),
    ],
    // The smallest and the largest hash of a group say nothing.
    statistics: false,
    createdBy: "empreinte-cluster",
  });
  const { last } = shard;
  let count = 0;
  for (let after = 0; after < last;) {
    const rows = shard.page(after, groupRows).filter(({ number }) => number <= last);
    if (rows.length === 0) break;
    const data: Record<ExportColumn, unknown[]> = {
      id: rows.map(({ id }) => id),
      hash: rows.map(({ hash }) => Buffer.from(hash, "hex")),
      time: rows.map(({ time }) => new Date(time)),
    };
    await writer.write({
      columnData: columns.map((name) => ({ name, data: data[name] })),
      rowGroupSize: groupRows,
    });
    count += rows.length;
    after = rows.at(-1)!.number;
    // Searches of this process go on between two groups.
    await setImmediate();
  }
  await writer.finish();
  return count;
}
