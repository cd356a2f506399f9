import { boolean, checkCallback, checkSignal } from "../check.js";
import type { BatchOptions } from "../lists/batches.js";
import type { ListProblem } from "../lists/entry.js";

/** Options for reading lists into memory or into a file. */
export interface ReadListOptions {
  /**
   * True to also read hashes that would match unrelated images (all zero, constant, periodic, unbalanced). Default
   * false.
   */
  allowTrivialHashes?: boolean;
  /** Called for each line that could not be read or was refused. Reading continues with the rest. */
  onProblem?: (problem: ListProblem) => void;
  /** Ends the reading. The promise rejects with the signal's reason. */
  signal?: AbortSignal;
}

export const readOptionNames = ["allowTrivialHashes", "onProblem", "signal"] as const;

/** Checks options and fills in defaults. @throws {InvalidArgumentError} for an option that does not fit. */
export function checkReadOptions(options: ReadListOptions): Omit<BatchOptions, "name"> {
  const { allowTrivialHashes = false } = options;
  return {
    allowTrivialHashes: boolean("allowTrivialHashes", allowTrivialHashes),
    onProblem: checkCallback("onProblem", options.onProblem),
    signal: checkSignal(options.signal),
  };
}
