/** Withdrawal and erasure: from what is meant to when it holds. */
import type { Audit } from "../inspect/audit.js";
import type { Database } from "../storage/database.js";
import { endEntries } from "./remove-entries.js";
import { tombstoneDigest } from "../storage/hmac.js";
import { invalidateSnapshot, type LiveIndex } from "../index/live-index.js";
import { counter, nextRevision } from "../storage/schema.js";
import { checkSelection, findEntry, type Selection, selectEntries } from "./selection.js";
import { sourceRow } from "../storage/names.js";

/** What a withdrawal or an erasure did, and how long it took. */
export interface Removal {
  /** Of the change; unchanged when there was nothing to end. */
  revision: number;
  entries: number;
  /** How many values were zeroed. */
  signals: number;
  /** From the call until no search finds them, in milliseconds. */
  stoppedAfter: number;
  /** From the call until the bytes were gone from the store's files and from the snapshot, in milliseconds. */
  goneAfter: number;
}

export interface EndingContext {
  database: Database;
  live: LiveIndex;
  digest: (text: string) => string;
  audit: Audit;
}

/** Numbers of entries that a record of the log names; of more than these it says how many. */
const mostNamed = 20;

export async function endSelection(
  { database, live, digest, audit }: EndingContext,
  selection: Selection,
  kind: "withdrawn" | "erased",
): Promise<Removal> {
  checkSelection(selection);
  const start = performance.now();
  let stopped = 0;
  const done = await live.removing(() => {
    const ended = database.transaction(() => {
      invalidateSnapshot(database);
      if ("source" in selection && !("entryId" in selection)) {
        // With those that the source withdrew before they came: none of them has a number.
        const { id } = sourceRow(database, selection);
        database.run("UPDATE tombstone SET final = 1 WHERE source = ?", id);
      }
      const numbers = selectEntries(database, selection, digest);
      const ids = numbers.map((entry) => ({ entry, time: null }));
      const ending =
        ids.length === 0
          ? { entries: 0, signals: 0, revision: buryUnknown(database, selection, digest) }
          : withRevision(database, (revision) => endEntries(database, revision, ids, { kind, final: true, digest }));
      const { entries, signals } = ending;
      const named = numbers.length <= mostNamed ? { numbers } : {};
      audit(kind === "withdrawn" ? "withdraw" : "erase", { ...meant(selection, kind), entries, signals, ...named });
      return ending;
    });
    database.reading(() => live.sync());
    stopped = performance.now() - start;
    database.checkpoint();
    return ended;
  });
  return { ...done, stoppedAfter: stopped, goneAfter: performance.now() - start };
}

function withRevision<T extends object>(database: Database, work: (revision: number) => T): T & { revision: number } {
  const revision = nextRevision(database);
  return { ...work(revision), revision };
}

/** What the log says was meant: of what is erased not even the case. */
function meant(selection: Selection, kind: "withdrawn" | "erased"): object {
  if ("case" in selection) return { by: "case", ...(kind === "withdrawn" && { case: selection.case }) };
  if ("hash" in selection) {
    const { hash } = selection;
    const text = typeof hash === "string" ? hash.trim().replace(/^0x/i, "") : Buffer.from(hash).toString("hex");
    return { by: "hash", hash: text.slice(0, 8) };
  }
  if ("entryNumber" in selection) return { by: "number" };
  const { bank, source } = selection;
  return { by: "entryId" in selection ? "entry" : "source", bank, source };
}

/** An entry that is withdrawn before it came stays out. */
function buryUnknown(database: Database, selection: Selection, digest: (text: string) => string): number {
  if (!("entryId" in selection)) return counter(database, "revision");
  const { source, key } = findEntry(database, selection, digest);
  const stone = Buffer.from(tombstoneDigest(digest, source, key), "hex");
  const revision = nextRevision(database);
  database.run("INSERT OR REPLACE INTO tombstone VALUES (?, ?, NULL, 1, NULL, ?)", source, stone, revision);
  return revision;
}
