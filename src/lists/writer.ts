import type { ListedEntry, ListedType, ListLabel } from "./entry.js";
import { shownName } from "./values.js";

/** Told of each thing that the format written cannot hold, by name. */
export type LeftOut = (what: string) => void;

/** Writes entries one by one; what it answers is to be written one behind the other. */
export interface EntryWriter {
  begin(): string;
  entry(entry: ListedEntry, lost: LeftOut): string;
  end(): string;
}

/** False for an entry that is withdrawn, where the format has no such thing. */
export function writable({ status }: ListedEntry, lost: LeftOut): boolean {
  if (status === "active") return true;
  lost("withdrawn entries");
  return false;
}

type Part = "id" | "labels" | "cases" | "time" | "media" | "quality" | "derived" | "others";

/** Counts the parts of the entry that are there and that the format has no place for. */
export function leaveOut(entry: ListedEntry, lost: LeftOut, parts: readonly Part[]): void {
  for (const part of parts) {
    if (part === "quality") {
      if (entry.signals.some(({ type, quality }) => type !== "vpdq" && quality !== undefined)) lost("quality");
    } else if (part === "derived") {
      // Written as a hash like any other.
      if (entry.signals.some(({ crop }) => crop !== undefined)) lost("derived");
    } else if (part === "others") for (const { type } of entry.others ?? []) lost(`others.${shownName(type)}`);
    else {
      const value = entry[part];
      if (value !== undefined && !(Array.isArray(value) && value.length === 0)) lost(part);
    }
  }
}

/** @param rows how many of its signals are written; in most formats each is then an entry of its own. */
export function leaveOutSignals(entry: ListedEntry, lost: LeftOut, kept: readonly ListedType[], rows: number): void {
  for (const { type } of entry.signals) if (!kept.includes(type)) lost(`signals.${type}`);
  if (rows > 1) lost("that signals are of one entry");
}

export function leaveOutFields({ fields = {} }: ListedEntry, lost: LeftOut, kept: readonly string[]): void {
  for (const name of Object.keys(fields)) if (!kept.includes(name)) lost(`fields.${name}`);
}

export function sameLabel(a: ListLabel, b: ListLabel): boolean {
  return a.scheme === b.scheme && a.code === b.code && a.version === b.version;
}
