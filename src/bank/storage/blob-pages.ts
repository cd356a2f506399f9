/**
 * Pages of bytes that SQLite never moves. What must be gone after a withdrawal or an erasure is only in them.
 *
 * SQLite may move a row of a b-tree when it splits or merges its page, and a copy may then stay in the unused middle of
 * the page, which `secure_delete` does not zero. The tail of a long row is in an overflow page, which never moves and
 * which an update of the same length overwrites in place.
 *
 * By SQLite's file format (section 1.6) a payload of 489 + 4,092 bytes keeps its first 489 bytes in a b-tree page of
 * 4,096 bytes and fills one overflow page with the rest. Every row therefore has exactly that length from the start: 4
 * bytes of header and 4,577 bytes of blob. The first 485 bytes of the blob stay in the b-tree page, so they hold
 * nothing but the CRC-32 of the rest, in the first 4.
 */
import { crc32 } from "node:zlib";
import { BankError, printable } from "../../errors.js";
import type { Database } from "./database.js";

/** The bytes of a page. */
export const blobBytes: number = 489 + 4092 - 4;
/** Bytes at the start of a page that SQLite may move. */
export const movedBytes: number = 489 - 4;

/** The tables of such pages. Each has the columns `id`, from 0 without gaps, and `bytes`. */
export type BlobTable = "signal_page" | "text_page";

/**
 * The pages of one transaction or one reading. It reads each page once, changes it in memory, and writes it on `flush`.
 */
export class BlobPages {
  readonly #database: Database;
  readonly #table: BlobTable;
  readonly #old: number;
  readonly #pages: Map<number, Buffer> = new Map();
  readonly #changed: Set<number> = new Set();

  /** @param count how many pages the table has. Pages beyond them are new. */
  constructor(database: Database, table: BlobTable, count: number) {
    this.#database = database;
    this.#table = table;
    this.#old = count;
  }

  /** Returns the bytes of a page, to be read. @throws {BankError} `ERR_EMPREINTE_BANK_FILE` */
  at(id: number): Buffer {
    let page = this.#pages.get(id);
    if (page === undefined) {
      page = id < this.#old ? readBlob(this.#database, this.#table, id) : Buffer.alloc(blobBytes);
      this.#pages.set(id, page);
    }
    return page;
  }

  /** Returns the bytes of a page, to be written. @throws {BankError} `ERR_EMPREINTE_BANK_FILE` */
  edit(id: number): Buffer {
    const page = this.at(id);
    this.#changed.add(id);
    return page;
  }

  /** Writes the changed pages. */
  flush(): void {
    for (const id of this.#changed) {
      const bytes = this.#pages.get(id)!;
      bytes.writeUInt32LE(crc32(bytes.subarray(4)));
      if (id < this.#old) this.#database.run(`UPDATE ${this.#table} SET bytes = ? WHERE id = ?`, bytes, id);
      else this.#database.run(`INSERT INTO ${this.#table} VALUES (?, ?)`, id, bytes);
    }
    this.#changed.clear();
  }
}

/** Reads a page. @throws {BankError} `ERR_EMPREINTE_BANK_FILE` when its bytes have changed or it is missing. */
export function readBlob(database: Database, table: BlobTable, id: number): Buffer {
  // SQLite knows the length of a blob without reading it.
  const sql = `SELECT bytes FROM ${table} WHERE id = ? AND typeof(bytes) = 'blob' AND length(bytes) = ${blobBytes}`;
  const bytes = database.get<[Buffer]>(sql, id)?.[0];
  if (bytes !== undefined && crc32(bytes.subarray(4)) === bytes.readUInt32LE()) return bytes;
  const what = table === "signal_page" ? "signals" : "texts";
  throw new BankError("ERR_EMPREINTE_BANK_FILE", `${printable(database.path)} is damaged (${what}, page ${id})`);
}
