import { integer, invalidArgument, options as known, signal as checkSignal } from "../check.js";
import { setImmediate } from "node:timers/promises";
import { applyBatch } from "./apply.js";
import type { ImportCounts } from "./counts.js";
import type { Database } from "./database.js";
import { type CheckedEntry, checkEntry, type EntryInput, refusal } from "./records.js";
import { screening } from "./screen.js";
import { bankId, findSource, name, type SourceName } from "./state.js";

/** An entry that could not be read. */
export interface EntryProblem {
  /** Which of the entries, from 1. */
  position: number;
  /** One sentence, without the values. */
  reason: string;
}

export interface ImportOptions {
  /** What to go on from next time; kept in the same transaction as the last batch. */
  checkpoint?: string;
  /** Entries a transaction. Default 8192. */
  batch?: number;
  /** Entries with a known quality below it are quarantined. Default 50. */
  minQuality?: number;
  onProblem?: (problem: EntryProblem) => void;
  /** Called after each batch. */
  onProgress?: (counts: Readonly<ImportCounts>) => void;
  /** Heard between batches. */
  signal?: AbortSignal;
}

const optionNames = ["checkpoint", "batch", "minQuality", "onProblem", "onProgress", "signal"] as const;

function callback<T>(called: string, value: T | undefined): T | undefined {
  if (value === undefined || typeof value === "function") return value;
  throw invalidArgument(called, "function", value);
}

/** @param step after each batch. */
export async function importBatches(
  database: Database,
  digest: (text: string) => string,
  from: SourceName,
  entries: Iterable<EntryInput> | AsyncIterable<EntryInput>,
  options: ImportOptions,
  counts: ImportCounts,
  step: () => void,
): Promise<void> {
  const given = known(options, optionNames);
  const { checkpoint } = given;
  const size = integer("batch", given.batch ?? 8192, 1, 65_536);
  const screen = screening(given.minQuality ?? 50);
  const onProblem = callback("onProblem", given.onProblem);
  const onProgress = callback("onProgress", given.onProgress);
  const signal = checkSignal(given.signal);
  if (checkpoint !== undefined && typeof checkpoint !== "string")
    throw invalidArgument("checkpoint", "text", checkpoint);
  if (
    typeof entries !== "object" ||
    entries === null ||
    !(Symbol.iterator in entries || Symbol.asyncIterator in entries)
  ) {
    throw invalidArgument("entries", "iterable of entries", entries);
  }
  const source = openSource(database, from);
  const take = (batch: readonly CheckedEntry[], last: boolean): void => {
    const total = { ...counts };
    database.transaction(() => {
      applyBatch(database, source, batch, digest, screen, total);
      if (last && checkpoint !== undefined) {
        database.run("UPDATE source SET checkpoint = ? WHERE id = ?", checkpoint, source);
      }
    });
    Object.assign(counts, total);
    database.reading(step);
    onProgress?.({ ...counts });
  };
  const batch = new Map<string, CheckedEntry>();
  let position = 0;
  for await (const entry of entries) {
    position++;
    let checked: CheckedEntry;
    try {
      checked = checkEntry(entry, digest);
    } catch (error) {
      counts.problems++;
      onProblem?.({ position, reason: refusal(error) });
      continue;
    }
    if (batch.size === size || batch.has(checked.key)) {
      take([...batch.values()], false);
      batch.clear();
      await setImmediate();
      signal?.throwIfAborted();
    }
    batch.set(checked.key, checked);
  }
  signal?.throwIfAborted();
  take([...batch.values()], true);
}

/** The source's number; a new one in its bank where there is none of the name. */
function openSource(database: Database, from: SourceName): number {
  return database.transaction(() => {
    const bank = bankId(database, from.bank);
    const there = findSource(database, from);
    if (there !== undefined) return there.id;
    database.run("INSERT INTO source (bank, name) VALUES (?, ?)", bank, name("source", from.source));
    return findSource(database, from)!.id;
  });
}
