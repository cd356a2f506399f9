import type { Readable } from "node:stream";
import { UsageError } from "../../table/parse.js";
import type { SelectionValues } from "../file-options.js";
import { FileFilter } from "./filter.js";
import { namesIn } from "./name-list.js";
import type { Path } from "../names.js";

/** Which files a command reads: what is named, and what the patterns leave of it. */
export interface Selection {
  /** The names, again with each call where they can be read twice. */
  names: (signal: AbortSignal) => AsyncIterable<Path> | Iterable<Path>;
  /** False where names come from a list, which may be endless or read once only. */
  countable: boolean;
  filter: FileFilter | undefined;
}

/** A name in a list is a name: `-` does not mean standard input there. */
const asFile = (name: Path): Path => (name === "-" ? "./-" : name);

/** @throws {UsageError} if nothing is named, a pattern is invalid, or standard input is to be read twice. */
export function selectionOf(paths: readonly string[], values: SelectionValues, stdin: Readable): Selection {
  const { include, exclude, filesFrom, null: zero } = values;
  if (paths.length === 0 && filesFrom.length === 0) throw new UsageError("No PATH is given");
  if ([...paths, ...filesFrom].filter((name) => name === "-").length > 1) {
    throw new UsageError("Standard input can be read only once");
  }
  async function* names(signal: AbortSignal): AsyncGenerator<Path> {
    yield* paths;
    for (const source of filesFrom) {
      for await (const name of namesIn(source, { zero, stdin, signal })) yield asFile(name);
    }
  }
  return {
    names: filesFrom.length === 0 ? () => paths : names,
    countable: filesFrom.length === 0,
    filter: include.length + exclude.length === 0 ? undefined : new FileFilter(include, exclude),
  };
}
