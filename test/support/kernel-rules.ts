/** What the kernel has to confine a process with, found without the code under test. */
import { readFileSync } from "node:fs";
import { run, which } from "./run.ts";

export const noKernelRules = "skipped: needs Linux and python3";

/**
 * Whether the kernel has Landlock, and filters of system calls for this processor: undefined if that cannot be found
 * out. The number 444 is landlock_create_ruleset, which answers its version where its only option is 1.
 */
export async function kernelRules(): Promise<{ files: boolean; network: boolean } | undefined> {
  const python = which("python3");
  if (process.platform !== "linux" || python === undefined) return undefined;
  const script = "import ctypes; print(ctypes.CDLL(None).syscall(444, None, 0, 1))";
  const { stdout } = await run(python, ["-c", script]);
  const filters = /^Seccomp:/m.test(readFileSync("/proc/self/status", "utf8"));
  return { files: Number(stdout) > 0, network: filters && ["x64", "arm64"].includes(process.arch) };
}
