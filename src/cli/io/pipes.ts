import { createReadStream, statSync } from "node:fs";
import type { Readable } from "node:stream";

/** A path, or the stream of the named pipe at the path, as `<(…)` gives one to a list. The library refuses the path of a pipe. */
export function pipeOrPath(path: string): string | Readable {
  return statSync(path, { throwIfNoEntry: false })?.isFIFO() === true ? createReadStream(path) : path;
}
