import { withCancelToken } from "../native/abort.js";
import type { NativeVideo } from "../native/binding/video.js";
import { native } from "../native/load.js";
import { decodeSegments, type NativeSegment } from "../native/segment-numbers.js";
import { indexErrorsAsync } from "./index-errors.js";

export type { NativeSegment };

/** A video's hashes in the order of time. The maker of the arrays neither changes nor shares them afterwards. */
export type Timeline = Readonly<NativeVideo>;

export interface Candidate {
  timeline: Timeline;
  /** Pairs (query hash, known hash) around which the alignment searches. Default: everywhere. */
  places?: Uint32Array;
}

export interface AlignOptions {
  /** 0 … 256: up to this distance two hashes show the same image by themselves. */
  radius: number;
  /** `radius` … 256: up to this distance two hashes support a stretch, less with distance. */
  supportRadius: number;
  minSpeed: number;
  maxSpeed: number;
  /** How much each of the query's hashes counts, 0 … 1. Default: all 1. */
  weights?: Float32Array;
  /** The same for stretches that are only a part of both videos. Default: all 1. */
  partialWeights?: Float32Array;
  /** Also return stretches whose evidence is too weak for a match. Default false. */
  includeWeak?: boolean;
  signal?: AbortSignal | undefined;
}

/** Finds the stretches that each candidate shares with the query, off this thread. */
export async function align(
  query: Timeline,
  candidates: readonly Candidate[],
  options: AlignOptions,
): Promise<NativeSegment[][]> {
  const { radius, supportRadius, minSpeed, maxSpeed, includeWeak = false, signal } = options;
  if (candidates.length === 0) return [];
  const request = {
    query,
    weights: options.weights ?? new Float32Array(query.from.length).fill(1),
    ...(options.partialWeights && { partialWeights: options.partialWeights }),
    candidates: candidates.map(({ timeline, places }) => ({ ...timeline, ...(places && { places }) })),
    radius,
    supportRadius,
    minSpeed,
    maxSpeed,
    includeWeak,
  };
  const rows = await indexErrorsAsync(withCancelToken(signal, (cancel) => native.alignVideos(request, cancel)));
  return decodeSegments(rows, candidates.length);
}
