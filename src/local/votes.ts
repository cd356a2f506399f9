/** From the descriptors of a query to the entries that are to be verified. */
import type { HashIndex } from "../search/hash-index.js";
import type { QueryDescriptors } from "./query-points.js";

/** How many rows of an entry's slot there may be: a row's id is 512 times the slot and the point. */
export const rowsPerSlot = 512;
/** How many descriptors are looked up at once, so that an abort is heard and other work gets its turn. */
const batchSize = 256;
/** A descriptor with as many rows near it is common, and says nothing. */
const commonFrom = 64;
/** How many places of the query must vote for an entry in one handedness. */
const leastVotes = 4;
/** How many entries are verified, those with most votes first. */
const mostCandidates = 64;
/** A descriptor this near to one of a benign image is of something harmless that many images show. */
export const benignRadius = 31;

/** An entry with its votes: the query's point, the entry's point, the distance and 1 for mirrored, in turn. */
export interface Candidate {
  slot: number;
  votes: Uint32Array;
}

/** What was found of all entries. */
export interface Votes {
  candidates: Candidate[];
  /** How many entries have enough votes, which may be more than `candidates`. */
  enough: number;
  lookups: number;
}

export interface VoteSearch {
  /** The rows of all entries. */
  rows: HashIndex;
  /** The rows of benign images. */
  benign: HashIndex;
  radius: number;
  /** The tags that are searched. Undefined searches all. */
  tags: readonly number[] | undefined;
  signal: AbortSignal | undefined;
}

/** The votes for one entry. */
class EntryVotes {
  readonly slot: number;
  readonly numbers: number[] = [];
  readonly #places: [Set<number>, Set<number>] = [new Set(), new Set()];

  constructor(slot: number) {
    this.slot = slot;
  }

  add(query: number, place: number, point: number, distance: number, mirrored: 0 | 1): void {
    this.#places[mirrored].add(place);
    this.numbers.push(query, point, distance, mirrored);
  }

  /** How many places of the query vote for the entry, in the handedness that has more. */
  get places(): number {
    return Math.max(this.#places[0].size, this.#places[1].size);
  }
}

/** Looks all descriptors up, and counts which entries they vote for. */
export async function findVotes(
  descriptors: QueryDescriptors,
  placeOf: Uint32Array,
  search: VoteSearch,
): Promise<Votes> {
  const entries = new Map<number, EntryVotes>();
  let lookups = 0;
  for (const [mirrored, all] of [descriptors.plain, descriptors.mirrored].entries()) {
    for (let first = 0; first < placeOf.length; first += batchSize) {
      const batch = all.subarray(32 * first, 32 * (first + batchSize));
      lookups += batch.length / 32;
      const found = await lookUp(batch, search);
      found.forEach((rows, i) => {
        const query = first + i;
        for (const { id, distance } of rows) {
          const slot = Math.floor(id / rowsPerSlot);
          const votes = entries.get(slot) ?? new EntryVotes(slot);
          entries.set(slot, votes);
          votes.add(query, placeOf[query]!, id % rowsPerSlot, distance, mirrored === 0 ? 0 : 1);
        }
      });
    }
  }
  const enough = [...entries.values()]
    .map((votes) => ({ votes, places: votes.places }))
    .filter(({ places }) => places >= leastVotes)
    .sort(
      (a, b) => b.places - a.places || b.votes.numbers.length - a.votes.numbers.length || a.votes.slot - b.votes.slot,
    );
  return {
    candidates: enough
      .slice(0, mostCandidates)
      .map(({ votes: { slot, numbers } }) => ({ slot, votes: Uint32Array.from(numbers) })),
    enough: enough.length,
    lookups,
  };
}

/** Returns the rows near each descriptor: none for one that is common, or that a benign image has. */
async function lookUp(
  batch: Uint8Array,
  { rows, benign, radius, tags, signal }: VoteSearch,
): Promise<{ id: number; distance: number }[][]> {
  const options = { ...(tags && { tags }), ...(signal && { signal }) };
  const found = await rows.searchMany(batch, { radius, limit: commonFrom, ...options });
  if (benign.size === 0) return found.map((near) => (near.length < commonFrom ? near : []));
  const harmless = await benign.searchMany(batch, { radius: benignRadius, limit: 1, ...(signal && { signal }) });
  return found.map((near, i) => (near.length < commonFrom && harmless[i]!.length === 0 ? near : []));
}
