/** Adding new entries, a whole batch at a time. */
import { logChange } from "../storage/change-log.js";
import type { Database } from "../storage/database.js";
import { caseDigest, type KeyedDigest, labelsDigest } from "../storage/keyed-digest.js";
import { activeStatus, quarantinedStatus } from "../storage/names.js";
import { addTimes, type FrameTime } from "../storage/frame-times.js";
import { type Pages, quarantinedFlag, weakFlag, writeRecord } from "../storage/pages.js";
import { counter, setCounter } from "../storage/schema.js";
import { frameType, stillTypes } from "../storage/signals.js";
import type { Texts } from "../storage/texts.js";
import { packColumn, unpacked } from "./columns.js";
import type { ImportCounts, Screen } from "./counts.js";
import { type CheckedEntry, type CheckedSignal, isSourcesId } from "./records.js";

/** An entry of a batch, with the digest by which the store recognizes it. */
export interface BatchEntry extends CheckedEntry {
  /** The `entryDigest` as hex digits. */
  digest: string;
}

/** What the steps of one batch share. */
export interface BatchContext {
  database: Database;
  source: number;
  digest: KeyedDigest;
  screen: Screen;
  counts: ImportCounts;
  /** Returns the batch's revision, which the first change makes. */
  revision(): number;
  pages: Pages;
  texts: Texts;
  nextSignal: number;
  /** How many signals of images were ever added. */
  stills: number;
  /** Returns the number of a crop's name; 0 for undefined. */
  cropNumber(name: string | undefined): number;
}

const insertEntries = `INSERT INTO entry (id, source, digest, text, status, labels, first, count, updated, since, times)
  SELECT ?1 + key, ?2, unhex(value), NULLIF(${unpacked(9)}, -1), ${unpacked(4)}, ${unpacked(5)}, ${unpacked(6)},
    ${unpacked(7)}, NULLIF(${unpacked(8)}, -1), ?3, NULLIF(${unpacked(11)}, -1)
  FROM json_each(?10)`;

/** Adds entries that the source does not have yet. */
export function addEntries(context: BatchContext, fresh: readonly BatchEntry[]): void {
  const { database, texts, counts } = context;
  const revision = context.revision();
  const base = counter(database, "entries");
  setCounter(database, "entries", base + fresh.length);
  const labels = labelIds(context, fresh);
  const quarantined = new Map<number, string>();
  const firsts = fresh.map((entry, i) => {
    const screened = screenEntry(context, entry);
    if (screened.reason !== undefined) quarantined.set(i, screened.reason);
    return appendSignals(context, base + i, entry.signals, screened);
  });
  database.run(
    insertEntries,
    base,
    context.source,
    revision,
    packColumn(fresh.map((_, i) => (quarantined.has(i) ? quarantinedStatus : activeStatus))),
    packColumn(fresh.map((entry) => labels.get(entry.labels)!)),
    packColumn(firsts),
    packColumn(fresh.map((entry) => entry.signals.length)),
    packColumn(fresh.map(({ time }) => time ?? -1)),
    packColumn(fresh.map(({ key }) => (isSourcesId(key) ? texts.add(key) : -1))),
    JSON.stringify(fresh.map(({ digest }) => digest)),
    packColumn(fresh.map(({ signals }) => addTimes(texts, timesOf(signals)) ?? -1)),
  );
  for (const [i, reason] of quarantined) database.run("UPDATE entry SET reason = ? WHERE id = ?", reason, base + i);
  addCases(
    context,
    fresh.flatMap(({ cases }, i) => cases.map((name): [string, number] => [name, base + i])),
  );
  const ids = fresh.map((_, i) => base + i);
  const added = ids.filter((_, i) => !quarantined.has(i));
  logChange(database, revision, "added", added);
  const heldBack = ids.filter((_, i) => quarantined.has(i));
  logChange(database, revision, "quarantined", heldBack);
  counts.added += fresh.length;
  counts.quarantined += quarantined.size;
}

/** Returns the times of those signals that have one. */
export function timesOf(signals: readonly CheckedSignal[]): FrameTime[] {
  return signals.flatMap(({ time }) => (time === undefined ? [] : [time]));
}

/** What the screening says of an entry's signals. */
interface Screened {
  /** Why the entry is held back. */
  reason: string | undefined;
  /** The frames that would match unrelated images. */
  weak: ReadonlySet<CheckedSignal>;
}

const noFrames: ReadonlySet<CheckedSignal> = new Set();
const isFrame = ({ type }: CheckedSignal): boolean => type === frameType;

/** Why an entry is held back that its source does not call active. */
export const heldReason = "its source does not say that it is active";

/**
 * Screens an entry: what the source says of it, and its signals. Nearly every video has black or blurred frames, so
 * that such frames are no reason to hold back the entry, unless it has nothing else.
 */
export function screenEntry({ screen, counts }: BatchContext, { signals, held }: CheckedEntry): Screened {
  if (!signals.some(isFrame)) return { reason: held ? heldReason : screen(signals), weak: noFrames };
  const frames = signals.filter(isFrame);
  const others = signals.filter((signal) => !isFrame(signal));
  const reason = held ? heldReason : others.length === 0 ? undefined : screen(others);
  const weak = new Set(frames.filter((frame) => screen([frame]) !== undefined));
  if (reason === undefined && others.length === 0 && weak.size === frames.length) {
    return { reason: `no frame can be matched: ${screen(frames.slice(0, 1))}`, weak: noFrames };
  }
  counts.weakFrames += weak.size;
  return { reason, weak };
}

/** Appends the signals of an entry and returns the number of the first one. */
export function appendSignals(
  context: BatchContext,
  entry: number,
  signals: readonly CheckedSignal[],
  { reason, weak }: Screened,
): number {
  const first = context.nextSignal;
  const from = context.revision();
  const held = reason === undefined ? 0 : quarantinedFlag;
  for (const signal of signals) {
    const { type, value, quality, crop } = signal;
    if (stillTypes.includes(type)) context.stills++;
    const flags = held | (weak.has(signal) ? weakFlag : 0);
    const record = context.pages.edit(context.nextSignal++);
    writeRecord(record, { value, entry, from, to: 0, type, quality, flags, crop: context.cropNumber(crop) });
  }
  return first;
}

/** Returns the number of each set of labels. A set is kept once; 0 is the empty set. */
export function labelIds(
  { database, digest, texts }: BatchContext,
  entries: Iterable<{ labels: string }>,
): Map<string, number> {
  const ids = new Map<string, number>([["[]", 0]]);
  for (const { labels } of entries) {
    if (ids.has(labels)) continue;
    const key = Buffer.from(labelsDigest(digest, labels), "hex");
    const [id] =
      database.get<[number]>("SELECT id FROM labels WHERE digest = ?", key) ??
      database.get<[number]>("INSERT INTO labels (digest, text) VALUES (?, ?) RETURNING id", key, texts.add(labels))!;
    ids.set(labels, id);
  }
  return ids;
}

/** Adds pairs of a case's name and an entry's number. Each pair has a text of its own, which its erasure zeroes. */
export function addCases({ database, digest, texts }: BatchContext, cases: readonly [string, number][]): void {
  if (cases.length === 0) return;
  const digests = new Map<string, string>();
  const rows = cases.map(([name, entry]) => {
    const key = digests.get(name) ?? caseDigest(digest, name);
    digests.set(name, key);
    return [key, entry, texts.add(name)];
  });
  database.run(
    "INSERT INTO entry_case SELECT unhex(value ->> 0), value ->> 1, value ->> 2 FROM json_each(?)",
    JSON.stringify(rows),
  );
}
