import { withSignal } from "../native/abort.js";
import type { NativeVideo } from "../native/binding.js";
import { native } from "../native/load.js";
import { indexErrorsAsync } from "./index-errors.js";

/** A video's hashes in the order of time. Whoever made the arrays neither changes nor shares them from then on. */
export type Timeline = Readonly<NativeVideo>;

export interface Candidate {
  timeline: Timeline;
  /** Pairs (query hash, known hash) to look around; without, everywhere. */
  places?: Uint32Array;
}

export interface AlignOptions {
  /** 0 … 256: so near, two hashes by themselves are the same picture. */
  radius: number;
  /** `radius` … 256: so near, they support a stretch, the less the farther. */
  wide: number;
  minSpeed: number;
  maxSpeed: number;
  /** 0 … 1 for each of the query's hashes: how much it says. */
  weights?: Float32Array;
  /** The same, for stretches that are only a part of both videos. */
  worth?: Float32Array;
  /** Also stretches that say too little for a match. */
  everything?: boolean;
  signal?: AbortSignal | undefined;
}

/** A stretch that both videos have; times in seconds. As `emp_video_segment` in native/empreinte.h. */
export interface AlignedSegment {
  queryFrom: number;
  queryTo: number;
  knownFrom: number;
  knownTo: number;
  speed: number;
  distance: number;
  share: number;
  evidence: number;
  still: number;
  nearest: number;
  matches: number;
}

const fields = 12;

/** Of each candidate the stretches it has in common with the query, off this thread. */
export async function align(
  query: Timeline,
  candidates: readonly Candidate[],
  options: AlignOptions,
): Promise<AlignedSegment[][]> {
  const { radius, wide, minSpeed, maxSpeed, everything = false, signal } = options;
  const found: AlignedSegment[][] = candidates.map(() => []);
  if (candidates.length === 0) return found;
  const request = {
    query,
    weights: options.weights ?? new Float32Array(query.from.length).fill(1),
    ...(options.worth && { worth: options.worth }),
    candidates: candidates.map(({ timeline, places }) => ({ ...timeline, ...(places && { places }) })),
    radius,
    wide,
    minSpeed,
    maxSpeed,
    everything,
  };
  const rows = await indexErrorsAsync(withSignal(signal, (cancel) => native.alignVideos(request, cancel)));
  for (let i = 0; i < rows.length; i += fields) {
    const [
      candidate,
      queryFrom,
      queryTo,
      knownFrom,
      knownTo,
      speed,
      distance,
      share,
      evidence,
      still,
      nearest,
      matches,
    ] = rows.subarray(i, i + fields) as unknown as [
      ...[number, number, number, number, number, number],
      ...[number, number, number, number, number, number],
    ];
    found[candidate]!.push({
      queryFrom,
      queryTo,
      knownFrom,
      knownTo,
      speed,
      distance,
      share,
      evidence,
      still,
      nearest,
      matches,
    });
  }
  return found;
}
