import { onAbort } from "../../on-abort.js";
import type { VideoLimits } from "../../limits.js";
import { matroskaFrameRate } from "../containers/matroska.js";
import type { OpenVideo } from "../input.js";
import { childFile, probeArguments } from "./arguments.js";
import { endChild, startChild } from "../../processes/child-process.js";
import type { Decoder } from "./find-ffmpeg.js";
import { decodeConfinement } from "./decode-confinement.js";

/** What of a child's standard error is read for the rate. */
const mostSaid = 2 ** 16;

/**
 * Returns the rate that ffmpeg prints of the first video stream, if it is 1,000 or more. ffmpeg's Matroska files count
 * milliseconds, so they do not state such a rate. It is printed with two decimals, which is exact enough: the rule
 * takes its whole multiples.
 */
function highRate(said: string): number | undefined {
  const [, digits, thousand] = /Stream #0:.*: Video: .*, ([\d.]+)(k?) fps\b/.exec(said) ?? [];
  const rate = Number(digits) * (thousand === "k" ? 1000 : 1);
  return rate >= 1000 ? rate : undefined;
}

/**
 * The average frames a second of a video, exactly enough for vPDQ's rule. It is undefined when ffmpeg cannot state it
 * so. A file that cannot be read is no error here: decoding reports what is wrong with it.
 * @throws The signal's reason.
 */
export async function probeFrameRate(
  video: OpenVideo,
  decoder: Decoder,
  { limits, stream }: { limits: Required<VideoLimits>; stream: number },
  signal: AbortSignal | undefined,
): Promise<number | undefined> {
  signal?.throwIfAborted();
  const args = probeArguments({ format: video.format, file: childFile(video), stream });
  const confinement = decodeConfinement(decoder, limits, 1);
  const child = startChild(decoder.path, args, { file: video.fd, confinement });
  const stop = (): void => child.kill();
  const seconds = Math.min(limits.maxSeconds, limits.maxStallSeconds);
  const timer = setTimeout(stop, Math.min(1000 * seconds, 2 ** 31 - 1));
  const forget = onAbort(signal, stop);
  try {
    let said = "";
    child.stderr.setEncoding("latin1").on("data", (text: string) => (said = (said + text).slice(0, mostSaid)));
    let head = Buffer.alloc(0);
    for await (const chunk of child.stdout) {
      head = Buffer.concat([head, chunk as Buffer]);
      const rate = matroskaFrameRate(head);
      if (rate !== undefined) return rate;
      if (head.length > 2 ** 20) break;
    }
    await child.exited;
    return highRate(said);
  } catch {
    return undefined; // the child was stopped, or its output is not a Matroska file
  } finally {
    clearTimeout(timer);
    forget();
    await endChild(child);
    signal?.throwIfAborted();
  }
}
