/** Applying one batch of what a source gives: one transaction, at most one revision. */
import { endQualifications } from "../decision/qualify.js";
import { invalidateIndexFile } from "../index/index-file.js";
import { removeEntries } from "../removal/remove-entries.js";
import { logChange, logRemovedSignals } from "../storage/change-log.js";
import { cropNumber } from "../storage/crop-names.js";
import type { Database } from "../storage/database.js";
import { keepEntryVersion } from "../storage/entry-history.js";
import { addTimes, readTimes } from "../storage/frame-times.js";
import { entryDigest, labelsDigest } from "../storage/keyed-digest.js";
import { endLocalRecords } from "../storage/local-records.js";
import { activeStatus, quarantinedStatus } from "../storage/names.js";
import { checkRun, Pages, readRecord } from "../storage/pages.js";
import { counter, nextRevision, setCounter } from "../storage/schema.js";
import { Texts } from "../storage/texts.js";
import {
  addCases,
  addEntries,
  appendSignals,
  type BatchContext,
  type BatchEntry,
  labelIds,
  heldReason,
  screenEntry,
  timesOf,
} from "./additions.js";
import type { ImportCounts, Screen } from "./counts.js";
import type { CheckedEntry, CheckedSignal } from "./records.js";
import { unlistedTime } from "./whole-list.js";

type Existing = [
  i: number,
  id: number,
  status: number,
  labels: Buffer | null,
  first: number,
  count: number,
  updated: number | null,
  times: number | null,
  reason: string | null,
];
type Tombstone = { final: boolean; updated: number | null };

/**
 * Applies a batch in which no key comes twice. Call it inside a transaction.
 * @returns the digests by which the store recognizes the entries.
 */
export function applyBatch(
  given: Pick<BatchContext, "database" | "source" | "digest" | "screen" | "counts">,
  entries: readonly CheckedEntry[],
): string[] {
  const { database, source, digest, screen, counts } = given;
  let revision: number | undefined;
  const signals = counter(database, "signals");
  const batch = entries.map((entry): BatchEntry => ({
    ...withoutQuarantinedCrops(entry, screen, counts),
    digest: entryDigest(digest, source, entry.key),
  }));
  const context: BatchContext = {
    ...given,
    revision: () => (revision ??= nextRevision(database)),
    pages: new Pages(database, signals),
    texts: new Texts(database),
    nextSignal: signals,
    stills: counter(database, "stills"),
    cropNumber: cropNumbers(database),
  };
  const existing = existingOf(context, batch);
  const cases = casesOf(context, existing.values());
  const tombstones = tombstonesOf(context, batch);
  const fresh: BatchEntry[] = [];
  const withdrawn: { entry: number; time: number | null }[] = [];
  batch.forEach((entry, i) => {
    const here = existing.get(i);
    const tombstone = tombstones.get(i);
    if (here !== undefined) {
      const [, id, , , , , updated] = here;
      if (entry.time !== null && updated !== null && entry.time < updated) counts.stale++;
      else if (entry.withdrawn) withdrawn.push({ entry: id, time: entry.time });
      else changeEntry(context, here, cases.get(id) ?? [], entry);
    } else if (entry.withdrawn) {
      addTombstone(context, entry, tombstone);
      counts[tombstone === undefined ? "withdrawn" : "unchanged"]++;
    } else if (tombstone === undefined) fresh.push(entry);
    else if (mayComeBack(tombstone, entry)) {
      const key = Buffer.from(entry.digest, "hex");
      database.run("DELETE FROM tombstone WHERE source = ? AND digest = ?", source, key);
      fresh.push(entry);
    } else counts.refused++;
  });
  if (fresh.length > 0) addEntries(context, fresh);
  context.pages.flush();
  context.texts.flush();
  setCounter(database, "signals", context.nextSignal);
  setCounter(database, "stills", context.stills);
  if (withdrawn.length > 0) {
    invalidateIndexFile(database);
    removeEntries(database, context.revision(), withdrawn, { kind: "withdrawn", final: false });
    counts.withdrawn += withdrawn.length;
  }
  return batch.map(({ digest }) => digest);
}

/** Leaves out the crops that the screening would hold back, because they are no reason to hold back their entry. */
function withoutQuarantinedCrops(entry: CheckedEntry, screen: Screen, counts: ImportCounts): CheckedEntry {
  if (entry.signals.every(({ crop }) => crop === undefined)) return entry;
  const signals = entry.signals.filter((signal) => signal.crop === undefined || screen([signal]) === undefined);
  counts.cropsLeftOut += entry.signals.length - signals.length;
  return { ...entry, signals };
}

function cropNumbers(database: Database): (name: string | undefined) => number {
  const known = new Map<string | undefined, number>([[undefined, 0]]);
  return (name) => {
    const there = known.get(name);
    if (there !== undefined) return there;
    const number = cropNumber(database, name!);
    known.set(name, number);
    return number;
  };
}

/**
 * A source may take back its own withdrawal with a newer record, and may name again what a whole list did not. No other
 * removed entry comes back.
 */
function mayComeBack({ final, updated }: Tombstone, { time }: CheckedEntry): boolean {
  if (!final && updated === unlistedTime) return true;
  return !final && updated !== null && time !== null && time > updated;
}

function addTombstone(context: BatchContext, entry: BatchEntry, there: Tombstone | undefined): void {
  const { database, source, revision } = context;
  const key = Buffer.from(entry.digest, "hex");
  if (there !== undefined) {
    // The later withdrawal counts. If one of them has no time, no record is newer than it.
    const later = "UPDATE tombstone SET updated = max(updated, ?) WHERE source = ? AND digest = ?";
    database.run(later, entry.time, source, key);
    return;
  }
  database.run("INSERT INTO tombstone VALUES (?, ?, NULL, 0, ?, ?)", source, key, entry.time, revision());
}

