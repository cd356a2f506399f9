import type { ListProblem, ListInput } from "../../dist/doors/lists.js";
import { type BatchOptions, batchesOf } from "../../dist/lists/batches.js";
import { readChunks } from "../../dist/lists/input.js";
import { hex, randomHashes } from "./hashes.ts";

/** Hashes as text, from a seed: even odds for each bit, so none is trivial. */
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

/** Reads a list, given as text, by the core's reader. */
export function read(content: string, options?: Partial<BatchOptions>): Promise<Reading> {
  return readSource(Buffer.from(content), options);
}

/** Reads a list to its end by the core's reader, as `HashList` does. */
export async function readSource(source: ListInput, options: Partial<BatchOptions> = {}): Promise<Reading> {
  const entries: Reading["entries"] = [];
  const problems: ListProblem[] = [];
  const { name = "list", allowTrivialHashes = false, signal } = options;
  const { onProblem = (problem: ListProblem): unknown => problems.push(problem) } = options;
  for await (const batch of batchesOf(readChunks(source, name, signal), { name, allowTrivialHashes, onProblem })) {
    const texts = Buffer.from(batch.metadata);
    batch.ends.forEach((end, i) => {
      const hash = hex(batch.hashes.subarray(32 * i, 32 * i + 32));
      entries.push([batch.lines[i]!, hash, texts.toString("utf8", i === 0 ? 0 : batch.ends[i - 1]!, end)]);
    });
  }
  return { entries, problems: problems.map(({ line, reason }) => [line!, reason]) };
}

/** The core's reasons, as the documentation gives them. */
export const reasons = {
  length: "a hash is 64 hex digits, 44 base64 characters or 32 bytes",
  character: "a hash holds only hex digits (or base64 characters)",
  nul: "a NUL byte in the line: this is not text",
  long: "the line is longer than 65,536 bytes",
  signal: "a signal of another type than pdq",
  missing: "the signal type or the hash is missing",
  quote: "a quoted field never ends",
  zero: "all bits are zero: such a hash would match unrelated images",
  one: "all bits are one: such a hash would match unrelated images",
  unbalanced: "fewer than 64 or more than 192 bits are set: such a hash would match unrelated images",
  periodic: "one short pattern repeats throughout: such a hash would match unrelated images",
} as const;
