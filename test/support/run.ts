import { type SpawnOptions, spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of the package. */
export const root: string = fileURLToPath(new URL("../../", import.meta.url));

/** Where `program` is on PATH, or undefined. */
export function which(program: string): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  return folders
    .map((folder) => join(folder, program))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false; // not there, or not executable: the next folder
      }
    });
}

export interface Ran {
  /** The exit status; null after a signal. */
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

/** Runs a program to its end; only a program that cannot start rejects. `input` goes to its standard input. */
export function run(
  program: string,
  args: readonly string[],
  options: SpawnOptions & { input?: Uint8Array | string } = {},
): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const { input, ...rest } = options;
    const child = spawn(program, args, { cwd: root, ...rest, stdio: ["pipe", "pipe", "pipe"] });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout!.on("data", (chunk: Buffer) => out.push(chunk));
    child.stderr!.on("data", (chunk: Buffer) => err.push(chunk));
    child.stdin!.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") reject(error); // a program may end before it has read everything
    });
    child.stdin!.end(input);
    child.on("error", reject);
    child.on("close", (code, signal) => {
      resolve({ code, signal, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() });
    });
  });
}

/** As `run`, and throws with what the program said when it did not end with 0. */
export async function succeed(
  program: string,
  args: readonly string[],
  options?: SpawnOptions & { input?: Uint8Array | string },
): Promise<string> {
  const { code, signal, stdout, stderr } = await run(program, args, options);
  if (code === 0) return stdout;
  const said = `${stdout}\n${stderr}`.trim().slice(-4000);
  throw new Error(`${program} ended with ${code ?? signal}:\n${said}`);
}
