/**
 * The signals. A row of the table `signal_page` holds 84 of them: signal n is record n mod 84 of page ⌊n / 84⌋.
 *
 * Hashes are only here, and only in bytes that SQLite never moves. SQLite may move a row of a b-tree when it splits or
 * merges its page, and a copy may then stay in the unused middle of the page, which `secure_delete` does not zero. The
 * tail of a long row is in an overflow page, which never moves and which an update of the same length overwrites in place.
 *
 * By SQLite's file format (section 1.6) a payload of 489 + 4,092 bytes keeps its first 489 bytes in a b-tree page of 4,096
 * bytes and fills one overflow page with the rest. Every row therefore has exactly that length from the start: 4 bytes of
 * header and 4,577 bytes of records. No hash is in the first 545 of the latter.
 *
 * The first 4 bytes of a page are the CRC-32 of the rest. A record has 48 bytes, little-endian:
 *
 * | bytes | content |
 * | --- | --- |
 * | 0 … 31 | the value |
 * | 32 … 35 | the number of the entry |
 * | 36 … 39 | the revision that added it |
 * | 40 … 43 | the revision that removed it; 0 while it is there |
 * | 44 | its type + 1 |
 * | 45 | its quality; 255 where it is unknown |
 * | 46 | flags |
 * | 47 | the number of its crop's name (`crop-names.ts`); 0 for the whole image |
 */
import { crc32 } from "node:zlib";
import { BankError, printable } from "../../errors.js";
import type { Database } from "./database.js";

export const recordBytes = 48;
export const pageRecords = 84;
const pageBytes = 489 + 4092 - 4;
const padBytes: number = pageBytes - recordBytes * pageRecords;

/** The signal is quarantined: the store keeps it, and it does not match. */
export const quarantinedFlag = 1;
/** The signal is withdrawn or erased: its value is zeros. */
export const wipedFlag = 2;
const unknownQuality = 255;

/** A signal as its page has it. */
export interface SignalRecord {
  value: Buffer;
  entry: number;
  /** The revision that added it. */
  from: number;
  /** The revision that removed it; 0 while it is there. */
  to: number;
  type: number;
  quality: number | undefined;
  flags: number;
  /** The number of its crop's name; 0 for the hash of a whole image. */
  crop: number;
}

/** Reads the 48 bytes of a record. The value is a view of them, not a copy. */
export function readRecord(record: Buffer): SignalRecord {
  const quality = record[45]!;
  return {
    value: record.subarray(0, 32),
    entry: record.readUInt32LE(32),
    from: record.readUInt32LE(36),
    to: record.readUInt32LE(40),
    type: record[44]! - 1,
    quality: quality === unknownQuality ? undefined : quality,
    flags: record[46]!,
    crop: record[47]!,
  };
}

/** Writes the 48 bytes of a record. */
export function writeRecord(record: Buffer, signal: SignalRecord): void {
  record.set(signal.value, 0);
  record.writeUInt32LE(signal.entry, 32);
  record.writeUInt32LE(signal.from, 36);
  record.writeUInt32LE(signal.to, 40);
  record[44] = signal.type + 1;
  record[45] = signal.quality ?? unknownQuality;
  record[46] = signal.flags;
  record[47] = signal.crop;
}

/** Whether a search may find the signal now. */
export const isLive = (record: SignalRecord): boolean => record.to === 0 && record.flags === 0;

/**
 * Checks a run of signals or entries against the number that the store has. A forged run would make a loop endless.
 * @throws {BankError} `ERR_EMPREINTE_BANK_FILE`
 */
export function checkRun(database: Database, first: number, count: number, end: number): void {
  const isWhole = Number.isSafeInteger(first) && Number.isSafeInteger(count);
  if (isWhole && first >= 0 && count >= 0 && first + count <= end) return;
  throw new BankError("ERR_EMPREINTE_BANK_FILE", `${printable(database.path)} is damaged (a run of numbers)`);
}

/** The pages of one transaction or one reading. It reads each page once, changes it in memory, and writes it on `flush`. */
export class Pages {
  readonly #database: Database;
  readonly #pages: Map<number, Buffer> = new Map();
  readonly #changed: Set<number> = new Set();
  readonly #old: number;

  /** @param signals how many signals the store has. Pages beyond them are new. */
  constructor(database: Database, signals: number) {
    this.#database = database;
    this.#old = Math.ceil(signals / pageRecords);
  }

  /** Answers the bytes of signal `id`, to be read. */
  at(id: number): Buffer {
    const start = padBytes + recordBytes * (id % pageRecords);
    return this.#page(Math.floor(id / pageRecords)).subarray(start, start + recordBytes);
  }

  /** Answers the bytes of signal `id`, to be written. */
  edit(id: number): Buffer {
    this.#changed.add(Math.floor(id / pageRecords));
    return this.at(id);
  }

  /** Writes the changed pages. */
  flush(): void {
    for (const id of this.#changed) {
      const bytes = this.#pages.get(id)!;
      bytes.writeUInt32LE(crc32(bytes.subarray(4)));
      if (id < this.#old) this.#database.run("UPDATE signal_page SET records = ? WHERE id = ?", bytes, id);
      else this.#database.run("INSERT INTO signal_page VALUES (?, ?)", id, bytes);
    }
    this.#changed.clear();
  }

  #page(id: number): Buffer {
    let page = this.#pages.get(id);
    if (page === undefined) {
      page = id < this.#old ? readPage(this.#database, id) : Buffer.alloc(pageBytes);
      this.#pages.set(id, page);
    }
    return page;
  }
}

/** @throws {BankError} `ERR_EMPREINTE_BANK_FILE` when bytes of the page have changed or the page is missing. */
function readPage(database: Database, id: number): Buffer {
  // SQLite knows the length of a blob without reading it.
  const sql = `SELECT records FROM signal_page WHERE id = ? AND typeof(records) = 'blob' AND length(records) = ${pageBytes}`;
  const bytes = database.get<[Buffer]>(sql, id)?.[0];
  if (bytes !== undefined && crc32(bytes.subarray(4)) === bytes.readUInt32LE()) return bytes;
  throw new BankError("ERR_EMPREINTE_BANK_FILE", `${printable(database.path)} is damaged (signals, page ${id})`);
}

/** Yields the records `first` … `end` − 1, one page at a time: the number of the first, their count and their bytes. */
export function* recordsFrom(
  database: Database,
  first: number,
  end: number,
): Generator<{ first: number; count: number; bytes: Buffer }> {
  for (let at = first; at < end;) {
    const page = Math.floor(at / pageRecords);
    const next = Math.min(end, (page + 1) * pageRecords);
    const start = padBytes + recordBytes * (at % pageRecords);
    const bytes = readPage(database, page).subarray(start, start + recordBytes * (next - at));
    yield { first: at, count: next - at, bytes };
    at = next;
  }
}
