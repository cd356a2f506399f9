import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { createRequire } from "node:module";
import { delimiter, isAbsolute, join } from "node:path";
import { invalidArgument, checkOptions, checkSignal } from "../../check.js";
import { VideoError } from "../../errors.js";
import { endChild, startChild } from "./child.js";

/** Where an ffmpeg was found, in the order of looking. */
export type FfmpegSource = "option" | "EMPREINTE_FFMPEG" | "PATH" | "@ffmpeg-installer/ffmpeg";

export interface Ffmpeg {
  /** The program file. */
  path: string;
  /** As it calls itself: `"5.1.9-0+deb12u1"`. */
  version: string;
  source: FfmpegSource;
  /**
   * There when it says it is from before 4.4 (2021): what was found in its parsers since is not mended, and videos that
   * change their size cannot be read; before 4.0 none can. The one inside `@ffmpeg-installer/ffmpeg` is of 2018.
   */
  outdated?: true;
}

export interface FindFfmpegOptions {
  /** The program file; nothing else is looked for then. */
  ffmpegPath?: string;
  signal?: AbortSignal;
}

const require = createRequire(import.meta.url);

/** What a program says of itself. */
interface Version {
  version: string;
  /** Of libavutil, as [major, minor]: a build from the repository has no version number of its own. */
  library: [number, number];
}

const answerBytes = 65_536;
const answerSeconds = 10;

/** Asks a program for its version; `undefined` when it does not start, hangs, or answers something else. */
async function versionOf(path: string, signal: AbortSignal | undefined): Promise<Version | undefined> {
  signal?.throwIfAborted();
  const child = startChild(path, ["-version"]);
  const stop = (): void => child.kill();
  const timer = setTimeout(stop, 1000 * answerSeconds);
  signal?.addEventListener("abort", stop, { once: true });
  try {
    let answer = "";
    child.stdout.setEncoding("latin1").on("data", (text: string) => {
      answer += text;
      if (answer.length > answerBytes) stop();
    });
    child.stderr.resume();
    const closed = new Promise((resolve) => child.stdout.once("close", resolve));
    const { code } = await child.ended;
    if (code === 0) await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, 1000).unref())]);
    signal?.throwIfAborted();
    const version = code === 0 ? /^ffmpeg version (\S+)/.exec(answer)?.[1] : undefined;
    if (version === undefined) return undefined;
    const library = /^\s*libavutil\s+(\d+)\.\s*(\d+)\./m.exec(answer);
    return { version, library: [Number(library?.[1] ?? 0), Number(library?.[2] ?? 0)] };
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", stop);
    await endChild(child);
  }
}

/** Answers of programs that have not changed since: starting one for each video would double the cost of a short one. */
const asked = new Map<string, Version>();

async function askedOnce(path: string, signal: AbortSignal | undefined): Promise<Version | undefined> {
  let key: string | undefined;
  try {
    const { dev, ino, size, mtimeMs } = await stat(path);
    key = [path, dev, ino, size, mtimeMs].join(":");
  } catch {
    // Not there; or a bare name, which the system looks for itself.
  }
  const before = key === undefined ? undefined : asked.get(key);
  if (before !== undefined) return before;
  const version = await versionOf(path, signal);
  if (version !== undefined && key !== undefined) asked.set(key, version);
  return version;
}

/** The program files named ffmpeg on PATH. Relative entries are passed over: they would name whatever lies in the folder we run in. */
async function onPath(): Promise<string[]> {
  const name = process.platform === "win32" ? "ffmpeg.exe" : "ffmpeg";
  const found: string[] = [];
  for (const folder of (process.env["PATH"] ?? "").split(delimiter)) {
    if (!isAbsolute(folder)) continue;
    const path = join(folder, name);
    try {
      await access(path, constants.X_OK);
      if ((await stat(path)).isFile()) found.push(path);
    } catch {
      // Not in this folder, which is the ordinary case: the next one may have it.
    }
  }
  return found;
}

/** The program inside the optional package, when that is installed beside us. */
function installed(): string | undefined {
  try {
    const found: unknown = require("@ffmpeg-installer/ffmpeg");
    const path = (found as { path?: unknown } | null)?.path;
    return typeof path === "string" ? path : undefined;
  } catch {
    // The package is optional: it is not there, or has no program for this platform.
    return undefined;
  }
}

