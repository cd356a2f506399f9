import type { VideoLimits } from "../../limits.js";
import type { SystemLimits } from "../../processes/system-limits.js";

/** The system's limits for decoding. Processor time counts all threads, so it allows for each of them. */
export function decodeLimits(limits: Required<VideoLimits>, threads: number): SystemLimits {
  return { memoryBytes: limits.maxMemoryBytes, cpuSeconds: limits.maxSeconds * (threads + 1) + 1 };
}
