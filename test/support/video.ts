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
}

/** Every process of this machine that is not yet reaped or dead, with its parent; Linux only. */
export function running(): Running[] {
  const found: Running[] = [];
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, "latin1");
      const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
      const command = readFileSync(`/proc/${name}/cmdline`, "latin1").replaceAll("\0", " ");
      found.push({ pid: Number(name), parent, command });
    } catch {
      // It ended between the two looks.
    }
  }
  return found;
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
