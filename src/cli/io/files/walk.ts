import type { Dirent } from "node:fs";
import { opendir, realpath, stat } from "node:fs/promises";
import { sep } from "node:path";
import { refusal } from "../../../files/open-file.js";
import type { VideoBehind } from "../behind.js";
import type { FileFilter } from "./filter.js";
import { type Path, pathOf } from "../names.js";
import { inheritedDescriptor } from "./pipes.js";

/**
 * A file to be read, or what could not be opened. `walked`: it was met in a folder, not named by the caller. `video`:
 * the video behind its image, set when the image is read. `furtherPages`: it has images behind the first, not read.
 */
export type Found =
  | {
      path: Path;
      walked: boolean;
      stream: boolean;
      error?: undefined;
      video?: Promise<VideoBehind>;
      furtherPages?: true;
    }
  | { path: Path; walked: boolean; stream: false; error: NodeJS.ErrnoException; furtherPages?: true };

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

/** Returns the path below `root` as text for a filter, with slashes. */
function relative(root: Buffer, path: Buffer): string {
  const below = path.subarray(root.length).toString("utf8");
  return (sep === "/" ? below : below.replaceAll(sep, "/")).replace(/^\//, "");
}

/**
 * A symbolic link to a file is read as that file; one to a folder is not entered, so there are no loops. It is an error
 * where the walk does not come to that folder by itself. So are pipes, sockets and devices: reading one could wait for
 * ever.
 */
async function* folder(root: Buffer, filter: FileFilter | undefined): AsyncGenerator<Found> {
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
      if (kind === "folder") {
        if (filter?.entersFolder(relative(root, path)) ?? true) open.push({ path, entries: entries(path) });
      } else if (!(filter?.takesFile(relative(root, path)) ?? true)) continue;
      else if (kind === "file") yield { path: pathOf(path), walked: true, stream: false };
      else yield* special(path, root);
    }
  } finally {
    for (const { entries: reading } of open) await reading.return(undefined);
  }
}

/** Returns whether a folder is the root or below it. */
async function isBelow(folder: Buffer, root: Buffer): Promise<boolean> {
  const inBytes = { encoding: "buffer" } as const;
  const [below, above] = await Promise.all([realpath(folder, inBytes), realpath(root, inBytes)]);
  const start = above.at(-1) === sep.charCodeAt(0) ? above : Buffer.concat([above, Buffer.from(sep)]);
  return below.equals(above) || below.subarray(0, start.length).equals(start);
}

/** Yields the file that a link leads to, or why what is no file is not read. */
async function* special(path: Buffer, root: Buffer): AsyncGenerator<Found> {
  const found = { path: pathOf(path), walked: true, stream: false } as const;
  try {
    const target = await stat(path);
    const isFolder = target.isDirectory();
    if (isFolder && (await isBelow(path, root))) return;
    const error = isFolder ? new Error("it is a link to a folder, which is not entered") : refusal(target);
    yield error === undefined ? found : { ...found, error };
  } catch (error) {
    yield { ...found, error: error as NodeJS.ErrnoException };
  }
}

/** Returns the last name of a path, for a filter. */
function nameOf(path: Path): string {
  return path.toString("utf8").split(sep).at(-1)!;
}

export interface WalkOptions {
  signal: AbortSignal;
  filter?: FileFilter | undefined;
  /** Called for each file that was named and that the filter leaves out. */
  onExcluded?: () => void;
}

/**
 * The files that the names mean, in their order. Folders are walked depth first, by name (bytes, ascending). `-` is
 * standard input where it is text; as bytes, from a list of names, it is the file of that name. A file that cannot be
 * opened is yielded with its error, and the walk continues.
 */
export async function* walk(
  names: Iterable<Path> | AsyncIterable<Path>,
  { signal, filter, onExcluded }: WalkOptions,
): AsyncGenerator<Found> {
  for await (const name of names) {
    if (signal.aborted) return;
    if (name === "-") {
      yield { path: "-", walked: false, stream: true };
      continue;
    }
    try {
      const found = await stat(name);
      if (!found.isDirectory()) {
        if (!(filter?.takesFile(nameOf(name)) ?? true)) {
          onExcluded?.();
          continue;
        }
        const stream = !found.isFile() && inheritedDescriptor(name.toString()) !== undefined;
        const error = stream ? undefined : refusal(found);
        yield error === undefined
          ? { path: name, walked: false, stream }
          : { path: name, walked: false, stream: false, error };
        continue;
      }
    } catch (error) {
      yield { path: name, walked: false, stream: false, error: error as NodeJS.ErrnoException };
      continue;
    }
    for await (const file of folder(Buffer.from(name as string), filter)) {
      if (signal.aborted) return;
      yield file;
    }
  }
}
