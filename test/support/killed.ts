/** Killing a child inside its work, with nothing that it could do about it. */
import { type ChildProcess, spawn } from "node:child_process";
import { setTimeout } from "node:timers/promises";

/** What a child had printed when it was killed. */
export interface Killed {
  lines: string[];
  finished: boolean;
}

/**
 * Runs the child and kills it inside the step after its line number `line`: when `share` of the time has passed that
 * the steps before took. So the kill strikes inside the work on a fast and on a slow machine alike.
 */
export async function killed(args: readonly string[], line: number, share: number): Promise<Killed> {
  const child: ChildProcess = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  let ready = 0;
  const ended = new Promise<void>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", () => resolve());
  });
  await new Promise<void>((resolve) => {
    child.stdout!.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      ready ||= performance.now();
      if (text.split("\n").length - 1 > line) resolve();
    });
    child.on("close", () => resolve());
  });
  if (line > 0) await setTimeout((share * (performance.now() - ready)) / line);
  child.kill("SIGKILL");
  await ended;
  // The last line may be cut.
  const lines = text.split("\n").slice(0, -1);
  return { lines, finished: lines.at(-1) === "finished" };
}
