/** Withdrawal and erasure, from the selection until no file has the values any more. */
import { invalidateIndexFile } from "../index/index-file.js";
import type { LiveIndex } from "../index/live-index.js";
import type { Audit } from "../inspect/audit.js";
import type { Database } from "../storage/database.js";
import { caseDigest, type KeyedDigest } from "../storage/keyed-digest.js";
import { sourceRow } from "../storage/names.js";
import { counter, nextRevision } from "../storage/schema.js";
import { typeNumber, valueBytes, valueText } from "../storage/signals.js";
import { type RemovalKind, type RemovedCounts, removeEntries } from "./remove-entries.js";
import { checkSelection, findEntry, type Selection, selectEntries } from "./selection.js";

/** What a withdrawal or an erasure did, and how long it took. */
export interface Removal {
  /** The revision of the change, or the current revision where there was nothing to remove. */
  revision: number;
  /** How many entries were removed. */
  entries: number;
  /** How many values were zeroed. */
  signals: number;
  /** Milliseconds from the call until no search finds them. */
  stoppedAfter: number;
  /** Milliseconds from the call until the bytes were gone from the store's files and from the index file. */
  goneAfter: number;
}

export interface RemovalContext {
  database: Database;
  live: LiveIndex;
  digest: KeyedDigest;
  audit: Audit;
}

/** A record of the audit log names at most this many entries. Beyond that it has their count alone. */
const mostNamed = 20;

/** Removes the selected entries, and answers when that holds. */
export async function removeSelection(
  context: RemovalContext,
  selection: Selection,
  kind: RemovalKind,
): Promise<Removal> {
  checkSelection(selection);
  const { database, live } = context;
  const start = performance.now();
  let stoppedAfter = 0;
  database.assertInPlace();
  const removed = await live.removing(async () => {
    const remove = (): ReturnType<typeof removeInTransaction> => removeInTransaction(context, selection, kind);
    const result = await live.makingRoom(() => database.transaction(remove));
    database.reading(() => live.sync());
    stoppedAfter = performance.now() - start;
    database.checkpoint();
    // Otherwise the file at the path is another one, which may have all of it.
    database.assertInPlace();
    return result;
  });
  return { ...removed, stoppedAfter, goneAfter: performance.now() - start };
}

function removeInTransaction(
  { database, live, digest, audit }: RemovalContext,
  selection: Selection,
  kind: RemovalKind,
): RemovedCounts & { revision: number } {
  if ("source" in selection && !("entryId" in selection)) {
    // A source's tombstones for entries that never came have no entry number, so that `removeEntries` does not meet
    // them.
    const { id } = sourceRow(database, selection);
    database.run("UPDATE tombstone SET final = 1 WHERE source = ?", id);
  }
  const numbers = selectEntries(database, selection, digest, live);
  if (numbers.length > 0) {
    // The index file goes first. On a full disk this also makes the room that the rest needs.
    live.removeFile();
    invalidateIndexFile(database);
  }
  let removed = { entries: 0, signals: 0 };
  let revision: number;
  if (numbers.length === 0) revision = addTombstone(database, selection, digest);
  else {
    revision = nextRevision(database);
    const entries = numbers.map((entry) => ({ entry, time: null }));
    removed = removeEntries(database, revision, entries, { kind, final: true });
  }
  const named = numbers.length <= mostNamed ? { entryNumbers: numbers } : {};
  audit(kind === "withdrawn" ? "withdraw" : "erase", { ...auditDetail(selection, digest), ...removed, ...named });
  return { ...removed, revision };
}

/** Describes the selection for the audit log, which keeps no text of an entry: of a case it has the keyed digest. */
function auditDetail(selection: Selection, digest: KeyedDigest): object {
  if ("case" in selection) return { by: "case", caseDigest: caseDigest(digest, selection.case).slice(0, 8) };
  if ("hash" in selection) {
    const { hash, type = "pdq" } = selection;
    const number = typeNumber(type);
    return { by: "hash", hash: valueText(number, valueBytes(number, hash)).slice(0, 8) };
  }
  if ("entryNumber" in selection) return { by: "number" };
  const { bank, source } = selection;
  return { by: "entryId" in selection ? "entry" : "source", bank, source };
}

/** Keeps an entry out that is withdrawn before it ever came. Returns the revision. */
function addTombstone(database: Database, selection: Selection, digest: KeyedDigest): number {
  if (!("entryId" in selection)) return counter(database, "revision");
  const { source, key } = findEntry(database, selection, digest);
  const revision = nextRevision(database);
  database.run("INSERT OR REPLACE INTO tombstone VALUES (?, ?, NULL, 1, NULL, ?)", source, key, revision);
  return revision;
}
