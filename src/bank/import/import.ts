/** Taking over what a source gives: entries in batches, one transaction each. */
import { setImmediate } from "node:timers/promises";
import { boolean, checkCallback, checkOptions, checkSignal, integer, invalidArgument } from "../../check.js";
import type { Audit } from "../inspect/audit.js";
import type { EntryProblem, ListPosition } from "../../lists/entry.js";
import type { Database } from "../storage/database.js";
import { entryDigest, type KeyedDigest } from "../storage/keyed-digest.js";
import { bankNumber, checkName, findSource, type SourceName } from "../storage/names.js";
import { counter } from "../storage/schema.js";
import { applyBatch } from "./apply.js";
import { type ImportCounts, noCounts, type Screen } from "./counts.js";
import { type CheckedEntry, checkEntry, entryKey, type EntryInput, mostId, refusalReason } from "./records.js";
import { type ScreenOptions, screening } from "./screen.js";
import { beginWholeList, completeWholeList, forgetWholeList, markListed, type WholeList } from "./whole-list.js";

export interface ImportOptions extends ScreenOptions {
  /**
   * What the source gives to continue from next time. The store keeps it in the same transaction as the last batch. A
   * function is called for each batch with the number of entries taken so far, and its answer is kept with that batch.
   */
  importCursor?: string | ((taken: number) => string);
  /** Skips this many entries, which an earlier import has taken. Default 0. */
  skip?: number;
  /**
   * The number of entries in a transaction, 1 … 65,536. A transaction also ends at 524,288 signals, which long videos
   * reach sooner. Default 8,192.
   */
  batch?: number;
  /**
   * Called for each entry that the bank refuses, with the code `"bad-entry"`. `entry`, `line` and `byte` are the
   * entry's own `position`; an entry without one is counted, from 1. The import continues with the next entry.
   */
  onProblem?: (problem: EntryProblem) => void;
  /** Called after each batch with the number of entries taken so far. */
  onProgress?: (counts: Readonly<ImportCounts>, taken: number) => void;
  /**
   * Whether to write the index file at the end, which takes as long for one entry as for all that the store has.
   * Without it, searches find the entries all the same. Call `BankStore.saveIndex` from time to time where single
   * entries are imported often. Default true.
   */
  saveIndex?: boolean;
  /**
   * Says that the entries belong to a list of all that the source has, so that what the list does not name ends with
   * it. An import without it ends nothing, and forgets a list of the source that is not complete.
   */
  wholeList?: WholeList;
  /** Ends the import between two batches. */
  signal?: AbortSignal;
}

/** The most signals of a transaction, unless one entry has more. They are in memory until it ends. */
const mostSignals = 2 ** 19;

const optionNames = [
  "importCursor",
  "skip",
  "batch",
  "minQuality",
  "benign",
  "benignRadius",
  "onProblem",
  "onProgress",
  "saveIndex",
  "wholeList",
  "signal",
] as const;

function checkEntries(entries: unknown): void {
  if (typeof entries === "object" && entries !== null) {
    if (Symbol.iterator in entries || Symbol.asyncIterator in entries) return;
  }
  throw invalidArgument("entries", "iterable of entries", entries);
}

/** Entries one by one, or in arrays, which saves an await for each entry. */
export type EntryBatches =
  Iterable<EntryInput | readonly EntryInput[]> | AsyncIterable<EntryInput | readonly EntryInput[]>;

export interface ImportContext {
  database: Database;
  digest: KeyedDigest;
  audit: Audit;
  from: SourceName;
  entries: EntryBatches;
  options: ImportOptions | undefined;
  counts: ImportCounts;
  /** Called in a reading after each batch. */
  step: () => void;
}

interface CheckedImport {
  size: number;
  skip: number;
  importCursor: ImportOptions["importCursor"];
  onProblem: ImportOptions["onProblem"];
  onProgress: ImportOptions["onProgress"];
  wholeList: WholeList | undefined;
  signal: AbortSignal | undefined;
}

function checkImport({ options, entries }: ImportContext): CheckedImport {
  const checked = checkOptions(options, optionNames);
  const { batch = 8192, skip = 0, importCursor, onProblem, onProgress, saveIndex = true, signal } = checked;
  boolean("saveIndex", saveIndex);
  if (!["undefined", "string", "function"].includes(typeof importCursor)) {
    throw invalidArgument("importCursor", "text or function", importCursor);
  }
  checkEntries(entries);
  return {
    size: integer("batch", batch, 1, 65_536),
    skip: integer("skip", skip, 0, Number.MAX_SAFE_INTEGER),
    importCursor,
    onProblem: checkCallback("onProblem", onProblem),
    onProgress: checkCallback("onProgress", onProgress),
    wholeList: checkWholeList(options?.wholeList),
    signal: checkSignal(signal),
  };
}

