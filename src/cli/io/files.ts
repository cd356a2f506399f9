import { createReadStream } from "node:fs";
import { getSystemErrorMap } from "node:util";
import { hashImages, ImageError, type ImageHash, type ImageInput, LimitError, VideoError } from "../../index.js";
import { hashVideo, type HashVideoOptions, type VideoSignature } from "../../doors/video.js";
import { number, UsageError } from "../args.js";
import { noteOldDecoder } from "./decoder-note.js";
import { jsonPath, type Path, shownPath } from "./names.js";
import { inOrder } from "./ordered.js";
import { Progress } from "./progress.js";
import { type Session, status } from "./session.js";
import { isVideo, videoProgress } from "./videos.js";
import { type Found, walk } from "./walk.js";

/** The options that every command on files has. */
export const fileOptions = {
  json: { type: "boolean" },
  quiet: { type: "boolean" },
  "all-pages": { type: "boolean" },
  concurrency: { type: "string" },
  "max-pixels": { type: "string" },
  "max-bytes": { type: "string" },
  "max-seconds": { type: "string" },
  "max-pages": { type: "string" },
} as const;

interface FileValues {
  json?: boolean;
  quiet?: boolean;
  "all-pages"?: boolean;
  concurrency?: string;
  "max-pixels"?: string;
  "max-bytes"?: string;
  "max-seconds"?: string;
  "max-pages"?: string;
}

export type HashSettings = NonNullable<Parameters<typeof hashImages>[1]>;

/** The limits that a picture and a video both have, and what else is said of videos. */
export function videoSettings(settings: HashSettings, more: HashVideoOptions): HashVideoOptions {
  const { maxPixels, maxBytes, maxSeconds } = settings;
  const given = Object.entries({ maxPixels, maxBytes, maxSeconds }).filter(([, value]) => value !== undefined);
  return { ...(Object.fromEntries(given) as HashVideoOptions), ...more };
}

export function fileSettings(values: FileValues): HashSettings {
  const settings: Record<string, number | string | undefined> = {
    pages: values["all-pages"] ? "all" : undefined,
    concurrency: number("concurrency", values.concurrency, { least: 1, most: 1024 }),
    maxPixels: number("max-pixels", values["max-pixels"], { least: 1 }),
    maxBytes: number("max-bytes", values["max-bytes"], { least: 1 }),
    maxSeconds: number("max-seconds", values["max-seconds"], { least: 0.001, most: 86_400, whole: false }),
    maxPages: number("max-pages", values["max-pages"], { least: 1 }),
  };
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}

/** Files under way or waiting for an earlier one. Some more than work at a time, so that a slow file does not stop the rest. */
const window = 256;

interface Failure {
  code: string;
  message: string;
}
type Result = ImageHash | VideoSignature;
type Outcome<R> = { file: Found; result: R } | { file: Found; failure: Failure };
/** Answers for pictures by their numbers, from 0, in any order. */
type Work<R> = (
  files: AsyncIterable<ImageInput>,
  signal: AbortSignal,
) => AsyncIterable<{ index: number } & ({ result: R; error?: undefined } | { error: Error })>;
/** What becomes of a file that is no picture; undefined: it is one, or cannot be read. */
type Other<R> = (file: Found, progress: Progress, signal: AbortSignal) => Promise<Outcome<R> | undefined>;

export const isVideoSignature = (result: Result): result is VideoSignature => "durationSeconds" in result;

function failureOf(file: Found, error: Error): Failure {
  const { code } = error as { code?: unknown };
  if (typeof code === "string" && code.startsWith("ERR_EMPREINTE_")) return { code, message: error.message };
  const { errno } = error as NodeJS.ErrnoException;
  const why = errno === undefined ? error.message : getSystemErrorMap().get(errno)?.join(", ");
  return { code: "ERR_EMPREINTE_READ", message: `${shownPath(file.path)} cannot be read: ${why}` };
}

