/**
 * The signals, 84 of them in a row of the table `page`: signal n is record n mod 84 of page ⌊n / 84⌋.
 *
 * A hash stands here and nowhere else in the store, and only in bytes that SQLite never moves. A row of a b-tree may be
 * moved when its page is split or merged, and a copy of it stay in the unused middle of the page, which `secure_delete`
 * does not zero. What of a row does not fit lies in an overflow page of its own, which stays where it is and is
 * overwritten in place by an update of the same length. By SQLite's file format (section 1.6) a payload of 489 + 4,092
 * bytes keeps its first 489 in a b-tree page of 4,096 and fills one overflow page with the rest. So each row has just that
 * length from the start, 4 bytes of header and 4,577 of records, and no hash stands in the first 545 of them.
 *
 * The first 4 bytes are the CRC-32 of what follows. A record, 48 bytes, little-endian: 32 value, u32 entry, u32 revision it
 * came with, u32 revision it ended with (0: it has not), u8 type + 1, u8 quality (255: not known), u8 flags, u8 part (0: of the
 * whole picture; otherwise the number of a part's name, see `parts.ts`).
 */
import { crc32 } from "node:zlib";
import { BankError, printable } from "../../errors.js";
import type { Database } from "./database.js";

export const recordBytes = 48;
export const pageRecords = 84;
const pageBytes = 489 + 4092 - 4;
const padBytes: number = pageBytes - recordBytes * pageRecords;

/** Quarantined: kept, not matched. */
export const heldFlag = 1;
/** Withdrawn or erased: the value is zeros. */
export const wipedFlag = 2;
const unknownQuality = 255;

export interface SignalRecord {
  value: Buffer;
  entry: number;
  from: number;
  /** 0: it has not ended. */
  to: number;
  type: number;
  quality: number | undefined;
  flags: number;
  /** 0: of the whole picture; otherwise the number of a part's name. */
  part: number;
}

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
    part: record[47]!,
  };
}

export function writeRecord(record: Buffer, signal: SignalRecord): void {
  record.set(signal.value, 0);
  record.writeUInt32LE(signal.entry, 32);
  record.writeUInt32LE(signal.from, 36);
  record.writeUInt32LE(signal.to, 40);
  record[44] = signal.type + 1;
  record[45] = signal.quality ?? unknownQuality;
  record[46] = signal.flags;
  record[47] = signal.part;
}

/** Whether a search may find it now. */
export const isLive = (record: SignalRecord): boolean => record.to === 0 && record.flags === 0;

/** The pages of one transaction or one reading: read once, changed in memory, written by `flush`. */
export class Pages {
  readonly #database: Database;
  readonly #pages: Map<number, Buffer> = new Map();
  readonly #changed: Set<number> = new Set();
  readonly #old: number;

  /** @param signals how many the store has: pages beyond them are new. */
  constructor(database: Database, signals: number) {
    this.#database = database;
    this.#old = Math.ceil(signals / pageRecords);
  }

  /** The bytes of signal `id`, to read. */
  at(id: number): Buffer {
    const start = padBytes + recordBytes * (id % pageRecords);
    return this.#page(Math.floor(id / pageRecords)).subarray(start, start + recordBytes);
  }

  /** The bytes of signal `id`, to write. */
  edit(id: number): Buffer {
    this.#changed.add(Math.floor(id / pageRecords));
    return this.at(id);
  }

  flush(): void {
    for (const id of this.#changed) {
      const bytes = this.#pages.get(id)!;
      bytes.writeUInt32LE(crc32(bytes.subarray(4)));
      if (id < this.#old) this.#database.run("UPDATE page SET records = ? WHERE id = ?", bytes, id);
      else this.#database.run("INSERT INTO page VALUES (?, ?)", id, bytes);
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

/** @throws {BankError} `ERR_EMPREINTE_BANK_FILE` when bytes of the page have changed, or it is not there. */
function readPage(database: Database, id: number): Buffer {
  const bytes = database.get<[Buffer]>("SELECT records FROM page WHERE id = ?", id)?.[0];
  if (bytes?.length === pageBytes && crc32(bytes.subarray(4)) === bytes.readUInt32LE()) return bytes;
  throw new BankError("ERR_EMPREINTE_BANK_FILE", `${printable(database.path)} is damaged (signals, page ${id})`);
}

/** The records `first` … `end` − 1, a page's worth at a time: the number of the first and the bytes of all. */
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
