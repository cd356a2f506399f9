/** Taking over what a source says: one batch, one transaction, at most one revision. */
import { addCases, addEntries, appendSignals, type Context, labelIds } from "./additions.js";
import type { ImportCounts, Screen } from "./counts.js";
import type { Database } from "../storage/database.js";
import { endEntries } from "../removal/remove-entries.js";
import { tombstoneDigest } from "../storage/hmac.js";
import { invalidateSnapshot } from "../index/live-index.js";
import { Pages, readRecord } from "../storage/pages.js";
import { partNumber } from "../storage/crop-names.js";
import { endQualifications } from "../decision/qualify.js";
import type { CheckedEntry, CheckedSignal } from "./records.js";
import { counter, nextRevision, setCounter } from "../storage/schema.js";
import { activeStatus, heldStatus, logChange, logEnded } from "../storage/names.js";

type Existing = [
  i: number,
  id: number,
  status: number,
  labels: string | null,
  first: number,
  count: number,
  updated: number | null,
];
type Tombstone = { final: boolean; updated: number | null };

/** Takes the batch, in which no key comes twice, over. In a transaction. */
export function applyBatch(
  database: Database,
  source: number,
  given: readonly CheckedEntry[],
  digest: (text: string) => string,
  screen: Screen,
  counts: ImportCounts,
): void {
  let revision: number | undefined;
  const signals = counter(database, "signals");
  const batch = given.map((entry) => withoutHeld(entry, screen, counts));
  const context: Context = {
    database,
    source,
    digest,
    screen,
    counts,
    revision: () => (revision ??= nextRevision(database)),
    pages: new Pages(database, signals),
    nextSignal: signals,
    part: partNumbers(database),
  };
  const existing = existingOf(context, batch);
  const cases = casesOf(database, existing.values());
  const buried = tombstonesOf(context, batch);
  const fresh: CheckedEntry[] = [];
  const ending: { entry: number; time: number | null }[] = [];
  batch.forEach((entry, i) => {
    const here = existing.get(i);
    const tombstone = buried.get(i);
    if (here !== undefined) {
      const [, id, , , , , updated] = here;
      if (entry.time !== null && updated !== null && entry.time < updated) counts.stale++;
      else if (entry.withdrawn) ending.push({ entry: id, time: entry.time });
      else changeEntry(context, here, cases.get(id) ?? [], entry);
    } else if (entry.withdrawn) {
      bury(context, entry, tombstone);
      counts[tombstone === undefined ? "withdrawn" : "unchanged"]++;
    } else if (tombstone === undefined) fresh.push(entry);
    else if (comesBack(tombstone, entry)) {
      const key = Buffer.from(tombstoneDigest(digest, source, entry.key), "hex");
      database.run("DELETE FROM tombstone WHERE source = ? AND digest = ?", source, key);
      fresh.push(entry);
    } else counts.refused++;
  });
  if (fresh.length > 0) addEntries(context, fresh);
  context.pages.flush();
  setCounter(database, "signals", context.nextSignal);
  if (ending.length > 0) {
    invalidateSnapshot(database);
    endEntries(database, context.revision(), ending, { kind: "withdrawn", final: false, digest });
    counts.withdrawn += ending.length;
  }
}

/** A derived hash that would be held back is not worth holding its entry back for: the entry goes without it. */
function withoutHeld(entry: CheckedEntry, screen: Screen, counts: ImportCounts): CheckedEntry {
  if (entry.signals.every(({ derived }) => derived === undefined)) return entry;
  const signals = entry.signals.filter((one) => one.derived === undefined || screen([one]) === undefined);
  counts.derivedLeftOut += entry.signals.length - signals.length;
  return { ...entry, signals };
}

function partNumbers(database: Database): (name: string | undefined) => number {
  const known = new Map<string | undefined, number>([[undefined, 0]]);
  return (name) => {
    const there = known.get(name);
    if (there !== undefined) return there;
    const number = partNumber(database, name!);
    known.set(name, number);
    return number;
  };
}

/** A source may take its own withdrawal back, with a record that is newer than it. Nothing else comes back. */
function comesBack({ final, updated }: Tombstone, { time }: CheckedEntry): boolean {
  return !final && updated !== null && time !== null && time > updated;
}

function bury(context: Context, entry: CheckedEntry, there: Tombstone | undefined): void {
  const { database, source, digest, revision } = context;
  const key = Buffer.from(tombstoneDigest(digest, source, entry.key), "hex");
  if (there !== undefined) {
    // Without a time nothing is newer than it; otherwise the later of the two withdrawals counts.
    const later = "UPDATE tombstone SET updated = max(updated, ?) WHERE source = ? AND digest = ?";
    database.run(later, entry.time, source, key);
    return;
  }
  database.run("INSERT INTO tombstone VALUES (?, ?, NULL, 0, ?, ?)", source, key, entry.time, revision());
}

