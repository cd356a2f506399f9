import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import type { Socket } from "node:net";
import type { Readable, Writable } from "node:stream";
import { type Confined, type Confinement, startConfined } from "./confinement.js";

/** The exit of a child process. */
export interface ChildExit {
  /** The exit status. It is null after a signal. */
  code: number | null;
  signal: NodeJS.Signals | null;
  /** Why the child could not be started. */
  error?: Error;
}

/** A program that runs in a process of its own. */
export interface Child {
  /** Null when the child was started with `ChildEnds`. */
  stdout: Readable | null;
  stderr: Readable | null;
  /** Null unless the child was started with `input`. */
  stdin: Writable | null;
  /** Which parts of its confinement the operating system enforces. */
  confined: Confined;
  /** Lets this process end while the child runs, or not. */
  hold(whether: boolean): void;
  /** Resolves when the child is gone and has been reaped. It never rejects. */
  exited: Promise<ChildExit>;
  /** Kills the child and everything it started. */
  kill(): void;
}

/** All running children: they are killed when this process exits. One exit listener serves all of them. */
const livingChildren = new Set<() => void>();
function killAll(): void {
  for (const kill of livingChildren) kill();
}

/** How long a killed child is waited for. Only a child that hangs inside the kernel takes longer. */
const reapSeconds = 10;

/** A child whose output streams we read. */
export type PipedChild = Child & { stdout: Readable; stderr: Readable };

/** Descriptors that become a child's standard output and standard error. */
export interface ChildEnds {
  output: number;
  errors: number;
  close(): void;
}

/** What a child gets besides its arguments. */
export interface ChildSetup {
  /** Becomes the child's file descriptor 3. */
  file?: number | undefined;
  /**
   * Become its standard output and standard error. They are closed in this process, so that only the child holds them.
   */
  ends?: ChildEnds | undefined;
  /** Whether the child has a standard input. Without it there is none. */
  input?: boolean;
  /** Variables of its environment besides PATH. */
  env?: Readonly<Record<string, string>>;
  /** Without it the child may do what this process may. */
  confinement?: Confinement | undefined;
}

/**
 * Starts a program. Its environment has only PATH and what the caller names, so that no other variable reaches it or
 * changes what it does.
 */
export function startChild(program: string, args: readonly string[], setup?: Omit<ChildSetup, "ends">): PipedChild;
export function startChild(program: string, args: readonly string[], setup?: ChildSetup): Child;
export function startChild(program: string, args: readonly string[], setup: ChildSetup = {}): Child {
  const { file, ends, input = false, env, confinement } = setup;
  // A process group of its own, so that whatever the child starts is killed with it.
  const group = process.platform !== "win32";
  const start = (stdin: "pipe" | "ignore" | number): ChildProcess =>
    spawn(program, args, {
      env: { ...env, PATH: process.env["PATH"] },
      stdio: [stdin, ends?.output ?? "pipe", ends?.errors ?? "pipe", file ?? "ignore"],
      detached: group,
      windowsHide: true,
    });
  // A confined child opens no file itself before its program runs.
  const nothing = confinement !== undefined && !input && group ? openSync("/dev/null", "r") : undefined;
  let child: ChildProcess;
  let confined: Confined = { limits: false, files: false, network: false };
  try {
    const stdin = nothing ?? (input ? "pipe" : "ignore");
    if (confinement === undefined) child = start(stdin);
    else ({ child, confined } = startConfined(confinement, file, () => start(stdin)));
  } finally {
    ends?.close();
    if (nothing !== undefined) closeSync(nothing);
  }
  const { pid } = child;
  let gone = false;
  const kill = (): void => {
    if (gone || pid === undefined) return;
    try {
      if (group) process.kill(-pid, "SIGKILL");
      else child.kill("SIGKILL");
    } catch {
      // The child has just exited by itself.
    }
  };
  const exited = new Promise<ChildExit>((resolve) => {
    child.once("error", (error) => resolve({ code: null, signal: null, error }));
    // Processes that the child started may outlive it and hold the pipes open. They are not waited for.
    child.once("exit", (code, signal) => {
      kill();
      gone = true;
      resolve({ code, signal });
    });
  });
  if (livingChildren.size === 0) process.on("exit", killAll);
  livingChildren.add(kill);
  void exited.then(() => {
    livingChildren.delete(kill);
    if (livingChildren.size === 0) process.removeListener("exit", killAll);
    return undefined;
  });
  // How the child exited says why a pipe broke.
  child.stdout?.on("error", () => {});
  child.stderr?.on("error", () => {});
  child.stdin?.on("error", () => {});
  const hold = (whether: boolean): void => {
    const change = whether ? "ref" : "unref";
    child[change]();
    for (const stream of [child.stdin, child.stdout, child.stderr]) (stream as Socket | null)?.[change]();
  };
  return { stdin: child.stdin, stdout: child.stdout, stderr: child.stderr, confined, hold, exited, kill };
}

/** Kills a child and waits until it is gone. */
export async function endChild(child: Child): Promise<void> {
  child.kill();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, 1000 * reapSeconds);
  });
  await Promise.race([child.exited, late]);
  clearTimeout(timer);
  child.stdout?.destroy();
  child.stderr?.destroy();
}