/** The sentence behind "path: ", which need not begin with the path again. */
function reasonOf({ path }: Found, { message }: Failure): string {
  const name = [shownPath(path), "stream"].find((start) => message.startsWith(`${start} `));
  return name === undefined ? message : message.slice(name.length + 1);
}

/** Opened when it is asked for the first bytes, not while the file waits for its turn. */
async function* bytesOf(path: Path): AsyncGenerator<Uint8Array> {
  yield* createReadStream(path) as AsyncIterable<Uint8Array>;
}

function inputOf({ path, stream }: Found): ImageInput {
  if (path === "-" && stream) return process.stdin;
  // A path as bytes would be taken for the picture itself; a pipe has no size to look at.
  return stream || typeof path !== "string" ? bytesOf(path) : path;
}

/** What makes a file's signature: `hashVideo`, or a search that does it on the way. */
export type VideoHasher = (path: string, options: HashVideoOptions) => Promise<VideoSignature>;

/** Of a file that is a video, its signature or what went wrong; undefined for any other. One video at a time. */
async function videoOutcome(
  file: Found,
  options: HashVideoOptions,
  hash: VideoHasher,
  beforeVideo: () => Promise<void>,
): Promise<Outcome<VideoSignature> | undefined> {
  const { path, stream } = file;
  // From a pipe, or under a name that is not text, only pictures are read.
  if (stream || typeof path !== "string") return undefined;
  try {
    if (!(await isVideo(path))) return undefined;
  } catch {
    // It cannot be read: reading it as a picture says why.
    return undefined;
  }
  try {
    await beforeVideo();
    return { file, result: await hash(path, options) };
  } catch (error) {
    options.signal?.throwIfAborted();
    return { file, failure: failureOf(file, error as Error) };
  }
}

async function* outcomes<R>(
  args: string[],
  work: Work<R>,
  other: Other<R>,
  progress: Progress,
  signal: AbortSignal,
): AsyncGenerator<Outcome<R>> {
  async function* inputs() {
    for await (const file of walk(args, signal)) {
      if (file.error) {
        yield { answer: { file, failure: failureOf(file, file.error) } };
        continue;
      }
      const answer = await other(file, progress, signal);
      if (answer === undefined) yield { input: inputOf(file), given: file };
      else yield { answer };
    }
  }
  async function* answers(files: AsyncIterable<ImageInput>) {
    for await (const done of work(files, signal)) {
      const answer = (file: Found): Outcome<R> =>
        done.error ? { file, failure: failureOf(file, done.error) } : { file, result: done.result };
      yield { index: done.index, answer };
    }
  }
  yield* inOrder<ImageInput, Found, Outcome<R>>(inputs(), answers, window, signal);
}

/** Names of pictures, those of formats that we do not read among them: such a file is never passed over in silence. */
const pictureName = /\.(jpe?g|jfif|png|apng|webp|gif|tiff?|avif|heic|heif|bmp|jxl|jp2|psd|svg|ico|dng|cr2|nef|arw)$/i;

/** Errors that are about the input alone: the others go on. */
const ofFile = [ImageError, LimitError, VideoError];

/** In a walked folder, a file whose content is no picture and whose name does not say so. */
function isOther(file: Found, { code }: Failure): boolean {
  const unknown = code === "ERR_EMPREINTE_UNSUPPORTED_FORMAT" || code === "ERR_EMPREINTE_EMPTY";
  return file.walked && unknown && !pictureName.test(file.path.toString("latin1"));
}

async function count(args: string[], progress: Progress, signal: AbortSignal): Promise<void> {
  let files = 0;
  for await (const file of walk(args, signal)) files += file.error ? 0 : 1;
  if (!signal.aborted) progress.total = files;
}

/**
 * Hashes every file that `args` name and hands each to `found`, in order. Failures are printed: as JSON on standard output
 * or as a sentence on standard error. Answers whether there was one; what `found` throws of the file itself is one too.
 * `unread` is told before of each file that is
 * no picture or video, or none that can be decoded.
 */
