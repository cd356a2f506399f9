/** What the videos of a file give: each of its video streams, and the video behind an image. */
import { readWholeFile } from "../../../files/read-file.js";
import { defaultLimits, LimitError } from "../../../index.js";
import { embeddedVideo, type HashVideoOptions } from "../../../doors/video.js";
import { shownPath } from "../names.js";
import { notRead } from "../not-read.js";
import { failureOf, type Outcome } from "../outcome.js";
import { isVideo } from "./videos.js";
import type { Found } from "../files/walk.js";

/** The result of one video stream, and how many the file has. */
export interface StreamResult<R> {
  result: R;
  streamCount: number | undefined;
}

/** Makes the result of a video stream: `hashVideo`, or a search that hashes first. */
export type VideoWork<R> = (input: string | Uint8Array, options: HashVideoOptions) => Promise<StreamResult<R>>;

/** Video streams of a file that are read. Each takes a run of ffmpeg, and a file may have a thousand. */
const mostVideoStreams = 16;

function tooManyStreams(name: string, count: number): LimitError {
  const text = `${name} has ${count} video streams, and only the first ${mostVideoStreams} were read`;
  return new LimitError("video streams", text);
}

/** Returns the results of a video, one for each video stream, or what went wrong. */
export async function streamOutcomes<R>(
  file: Found,
  input: string | Uint8Array,
  options: HashVideoOptions,
  work: VideoWork<R>,
): Promise<Outcome<R>[]> {
  const found: Outcome<R>[] = [];
  for (let number = 0, count = 1; number < count; number++) {
    const about = {
      file,
      isVideo: true,
      ...(number > 0 && { part: number }),
      ...(typeof input !== "string" && { part: "embedded" as const }),
    };
    try {
      const { result, streamCount = 1 } = await work(input, { ...options, stream: number });
      found.push({ ...about, result });
      if (number > 0) continue;
      count = Math.min(streamCount, mostVideoStreams);
      if (streamCount > count)
        found.push({ ...about, failure: failureOf(file, tooManyStreams(shownPath(file.path), streamCount)) });
    } catch (error) {
      options.signal?.throwIfAborted();
      found.push({ ...about, failure: failureOf(file, error as Error) });
    }
  }
  return found;
}

/** Returns the results of a file that is a video; undefined for any other file. One video at a time. */
export async function videoOutcomes<R>(
  file: Found,
  options: HashVideoOptions,
  work: VideoWork<R>,
  beforeVideo: () => Promise<void>,
): Promise<Outcome<R>[] | undefined> {
  const { path, stream } = file;
  // From a pipe, or under a name that is not text, only images are read.
  if (stream || typeof path !== "string") return undefined;
  try {
    if (!(await isVideo(path))) return undefined;
  } catch {
    return undefined; // It cannot be read: reading it as an image says why.
  }
  await beforeVideo();
  return streamOutcomes(file, path, options, work);
}

/** How many bytes the video behind an image has; an error if that is not known. */
async function embeddedLength(file: Found): Promise<number | Error> {
  const video = file.error === undefined ? await file.video : undefined;
  return video ?? 0;
}

const failed = (file: Found, error: Error): Outcome<never>[] => [
  { file, isVideo: true, part: "embedded", failure: failureOf(file, error) },
];

/**
 * Hands the video behind an image to `use`. A file that cannot be searched is a failure, and so is a pipe, which cannot
 * be read twice. Most images have none, which is known since they were read.
 * @param signal aborted when the command ends.
 */
export async function embeddedOutcomes<R>(
  file: Found,
  signal: AbortSignal,
  use: (video: Uint8Array) => Promise<Outcome<R>[]>,
): Promise<Outcome<R>[]> {
  const { path, stream } = file;
  const length = await embeddedLength(file);
  if (length === 0) return [];
  if (typeof length !== "number") return failed(file, length);
  if (stream) return nameEmbedded(file, " from a pipe");
  try {
    const video = await embeddedVideo(
      typeof path === "string" ? path : await readWholeFile(path, defaultLimits.maxBytes),
    );
    return video === undefined ? [] : await use(video);
  } catch (error) {
    signal.throwIfAborted();
    return failed(file, error as Error);
  }
}

/** Names the video behind an image, which is not read. @param hint what would read it, or why it was not. */
export async function nameEmbedded(file: Found, hint = ""): Promise<Outcome<never>[]> {
  const length = await embeddedLength(file);
  if (length === 0) return [];
  if (typeof length !== "number") return failed(file, length);
  return [notRead(file, "embedded", `a video of ${length} bytes behind the image was not read${hint}`)];
}