interface Found extends Omit<Ffmpeg, "outdated"> {
  library: [number, number];
}

async function find(options: FindFfmpegOptions): Promise<Found | undefined> {
  const { ffmpegPath, signal } = options;
  const fromEnvironment = process.env["EMPREINTE_FFMPEG"];
  const wanted = ffmpegPath ?? (fromEnvironment === "" ? undefined : fromEnvironment);
  if (wanted !== undefined) {
    const name = ffmpegPath === undefined ? "EMPREINTE_FFMPEG" : "ffmpegPath";
    const version = typeof wanted === "string" && wanted !== "" ? await askedOnce(wanted, signal) : undefined;
    if (version === undefined) throw invalidArgument(name, "path of a working ffmpeg", wanted);
    return { path: wanted, ...version, source: ffmpegPath === undefined ? "EMPREINTE_FFMPEG" : "option" };
  }
  for (const path of await onPath()) {
    const version = await askedOnce(path, signal);
    if (version !== undefined) return { path, ...version, source: "PATH" };
  }
  const path = installed();
  const version = path === undefined ? undefined : await askedOnce(path, signal);
  if (path === undefined || version === undefined) return undefined;
  return { path, ...version, source: "@ffmpeg-installer/ffmpeg" };
}

/**
 * Looks for ffmpeg: the option, `EMPREINTE_FFMPEG`, PATH, then the one inside `@ffmpeg-installer/ffmpeg`. Answers the first
 * that states its version, or `undefined`. Rejects with the signal's reason when aborted.
 * @throws {InvalidArgumentError} when the option or `EMPREINTE_FFMPEG` names something that is not a working ffmpeg.
 */
export async function findFfmpeg(options?: FindFfmpegOptions): Promise<Ffmpeg | undefined> {
  const { ffmpegPath, signal } = checkOptions(options, ["ffmpegPath", "signal"]);
  checkSignal(signal)?.throwIfAborted();
  const found = await find({ ...(ffmpegPath !== undefined && { ffmpegPath }), ...(signal && { signal }) });
  if (found === undefined) return undefined;
  const { path, version, source, library } = found;
  const outdated = library[0] > 0 && !atLeast(library, withAutoscale);
  return { path, version, source, ...(outdated && { outdated }) };
}

/** An ffmpeg to decode with, and what it can. */
export interface Decoder {
  path: string;
  version: string;
  /** Has `-fps_mode`, which takes the place of `-vsync`. */
  fpsMode: boolean;
  /** Has `-autoscale 0`: frames keep their own size where it changes. */
  ownSizes: boolean;
}

/** libavutil of ffmpeg 4.0, 4.4 and 5.1. */
const oldest = [56, 14] as const;
const withAutoscale = [56, 70] as const;
const withFpsMode = [57, 28] as const;

const atLeast = ([major, minor]: readonly [number, number], [wanted, than]: readonly [number, number]): boolean =>
  major > wanted || (major === wanted && minor >= than);

/**
 * The ffmpeg that decodes.
 * @throws {VideoError} `ERR_EMPREINTE_VIDEO_FFMPEG` when there is none, or only one before 4.0.
 * @throws {InvalidArgumentError} as `findFfmpeg`.
 */
export async function usableFfmpeg(options: FindFfmpegOptions): Promise<Decoder> {
  const found = await find(options);
  if (found === undefined) {
    const text =
      "No ffmpeg was found: install it (Debian: apt install ffmpeg), or name it with ffmpegPath or EMPREINTE_FFMPEG";
    throw new VideoError("ERR_EMPREINTE_VIDEO_FFMPEG", text);
  }
  const { path, version, library } = found;
  if (!atLeast(library, oldest)) {
    const text = `The ffmpeg at ${path} is too old (${version}): 4.0 or later is needed`;
    throw new VideoError("ERR_EMPREINTE_VIDEO_FFMPEG", text);
  }
  return { path, version, fpsMode: atLeast(library, withFpsMode), ownSizes: atLeast(library, withAutoscale) };
}
