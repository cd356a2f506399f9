import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { succeed, which } from "./run.ts";

/** What tests that need it say when it is not there. */
export const noFfmpeg = "skipped: needs ffmpeg";
export const ffmpeg: string | undefined = which("ffmpeg");

/** A folder for the clips of a test file, gone afterwards, and inside it the one for temporary files: empty between tests. */
export function videoFolder(): { clips: string; temporary: string } {
  const clips = mkdtempSync(join(tmpdir(), "empreinte-video-test-"));
  const temporary = join(clips, "temporary");
  mkdirSync(temporary);
  process.env["TMPDIR"] = temporary;
  afterAll(() => rmSync(clips, { recursive: true, force: true }));
  return { clips, temporary };
}

/** Makes a clip with ffmpeg: `source` is a lavfi graph, `args` say how it is coded. */
export async function makeClip(path: string, source: string, ...args: string[]): Promise<string> {
  await succeed("ffmpeg", ["-v", "error", "-nostdin", "-y", "-f", "lavfi", "-i", source, ...args, path]);
  return path;
}

/** Something that moves and has edges. */
export const moving = "testsrc2=s=320x240:r=25:d=4";
export const x264: readonly string[] = ["-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p"];

export interface Running {
  pid: number;
  parent: number;
  command: string;
  /** Dead, and its parent has not asked how. */
  zombie: boolean;
}

/** Every process of this machine that is not yet reaped or dead, with its parent; Linux only. */
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
      // It ended between the two looks.
    }
  }
  return found;
}

/**
 * Throws when a process or a file is left over: our children, zombies too but for `known` ones, and whatever has `mark` in its
 * command line. What was killed along with its parent may take a moment to go.
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

/** Our children, zombies too; and whatever has `mark` in its command line, whoever its parent is by now. */
export function left(mark?: string): string[] {
  return running()
    .filter(({ pid, parent, command }) => {
      if (pid === process.pid) return false;
      return (parent === process.pid && !/esbuild/.test(command)) || (mark !== undefined && command.includes(mark));
    })
    .map(({ pid, command }) => `${pid} ${command}`);
}
