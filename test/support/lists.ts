import {
  type ListEntry,
  type ListProblem,
  type ListSource,
  readHashList,
  type ReadHashListOptions,
} from "../../dist/doors/lists.js";
import { hex, randomHashes } from "./hashes.ts";

/** Hashes as text, from a seed: even odds for each bit, so none is degenerate. */
export function hexHashes(count: number, seed: number): string[] {
  const bytes = randomHashes(count, seed);
  return Array.from({ length: count }, (_, i) => hex(bytes.subarray(32 * i, 32 * i + 32)));
}

export interface Reading {
  /** `[line, hash, metadata]` */
  entries: [number, string, string][];
  /** `[line, reason]` */
  problems: [number, string][];
}

/** Reads a list, given as text, to its end. */
export function read(content: string, options?: ReadHashListOptions): Promise<Reading> {
  return readSource(Buffer.from(content), options);
}

export async function readSource(source: ListSource, options: ReadHashListOptions = {}): Promise<Reading> {
  const entries: ListEntry[] = [];
  const problems: ListProblem[] = [];
  for await (const entry of readHashList(source, { onProblem: (problem) => problems.push(problem), ...options })) {
    entries.push(entry);
  }
  return {
    entries: entries.map(({ line, hash, metadata }) => [line, hash, metadata]),
    problems: problems.map(({ line, reason }) => [line, reason]),
  };
}

/** The reasons, as the documentation gives them. */
export const reasons = {
  length: "a hash is 64 hex digits, 44 base64 characters or 32 bytes",
  character: "a hash holds only hex digits (or base64 characters)",
  nul: "a NUL byte in the line: this is not text",
  long: "the line is longer than 65,536 bytes",
  signal: "a signal of another type than pdq",
  missing: "the signal type or the hash is missing",
  quote: "a quoted field never ends",
  zero: "all bits are zero: such a hash would match unrelated pictures",
  one: "all bits are one: such a hash would match unrelated pictures",
  unbalanced: "fewer than 64 or more than 192 bits are set: such a hash would match unrelated pictures",
  periodic: "one short pattern repeats throughout: such a hash would match unrelated pictures",
} as const;
