import { invalidArgument, oneOf, checkOptions } from "../check.js";
import type { ListedEntry } from "./entry.js";
import { PlainWriter } from "./formats/plain.js";
import { StopNciiWriter } from "./formats/stopncii.js";
import { SignalCsvWriter } from "./formats/threat-exchange-text.js";
import { VicsWriter } from "./formats/vics-writer.js";
import { VpdqWriter } from "./formats/vpdq.js";
import type { EntryWriter } from "./writer.js";

/** The formats that lists are written in. */
export type WrittenFormat =
  "plain" | "signal-csv" | "stopncii" | "vics-2.0" | "vpdq-lines" | "vpdq-json" | "vpdq-json-object";

export const writtenFormats: readonly WrittenFormat[] = [
  "plain",
  "signal-csv",
  "stopncii",
  "vics-2.0",
  "vpdq-lines",
  "vpdq-json",
  "vpdq-json-object",
];

export interface ListWriterOptions {
  /** Of VICS: whose categories are written as such ("us", "uk", …); those of others become tags. */
  nation?: string;
}

/** Writes entries in one of the formats, and counts what the format cannot hold. */
export class ListWriter {
  readonly format: WrittenFormat;
  readonly #writer: EntryWriter;
  readonly #leftOut = new Map<string, number>();
  #begun = false;
  #entries = 0;

  /** @throws {InvalidArgumentError} */
  constructor(format: WrittenFormat, options?: ListWriterOptions) {
    this.format = oneOf("format", format, writtenFormats);
    const { nation } = checkOptions(options, ["nation"]);
    if (nation !== undefined && !/^[a-z]{2,16}$/i.test(nation))
      throw invalidArgument("nation", "letters, as in us,", nation);
    this.#writer = writerOf(format, nation?.toLowerCase());
  }

  /** The text of an entry, which may be empty, and of what stands before the first. */
  entry(entry: ListedEntry): string {
    const text = this.#writer.entry(entry, (what) => this.#leftOut.set(what, (this.#leftOut.get(what) ?? 0) + 1));
    if (text !== "") this.#entries++;
    return this.#begin() + text;
  }

  /** What stands at the end, once. */
  end(): string {
    return this.#begin() + this.#writer.end();
  }

  /** How many entries were written. */
  get entries(): number {
    return this.#entries;
  }

  /** What the format could not hold: of how many entries, or how often, by name: `{"signals.sha1": 12, cases: 3}`. */
  get leftOut(): Record<string, number> {
    return Object.fromEntries([...this.#leftOut].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  #begin(): string {
    if (this.#begun) return "";
    this.#begun = true;
    return this.#writer.begin();
  }
}

function writerOf(format: WrittenFormat, nation: string | undefined): EntryWriter {
  switch (format) {
    case "plain":
      return new PlainWriter();
    case "signal-csv":
      return new SignalCsvWriter();
    case "stopncii":
      return new StopNciiWriter();
    case "vics-2.0":
      return new VicsWriter(nation);
    default:
      return new VpdqWriter(format);
  }
}
