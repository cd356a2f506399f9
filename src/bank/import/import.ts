import { integer, invalidArgument, checkOptions, checkSignal } from "../../check.js";
import { setImmediate } from "node:timers/promises";
import { applyBatch } from "./apply.js";
import type { Audit } from "../inspect/audit.js";
import { type ImportCounts, noCounts } from "./counts.js";
import type { Database } from "../storage/database.js";
import { type CheckedEntry, checkEntry, type EntryInput, refusal } from "./records.js";
import { counter } from "../storage/schema.js";
import { type ScreenOptions, screening } from "./screen.js";
import { bankId, findSource, name, type SourceName } from "../storage/names.js";

/** An entry that could not be read. */
export interface EntryProblem {
  /** Which of the entries, from 1. */
  position: number;
  /** One sentence, without the values. */
  reason: string;
}

export interface ImportOptions extends ScreenOptions {
  /**
   * What to go on from next time: kept in the same transaction as the last batch. A function is called for each batch, with
   * how many of the entries have been taken by then, and its answer kept with that batch.
   */
  checkpoint?: string | ((taken: number) => string);
  /** So many entries are passed over: an earlier import of the same entries has taken them. Default 0. */
  skip?: number;
  /** Entries a transaction. Default 8192. */
  batch?: number;
  onProblem?: (problem: EntryProblem) => void;
  /** Called after each batch, with how many of the entries have been taken. */
  onProgress?: (counts: Readonly<ImportCounts>, taken: number) => void;
  /** Heard between batches. */
  signal?: AbortSignal;
}

const optionNames = [
  "checkpoint",
  "skip",
  "batch",
  "minQuality",
  "benign",
  "benignRadius",
  "onProblem",
  "onProgress",
  "signal",
] as const;

function callback<T>(called: string, value: T | undefined): T | undefined {
  if (value === undefined || typeof value === "function") return value;
  throw invalidArgument(called, "function", value);
}

function checkEntries(entries: unknown): void {
  if (typeof entries === "object" && entries !== null) {
    if (Symbol.iterator in entries || Symbol.asyncIterator in entries) return;
  }
  throw invalidArgument("entries", "iterable of entries", entries);
}

/** Entries one by one or, which for a million saves a million waits, in arrays. */
export type Entries = Iterable<EntryInput | readonly EntryInput[]> | AsyncIterable<EntryInput | readonly EntryInput[]>;

export interface Import {
  database: Database;
  digest: (text: string) => string;
  audit: Audit;
  from: SourceName;
  entries: Entries;
  options: ImportOptions;
  counts: ImportCounts;
  /** After each batch. */
  step: () => void;
}

export async function importBatches({
  database,
  digest,
  audit,
  from,
  entries,
  options,
  counts,
  step,
}: Import): Promise<void> {
  const given = checkOptions(options, optionNames) as ImportOptions;
  const { checkpoint } = given;
  const size = integer("batch", given.batch ?? 8192, 1, 65_536);
  const skip = integer("skip", given.skip ?? 0, 0, Number.MAX_SAFE_INTEGER);
  const onProblem = callback("onProblem", given.onProblem);
  const onProgress = callback("onProgress", given.onProgress);
  const signal = checkSignal(given.signal);
  if (!["undefined", "string", "function"].includes(typeof checkpoint)) {
    throw invalidArgument("checkpoint", "text or function", checkpoint);
  }
  checkEntries(entries);
  const { screen, close } = screening(given);
  /** What the log has been told of. */
  const told = noCounts();
  try {
    const source = openSource(database, from);
    const take = (batch: readonly CheckedEntry[], taken: number, last: boolean): void => {
      const total = { ...counts };
      database.transaction(() => {
        const before = counter(database, "revision");
        applyBatch(database, source, batch, digest, screen, total);
        const text = typeof checkpoint === "function" ? checkpoint(taken) : last ? checkpoint : undefined;
        if (text !== undefined) database.run("UPDATE source SET checkpoint = ? WHERE id = ?", text, source);
        if (counter(database, "revision") > before) {
          audit("import", { bank: from.bank, source: from.source, ...difference(total, told) });
        }
      });
      Object.assign(counts, total);
      Object.assign(told, total);
      database.reading(step);
      onProgress?.({ ...counts }, taken);
    };
    const batch = new Map<string, CheckedEntry>();
    let position = 0;
    for await (const some of entries) {
      for (const entry of Array.isArray(some) ? (some as readonly EntryInput[]) : [some as EntryInput]) {
        if (++position <= skip) continue;
        let checked: CheckedEntry;
        try {
          checked = checkEntry(entry, digest);
        } catch (error) {
          counts.problems++;
          onProblem?.({ position, reason: refusal(error) });
          continue;
        }
        if (batch.size === size || batch.has(checked.key)) {
          take([...batch.values()], position - 1, false);
          batch.clear();
          await setImmediate();
          signal?.throwIfAborted();
        }
        batch.set(checked.key, checked);
      }
    }
    signal?.throwIfAborted();
    take([...batch.values()], position, true);
  } finally {
    close();
  }
}

/** What a batch has added to the counts; those of nothing are left out. */
function difference(now: ImportCounts, before: ImportCounts): Partial<ImportCounts> {
  const names = Object.keys(noCounts()) as (keyof ImportCounts)[];
  return Object.fromEntries(names.map((key) => [key, now[key] - before[key]]).filter(([, count]) => count !== 0));
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
