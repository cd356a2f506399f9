import { execFile } from "node:child_process";
import { accessSync, constants, readFileSync } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";

/** What the system itself holds a child to, beside our own limits. */
export interface SystemLimits {
  /** Bytes of address space. */
  memoryBytes: number;
  /** Seconds of processor time, over all threads. */
  cpuSeconds: number;
}

function onPath(name: string): string | undefined {
  for (const folder of (process.env["PATH"] ?? "").split(delimiter)) {
    if (!isAbsolute(folder)) continue;
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not in this folder, which is the ordinary case: the next one may have it.
    }
  }
  return undefined;
}

/** `setpriv --pdeathsig` ends a child with the thread that started it, also one that is killed and cannot end it itself. */
function works(program: string, args: readonly string[]): Promise<boolean> {
  return new Promise((resolve) => {
    execFile(program, args, { timeout: 5000, killSignal: "SIGKILL" }, (error) => resolve(error === null));
  });
}

/** The hard limit that we run under ourselves: more cannot be given. */
function hardLimit(name: string): number {
  try {
    const line = readFileSync("/proc/self/limits", "latin1")
      .split("\n")
      .find((line) => line.startsWith(name));
    const hard = Number(line?.slice(name.length).trim().split(/\s+/)[1]);
    return Number.isFinite(hard) ? hard : Infinity;
  } catch {
    return Infinity; // no /proc: prlimit says so itself if it cannot
  }
}

const least = (name: string, wanted: number): number => Math.min(Math.ceil(wanted), hardLimit(name));

interface Tools {
  setpriv?: string;
  prlimit?: string;
}

/** What this PATH has of them, asked once: whether they work cannot change while we run. */
const tools = new Map<string, Promise<Tools>>();

async function look(): Promise<Tools> {
  if (process.platform !== "linux") return {};
  const found: Tools = {};
  const prlimit = onPath("prlimit");
  if (prlimit !== undefined && (await works(prlimit, ["--core=0", "--nofile=256", prlimit, "--version"])))
    found.prlimit = prlimit;
  const setpriv = onPath("setpriv");
  if (setpriv !== undefined && (await works(setpriv, ["--pdeathsig", "KILL", setpriv, "--version"])))
    found.setpriv = setpriv;
  return found;
}

/**
 * A program and its arguments, put under the system's limits where there is such a thing (`prlimit`, on Linux): address
 * space, processor time, open files, and not a byte written to any file.
 */
export async function limited(
  program: string,
  args: readonly string[],
  limits: SystemLimits,
): Promise<{ program: string; args: string[] }> {
  const path = process.env["PATH"] ?? "";
  let known = tools.get(path);
  if (known === undefined) tools.set(path, (known = look()));
  const { prlimit, setpriv } = await known;
  let command = [program, ...args];
  if (prlimit !== undefined) {
    const held = [
      `--as=${least("Max address space", limits.memoryBytes)}`,
      `--cpu=${least("Max cpu time", limits.cpuSeconds)}`,
      `--nofile=${least("Max open files", 256)}`,
      "--fsize=0",
      "--core=0",
    ];
    command = [prlimit, ...held, ...command];
  }
  if (setpriv !== undefined) command = [setpriv, "--pdeathsig", "KILL", ...command];
  return { program: command[0]!, args: command.slice(1) };
}
