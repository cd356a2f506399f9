import { TextDecoder } from "node:util";
import { SaxesParser } from "saxes";
import { isOurs, type Sink } from "../sink.js";

const feedBytes = 65_536;
/**
 * The most bytes of one comment, text, tag or processing instruction. The parser keeps each as a string of many pieces,
 * which takes up to 32 times its bytes, whether or not anybody needs it.
 */
const maxTokenBytes = 2 ** 20;
/** Deeper nesting is refused. */
const maxDepth = 64;

export interface XmlHandler {
  /** Called at the start of an element. The name has no namespace prefix. */
  open(name: string, attributes: Record<string, string>): void;
  /** Called at the end of an element. `text` is the text since the last tag. */
  close(name: string, text: string): void;
}

/** Removes a namespace prefix: "h:image" becomes "image". */
function local(name: string): string {
  const colon = name.indexOf(":");
  return colon < 0 ? name : name.slice(colon + 1);
}

/**
 * Reads XML in pieces. It knows no entities but XML's own five: a document type declaration, which could define others,
 * is refused before it is read.
 */
export class XmlReader {
  readonly #sink: Sink;
  readonly #maxEntryBytes: number;
  readonly #parser: SaxesParser;
  readonly #decoder: TextDecoder = new TextDecoder();
  #depth = 0;
  #rooted = false;
  /** The text before the root element, until that begins. */
  #prolog = "";
  #text = "";
  #sinceMark = 0;
  #sinceToken = 0;

  constructor(sink: Sink, maxEntryBytes: number, handler: XmlHandler) {
    this.#sink = sink;
    this.#maxEntryBytes = maxEntryBytes;
    const parser = new SaxesParser({ xmlns: false, position: true });
    this.#parser = parser;
    parser.on("error", (error) => {
      const reason = error.message.replace(/^\d+:\d+: /, "").replace(/\.$/, "");
      throw isOurs(error) ? error : this.#wrong(`this is not well-formed XML (${plain(reason)})`);
    });
    parser.on("doctype", () => {
      throw this.#doctype();
    });
    const token = (): void => void (this.#sinceToken = 0);
    // With one more listener, V8 keeps the parser's properties in a dictionary, and parsing takes 2.5 times as long. So
    // processing instructions have none, and count as a part of what follows them.
    parser.on("comment", token);
    parser.on("opentag", ({ name, attributes }) => {
      token();
      this.#rooted = true;
      if (++this.#depth > maxDepth) throw this.#wrong(`more than ${maxDepth} levels of nesting are refused`);
      this.#text = "";
      handler.open(local(name), attributes as Record<string, string>);
    });
    parser.on("text", (text) => void (this.#text += text));
    parser.on("cdata", (text) => void (this.#text += text));
    parser.on("closetag", ({ name }) => {
      token();
      this.#depth--;
      handler.close(local(name), this.#text);
      this.#text = "";
    });
  }

  /** The current line, from 1. */
  get line(): number {
    return this.#parser.line;
  }

  /** How many elements are open. */
  get depth(): number {
    return this.#depth;
  }

  /** Starts to count bytes for the next entry. Call it when an entry has ended. */
  mark(): void {
    this.#sinceMark = 0;
  }

  write(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += feedBytes) {
      const piece = bytes.subarray(at, at + feedBytes);
      const text = this.#decoder.decode(piece, { stream: true });
      if (!this.#rooted) this.#checkProlog(text);
      this.#sinceMark += piece.length;
      this.#sinceToken += piece.length;
      this.#parser.write(text);
      if (this.#sinceMark > this.#maxEntryBytes)
        throw this.#wrong(
          `more than ${this.#maxEntryBytes} bytes without a whole entry; maxEntryBytes raises this limit`,
        );
      if (this.#sinceToken > maxTokenBytes)
        throw this.#wrong(`a comment, a text or a tag has more than ${maxTokenBytes} bytes`);
    }
  }

  end(): void {
    if (this.#depth > 0 || !this.#rooted) throw this.#wrong("it ends in the middle of the XML");
    this.#parser.close();
  }

  /** The parser reports a document type declaration only after reading all of it, and it may have 100 MB. */
  #checkProlog(text: string): void {
    this.#prolog += text;
    const outside = this.#prolog.replace(/<!--[\s\S]*?-->/g, "").replace(/<\?[\s\S]*?\?>/g, "");
    if (/^\s*<!DOCTYPE/i.test(outside.replace(/^\uFEFF/, ""))) throw this.#doctype();
    if (this.#prolog.length > 2 * feedBytes)
      throw this.#wrong("there is no root element in the first 65,536 characters");
  }

  #doctype(): Error {
    return this.#wrong("it has a document type declaration (DTD), which could define entities, and is refused");
  }

  #wrong(reason: string): Error {
    return this.#sink.fatal({ entry: this.#sink.count, line: this.#parser.line }, reason);
  }
}

/** Removes the names of elements from a sentence of the parser. */
function plain(reason: string): string {
  return reason.replace(/:.*$/s, "");
}
