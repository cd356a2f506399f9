import { checkOptions, oneOf } from "../check.js";
import type { EntryList } from "./entry-list.js";
import { type WrittenFormat, writtenFormats } from "./formats/index.js";
import { openList, openListNames, type OpenListOptions } from "./open-list.js";
import type { ListInput } from "./input.js";
import { ListWriter, type ListWriterOptions } from "./write-list.js";

/** Options of `convertList`: those of `openList`, and what to write. */
export interface ConvertListOptions extends Omit<OpenListOptions, "others"> {
  /** The format to write. */
  to: WrittenFormat;
  /** Options for writing. `nation` is by default the nation of the list that is read. */
  write?: ListWriterOptions;
}

/** What a format cannot hold is counted, whatever it is. */
const convertedNames = openListNames.filter((name) => name !== "others");

let make: (list: EntryList, writer: ListWriter) => ListConversion;

/**
 * A list that is being converted. `convertList` makes it. Iterating over it gives the text of the other list in pieces.
 */
export class ListConversion implements AsyncIterable<string> {
  readonly #list: EntryList;
  readonly #writer: ListWriter;

  static {
    make = (list, writer): ListConversion => new ListConversion(list, writer);
  }

  private constructor(list: EntryList, writer: ListWriter) {
    this.#list = list;
    this.#writer = writer;
  }

  /** The list that is read. */
  get list(): EntryList {
    return this.#list;
  }

  /** How many entries were written so far. */
  get entries(): number {
    return this.#writer.entries;
  }

  /**
   * How often each thing was left out that the written format cannot hold, by its name. Complete at the end of the
   * text.
   */
  get leftOut(): Record<string, number> {
    return this.#writer.leftOut;
  }

  /** Gives the text in pieces. It throws whatever reading the list throws; the text is then not a whole list. */
  async *[Symbol.asyncIterator](): AsyncGenerator<string, void, undefined> {
    for await (const batch of this.#list.batches()) {
      let text = "";
      for (const entry of batch) text += this.#writer.entry(entry);
      if (text !== "") yield text;
    }
    const end = this.#writer.end();
    if (end !== "") yield end;
  }
}

/**
 * Reads a list in any format and writes it in another one, in constant memory.
 *
 * @throws {InvalidArgumentError} `ERR_EMPREINTE_INVALID_ARGUMENT` for an option that does not fit.
 * @throws {ListError} `ERR_EMPREINTE_LIST` if the format is not recognized.
 * @throws {EmpreinteError} `ERR_EMPREINTE_READ` if the file or stream cannot be read; or the signal's reason.
 *
 * @example
 * const conversion = await convertList("vics.json", { to: "signal-csv" });
 * await writeFile("known.csv", conversion);
 * console.log(conversion.leftOut); // { cases: 12, "fields.MediaSize": 300 }
 */
export async function convertList(input: ListInput, options: ConvertListOptions): Promise<ListConversion> {
  const { to, write, ...reading } = checkOptions(options, [...convertedNames, "to", "write"]);
  const format = oneOf("to", to, writtenFormats);
  // Made before anything is opened, because it checks its options.
  const writer = new ListWriter(format, checkOptions(write, ["nation"], "write"));
  const list = await openList(input, { ...reading, others: "keep" });
  const { nation } = list;
  const sameNation = write?.nation === undefined && nation !== undefined;
  return make(list, sameNation ? new ListWriter(format, { ...write, nation }) : writer);
}
