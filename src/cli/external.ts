import { type ChildProcess, spawn } from "node:child_process";
import { access, constants, readFile } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { catalogue, isOwn } from "./commands/catalogue.js";

/** A program to start: the file, and the arguments before those of the user. */
export interface External {
  program: string;
  before: readonly string[];
  /** Variables that it gets unless the user has set them. */
  environment?: Readonly<Record<string, string>>;
}

/** Names that may be a program's: nothing with a slash, a dot or a dash at its beginning. */
const commandName = /^[a-z][a-z0-9-]*$/;

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return true;
  } catch {
    return false; // not there, or not executable: the next place
  }
}

/** Folders of this file upwards: the packages installed beside ours are in a `node_modules` of one of them. */
function foldersUp(): string[] {
  const folders: string[] = [];
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    folders.push(folder);
    if (dirname(folder) === folder) return folders;
  }
}

/** The script that a package's `bin` names for a program. */
async function packageScript(packageName: string, program: string): Promise<string | undefined> {
  for (const folder of foldersUp()) {
    const root = join(folder, "node_modules", packageName);
    const text = await readFile(join(root, "package.json"), "utf8").catch(() => undefined);
    if (text === undefined) continue;
    const { bin } = JSON.parse(text) as { bin?: string | Record<string, string> };
    const script = typeof bin === "string" ? bin : bin?.[program];
    if (script !== undefined) return join(root, script);
  }
  return undefined;
}

/** Returns the program on PATH or beside the script that was started, as git looks for `git-NAME`. */
async function onPath(program: string): Promise<string | undefined> {
  const name = process.platform === "win32" ? `${program}.exe` : program;
  const folders = [dirname(process.argv[1] ?? ""), ...(process.env["PATH"] ?? "").split(delimiter)];
  for (const folder of folders) {
    if (folder !== "" && (await isExecutable(join(folder, name)))) return join(folder, name);
  }
  return undefined;
}

/** `empreinte-NAME`: the package installed beside this one, or a program on PATH. */
async function locate(name: string): Promise<External | undefined> {
  const program = `empreinte-${name}`;
  const { packageName = program, environment } = catalogue.externals.find((one) => one.name === name) ?? {};
  const script = await packageScript(packageName, program);
  if (script !== undefined) return { program: process.execPath, before: [script], ...(environment && { environment }) };
  const found = await onPath(program);
  return found === undefined ? undefined : { program: found, before: [] };
}

/** Returns whether `empreinte NAME` would start a program of another package. */
export async function isInstalled(name: string): Promise<boolean> {
  return (await locate(name)) !== undefined;
}

/** The program for a first word that is no command of ours; undefined if there is none. */
export async function findExternal(name: string | undefined): Promise<External | undefined> {
  if (name === undefined || !commandName.test(name) || isOwn(name)) return undefined;
  return locate(name);
}

/** Runs it with our standard streams and returns its exit status; after a signal, 128 and the signal's number. */
export async function runExternal(
  { program, before, environment }: External,
  args: readonly string[],
): Promise<number> {
  const { constants: system } = await import("node:os");
  // A signal that arrives while the child starts is for the child, too: the handlers come first.
  const started: { child?: ChildProcess } = {};
  // Ctrl-C reaches the child by itself, and the child decides what it means. Others would reach only us.
  process.on("SIGINT", () => undefined);
  for (const name of ["SIGTERM", "SIGHUP"] as const) process.on(name, () => started.child?.kill(name));
  const child = spawn(program, [...before, ...args], { stdio: "inherit", env: { ...environment, ...process.env } });
  started.child = child;
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve(code ?? 128 + (signal === null ? 0 : system.signals[signal])));
  });
}