function checkWholeList(given: WholeList | undefined): WholeList | undefined {
  if (given === undefined) return undefined;
  if (typeof given !== "object" || given === null || typeof given.complete !== "function") {
    throw invalidArgument("wholeList", "{id, first, complete}", given);
  }
  const first = boolean("wholeList.first", given.first);
  return { id: checkName("wholeList.id", given.id), first, complete: given.complete };
}

/**
 * Imports entries in batches, each in one transaction. It adds to `counts` after every batch.
 * @throws {InvalidArgumentError} @throws {BankError} It also rejects with the reason of the signal.
 */
export async function importBatches(context: ImportContext): Promise<void> {
  const { database, digest, from, entries, counts } = context;
  const checked = checkImport(context);
  const { size, skip, onProblem, signal } = checked;
  const { screen, close } = screening(context.options ?? {});
  const imported = database.growLog();
  try {
    const source = openSource(database, from, checked.wholeList);
    const take = batchTaker(context, checked, source, screen);
    const batch = new Map<string, CheckedEntry>();
    let position = 0;
    let signals = 0;
    /** The ids of entries that the list names and that could not be read. */
    const unread: string[] = [];
    for await (const some of entries) {
      for (const entry of Array.isArray(some) ? (some as readonly EntryInput[]) : [some as EntryInput]) {
        if (++position <= skip) continue;
        let one: CheckedEntry;
        try {
          one = checkEntry(entry, digest);
        } catch (error) {
          counts.problems++;
          // A record that cannot be read is no withdrawal.
          if (typeof entry?.id === "string" && entry.id !== "") unread.push(entry.id);
          onProblem?.({ ...placeOf(entry, position), skipped: true, code: "bad-entry", reason: refusalReason(error) });
          continue;
        }
        if (batch.size === size || signals + one.signals.length > mostSignals || batch.has(one.key)) {
          take([...batch.values()], position - 1, false, unread.splice(0));
          batch.clear();
          signals = 0;
          await setImmediate();
          signal?.throwIfAborted();
        }
        batch.set(one.key, one);
        signals += one.signals.length;
      }
    }
    signal?.throwIfAborted();
    take([...batch.values()], position, true, unread);
  } finally {
    close();
    imported();
  }
}

/** Returns where in its list an entry is, or which of the given entries it is. */
function placeOf(entry: EntryInput | null, count: number): ListPosition {
  const { entry: number = count, line, byte } = entry?.position ?? {};
  return { entry: number, ...(line !== undefined && { line }), ...(byte !== undefined && { byte }) };
}

type TakeBatch = (batch: readonly CheckedEntry[], taken: number, last: boolean, unread: readonly string[]) => void;

/** Makes the function that writes one batch with the import cursor and its audit record, all in one transaction. */
function batchTaker(
  { database, digest, audit, from, counts, step }: ImportContext,
  { importCursor, wholeList, onProgress }: CheckedImport,
  source: number,
  screen: Screen,
): TakeBatch {
  /** What the audit log has already. */
  const logged = noCounts();
  return (batch, taken, last, unread) => {
    const total = { ...counts };
    database.transaction(() => {
      const before = counter(database, "revision");
      const digests = applyBatch({ database, source, digest, screen, counts: total }, batch);
      if (wholeList !== undefined) {
        const keys = unread.filter((id) => id.length <= mostId).map((id) => entryKey(id, digest));
        markListed(database, source, [...digests, ...keys.map((key) => entryDigest(digest, source, key))]);
        if (last) total.withdrawn += completeWholeList(database, source, wholeList).entries;
      }
      const text = typeof importCursor === "function" ? importCursor(taken) : last ? importCursor : undefined;
      if (text !== undefined) database.run("UPDATE source SET import_cursor = ? WHERE id = ?", text, source);
      if (counter(database, "revision") > before) {
        audit("import", { bank: from.bank, source: from.source, ...difference(total, logged) });
      }
    });
    Object.assign(counts, total);
    Object.assign(logged, total);
    database.reading(step);
    onProgress?.({ ...counts }, taken);
  };
}

/** Returns the numbers that a batch has added to the counts, without zeros. */
function difference(now: ImportCounts, before: ImportCounts): Partial<ImportCounts> {
  const names = Object.keys(noCounts()) as (keyof ImportCounts)[];
  return Object.fromEntries(names.map((key) => [key, now[key] - before[key]]).filter(([, count]) => count !== 0));
}

/** Returns the number of a source, and makes the source where its bank does not have it. */
function openSource(database: Database, from: SourceName, wholeList: WholeList | undefined): number {
  return database.transaction(() => {
    const bank = bankNumber(database, from.bank);
    if (findSource(database, from) === undefined) {
      database.run("INSERT INTO source (bank, name) VALUES (?, ?)", bank, checkName("source", from.source));
    }
    const { id } = findSource(database, from)!;
    if (wholeList === undefined) forgetWholeList(database, id);
    else beginWholeList(database, id, wholeList);
    return id;
  });
}
