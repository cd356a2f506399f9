import type { NativeListBatch } from "../native/binding.js";
import { native } from "../native/load.js";
import { type ListSource, readChunks } from "./source.js";

/**
 * How a list is written, told by its content: `plain` is `<hash>` or `<hash>,<metadata>` a line; `signals` and `signal-csv`
 * are python-threatexchange's `pdq <hash>` lines and its CSV. `unknown`: no line could be read.
 */
export type ListForm = "unknown" | "plain" | "signals" | "signal-csv";

/** A line that could not be read or was refused. */
export interface ListProblem {
  /** The name of the list. */
  list: string;
  /** From 1. */
  line: number;
  /** One sentence, without the line's bytes. */
  reason: string;
}

export interface BatchOptions {
  name: string;
  allowTrivialHashes: boolean;
  onProblem: ((problem: ListProblem) => void) | undefined;
  signal: AbortSignal | undefined;
}

export interface ListBatch extends NativeListBatch {
  /** As far as it is known. */
  form: ListForm;
}

/** A stream may give one piece of any size; more than this at a time would hold up the thread. */
const feedBytes = 1 << 20;

/** The entries of a list in batches of arrays; the last batch knows the form. */
export function readBatches(source: ListSource, options: BatchOptions): AsyncGenerator<ListBatch, void, undefined> {
  return batchesOf(readChunks(source, options.name, options.signal), options);
}

/** The same of a list that is open. */
export async function* batchesOf(
  chunks: AsyncIterable<Uint8Array>,
  options: Omit<BatchOptions, "signal">,
): AsyncGenerator<ListBatch, void, undefined> {
  const { name, onProblem } = options;
  const list = native.createList(options.allowTrivialHashes);
  const report = (batch: NativeListBatch): ListBatch => {
    batch.problemReasons.forEach((reason, i) => onProblem?.({ list: name, line: batch.problemLines[i]!, reason }));
    return { ...batch, form: native.listForm(list) as ListForm };
  };
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at += feedBytes) {
      yield report(native.listFeed(list, chunk.subarray(at, at + feedBytes)));
    }
  }
  yield report(native.listFinish(list));
}
