/** Turns lists whose entries are read one by one into batches like the core's, for the index and its entries. */
import { trivialHashReason } from "../hash/value.js";
import { type BatchOptions, type ListBatch, nativeProblemCode } from "../lists/batches.js";
import type { ListEntry, ListProblem } from "../lists/entry.js";
import type { ListFormat } from "../lists/formats/index.js";
import { defaultListOptions, entryList, type PeekedList } from "../lists/open-list.js";
import { tagText } from "../lists/formats/tags.js";
import type { KnownDigests } from "./digests.js";

/** A batch of a list of any format. */
export type KnownBatch = Omit<ListBatch, "format" | "problemCodes"> & { format: ListFormat | "unknown" };

/** Returns the metadata of an entry as text, for every format in the form that the core uses for CSV fields. */
function metadataOf({ id, labels, cases, fields = {} }: ListEntry): string {
  const { metadata, collab } = fields;
  if (typeof metadata === "string") return metadata;
  const category = labels.find(({ scheme }) => scheme === "threatexchange");
  const tags = labels.filter((label) => label !== category).map((label) => tagText(label, " ") ?? label.code);
  const parts = [
    ["id", id],
    ["collab", typeof collab === "string" ? collab : undefined],
    ["category", category?.code],
    ["tags", tags.length > 0 ? tags.join(" ") : undefined],
    ["cases", cases.length > 0 ? cases.join(" ") : undefined],
  ];
  return parts.flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`])).join("; ");
}

const isOther = (number: number): boolean => nativeProblemCode(number) === "other-signal";

/** The lines that the core skipped because of their type. They are not problems yet. */
export class OtherLines {
  readonly #lines = new Set<number>();
  readonly #report: BatchOptions["onProblem"];

  constructor(report: BatchOptions["onProblem"]) {
    this.#report = report;
  }

  get size(): number {
    return this.#lines.size;
  }

  has(line: number): boolean {
    return this.#lines.has(line);
  }

  readonly onProblem = (problem: ListProblem): void => {
    if (problem.code === "other-signal") this.#lines.add(problem.line!);
    else this.#report?.(problem);
  };

  /** Returns the batch without the lines that are not problems yet. */
  without(batch: ListBatch): ListBatch {
    const { problemLines, problemCodes, problemReasons } = batch;
    if (!problemCodes.some(isOther)) return batch;
    const keeps = (_: unknown, i: number): boolean => !isOther(problemCodes[i]!);
    return {
      ...batch,
      problemLines: problemLines.filter(keeps),
      problemCodes: problemCodes.filter(keeps),
      problemReasons: problemReasons.filter(keeps),
    };
  }
}

class BatchBuilder {
  readonly #hashes: string[] = [];
  readonly #texts: string[] = [];
  readonly #lines: number[] = [];
  readonly #problems: { line: number; reason: string }[] = [];

  hash(value: string, line: number, metadata: string): void {
    this.#hashes.push(value);
    this.#lines.push(line);
    this.#texts.push(metadata);
  }

  problem(line: number, reason: string): void {
    this.#problems.push({ line, reason });
  }

  finish(format: ListFormat): KnownBatch {
    const ends = new Uint32Array(this.#texts.length);
    let end = 0;
    for (const [i, text] of this.#texts.entries()) ends[i] = end += Buffer.byteLength(text);
    return {
      format,
      hashes: new Uint8Array(Buffer.from(this.#hashes.join(""), "hex")),
      lines: Float64Array.from(this.#lines),
      metadata: new Uint8Array(Buffer.from(this.#texts.join(""))),
      ends,
      problemLines: Float64Array.from(this.#problems, ({ line }) => line),
      problemReasons: this.#problems.map(({ reason }) => reason),
    };
  }
}

/**
 * Yields the entries of a list, without withdrawn ones. The line of a hash is that of its entry, or the entry's number
 * in formats without lines.
 */
export async function* entryBatches(
  peeked: PeekedList,
  { allowTrivialHashes, onProblem }: Omit<BatchOptions, "name">,
  digests: KnownDigests | undefined,
): AsyncGenerator<KnownBatch, void, undefined> {
  const { name: list } = peeked;
  let builder = new BatchBuilder();
  const report = (line: number, problem: ListProblem): void => {
    builder.problem(line, problem.reason);
    onProblem?.(problem);
  };
  const reading = await entryList(peeked, {
    ...defaultListOptions,
    others: "report",
    onProblem: (problem) => report(problem.line ?? problem.entry ?? 0, problem),
  });
  const take = (entry: ListEntry): void => {
    if (entry.status === "withdrawn") return;
    const position = entry.position!;
    const line = position.line ?? position.entry;
    const metadata = metadataOf(entry);
    const exact = digests?.add(entry, list, line, metadata) ?? 0;
    // A frame of a video is no image: VideoIndex searches for those.
    const near = entry.signals.filter(({ type }) => type === "pdq");
    const problem = { list, ...position, skipped: true };
    if (near.length === 0 && exact === 0)
      report(line, { ...problem, code: "other-signal", reason: "a signal of another type than pdq" });
    for (const { value } of near) {
      const reason = allowTrivialHashes ? undefined : trivialHashReason(value);
      if (reason === undefined) builder.hash(value, line, metadata);
      else report(line, { ...problem, code: "trivial-hash", reason });
    }
  };
  for await (const batch of reading.batches()) {
    batch.forEach(take);
    yield builder.finish(reading.format);
    builder = new BatchBuilder();
  }
  yield builder.finish(reading.format);
}

/** Reads the digests of a list that the core has read, from the lines that it skipped. */
export async function* digestBatches(
  peeked: PeekedList,
  { onProblem }: Omit<BatchOptions, "name">,
  digests: KnownDigests,
  others: OtherLines,
): AsyncGenerator<KnownBatch, void, undefined> {
  const { name: list } = peeked;
  let builder = new BatchBuilder();
  const reading = await entryList(peeked, {
    ...defaultListOptions,
    others: "report",
    onProblem: (problem) => {
      const { line = 0, reason } = problem;
      if (!others.has(line)) return;
      builder.problem(line, reason);
      onProblem?.(problem);
    },
  });
  for await (const batch of reading.batches()) {
    for (const entry of batch) {
      const { line = 0 } = entry.position!;
      if (others.has(line)) digests.add(entry, list, line, metadataOf(entry));
    }
    yield builder.finish(reading.format);
    builder = new BatchBuilder();
  }
  yield builder.finish(reading.format);
}
