/**
 * One shard of the archive: which upload has which hash. A SQLite file is the truth, and an index beside it is derived
 * from it. An index that is not the one that was saved last is made anew.
 */
import { randomUUID } from "node:crypto";
import { closeSync, existsSync, openSync, rmSync, statSync } from "node:fs";
import { HashIndex, type HashLike, type Query } from "empreinte";
import Libsql from "libsql";
import { ClusterError, codeOf, reasonOf } from "../errors.js";
import { type Layout, readLayout, writeLayout } from "./layout.js";
import {
  type Addition,
  areOrientations,
  nearestRows,
  packTurned,
  rowsOf,
  rowsToAdd,
  unpackTurned,
  type UploadOrientations,
} from "./orientations.js";
import { ShardRescans, type UploadMatch } from "./rescans.js";

/** An upload of the archive. */
export interface ArchivedUpload {
  /** The platform's name of the upload, 1 … 200 characters. */
  id: string;
  /** The hash as 64 hex digits. */
  hash: string;
  /** When it was uploaded, in milliseconds since 1970. */
  time: number;
  /**
   * The hashes of all eight orientations, as `hashImage` gives them. With them, searches and rescans also find the
   * upload where it is rotated or mirrored. It then needs eight times the memory.
   */
  orientations?: UploadOrientations;
}

/** An upload that a search found. */
export interface ArchiveMatch {
  id: string;
  time: number;
  /** The number of differing bits, 0 … 256. */
  distance: number;
  /** Which orientation of the query is the nearest. */
  orientation: string;
  /** Which orientation of the upload is the nearest, where it is not the upload as it is. */
  uploadOrientation?: string;
}

/** What a shard did with uploads. */
export interface KeptUploads {
  kept: number;
  /** How many were there already, with the same hash. */
  known: number;
  /** The ids that have another hash already. It stays. */
  conflicts: string[];
}

/** Checks an upload. @throws {ClusterError} `ERR_EMPREINTE_CLUSTER_ARGUMENT` */
export function checkUpload(value: unknown): ArchivedUpload {
  const { id, hash, time, orientations } = (value ?? {}) as Record<string, unknown>;
  const expected =
    typeof id !== "string" || id.length === 0 || id.length > 200 || /\p{Cc}/u.test(id)
      ? "1 to 200 characters, without control characters, for id"
      : typeof hash !== "string" || !/^[0-9a-f]{64}$/.test(hash)
        ? "64 lower-case hex digits for hash"
        : !Number.isSafeInteger(time) || (time as number) < 0
          ? "milliseconds since 1970 for time"
          : orientations !== undefined && !areOrientations(orientations)
            ? "64 lower-case hex digits for each of the eight orientations"
            : undefined;
  if (expected === undefined) return { ...(value as ArchivedUpload) };
  throw new ClusterError("ERR_EMPREINTE_CLUSTER_ARGUMENT", `Expected ${expected}`);
}

const schema = `
  CREATE TABLE IF NOT EXISTS uploads (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, hash BLOB NOT NULL, time INTEGER NOT NULL,
    turned BLOB);
  CREATE TABLE IF NOT EXISTS saved (one INTEGER PRIMARY KEY CHECK (one = 1), number INTEGER, bytes INTEGER, changed REAL);
  CREATE TABLE IF NOT EXISTS owner (one INTEGER PRIMARY KEY CHECK (one = 1), token TEXT NOT NULL);
`;

/** libsql gives a value as a Buffer where it gives one row, and as an ArrayBuffer where it gives several. */
type Column = ArrayBuffer | Buffer;
const turnedOf = (value: Column | null): Buffer | undefined => (value === null ? undefined : bytesOf(value));
const bytesOf = (value: Column): Buffer => (Buffer.isBuffer(value) ? value : Buffer.from(value));

/** Rows that are read into the index at once. */
const atOnce = 100_000;

/**
 * Uploads and their hashes in one file. Whoever opened it last has it: an earlier one refuses everything, because its
 * index would not have what the other keeps.
 */
