import { checkOptions, oneOf } from "../check.js";
import type { ListEntry } from "./entry.js";
import type { FormatWriter } from "./format.js";
import { formats, type WrittenFormat, writtenFormats } from "./formats/index.js";
import { checkNation } from "./open-list.js";

/** Options of `ListWriter`. */
export interface ListWriterOptions {
  /** Whose categories VICS writes as such ("us", "uk", …). Those of other nations become tags. */
  nation?: string;
}

/**
 * Writes entries in one of the formats, and counts what the format cannot hold.
 *
 * @example
 * const writer = new ListWriter("signal-csv");
 * const file = await open("known.csv", "w");
 * for await (const entry of await openList("ncmec.xml")) await file.write(writer.entry(entry));
 * await file.write(writer.end());
 * console.log(writer.leftOut); // { id: 12, time: 12 }
 */
export class ListWriter {
  /** The format that is written. */
  readonly format: WrittenFormat;
  readonly #writer: FormatWriter;
  readonly #leftOut = new Map<string, number>();
  #begun = false;
  #entries = 0;

  /** @throws {InvalidArgumentError} for a format that is not written, or an option that does not fit. */
  constructor(format: WrittenFormat, options?: ListWriterOptions) {
    this.format = oneOf("format", format, writtenFormats);
    const { nation } = checkOptions(options, ["nation"]);
    this.#writer = formats[format].write({ nation: checkNation(nation) });
  }

  /** Returns the text of an entry, which may be empty. The first call also returns the text before the entries. */
  entry(entry: ListEntry): string {
    const text = this.#writer.entry(entry, (what) => this.#leftOut.set(what, (this.#leftOut.get(what) ?? 0) + 1));
    if (text !== "") this.#entries++;
    return this.#begin() + text;
  }

  /** Returns the text after the entries. Call it once. */
  end(): string {
    return this.#begin() + this.#writer.end();
  }

  /** How many entries were written. */
  get entries(): number {
    return this.#entries;
  }

  /** How often each thing was left out that the format cannot hold, by its name: `{"signals.sha1": 12, cases: 3}`. */
  get leftOut(): Record<string, number> {
    return Object.fromEntries([...this.#leftOut].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  #begin(): string {
    if (this.#begun) return "";
    this.#begun = true;
    return this.#writer.begin();
  }
}
