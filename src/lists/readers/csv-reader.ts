import { TextDecoder } from "node:util";
import Papa from "papaparse";
import type { ListPosition } from "../entry.js";
import type { Sink } from "../sink.js";

const feedBytes = 1 << 18;

export interface CsvOptions {
  delimiter: string;
  /** False: quotes are characters like others. Default true. */
  quotes?: boolean;
  maxEntryBytes: number;
  /** Called with each row that is not blank, and the line it begins at. */
  row: (fields: string[], line: number) => void;
}

/** So many characters at most may stand between quotes; a quote that is never closed would else take the rest of the file. */
const maxQuoted = 1 << 20;

function lineBreaks(text: string): number {
  let count = 0;
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) count++;
  return count;
}

/** Delimited text in pieces, rows as they end. A line whose quotes are wrong is a problem, and the next line goes on. */
export class CsvReader {
  readonly #sink: Sink;
  readonly #options: CsvOptions;
  readonly #decoder: TextDecoder = new TextDecoder();
  readonly #config: Papa.ParseConfig;
  /** The beginning of a row. */
  #rest = "";
  #line = 1;

  constructor(sink: Sink, options: CsvOptions) {
    this.#sink = sink;
    this.#options = options;
    const { delimiter, quotes = true } = options;
    this.#config = { delimiter, newline: "\n", ...(!quotes && { quoteChar: "\u0000", fastMode: true }) };
  }

  write(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += feedBytes) {
      const text = this.#decoder.decode(bytes.subarray(at, at + feedBytes), { stream: true });
      this.#rest = this.#rows(this.#rest + text, false);
      if (this.#rest.length > this.#options.maxEntryBytes) {
        throw this.#sink.fatal(
          { entry: this.#sink.count, line: this.#line },
          `a line of more than ${this.#options.maxEntryBytes} bytes; maxEntryBytes raises this limit`,
        );
      }
    }
  }

  end(): void {
    const text = this.#rest + this.#decoder.decode();
    this.#rest = "";
    if (text !== "") this.#rows(text.endsWith("\n") ? text : `${text}\n`, true);
  }

  /** Reads all whole rows and answers what is left. */
  #rows(text: string, last: boolean): string {
    let rest = text;
    for (;;) {
      const { data, errors, meta } = new Papa.Parser(this.#config).parse(rest, 0, true) as Papa.ParseResult<string[]>;
      const wrong = errors[0];
      // Behind a closing quote white space may go on to a line's end that is still to come.
      if (wrong !== undefined && !last && /"[ \t\r]*$/.test(rest)) return rest;
      this.#take(wrong === undefined ? data : data.slice(0, wrong.row ?? 0));
      if (wrong !== undefined) {
        // The rows before it are read again only to learn where they end.
        const before = wrong.row ?? 0;
        const start =
          before === 0 ? 0 : new Papa.Parser({ ...this.#config, preview: before }).parse(rest, 0, true).meta.cursor;
        rest = this.#passOver(rest.slice(start), "the quotes of a field are wrong");
        continue;
      }
      rest = rest.slice(meta.cursor);
      if (rest === "" || (!last && !(rest.length > maxQuoted && rest.includes("\n")))) return rest;
      rest = this.#passOver(rest, "a quoted field never ends");
    }
  }

  /** The line is a problem; what follows it is answered. */
  #passOver(text: string, reason: string): string {
    const end = text.indexOf("\n");
    this.#sink.skip(this.#position(), "bad-syntax", reason);
    this.#line++;
    return end < 0 ? "" : text.slice(end + 1);
  }

  #position(): ListPosition {
    return { entry: ++this.#sink.count, line: this.#line };
  }

  #take(rows: readonly string[][]): void {
    for (const row of rows) {
      const line = this.#line++;
      for (const field of row) if (field.includes("\n")) this.#line += lineBreaks(field);
      const end = row.length - 1;
      if (row[end]!.endsWith("\r")) row[end] = row[end]!.slice(0, -1);
      if (end > 0 || row[0]!.trim() !== "") this.#options.row(row, line);
    }
  }
}
