/** What a writer counts as lost: helpers that go through an entry for whatever the format has no place for. */
import type { Label, ListEntry, SignalType } from "./entry.js";
import type { CountLoss } from "./format.js";
import { shownName } from "./values.js";

/** Returns false for a withdrawn entry, and counts it: for formats without withdrawals. */
export function writable({ status }: ListEntry, lost: CountLoss): boolean {
  if (status === "active") return true;
  lost("withdrawn entries");
  return false;
}

type Property = "id" | "labels" | "cases" | "time" | "media" | "quality" | "crop" | "others";

/** Counts those of the named properties that the entry has and the format has no place for. */
export function leaveOut(entry: ListEntry, lost: CountLoss, properties: readonly Property[]): void {
  for (const name of properties) {
    if (name === "quality") {
      if (entry.signals.some(({ type, quality }) => type !== "vpdq" && quality !== undefined)) lost("quality");
    } else if (name === "crop") {
      // The hash itself is written, like any other.
      if (entry.signals.some(({ crop }) => crop !== undefined)) lost("crop");
    } else if (name === "others") for (const { type } of entry.others ?? []) lost(`others.${shownName(type)}`);
    else {
      const value = entry[name];
      if (value !== undefined && !(Array.isArray(value) && value.length === 0)) lost(name);
    }
  }
}

/**
 * Counts the signals of other types than `kept`. @param rows how many rows the entry takes: most formats read each as
 * an entry.
 */
export function leaveOutSignals(entry: ListEntry, lost: CountLoss, kept: readonly SignalType[], rows: number): void {
  for (const { type } of entry.signals) if (!kept.includes(type)) lost(`signals.${type}`);
  if (rows > 1) lost("that signals are of one entry");
}

/** Counts the fields with other names than `kept`. */
export function leaveOutFields({ fields = {} }: ListEntry, lost: CountLoss, kept: readonly string[]): void {
  for (const name of Object.keys(fields)) if (!kept.includes(name)) lost(`fields.${name}`);
}

/** Returns true for the same scheme, version and code. */
export function sameLabel(a: Label, b: Label): boolean {
  return a.scheme === b.scheme && a.code === b.code && a.version === b.version;
}
