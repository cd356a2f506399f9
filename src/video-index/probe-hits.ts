import type { Timeline } from "../search/align.js";
import type { Entry } from "./entries.js";
import type { Probes } from "./probes.js";
import type { CheckedVideoSearch } from "./search-options.js";

/** The nearest hits of one probe that count. An image that occurs in more places distinguishes nothing. */
const mostHits = 2000;
/** A frame that occurs in more videos than this weighs less. */
const ordinaryVideos = 3;

/** A hash of the index that is near a query. */
interface Hit {
  id: number;
  distance: number;
}

/** What a search looks its hashes up in: a `HashIndex`, or whatever else holds the hashes of timelines. */
export interface FrameIndex {
  /** Returns the nearest hits of each query, at most `limit`. */
  searchMany: (
    queries: Uint8Array,
    options: { radius: number; limit?: number; signal?: AbortSignal },
  ) => Promise<readonly (readonly Hit[])[]>;
}

/** What a search needs: the index, the entries that exist for it, and its options. */
export interface SearchContext {
  index: FrameIndex;
  /** The entry that an id of the index belongs to; undefined when it does not exist for this search. */
  entryOf: (id: number) => Entry | undefined;
  /** The number of the hash in its entry's timeline. */
  frameOf: (id: number) => number;
  options: CheckedVideoSearch;
}

export const signalOption = ({ signal }: CheckedVideoSearch): { signal?: AbortSignal } => (signal ? { signal } : {});

/** Where the probes of a query hit one entry. */
export interface EntryHits {
  /** Pairs (frame of the query, frame of the entry), one behind the other. */
  places: number[];
  /** The sum of the weights of the frames that hit it. */
  weight: number;
}

/** The hits of a query's probes, and the weight of each of its frames. */
export class ProbeHits {
  readonly entries: Map<Entry, EntryHits> = new Map();
  /** The weight of each frame, 0 … 1. */
  readonly weights: Float32Array;
  readonly #context: SearchContext;
  readonly #query: Timeline;

  constructor(query: Timeline, context: SearchContext) {
    this.#query = query;
    this.#context = context;
    this.weights = new Float32Array(query.from.length).fill(1);
  }

  /**
   * Looks up runs of the query within the support radius. In a list of one frame a second the nearest frame may be half
   * a second away, so a probe need not be within the radius of a match.
   */
  async lookUp(probes: Probes, runs: readonly number[]): Promise<void> {
    const { index, options } = this.#context;
    const hashes = new Uint8Array(32 * runs.length);
    runs.forEach((run, i) => hashes.set(this.#query.hashes.subarray(32 * run, 32 * run + 32), 32 * i));
    const search = { radius: options.supportRadius, limit: mostHits, ...signalOption(options) };
    const found = await index.searchMany(hashes, search);
    found.forEach((hits, i) => {
      if (this.#add(runs[i]!, hits)) probes.markFound(runs[i]!);
    });
  }

  #add(run: number, hits: readonly Hit[]): boolean {
    const entries = new Map<Entry, number[]>();
    const matching = new Set<Entry>();
    for (const { id, distance } of hits) {
      const entry = this.#context.entryOf(id);
      if (entry === undefined) continue;
      if (distance <= this.#context.options.radius) matching.add(entry);
      const frames = entries.get(entry);
      const frame = this.#context.frameOf(id);
      if (frames === undefined) entries.set(entry, [frame]);
      else frames.push(frame);
    }
    const weight = Math.min(1, ordinaryVideos / matching.size);
    this.weights[run] = weight;
    for (const [entry, frames] of entries) {
      let found = this.entries.get(entry);
      if (found === undefined) this.entries.set(entry, (found = { places: [], weight: 0 }));
      found.weight += weight;
      for (const frame of frames) found.places.push(run, frame);
    }
    return entries.size > 0;
  }

  /** Gives each frame that was not looked up the weight of the probe that is nearest in time, within a second. */
  spreadWeights(taken: readonly number[]): void {
    const { from, to } = this.#query;
    const isTaken = new Set(taken);
    let next = 0;
    from.forEach((start, run) => {
      if (isTaken.has(run)) return;
      while (next < taken.length && taken[next]! < run) next++;
      const [before, after] = [taken[next - 1], taken[next]];
      const back = before === undefined ? Infinity : start - to[before]!;
      const on = after === undefined ? Infinity : from[after]! - to[run]!;
      const nearest = back <= on ? before : after;
      if (nearest !== undefined && Math.min(back, on) <= 1) this.weights[run] = this.weights[nearest]!;
    });
  }
}
