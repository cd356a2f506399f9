import type { VideoLimits } from "../../limits.js";
import { type Confinement, programPaths } from "../../processes/confinement.js";
import type { Decoder } from "./find-ffmpeg.js";

/**
 * Returns how ffmpeg is confined while it reads a video: the system's limits, and no file but the video, itself and its
 * libraries. Processor time counts all threads, so it allows for each of them.
 */
export function decodeConfinement(
  { path, confined }: Decoder,
  limits: Required<VideoLimits>,
  threads: number,
): Confinement {
  return {
    limits: { memoryBytes: limits.maxMemoryBytes, cpuSeconds: limits.maxSeconds * (threads + 1) + 1 },
    // An ffmpeg that does not even state its version so would read no video.
    paths: confined.files || confined.network ? programPaths(path) : undefined,
  };
}