function existingOf({ database, source }: Context, batch: readonly CheckedEntry[]): Map<number, Existing> {
  const rows = database.all<Existing>(
    `SELECT j.key, e.id, e.status, l.text, e.first, e.count, e.updated FROM json_each(?) j
     CROSS JOIN entry e ON e.source = ? AND e.key = j.value LEFT JOIN labels l ON l.id = e.labels`,
    JSON.stringify(batch.map(({ key }) => key)),
    source,
  );
  return new Map(rows.map((row) => [row[0], row]));
}

/** The cases of each of these entries, sorted; none for those that have none. */
function casesOf(database: Database, existing: Iterable<Existing>): Map<number, string[]> {
  const found = new Map<number, string[]>();
  const ids = Array.from(existing, ([, id]) => id);
  if (ids.length === 0 || database.get("SELECT 1 FROM entry_case LIMIT 1") === undefined) return found;
  const rows = database.all<[number, string]>(
    "SELECT c.entry, c.name FROM json_each(?) j CROSS JOIN entry_case c ON c.entry = j.value",
    JSON.stringify(ids),
  );
  for (const [entry, name] of rows) found.set(entry, [...(found.get(entry) ?? []), name]);
  for (const names of found.values()) names.sort();
  return found;
}

function tombstonesOf({ database, source, digest }: Context, batch: readonly CheckedEntry[]): Map<number, Tombstone> {
  if (database.get("SELECT 1 FROM tombstone WHERE source = ? LIMIT 1", source) === undefined) return new Map();
  const rows = database.all<[number, number, number | null]>(
    `SELECT j.key, t.final, t.updated FROM json_each(?) j
     CROSS JOIN tombstone t ON t.source = ? AND t.digest = unhex(j.value)`,
    JSON.stringify(batch.map(({ key }) => tombstoneDigest(digest, source, key))),
    source,
  );
  return new Map(rows.map(([i, final, updated]) => [i, { final: final === 1, updated }]));
}

function changeEntry(context: Context, existing: Existing, cases: readonly string[], entry: CheckedEntry): void {
  const { database, counts } = context;
  const [, id, , labels, first, count, updated] = existing;
  const sameSignals = isSame(context, first, count, entry.signals);
  const sameCases = JSON.stringify(cases) === JSON.stringify(entry.cases);
  if (sameSignals && sameCases && entry.labels === (labels ?? "[]")) {
    counts.unchanged++;
    if (entry.time !== null && entry.time !== updated)
      database.run("UPDATE entry SET updated = ? WHERE id = ?", entry.time, id);
    return;
  }
  const revision = context.revision();
  keepVersion(database, id, revision);
  const set = labelIds(database, [entry]).get(entry.labels)!;
  database.run(
    "UPDATE entry SET labels = ?, updated = coalesce(?, updated), since = ? WHERE id = ?",
    set,
    entry.time,
    revision,
    id,
  );
  if (!sameSignals) replaceSignals(context, id, first, count, entry.signals);
  if (!sameCases) {
    database.run("DELETE FROM entry_case WHERE entry = ?", id);
    addCases(
      database,
      entry.cases.map((name): [string, number] => [name, id]),
    );
  }
  logChange(database, revision, "changed", [id]);
  counts.changed++;
}

function isSame(context: Context, first: number, count: number, signals: readonly CheckedSignal[]): boolean {
  if (signals.length !== count) return false;
  return signals.every(({ type, value, quality, derived }, i) => {
    const record = readRecord(context.pages.at(first + i));
    const same = record.type === type && record.quality === quality && record.part === context.part(derived);
    return same && record.value.equals(value);
  });
}

function replaceSignals(context: Context, id: number, first: number, count: number, signals: CheckedSignal[]): void {
  const { database, pages, counts } = context;
  const revision = context.revision();
  const old = Array.from({ length: count }, (_, i) => first + i);
  for (const signal of old) pages.edit(signal).writeUInt32LE(revision, 40);
  logEnded(database, revision, old);
  endQualifications(database, id, revision);
  const reason = context.screen(signals);
  const to = appendSignals(context, id, signals, reason !== undefined);
  const status = reason === undefined ? activeStatus : heldStatus;
  database.run(
    "UPDATE entry SET first = ?, count = ?, status = ?, reason = ?, flooded = 0 WHERE id = ?",
    to,
    signals.length,
    status,
    reason ?? null,
    id,
  );
  if (reason !== undefined) counts.quarantined++;
}

/** Keeps what the entry was until this revision, for decisions that are explained later. */
export function keepVersion(database: Database, entry: number, revision: number): void {
  database.run(
    `INSERT OR IGNORE INTO entry_was SELECT id, since, ?, status, labels, first, count, disabled, flooded FROM entry
     WHERE id = ? AND since < ?`,
    revision,
    entry,
    revision,
  );
}
