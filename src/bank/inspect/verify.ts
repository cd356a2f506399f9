import { BankError } from "../../errors.js";
import type { Database } from "../storage/database.js";
import type { LiveIndex } from "../index/live-index.js";
import { readTimes } from "../storage/frame-times.js";
import {
  isLive,
  pageRecords,
  readRecord,
  recordBytes,
  recordsFrom,
  type SignalRecord,
  weakFlag,
} from "../storage/pages.js";
import { entryDigest, type KeyedDigest } from "../storage/keyed-digest.js";
import { counter } from "../storage/schema.js";
import { frameType, stillTypes } from "../storage/signals.js";
import { Texts } from "../storage/texts.js";
import { activeStatus, withdrawnStatus } from "../storage/names.js";

/** The most differences that are reported. */
const most = 100;

/** Reads page by page. It reports a page that cannot be read and continues with the next one. */
function* readablePages(
  database: Database,
  end: number,
  damaged: (error: unknown) => void,
): ReturnType<typeof recordsFrom> {
  for (let from = 0; from < end; from += pageRecords) {
    try {
      yield* recordsFrom(database, from, Math.min(end, from + pageRecords));
    } catch (error) {
      damaged(error);
    }
  }
}

/** Reports what is wrong, one sentence each. Call it inside a reading, after `sync`. */
export function verifyStore(database: Database, live: LiveIndex, digest: KeyedDigest): string[] {
  const found = database
    .all<[string]>(`PRAGMA integrity_check(${most})`)
    .map(([text]) => `the file: ${text}`)
    .filter((text) => text !== "the file: ok");
  const entryOf = new Map<number, number>();
  const framesOf = new Map<number, number>();
  let weak = 0;
  let stills = 0;
  const end = counter(database, "signals");
  const damaged = (error: unknown): void => {
    if (!(error instanceof BankError)) throw error;
    found.push(error.message);
  };
  for (const { first, count, bytes } of readablePages(database, end, damaged)) {
    const here: (SignalRecord & { id: number })[] = [];
    for (let i = 0; i < count; i++) {
      const record = readRecord(bytes.subarray(recordBytes * i, recordBytes * (i + 1)));
      const isWeak = record.to === 0 && record.flags === weakFlag;
      if (!isWeak && !isLive(record)) continue;
      entryOf.set(first + i, record.entry);
      if (record.type === frameType) framesOf.set(record.entry, (framesOf.get(record.entry) ?? 0) + 1);
      if (stillTypes.includes(record.type)) stills++;
      if (isWeak) weak++;
      else here.push({ ...record, id: first + i });
    }
    for (const id of live.missing(here)) found.push(`signal ${id} of entry ${entryOf.get(id)} is not in the index`);
  }
  if (stills > counter(database, "stills")) found.push(`${stills} signals of images are not counted`);
  const more = live.size - (entryOf.size - weak);
  if (more > 0) found.push(`the index has ${more} signals that the store does not have`);
  const rows = database.all<[number, number, number, number | null]>(
    `SELECT id, first, count, times FROM entry WHERE status = ${activeStatus}`,
  );
  let expected = 0;
  const texts = new Texts(database);
  for (const [entry, first, count, times] of rows) {
    try {
      readTimes(database, texts, times, framesOf.get(entry) ?? 0);
    } catch (error) {
      damaged(error);
    }
    if (!(first >= 0 && first + count <= end)) {
      found.push(`the signals of entry ${entry} are outside of the store`);
      continue;
    }
    expected += count;
    for (let id = first; id < first + count; id++) {
      if (entryOf.get(id) !== entry) found.push(`signal ${id} of entry ${entry} is not in its page`);
    }
  }
  found.push(...wrongLocalRecords(database, damaged));
  found.push(...wrongTexts(database, digest, damaged));
  if (expected < entryOf.size) found.push(`${entryOf.size - expected} signals belong to no active entry`);
  return found.slice(0, most);
}

/** Reports local records whose bytes are not there, or are of an entry that may have none. */
function* wrongLocalRecords(database: Database, damaged: (error: unknown) => void): Generator<string> {
  const texts = new Texts(database);
  const rows = database.all<[number, number, number | null]>(
    `SELECT r.entry, r.text, e.id FROM local_record r LEFT JOIN entry e ON e.id = r.entry AND e.status <> ${withdrawnStatus}
     WHERE r.until IS NULL`,
  );
  for (const [entry, text, there] of rows) {
    if (there === null) yield `entry ${entry} has a local record, but the store does not have the entry`;
    try {
      if (texts.readBytes(text).every((byte) => byte === 0)) yield `the local record of entry ${entry} is zeros`;
    } catch (error) {
      damaged(error);
    }
  }
}

/** Reports entries whose id does not give their digest, by which they are found. */
function* wrongTexts(database: Database, digest: KeyedDigest, damaged: (error: unknown) => void): Generator<string> {
  const texts = new Texts(database);
  const rows = database.all<[number, number, Buffer, number]>(
    "SELECT id, source, digest, text FROM entry WHERE text IS NOT NULL",
  );
  for (const [entry, source, key, text] of rows) {
    try {
      if (entryDigest(digest, source, texts.read(text)) === key.toString("hex")) continue;
      yield `the id of entry ${entry} is not the one by which it is found`;
    } catch (error) {
      damaged(error);
    }
  }
}
