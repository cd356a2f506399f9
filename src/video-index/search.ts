import type { Orientation } from "../hash/orientations.js";
import { align } from "../search/align.js";
import type { Timeline } from "../search/align.js";
import type { HashIndex } from "../search/hash-index.js";
import type { IndexMatch } from "../search/match.js";
import type { CheckedVideoSearch } from "./arguments.js";
import { type Entry, frameOf, slotOf } from "./entries.js";
import { Probes } from "./probes.js";
import { coveredShare, pictureStretches, sortMatches, type VideoMatch, videoSegments } from "./results.js";
import type { Query } from "./timeline.js";
import type { Variant } from "./orientations.js";

/** Nearest hits of one probe that are looked at: a picture that stands in more places says nothing. */
const mostHits = 2000;
/** Videos that are aligned with one query: those that the probes speak for most. */
const mostCandidates = 256;
/** In as many videos a frame may be before it weighs less. */
const ordinary = 3;

export interface Searched {
  index: HashIndex;
  /** The entry of a hit, if it is there for this search. */
  entry: (id: number) => Entry | undefined;
  options: CheckedVideoSearch;
}

interface Found {
  /** Pairs (frame of the query, frame of the entry). */
  places: number[];
  /** The sum of the weights of the frames that hit it. */
  weight: number;
}

const signalled = ({ signal }: CheckedVideoSearch): { signal?: AbortSignal } => (signal ? { signal } : {});

/** What probes of the query hit, and how much each frame of it says. */
class Hits {
  readonly entries = new Map<Entry, Found>();
  readonly weights: Float32Array;
  readonly #searched: Searched;
  readonly #query: Timeline;

  constructor(query: Timeline, searched: Searched) {
    this.#query = query;
    this.#searched = searched;
    this.weights = new Float32Array(query.from.length).fill(1);
  }

