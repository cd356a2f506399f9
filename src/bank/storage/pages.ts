/**
 * The signals. A row of the table `signal_page` holds 84 of them: signal n is record n mod 84 of page ⌊n / 84⌋.
 *
 * Hashes are only here, and only in bytes that SQLite never moves (`blob-pages.ts`): the first 545 bytes of a page have
 * none. A record has 48 bytes, little-endian:
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
import { BankError, printable } from "../../errors.js";
import { blobBytes, BlobPages, movedBytes, readBlob } from "./blob-pages.js";
import type { Database } from "./database.js";

export const recordBytes = 48;
export const pageRecords = 84;
const padBytes: number = blobBytes - recordBytes * pageRecords;
if (padBytes < movedBytes) throw new Error("signals are in bytes that SQLite moves");

/** The signal is quarantined: the store keeps it, and it does not match. */
export const quarantinedFlag = 1;
/** The signal is withdrawn or erased: its value is zeros. */
export const wipedFlag = 2;
/**
 * The frame of a video would match unrelated images: no search finds it, and its video is found by its other frames.
 */
export const weakFlag = 4;
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

/** Returns whether a search may find the signal now. */
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

/** The signals of one transaction or one reading. `flush` writes the changes. */
export class Pages {
  readonly #pages: BlobPages;

  /** @param signals how many signals the store has. Those beyond them are new. */
  constructor(database: Database, signals: number) {
    this.#pages = new BlobPages(database, "signal_page", Math.ceil(signals / pageRecords));
  }

  /** Returns the bytes of signal `id`, to be read. */
  at(id: number): Buffer {
    return recordIn(this.#pages.at(Math.floor(id / pageRecords)), id);
  }

  /** Returns the bytes of signal `id`, to be written. */
  edit(id: number): Buffer {
    return recordIn(this.#pages.edit(Math.floor(id / pageRecords)), id);
  }

  /** Writes the changed pages. */
  flush(): void {
    this.#pages.flush();
  }
}

function recordIn(page: Buffer, id: number): Buffer {
  const start = padBytes + recordBytes * (id % pageRecords);
  return page.subarray(start, start + recordBytes);
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
    const bytes = readBlob(database, "signal_page", page).subarray(start, start + recordBytes * (next - at));
    yield { first: at, count: next - at, bytes };
    at = next;
  }
}
