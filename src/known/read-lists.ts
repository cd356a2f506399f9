import { stat } from "node:fs/promises";
import { invalidArgument, isBytes } from "../check.js";
import { batchesOf, type BatchOptions } from "../lists/batches.js";
import { peekList, type PeekedList, refuseHashOutput } from "../lists/open-list.js";
import type { ListFormat } from "../lists/formats/index.js";
import { checkListInput, type ListInput, inputName } from "../lists/input.js";
import type { HashIndex } from "../search/hash-index.js";
import type { KnownDigests } from "./digests.js";
import { digestBatches, entryBatches, type KnownBatch, OtherLines } from "./entry-batches.js";

/** A list with the name that it has in matches and problems. */
export interface NamedList {
  name: string;
  input: ListInput;
}

/** One or more lists. */
export type KnownLists = ListInput | NamedList | readonly (ListInput | NamedList)[];

/** The counts of one loaded list. */
export interface LoadedList {
  /** Its path, or the name that was given. */
  name: string;
  form: ListFormat | "unknown";
  /** How many hashes were loaded. */
  entries: number;
  /** How many digests were loaded. Absent without the option `digests`, or where the lists have none. */
  digests?: number;
  /** How many lines could not be read or were refused. */
  problems: number;
}

/** Returns `count` whole numbers from `first` on, as the ids of a batch. */
function numbers(first: number, count: number): Float64Array {
  return new Float64Array(count).map((_, i) => first + i);
}

function named(list: ListInput | NamedList, i: number): NamedList {
  if (typeof list === "object" && list !== null && "input" in list) {
    if (typeof list.name !== "string") throw invalidArgument("name", "string", list.name);
    return { name: list.name, input: checkListInput(list.input) };
  }
  const input = checkListInput(list);
  return { name: inputName(input) ?? `list ${i + 1}`, input };
}

export function allNamed(lists: KnownLists): NamedList[] {
  return ((Array.isArray(lists) ? lists : [lists]) as readonly (ListInput | NamedList)[]).map(named);
}

/** The formats that the core reads, because that is fastest. It also reads lists of unknown format. */
const native: readonly (ListFormat | undefined)[] = ["plain", "signals", "signal-csv", undefined];

async function* replayed({ head, rest }: PeekedList): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* head;
    yield* rest;
  } finally {
    await rest.return();
  }
}

/** Returns whether an input gives the same bytes when it is read again. */
async function isRereadable(input: ListInput): Promise<boolean> {
  if (isBytes(input)) return true;
  return (typeof input === "string" || input instanceof URL) && (await stat(input)).isFile();
}

/**
 * Yields the batches of a list of any format. Digests go to `digests` if it is given, and are problems otherwise. The
 * core reads the formats that it can. A list in which it found other types is read again for its digests.
 */
async function* listBatches(
  { name, input }: NamedList,
  options: Omit<BatchOptions, "name">,
  digests: KnownDigests | undefined,
): AsyncGenerator<KnownBatch, void, undefined> {
  const peeked = await peekList(input, name, options.signal);
  const { format } = peeked;
  if (format === undefined) await refuseHashOutput(peeked);
  if (!native.includes(format)) return yield* entryBatches(peeked, options, digests);
  const typed = format === "signals" || format === "signal-csv";
  if (digests === undefined || !typed) return yield* batchesOf(replayed(peeked), { ...options, name });
  if (!(await isRereadable(input))) return yield* entryBatches(peeked, options, digests);
  const others = new OtherLines(options.onProblem);
  for await (const batch of batchesOf(replayed(peeked), { ...options, name, onProblem: others.onProblem }))
    yield others.without(batch);
  if (others.size > 0) yield* digestBatches(await peekList(input, name, options.signal), options, digests, others);
}

/** Reads the lists into the index, with ids in the order of the entries, and hands on each batch. */
export async function readLists(
  sources: readonly NamedList[],
  options: Omit<BatchOptions, "name">,
  index: HashIndex,
  take: (batch: KnownBatch) => Promise<void>,
  digests?: KnownDigests,
): Promise<LoadedList[]> {
  const lists: LoadedList[] = [];
  let size = 0;
  for (const [position, { name, input }] of sources.entries()) {
    const list: LoadedList = { name, form: "unknown", entries: 0, problems: 0 };
    const before = digests?.size ?? 0;
    for await (const batch of listBatches({ name, input }, options, digests)) {
      const count = batch.ends.length;
      const tags = position === 0 ? undefined : new Uint8Array(count).fill(Math.min(position, 255));
      index.addManySync(numbers(size, count), batch.hashes, tags && { tags });
      size += count;
      list.form = batch.format;
      list.entries += count;
      list.problems += batch.problemLines.length;
      await take(batch);
    }
    if (digests !== undefined && digests.size > before) list.digests = digests.size - before;
    lists.push(list);
  }
  return lists;
}
