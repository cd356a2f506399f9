import type { VideoLimits } from "../../limits.js";
import { matroskaFrameRate } from "../containers/matroska.js";
import type { OpenVideo } from "../input.js";
import { childFile, probeArguments } from "./arguments.js";
import { endChild, startChild } from "../../processes/child-process.js";
import type { Decoder } from "./find-ffmpeg.js";
import { withSystemLimits } from "../../processes/system-limits.js";
import { decodeLimits } from "./decode-limits.js";

/**
 * The average frames a second of a video, exactly enough for vPDQ's rule. It is undefined when ffmpeg cannot state it
 * so. A file that cannot be read is no error here: decoding reports what is wrong with it.
 * @throws The signal's reason.
 */
export async function probeFrameRate(
  video: OpenVideo,
  decoder: Decoder,
  limits: Required<VideoLimits>,
  signal: AbortSignal | undefined,
): Promise<number | undefined> {
  signal?.throwIfAborted();
  const args = probeArguments({ format: video.format, file: childFile(video) });
  const command = await withSystemLimits(decoder.path, args, decodeLimits(limits, 1));
  const child = startChild(command.program, command.args, { file: video.fd });
  const stop = (): void => child.kill();
  const seconds = Math.min(limits.maxSeconds, limits.maxStallSeconds);
  const timer = setTimeout(stop, Math.min(1000 * seconds, 2 ** 31 - 1));
  signal?.addEventListener("abort", stop, { once: true });
  try {
    child.stderr.resume();
    let head = Buffer.alloc(0);
    for await (const chunk of child.stdout) {
      head = Buffer.concat([head, chunk as Buffer]);
      const rate = matroskaFrameRate(head);
      if (rate !== undefined) return rate;
      if (head.length > 2 ** 20) return undefined;
    }
    return undefined;
  } catch {
    return undefined; // the child was stopped, or its output is not a Matroska file
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", stop);
    await endChild(child);
    signal?.throwIfAborted();
  }
}
