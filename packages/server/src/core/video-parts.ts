/** The videos of an upload: each video stream of a video, and the video behind an image. */
import { type FileHandle, mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type EmpreinteError, LimitError } from "empreinte";
import type { Decision } from "empreinte/bank";
import { VideoError } from "empreinte/video";
import { answerOf, ServiceError } from "./errors.js";

/** A video of an upload. The first stream of a video stands for the whole upload. */
export interface VideoPart {
  /** Whether it is behind the image of a motion photograph. */
  embedded: boolean;
  /** The number of the video stream, from 0. */
  stream: number;
}

/** What was decided of one part of an upload. */
export interface PartDecision {
  /** The part of the upload; undefined for an image. */
  part: VideoPart | undefined;
  decision: Decision;
}

/** The decisions about an upload. */
export interface CheckedUpload {
  /** At least one, in the order of the parts. */
  parts: PartDecision[];
  /** One sentence for each part that was not examined. */
  incomplete: string[];
}

/**
 * Returns the name of a part as answers have it: "stream-1", "embedded", "embedded-stream-1". Undefined for the whole
 * upload.
 */
export function partName(part: VideoPart | undefined): string | undefined {
  if (part === undefined) return undefined;
  const stream = part.stream === 0 ? [] : [`stream-${part.stream}`];
  const names = [...(part.embedded ? ["embedded"] : []), ...stream];
  return names.length === 0 ? undefined : names.join("-");
}

/** Video streams that are looked at. Each takes a run of ffmpeg, and a file may have a thousand. */
const mostVideoStreams = 16;

/** Whether an error says that a video cannot be decoded. Any other ends the call. */
const isOfVideo = (error: unknown): error is EmpreinteError =>
  (error instanceof VideoError || error instanceof LimitError) && error.code !== "ERR_EMPREINTE_WRITE";

/**
 * Checks the streams of a video, one after the other. A further stream that cannot be decoded is named as incomplete,
 * and so is the first one of an embedded video.
 * @param check decides about one stream.
 */
export async function checkStreams(
  embedded: boolean,
  check: (stream: number) => Promise<Decision>,
  signal: AbortSignal,
): Promise<CheckedUpload> {
  const parts: PartDecision[] = [];
  const incomplete: string[] = [];
  for (let stream = 0, count = 1; stream < count; stream++) {
    const part = { embedded, stream };
    try {
      const decision = await check(stream);
      parts.push({ part, decision });
      const all = decision.query.video?.streamCount ?? 1;
      if (stream > 0) continue;
      count = Math.min(all, mostVideoStreams);
      if (all <= count) continue;
      const what = embedded ? "The video behind the image" : "The video";
      incomplete.push(`${what} has ${all} video streams: only the first ${count} were looked at`);
    } catch (error) {
      signal.throwIfAborted();
      if (!isOfVideo(error) || partName(part) === undefined) throw error;
      incomplete.push(`${partName(part)} was not looked at: ${answerOf(error).message}`);
    }
  }
  return { parts, incomplete };
}

const strength = ["block", "review", "log", "none"] as const;

/** Decisions that ask for most first. Those that ask for the same keep their order. */
export const strongestFirst = <T extends Pick<Decision, "action">>(decisions: readonly T[]): T[] =>
  decisions.toSorted((a, b) => strength.indexOf(a.action) - strength.indexOf(b.action));

/** A video in a file of its own. */
export interface VideoFile {
  path: string;
  remove(): Promise<void>;
}

/**
 * Writes a video to a private temporary file, from which each of its streams is read. On Linux the file has no name
 * once it is open, so that nothing of it stays, however the process ends.
 * @throws {ServiceError} 507 @throws what the body throws.
 */
export async function keepVideo(body: AsyncIterable<Uint8Array>): Promise<VideoFile> {
  const refused = (error: unknown): ServiceError => {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown";
    return new ServiceError(507, "ERR_EMPREINTE_DISABLED", `The video's temporary file cannot be written: ${code}`);
  };
  const { file, path, remove } = await temporary().catch((error: unknown) => {
    throw refused(error);
  });
  try {
    for await (const chunk of body) {
      await file.writeFile(chunk).catch((error: unknown) => {
        throw refused(error);
      });
    }
    return { path, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function temporary(): Promise<VideoFile & { file: FileHandle }> {
  const folder = await mkdtemp(join(tmpdir(), "empreinte-server-"));
  try {
    const path = join(folder, "video");
    const file = await open(path, "wx+", 0o600);
    if (process.platform === "linux") {
      await rm(folder, { recursive: true });
      return { file, path: `/proc/self/fd/${file.fd}`, remove: () => file.close() };
    }
    const remove = async (): Promise<void> => {
      await file.close();
      await rm(folder, { recursive: true, force: true });
    };
    return { file, path, remove };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}
