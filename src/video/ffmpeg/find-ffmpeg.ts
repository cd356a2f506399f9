import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { createRequire } from "node:module";
import { delimiter, isAbsolute, join } from "node:path";
import { checkOptions, checkSignal, filledText, invalidArgument } from "../../check.js";
import { VideoError } from "../../errors.js";
import { endChild, startChild } from "../../processes/child-process.js";

/** Where an ffmpeg was found, in the order of the search. */
export type FfmpegSource = "option" | "EMPREINTE_FFMPEG" | "PATH" | "@ffmpeg-installer/ffmpeg";

/** An ffmpeg that `findFfmpeg` has found. */
export interface Ffmpeg {
  /** The path of the program file. */
  path: string;
  /** The version that the program states, for instance `"5.1.9-0+deb12u1"`. */
  version: string;
  /** Where it was found. */
  source: FfmpegSource;
  /**
   * Present when the program states a version before 4.4 (2021). Faults found in its parsers since then are not fixed,
   * and videos whose frames change their size cannot be read. Before 4.0 no video can. The build inside
   * `@ffmpeg-installer/ffmpeg` is of 2018.
   */
  outdated?: true;
}

/** Options of `findFfmpeg`. */
export interface FindFfmpegOptions {
  /** The path of the program file. Nothing else is searched then. */
  ffmpegPath?: string;
  /** Ends the search. The promise rejects with the signal's reason. */
  signal?: AbortSignal;
}

const require = createRequire(import.meta.url);

/** What a program states about itself. */
interface Version {
  version: string;
  /**
   * The version of libavutil as [major, minor]. Builds from the source repository have no version number of their own.
   */
  library: [number, number];
}

const answerBytes = 65_536;
const answerSeconds = 10;

/** The version that a program states; undefined when it does not start, hangs, or answers as ffmpeg does not. */
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
    const { code } = await child.exited;
    if (code === 0) await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, 1000).unref())]);
    signal?.throwIfAborted();
    const version = code === 0 ? /^ffmpeg version (\S+)/.exec(answer)?.[1] : undefined;
    if (version === undefined) return undefined;
    const library = /^[ \t]*libavutil[ \t]+(\d+)\.[ \t]*(\d+)\./m.exec(answer);
    return { version, library: [Number(library?.[1] ?? 0), Number(library?.[2] ?? 0)] };
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", stop);
    await endChild(child);
  }
}

/**
 * Versions of program files that have not changed since. Starting a program for each video would double the cost of a
 * short one.
 */
const knownVersions = new Map<string, Version>();

async function cachedVersionOf(path: string, signal: AbortSignal | undefined): Promise<Version | undefined> {
  let key: string | undefined;
  try {
    const { dev, ino, size, mtimeMs } = await stat(path);
    key = [path, dev, ino, size, mtimeMs].join(":");
  } catch {
    // The file does not exist, or it is a bare name that the system looks up.
  }
  const before = key === undefined ? undefined : knownVersions.get(key);
  if (before !== undefined) return before;
  const version = await versionOf(path, signal);
  if (version !== undefined && key !== undefined) knownVersions.set(key, version);
  return version;
}

/**
 * The program files named ffmpeg on PATH. Relative entries are ignored: they would name files of the current folder.
 */
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
      // It is usually in only one of the folders.
    }
  }
  return found;
}

/** The program inside the optional package, if that is installed. */
function installerPath(): string | undefined {
  try {
    const found: unknown = require("@ffmpeg-installer/ffmpeg");
    const path = (found as { path?: unknown } | null)?.path;
    return typeof path === "string" ? path : undefined;
  } catch {
    // The package is optional: it is not installed, or it has no program for this platform.
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
    const version = typeof wanted === "string" && wanted !== "" ? await cachedVersionOf(wanted, signal) : undefined;
    if (version === undefined) throw invalidArgument(name, "path of a working ffmpeg", wanted);
    return { path: wanted, ...version, source: ffmpegPath === undefined ? "EMPREINTE_FFMPEG" : "option" };
  }
  for (const path of await onPath()) {
    const version = await cachedVersionOf(path, signal);
    if (version !== undefined) return { path, ...version, source: "PATH" };
  }
  const path = installerPath();
  const version = path === undefined ? undefined : await cachedVersionOf(path, signal);
  if (path === undefined || version === undefined) return undefined;
  return { path, ...version, source: "@ffmpeg-installer/ffmpeg" };
}

