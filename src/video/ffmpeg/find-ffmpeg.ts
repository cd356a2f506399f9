import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { delimiter, isAbsolute, join } from "node:path";
import { checkOptions, checkSignal, filledText } from "../../check.js";
import { InvalidArgumentError, printable, systemReason, VideoError } from "../../errors.js";
import { requireOf } from "../../packages.js";
import type { Confined } from "../../processes/confinement.js";
import { askVersion, type Version } from "./ask-version.js";

/** Where an ffmpeg was found, in the order of the search. */
export type FfmpegSource = "option" | "EMPREINTE_FFMPEG" | "PATH" | "@ffmpeg-installer/ffmpeg";

/** An ffmpeg that `findFfmpeg` has found. */
export interface Ffmpeg {
  /** The path of the program file. */
  path: string;
  /** The version that the program states, for instance `"5.1.9-0+deb12u1"`. */
  version: string;
  /** The place in the search order. */
  source: FfmpegSource;
  /**
   * Present when the program states a version before 4.4 (2021). Faults found in its parsers since then are not fixed,
   * and videos whose frames change their size cannot be read. Before 4.0 no video can. The build inside
   * `@ffmpeg-installer/ffmpeg` is of 2018.
   */
  outdated?: true;
  /** Which parts of its confinement the operating system enforces while it decodes. Outside of Linux it is none. */
  confined: Confined;
}

/** Options of `findFfmpeg`. */
export interface FindFfmpegOptions {
  /** The path of the program file. Nothing else is searched then. */
  ffmpegPath?: string;
  /** Ends the search. The promise rejects with the signal's reason. */
  signal?: AbortSignal;
}

const require = requireOf(import.meta.url);

/**
 * Returns the files named ffmpeg on PATH. Relative entries are ignored: they would name files of the current folder.
 */
async function onPath(): Promise<string[]> {
  const name = process.platform === "win32" ? "ffmpeg.exe" : "ffmpeg";
  const found: string[] = [];
  for (const folder of (process.env["PATH"] ?? "").split(delimiter)) {
    if (!isAbsolute(folder)) continue;
    const path = join(folder, name);
    const isFile = await stat(path).then(
      (file) => file.isFile(),
      () => false, // It is usually in only one of the folders.
    );
    if (isFile) found.push(path);
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

interface Found extends Omit<Ffmpeg, "outdated">, Pick<Version, "library" | "libvpx"> {}

/** What a search came to: an ffmpeg, or what is wrong with each program that was tried. */
type Search = Found | { refused: string[] };

async function search(options: FindFfmpegOptions): Promise<Search> {
  const { ffmpegPath, signal } = options;
  const fromEnvironment = process.env["EMPREINTE_FFMPEG"];
  const wanted = ffmpegPath ?? (fromEnvironment === "" ? undefined : fromEnvironment);
  if (wanted !== undefined) {
    const answer = await askVersion(wanted, signal);
    const source = ffmpegPath === undefined ? "EMPREINTE_FFMPEG" : "option";
    if ("version" in answer) return { path: wanted, ...answer, source };
    const name = ffmpegPath === undefined ? "EMPREINTE_FFMPEG" : "ffmpegPath";
    throw new InvalidArgumentError(
      `Expected the path of a working ffmpeg for ${name} but received ${printable(wanted)}: ${answer.why}`,
    );
  }
  const refused: string[] = [];
  for (const path of await onPath()) {
    const why = await access(path, constants.X_OK).then(
      () => undefined,
      (error: unknown) => `it cannot be started: ${systemReason(error)}`,
    );
    const answer = why === undefined ? await askVersion(path, signal) : { why };
    if ("version" in answer) return { path, ...answer, source: "PATH" };
    refused.push(`${printable(path)}: ${answer.why}`);
  }
  const path = installerPath();
  if (path === undefined) return { refused };
  const answer = await askVersion(path, signal);
  if ("version" in answer) return { path, ...answer, source: "@ffmpeg-installer/ffmpeg" };
  return { refused: [...refused, `${printable(path)}: ${answer.why}`] };
}

const howToInstall =
  "Install it (Debian: apt install ffmpeg; npm: @ffmpeg-installer/ffmpeg), or name it with ffmpegPath or EMPREINTE_FFMPEG";

/** Returns the ffmpeg of the search order; undefined if there is no program of that name. */
async function find(options: FindFfmpegOptions): Promise<Found | undefined> {
  const found = await search(options);
  if ("path" in found) return found;
  if (found.refused.length === 0) return undefined;
  const text = `No working ffmpeg was found (${found.refused.join("; ")}). ${howToInstall}`;
  throw new VideoError("ERR_EMPREINTE_VIDEO_FFMPEG", text);
}

/**
 * Finds the ffmpeg that decodes videos. The search order is the option `ffmpegPath`, the variable `EMPREINTE_FFMPEG`,
 * PATH, and the optional package `@ffmpeg-installer/ffmpeg`. It returns the first one that states its version, or
 * undefined if there is no program of that name.
 *
 * @throws {InvalidArgumentError} `ERR_EMPREINTE_INVALID_ARGUMENT`: the option or `EMPREINTE_FFMPEG` names no working
 * ffmpeg.
 * @throws {VideoError} `ERR_EMPREINTE_VIDEO_FFMPEG`: none of the programs that were found works. The message has the
 * path of each, and why.
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
  const { path, version, source, library, confined } = found;
  const outdated = library[0] > 0 && !atLeast(library, withAutoscale);
  return { path, version, source, confined, ...(outdated && { outdated }) };
}

/** An ffmpeg to decode with, and which options it has. */
export interface Decoder {
  path: string;
  version: string;
  /** Whether it has `-fps_mode`, which replaces `-vsync`. */
  fpsMode: boolean;
  /** Whether it has `-autoscale 0`, with which frames keep their own size where that changes. */
  ownSizes: boolean;
  /** Whether it has the decoder of VP9 that notices damage. */
  libvpx: boolean;
  /** Which parts of its confinement the operating system enforces. */
  confined: Confined;
}

/** The versions of libavutil in ffmpeg 4.0, 4.4 and 5.1. */
const oldest = [56, 14] as const;
const withAutoscale = [56, 70] as const;
const withFpsMode = [57, 28] as const;

const atLeast = ([major, minor]: readonly [number, number], [wanted, than]: readonly [number, number]): boolean =>
  major > wanted || (major === wanted && minor >= than);

/**
 * Returns the ffmpeg that decodes, with the options that it has.
 * @throws {VideoError} `ERR_EMPREINTE_VIDEO_FFMPEG`: no ffmpeg was found, none works, or it is from before 4.0.
 * @throws {InvalidArgumentError} The option or `EMPREINTE_FFMPEG` names no working ffmpeg.
 */
export async function usableFfmpeg(options: FindFfmpegOptions): Promise<Decoder> {
  const found = await find(options);
  if (found === undefined) {
    throw new VideoError("ERR_EMPREINTE_VIDEO_FFMPEG", `No ffmpeg was found. ${howToInstall}`);
  }
  const { path, version, library, libvpx, confined } = found;
  if (!atLeast(library, oldest)) {
    const text = `The ffmpeg at ${path} is too old (${version}): 4.0 or later is needed`;
    throw new VideoError("ERR_EMPREINTE_VIDEO_FFMPEG", text);
  }
  const [fpsMode, ownSizes] = [atLeast(library, withFpsMode), atLeast(library, withAutoscale)];
  return { path, version, fpsMode, ownSizes, libvpx, confined };
}
