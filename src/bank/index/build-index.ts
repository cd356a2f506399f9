/** Building an index of all signals that may match: as one shard with tables, where an index that grew has many. */
import { setImmediate } from "node:timers/promises";
import { HashIndex } from "../../search/hash-index.js";
import type { Database } from "../storage/database.js";
import { checkRun, isLive, readRecord, recordBytes, recordsFrom } from "../storage/pages.js";
import { counter } from "../storage/schema.js";
import type { MappedFile } from "./mapped-file.js";

/** An index, the revision of the store that it has, and the first signal that it does not have. */
export interface IndexState {
  index: HashIndex;
  revision: number;
  next: number;
  /** Whether signals are being added to it. It stays true after an error. */
  adding?: boolean;
  /** The file that the index is mapped from. Undefined where all of it is in memory of its own. */
  file?: MappedFile | undefined;
}

/** Frees an index. */
export function closeState({ index, file }: IndexState): void {
  index.close();
  file?.close();
}

/** Signals that one step reads, which takes some milliseconds. */
const readAtOnce = 16_384;

/**
 * Builds an index from the store. It reads in steps, between which other calls continue. `advance` then takes over what
 * changed meanwhile: a signal never changes except that it is removed, which `removed_signal` records, and new signals
 * have higher numbers.
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

/** Builds an index at once. Call it inside a reading or a transaction. */
export function buildIndexNow(database: Database): IndexState {
  const state: IndexState = { index: new HashIndex(), revision: 0, next: 0 };
  try {
    advance(database, state);
    return state;
  } catch (error) {
    state.index.close();
    throw error;
  }
}

/** Takes over what any process has changed since. Call it inside a reading or a transaction. */
export function advance(database: Database, state: IndexState): void {
  const revision = counter(database, "revision");
  if (revision === state.revision) return;
  const { index } = state;
  const removed = database.all<[number, number]>(
    "SELECT first, last FROM removed_signal WHERE revision > ? AND first < ?",
    state.revision,
    state.next,
  );
  const end = counter(database, "signals");
  for (const [first, last] of removed) {
    checkRun(database, first, last - first + 1, end);
    const present: number[] = [];
    for (let id = first; id <= last; id++) if (index.has(id)) present.push(id);
    if (present.length > 0) index.remove(present);
  }
  const again = state.adding === true;
  state.adding = true;
  addSignals(database, state, end, again);
  state.adding = false;
  state.next = end;
  state.revision = revision;
}

/** @param again an earlier call failed half-way, so that some of the signals are in the index already. */
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
