import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { findFfmpeg } from "../../../dist/doors/video.js";
import { succeed } from "../run.ts";
import { keptMedia } from "../kept-media.ts";

/** Why tests are skipped where there is no ffmpeg. */
export const noFfmpeg = "skipped: needs ffmpeg";
const found = await findFfmpeg();
/**
 * The ffmpeg that the tests make clips with, and that decodes them: in a fresh clone the one of
 * @ffmpeg-installer/ffmpeg.
 */
export const ffmpeg: string | undefined = found?.path;
/** Whether it is from before 4.4, as the installer's is. Tests skip what such a build cannot do. */
export const isOldFfmpeg: boolean = found?.outdated === true;
/** Why tests are skipped with such a build. */
export const needsCurrentFfmpeg = "skipped: needs ffmpeg 4.4 or later";
/** ffmpeg's option that keeps every frame with its own time. */
export const everyFrame: readonly string[] = [isOldFfmpeg ? "-vsync" : "-fps_mode", "passthrough"];

/** Runs ffmpeg without questions. It throws what ffmpeg reports when that fails. */
export function runFfmpeg(...args: string[]): Promise<string> {
  if (ffmpeg === undefined) throw new Error(noFfmpeg);
  return succeed(ffmpeg, ["-v", "error", "-nostdin", "-y", ...args]);
}

/**
 * Creates a folder for the clips of a test file, and in it one for temporary files. Both are removed after the tests,
 * and temporary files are made where they were before.
 */
export function videoFolder(): { clips: string; temporary: string } {
  const clips = mkdtempSync(join(tmpdir(), "empreinte-video-test-"));
  const temporary = join(clips, "temporary");
  mkdirSync(temporary);
  const before = process.env["TMPDIR"];
  process.env["TMPDIR"] = temporary;
  afterAll(() => {
    if (before === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = before;
    rmSync(clips, { recursive: true, force: true });
  });
  return { clips, temporary };
}

/** What every clip is made with. */
const encoder = ["ffmpeg", found?.version ?? "", found?.path ?? ""];

/**
 * Makes a clip with ffmpeg from a lavfi graph, which may read files with `movie=`. `args` choose how it is coded. A
 * clip that was made before is copied.
 */
export function makeClip(path: string, source: string, ...args: string[]): Promise<string> {
  const files = [...source.matchAll(/\bmovie=([^,;[]+)/g)].map((match) => match[1]!);
  const graph = files.reduce((text, file, i) => text.replaceAll(file, `${i}`), source);
  return keptMedia(path, [...encoder, "graph", graph, ...args], files, () =>
    runFfmpeg("-f", "lavfi", "-i", source, ...args, path),
  );
}

/** Makes a clip with ffmpeg from another one, or copies it where it was made before. `args` say how. */
export function convertClip(path: string, from: string, ...args: string[]): Promise<string> {
  return keptMedia(path, [...encoder, "file", ...args], [from], () => runFfmpeg("-i", from, ...args, path));
}

/**
 * A film of three moving scenes with cuts between them, 480×270 at 12 frames a second, some ten seconds.
 */
export function makeFilm(path: string): Promise<string> {
  const recipe = "benchmarks/video-recall/scenes.mjs";
  return keptMedia(path, [...encoder, "film"], [recipe], async () => {
    const { clip } = await import("../../../benchmarks/video-recall/scenes.mjs");
    const scenes = mkdtempSync(join(tmpdir(), "empreinte-scenes-"));
    try {
      const large = await clip(scenes, 21, 3);
      await runFfmpeg("-i", large, "-vf", "scale=480:270,fps=12,setsar=1", ...x264, path);
    } finally {
      rmSync(scenes, { recursive: true, force: true });
    }
  });
}

/**
 * Writes a decoder, as a shell script, that may change files: its shell is in a folder that confined programs do not
 * read, so that it starts without the kernel's rules for files.
 */
export function writeUnconfined(path: string, script: string): void {
  copyFileSync(realpathSync("/bin/sh"), `${path}-shell`);
  writeFileSync(path, `#!${path}-shell\n${script}\n`, { mode: 0o755 });
}

/** A source that moves and has edges. */
export const moving = "testsrc2=s=320x240:r=25:d=4";
export const x264: readonly string[] = ["-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p"];

export interface Running {
  pid: number;
  parent: number;
  command: string;
  /** Whether it has exited and its parent has not read how. */
  zombie: boolean;
}

/** All processes of this machine that are not reaped, with their parents. Linux only. */
export function running(): Running[] {
  const found: Running[] = [];
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, "latin1");
      const [state, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      const command = readFileSync(`/proc/${name}/cmdline`, "latin1").replaceAll("\0", " ");
      found.push({ pid: Number(name), parent: Number(parent), command, zombie: state === "Z" });
    } catch {
      // It ended meanwhile.
    }
  }
  return found;
}

/**
 * Throws when a process or a file is left over. Processes are our children, including zombies except `known` ones, and
 * those with `mark` in their command line. A process that was killed with its parent may take a moment to disappear.
 */
export async function nothingLeft(temporary: string, mark?: string, known?: ReadonlySet<number>): Promise<void> {
  const files = readdirSync(temporary);
  if (files.length > 0) throw new Error(`left in the temporary folder: ${files.join(", ")}`);
  if (process.platform !== "linux") return;
  let processes: string[] = [];
  for (let i = 0; i < 40; i++) {
    processes = left(mark).filter((line) => !known?.has(Number.parseInt(line, 10)));
    if (processes.length === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`still running: ${processes.join("; ")}`);
}

/** Our children, including zombies, and all processes with `mark` in their command line, whatever their parent is. */
export function left(mark?: string): string[] {
  return running()
    .filter(({ pid, parent, command }) => {
      if (pid === process.pid) return false;
      return (parent === process.pid && !/esbuild/.test(command)) || (mark !== undefined && command.includes(mark));
    })
    .map(({ pid, command }) => `${pid} ${command}`);
}