function existingOf({ database, source }: BatchContext, batch: readonly BatchEntry[]): Map<number, Existing> {
  const rows = database.all<Existing>(
    `SELECT j.key, e.id, e.status, l.digest, e.first, e.count, e.updated, e.times, e.reason FROM json_each(?) j
     CROSS JOIN entry e ON e.source = ? AND e.digest = unhex(j.value) LEFT JOIN labels l ON l.id = e.labels`,
    JSON.stringify(batch.map(({ digest }) => digest)),
    source,
  );
  return new Map(rows.map((row) => [row[0], row]));
}

/** Returns the cases of each of these entries, sorted. An entry without cases is not in the map. */
function casesOf({ database, texts }: BatchContext, existing: Iterable<Existing>): Map<number, string[]> {
  const found = new Map<number, string[]>();
  const ids = Array.from(existing, ([, id]) => id);
  if (ids.length === 0 || database.get("SELECT 1 FROM entry_case LIMIT 1") === undefined) return found;
  const rows = database.all<[number, number]>(
    "SELECT c.entry, c.text FROM json_each(?) j CROSS JOIN entry_case c ON c.entry = j.value",
    JSON.stringify(ids),
  );
  for (const [entry, text] of rows) found.set(entry, [...(found.get(entry) ?? []), texts.read(text)]);
  for (const names of found.values()) names.sort();
  return found;
}

function tombstonesOf({ database, source }: BatchContext, batch: readonly BatchEntry[]): Map<number, Tombstone> {
  if (database.get("SELECT 1 FROM tombstone WHERE source = ? LIMIT 1", source) === undefined) return new Map();
  const rows = database.all<[number, number, number | null]>(
    `SELECT j.key, t.final, t.updated FROM json_each(?) j
     CROSS JOIN tombstone t ON t.source = ? AND t.digest = unhex(j.value)`,
    JSON.stringify(batch.map(({ digest }) => digest)),
    source,
  );
  return new Map(rows.map(([i, final, updated]) => [i, { final: final === 1, updated }]));
}

function changeEntry(context: BatchContext, existing: Existing, cases: readonly string[], entry: CheckedEntry): void {
  const { database, digest, counts } = context;
  const [, id, status, labels, first, count, updated, times, reason] = existing;
  const sameLabels =
    (labels?.toString("hex") ?? "") === (entry.labels === "[]" ? "" : labelsDigest(digest, entry.labels));
  const wasHeld = status === quarantinedStatus && reason === heldReason;
  // A record that is no newer does not undo what an operator has released.
  const sameHold = wasHeld === entry.held || (entry.held && entry.time !== null && entry.time === updated);
  const sameSignals = sameHold && isSame(context, first, count, times, entry.signals);
  const sameCases = JSON.stringify(cases) === JSON.stringify(entry.cases);
  if (sameSignals && sameCases && sameLabels) {
    counts.unchanged++;
    if (entry.time !== null && entry.time !== updated)
      database.run("UPDATE entry SET updated = ? WHERE id = ?", entry.time, id);
    return;
  }
  const revision = context.revision();
  keepEntryVersion(database, id, revision);
  const set = labelIds(context, [entry]).get(entry.labels)!;
  database.run(
    "UPDATE entry SET labels = ?, updated = coalesce(?, updated), since = ? WHERE id = ?",
    set,
    entry.time,
    revision,
    id,
  );
  if (!sameSignals) replaceSignals(context, id, first, count, entry);
  if (!sameCases) {
    for (const [text] of database.all<[number]>("DELETE FROM entry_case WHERE entry = ? RETURNING text", id)) {
      context.texts.wipe(text);
    }
    addCases(
      context,
      entry.cases.map((name): [string, number] => [name, id]),
    );
  }
  logChange(database, revision, "changed", [id]);
  counts.changed++;
}

function isSame(
  context: BatchContext,
  first: number,
  count: number,
  times: number | null,
  signals: readonly CheckedSignal[],
): boolean {
  if (signals.length !== count) return false;
  const sameValues = signals.every(({ type, value, quality, crop }, i) => {
    const record = readRecord(context.pages.at(first + i));
    const same = record.type === type && record.quality === quality && record.crop === context.cropNumber(crop);
    return same && record.value.equals(value);
  });
  if (!sameValues) return false;
  const given = timesOf(signals);
  const there = readTimes(context.database, context.texts, times, given.length);
  return given.every(({ frame, seconds }, i) => there[i]!.frame === frame && there[i]!.seconds === seconds);
}

function replaceSignals(context: BatchContext, id: number, first: number, count: number, entry: CheckedEntry): void {
  const { signals } = entry;
  const { database, pages, counts } = context;
  const revision = context.revision();
  checkRun(database, first, count, context.nextSignal);
  const old = Array.from({ length: count }, (_, i) => first + i);
  for (const signal of old) pages.edit(signal).writeUInt32LE(revision, 40);
  logRemovedSignals(database, revision, old);
  endQualifications(database, id, revision);
  endLocalRecords(database, context.texts, { entries: [id], revision });
  const screened = screenEntry(context, entry);
  const { reason } = screened;
  const to = appendSignals(context, id, signals, screened);
  const status = reason === undefined ? activeStatus : quarantinedStatus;
  database.run(
    "UPDATE entry SET first = ?, count = ?, status = ?, reason = ?, flooded = 0, times = ? WHERE id = ?",
    to,
    signals.length,
    status,
    reason ?? null,
    addTimes(context.texts, timesOf(signals)),
    id,
  );
  if (reason !== undefined) counts.quarantined++;
}