/**
 * Finds the ffmpeg that decodes videos. The search order is the option `ffmpegPath`, the variable `EMPREINTE_FFMPEG`,
 * PATH, and the optional package `@ffmpeg-installer/ffmpeg`. It returns the first one that states its version, or
 * undefined.
 *
 * @throws {InvalidArgumentError} `ERR_EMPREINTE_INVALID_ARGUMENT`: the option or `EMPREINTE_FFMPEG` names no working
 * ffmpeg.
 * @throws The signal's reason.
 *
 * @example
 * const ffmpeg = await findFfmpeg();
 * if (ffmpeg?.outdated) console.error(`${ffmpeg.path} is older than ffmpeg 4.4`);
 */
export async function findFfmpeg(options?: FindFfmpegOptions): Promise<Ffmpeg | undefined> {
  const { ffmpegPath, signal } = checkOptions(options, ["ffmpegPath", "signal"]);
  if (ffmpegPath !== undefined) filledText("ffmpegPath", ffmpegPath, "path");
  checkSignal(signal)?.throwIfAborted();
  const found = await find({ ...(ffmpegPath !== undefined && { ffmpegPath }), ...(signal && { signal }) });
  if (found === undefined) return undefined;
  const { path, version, source, library } = found;
  const outdated = library[0] > 0 && !atLeast(library, withAutoscale);
  return { path, version, source, ...(outdated && { outdated }) };
}

/** An ffmpeg to decode with, and which options it has. */
export interface Decoder {
  path: string;
  version: string;
  /** Whether it has `-fps_mode`, which replaces `-vsync`. */
  fpsMode: boolean;
  /** Whether it has `-autoscale 0`, with which frames keep their own size where that changes. */
  ownSizes: boolean;
}

/** The versions of libavutil in ffmpeg 4.0, 4.4 and 5.1. */
const oldest = [56, 14] as const;
const withAutoscale = [56, 70] as const;
const withFpsMode = [57, 28] as const;

const atLeast = ([major, minor]: readonly [number, number], [wanted, than]: readonly [number, number]): boolean =>
  major > wanted || (major === wanted && minor >= than);

/**
 * The ffmpeg that decodes, with the options that it has.
 * @throws {VideoError} `ERR_EMPREINTE_VIDEO_FFMPEG`: no ffmpeg was found, or only one before 4.0.
 * @throws {InvalidArgumentError} The option or `EMPREINTE_FFMPEG` names no working ffmpeg.
 */
export async function usableFfmpeg(options: FindFfmpegOptions): Promise<Decoder> {
  const found = await find(options);
  if (found === undefined) {
    const text =
      "No ffmpeg was found. Install it (Debian: apt install ffmpeg; npm: @ffmpeg-installer/ffmpeg), " +
      "or name it with ffmpegPath or EMPREINTE_FFMPEG";
    throw new VideoError("ERR_EMPREINTE_VIDEO_FFMPEG", text);
  }
  const { path, version, library } = found;
  if (!atLeast(library, oldest)) {
    const text = `The ffmpeg at ${path} is too old (${version}): 4.0 or later is needed`;
    throw new VideoError("ERR_EMPREINTE_VIDEO_FFMPEG", text);
  }
  return { path, version, fpsMode: atLeast(library, withFpsMode), ownSizes: atLeast(library, withAutoscale) };
}