export async function eachFile(
  args: string[],
  values: FileValues,
  settings: HashSettings,
  session: Session,
  found: (path: Path, result: ImageHash | VideoSignature) => Promise<void>,
  videos: HashVideoOptions,
  unread?: (path: string) => Promise<void>,
  hash: VideoHasher = hashVideo,
): Promise<{ trouble: boolean }> {
  const work = (files: AsyncIterable<ImageInput>, signal: AbortSignal) => hashImages(files, { ...settings, signal });
  const beforeVideo = async (): Promise<void> => {
    if (values.quiet !== true) await noteOldDecoder(session);
  };
  const video: Other<Result> = async (file, progress, signal) => {
    const started = performance.now();
    const onProgress: NonNullable<HashVideoOptions["onProgress"]> = (at) => {
      progress.detail = `${shownPath(file.path)} ${videoProgress(started, at)}`;
    };
    const answer = await videoOutcome(file, { ...videos, signal, onProgress }, hash, beforeVideo);
    progress.detail = undefined;
    return answer;
  };
  return eachResult<Result>(args, values, session, work, video, found, unread);
}

/** As `eachFile`, of pictures only: what a picture gives, `work` says. A video is no picture. */
export function eachPicture<R>(
  args: string[],
  values: FileValues,
  session: Session,
  work: Work<R>,
  found: (path: Path, result: R) => Promise<void>,
): Promise<{ trouble: boolean }> {
  return eachResult(args, values, session, work, async () => undefined, found);
}

async function eachResult<R>(
  args: string[],
  values: FileValues,
  session: Session,
  work: Work<R>,
  other: Other<R>,
  found: (path: Path, result: R) => Promise<void>,
  unread?: (path: string) => Promise<void>,
): Promise<{ trouble: boolean }> {
  if (args.length === 0) throw new UsageError("No path is given");
  const quiet = values.quiet === true;
  const progress = new Progress(session, quiet);
  // The folders are counted beside the work, only to tell a person how long it will take.
  const counting = progress.shown ? count(args, progress, session.signal) : Promise.resolve();
  const summary = progress.shown;
  let failed = 0;
  let skipped = 0;
  try {
    for await (const outcome of outcomes(args, work, other, progress, session.signal)) {
      progress.done++;
      const { file } = outcome;
      let failure: Failure;
      if ("result" in outcome) {
        try {
          await found(file.path, outcome.result);
          continue;
        } catch (error) {
          // Of this file; what was found before it failed has been told.
          if (!ofFile.some((kind) => error instanceof kind)) throw error;
          failure = failureOf(file, error as Error);
        }
      } else {
        failure = outcome.failure;
        const { path, stream } = file;
        if (!stream && typeof path === "string" && file.error === undefined) await unread?.(path);
        if (isOther(file, failure)) {
          skipped++;
          continue;
        }
      }
      failed++;
      if (values.json) await session.line(JSON.stringify({ ...jsonPath(file.path), error: failure }));
      else session.note(`${shownPath(file.path)}: ${reasonOf(file, failure)}`);
    }
    await counting;
  } catch (error) {
    // Ctrl-C, or nobody reads the results any more: what was printed stands.
    if (!session.signal.aborted) throw error;
  } finally {
    progress.stop();
  }
  // Nobody who closed the pipe wants to know how far it came.
  if (!quiet && (summary || skipped > 0) && (session.interrupted || !session.signal.aborted)) {
    const files = progress.done - skipped;
    session.note(
      `${files} ${files === 1 ? "file" : "files"}, ${failed} failed, ${skipped} passed over (no pictures)`,
    );
  }
  return { trouble: failed > 0 };
}

/** 2 after a failure, whatever was found. */
export function endStatus(trouble: boolean, matched: boolean): number {
  if (trouble) return status.trouble;
  return matched ? status.found : status.nothing;
}
