import { type EntryList, openList, type OpenListOptions } from "./open-list.js";
import type { ListSource } from "./source.js";
import { ListWriter, type ListWriterOptions, type WrittenFormat } from "./write-list.js";

export interface ConvertListOptions extends Omit<OpenListOptions, "others"> {
  /** The format to write. */
  to: WrittenFormat;
  /** For writing. `nation` is here what the list that is read has, unless said otherwise. */
  write?: ListWriterOptions;
}

/** A list on its way into another format. */
export class ListConversion implements AsyncIterable<string> {
  readonly #list: EntryList;
  readonly #writer: ListWriter;

  constructor(list: EntryList, writer: ListWriter) {
    this.#list = list;
    this.#writer = writer;
  }

  /** The list that is read. */
  get list(): EntryList {
    return this.#list;
  }

  /** So many entries were written so far. */
  get entries(): number {
    return this.#writer.entries;
  }

  /** What the format written cannot hold, counted by name; all of it once the text has ended. */
  get leftOut(): Record<string, number> {
    return this.#writer.leftOut;
  }

  /** The text, in pieces. @throws as reading a list does; what was given is then not a whole list. */
  async *[Symbol.asyncIterator](): AsyncGenerator<string, void, undefined> {
    for await (const batch of this.#list.batches()) {
      let text = "";
      for (const { entry } of batch) text += this.#writer.entry(entry);
      if (text !== "") yield text;
    }
    const end = this.#writer.end();
    if (end !== "") yield end;
  }
}

/**
 * Reads a list in any format and writes it in another, in constant memory. `leftOut` says what the other cannot hold.
 *
 * @throws {InvalidArgumentError} and as `openList` does.
 *
 * @example
 * const conversion = await convertList("vics.json", { to: "signal-csv" });
 * await writeFile("known.csv", conversion);
 * console.log(conversion.leftOut); // { cases: 12, "fields.MediaSize": 300 }
 */
export async function convertList(source: ListSource, options: ConvertListOptions): Promise<ListConversion> {
  const { to, write, ...reading } = options;
  // Before anything is opened: it checks its options.
  const unwritten = new ListWriter(to, write);
  const list = await openList(source, { ...reading, others: "keep" });
  const { nation } = list;
  const same = write?.nation === undefined && nation !== undefined;
  return new ListConversion(list, same ? new ListWriter(to, { ...write, nation }) : unwritten);
}