  /** As far as frames support a stretch: of a list of one a second the nearest may be half a second away. */
  async lookUp(probes: Probes, runs: readonly number[]): Promise<void> {
    const { index, options } = this.#searched;
    const hashes = new Uint8Array(32 * runs.length);
    runs.forEach((run, i) => hashes.set(this.#query.hashes.subarray(32 * run, 32 * run + 32), 32 * i));
    const found = await index.searchMany(hashes, {
      radius: options.supportRadius,
      limit: mostHits,
      ...signalled(options),
    });
    found.forEach((hits, i) => {
      if (this.#add(runs[i]!, hits)) probes.found(runs[i]!);
    });
  }

  #add(run: number, hits: readonly IndexMatch[]): boolean {
    const entries = new Map<Entry, number[]>();
    const same = new Set<Entry>();
    for (const { id, distance } of hits) {
      const entry = this.#searched.entry(id);
      if (entry === undefined) continue;
      if (distance <= this.#searched.options.radius) same.add(entry);
      const frames = entries.get(entry);
      if (frames === undefined) entries.set(entry, [frameOf(id)]);
      else frames.push(frameOf(id));
    }
    const weight = Math.min(1, ordinary / same.size);
    this.weights[run] = weight;
    for (const [entry, frames] of entries) {
      let found = this.entries.get(entry);
      if (found === undefined) this.entries.set(entry, (found = { places: [], weight: 0 }));
      found.weight += weight;
      for (const frame of frames) found.places.push(run, frame);
    }
    return entries.size > 0;
  }

  /** A frame that was not looked up says as much as the probe nearest to it in time, within a second. */
  spread(taken: readonly number[]): void {
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

/** One variant of a video against the index. `frames`: how many the signature has. */
async function searchTimeline(
  query: Query,
  frames: number,
  orientation: Orientation,
  searched: Searched,
): Promise<VideoMatch[]> {
  const { options } = searched;
  const probes = new Probes(query, frames);
  const hits = new Hits(query, searched);
  let runs = options.lookUp === "all" ? probes.all() : probes.first();
  while (runs.length > 0) {
    await hits.lookUp(probes, runs);
    runs = options.lookUp === "all" ? [] : probes.next();
  }
  hits.spread(probes.taken);

  const matches: VideoMatch[] = [];
  const videos: [Entry, Found][] = [];
  for (const [entry, found] of hits.entries) {
    if (entry.kind === "video") videos.push([entry, found]);
    else matches.push(...pictureInVideo(entry, query, orientation, options.radius));
  }
  const likely = videos.toSorted(([, a], [, b]) => b.weight - a.weight).slice(0, mostCandidates);
  const candidates = likely.map(([{ timeline }, { places }]) => ({ timeline, places: Uint32Array.from(places) }));
  const aligned = await align(query, candidates, {
    ...options,
    weights: hits.weights,
    partialWeights: query.partialWeights,
  });
  aligned.forEach((found, i) => {
    if (found.length === 0) return;
    const { id, timeline } = likely[i]![0];
    matches.push({
      id,
      kind: "video",
      orientation,
      segments: videoSegments(found),
      queryShare: coveredShare(
        found.map(({ queryFrom, queryTo }) => [queryFrom, queryTo]),
        query.duration,
      ),
      knownShare: coveredShare(
        found.map(({ knownFrom, knownTo }) => [knownFrom, knownTo]),
        timeline.duration,
      ),
      distance: Math.min(...found.map(({ distance }) => distance)),
    });
  });
  return matches;
}

function pictureInVideo(entry: Entry, query: Timeline, orientation: Orientation, radius: number): VideoMatch[] {
  const stretches = pictureStretches(entry.timeline.hashes, query, radius);
  if (stretches.length === 0) return [];
  return [
    {
      id: entry.id,
      kind: "picture",
      orientation,
      segments: stretches.map(({ from, to, distance, matches }) => ({
        queryFrom: from,
        queryTo: to,
        knownFrom: 0,
        knownTo: 0,
        speed: 1,
        distance,
        share: 1,
        matches,
      })),
      queryShare: coveredShare(
        stretches.map(({ from, to }) => [from, to]),
        query.duration,
      ),
      knownShare: 1,
      distance: Math.min(...stretches.map(({ distance }) => distance)),
    },
  ];
}

/** A picture against the index: each entry with the stretches it is in. */
async function searchPicture(hash: Uint8Array, orientation: Orientation, searched: Searched): Promise<VideoMatch[]> {
  const { index, options } = searched;
  const hits = await index.search(hash, { radius: options.radius, ...signalled(options) });
  const entries = new Set<Entry>();
  for (const { id } of hits) {
    const entry = searched.entry(id);
    if (entry !== undefined) entries.add(entry);
  }
  return Array.from(entries, ({ id, kind, timeline }): VideoMatch => {
    const stretches = pictureStretches(hash, timeline, options.radius);
    const within = stretches.map(({ from, to }): [number, number] => [from, to]);
    return {
      id,
      kind,
      orientation,
      segments: stretches.map(({ from, to, distance, matches }) => ({
        queryFrom: 0,
        queryTo: 0,
        knownFrom: from,
        knownTo: to,
        speed: 1,
        distance,
        share: 1,
        matches,
      })),
      queryShare: 1,
      knownShare: kind === "picture" ? 1 : coveredShare(within, timeline.duration),
      distance: Math.min(...stretches.map(({ distance }) => distance)),
    };
  });
}

/** Each entry once, under the variant of the query that has most of it. */
export async function searchVariants(
  variants: readonly Variant[],
  frames: number,
  searched: Searched,
): Promise<VideoMatch[]> {
  const all: VideoMatch[] = [];
  for (const { name, trimmed, timeline, hash, views } of variants) {
    if (timeline !== undefined && views !== undefined) {
      const { radius, supportRadius } = views;
      const options = { ...searched.options, radius, supportRadius };
      const found = await searchTimeline(timeline, frames, name, { ...searched, options });
      for (const { segments } of found) for (const segment of segments) segment.view = views.of(segment);
      all.push(...found);
    } else if (timeline !== undefined) {
      const found = await searchTimeline(timeline, frames, name, searched);
      all.push(...(trimmed ? found.map((match) => ({ ...match, trimmed: true as const })) : found));
    }
    if (hash !== undefined) all.push(...(await searchPicture(hash, name, searched)));
  }
  const best = new Map<VideoMatch["id"], VideoMatch>();
  for (const match of sortMatches(all)) if (!best.has(match.id)) best.set(match.id, match);
  return [...best.values()];
}

/** The entry of a hit among those that were there when the search began. */
export function finder(slots: ReadonlyMap<number, Entry>, before: number): (id: number) => Entry | undefined {
  return (id) => {
    const slot = slotOf(id);
    return slot < before ? slots.get(slot) : undefined;
  };
}
