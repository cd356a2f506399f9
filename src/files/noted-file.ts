import { pathToFileURL } from "node:url";

/**
 * The path of a file whose bytes are wanted for something else as well. Whoever reads the file calls `note` once with
 * all its bytes, which are not kept and not changed. `note` returns at once and never throws.
 */
export class NotedFile extends URL {
  /** The path as it was given, for errors. */
  readonly path: string;
  readonly note: (bytes: Uint8Array) => void;

  constructor(path: string, note: (bytes: Uint8Array) => void) {
    super(pathToFileURL(path));
    this.path = path;
    this.note = note;
  }
}
