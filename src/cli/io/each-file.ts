import { ImageError, type ImageHash, LimitError } from "../../index.js";
import { hashVideo, type HashVideoOptions, VideoError, type VideoSignature } from "../../doors/video.js";
import { noteOldDecoder } from "./videos/decoder-note.js";
import { defined, type Defined } from "./defined.js";
import { type HashSettings, hashWork, type ImageWork } from "./image-work.js";
import type { LimitValues } from "./file-options.js";
import { jsonPath, jsonText, type Path, shownPath } from "./names.js";
import { inOrder } from "./ordered.js";
import { type Failure, failureOf, isSkipped, type Outcome, reasonOf } from "./outcome.js";
import { namePages } from "./not-read.js";
import { Progress } from "./progress.js";
import type { Selection } from "./files/selection.js";
import { type Session, status } from "./session.js";
import {
  embeddedOutcomes,
  nameEmbedded,
  streamOutcomes,
  videoOutcomes,
  type VideoWork,
} from "./videos/video-outcomes.js";
import { partJson, partText, type VideoPart } from "./videos/video-part.js";
import { videoProgress } from "./videos/videos.js";
import { type Found, walk } from "./files/walk.js";
import { counted } from "./counted.js";

/** Returns the limits that an image and a video both have. */
export function limitsOf({ maxPixels, maxBytes, maxSeconds }: LimitValues): Defined<{
  maxPixels: number | undefined;
  maxBytes: number | undefined;
  maxSeconds: number | undefined;
}> {
  return defined({ maxPixels, maxBytes, maxSeconds });
}

/** The limits of an image. A process of its own decodes it unless the command line says otherwise. */
export function imageLimitsOf(values: LimitValues): ReturnType<typeof limitsOf> & { isolation: "process" | "none" } {
  return { ...limitsOf(values), isolation: values.isolation ?? "process" };
}

/** The settings of `hashImages` that the command line has. */
export function hashSettings(values: LimitValues & { allPages: boolean; maxPages: number | undefined }): HashSettings {
  const { concurrency, maxPages, allPages } = values;
  return {
    ...imageLimitsOf(values),
    ...defined({ concurrency, maxPages }),
    ...(allPages && { pages: "all" as const }),
  };
}

/**
 * Files in work or waiting for an earlier one. More than work at a time, so that a slow file does not stop the rest.
 */
const window = 256;

export type HashResult = ImageHash | VideoSignature;

/** What a file gives that is no image; undefined if it is one, or cannot be read. */
type OtherWork<R> = (file: Found, progress: Progress, signal: AbortSignal) => Promise<Outcome<R>[] | undefined>;

export const isVideoSignature = (result: object): result is VideoSignature => "durationSeconds" in result;

/** What every command on files needs to know. */
export interface FileRun<R> {
  selection: Selection;
  json: boolean;
  quiet: boolean;
  session: Session;
  /**
   * Called with each result, in the order of the files. An error about the file itself is a failure of that file.
   */
  found: (path: Path, result: R, part?: VideoPart) => Promise<void>;
  /** Called before each file that is no image or video, or that cannot be decoded, is reported or skipped. */
  undecodable?: ((path: string) => Promise<void>) | undefined;
}

/** Yields each file with its outcome, in the order of the files. */
async function* outcomes<R>(
  files: AsyncIterable<Found>,
  images: ImageWork<R>,
  other: OtherWork<R>,
  progress: Progress,
  session: Session,
): AsyncGenerator<Outcome<R>> {
  const { signal } = session;
  async function* inputs() {
    for await (const file of files) {
      if (file.error) {
        yield { answer: { file, failure: failureOf(file, file.error) } };
        continue;
      }
      const answers = await other(file, progress, signal);
      if (answers === undefined) yield { input: file, given: file };
      else for (const answer of answers) yield { answer };
    }
  }
  async function* answers(inputFiles: AsyncIterable<Found>) {
    for await (const done of images(inputFiles, signal)) {
      const answer = (file: Found): Outcome<R> =>
        done.error ? { file, failure: failureOf(file, done.error) } : { file, result: done.result };
      yield { index: done.index, answer };
    }
  }
  yield* inOrder<Found, Found, Outcome<R>>(inputs(), answers, window, signal);
}

/** Errors that are about the input alone: the others go on. */
const ofFile = [ImageError, LimitError, VideoError];

/** Counts the files during the work, only to estimate how long it will take. */
async function count({ names, filter }: Selection, progress: Progress, signal: AbortSignal): Promise<void> {
  let files = 0;
  for await (const file of walk(names(signal), { signal, filter })) files += file.error ? 0 : 1;
  if (!signal.aborted) progress.total = files;
}

/** How many files became what. */
class Tally {
  done = 0;
  failed = 0;
  skipped = 0;
  excluded = 0;

  text(): string {
    const files = this.done - this.skipped;
    const excluded = this.excluded === 0 ? "" : `, ${this.excluded} excluded by name`;
    return `${counted(files, "file")}, ${this.failed} failed, ${this.skipped} skipped (no images)${excluded}`;
  }
}

/** Reports one outcome. Returns why the file failed or is skipped, if so. */
async function report<R>(outcome: Outcome<R>, run: FileRun<R>): Promise<Failure | undefined> {
  const { file } = outcome;
  if ("failure" in outcome) {
    const { path, stream } = file;
    if (!stream && typeof path === "string" && file.error === undefined) await run.undecodable?.(path);
    return outcome.failure;
  }
  try {
    await run.found(file.path, outcome.result, outcome.part);
    return undefined;
  } catch (error) {
    // What was found before it failed has been printed.
    if (!ofFile.some((kind) => error instanceof kind)) throw error;
    return failureOf(file, error as Error);
  }
}

