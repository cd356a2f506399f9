import { Tokenizer, TokenParser, TokenType } from "@streamparser/json";
import { isOurs, type Sink } from "../sink.js";

const { LEFT_BRACE, LEFT_BRACKET, RIGHT_BRACE, RIGHT_BRACKET, COMMA, STRING } = TokenType;

/** Deeper nesting is refused. No format has more than 8 levels. */
const maxDepth = 64;
/** The size of the buffer for strings. A longer string takes several. */
const stringBufferBytes = 65_536;
const feedBytes = 65_536;

export interface JsonOptions {
  /** The paths of the wanted values, for instance "$.data.*". */
  paths: string[];
  /** How many brackets and braces are open around an entry. */
  entryDepth: number;
  maxEntryBytes: number;
  /**
   * The name of the root's array that the entries are in. JSON without it is refused: something else, such as an error,
   * would look like a list that has come to its end.
   */
  list?: string;
  /** Called with each wanted value. `depth` is 1 for a member of the root. */
  take: (value: unknown, key: string | number | undefined, depth: number) => void;
}

/** Reads JSON in pieces. Only the wanted values are built, one at a time. Their size and depth are bounded. */
export class JsonReader {
  readonly #sink: Sink;
  readonly #maxEntryBytes: number;
  readonly #tokenizer: Tokenizer;
  readonly #parser: TokenParser;
  #depth = 0;
  #fed = 0;
  /** The byte after the last wanted value. */
  #mark = 0;
  #entryByte = 0;
  #token = 0;
  /** The array that has not begun yet. */
  #missing: string | undefined;

  constructor(sink: Sink, { paths, entryDepth, maxEntryBytes, list, take }: JsonOptions) {
    this.#sink = sink;
    this.#missing = list;
    let member: unknown;
    this.#maxEntryBytes = maxEntryBytes;
    this.#tokenizer = new Tokenizer({ stringBufferSize: stringBufferBytes });
    this.#parser = new TokenParser({ paths, keepStack: false });
    this.#parser.onValue = ({ value, key, stack }) => {
      take(value, key, stack.length);
      this.#mark = this.#token;
    };
    const refuse = (error: Error): never => {
      throw isOurs(error) ? error : this.#wrong("this is not JSON");
    };
    this.#tokenizer.onError = refuse;
    this.#parser.onError = refuse;
    // The tokenizer ends with the document. Anything after it is an error there.
    this.#parser.onEnd = () => {};
    this.#tokenizer.onEnd = () => {};
    this.#tokenizer.onToken = (info) => {
      const { token } = info;
      const opens = token === LEFT_BRACE || token === LEFT_BRACKET;
      const closes = token === RIGHT_BRACE || token === RIGHT_BRACKET;
      this.#token = info.offset;
      if (this.#depth === entryDepth && token !== COMMA && !closes) this.#entryByte = info.offset;
      if (this.#depth === 1 && token === STRING) member = info.value;
      if (this.#depth === 1 && token === LEFT_BRACKET && member === this.#missing) this.#missing = undefined;
      if (opens) {
        if (++this.#depth > maxDepth) throw this.#wrong(`more than ${maxDepth} levels of nesting are refused`);
      } else if (closes) this.#depth--;
      this.#parser.write(info);
    };
  }

  /** The byte at which the latest entry begins. */
  get entryByte(): number {
    return this.#entryByte;
  }

  write(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += feedBytes) {
      const piece = bytes.subarray(at, at + feedBytes);
      // Only white space may follow the end of the document.
      if (this.#parser.isEnded) {
        if (/\S/.test(Buffer.from(piece).toString("latin1")))
          throw this.#wrong("there is more after the end of the JSON");
      } else this.#tokenizer.write(piece);
      this.#fed += piece.length;
      if (this.#fed - this.#mark > this.#maxEntryBytes && !this.#parser.isEnded) {
        throw this.#sink.fatal(
          { entry: this.#sink.count, byte: this.#mark },
          `more than ${this.#maxEntryBytes} bytes without a whole entry; maxEntryBytes raises this limit`,
        );
      }
    }
  }

  end(): void {
    if (!this.#parser.isEnded)
      throw this.#sink.fatal({ entry: this.#sink.count, byte: this.#fed }, "it ends in the middle of the JSON");
    if (this.#missing !== undefined) throw this.#sink.fatal({ entry: 0 }, `it has no list "${this.#missing}"`);
  }

  #wrong(reason: string): Error {
    return this.#sink.fatal({ entry: this.#sink.count, byte: this.#token }, reason);
  }
}
