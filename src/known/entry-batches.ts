/** Lists whose entries are read one by one, as the core's batches: for the index and its entries. */
import { trivialHashReason } from "../hash/value.js";
import type { BatchOptions, ListBatch, ListForm, ListProblem } from "../lists/batches.js";
import type { ListedEntry, ListItem } from "../lists/entry.js";
import { defaultListOptions, entryList, type PeekedList } from "../lists/open-list.js";
import type { ListFormat } from "../lists/sniff-list.js";
import { tagText } from "../lists/formats/tags.js";
import type { KnownDigests } from "./digests.js";

/** A batch of a list of any format. */
export type KnownBatch = Omit<ListBatch, "form"> & { form: ListForm | ListFormat };

/** What the list says of an entry, as text: as the core writes the CSV's fields, and the same way for all others. */
function metadataOf({ id, labels, cases, fields = {} }: ListedEntry): string {
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

/** How the core says that a line has another type. */
const otherType = "a signal of another type than pdq";

/** Lines that the core passed over for their type: not problems yet. */
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
    if (problem.reason === otherType) this.#lines.add(problem.line);
    else this.#report?.(problem);
  };

  /** The batch without the problems that are none yet. */
  without(batch: ListBatch): ListBatch {
    const { problemLines, problemReasons } = batch;
    if (!problemReasons.includes(otherType)) return batch;
    return {
      ...batch,
      problemLines: problemLines.filter((_, i) => problemReasons[i] !== otherType),
      problemReasons: problemReasons.filter((reason) => reason !== otherType),
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

  finish(form: ListFormat): KnownBatch {
    const ends = new Uint32Array(this.#texts.length);
    let end = 0;
    for (const [i, text] of this.#texts.entries()) ends[i] = end += Buffer.byteLength(text);
    return {
      form,
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
 * The entries of a list, those that were withdrawn left out. A hash is named by the line of its entry, or by the entry's
 * number where the format has no lines.
 */
export async function* entryBatches(
  peeked: PeekedList,
  { allowTrivialHashes, onProblem }: Omit<BatchOptions, "name">,
  digests: KnownDigests | undefined,
): AsyncGenerator<KnownBatch, void, undefined> {
  const { name: list } = peeked;
  let builder = new BatchBuilder();
  const report = (line: number, reason: string): void => {
    builder.problem(line, reason);
    onProblem?.({ list, line, reason });
  };
  const reading = await entryList(peeked, {
    ...defaultListOptions,
    others: "report",
    onProblem: ({ line, entry, field, reason }) =>
      report(line ?? entry, field === undefined ? reason : `${field}: ${reason}`),
  });
  const take = ({ entry, position }: ListItem): void => {
    if (entry.status === "withdrawn") return;
    const line = position.line ?? position.entry;
    const metadata = metadataOf(entry);
    const exact = digests?.add(entry, list, line, metadata) ?? 0;
    // A frame of a video is no picture: VideoIndex knows what to do with it.
    const near = entry.signals.filter(({ type }) => type === "pdq");
    if (near.length === 0 && exact === 0) report(line, otherType);
    for (const { value } of near) {
      const why = allowTrivialHashes ? undefined : trivialHashReason(value);
      if (why === undefined) builder.hash(value, line, metadata);
      else report(line, why);
    }
  };
  for await (const batch of reading.batches()) {
    batch.forEach(take);
    yield builder.finish(reading.format);
    builder = new BatchBuilder();
  }
  yield builder.finish(reading.format);
}

/** Of a list that the core has read: the digests on those of its lines that it passed over. */
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
    onProblem: ({ line = 0, reason }) => {
      if (!others.has(line)) return;
      builder.problem(line, reason);
      onProblem?.({ list, line, reason });
    },
  });
  for await (const batch of reading.batches()) {
    for (const { entry, position } of batch) {
      const { line = 0 } = position;
      if (others.has(line)) digests.add(entry, list, line, metadataOf(entry));
    }
    yield builder.finish(reading.format);
    builder = new BatchBuilder();
  }
  yield builder.finish(reading.format);
}
