/** Frames, and the stretches that two videos share. */
import type { CancelHandle } from "./handle.js";
import type { NativePixels } from "./pixels.js";

/** A video's hashes in the order of time. Nobody may change or transfer the arrays during a request. */
export interface NativeVideo {
  /** The hashes, 32 bytes each. */
  hashes: Uint8Array;
  /** Seconds: the first frame of each run. */
  from: Float64Array;
  /** Seconds: the last frame of each run. */
  to: Float64Array;
  /** The duration in seconds. */
  duration: number;
  /** Seconds between two samples of the video. */
  spacing: number;
}

export interface AlignRequest {
  query: NativeVideo;
  /** How much each of the query's hashes counts, 0 … 1. */
  weights: Float32Array;
  /** The same for stretches that are only a part of both videos. Default: all 1. */
  partialWeights?: Float32Array;
  /** `places`: pairs (query hash, known hash) around which the alignment searches. Default: everywhere. */
  candidates: (NativeVideo & { places?: Uint32Array })[];
  /** 0 … 256: up to this distance two hashes show the same image by themselves. */
  radius: number;
  /** `radius` … 256: up to this distance two hashes support a stretch. */
  supportRadius: number;
  /** The lowest speed at which the known video may play, 0.1 … 10. */
  minSpeed: number;
  /** The highest speed at which the known video may play, 0.1 … 10. */
  maxSpeed: number;
  /** Also return stretches whose evidence is too weak for a match. */
  includeWeak: boolean;
}

export interface VideoFunctions {
  /**
   * Finds rectangles of a frame that may contain another image: left, top, right and bottom as shares of the frame's
   * sides, the surest first. Grey, RGB or RGBA. A frame with a side below 32 pixels has none.
   */
  frameBoxes(pixels: NativePixels): Float32Array;
  /** Scores how synthetic an image looks, 0 … 100; 0 when a side is below 64 pixels. */
  syntheticScore(pixels: NativePixels): number;
  /**
   * Returns twelve numbers for each segment, ordered by candidate and place in the query. `decodeSegments` reads them.
   */
  alignVideos(request: AlignRequest, cancel: CancelHandle | undefined): Promise<Float64Array>;
}