export class ArchiveShard {
  readonly path: string;
  /** Why the index was made anew from the file, or undefined if the saved one was used. */
  readonly rebuilt: string | undefined;
  /** What the shard has found for hashes that are new in a bank. */
  readonly rescans: ShardRescans;
  readonly #database: Libsql.Database;
  readonly #index: HashIndex;
  readonly #token: string;
  #layout: Layout | undefined;
  #size: number;
  #closed = false;
  readonly #statements = new Map<string, Libsql.Statement>();

  private constructor(
    path: string,
    database: Libsql.Database,
    token: string,
    { index, rebuilt, count }: Pick<OpenedIndex, "index" | "rebuilt" | "count">,
  ) {
    [this.path, this.rebuilt, this.#token] = [path, rebuilt, token];
    this.#database = database;
    this.#index = index;
    this.#size = count;
    this.#layout = readLayout(database);
    this.rescans = new ShardRescans(database, index, () => this.#assertOwner());
  }

  /** Opens a shard, and makes the file where there is none. @throws what SQLite reports */
  static async open(path: string): Promise<ArchiveShard> {
    // SQLite gives its other files the mode of this one.
    if (!existsSync(path)) closeSync(openSync(path, "wx", 0o600));
    const database = new Libsql(path);
    try {
      for (const setting of ["journal_mode = WAL", "synchronous = FULL"]) database.pragma(setting);
      for (const setting of ["secure_delete = ON", "temp_store = MEMORY"]) database.pragma(setting);
      database.exec(schema);
      const token = randomUUID();
      database.prepare("INSERT OR REPLACE INTO owner VALUES (1, ?)").run([token]);
      const opened = await openIndex(path, database);
      await fill(opened.index, database, opened.after);
      return new ArchiveShard(path, database, token, opened);
    } catch (error) {
      database.close();
      throw error;
    }
  }

  /** How many shards its archive has, as its file says, or undefined in a new file. */
  get layout(): Layout | undefined {
    return this.#layout;
  }

  setLayout(layout: Layout): void {
    this.#database.transaction(() => {
      this.#assertOwner();
      writeLayout(this.#database, layout);
    })();
    this.#layout = layout;
  }

  /** How many uploads the shard has. */
  get size(): number {
    return this.#size;
  }

  /**
   * Keeps uploads. They are found, and on the disk, when it returns. @throws {ClusterError} `…_ARGUMENT`, and none is
   * kept.
   */
  keep(given: readonly (ArchivedUpload & { matches?: readonly UploadMatch[] })[]): KeptUploads {
    const uploads = given.map((upload) => ({ ...checkUpload(upload), matches: upload.matches ?? [] }));
    const insert = this.#database.prepare("INSERT OR IGNORE INTO uploads (id, hash, time, turned) VALUES (?, ?, ?, ?)");
    const find = this.#database.prepare("SELECT number, hash FROM uploads WHERE id = ?");
    const result: KeptUploads = { kept: 0, known: 0, conflicts: [] };
    const added: Addition[] = [];
    let indexed = false;
    const write = this.#database.transaction(() => {
      this.#assertOwner();
      for (const { id, hash, time, orientations, matches } of uploads) {
        const bytes = Buffer.from(hash, "hex");
        const turned = orientations && packTurned(orientations);
        const { changes, lastInsertRowid } = insert.run([id, bytes, time, turned ?? null]);
        let number = Number(lastInsertRowid);
        if (changes === 1) added.push({ number, hash: bytes, turned });
        else {
          const row = find.get([id]) as { number: number; hash: Column };
          if (bytes.equals(bytesOf(row.hash))) result.known++;
          else {
            result.conflicts.push(id);
            continue;
          }
          ({ number } = row);
        }
        this.rescans.adopt(number, matches);
      }
      this.#index.addManySync(...rowsToAdd(added));
      indexed = true;
    });
    try {
      write();
    } catch (error) {
      // The file does not have them, so the index must not.
      if (indexed && added.length > 0) this.#index.remove(rowsToAdd(added)[0]);
      throw error;
    }
    this.#size += added.length;
    result.kept = added.length;
    return result;
  }

  /** Finds every upload within the radius, sorted by distance. @throws as `HashIndex.search` */
  async search(query: HashLike | Query, radius?: number): Promise<ArchiveMatch[]> {
    const found = await this.#index.search(query, radius === undefined ? {} : { radius });
    this.#assertOwner();
    const find = this.#statement("SELECT id, time FROM uploads WHERE number = ?");
    return nearestRows(found).flatMap(({ number, distance, orientation: own, row: { orientation } }) => {
      const row = find.get([number]) as { id: string; time: number } | undefined;
      // It was removed while the search ran.
      if (row === undefined) return [];
      return [{ id: row.id, time: row.time, distance, orientation, ...(own !== "orig" && { uploadOrientation: own }) }];
    });
  }

  /**
   * Removes uploads. No search that begins afterwards finds them, and their bytes are gone from the files when it
   * resolves. It writes the whole index anew, so remove many at once. Ids that are not there are skipped. Returns how
   * many it removed.
   */
  async remove(ids: readonly string[]): Promise<number> {
    const count = this.drop(ids);
    await this.save();
    return count;
  }

  /** Removes uploads, and leaves their bytes in the saved index until `save`. Returns how many it removed. */
  drop(ids: readonly string[]): number {
    const find = this.#database.prepare("SELECT number, turned FROM uploads WHERE id = ?");
    const erase = this.#database.prepare("DELETE FROM uploads WHERE number = ?");
    const numbers = new Map<number, Buffer | undefined>();
    this.#database.transaction(() => {
      this.#assertOwner();
      // Until the index is saved again, the saved one has too much: it must not be used.
      this.#database.exec("DELETE FROM saved");
      for (const id of ids) {
        const row = find.get([id]) as { number: number; turned: Column | null } | undefined;
        if (row === undefined) continue;
        numbers.set(row.number, turnedOf(row.turned));
        erase.run([row.number]);
        this.rescans.forget(row.number);
      }
    })();
    if (numbers.size > 0) this.#index.remove([...numbers].flatMap(([number, turned]) => rowsOf(number, turned)));
    this.#size -= numbers.size;
    return numbers.size;
  }

  /** Returns which of these uploads are here: with the same hash, and with another one. */
  which(uploads: readonly ArchivedUpload[]): { known: string[]; conflicts: string[] } {
    const find = this.#database.prepare("SELECT hash FROM uploads WHERE id = ?");
    const result: { known: string[]; conflicts: string[] } = { known: [], conflicts: [] };
    for (const { id, hash } of uploads) {
      const row = find.get([id]) as { hash: Column } | undefined;
      if (row === undefined) continue;
      (bytesOf(row.hash).toString("hex") === hash ? result.known : result.conflicts).push(id);
    }
    return result;
  }

  /** The number of the last upload; 0 for none. */
  get last(): number {
    const row = this.#database.prepare("SELECT ifnull(max(number), 0) AS number FROM uploads").get();
    return (row as { number: number }).number;
  }

  /** Returns uploads in the order in which they were kept, those after a number. */
  page(after: number, limit: number): (ArchivedUpload & { number: number })[] {
    const sql = "SELECT number, id, hash, time, turned FROM uploads WHERE number > ? ORDER BY number LIMIT ?";
    const rows = this.#database.prepare(sql).all([after, limit]) as {
      number: number;
      id: string;
      hash: Column;
      time: number;
      turned: Column | null;
    }[];
    return rows.map(({ hash: bytes, turned, ...row }) => {
      const hash = bytesOf(bytes).toString("hex");
      return { ...row, hash, ...(turned && { orientations: unpackTurned(hash, bytesOf(turned)) }) };
    });
  }

  /**
   * Writes a copy of the file to a path where there is none. From then on this file is a moved one, which only
   * `reopen` opens again. Searches are answered until it is closed.
   */
  copyTo(path: string): void {
    this.#assertOwner();
    if (this.#layout === undefined)
      throw new ClusterError("ERR_EMPREINTE_CLUSTER_ARGUMENT", "The shard has no layout yet");
    if (this.#layout.former !== undefined) {
      throw new ClusterError(
        "ERR_EMPREINTE_CLUSTER_ARGUMENT",
        "The shard is copied once its uploads are where they belong",
      );
    }
    // SQLite writes into an empty file, and this one has the mode of the shard's own.
    closeSync(openSync(path, "wx", 0o600));
    this.#database.prepare("VACUUM INTO ?").run([path]);
    this.setLayout({ ...this.#layout, moved: true });
  }

  /**
   * Writes the index, so that the next `open` maps it. Where uploads are kept meanwhile, the next `open` makes the
   * index anew.
   */
  async save(): Promise<void> {
    this.#assertOwner();
    const number = this.last;
    await this.#index.save(`${this.path}.index`);
    const { size, mtimeMs } = statSync(`${this.path}.index`);
    const write = this.#database.prepare("INSERT OR REPLACE INTO saved VALUES (1, ?, ?, ?)");
    write.run([number, size, mtimeMs]);
    const [{ busy } = { busy: 1 }] = this.#database.prepare("PRAGMA wal_checkpoint(TRUNCATE)").all([]) as {
      busy: number;
    }[];
    if (busy !== 0) throw new Error(`Another process reads ${this.path}, so that its log still has what was removed`);
  }

  /** Returns a prepared statement, for what each search runs: preparing takes longer than running it. */
  #statement(sql: string): Libsql.Statement {
    let found = this.#statements.get(sql);
    if (found === undefined) this.#statements.set(sql, (found = this.#database.prepare(sql)));
    return found;
  }

  /** @throws {ClusterError} `ERR_EMPREINTE_CLUSTER_CLOSED` if the shard was closed, or opened again by another. */
  #assertOwner(): void {
    const row = this.#closed ? undefined : (this.#statement("SELECT token FROM owner").get() as { token: string });
    if (row?.token === this.#token) return;
    const text = this.#closed ? "The shard is closed" : "Another process has opened the shard";
    throw new ClusterError("ERR_EMPREINTE_CLUSTER_CLOSED", text);
  }

  /** Saves the index, unless another has the shard, and closes the file. */
  async close(): Promise<void> {
    if (this.#closed) return;
    try {
      await this.save();
    } catch (error) {
      if (codeOf(error) !== "ERR_EMPREINTE_CLUSTER_CLOSED") throw error;
    } finally {
      this.#closed = true;
      this.#index.close();
      this.#database.close();
    }
  }
}

interface OpenedIndex {
  index: HashIndex;
  /** The number up to which the index has the uploads. */
  after: number;
  rebuilt: string | undefined;
  /** How many uploads the file has. */
  count: number;
}

/** Opens the saved index, or returns an empty one with the reason. */
async function openIndex(path: string, database: Libsql.Database): Promise<OpenedIndex> {
  const saved = database.prepare("SELECT number, bytes, changed FROM saved").get() as
    { number: number; bytes: number; changed: number } | undefined;
  const file = `${path}.index`;
  const { count } = database.prepare("SELECT count(*) AS count FROM uploads").get() as { count: number };
  const anew = (rebuilt: string | undefined): OpenedIndex => {
    rmSync(file, { force: true });
    return { index: new HashIndex(), after: 0, rebuilt, count };
  };
  if (saved === undefined) return anew(count === 0 ? undefined : "no index was saved after the last change");
  try {
    const { size, mtimeMs } = statSync(file);
    if (size !== saved.bytes || mtimeMs !== saved.changed) return anew("the index is not the one that was saved last");
    const index = await HashIndex.open(file);
    const sql = "SELECT count(*) + 7 * count(turned) AS rows FROM uploads WHERE number <= ?";
    const known = database.prepare(sql).get([saved.number]) as { rows: number };
    if (index.size === known.rows) return { index, after: saved.number, rebuilt: undefined, count };
    index.close();
    return anew("the index has another number of uploads than the file");
  } catch (error) {
    return anew(`the index cannot be opened: ${codeOf(error) ?? reasonOf(error)}`);
  }
}

/** Adds what the index lacks. */
async function fill(index: HashIndex, database: Libsql.Database, after: number): Promise<void> {
  const read = database.prepare("SELECT number, hash, turned FROM uploads WHERE number > ? ORDER BY number LIMIT ?");
  for (let last = after; ;) {
    const rows = read.all([last, atOnce]) as { number: number; hash: Column; turned: Column | null }[];
    if (rows.length === 0) return;
    const uploads = rows.map(({ number, hash, turned }) => ({
      number,
      hash: bytesOf(hash),
      turned: turnedOf(turned),
    }));
    await index.addMany(...rowsToAdd(uploads));
    last = rows.at(-1)!.number;
  }
}
