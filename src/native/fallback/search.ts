/** Indexes of hashes and searches of them, with the functions that the addon has for it. */
import type { CancelHandle } from "../binding/handle.js";
import type { IndexHandle, NativeIndexStats, NativeSearchOptions, SearchFunctions } from "../binding/search.js";
import { Cancel, failure } from "./handles.js";
import { byDistance, type Hit, IndexRows, type Rows } from "./rows.js";

/** As in the addon's answers: the number of the crop is above the distance. */
const cropUnit = 512;

const rowsOf = (index: IndexHandle): IndexRows => index as unknown as IndexRows;
const several = (ids: Float64Array | number): Float64Array => (typeof ids === "number" ? Float64Array.of(ids) : ids);

function throwIfCancelled(cancel: CancelHandle | undefined): void {
  if (cancel !== undefined && Cancel.of(cancel).cancelled)
    throw failure("ERR_EMPREINTE_CANCELLED", "the work was cancelled");
}

/** Keeps each entry once, by its nearest row. */
function oncePerEntry(hits: readonly Hit[]): Hit[] {
  const seen = new Set<number>();
  return hits.filter(({ id }) => !seen.has(id) && seen.add(id));
}

function searchSync(
  index: IndexHandle,
  queries: Uint8Array,
  radius: number,
  { limit = 0, tags, separateCrops = false }: NativeSearchOptions = {},
): Float64Array | undefined {
  const rows = rowsOf(index);
  const numbers: number[] = [];
  for (let query = 0; 32 * query < queries.length; query++) {
    const near = rows.near(queries.subarray(32 * query, 32 * (query + 1)), radius, tags).toSorted(byDistance);
    const hits = separateCrops ? near : oncePerEntry(near);
    for (const { id, distance, crop } of limit > 0 ? hits.slice(0, limit) : hits)
      numbers.push(id, query, cropUnit * crop + distance);
  }
  return numbers.length === 0 ? undefined : Float64Array.from(numbers);
}

function stats(index: IndexHandle): NativeIndexStats {
  const { count, bytes, revision } = rowsOf(index);
  const none = { removed: 0, shards: 0, indexed: 0, mapped: 0 };
  return { rows: count, delta: count, bytes, resident: bytes, revision, ...none };
}

type Kept = Exclude<keyof SearchFunctions, "openIndex" | "indexSave" | "indexVerify" | "indexWarm">;

/** Everything but files. All of it runs on this thread, without tables, so there is nothing to maintain. */
export const fallbackSearch: Pick<SearchFunctions, Kept> = {
  setCrossovers: () => {},
  createIndex: () => new IndexRows() as unknown as IndexHandle,
  closeIndex: (index) => rowsOf(index).clear(),
  indexAdd: (index, ids, hashes, tags, crops) => {
    const rows: Rows = { ids: several(ids), hashes, tags, crops };
    rowsOf(index).add(rows);
  },
  indexAddMany: async (index, ids, hashes, tags, cancel) => {
    throwIfCancelled(cancel);
    rowsOf(index).add({ ids, hashes, tags, crops: undefined });
  },
  indexRemove: (index, ids) => rowsOf(index).remove(several(ids)),
  indexReplace: (index, id, hash, tag) => rowsOf(index).replace(id, hash, tag),
  indexHas: (index, id) => rowsOf(index).has(id),
  indexStats: stats,
  indexFlush: () => {},
  indexWantsMaintenance: () => false,
  indexMaintain: async () => false,
  indexHashes: (index, ids, crops) => {
    const hashes = new Uint8Array(32 * ids.length);
    ids.forEach((id, i) => rowsOf(index).copyHash(id, crops?.[i] ?? 0, hashes.subarray(32 * i, 32 * (i + 1))));
    return hashes;
  },
  searchSync,
  search: async (index, queries, radius, options, cancel) => {
    throwIfCancelled(cancel);
    return searchSync(index, queries, radius, options);
  },
};
