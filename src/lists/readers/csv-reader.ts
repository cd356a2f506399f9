import { TextDecoder } from "node:util";
import Papa from "papaparse";
import type { ListPosition } from "../entry.js";
import type { Sink } from "../sink.js";

const feedBytes = 1 << 18;

export interface CsvOptions {
  delimiter: string;
  /** False if a quote is a character like any other. Default true. */
  quotes?: boolean;
  maxEntryBytes: number;
  /** Called with each row that is not blank, and the line at which it begins, from 1. */
  row: (fields: string[], line: number) => void;
}

/**
 * The most characters between quotes. Without this limit, a quote that is never closed would take the rest of the file.
 */
const maxQuoted = 1 << 20;

function lineBreaks(text: string): number {
  let count = 0;
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) count++;
  return count;
}

/**
 * Reads delimited text in pieces, and gives rows as they end. A line with wrong quotes is a problem; reading continues
 * with the next line.
 */
export class CsvReader {
  readonly #sink: Sink;
  readonly #options: CsvOptions;
  readonly #decoder: TextDecoder = new TextDecoder();
  readonly #config: Papa.ParseConfig;
  /** The text of a row that has not ended yet. */
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

  /** Reads all rows that have ended, and returns the rest. */
  #rows(text: string, last: boolean): string {
    let rest = text;
    for (;;) {
      const { data, errors, meta } = new Papa.Parser(this.#config).parse(rest, 0, true) as Papa.ParseResult<string[]>;
      const wrong = errors[0];
      // After a closing quote, white space may continue up to an end of line that has not arrived yet.
      if (wrong !== undefined && !last && /"[ \t\r]*$/.test(rest)) return rest;
      this.#take(wrong === undefined ? data : data.slice(0, wrong.row ?? 0));
      if (wrong !== undefined) {
        // The rows before it are read again only to learn where they end.
        const before = wrong.row ?? 0;
        const start =
          before === 0 ? 0 : new Papa.Parser({ ...this.#config, preview: before }).parse(rest, 0, true).meta.cursor;
        rest = this.#skipLine(rest.slice(start), "the quotes of a field are wrong");
        continue;
      }
      rest = rest.slice(meta.cursor);
      if (rest === "" || (!last && !(rest.length > maxQuoted && rest.includes("\n")))) return rest;
      rest = this.#skipLine(rest, "a quoted field never ends");
    }
  }

  /** Reports the first line as a problem, and returns the text after it. */
  #skipLine(text: string, reason: string): string {
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
