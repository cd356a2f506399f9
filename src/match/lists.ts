import { invalidArgument } from "../check.js";
import { type BatchOptions, type ListBatch, type ListForm, readBatches } from "../lists/batches.js";
import { checkSource, type ListSource, sourceName } from "../lists/source.js";
import type { HashIndex } from "../search/hash-index.js";

/** A list with the name that matches and problems are to give it. */
export interface NamedListSource {
  name: string;
  source: ListSource;
}

/** One list or several. */
export type KnownSources = ListSource | NamedListSource | readonly (ListSource | NamedListSource)[];

/** What was loaded of one list. */
export interface KnownList {
  /** Its path, or the name that was given. */
  name: string;
  form: ListForm;
  /** How many entries were loaded. */
  entries: number;
  /** How many lines could not be read or were refused. */
  problems: number;
}

/** `count` whole numbers from `first` on: the ids of a batch. */
function numbers(first: number, count: number): Float64Array {
  return new Float64Array(count).map((_, i) => first + i);
}

function named(list: ListSource | NamedListSource, i: number): NamedListSource {
  if (typeof list === "object" && list !== null && "source" in list) {
    if (typeof list.name !== "string") throw invalidArgument("name", "string", list.name);
    return { name: list.name, source: checkSource(list.source) };
  }
  const source = checkSource(list);
  return { name: sourceName(source) ?? `list ${i + 1}`, source };
}

export function allNamed(lists: KnownSources): NamedListSource[] {
  return ((Array.isArray(lists) ? lists : [lists]) as readonly (ListSource | NamedListSource)[]).map(named);
}

/** Reads the lists into the index, ids in the order of the entries, and hands each batch on. */
export async function readLists(
  sources: readonly NamedListSource[],
  options: Omit<BatchOptions, "name">,
  index: HashIndex,
  take: (batch: ListBatch) => Promise<void>,
): Promise<KnownList[]> {
  const lists: KnownList[] = [];
  let size = 0;
  for (const [position, { name, source }] of sources.entries()) {
    const list: KnownList = { name, form: "unknown", entries: 0, problems: 0 };
    for await (const batch of readBatches(source, { ...options, name })) {
      const count = batch.ends.length;
      const banks = position === 0 ? undefined : new Uint8Array(count).fill(Math.min(position, 255));
      index.addManySync(numbers(size, count), batch.hashes, banks && { banks });
      size += count;
      list.form = batch.form;
      list.entries += count;
      list.problems += batch.problemLines.length;
      await take(batch);
    }
    lists.push(list);
  }
  return lists;
}
