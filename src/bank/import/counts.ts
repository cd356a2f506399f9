import type { CheckedSignal } from "./records.js";

/** What became of the entries of an import. Each entry counts once, except in `quarantined`. */
export interface ImportCounts {
  added: number;
  changed: number;
  unchanged: number;
  withdrawn: number;
  /** Added or changed entries that the screening holds back. They also count as `added` or `changed`. */
  quarantined: number;
  /** Entries that are older than what the store has. */
  stale: number;
  /** Entries that were withdrawn or erased before, so that a tombstone keeps them out. */
  refused: number;
  /** Entries that could not be read. */
  problems: number;
  /** Crops, not entries, that the screening would hold back. The import takes their entries without them. */
  cropsLeftOut: number;
  /**
   * Frames, not entries, that the screening would hold back. No search finds them, and their videos match by the
   * others.
   */
  weakFrames: number;
}

/** Makes counts that are all zero. */
export const noCounts = (): ImportCounts => ({
  added: 0,
  changed: 0,
  unchanged: 0,
  withdrawn: 0,
  quarantined: 0,
  stale: 0,
  refused: 0,
  problems: 0,
  cropsLeftOut: 0,
  weakFrames: 0,
});

/** Returns why an entry with these signals is held back, or undefined. */
export type Screen = (signals: readonly CheckedSignal[]) => string | undefined;
