/** An index of all signals that may match, made at once: in one part, with tables, where one that grew has many. */
import { setImmediate } from "node:timers/promises";
import { HashIndex } from "../../search/hash-index.js";
import type { Database } from "../storage/database.js";
import { isLive, readRecord, recordBytes, recordsFrom } from "../storage/pages.js";
import { counter } from "../storage/schema.js";

/** An index, the revision it is of, and the first signal that is not in it. */
export interface IndexState {
  index: HashIndex;
  revision: number;
  next: number;
  /** While signals are added to it; still so after an error. */
  adding?: boolean;
}

/** Read at a time: some milliseconds. */
const readAtOnce = 16_384;

/**
 * Reads the store in steps, between which others go on. What ends or comes meanwhile `advance` takes over: a signal is
 * never changed but for its end, which `ended` tells of, and new ones have higher numbers.
 */
export async function buildIndex(database: Database): Promise<IndexState> {
  const [revision, next] = database.reading(() => [counter(database, "revision"), counter(database, "signals")]);
  const ids = new Float64Array(next);
  const values = Buffer.allocUnsafe(32 * next);
  const types = new Uint8Array(next);
  let count = 0;
  for (let from = 0; from < next; from += readAtOnce) {
    database.reading(() => {
      for (const { first, count: length, bytes } of recordsFrom(database, from, Math.min(next, from + readAtOnce))) {
        for (let i = 0; i < length; i++) {
          const record = readRecord(bytes.subarray(recordBytes * i, recordBytes * (i + 1)));
          if (!isLive(record)) continue;
          ids[count] = first + i;
          values.set(record.value, 32 * count);
          types[count++] = record.type;
        }
      }
    });
    await setImmediate();
  }
  const index = new HashIndex();
  try {
    if (count > 0) {
      await index.addMany(ids.subarray(0, count), values.subarray(0, 32 * count), { tags: types.subarray(0, count) });
      await index.optimize();
    }
    return { index, revision, next };
  } catch (error) {
    index.close();
    throw error;
  }
}

/** Takes over what has changed since, by whom ever. In a reading or a transaction. */
export function advance(database: Database, state: IndexState): void {
  const revision = counter(database, "revision");
  if (revision === state.revision) return;
  const { index } = state;
  const ended = database.all<[number, number]>(
    "SELECT first, last FROM ended WHERE revision > ? AND first < ?",
    state.revision,
    state.next,
  );
  for (const [first, last] of ended) {
    const gone: number[] = [];
    for (let id = first; id <= last; id++) if (index.has(id)) gone.push(id);
    if (gone.length > 0) index.remove(gone);
  }
  const end = counter(database, "signals");
  const again = state.adding === true;
  state.adding = true;
  addSignals(database, state, end, again);
  state.adding = false;
  state.next = end;
  state.revision = revision;
}

/** @param again one before ended in the middle: some are there already. */
function addSignals(database: Database, { index, next }: IndexState, end: number, again: boolean): void {
  for (const { first, count, bytes } of recordsFrom(database, next, end)) {
    const ids: number[] = [];
    const values: Buffer[] = [];
    const types: number[] = [];
    for (let i = 0; i < count; i++) {
      const record = readRecord(bytes.subarray(recordBytes * i, recordBytes * (i + 1)));
      if (!isLive(record) || (again && index.has(first + i))) continue;
      ids.push(first + i);
      values.push(record.value);
      types.push(record.type);
    }
    if (ids.length > 0) index.addManySync(ids, Buffer.concat(values), { tags: Uint8Array.from(types) });
  }
}
