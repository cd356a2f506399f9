import { onAbort } from "../../on-abort.js";
import { stat } from "node:fs/promises";
import { printable } from "../../errors.js";
import { type Confined, type Confinement, programPaths } from "../../processes/confinement.js";
import { type ChildExit, endChild, type PipedChild, startChild } from "../../processes/child-process.js";

/** What a program states about itself. */
export interface Version {
  version: string;
  /**
   * The version of libavutil as [major, minor]. Builds from the source repository have no version number of their own.
   */
  library: [number, number];
  /** Whether it was built with libvpx. */
  libvpx: boolean;
  /** Which parts of its confinement the operating system enforces on it. */
  confined: Confined;
}

/** A program that is no working ffmpeg. */
export interface NoFfmpeg {
  /** Why, as the end of a sentence: "it ended with 127: …". */
  why: string;
  /** Whether it had to be stopped. */
  late?: boolean;
}

const answerBytes = 65_536;
const answerSeconds = 10;
/** What a program takes at most to state its version. */
const limits = { memoryBytes: 2 ** 33, cpuSeconds: answerSeconds };
/** How many characters of what a program wrote an error repeats. */
const shownCharacters = 200;

/** Returns the text of one stream, up to a bound. */
function collected(stream: NodeJS.ReadableStream, onTooMuch: () => void): { text: string; closed: Promise<unknown> } {
  const all = { text: "", closed: new Promise((resolve) => stream.once("close", resolve)) };
  stream.setEncoding("latin1").on("data", (text: string) => {
    if (all.text.length <= answerBytes) all.text += text;
    else onTooMuch();
  });
  return all;
}

function firstLine(text: string): string {
  const line = text.split(/[\r\n]/).find((one) => one.trim() !== "");
  return line === undefined ? "" : `: ${printable(line.trim()).slice(0, shownCharacters)}`;
}

function whyNot(exit: ChildExit, late: boolean, answer: string, errors: string): string {
  const { code, signal, error } = exit;
  if (error !== undefined) return `it cannot be started: ${printable(error.message)}`;
  if (late) return `it has not answered within ${answerSeconds} s`;
  if (signal !== null) return `it ended by ${signal}${firstLine(errors)}`;
  if (code !== 0) return `it ended with ${code}${firstLine(errors)}`;
  return `it does not answer as ffmpeg does${firstLine(answer)}`;
}

async function askUnder(
  confinement: Confinement,
  path: string,
  signal: AbortSignal | undefined,
): Promise<Version | NoFfmpeg> {
  signal?.throwIfAborted();
  let child: PipedChild;
  try {
    child = startChild(path, ["-version"], { confinement });
  } catch (error) {
    return { why: `it cannot be started: ${printable((error as Error).message)}` }; // a zero byte in the path, for instance
  }
  const stop = (): void => child.kill();
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    stop();
  }, 1000 * answerSeconds);
  const forget = onAbort(signal, stop);
  try {
    const answer = collected(child.stdout, stop);
    const errors = collected(child.stderr, () => {});
    const exit = await child.exited;
    // A process that the program left behind may hold the pipes open.
    const closed = Promise.all([answer.closed, errors.closed]);
    if (exit.error === undefined)
      await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, 1000).unref())]);
    signal?.throwIfAborted();
    const version = exit.code === 0 ? /^ffmpeg version (\S+)/.exec(answer.text)?.[1] : undefined;
    if (version === undefined) return { why: whyNot(exit, late, answer.text, errors.text), late };
    const library = /^[ \t]*libavutil[ \t]+(\d+)\.[ \t]*(\d+)\./m.exec(answer.text);
    const { confined } = child;
    const libvpx = answer.text.includes("--enable-libvpx");
    return { version, libvpx, library: [Number(library?.[1] ?? 0), Number(library?.[2] ?? 0)], confined };
  } finally {
    clearTimeout(timer);
    forget();
    await endChild(child);
  }
}

/** Asks under the rules for files and sockets. A program that has its libraries elsewhere answers without them only. */
async function ask(path: string, signal: AbortSignal | undefined): Promise<Version | NoFfmpeg> {
  const answer = await askUnder({ limits, paths: programPaths(path) }, path, signal);
  if ("version" in answer || answer.late) return answer;
  const open = await askUnder({ limits }, path, signal);
  if ("version" in open && process.platform === "linux") {
    const text = `The ffmpeg at ${printable(path)} can open files and sockets here: it does not start without (${answer.why})`;
    process.emitWarning(text, { code: "EMPREINTE_UNCONFINED" });
  }
  return open;
}

/**
 * Versions of program files that have not changed since. Starting a program for each video would double the cost of a
 * short one.
 */
const knownVersions = new Map<string, Version>();

/**
 * Returns the version that a program states, or why it is no working ffmpeg. Answers are kept while the file does not
 * change.
 */
export async function askVersion(path: string, signal: AbortSignal | undefined): Promise<Version | NoFfmpeg> {
  let key: string | undefined;
  try {
    const { dev, ino, size, mtimeMs } = await stat(path);
    key = [path, dev, ino, size, mtimeMs].join(":");
  } catch {
    // The file does not exist, or it is a bare name that the system looks up.
  }
  const before = key === undefined ? undefined : knownVersions.get(key);
  if (before !== undefined) return before;
  const answer = await ask(path, signal);
  if ("version" in answer && key !== undefined) knownVersions.set(key, answer);
  return answer;
}
