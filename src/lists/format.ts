/** What a list format consists of. Each file in `formats/` has one or more; `formats/index.ts` is the table of all. */
import type { ListEntry } from "./entry.js";
import type { CheckedColumns } from "./columns.js";
import type { Head } from "./head.js";
import type { Sink } from "./sink.js";

/** A list format. */
export interface Format {
  /**
   * Looks at the beginning of a list. `"no"`: it is another format. `"possible"`: it is this format unless another one
   * is certain. `"certain"`: it is this format, unless an earlier one of the table is certain as well.
   */
  sniff(head: Head): Sniffed;
  /** Starts to read a list of this format. */
  read(sink: Sink, options: ReadOptions): FormatReader;
}

/** A list format that is also written. */
export interface WritableFormat extends Format {
  /** Starts to write a list of this format. */
  write(options: WriteOptions): FormatWriter;
}

export type Sniffed = "no" | "possible" | "certain";

/** What a reader may need to know beside the bytes. */
export interface ReadOptions {
  /** The beginning of the list, which the reader will also get as bytes. */
  head: Head;
  /** The most bytes of one entry. A reader stops where an entry is longer. */
  maxEntryBytes: number;
  /** The nation whose categories the list has, in lower case, where the caller gave one. */
  nation: string | undefined;
  /** The columns of a list of the format `csv`. */
  columns: CheckedColumns | undefined;
}

/** What a writer may need to know beside the entries. */
export interface WriteOptions {
  /** The nation whose categories are written, in lower case, where the caller gave one. */
  nation: string | undefined;
}

/** Reads the bytes of a list as they come, and gives what it reads to its sink. */
export interface FormatReader {
  /**
   * The nation whose categories the list has, where the format has such a thing and the list or the caller names it.
   */
  readonly nation?: string | undefined;
  /**
   * Reads the next bytes. They are valid during the call only. @throws {ListError} if the list cannot be read on.
   */
  write(bytes: Uint8Array): void;
  /** Reads what is left. @throws {ListError} if the list ends in the middle of something. */
  end(): void;
}

/** Counts something that the format has no place for, by its name. */
export type CountLoss = (what: string) => void;

/** Writes entries one by one. The texts that it returns make the list, in this order: `begin`, each `entry`, `end`. */
export interface FormatWriter {
  /** Returns the text before the first entry. */
  begin(): string;
  /** Returns the text of an entry, which is empty if the format cannot hold it, and counts whatever is lost. */
  entry(entry: ListEntry, lost: CountLoss): string;
  /** Returns the text after the last entry. */
  end(): string;
}
