import { createReadStream, statSync } from "node:fs";
import type { Readable } from "node:stream";

/** The name of a descriptor that the shell opened for the command: `<(…)` is one. */
const descriptor = /^\/(?:dev\/(?:fd\/(\d{1,6})|stdin)|proc\/self\/fd\/(\d{1,6}))$/;

/** Returns the number of the descriptor that the path names, or undefined for any other path. */
export function inheritedDescriptor(path: string): number | undefined {
  const found = descriptor.exec(path);
  return found === null ? undefined : Number(found[1] ?? found[2] ?? 0);
}

/** The bytes of a descriptor that is open already, so that nothing is waited for but its bytes. */
export function descriptorStream(number: number): Readable {
  return createReadStream("", { fd: number, autoClose: false });
}

/**
 * Returns a stream if the path names a descriptor that is a pipe or a terminal, as `<(…)` gives one to a list. Returns
 * every other path itself: the library refuses what is no file at once. Opening a pipe in a folder would wait for its
 * writer.
 */
export function pipeOrPath(path: string): string | Readable {
  const number = inheritedDescriptor(path);
  if (number === undefined) return path;
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat === undefined || stat.isFile() || stat.isDirectory() ? path : descriptorStream(number);
}
