/** Lists that the core reads, in batches of arrays: a list of a million entries does not become a million objects. */
import type { NativeListBatch } from "../native/binding/lists.js";
import { type NativeListProblem, nativeListProblem } from "../native/list-problem.js";
import { native } from "../native/load.js";
import type { ListProblem, ListProblemCode } from "./entry.js";

/** The formats that the core reads. `unknown`: no line could be read so far. */
export type NativeListFormat = "unknown" | "plain" | "signals" | "signal-csv";

export interface BatchOptions {
  /** What problems call the list. */
  name: string;
  /** Whether hashes that would match unrelated images are entries instead of problems. */
  allowTrivialHashes: boolean;
  onProblem: ((problem: ListProblem) => void) | undefined;
  signal: AbortSignal | undefined;
}

export interface ListBatch extends NativeListBatch {
  /** The format, as far as it is known. */
  format: NativeListFormat;
}

/** A stream may give a piece of any size. More than this at a time would hold up the thread. */
const feedBytes = 1 << 20;

/** The code of each problem that the core reports. */
const codes: Readonly<Record<NativeListProblem, ListProblemCode>> = {
  "bad-hash-length": "bad-hash",
  "bad-hash-character": "bad-hash",
  "nul-byte": "bad-syntax",
  "line-too-long": "bad-syntax",
  "other-signal": "other-signal",
  "missing-field": "missing-field",
  "open-quote": "bad-syntax",
  "trivial-all-zero": "trivial-hash",
  "trivial-all-one": "trivial-hash",
  "trivial-unbalanced": "trivial-hash",
  "trivial-periodic": "trivial-hash",
};

/** Returns the code of a problem by its number in `NativeListBatch.problemCodes`. */
export function nativeProblemCode(number: number): ListProblemCode {
  return codes[nativeListProblem(number)];
}

/** Reads a list that is open, and reports its problems. The last batch knows the format. */
export async function* batchesOf(
  chunks: AsyncIterable<Uint8Array>,
  options: Omit<BatchOptions, "signal">,
): AsyncGenerator<ListBatch, void, undefined> {
  const { name, onProblem } = options;
  const list = native.createList(options.allowTrivialHashes);
  const report = (batch: NativeListBatch): ListBatch => {
    batch.problemReasons.forEach((reason, i) =>
      onProblem?.({
        list: name,
        line: batch.problemLines[i]!,
        skipped: true,
        code: nativeProblemCode(batch.problemCodes[i]!),
        reason,
      }),
    );
    return { ...batch, format: native.listForm(list) as NativeListFormat };
  };
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at += feedBytes) {
      yield report(native.listFeed(list, chunk.subarray(at, at + feedBytes)));
    }
  }
  yield report(native.listFinish(list));
}
