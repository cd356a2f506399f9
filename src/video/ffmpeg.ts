import { execFile } from "node:child_process";
import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { createRequire } from "node:module";
import { delimiter, isAbsolute, join } from "node:path";
import { invalidArgument, options as known, signal as checkSignal } from "../check.js";

/** Where an ffmpeg was found, in the order of looking. */
export type FfmpegSource = "option" | "EMPREINTE_FFMPEG" | "PATH" | "@ffmpeg-installer/ffmpeg";

export interface Ffmpeg {
  /** The program file. */
  path: string;
  /** As it calls itself: `"5.1.9-0+deb12u1"`. */
  version: string;
  source: FfmpegSource;
}

export interface FindFfmpegOptions {
  /** The program file; nothing else is looked for then. */
  ffmpegPath?: string;
  signal?: AbortSignal;
}

const require = createRequire(import.meta.url);

/** Asks a program for its version; `undefined` when it does not start, hangs, or answers something else. */
async function versionOf(path: string, signal: AbortSignal | undefined): Promise<string | undefined> {
  const answer = await new Promise<string>((resolve) => {
    // An empty environment but for PATH: nothing of ours reaches the program, and nothing there changes what it does.
    const child = execFile(
      path,
      ["-version"],
      {
        env: { PATH: process.env["PATH"] },
        timeout: 10_000,
        killSignal: "SIGKILL",
        maxBuffer: 65_536,
        windowsHide: true,
        ...(signal && { signal }),
      },
      (error, stdout) => resolve(error ? "" : stdout),
    );
    child.stdin?.end();
  });
  signal?.throwIfAborted();
  return /^ffmpeg version (\S+)/.exec(answer)?.[1];
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

/**
 * Looks for ffmpeg: the option, `EMPREINTE_FFMPEG`, PATH, then the one inside `@ffmpeg-installer/ffmpeg`. Answers the first
 * that states its version, or `undefined`. Rejects with the signal's reason when aborted.
 * @throws {InvalidArgumentError} when the option or `EMPREINTE_FFMPEG` names something that is not a working ffmpeg.
 */
export async function findFfmpeg(options?: FindFfmpegOptions): Promise<Ffmpeg | undefined> {
  const { ffmpegPath, signal } = known(options, ["ffmpegPath", "signal"]);
  checkSignal(signal)?.throwIfAborted();
  const fromEnvironment = process.env["EMPREINTE_FFMPEG"];
  const wanted = ffmpegPath ?? (fromEnvironment === "" ? undefined : fromEnvironment);
  if (wanted !== undefined) {
    const name = ffmpegPath === undefined ? "EMPREINTE_FFMPEG" : "ffmpegPath";
    const version = typeof wanted === "string" && wanted !== "" ? await versionOf(wanted, signal) : undefined;
    if (version === undefined) throw invalidArgument(name, "path of a working ffmpeg", wanted);
    return { path: wanted, version, source: ffmpegPath === undefined ? "EMPREINTE_FFMPEG" : "option" };
  }
  for (const path of await onPath()) {
    const version = await versionOf(path, signal);
    if (version !== undefined) return { path, version, source: "PATH" };
  }
  const path = installed();
  const version = path === undefined ? undefined : await versionOf(path, signal);
  if (path === undefined || version === undefined) return undefined;
  return { path, version, source: "@ffmpeg-installer/ffmpeg" };
}
