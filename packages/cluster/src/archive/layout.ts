/** Of how many shards a shard's archive consists, as its file has it. */
import type Libsql from "libsql";

/** How many shards an archive has. */
export interface Layout {
  shards: number;
  /** How many it had before, until all uploads are where they belong now. */
  former?: number | undefined;
  /** Set in the file of a shard that was copied to another place. */
  moved?: boolean;
}

const schema = `CREATE TABLE IF NOT EXISTS layout (
  one INTEGER PRIMARY KEY CHECK (one = 1), shards INTEGER NOT NULL, former INTEGER, moved INTEGER NOT NULL)`;

/** Reads the layout; undefined in a new file. */
export function readLayout(database: Libsql.Database): Layout | undefined {
  database.exec(schema);
  const row = database.prepare("SELECT shards, former, moved FROM layout").get() as
    { shards: number; former: number | null; moved: number } | undefined;
  return row && { shards: row.shards, former: row.former ?? undefined, moved: row.moved === 1 };
}

/** Writes the layout. */
export function writeLayout(database: Libsql.Database, { shards, former, moved = false }: Layout): void {
  const write = database.prepare("INSERT OR REPLACE INTO layout VALUES (1, ?, ?, ?)");
  write.run([shards, former ?? null, Number(moved)]);
}
