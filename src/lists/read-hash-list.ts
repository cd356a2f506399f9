import { boolean, invalidArgument, checkOptions, checkSignal } from "../check.js";
import { readBatches, type BatchOptions, type ListProblem } from "./batches.js";
import { checkSource, type ListSource, sourceName } from "./source.js";

export interface ReadListOptions {
  /** Also give hashes that would match unrelated pictures (all zero, constant, periodic, unbalanced). Default false. */
  allowTrivialHashes?: boolean;
  /** Called for each line that could not be read or was refused; the rest goes on. */
  onProblem?: (problem: ListProblem) => void;
  /** Ends the reading, with the signal's reason. */
  signal?: AbortSignal;
}

export interface ReadHashListOptions extends ReadListOptions {
  /** How problems name the list. Default: its path. */
  name?: string;
}

export interface ListEntry {
  /** 64 lower-case hex digits. */
  hash: string;
  /**
   * What the list says of the hash: the text after the first comma; of the CSV form the fields that are there, as
   * `collab=…; category=…; tags=…`; empty when there is nothing.
   */
  metadata: string;
  /** The line of the file, from 1. */
  line: number;
}

/** Checks the options all readers share. @throws {InvalidArgumentError} */
export function checkReadOptions(options: ReadListOptions): Omit<BatchOptions, "name"> {
  const { allowTrivialHashes, onProblem } = options;
  if (onProblem !== undefined && typeof onProblem !== "function")
    throw invalidArgument("onProblem", "function", onProblem);
  return {
    allowTrivialHashes: allowTrivialHashes === undefined ? false : boolean("allowTrivialHashes", allowTrivialHashes),
    onProblem,
    signal: checkSignal(options.signal),
  };
}

async function* entries(source: ListSource, options: BatchOptions): AsyncGenerator<ListEntry, void, undefined> {
  for await (const batch of readBatches(source, options)) {
    const hashes = Buffer.from(batch.hashes.buffer);
    const texts = Buffer.from(batch.metadata.buffer);
    let from = 0;
    for (let i = 0; i < batch.ends.length; i++) {
      const to = batch.ends[i]!;
      const metadata = texts.toString("utf8", from, to);
      from = to;
      yield { hash: hashes.toString("hex", 32 * i, 32 * i + 32), metadata, line: batch.lines[i]! };
    }
  }
}

/**
 * Reads a list of known hashes as a stream, in any of the forms `<hash>`, `<hash>,<metadata>`, python-threatexchange's
 * `pdq <hash>` and its CSV `signal_type,signal_str,collab,category,tags`; the content tells which. A line that cannot be
 * read goes to `onProblem` and the rest goes on.
 *
 * @throws {InvalidArgumentError} at once. While reading: `ERR_EMPREINTE_READ` when the file or stream cannot be read, and
 * the signal's reason.
 *
 * @example
 * for await (const { hash, metadata, line } of readHashList("known.csv", { onProblem: console.warn })) count(hash);
 */
export function readHashList(
  source: ListSource,
  options?: ReadHashListOptions,
): AsyncGenerator<ListEntry, void, undefined> {
  const given = checkOptions(options, ["allowTrivialHashes", "onProblem", "signal", "name"]) as ReadHashListOptions;
  const from = checkSource(source);
  const name = given.name ?? sourceName(from) ?? "stream";
  if (typeof name !== "string") throw invalidArgument("name", "string", name);
  return entries(from, { ...checkReadOptions(given), name });
}
