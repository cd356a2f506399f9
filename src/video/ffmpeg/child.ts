import { type ChildProcess, spawn } from "node:child_process";
import type { Readable } from "node:stream";

/** How a child ended. */
export interface Ending {
  /** The exit status; null after a signal. */
  code: number | null;
  signal: NodeJS.Signals | null;
  /** Why it did not even start. */
  error?: Error;
}

/** A program that runs beside us. */
export interface Child {
  /** Null where it was given others. */
  stdout: Readable | null;
  stderr: Readable | null;
  /** When it is gone and has been reaped, whatever happened to it. Does not reject. */
  ended: Promise<Ending>;
  /** Ends it and everything it started. */
  kill(): void;
}

/** The children there are: if we end first, so do they. One listener for all, however many there are. */
const living = new Set<() => void>();
function endAll(): void {
  for (const kill of living) kill();
}

/** Nobody waits longer than this for a killed child, which can only be one that hangs in the system itself. */
const reapSeconds = 10;

/** A child whose output we have. */
export type PipedChild = Child & { stdout: Readable; stderr: Readable };

/** Descriptors for a child's standard output and standard error. */
export interface Outputs {
  output: number;
  errors: number;
  close(): void;
}

/**
 * Starts a program that reads nothing, with an empty environment but for PATH: nothing of ours reaches it, and nothing there
 * changes what it does. `file` becomes its file descriptor 3; `outputs` are closed here, that it alone holds them.
 */
export function startChild(program: string, args: readonly string[], file?: number): PipedChild;
export function startChild(program: string, args: readonly string[], file?: number, outputs?: Outputs): Child;
export function startChild(program: string, args: readonly string[], file?: number, outputs?: Outputs): Child {
  // A group of its own, so that what it starts ends with it.
  const group = process.platform !== "win32";
  let child: ChildProcess;
  try {
    child = spawn(program, args, {
      env: { PATH: process.env["PATH"] },
      stdio: ["ignore", outputs?.output ?? "pipe", outputs?.errors ?? "pipe", file ?? "ignore"],
      detached: group,
      windowsHide: true,
    });
  } finally {
    outputs?.close();
  }
  const { pid } = child;
  let gone = false;
  const kill = (): void => {
    if (gone || pid === undefined) return;
    try {
      if (group) process.kill(-pid, "SIGKILL");
      else child.kill("SIGKILL");
    } catch {
      // It has just ended by itself.
    }
  };
  const ended = new Promise<Ending>((resolve) => {
    child.once("error", (error) => resolve({ code: null, signal: null, error }));
    // What it started may outlive it and hold the pipes open: they are not waited for.
    child.once("exit", (code, signal) => {
      kill();
      gone = true;
      resolve({ code, signal });
    });
  });
  if (living.size === 0) process.on("exit", endAll);
  living.add(kill);
  void ended.then(() => {
    living.delete(kill);
    if (living.size === 0) process.removeListener("exit", endAll);
    return undefined;
  });
  // A pipe that breaks has its reason in how the child ended.
  child.stdout?.on("error", () => {});
  child.stderr?.on("error", () => {});
  return { stdout: child.stdout, stderr: child.stderr, ended, kill };
}

/** Ends a child and waits until it is gone. */
export async function endChild(child: Child): Promise<void> {
  child.kill();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, 1000 * reapSeconds);
  });
  await Promise.race([child.ended, late]);
  clearTimeout(timer);
  child.stdout?.destroy();
  child.stderr?.destroy();
}
