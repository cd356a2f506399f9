import type { CheckedSignal } from "./records.js";

/** What became of the entries of an import, each counted once. */
export interface ImportCounts {
  added: number;
  changed: number;
  unchanged: number;
  withdrawn: number;
  /** Added or changed, but held back by the screening; counted in `added` or `changed` too. */
  quarantined: number;
  /** Older than what the store has. */
  stale: number;
  /** Withdrawn or erased before: a tombstone keeps them out. */
  refused: number;
  /** That could not be read. */
  problems: number;
  /** Derived hashes, not entries: the screening would hold them back, so they were not taken and the rest was. */
  derivedLeftOut: number;
}

export const noCounts = (): ImportCounts => ({
  added: 0,
  changed: 0,
  unchanged: 0,
  withdrawn: 0,
  quarantined: 0,
  stale: 0,
  refused: 0,
  problems: 0,
  derivedLeftOut: 0,
});

/** Why an entry is held back, or undefined. */
export type Screen = (signals: readonly CheckedSignal[]) => string | undefined;
