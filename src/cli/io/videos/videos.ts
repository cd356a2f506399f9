import { openFile } from "../../../files/open-file.js";
import { readWholeFile } from "../../../files/read-file.js";
import { LimitError, sniffImage } from "../../../index.js";
import {
  sniffVideo,
  VideoError,
  type VideoMatch,
  type VideoProgress,
  type VideoSegment,
  type VideoSignature,
} from "../../../doors/video.js";

/** Bytes that suffice to recognize every container. */
const sniffBytes = 4096;

/** Returns whether a file is a video, by its first bytes. An animated GIF is an image. It never waits for a pipe. */
export async function isVideo(path: string): Promise<boolean> {
  const { file } = await openFile(path);
  try {
    const bytes = Buffer.alloc(sniffBytes);
    const { bytesRead } = await file.read(bytes, 0, sniffBytes, 0);
    const start = bytes.subarray(0, bytesRead);
    return sniffImage(start) === undefined && sniffVideo(start) !== undefined;
  } finally {
    await file.close();
  }
}

/** Bytes of the longest signature that is read as text: ten hours at 25 frames a second have half of them. */
const mostTextBytes = 1 << 28;

/** @throws {EmpreinteError} naming the file, also where it is too long. */
export async function readText(path: string): Promise<string> {
  return (await readWholeFile(path, mostTextBytes)).toString("utf8");
}

/** Returns what is wrong with a video of which only a part was read: it is printed after what the part gave. */
export function partialFailure({
  partial,
  problem = "",
}: Pick<VideoSignature, "partial" | "problem">): VideoError | LimitError | undefined {
  if (!partial) return undefined;
  const text = `${problem.replace(/\.$/, "")}; only the part before was hashed`;
  const limit = /\b(max\w+) raises this limit$/.exec(problem)?.[1];
  return limit === undefined ? new VideoError("ERR_EMPREINTE_CORRUPT", text) : new LimitError(limit, text);
}

/** Formats seconds as a clock does: `"01:03"`, `"1:02:03"`. */
export function clock(seconds: number): string {
  const whole = Math.round(seconds);
  const two = (n: number): string => String(n).padStart(2, "0");
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return `${hours > 0 ? `${hours}:` : ""}${two(minutes)}:${two(whole % 60)}`;
}

/** `"00:12–00:47 = known.mp4 01:03–01:38, 96 %"`, with the speed where it is another. */
export function segmentText(known: string, kind: VideoMatch["kind"], segment: VideoSegment): string {
  const { queryFrom, queryTo, knownFrom, knownTo, speed, share } = segment;
  const there = kind === "image" ? "" : ` ${clock(knownFrom)}–${clock(knownTo)}`;
  const pace = Math.abs(speed - 1) < 0.015 ? "" : `, speed ${speed.toFixed(2)}`;
  return `${clock(queryFrom)}–${clock(queryTo)} = ${known}${there}, ${Math.round(100 * share)} %${pace}`;
}

/** Says for the progress line where in the video the work is, and how fast it is. */
export function videoProgress(started: number, { frames, timestampSeconds, durationSeconds }: VideoProgress): string {
  const seconds = Math.max(0.001, (performance.now() - started) / 1000);
  const of = durationSeconds === undefined ? "" : ` of ${clock(durationSeconds)}`;
  return `${clock(timestampSeconds)}${of}, ${(frames / seconds).toFixed(0)} frames a second`;
}
