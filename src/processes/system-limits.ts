/** Programs of other people, and decoders of hostile files, run under limits that the operating system enforces. */
import { execFile } from "node:child_process";
import { accessSync, constants, readFileSync } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";

/** The limits that the operating system enforces on a child, in addition to our own. */
export interface SystemLimits {
  /** Most bytes of address space. */
  memoryBytes: number;
  /** Most seconds of processor time, summed over all threads. */
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
      // It is usually in only one of the folders.
    }
  }
  return undefined;
}

/** Whether a program runs and exits with 0. */
function works(program: string, args: readonly string[]): Promise<boolean> {
  return new Promise((resolve) => {
    execFile(program, args, { timeout: 5000, killSignal: "SIGKILL" }, (error) => resolve(error === null));
  });
}

/** The hard limit of this process, which a child cannot exceed. */
function hardLimit(name: string): number {
  try {
    const line = readFileSync("/proc/self/limits", "latin1")
      .split("\n")
      .find((line) => line.startsWith(name));
    const hard = Number(line?.slice(name.length).trim().split(/\s+/)[1]);
    return Number.isFinite(hard) ? hard : Infinity;
  } catch {
    return Infinity; // Without /proc prlimit reports by itself what it cannot set.
  }
}

const atMostHard = (name: string, wanted: number): number => Math.min(Math.ceil(wanted), hardLimit(name));

interface Tools {
  setpriv?: string;
  prlimit?: string;
}

/** The tools that each PATH has. They are looked up once: whether they work does not change while we run. */
const tools = new Map<string, Promise<Tools>>();

async function findTools(): Promise<Tools> {
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
 * Puts a program under the limits of the operating system, where `prlimit` and `setpriv` exist (Linux). They bound
 * address space, processor time and open files, and forbid it to write to files. `setpriv --pdeathsig` kills the child
 * with the thread that started it, even if that thread is killed itself.
 */
export async function withSystemLimits(
  program: string,
  args: readonly string[],
  limits: SystemLimits,
): Promise<{ program: string; args: string[] }> {
  const path = process.env["PATH"] ?? "";
  let known = tools.get(path);
  if (known === undefined) tools.set(path, (known = findTools()));
  const { prlimit, setpriv } = await known;
  let command = [program, ...args];
  if (prlimit !== undefined) {
    const held = [
      `--as=${atMostHard("Max address space", limits.memoryBytes)}`,
      `--cpu=${atMostHard("Max cpu time", limits.cpuSeconds)}`,
      `--nofile=${atMostHard("Max open files", 256)}`,
      "--fsize=0",
      "--core=0",
    ];
    command = [prlimit, ...held, ...command];
  }
  if (setpriv !== undefined) command = [setpriv, "--pdeathsig", "KILL", ...command];
  return { program: command[0]!, args: command.slice(1) };
}
