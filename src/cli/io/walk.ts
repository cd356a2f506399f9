import type { Dirent } from "node:fs";
import { opendir, stat } from "node:fs/promises";
import { sep } from "node:path";
import { type Path, pathOf } from "./names.js";

/** A file to be read, or what could not be opened. `walked`: it was met in a folder, not named by the caller. */
export type Found =
  | { path: Path; walked: boolean; stream: boolean; error?: undefined }
  | { path: Path; walked: boolean; stream: false; error: NodeJS.ErrnoException };

/** Names sorted at a time, so that a folder of millions costs bounded memory: such a one comes in sorted runs. */
const run = 65_536;

/** A name in a folder, its bytes as Latin-1: half the memory of a buffer, and it sorts as bytes do. */
interface Entry {
  name: string;
  kind: "folder" | "file" | "link" | "other";
}

function entryOf(entry: Dirent<Buffer>): Entry {
  const name = entry.name.toString("latin1");
  if (entry.isDirectory()) return { name, kind: "folder" };
  if (entry.isFile()) return { name, kind: "file" };
  return { name, kind: entry.isSymbolicLink() ? "link" : "other" };
}

async function* entries(folder: Buffer): AsyncGenerator<Entry> {
  // The types know neither buffers as folders nor as names; Node does.
  const read = await opendir(folder as unknown as string, { encoding: "buffer" as BufferEncoding });
  let some: Entry[] = [];
  const sorted = (): Entry[] => some.sort((a, b) => (a.name < b.name ? -1 : 1));
  for await (const entry of read as unknown as AsyncIterable<Dirent<Buffer>>) {
    some.push(entryOf(entry));
    if (some.length < run) continue;
    yield* sorted();
    some = [];
  }
  yield* sorted();
}

/** A symbolic link to a file is read as that file; one to a folder is not entered, so there are no loops. */
async function* folder(root: Buffer): AsyncGenerator<Found> {
  const open = [{ path: root, entries: entries(root) }];
  try {
    for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
      let next: IteratorResult<Entry>;
      try {
        next = await top.entries.next();
      } catch (error) {
        yield { path: pathOf(top.path), walked: top !== open[0], stream: false, error: error as NodeJS.ErrnoException };
        open.pop();
        continue;
      }
      if (next.done) {
        open.pop();
        continue;
      }
      const { name, kind } = next.value;
      const slash = top.path.at(-1) === sep.charCodeAt(0) ? "" : sep;
      const path = Buffer.concat([top.path, Buffer.from(slash), Buffer.from(name, "latin1")]);
      if (kind === "folder") open.push({ path, entries: entries(path) });
      else if (kind === "file") yield { path: pathOf(path), walked: true, stream: false };
      else if (kind === "link") yield* linked(path);
      // Pipes, sockets and devices in a folder are passed over: reading one could wait for ever.
    }
  } finally {
    for (const { entries: reading } of open) await reading.return(undefined);
  }
}

async function* linked(path: Buffer): AsyncGenerator<Found> {
  try {
    if ((await stat(path)).isFile()) yield { path: pathOf(path), walked: true, stream: false };
  } catch (error) {
    yield { path: pathOf(path), walked: true, stream: false, error: error as NodeJS.ErrnoException };
  }
}

/**
 * The files the arguments name, in their order; folders are walked depth first, by name (bytes, ascending). `-` is standard
 * input. What cannot be opened is yielded with its error, and the rest goes on.
 */
export async function* walk(args: string[], signal: AbortSignal): AsyncGenerator<Found> {
  for (const arg of args) {
    if (arg === "-") {
      yield { path: "-", walked: false, stream: true };
      continue;
    }
    try {
      const found = await stat(arg);
      if (!found.isDirectory()) {
        yield { path: arg, walked: false, stream: !found.isFile() };
        continue;
      }
    } catch (error) {
      yield { path: arg, walked: false, stream: false, error: error as NodeJS.ErrnoException };
      continue;
    }
    for await (const file of folder(Buffer.from(arg))) {
      if (signal.aborted) return;
      yield file;
    }
  }
}