/** What follows of an image that has more behind it. */
type RestWork<R> = (file: Found, signal: AbortSignal) => Promise<Outcome<R>[]>;

/** Yields each outcome, and behind that of an image those of the rest of its file. */
async function* withRest<R>(
  all: AsyncIterable<Outcome<R>>,
  rest: RestWork<R>,
  signal: AbortSignal,
): AsyncGenerator<Outcome<R>> {
  for await (const outcome of all) {
    yield outcome;
    const { file, isVideo: known } = outcome;
    if (known || !("result" in outcome)) continue;
    yield* await rest(file, signal);
  }
}

async function eachOutcome<R>(
  run: FileRun<R>,
  images: ImageWork<R>,
  other: OtherWork<R>,
  rest: RestWork<R>,
): Promise<{ trouble: boolean }> {
  const { selection, session, quiet, json } = run;
  const { signal } = session;
  const progress = new Progress(session, quiet);
  const counting = progress.shown && selection.countable ? count(selection, progress, signal) : Promise.resolve();
  const summary = progress.shown;
  const tally = new Tally();
  const files = walk(selection.names(signal), {
    signal,
    filter: selection.filter,
    onExcluded: () => void tally.excluded++,
  });
  try {
    for await (const outcome of withRest(outcomes(files, images, other, progress, session), rest, signal)) {
      const { file, part } = outcome;
      if (part === undefined) progress.done = ++tally.done;
      const failure = await report(outcome, run);
      if (failure === undefined) continue;
      if (await isSkipped(file, failure)) {
        tally.skipped++;
        continue;
      }
      tally.failed++;
      const where = part === undefined ? "" : `${partText(part)}: `;
      if (json) await session.line(jsonText({ ...jsonPath(file.path), ...partJson(part), error: failure }));
      else session.note(`${shownPath(file.path)}: ${where}${reasonOf(file, failure)}`);
    }
    await counting;
  } catch (error) {
    // Ctrl-C, or nobody reads the results any more: what was printed stays.
    if (!signal.aborted) throw error;
  } finally {
    progress.stop();
  }
  // Nobody who closed the pipe wants to know how far it came.
  const wanted = summary || tally.skipped > 0 || tally.excluded > 0;
  if (!quiet && wanted && (session.interrupted || !signal.aborted)) session.note(tally.text());
  return { trouble: tally.failed > 0 };
}

/** What of an image's file is read beside its first page. */
export interface RestOptions {
  /** Whether all pages are read. */
  allPages: boolean;
  /** Whether the video behind an image is read. */
  embedded: boolean;
}

/** The name of the option in an error, where it would help. */
const allPagesHint = "; --all-pages reads them";

/**
 * Works on every selected file, image or video, and hands each result over in order. A failure is printed, as JSON on
 * standard output or as a sentence on standard error. Returns whether there was one.
 */
export async function eachFile<R>(
  run: FileRun<R>,
  work: { images: ImageWork<R>; video: VideoWork<R>; videoOptions: HashVideoOptions; rest: RestOptions },
): Promise<{ trouble: boolean }> {
  const beforeVideo = async (): Promise<void> => {
    if (!run.quiet) await noteOldDecoder(run.session);
  };
  const other: OtherWork<R> = async (file, progress, signal) => {
    const started = performance.now();
    const onProgress: NonNullable<HashVideoOptions["onProgress"]> = (at) => {
      progress.detail = `${shownPath(file.path)} ${videoProgress(started, at)}`;
    };
    const answers = await videoOutcomes(file, { ...work.videoOptions, signal, onProgress }, work.video, beforeVideo);
    progress.detail = undefined;
    return answers;
  };
  const embedded: RestWork<R> = async (file, signal) => {
    if (!work.rest.embedded) return nameEmbedded(file, "; --embedded reads it");
    return embeddedOutcomes<R>(file, signal, async (video) => {
      await beforeVideo();
      const options = { ...work.videoOptions, signal, name: shownPath(file.path) };
      return streamOutcomes<R>(file, video, options, work.video);
    });
  };
  const rest: RestWork<R> = async (file, signal) => [
    ...namePages(file, allPagesHint),
    ...(await embedded(file, signal)),
  ];
  return eachOutcome(run, work.images, other, rest);
}

/** Hashes every selected file, as `eachFile` does. */
export function eachHash(
  run: FileRun<HashResult>,
  settings: HashSettings,
  videoOptions: HashVideoOptions,
  rest: RestOptions,
): Promise<{ trouble: boolean }> {
  const images = hashWork<HashResult>(settings, run.session.stdin, (hash) => hash);
  const video: VideoWork<HashResult> = async (input, options) => {
    const signature = await hashVideo(input, options);
    return { result: signature, streamCount: signature.streamCount };
  };
  return eachFile(run, { images, video, videoOptions, rest });
}

/** Works on every selected file as an image; a video is no image. */
export function eachImage<R>(run: FileRun<R>, images: ImageWork<R>): Promise<{ trouble: boolean }> {
  const rest = async (file: Found): Promise<Outcome<R>[]> => [...namePages(file, ""), ...(await nameEmbedded(file))];
  return eachOutcome(run, images, async () => undefined, rest);
}

/** 2 after a failure, whatever was found. */
export function endStatus(trouble: boolean, matched: boolean): number {
  if (trouble) return status.trouble;
  return matched ? status.found : status.nothing;
}
